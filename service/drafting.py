"""One batch on its way to the record: each order authorised, decided, sealed and folded before the next one.

Everything here happens in memory under the replica's mutex. A draft that is not appended is undone as a
whole; an order that is refused is undone alone, and the orders after it never see it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from projections import access
from projections.replica import Replica
from projections.view import View
from service import errors
from service.commands.account import ReadTrail
from service.commands.contracts import PublishContract
from service.commands.decide import decide
from service.commands.guard import check
from service.commands.order import Caller, Command, NewPrincipal, NewToken, TokenPair
from service.commands.tokens import RegenerateToken
from service.commands.touches import touched
from service.commands.users import InviteUser, RedeemInvitation
from service.events import Event
from service.events.applications import ApplicationsRemoved
from service.events.attempts import AttemptDenied
from service.events.contracts import ContractPublished, ContractsRemoved
from service.events.system_accounts import SystemAccountCreated
from service.events.tokens import TokenIssued, TokenRegenerated, TokenRevoked
from service.events.users import InvitationRedeemed, UserCreated
from service.fresh import Fresh
from service.log import recorded, seal
from service.log.reader import IdempotencyRow
from service.log.recorded import Actor, Authority, Recorded, Source
from service.orders import Order, Outcome
from service.vocabulary import EventId, KeyId, PrincipalId, Sealed, Secret, Thing, VaultRef

DENIALS_JOINED_FOR = timedelta(seconds=60)
_log = structlog.get_logger("muniment.drafting")


DenialKey = tuple[str, str, str]
"""(principal, permission, thing): what makes one denial the repeat of another."""


class Denial(msgspec.Struct, frozen=True):
    """A denial that was recorded, and how often it was repeated since."""

    first: EventId
    at: datetime
    order: Order
    event: AttemptDenied
    repeats: int = 0


class Written(msgspec.Struct):
    """What a draft will append: the lists of one batch, in the writer's form."""

    entries: list[tuple[Recorded, bytes]] = []
    vault_put: list[tuple[VaultRef, bytes]] = []
    vault_delete: list[VaultRef] = []
    person_keys: list[tuple[KeyId, bytes]] = []
    idempotency: list[IdempotencyRow] = []


class Drafter:
    """Drafts batches over one replica. `denials` is what it remembers between batches."""

    def __init__(self, replica: Replica, fresh: Fresh, clock: Callable[[], datetime], release: str) -> None:
        self.replica = replica
        self.fresh = fresh
        self.clock = clock
        self.release = release
        self.denials: dict[DenialKey, Denial] = {}
        self.closing = False

    def denials_due(self) -> bool:
        """Whether a denied attempt's minute is over, or the service is closing while repeats are still uncounted."""
        return any(self.due(denial) for denial in self.denials.values())

    def due(self, denial: Denial) -> bool:
        """Whether this denial is to be counted, or forgotten, now."""
        return self.clock() - denial.at >= DENIALS_JOINED_FOR or (self.closing and denial.repeats > 0)

    def draft(self) -> "Draft":
        """Begin a batch on the replica's head. The caller holds the mutex and ends it by `keep` or `undo`."""
        return Draft(self)


class _Mark(msgspec.Struct, frozen=True):
    """A point between two orders, to which a draft can go back."""

    journal: int
    lengths: tuple[int, ...]
    keys: int
    at: datetime


