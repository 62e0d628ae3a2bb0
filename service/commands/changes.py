"""What may be asked of changes behind proxies: that one be allowed, and what came of it. Pure.

The needs of a change are the decision itself, so that a denial is recorded as every other one is. They are the same as
those by which reading is decided without being recorded (`service.queries.forwarding`).
"""

from typing import ClassVar, Final

import msgspec

from projections import spans, things
from projections.changes import Change
from projections.things import Target
from projections.view import View
from service import errors
from service.catalogue import routing
from service.catalogue.conditions import Facts
from service.catalogue.route_tables import Needed, RouteResource
from service.catalogue.routing import Match
from service.commands import applications
from service.commands.order import Caller, Need
from service.events import Event
from service.events import changes as events
from service.events.applications import ApplicationCreated
from service.vocabulary import ApplicationId, ChangeId, PrincipalId, Thing, is_uuid, name

DONE: Final = range(200, 300)
"""The statuses that say that a change was made."""


class Request(msgspec.Struct, frozen=True):
    """A request that a proxy asks about. `segments` are its path, taken apart and decoded; `host` may be empty."""

    mode: str
    method: str
    segments: tuple[str, ...]
    host: str = ""


class AuthoriseChange(msgspec.Struct, frozen=True, kw_only=True):
    """Let a change of a program behind a proxy through, by the route that the table in force has for it."""

    word: ClassVar[str] = "authorise_change"
    change: ChangeId
    table: str
    request: Request

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return needs_of(view, self.matched(view), caller.principal, self.request)

    def arguments(self) -> dict[str, str]:
        return {"table": self.table, "method": self.request.method}

    def matched(self, view: View) -> Match:
        """The route. Raises Forbidden where the table in force has none that is a change."""
        table = view.route_table_or_none(self.table)
        match = None if table is None else routing.matched(table, self.request.method, self.request.segments)
        if match is None or not match.route.change:
            raise errors.Forbidden(
                "No route of the table lets this through.", f"a route in {self.table} for it"
            )
        return match


class ReportChange(msgspec.Struct, frozen=True, kw_only=True):
    """Say with which HTTP status the program answered a change. Whoever may ask about everybody may say so.

    `applications` are ids for as many as the change may have made.
    """

    word: ClassVar[str] = "report_change"
    change: ChangeId
    status: int
    applications: tuple[ApplicationId, ...]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("access:evaluate", things.anything("access")),)

    def arguments(self) -> dict[str, str]:
        return {"change": self.change, "status": str(self.status)}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        return (spans.by_key(Change, self.change),)


def authorise_change(command: AuthoriseChange, view: View, caller: Caller) -> list[Event]:
    """Decide that a change may be tried; who may was decided by its needs."""
    match = command.matched(view)
    table = view.route_table(command.table)
    needed = needs_of(view, match, caller.principal, command.request)
    return [
        events.ChangeAuthorised(
            change=command.change,
            table=table.name,
            number=table.number,
            mode=command.request.mode,
            method=command.request.method,
            route=match.route.path,
            parameters=tuple(events.Parameter(*one) for one in match.parameters.items()),
            on=tuple(dict.fromkeys(need.target.thing for need in needed)),
            registers=tuple(dict.fromkeys(_registered(match))),
        )
    ]


def report_change(command: ReportChange, view: View, caller: Caller) -> list[Event]:
    """Decide a report. Saying the same again changes nothing.

    Raises NotFound for a change that nobody was allowed, Invalid for what is no status, Refused (`reported_otherwise`)
    where another status was reported before.
    """
    change = view.shelf.get(Change, command.change)
    if change is None:
        raise errors.NotFound("Nobody was allowed a change under this id.")
    if not 100 <= command.status < 600:
        raise errors.Invalid("A status is a number from 100 to 599.", "/status")
    if change.status == command.status:
        return []
    if change.status is not None:
        raise errors.Refused(
            "reported_otherwise", f"This change was reported before, with status {change.status}.", "/status"
        )
    made: list[ApplicationCreated] = []
    if command.status in DONE:
        unknown = [one for one in change.registers if view.application_named(one) is None]
        made = [
            ApplicationCreated(application=id_, name=called, creator=change.principal)
            for id_, called in zip(command.applications, unknown, strict=False)
        ]
    report = events.ChangeReported(
        change=change.id,
        principal=change.principal,
        table=change.table,
        method=change.method,
        route=change.route,
        on=change.on,
        status=command.status,
        made=tuple(one.application for one in made),
    )
    return [report, *(event for one in made for event in applications.created(view, one))]


