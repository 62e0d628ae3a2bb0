"""Changes behind proxies as they are true at some moment: allowed, and perhaps reported. Postgres holds them."""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from service.events import changes as events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, ChangeId, PrincipalId, Thing


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change that somebody was allowed. `status` is what its proxy reported; None until then."""

    noun: ClassVar[str] = "change"
    application: ClassVar[ApplicationId] = ApplicationId("00000000-0000-0000-0000-000000000000")
    """None: it may be about several, or about none that is here (RFC 9562, section 5.9)."""
    version: ClassVar[str] = ""
    place: ClassVar[str] = ""
    id: ChangeId
    principal: PrincipalId | None
    table: str
    method: str
    route: str
    on: tuple[Thing, ...]
    registers: tuple[str, ...]
    authorised_at: datetime
    status: int | None = None

    @property
    def key(self) -> str:
        """Its id."""
        return self.id


def keys(event: events.ChangeEvent) -> tuple[str, ...]:
    """The change that an event is about."""
    return (event.change,)


def fold(change: Change | None, event: events.ChangeEvent, recorded: Foldable, _key: str) -> Change | None:
    """The change after the event."""
    match event:
        case events.ChangeAuthorised():
            return Change(
                id=event.change,
                principal=recorded.actor.principal,
                table=event.table,
                method=event.method,
                route=event.route,
                on=event.on,
                registers=event.registers,
                authorised_at=recorded.recorded_at,
            )
        case events.ChangeReported():
            return change and msgspec.structs.replace(change, status=event.status)
        case _:
            assert_never(event)
