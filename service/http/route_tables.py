"""/admin/route-tables: which request of a program behind a proxy needs which permission, as somebody adopted it."""

from typing import Final

import msgspec
from aiohttp import web

from projections import things
from service.catalogue import files
from service.catalogue.route_tables import RouteTable
from service.commands.route_tables import AdoptRouteTable, WithdrawRouteTable
from service.http import requests, responses
from service.http.edge import Call
from service.http.responses import Document

READ: Final = "role:read"
_ANY: Final = things.anything("role")
_TOML: Final = ("application/toml", "text/toml", "text/x-toml")


async def listed(call: Call) -> web.Response:
    """GET /admin/route-tables: every table in force, without its routes."""
    view = (await call.moment()).view
    call.require(READ, _ANY)
    rows = [_outline(call, one) for one in sorted(view.route_tables(), key=lambda one: one.name)]
    document = {
        "_embedded": {"routeTables": rows},
        "_links": {"self": responses.link(responses.here(call), "Route tables")},
    }
    return responses.hal(call, document)


async def shown(call: Call) -> web.Response:
    """GET /admin/route-tables/{name}: one table, as it was adopted; as it was, with `as_of`."""
    view = (await call.moment()).view
    call.require(READ, _ANY)
    table = view.route_table(call.path("name"))
    return responses.hal(call, _document(call, table), version=view.version("route_table", table.name))


async def adopted(call: Call) -> web.Response:
    """PUT /admin/route-tables/{name}: a whole table, as TOML or JSON, under a higher number than any before."""
    name = call.path("name")
    table = await _read(call)
    command = AdoptRouteTable(table=table, name=name)
    outcome = await requests.handle(call, command, version_of=("route_table", name))
    view = call.edge.replica.view(outcome.position)
    return responses.hal(
        call, _document(call, view.route_table(name)), version=view.version("route_table", name)
    )


async def withdrawn(call: Call) -> web.Response:
    """DELETE /admin/route-tables/{name}: requests by it are denied from here on."""
    name = call.path("name")
    body = await requests.body(call)
    await requests.handle(call, WithdrawRouteTable(name=name), body, ("route_table", name))
    return responses.nothing()


async def _read(call: Call) -> RouteTable:
    """The table in the body. Raises Invalid for what is no table, or Unfit (413, 415)."""
    if call.request.content_type in _TOML:
        return files.converted(files.toml(await requests.raw(call)), RouteTable)
    document = await requests.json_document(call)
    if isinstance(document, dict):
        document.pop("_links", None)  # clients send back what they were shown
    return files.converted(document, RouteTable)


def _outline(call: Call, table: RouteTable) -> Document:
    return {
        "name": table.name,
        "number": table.number,
        "label": table.label,
        "routes": len(table.routes),
        "_links": {"self": responses.link(_address(call, table.name), table.label or table.name)},
    }


def _document(call: Call, table: RouteTable) -> Document:
    found: Document = msgspec.to_builtins(table)
    return {**found, "_links": {"self": responses.link(_address(call, table.name), table.label)}}


def _address(call: Call, name: str) -> str:
    return responses.href(call.edge, "admin", "route-tables", name)