def needs_of(view: View, match: Match, caller: PrincipalId | None, request: Request) -> tuple[Need, ...]:
    """What a request takes, by its route: what the route names, and the right to make what it is about to make.

    An application that is registered with the change is about to be the caller's, so that `own` and `*` suffice to make
    it, as over this service's own API (section 3.4 of the vendor's rules). Whatever else is not held here belongs to
    nobody and to no team: only who reaches everything reaches that.
    """
    new = [one for one in dict.fromkeys(_registered(match)) if view.application_named(one) is None]
    needed = []
    for one in match.route.needed:
        target = _target(view, one.resource, match.parameters, new, caller)
        needed.append(Need(one.action, target, facts=_facts(view, one, target, match, caller, request)))
    there = {need.target.thing.name for need in needed if need.target.thing.type == "application"}
    made = [one for one in new if one not in there]
    making = [Need(match.route.action, things.about_to_exist("application", one, caller)) for one in made]
    return (*needed, *making)


def _facts(
    view: View, needed: Needed, target: Target, match: Match, caller: PrincipalId | None, request: Request
) -> Facts:
    """What conditions may look at: the method, the path, its parameters, and what is held of the thing here."""
    asking = view.principal_or_none(caller) if caller is not None else None
    resource = view.resource_or_none(target.thing.id)
    properties = resource.properties if resource is not None else ()
    held = {name: list(it) if isinstance(it, tuple) else it for name, it in properties}
    return {
        "subject": {"type": asking.type if asking is not None else "user", "id": caller or ""},
        "action": {"name": needed.action, "properties": {"method": request.method}},
        "resource": {
            "type": needed.resource.type,
            "id": target.thing.name or target.thing.id,
            "properties": {**match.parameters, **held},
        },
        "context": {
            "mode": request.mode,
            "method": request.method,
            "route": match.route.path,
            "path": "/" + "/".join(request.segments),
            **({"host": request.host} if request.host else {}),
        },
    }


def _target(
    view: View,
    resource: RouteResource,
    parameters: dict[str, str],
    new: list[str],
    caller: PrincipalId | None,
) -> Target:
    if resource.id == "*":
        return things.anything(resource.type)
    if resource.type == "integration":
        return _pair(view, *(routing.filled(part, parameters) for part in resource.id.split("/")))
    text = routing.filled(resource.id, parameters)
    if resource.type == "application" and text in new:
        return things.about_to_exist("application", text, caller)
    return _held(view, resource.type, text) or Target(Thing(resource.type, "", text))


def _pair(view: View, consumer: str, provider: str) -> Target:
    """An integration as both sides' names say it: the consumer decides, the provider's side may read (section 3.4)."""
    first, second = view.application_named(consumer), view.application_named(provider)
    if first is not None and second is not None:
        return things.of_pair(first, second)
    return Target(
        Thing("integration", "", f"{consumer}/{provider}"),
        first.teams if first is not None else (),
        first.creator if first is not None else None,
        things.of_application(second) if second is not None else None,
        f"the consumer {consumer}",
    )


def _held(view: View, type_: str, text: str) -> Target | None:
    """The thing that a path names: an application by its name alone, everything else by id, or by name."""
    match type_:
        case "application":
            application = view.application_named(text)
            return things.of_application(application) if application is not None else None
        case "team":
            team = view.team_or_none(text) if is_uuid(text) else view.team_named(text)
            return things.of_team(team) if team is not None else None
        case "role":
            role = view.role_or_none(text) if is_uuid(text) else view.role_named(text)
            return things.of_role(role) if role is not None else None
        case "environment":
            environment = view.environment_or_none(text) if is_uuid(text) else view.environment_named(text)
            return things.of_environment(environment) if environment is not None else None
        case "webhook":
            webhook = view.webhook_or_none(text)
            return things.of_webhook(webhook) if webhook is not None else None
        case _:
            resource = view.resource_named(type_, text)
            return things.of_resource(resource) if resource is not None else None


def _registered(match: Match) -> list[str]:
    """The names of the applications that a change registers, as they would be recorded. Raises Invalid."""
    return [
        name(routing.filled(one, match.parameters), "path", "name of an application")
        for one in match.route.registers
    ]