class Draft:
    """A batch being drafted. `written` is what to append; `keep` or `undo` ends it."""

    def __init__(self, drafter: Drafter) -> None:
        head = drafter.replica.head
        assert head is not None, "a replica catches up before it writes"
        self.written = Written()
        self._drafter = drafter
        self._replica = drafter.replica
        self._at = head.recorded_at
        self._new_keys: list[KeyId] = []
        self._denials: dict[DenialKey, Denial] = dict(drafter.denials)
        self._ended = False
        self._outcomes: dict[tuple[PrincipalId, str], tuple[bytes, Outcome]] = {}
        self._replica.directory.begin()

    # -- one order ---------------------------------------------------------------------------------------

    def take(self, order: Order) -> Outcome | errors.MunimentError:
        """Decide one order. A refusal is an answer like any other, and leaves no trace but a denied attempt's."""
        repeated = self._repeated(order)
        if repeated is not None:
            return repeated
        kept = self._mark()
        try:
            records = self._decided(order)
        except errors.Forbidden as denied:
            self._back_to(kept)
            return self._denied(order, denied)
        except errors.MunimentError as refusal:
            self._back_to(kept)
            return refusal
        except Exception:  # noqa: BLE001  # a defect in one command must not take the whole batch down
            # It is undone, logged and answered alone.
            self._back_to(kept)
            return self._defect(order)
        position = records[-1].position if records else self._replica.directory.position
        outcome = Outcome(position=position, records=tuple(records))
        self._remember(order, outcome)
        return outcome

    def flush_denials(self) -> None:
        """Record repeats whose minute is over, as one record with a count each."""
        for key, denial in list(self._denials.items()):
            if self._drafter.due(denial):
                self._count(key, denial)

    def keep(self) -> None:
        """The batch is committed."""
        self._ended = True
        self._replica.directory.keep()
        self._drafter.denials = self._denials

    def turned_up(self) -> None:
        """The batch was undone while its fate was open, and then found in the log after all."""
        self._drafter.denials = self._denials

    def undo(self) -> None:
        """The batch was not committed, or nobody knows: take everything back. A second call does nothing."""
        if self._ended:
            return
        self._ended = True
        self._replica.directory.undo()
        self._replica.directory.keep()
        for key in self._new_keys:
            self._replica.person_keys.forget(key)

    # -- deciding ----------------------------------------------------------------------------------------

    def _decided(self, order: Order) -> list[Recorded]:
        caller, command = order.caller, order.command
        # One instant for authorising, deciding and the first record; further records follow by a microsecond each.
        view = self._replica.drafting(self._next_instant())
        if caller.read_only and not isinstance(command, ReadTrail):
            raise errors.Forbidden("This token is read-only.", "a read/write token", read_only_token=True)
        authority = authorise(command, view, caller)
        self._require_version(order, view)
        decided = decide(command, view, caller)
        records = self._record(decided, order, authority, view.instant)
        check(decided, view, self._replica.drafting(view.instant))
        return records

    @staticmethod
    def _require_version(order: Order, view: View) -> None:
        if order.if_version is None:
            return
        noun, thing, version = order.if_version
        current = view.version(noun, thing)
        if current != version:
            raise errors.Stale(
                f"It was changed since: you decided on version {version}, it is at version {current} (the position of"
                " the record that changed it)."
            )

    def _next_instant(self) -> datetime:
        """Strictly after the last record, and never before it whatever the clock says."""
        return max(self._drafter.clock(), self._at + timedelta(microseconds=1))

    # -- recording ---------------------------------------------------------------------------------------

    def _record(
        self,
        decided: list[Event],
        order: Order,
        authority: tuple[Authority, ...],
        at: datetime,
        causation: EventId | None = None,
    ) -> list[Recorded]:
        material = _material(order.command)
        envelope = _Envelope(self, order, decided)
        records: list[Recorded] = []
        correlation: EventId | None = None
        for event in decided:
            event_id = self._drafter.fresh.event_id(at)
            self._take_material(event, material)
            view = self._replica.drafting(at)
            record = Recorded(
                v=recorded.VERSION,
                position=self._replica.directory.position + 1,
                id=event_id,
                recorded_at=at,
                rule=access.RULE,
                catalogue=view.catalogue.number if view.catalogue else 0,
                release=self._drafter.release,
                actor=envelope.actor(event_id),
                data=seal.seal_event(event, event_id, self._replica.person_keys),
                source=envelope.source(event_id),
                authority=authority,
                touches=touched(event, view),
                correlation=correlation,
                causation=causation or order.causation,
                reason=envelope.reason(event_id, event),
                ticket=order.ticket,
            )
            self.written.entries.append((record, recorded.encode(record)))
            self._replica.directory.apply(record)
            self._replica.people.learn(record)
            self._at = at
            at += timedelta(microseconds=1)
            correlation = correlation or event_id
            records.append(record)
        return records

    def _take_material(self, event: Event, material: "_Material") -> None:
        """Put into the batch what the event names: vault rows, rows to delete, a person's new key."""
        match event:
            case TokenIssued():
                self._put(event.value, material.secrets)
            case TokenRegenerated():
                self._put(event.value, material.secrets)
                self.written.vault_delete.append(event.value_before)
            case TokenRevoked():
                self.written.vault_delete.append(event.value_before)
            case ContractPublished():
                self._put(event.body, material.secrets)
            case UserCreated() | SystemAccountCreated():
                self.new_key(event.key, material.keys[event.key].octets())
            case _:
                pass  # no other event names anything beside the log

    def _put(self, ref: VaultRef, secrets: dict[VaultRef, Secret]) -> None:
        secret = secrets.get(ref)
        if secret is not None:  # a body that is in the vault already keeps its first row
            self.written.vault_put.append((ref, self._replica.keys.seal_vault(ref, secret.octets())))

    def new_key(self, key: KeyId, raw: bytes) -> None:
        """A sealing key that becomes durable with the batch."""
        self._replica.person_keys.put(key, raw)
        self._new_keys.append(key)
        self.written.person_keys.append((key, self._replica.keys.wrap(key, raw)))

    def one_more_key(self) -> KeyId:
        """A key for one reason or one console user: destroying it forgets just that."""
        key, raw = seal.new_person_key()
        self.new_key(key, raw)
        return key

    # -- denied attempts ---------------------------------------------------------------------------------

    def _denied(self, order: Order, denied: errors.Forbidden) -> errors.MunimentError:
        """Record the attempt and answer the denial. An attempt that cannot be recorded is a defect, alone as well."""
        kept = self._mark()
        try:
            self._attempt(order, denied)
        except Exception:  # noqa: BLE001  # as for a command's own defect
            self._back_to(kept)
            return self._defect(order)
        return denied

    def _attempt(self, order: Order, denied: errors.Forbidden) -> None:
        """The first denial of (principal, permission, thing) is recorded at once; repeats within 60 s are counted."""
        principal = order.caller.principal
        if principal is None:
            return
        on = Thing(*denied.on) if denied.on else None
        key = (principal, denied.missing, ":".join(denied.on) if denied.on else order.command.word)
        known = self._denials.get(key)
        if known is not None and not self._drafter.due(known):
            self._denials[key] = msgspec.structs.replace(known, repeats=known.repeats + 1)
            return
        event = AttemptDenied(
            command=order.command.word,
            arguments=_bounded(order.command.arguments()),
            missing=denied.missing,
            on=on,
            read_only_token=denied.read_only_token,
        )
        record = self._record([event], order, (), self._next_instant())[0]
        if known is not None:
            self._count(key, known)
        self._denials[key] = Denial(record.id, record.recorded_at, _without_bodies(order), event)

    def _count(self, key: DenialKey, denial: Denial) -> None:
        """Record how often a denial was repeated, if it was, and forget it."""
        del self._denials[key]
        if not denial.repeats:
            return
        event = msgspec.structs.replace(denial.event, count=denial.repeats, first=denial.first)
        kept = self._mark()
        try:
            self._record([event], denial.order, (), self._next_instant(), causation=denial.first)
        except (
            errors.MunimentError
        ):  # its person was forgotten meanwhile, say: that must not stop every later batch
            self._back_to(kept)
            _log.warning("repeats were not counted", first=denial.first, repeats=denial.repeats)

    @staticmethod
    def _defect(order: Order) -> errors.Broken:
        _log.exception("defect", command=order.command.word, request=order.origin.request)
        return errors.Broken("This request met a defect of the service; nothing was done. It was logged.")

    # -- idempotency -------------------------------------------------------------------------------------

    def _repeated(self, order: Order) -> Outcome | errors.MunimentError | None:
        """The answer of an earlier order of the same batch under the same key."""
        if not order.idempotency_key or order.caller.principal is None:
            return None
        if not may_be_repeated(order, self._replica.drafting(self._next_instant())):
            return None
        found = self._outcomes.get((order.caller.principal, order.idempotency_key))
        if found is None:
            return None
        fingerprint, outcome = found
        if fingerprint != order.fingerprint:
            return key_reused()
        return msgspec.structs.replace(outcome, replayed=True)

    def _remember(self, order: Order, outcome: Outcome) -> None:
        if not order.idempotency_key or order.caller.principal is None or not outcome.records:
            return
        self._outcomes[order.caller.principal, order.idempotency_key] = (order.fingerprint, outcome)
        self.written.idempotency.append(
            IdempotencyRow(
                principal=order.caller.principal,
                key=order.idempotency_key,
                fingerprint=order.fingerprint,
                status=200,
                first_position=outcome.records[0].position,
                last_position=outcome.records[-1].position,
            )
        )

    # -- undoing one order -------------------------------------------------------------------------------

    def _mark(self) -> _Mark:
        written = self.written
        lengths = tuple(len(getattr(written, field)) for field in written.__struct_fields__)
        journal = self._replica.directory.mark()
        return _Mark(journal, lengths, len(self._new_keys), self._at)

    def _back_to(self, mark: _Mark) -> None:
        self._at = mark.at
        self._replica.directory.undo(mark.journal)
        for field, length in zip(self.written.__struct_fields__, mark.lengths, strict=True):
            del getattr(self.written, field)[length:]
        for key in self._new_keys[mark.keys :]:
            self._replica.person_keys.forget(key)
        del self._new_keys[mark.keys :]


