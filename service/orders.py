"""What is handed to the door for writing, and what comes back."""

import msgspec

from service.commands import Command
from service.commands.cautions import Weighed
from service.commands.foretelling import Foretold
from service.commands.order import Caller
from service.commands.teamless import Left
from service.events.deletions import DeletionRestored
from service.log.recorded import Recorded
from service.vocabulary import EventId


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order came from: recorded, the address and the user agent sealed."""

    address: str = ""
    user_agent: str = ""
    request: str = ""
    traceparent: str = ""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """The order stands only if the noun is still at one of these versions (If-Match: RFC 9110, section 13.1.1)."""

    noun: str
    thing: str
    versions: tuple[int, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command, who gives it, and what goes with it.

    `fingerprint` tells two requests under one idempotency key apart. A `dry_run` is decided like any other order and
    taken back: its outcome says what it would have done, and it has no idempotency key.
    """

    command: Command
    caller: Caller
    origin: Origin = Origin()
    reason: str = ""
    ticket: str = ""
    idempotency_key: str = ""
    fingerprint: bytes = b""
    condition: Condition | None = None
    causation: EventId | None = None
    dry_run: bool = False


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What a dry run would have recorded, by kind in its order with how many, and what would have come of it.

    `foretold` is of bulk deletions alone: what they would take and leave. `left` is of a team's deletion: its secrets
    and webhooks, which would be of no team.
    """

    kinds: tuple[tuple[str, int], ...]
    weighed: Weighed
    restored: DeletionRestored | None = None
    """What a restoration would bring back; None where all of it is here already, and for every other order."""
    foretold: Foretold | None = None
    left: Left | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an order came to. No records: it changed nothing.

    `position` is where the answer is to be rendered. New ids are in the records, never in the command: a
    `replayed` outcome holds the records of the first request under the same key.
    """

    position: int
    records: tuple[Recorded, ...] = ()
    replayed: bool = False
    rehearsal: Rehearsal | None = None
    """Of a dry run alone, which has no records."""
