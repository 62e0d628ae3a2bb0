"""/environments: where applications are deployed to, and which teams see them (section 4.6)."""

from typing import Final

import msgspec
from aiohttp import web

from projections import things
from projections.environments import Environment
from projections.things import Target
from projections.view import View
from service import errors
from service.commands.environments import CreateEnvironment, DeleteEnvironment, EditEnvironment
from service.events.environments import EnvironmentCreated
from service.http import breathing, documents, pagination, requests, responses
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.vocabulary import EnvironmentId, Thing

READ: Final = "environment:read"


async def listed(call: Call) -> web.Response:
    """GET /environments?name=: those that the caller may see."""
    view = (await call.moment()).view
    wanted = call.asked("name")
    call.require_somewhere(READ)

    def shown(one: Environment) -> bool:
        return wanted in (None, one.name) and readable(call, one)

    found = await breathing.kept(view.environments(), shown)
    rows, counted, links = pagination.cut(call, documents.by_name(found))
    links["pb:environments"] = [
        {"title": "Environment", "name": one.name, "href": _address(call, one)} for one in rows
    ]
    embedded = {"environments": await breathing.drawn(rows, lambda one: document(call, view, one))}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /environments/{uuid}: one environment; as it was, with `as_of`."""
    view = (await call.moment()).view
    environment = view.environment(call.path_id())
    require_readable(call, environment)
    return _answer(call, view, environment)


async def created(call: Call) -> web.Response:
    """POST /environments: 201 with the environment."""
    body = await requests.body(call)
    command = CreateEnvironment(
        environment=EnvironmentId(call.edge.fresh.id()),
        name=body.text("name"),
        display_name=body.optional_text("displayName"),
        production=_production(body),
        teams=body.optional_ids("teamUuids") or (),
        contacts=_contacts(body),
        key=call.edge.fresh.key(),
    )
    outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    environment = view.environment(requests.event(outcome, EnvironmentCreated).environment)
    version = view.version("environment", environment.id)
    drawn = document(call, view, environment)
    return responses.created(call, drawn, _address(call, environment), version)


async def replaced(call: Call) -> web.Response:
    """PUT /environments/{uuid}: without a display name it is shown by its name.

    Without `teamUuids` its teams stay, without `contacts` these do. null takes either away, as an empty list does: a
    client in Go may write either for the same.
    """
    body = await requests.body(call)
    command = EditEnvironment(
        environment=EnvironmentId(call.path_id()),
        name=body.text("name"),
        display_name=body.optional_text("displayName") or body.text("name"),
        production=_production(body),
        teams=body.optional_ids("teamUuids") or () if body.has("teamUuids") else None,
        contacts=_contacts(body),
        key=call.edge.fresh.key(),
    )
    outcome = await requests.handle(call, command, body, ("environment", command.environment))
    view = call.edge.replica.view(outcome.position)
    return _answer(call, view, view.environment(command.environment))


async def deleted(call: Call) -> web.Response:
    """DELETE /environments/{uuid}."""
    environment = EnvironmentId(call.path_id())
    body = await requests.body(call)
    await requests.handle(
        call, DeleteEnvironment(environment=environment), body, ("environment", environment)
    )
    return responses.nothing()


def readable(call: Call, environment: Environment) -> bool:
    """Whether the caller may read it, judged now."""
    return call.may(READ, _current_target(call, environment))


def require_readable(call: Call, environment: Environment) -> None:
    """Raise Forbidden unless the caller may read it, judged now."""
    call.require(READ, _current_target(call, environment))


def _current_target(call: Call, environment: Environment) -> Target:
    """The environment as it decides now; one that was deleted since belongs to no team."""
    current = call.judged_in.environment_or_none(environment.id)
    if current is None:
        return Target(Thing("environment", environment.id))
    return things.of_environment(current)


def _production(body: Body) -> bool:
    production = body.flag("production")
    if production is None:
        raise errors.Invalid("The field 'production' is missing.", body.pointer("production"))
    return production


def _contacts(body: Body) -> object:
    return body.given("contacts") if body.has("contacts") else msgspec.UNSET


def _answer(call: Call, view: View, environment: Environment) -> web.Response:
    version = view.version("environment", environment.id)
    return responses.hal(call, document(call, view, environment), version=version)


def document(call: Call, view: View, environment: Environment) -> Document:
    """An environment (section 4.4)."""
    teams = Documents(call, view).teams(environment.teams)
    contacts, place = view.text(environment.contacts), _address(call, environment)
    return {
        "uuid": environment.id,
        "name": environment.name,
        "displayName": environment.display_name,
        "production": environment.production,
        **({} if contacts is None else {"contacts": msgspec.Raw(contacts.encode())}),
        **documents.times(environment.created_at, environment.updated_at),
        "teamUuids": [team["uuid"] for team in teams],
        "_embedded": {"teams": teams},
        "_links": {
            "self": responses.link(place, environment.name),
            "pb:currently-deployed-deployed-versions": responses.link(
                f"{place}/deployed-versions/currently-deployed",
                f"Versions currently deployed to {environment.display_name} environment",
            ),
            "pb:currently-supported-released-versions": responses.link(
                f"{place}/released-versions/currently-supported",
                f"Versions released and supported in {environment.display_name} environment",
            ),
            "pb:environments": responses.link(responses.href(call.edge, "environments"), "Environments"),
        },
    }


def _address(call: Call, environment: Environment) -> str:
    return responses.href(call.edge, "environments", environment.id)