def may_be_repeated(order: Order, view: View) -> bool:
    """Whether an earlier answer under the same key may be given again; otherwise the order is judged like any other.

    A read-only token gets none, since the answer may hold what only the other token may see; and an answer that
    holds a secret is given again only to a caller who might have it made anew.
    """
    if order.caller.read_only:
        return False
    if not isinstance(order.command, InviteUser | RegenerateToken):
        return True
    try:
        authorise(order.command, view, order.caller)
    except errors.NotFound:
        return True  # what it was about is gone, and with it whatever the answer could reveal
    except errors.MunimentError:
        return False
    return True


def authorise(command: Command, view: View, caller: Caller) -> tuple[Authority, ...]:
    """Why the caller may, one authority a need. Raises Forbidden naming the first thing that is missing."""
    if caller.code and not isinstance(command, RedeemInvitation):
        raise errors.Unauthenticated("A one-time code can only be redeemed.")
    needed = command.needs(view, caller)
    if caller.console or caller.system or caller.code:
        source = "console" if caller.console else "opening" if caller.system else "code"
        return tuple(
            Authority(needed=need.action, source=source, on=_on(need.target.thing)) for need in needed
        )
    if caller.principal is None:
        raise errors.Unauthenticated("Nobody is asking.")
    found: dict[tuple[object, ...], Authority] = {}
    for need in needed:
        grant = access.grant(view, caller.principal, need.action, need.target)
        if grant is None:
            missing = access.missing(need.action, need.target.asked)
            raise errors.Forbidden(
                f"The permission {missing} is missing.", missing, on=_triple(need.target.thing)
            )
        authority = Authority(
            needed=need.action,
            source=grant.source,
            on=_on(need.target.thing),
            scope=grant.scope,
            role=grant.role,
            team=grant.team,
        )
        # A bulk order may need the same of thousands of things: one authority a grant, naming the first thing.
        found.setdefault((need.action, grant.role, grant.scope, grant.team), authority)
    return tuple(found.values())


