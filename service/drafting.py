"""One batch on its way to the record: each order authorised, decided, sealed and folded before the next one.

Everything here happens in memory under the replica's mutex. A draft that is not appended is undone as a
whole; an order that is refused is undone alone, and the orders after it never see it.
"""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from projections import access, effects, span_folds
from projections.replica import Replica
from projections.spans import NOTHING_READ, NotRead, Shelf
from projections.view import View
from service import denials, errors
from service.authorise import authorise, key_reused, may_be_repeated, require_working
from service.commands import cautions, firing, foretelling, guard, teamless
from service.commands.account import ReadTrail
from service.commands.decide import decide
from service.commands.touches import touched
from service.envelope import Envelope, Material, material_of, redeemer
from service.events import Event
from service.events.attempts import AttemptDenied
from service.events.contracts import ContractPublished
from service.events.deletions import ContractBodiesForgotten, DeletionRestored
from service.events.environments import EnvironmentContactsChanged
from service.events.people import PersonForgotten
from service.events.preferences import PreferenceContactsChanged
from service.events.secrets import SecretCreated, SecretDeleted, SecretRotated
from service.events.system_accounts import SystemAccountCreated
from service.events.tokens import TokenIssued, TokenRegenerated, TokenRevoked
from service.events.users import UserCreated
from service.events.webhooks import WebhookCreated, WebhookDeleted, WebhookRequest, WebhookRequestChanged
from service.fresh import Fresh
from service.log import recorded, seal
from service.log.reader import IdempotencyRow
from service.log.recorded import Authority, Recorded
from service.orders import Order, Outcome, Rehearsal
from service.vocabulary import EventId, KeyId, PrincipalId, Secret, Thing, VaultRef

_MICROSECOND = timedelta(microseconds=1)
_DECIDED_LATE = 20
"""Records of one order from which on deciding them is worth a second look at the clock."""
_KEPT_AT_ONCE = 10_000
"""Steps of the journal."""
_log = structlog.get_logger("muniment.drafting")


_NAMING_MATERIAL = frozenset(
    {
        *(TokenIssued, TokenRegenerated, TokenRevoked, ContractPublished, UserCreated, SystemAccountCreated),
        *(PreferenceContactsChanged, EnvironmentContactsChanged, ContractBodiesForgotten),
        *(SecretCreated, SecretRotated, SecretDeleted),
        *(WebhookCreated, WebhookRequestChanged, WebhookDeleted),
    }
)


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
        self.denials = denials.Denials()
        self.closing = False

    def denials_due(self) -> bool:
        """Whether a denied attempt's minute is over, or the service is closing while repeats are still uncounted."""
        return len(self.denials) > 0 and self.denials.any_due(self.clock(), closing=self.closing)

    def draft(self, shelf: Shelf = NOTHING_READ, *, alone: bool = False) -> "Draft":
        """Begin a batch on the replica's head. The caller holds the mutex and ends it by `keep` or `undo`.

        `shelf` is what was read for it, at that very head. `alone`: it holds one order, nobody else reads the shelf.
        """
        return Draft(self, shelf, alone=alone)


class _Mark(msgspec.Struct, frozen=True):
    """A point between two orders, to which a draft can go back."""

    journal: int
    lengths: tuple[int, ...]
    keys: int
    at: datetime
    shelf: int


