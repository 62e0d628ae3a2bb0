"""The settings of signing in over HTTP: always the whole document (sections 3.11 and 4.5)."""

import msgspec
from aiohttp import web

from projections import things
from projections.authentication import THE_ONE
from projections.view import View
from service import errors
from service.commands.authentication import ChangeAuthentication
from service.http import requests, responses
from service.http.edge import Call
from service.http.requests import Body


async def shown(call: Call) -> web.Response:
    """GET /admin/tenant/authentication-settings"""
    moment = await call.moment()
    call.require("authentication_settings:manage", things.anything("authentication_settings"))
    return _answer(call, moment.view)


async def replaced(call: Call) -> web.Response:
    """PUT /admin/tenant/authentication-settings: what is absent or null is cleared."""
    body = await requests.body(call)
    providers = body.required_member("authenticationProviders")
    command = ChangeAuthentication(
        google_email_domains=_listed(providers.member("Google"), "emailDomains"),
        github_organizations=_listed(providers.member("GitHub"), "githubOrganizations"),
    )
    outcome = await requests.handle(call, command, body, ("authentication", THE_ONE))
    return _answer(call, call.edge.replica.view(outcome.position))


def _answer(call: Call, view: View) -> web.Response:
    held = view.authentication()
    document = {
        "authenticationProviders": {
            "Google": {"emailDomains": held.google_email_domains},
            "GitHub": {"githubOrganizations": held.github_organizations},
        }
    }
    version = view.version("authentication", THE_ONE)
    return responses.made(call, msgspec.json.encode(document), responses.JSON, version=version)


def _listed(provider: Body, field: str) -> tuple[str, ...] | None:
    """The list under its name, or under the name with a capital letter, as the vendor's Terraform provider sends it."""
    capital = field[0].upper() + field[1:]
    found = {name: provider.texts(name) for name in (field, capital) if provider.given(name) is not None}
    if len({*found.values()}) > 1:
        raise errors.Invalid(
            f"{field!r} and {capital!r} are the same list; give one.", provider.pointer(capital)
        )
    return next(iter(found.values()), None)
