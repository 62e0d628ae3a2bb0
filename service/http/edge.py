"""What the surfaces get: the service's parts, and one call with who makes it. They translate, they never decide."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from projections import access, span_reading, things
from projections.principals import Principal
from projections.replica import Replica
from projections.spans import Shelf, Want
from projections.things import Target
from projections.view import View
from service import errors
from service.commands.order import Caller
from service.fresh import Fresh
from service.handling import Handler
from service.http import limits, parameters
from service.log.keys import Keys
from service.queries import moments
from service.queries.evaluating import Evaluators
from service.queries.reading import Reader
from service.reaching import Client
from service.settings import Settings
from service.uses import Uses
from service.vigil import Vigil
from service.vocabulary import EventId, PrincipalId, Thing, is_uuid

_BY_ADMINISTERING: Final = ("team:read", "team:manage", "environment:read")
"""What the administrator of a team may, of that team and what is its own (`projections.access`)."""


def unobserved(_surface: str, _method: str, _status: int, _seconds: float) -> None:
    """Nobody counts."""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the running service that an HTTP surface may touch."""

    settings: Settings
    keys: Keys
    fresh: Fresh
    replica: Replica
    handler: Handler
    reader: Reader
    vigil: Vigil
    uses: Uses
    client: Client
    release: str
    evaluators: Evaluators = msgspec.field(default_factory=Evaluators)
    answered: Callable[[str, str, int, float], None] = unobserved
    """Told of every answer its surface, method, status and how long it took, for whoever counts."""