class Draft:
    """A batch being drafted. `written` is what to append; `keep` or `undo` ends it."""

    def __init__(self, drafter: Drafter, shelf: Shelf, *, alone: bool) -> None:
        head = drafter.replica.head
        assert head is not None, "a replica catches up before it writes"
        self.written = Written()
        self._drafter = drafter
        self._replica = drafter.replica
        self._shelf = shelf
        self._alone = alone
        self._at = head.recorded_at
        self._new_keys: list[KeyId] = []
        self._denials = denials.Changes(drafter.denials)
        self._ended = False
        self._outcomes: dict[tuple[PrincipalId, str], tuple[bytes, Outcome]] = {}
        self._replica.directory.begin()

    # -- one order ---------------------------------------------------------------------------------------

    def take(self, order: Order) -> Outcome | errors.MunimentError:
        """Decide one order. A refusal is an answer like any other, and leaves no trace but a denied attempt's.

        Raises NotRead, undone, where an earlier order of the batch changed what this one needs to have been read.
        """
        repeated = self._repeated(order)
        if repeated is not None:
            return repeated
        kept, position = self._mark(), self._replica.directory.position
        rehearsal = None
        try:
            records = self._decided(order)
            if order.dry_run:
                rehearsal = self._rehearsal(order, records, position)
        except errors.Forbidden as denied:
            self._back_to(kept)
            return self._denied(order, denied)
        except errors.MunimentError as refusal:
            self._back_to(kept)
            return refusal
        except NotRead:
            self._back_to(kept)
            raise
        except Exception:  # noqa: BLE001  # a defect in one command must not take the whole batch down
            # It is undone, logged and answered alone.
            self._back_to(kept)
            return self.defect(order)
        if rehearsal is not None:
            self._back_to(kept)
            return Outcome(position=position, rehearsal=rehearsal)
        position = records[-1].position if records else position
        outcome = Outcome(position=position, records=tuple(records))
        self._remember(order, outcome)
        return outcome

    def flush_denials(self) -> None:
        """Record repeats whose minute is over, as one record with a count each."""
        drafter = self._drafter
        if drafter.denials_due():
            for key, denial in drafter.denials.due(drafter.clock(), closing=drafter.closing):
                self._count(key, denial)

    def keep(self) -> None:
        """The batch is committed."""
        self._ended = True
        directory = self._replica.directory
        while directory.mark() > _KEPT_AT_ONCE:  # a long journal freed in one go would hold everybody up
            directory.keep(until=_KEPT_AT_ONCE)
        directory.keep()
        self._drafter.denials.taken_in(self._denials)
        for record, _ in self.written.entries:
            if isinstance(record.data, PersonForgotten):
                self._replica.forget(record.data)
        if self._alone:
            self._shelf.empty()

    def turned_up(self) -> None:
        """The batch was undone while its fate was open, and then found in the log after all."""
        self._drafter.denials.taken_in(self._denials)

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
        view = self._view(self._next_instant())
        if caller.read_only and not isinstance(command, ReadTrail):
            raise errors.Forbidden("This token is read-only.", "a read/write token", read_only_token=True)
        require_working(caller, view)
        authority = authorise(command, view, caller)
        self._require_version(order, view)
        decided = decide(command, view, caller)
        decided += firing.fired(command, decided, view, self._drafter.fresh.id)
        if len(decided) > _DECIDED_LATE:
            # Deciding so much may take seconds, and no expiry is part of it: it is dated when it is recorded.
            view = self._view(self._next_instant())
        records = self._record(decided, order, authority, view)
        if guard.dangerous(decided):
            guard.check(decided, view, self._view(view.instant))
        return records

    @staticmethod
    def _require_version(order: Order, view: View) -> None:
        condition = order.condition
        if condition is None:
            return
        current = view.version(condition.noun, condition.thing)
        if current not in condition.versions:
            raise errors.Stale(decided_on=max(condition.versions, default=0), current=current)

    def _view(self, instant: datetime) -> View:
        return self._replica.drafting(instant, self._shelf)

    def _next_instant(self) -> datetime:
        """Strictly after the last record, and never before it whatever the clock says."""
        return max(self._drafter.clock(), self._at + _MICROSECOND)

    def _rehearsal(self, order: Order, records: list[Recorded], position: int) -> Rehearsal:
        """What the records, folded but about to be taken back, do to who may do what since `position`.

        Both moments have the instant of the first record; so they will for whoever asks history later.
        """
        instant = records[0].recorded_at if records else self._next_instant()
        before, after = self._replica.view(position, instant), self._view(instant)
        comparison = effects.compared(effects.Comparison(before, after, (record.data for record in records)))
        kinds = itertools.groupby(recorded.kind_of(record.data) for record in records)
        return Rehearsal(
            kinds=tuple((kind, len(list(alike))) for kind, alike in kinds),
            weighed=cautions.weighed(comparison, order.caller.principal),
            restored=next((one.data for one in records if isinstance(one.data, DeletionRestored)), None),
            foretold=foretelling.foretold(order.command, before, after, comparison.events),
            left=teamless.left(comparison.events),
        )

    # -- recording ---------------------------------------------------------------------------------------

    def _record(
        self,
        decided: list[Event],
        order: Order,
        authority: tuple[Authority, ...],
        view: View,
        causation: EventId | None = None,
    ) -> list[Recorded]:
        """Seal, encode and fold the facts, a microsecond apart; those after the first name it as their correlation.

        `view` is the state before them, at the instant of the first.
        """
        if not decided:
            return []
        material = material_of(order.command)
        principal = order.caller.principal or redeemer(decided)
        envelope = Envelope(order, principal, view, self._replica.person_keys, self.one_more_key)
        records: list[Recorded] = []
        for event in decided:
            self._take_material(event, material)
            first = None
            if records:
                first = records[0].id
                view = self._view(view.instant + _MICROSECOND)
            record = self._enveloped(event, view, envelope, authority, (first, causation or order.causation))
            self.written.entries.append((record, recorded.encode(record)))
            self._replica.directory.apply(record)
            if (
                order.dry_run or not self._alone
            ):  # what follows in the batch, or tells what would stay, reads it
                span_folds.apply(self._shelf, record)
            if not order.dry_run:
                # Who never comes to be must not stay in an index that only forgetting empties.
                self._replica.people.learn(record)
            self._at = view.instant
            records.append(record)
        return records

    def _enveloped(
        self,
        event: Event,
        view: View,
        envelope: Envelope,
        authority: tuple[Authority, ...],
        links: tuple[EventId | None, EventId | None],
    ) -> Recorded:
        """The next record. `links` are its correlation and its causation."""
        event_id = self._drafter.fresh.event_id(view.instant)
        return Recorded(
            v=recorded.VERSION,
            position=self._replica.directory.position + 1,
            id=event_id,
            recorded_at=view.instant,
            rule=access.RULE,
            catalogue=view.catalogue.number if view.catalogue else 0,
            release=self._drafter.release,
            actor=envelope.actor(event_id),
            data=seal.seal_event(event, event_id, self._replica.person_keys),
            source=envelope.source(event_id),
            authority=authority,
            touches=touched(event, view),
            correlation=links[0],
            causation=links[1],
            reason=envelope.reason(event_id, event),
            ticket=envelope.ticket,
        )

    def _take_material(self, event: Event, material: Material) -> None:
        """Put into the batch what the event names: vault rows, rows to delete, a person's new key."""
        if type(event) not in _NAMING_MATERIAL:  # most events: six comparisons fewer
            return
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
            case ContractBodiesForgotten():
                self.written.vault_delete += [one.body for one in event.bodies]
            case SecretCreated():
                self._put(event.value, material.secrets)
            case SecretRotated():
                self._put(event.value, material.secrets)
                self.written.vault_delete.append(event.value_before)
            case SecretDeleted():
                self.written.vault_delete.append(event.value_before)
            case WebhookCreated():
                self._put_request(event.request, None, material)
            case WebhookRequestChanged():
                self._put_request(event.after, event.before, material)
            case WebhookDeleted():
                self.written.vault_delete += event.request.refs
            case UserCreated() | SystemAccountCreated():
                self.new_key(event.key, material.keys[event.key].octets())
            case PreferenceContactsChanged(key=str(key)) | EnvironmentContactsChanged(key=str(key)):
                if key not in self._new_keys:  # what a forgetting leaves of several lists is sealed under one
                    self.new_key(key, material.keys[key].octets())
            case _:
                pass  # no other event names anything beside the log

    def _put_request(
        self, request: WebhookRequest, before: WebhookRequest | None, material: Material
    ) -> None:
        """A webhook's request into the vault; what only the one before named leaves it."""
        had = before.refs if before is not None else ()
        for ref in request.refs:
            if ref not in had:
                self._put(ref, material.secrets)
        self.written.vault_delete += [ref for ref in had if ref not in request.refs]

    def _put(self, ref: VaultRef, secrets: dict[VaultRef, Secret]) -> None:
        secret = secrets.pop(ref, None)  # two facts of one order may name one body
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
            return self.defect(order)
        return denied

    def _attempt(self, order: Order, denied: errors.Forbidden) -> None:
        """The first denial of (principal, permission, thing) is recorded at once; repeats within 60 s are counted.

        Beyond some different ones a minute all others of the principal count as repeats of one.
        """
        principal = order.caller.principal
        if principal is None:
            return
        on = Thing(*denied.on) if denied.on else None
        thing = ":".join(denied.on) if denied.on else order.command.word
        key = self._denials.key_of(principal, denied.missing, thing)
        known = self._denials.get(key)
        if known is not None and not denials.is_due(known, self._drafter.clock()):
            self._denials.put(key, msgspec.structs.replace(known, repeats=known.repeats + 1))
            return
        event = AttemptDenied(
            command=order.command.word,
            arguments=_bounded(order.command.arguments()),
            missing=denied.missing,
            on=on,
            read_only_token=denied.read_only_token,
        )
        record = self._record([event], order, (), self._view(self._next_instant()))[0]
        if known is not None:
            self._count(key, known)
        remembered = denials.Denial(record.id, record.recorded_at, denials.without_command(order), event)
        self._denials.put(key, remembered)

    def _count(self, key: denials.DenialKey, denial: denials.Denial) -> None:
        """Record how often a denial was repeated, if it was, and forget it."""
        self._denials.put(key, None)
        if not denial.repeats:
            return
        event = denials.repeats_of(key, denial)
        kept = self._mark()
        try:
            view = self._view(self._next_instant())
            self._record([event], denial.order, (), view, causation=denial.first)
        except errors.MunimentError:
            # Its person was forgotten meanwhile, say: that must not stop every later batch.
            self._back_to(kept)
            _log.warning("repeats were not counted", first=denial.first, repeats=denial.repeats)

    @staticmethod
    def defect(order: Order) -> errors.Broken:
        """What an order is answered that the service itself failed at; it was taken back. Logs why."""
        _log.exception("defect", command=order.command.word, request=order.origin.request)
        return errors.Broken("This request met a defect of the service; nothing was done. It was logged.")

    # -- idempotency -------------------------------------------------------------------------------------

    def _repeated(self, order: Order) -> Outcome | errors.MunimentError | None:
        """The answer of an earlier order of the same batch under the same key."""
        if not order.idempotency_key or order.caller.principal is None:
            return None
        if not may_be_repeated(order, self._view(self._next_instant())):
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
        lengths = (
            len(written.entries),
            len(written.vault_put),
            len(written.vault_delete),
            len(written.person_keys),
            len(written.idempotency),
        )
        journal = self._replica.directory.mark()
        return _Mark(journal, lengths, len(self._new_keys), self._at, self._shelf.mark())

    def _back_to(self, mark: _Mark) -> None:
        self._at = mark.at
        self._shelf.undo(mark.shelf)
        self._replica.directory.undo(mark.journal)
        for field, length in zip(self.written.__struct_fields__, mark.lengths, strict=True):
            del getattr(self.written, field)[length:]
        for key in self._new_keys[mark.keys :]:
            self._replica.person_keys.forget(key)
        del self._new_keys[mark.keys :]


def _bounded(arguments: dict[str, str]) -> dict[str, str]:
    """Arguments that fit a record whatever was asked: ids and numbers are far shorter than the bounds."""
    return {key: text[:100] for key, text in list(arguments.items())[:50]}
