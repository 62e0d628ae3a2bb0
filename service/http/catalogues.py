"""/admin/catalogues: the permissions that the organisation's own programs need, beside the built-in ones.

One is put as JSON in the shape of its model, or as the TOML file that it is (`Content-Type: application/toml`).
"""

from typing import Any, Final

import msgspec
from aiohttp import web

from projections import things
from projections.view import View
from service import errors
from service.catalogue import own_checks, own_reading
from service.catalogue.own import OwnCatalogue
from service.commands import cautions, own_catalogues
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.events.own_catalogues import OwnCatalogueAdopted
from service.http import pagination, requests, responses
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.queries import effects

READ: Final = "role:read"
TOML: Final = "application/toml"
_OURS: Final = frozenset({"builtIn", "notInForce", "permissions", "notices", "reason", "_links"})
"""What a document says beside the catalogue, which clients that send whole objects back send too, and `reason`."""


async def listed(call: Call) -> web.Response:
    """GET /admin/catalogues: the built-in one, then those of one's own by name."""
    view = (await call.moment()).view
    call.require(READ, things.anything("role"))
    every = [_line(call, view, None), *(_line(call, view, one) for one in _by_name(view))]
    rows, page, links = pagination.cut(call, every)
    return responses.hal(call, {"_embedded": {"catalogues": list(rows)}, **page, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /admin/catalogues/{name}: one in full; as it was, with `as_of`."""
    view = (await call.moment()).view
    name = call.path("name")
    own = None if name == own_checks.BUILT_IN else own_catalogues.required(view, name)
    call.require(READ, things.anything("role"))
    return responses.hal(call, _built_in(call, view)) if own is None else _answer(call, view, own)


async def adopted(call: Call) -> web.Response:
    """PUT /admin/catalogues/{name}: it is in force from here on. 201 where none of this name was."""
    name = call.path("name")
    catalogue, body = await _given(call, name)
    outcome = await requests.handle(
        call, AdoptOwnCatalogue(catalogue=catalogue), body, ("own_catalogue", name)
    )
    view = call.edge.replica.view(outcome.position)
    new = any(
        isinstance(one.data, OwnCatalogueAdopted) and not one.data.number_before for one in outcome.records
    )
    notices = _notices(call, outcome)
    return _answer(call, view, own_catalogues.required(view, name), 201 if new else 200, notices)


async def withdrawn(call: Call) -> web.Response:
    """DELETE /admin/catalogues/{name}: 200, with what roles hold that grants nothing any more."""
    name = call.path("name")
    body = await requests.body(call)
    outcome = await requests.handle(call, WithdrawOwnCatalogue(name=name), body, ("own_catalogue", name))
    links = {
        "pf:admin-catalogues": responses.link(responses.href(call.edge, "admin", "catalogues"), "Catalogues")
    }
    return responses.hal(
        call, {"name": name, "withdrawn": True, "notices": _notices(call, outcome), "_links": links}
    )


async def _given(call: Call, name: str) -> tuple[OwnCatalogue, Body | None]:
    """The catalogue of the request, and its JSON body if it is one. Raises Invalid, or Unfit (413, 415)."""
    if call.request.headers.get("Content-Type") is not None and call.request.content_type == TOML:
        catalogue, body = own_reading.from_toml(await requests.raw(call)), None
    else:
        document = await requests.json_document(call)
        if not isinstance(document, dict):
            raise errors.Invalid("The body must be an object.")
        body = Body(document)
        content = {field: value for field, value in document.items() if field not in _OURS}
        catalogue = own_reading.from_object({"name": name, **content})
    if catalogue.name != name:
        said = f"The path names the catalogue {name[:64]!r}, and the body is called {catalogue.name[:64]!r}."
        raise errors.Invalid(said, "/name")
    return catalogue, body


def _notices(call: Call, outcome: Outcome) -> list[str]:
    """What whoever gave the order should hear of."""
    if not outcome.records:
        return []
    before = call.edge.replica.view(outcome.records[0].position - 1)
    after = call.edge.replica.view(outcome.position)
    return [effects.sentence(caution, "") for caution in cautions.of_catalogues(before, after)]


def _answer(
    call: Call, view: View, catalogue: OwnCatalogue, status: int = 200, notices: list[str] | None = None
) -> web.Response:
    document = {**_document(call, view, catalogue), **({} if notices is None else {"notices": notices})}
    version = view.version("own_catalogue", catalogue.name)
    if status == 201:
        return responses.created(call, document, _address(call, catalogue.name), version)
    return responses.hal(call, document, status, version)


def _line(call: Call, view: View, catalogue: OwnCatalogue | None) -> Document:
    """A catalogue as it stands in a list; None is the built-in one."""
    if catalogue is None:
        built_in = view.compiled.catalogue
        numbers: Document = {"numberOfActions": len(built_in.actions), "numberOfConditions": 0}
        said: Document = {"name": own_checks.BUILT_IN, "number": built_in.number, "label": _BUILT_IN_LABEL}
    else:
        numbers = {
            "numberOfActions": len(catalogue.actions),
            "numberOfConditions": len(catalogue.conditions),
        }
        said = {"name": catalogue.name, "number": catalogue.number, "label": catalogue.label}
    links = {"self": responses.link(_address(call, said["name"]), said["label"])}
    return {**said, "builtIn": catalogue is None, **numbers, "_links": links}


def _document(call: Call, view: View, catalogue: OwnCatalogue) -> Document:
    """An own catalogue in the shape of its model, and what of it the built-in one keeps from being in force."""
    content: dict[str, Any] = msgspec.to_builtins(catalogue)
    scopes = [
        f"{action.name}:{extent}"
        for action in catalogue.actions
        for extent in action.extents
        if view.compiled.owned_by.get(action.name) == catalogue.name
    ]
    draw = Documents(call, view)
    return {
        **content,
        "builtIn": False,
        "notInForce": own_catalogues.not_in_force(view.compiled, catalogue),
        "permissions": [draw.permission(scope) for scope in scopes],
        "_links": _links(call, catalogue.name, catalogue.label),
    }


def _built_in(call: Call, view: View) -> Document:
    """The built-in catalogue, as far as its shape is that of an own one."""
    catalogue = view.compiled.catalogue
    draw = Documents(call, view)
    return {
        "name": own_checks.BUILT_IN,
        "number": catalogue.number,
        "label": _BUILT_IN_LABEL,
        "types": [{"name": type_} for type_ in sorted(own_checks.types_of(catalogue))],
        "actions": [
            {"name": action.name, "types": action.types, "implies": action.implies}
            for action in catalogue.actions
        ],
        "builtIn": True,
        "permissions": [draw.permission(permission.scope) for permission in catalogue.permissions],
        "_links": _links(call, own_checks.BUILT_IN, _BUILT_IN_LABEL),
    }


_BUILT_IN_LABEL: Final = "What this service itself knows"


def _links(call: Call, name: str, label: str) -> Document:
    every = responses.href(call.edge, "admin", "catalogues")
    return {
        "self": responses.link(_address(call, name), label),
        "pf:admin-catalogues": responses.link(every, "Catalogues"),
    }


def _address(call: Call, name: str) -> str:
    return responses.href(call.edge, "admin", "catalogues", name)


def _by_name(view: View) -> list[OwnCatalogue]:
    return sorted(view.own_catalogues(), key=lambda one: one.name)