class Progress(msgspec.Struct, kw_only=True):
    """How far a request got: what the frame needs for its answer's headers and its line in the log."""

    id: str
    echoed: str = ""
    """The id that its answer carries, which is mostly the same."""
    began: float = 0.0
    """By the monotonic clock."""
    surface: str = "none"
    call: "Call | None" = None
    moment: moments.Moment | None = None
    """What it asked about, where that was looked up."""
    position: int | None = None
    """What it reached, where it wrote or waited."""
    effects: list[EventId] = []
    """The first event of each order that it gave and that changed something."""
    body: bytes | None = None
    body_bytes_max: int = 0
    token_expires: str = ""
    """When the caller's token ends, where that is near (`authenticate.alert`)."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request: what was asked, by whom, and the view that held when it was admitted.

    `view` answers what the caller may do now. What it asks about may be another moment: see `moment`.
    """

    edge: Edge
    request: web.Request
    id: str
    """The request's id, in the answer's header, the access log and every record that the call makes."""
    caller: Caller
    view: View
    progress: Progress
    principal: Principal | None = None
    dry_run: bool = False
    """Its orders are tried only: see `rehearsals`."""

    @property
    def me(self) -> PrincipalId:
        """Whose token the call carries. Routes that admit anybody must not ask."""
        assert self.principal is not None, "the route admits nobody without a token"
        return self.principal.id

    def may(self, action: str, target: Target) -> bool:
        """Whether the caller may do that now."""
        return self.principal is not None and access.may(self.judged_in, self.principal.id, action, target)

    def may_read(self, principal: Principal) -> bool:
        """Whether the caller may read a principal: oneself always, anybody else by the read right of that kind.

        It is judged by the teams that the principal has now, whatever moment is asked about.
        """
        if self.principal is not None and principal.id == self.principal.id:
            return True
        return self.may(f"{principal.type}:read", self.current(principal))

    def current(self, principal: Principal) -> Target:
        """The principal as it decides now; one that was deleted since belongs to no team."""
        found = self.view.principal_or_none(principal.id)
        return Target(Thing(principal.type, principal.id)) if found is None else things.of_principal(found)

    def may_name(self, type_: str, thing: str) -> bool:
        """Whether the caller may know a team or an application by name: by the right to read it, as it is now."""
        target, action = Target(Thing(type_, thing)), "team:read"
        if type_ == "application":
            application, action = self.judged_in.application_or_none(thing), "contract_data:read"
            target = target if application is None else things.of_application(application)
        elif (team := self.judged_in.team_or_none(thing)) is not None:
            target = things.of_team(team)
        return self.may(action, target)

    def may_order(self, action: str, target: Target) -> bool:
        """The same with the very token that was presented: a read-only one orders nothing."""
        return not self.caller.read_only and self.may(action, target)

    def may_somewhere(self, action: str) -> bool:
        """Whether any grant of the caller gives the action, however narrow: lists then show what it reaches."""
        view = self.judged_in
        me = view.principal_or_none(self.principal.id) if self.principal else None
        if me is None or view.catalogue is None or not me.active:
            return False
        bit = view.catalogue.bits.get(action, 0)
        for role in view.roles_of(me):
            masks = view.catalogue.masks(role.scopes)
            if (masks.everywhere | masks.team | masks.own) & bit:
                return True
        return action in _BY_ADMINISTERING and bool(view.live_teams(me.administers))

    def require_somewhere(self, *actions: str) -> None:
        """Raise Forbidden unless some grant gives one of the actions; the first one is named as missing."""
        if not any(self.may_somewhere(action) for action in actions):
            raise errors.Forbidden(f"This needs {actions[0]}.", actions[0])

    def require(self, action: str, target: Target) -> None:
        """Raise Forbidden unless the caller may read it. Orders are judged where they are recorded, never here.

        The sentence names the thing as the caller did, by its id: its name may be what the caller must not read.
        """
        if not self.may(action, target):
            on = "" if target.thing.id in ("", "*") else f" on {target.thing.id}"
            raise errors.Forbidden(f"This needs {action}{on}.", f"{action}{on}")

    def path(self, name: str) -> str:
        """A part of the path, decoded."""
        return self.request.match_info[name]

    def path_id(self, name: str = "uuid") -> str:
        """A part of the path that is an id. Raises NotFound for what is no UUID, since nothing can have such an id."""
        given = self.path(name)
        if not is_uuid(given):
            raise errors.NotFound("There is nothing with this id: it is not a UUID.")
        return given.lower()

    def asked(self, name: str) -> str | None:
        """A parameter of the query, or None. Raises Invalid where it is there twice: nobody knows which counts."""
        if not (query := self.request.query):
            return None
        given = query.getall(name, [])
        if len(given) > 1:
            raise errors.Invalid("This parameter is given more than once.", name)
        return given[0] if given else None

    def require_only(self, *known: str) -> None:
        """Raise Invalid for a parameter of the query that is none of these; it names the nearest of them."""
        parameters.require_known(self.request.query, known)

    async def moment(self) -> moments.Moment:
        """What `?as_of=` and `?at_least=` ask about; without them, now.

        Raises Invalid for a moment that is no moment or has not come, or a parameter that is nearly one of the two;
        TooLate when `at_least` did not arrive.
        """
        parameters.require_moment_well_spelt(self.request.query)
        found = await moments.view_of(
            self.edge.reader,
            self.edge.replica,
            self.asked("as_of"),
            self.asked("at_least"),
            age_seconds=self.edge.vigil.age_seconds(),
        )
        self.progress.moment = found
        return found

    async def spans(self, view: View, *wants: Want) -> Shelf:
        """What Postgres keeps of the facts that are wanted, as it was at the view's position.

        Raises Unavailable when Postgres is away.
        """
        async with self.edge.reader.connection() as connection:
            return await span_reading.shelf(connection, view.position, wants)

    async def span_page(
        self, view: View, want: Want, *, number: int = 1, size: int | None = None
    ) -> tuple[list[Any], int]:
        """A page of an application's facts at the view's position, the newest first, and how many there are in all.

        `number` counts from 1; no size: all of them. Raises Unavailable when Postgres is away.
        """
        async with self.edge.reader.connection() as connection:
            skip = (number - 1) * (size or 0)
            return await span_reading.page(connection, view.position, want, skip=skip, size=size)

    @property
    def judged_in(self) -> View:
        """Rights are judged now, whatever moment is asked about; and no earlier than the moment waited for."""
        found = self.progress.moment
        if found is None or found.historic:
            return self.view
        return found.view


PROGRESS: Final = web.RequestKey("progress", Progress)
EDGE: Final = web.AppKey("edge", Edge)
FAILURES: Final = web.AppKey("failures", limits.Buckets)
"""How often each address presented a token or a code that did not work (`limits.strangers`)."""
DENIALS: Final = web.AppKey("denials", limits.Buckets)
"""How often each token's changes were denied (`limits.denials`)."""
PATHS: Final = web.AppKey("paths", frozenset)
"""The shapes of the paths that this application serves, by which the index knows which links lead somewhere."""


def iso(instant: datetime) -> str:
    """ISO 8601 to the second with the offset written out, as clients of a Pact Broker expect it."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")
