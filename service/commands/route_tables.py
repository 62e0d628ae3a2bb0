"""What may be asked of route tables: to adopt one, again with another content, and to withdraw it. Pure.

A table says what every request of a program needs, so who writes one gives and takes rights as who manages roles.
"""

import re
from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.catalogue import routing
from service.catalogue.compiled import Compiled
from service.catalogue.route_tables import Needed, Route, RouteResource, RouteTable
from service.commands.order import Caller, Need
from service.events import Event
from service.events import route_tables as events
from service.vocabulary import line

BYTES_MAX: Final = 57_344
"""Of a table as the record holds it: with everything around it the entry stays within its bound."""
REGISTERED_MAX: Final = 8
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}").fullmatch
_METHOD: Final = re.compile(r"[A-Z]{1,32}").fullmatch
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9_]{1,15}").fullmatch
_MANAGE: Final = Need("role:manage", things.anything("role"))


class AdoptRouteTable(msgspec.Struct, frozen=True, kw_only=True):
    """Let a table be in force from here on: a new one, or another content under a higher number."""

    word: ClassVar[str] = "adopt_route_table"
    table: RouteTable
    name: str = ""
    """What whoever adopts it calls it, where that is said besides."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (_MANAGE,)

    def arguments(self) -> dict[str, str]:
        return {"table": self.table.name, "number": str(self.table.number)}


class WithdrawRouteTable(msgspec.Struct, frozen=True, kw_only=True):
    """Let a table be in force no longer: every request by it is denied from here on."""

    word: ClassVar[str] = "withdraw_route_table"
    name: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (_MANAGE,)

    def arguments(self) -> dict[str, str]:
        return {"table": self.name}


def adopt_route_table(command: AdoptRouteTable, view: View, caller: Caller) -> list[Event]:
    """Decide an adoption. The content that is in force already changes nothing.

    Raises Invalid for a table that `check` finds a fault in, Refused for a number that is not higher than any before.
    """
    table = command.table
    if command.name not in ("", table.name):
        raise errors.Invalid(f"The table is called {table.name[:63]!r}, the address says another.", "/name")
    held = view.route_table_or_none(table.name)
    if held == table:
        return []
    check(table, view.compiled)
    last = view.last_route_table(table.name)
    if last is not None and table.number <= last.number:
        raise errors.Refused(
            "number_not_higher",
            f"The table {table.name!r} had number {last.number} already; another content needs a higher one.",
            "/number",
        )
    return [
        events.RouteTableAdopted(
            name=table.name, number_before=held.number if held is not None else 0, table=table
        )
    ]


def withdraw_route_table(command: WithdrawRouteTable, view: View, caller: Caller) -> list[Event]:
    """Decide a withdrawal. Raises NotFound."""
    table = view.route_table(command.name)
    return [events.RouteTableWithdrawn(name=table.name, number_before=table.number)]


def check(table: RouteTable, compiled: Compiled) -> None:
    """Raise Invalid for the first fault of a table, with its place; Refused where it is larger than an entry may be."""
    _require(_NAME(table.name), "A table's name is 1 to 63 of a-z, 0-9, - and _.", "/name")
    _require(1 <= table.number < 2**31, "A table's number is 1 or higher.", "/number")
    for field in ("label", "description"):
        _require_line(getattr(table, field), f"/{field}")
    for index, suffix in enumerate(table.suffixes):
        _require(_SUFFIX(suffix), "A suffix is a dot and letters, as .json.", f"/suffixes/{index}")
    _require(bool(table.routes), "A table without routes denies everything: withdraw it.", "/routes")
    for index, route in enumerate(table.routes):
        for fault, place in _faults(route, compiled):
            raise errors.Invalid(f"{_called(route)}: {fault}", f"/routes/{index}{place}")
    for method, first, second in routing.ambiguous(table):
        raise errors.Invalid(
            f"Nobody could say which route a {method} takes: {first.path!r} or {second.path!r}.", "/routes"
        )
    if (size := len(msgspec.json.encode(table))) > BYTES_MAX:
        raise errors.Refused(
            "too_large", f"The table takes {size} bytes in the record, of {BYTES_MAX} at most.", "/routes"
        )


def _faults(route: Route, compiled: Compiled) -> Iterator[tuple[str, str]]:
    """What is wrong with a route, and where in it."""
    if unfit := routing.unfit(route.path):
        yield f"This is no path of a route: {unfit}.", "/path"
        return
    if not route.methods or len(set(route.methods)) < len(route.methods):
        yield "A route has methods, each once.", "/methods"
    if not all(map(_METHOD, route.methods)):
        yield "A method is written in capital letters.", "/methods"
    _require_line(route.label, "/label")
    if route.public and (route.action or route.resource or route.also or route.change):
        yield "What is public needs no permission, and is no change.", "/public"
    if not route.public and (not route.action or route.resource is None):
        yield "A route that is not public has an action and a resource.", "/action"
    for index, needed in enumerate(route.needed):
        place = (
            ""
            if index == 0 and route.resource is not None
            else f"/also/{index - (route.resource is not None)}"
        )
        for fault in _unfit(needed, route, compiled):
            yield fault, place
    if route.registers and not route.change:
        yield "Only a change registers anything.", "/registers"
    if len(route.registers) > REGISTERED_MAX:
        yield f"A route registers {REGISTERED_MAX} applications at most.", "/registers"
    for index, template in enumerate(route.registers):
        if unknown := _unknown(template, route):
            yield f"The path has no parameter {unknown!r}.", f"/registers/{index}"


def _unfit(needed: Needed, route: Route, compiled: Compiled) -> Iterator[str]:
    resource = needed.resource
    action = compiled.actions.get(needed.action)
    if action is None:
        yield f"No catalogue in force has the action {needed.action[:100]!r}."
    elif resource.type not in action.types:
        yield f"{needed.action} does not apply to a {resource.type[:100]!r}, only to: {', '.join(action.types)}."
    if unknown := _unknown(resource.id, route):
        yield f"The path has no parameter {unknown!r}."
    if not resource.id:
        yield "The resource has no id; the type as a whole is written as an asterisk."
    if _is_pair(resource) and resource.id.count("/") != 1:
        yield "An integration is written as {consumer}/{provider}."


def _is_pair(resource: RouteResource) -> bool:
    return resource.type == "integration" and resource.id != "*"


def _unknown(template: str, route: Route) -> str:
    known = routing.parameters_of(route.path)
    return next((one for one in routing.named_in(template) if one not in known), "")


def _called(route: Route) -> str:
    return f"{'/'.join(route.methods)[:100]} {route.path[:200]}"


def _require(fits: object, sentence: str, place: str) -> None:
    if not fits:
        raise errors.Invalid(sentence, place)


def _require_line(text: str, place: str) -> None:
    _require(line(text, place) == text, "This text has spaces at an end, or is not NFC.", place)