def key_reused() -> errors.Refused:
    """The refusal of an Idempotency-Key under which another request was sent before."""
    return errors.Refused(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request; a new request needs a new key.",
        "Idempotency-Key",
    )


def _bounded(arguments: dict[str, str]) -> dict[str, str]:
    """Arguments that fit a record whatever was asked: ids and numbers are far shorter than the bounds."""
    return {key: text[:100] for key, text in list(arguments.items())[:50]}


def _without_bodies(order: Order) -> Order:
    """The order without what it would have stored: it is only remembered to count its repeats."""
    if not isinstance(order.command, PublishContract):
        return order
    return msgspec.structs.replace(order, command=msgspec.structs.replace(order.command, body=Secret(b"")))


def _triple(thing: Thing) -> tuple[str, str, str]:
    return (thing.type, thing.id, thing.name)


def _on(thing: Thing) -> Thing | None:
    return thing if thing.id or thing.name else None


class _Material(msgspec.Struct):
    """What a command carries for the vault and for sealing, by its name."""

    secrets: dict[VaultRef, Secret] = {}
    keys: dict[KeyId, Secret] = {}


def _material(command: Command) -> _Material:
    found = _Material()
    for field in command.__struct_fields__:  # type: ignore[attr-defined]  # every command is a msgspec struct
        value = getattr(command, field)
        match value:
            case NewPrincipal():
                found.keys[value.key] = value.raw_key
            case NewToken():
                found.secrets[value.ref] = value.value
            case TokenPair():
                found.secrets[value.read_only.ref] = value.read_only.value
                found.secrets[value.read_write.ref] = value.read_write.value
            case _:
                pass  # a plain value, which the event itself carries
    if isinstance(command, PublishContract):
        found.secrets[command.body_ref] = command.body
    return found


class _Envelope:
    """What the records of one order share: who, from where, and why, sealed anew for each record."""

    def __init__(self, draft: Draft, order: Order, decided: list[Event]) -> None:
        self._draft = draft
        self._order = order
        self._person_keys = draft._replica.person_keys  # noqa: SLF001  # the envelope is the draft's own part
        self._principal = order.caller.principal or _redeemer(decided)
        view = draft._replica.drafting(draft._at)  # noqa: SLF001  # as above
        held = view.principal_or_none(self._principal) if self._principal else None
        self._key = held.key if held else None
        self._own_key: KeyId | None = None

    def actor(self, event: EventId) -> Actor:
        caller = self._order.caller
        if caller.console:
            return Actor(console=self._seal(caller.console, self._single_key(), event, "console"))
        return Actor(principal=self._principal, token=caller.token, system=caller.system)

    def source(self, event: EventId) -> Source:
        origin = self._order.origin
        sealing = self._key is not None
        return Source(
            address=self._seal(origin.address, self._key, event, "address") if sealing else None,
            user_agent=self._seal(origin.user_agent, self._key, event, "user_agent") if sealing else None,
            request=origin.request,
            traceparent=origin.traceparent,
        )

    def reason(self, event: EventId, data: Event) -> Sealed | None:
        """The reason stands on every record but the children of a bulk deletion, whose parent has it."""
        if not self._order.reason or isinstance(data, ContractsRemoved | ApplicationsRemoved):
            return None
        return self._seal(self._order.reason, self._single_key(), event, "reason")

    def _single_key(self) -> KeyId:
        if self._own_key is None:
            self._own_key = self._draft.one_more_key()
        return self._own_key

    def _seal(self, text: str, key: KeyId | None, event: EventId, field: str) -> Sealed | None:
        if not text or key is None:
            return None
        return seal.seal_text(text, key, event, field, self._person_keys)


def _redeemer(decided: list[Event]) -> PrincipalId | None:
    """Who acts when a code is redeemed: the person that it was made for."""
    return next((event.principal for event in decided if isinstance(event, InvitationRedeemed)), None)
