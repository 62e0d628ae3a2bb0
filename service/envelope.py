"""What stands around and beside the events of one order: who and why, and what goes to the vault and to the keys."""

import functools
import typing
from collections.abc import Callable

import msgspec

from projections.view import View
from service.commands import Command
from service.commands.contracts import PublishContract, PublishContracts
from service.commands.order import NewKey, NewPrincipal, NewToken, NewValue, NewValues, TokenPair
from service.events import Event, Removal
from service.events.deletions import ContractsRestored, FactsRestored
from service.events.users import InvitationRedeemed
from service.log import seal
from service.log.recorded import Actor, Source
from service.orders import Order
from service.vocabulary import EventId, KeyId, PrincipalId, Sealed, Secret, VaultRef


class Envelope:
    """What the records of one order share: who, from where, and why, sealed anew for each record."""

    def __init__(
        self,
        order: Order,
        principal: PrincipalId | None,
        view: View,
        person_keys: seal.PersonKeys,
        one_more_key: Callable[[], KeyId],
    ) -> None:
        self._order = order
        self.ticket = order.ticket
        self._person_keys = person_keys
        self._one_more_key = one_more_key
        held = view.principal_or_none(principal) if principal else None
        # Without the key of whoever acts nothing can be sealed: the record then says less of where it came from.
        self._key = held.key if held and person_keys.get(held.key) is not None else None
        self._own_key: KeyId | None = None
        caller, origin = order.caller, order.origin
        self._actor = Actor(principal=principal, token=caller.token, system=caller.system)
        self._source = Source(request=origin.request, traceparent=origin.traceparent)
        self._sealing = self._key is not None and bool(origin.address or origin.user_agent)

    def actor(self, event: EventId) -> Actor:
        console = self._order.caller.console
        if console:
            return Actor(console=self._seal(console, self._single_key(), event, "console"))
        return self._actor

    def source(self, event: EventId) -> Source:
        if not self._sealing:
            return self._source
        origin = self._order.origin
        return Source(
            address=self._seal(origin.address, self._key, event, "address"),
            user_agent=self._seal(origin.user_agent, self._key, event, "user_agent"),
            request=origin.request,
            traceparent=origin.traceparent,
        )

    def reason(self, event: EventId, data: Event) -> Sealed | None:
        """The reason stands on every record but the children of a bulk deletion, whose parent has it."""
        if not self._order.reason or isinstance(data, Removal | ContractsRestored | FactsRestored):
            return None
        return self._seal(self._order.reason, self._single_key(), event, "reason")

    def _single_key(self) -> KeyId:
        if self._own_key is None:
            self._own_key = self._one_more_key()
        return self._own_key

    def _seal(self, text: str, key: KeyId | None, event: EventId, field: str) -> Sealed | None:
        if not text or key is None:
            return None
        return seal.seal_text(text, key, event, field, self._person_keys)


def redeemer(decided: list[Event]) -> PrincipalId | None:
    """Who acts when a code is redeemed: the person that it was made for."""
    return next((event.principal for event in decided if isinstance(event, InvitationRedeemed)), None)


_CARRIERS = frozenset({NewKey, NewPrincipal, NewToken, NewValue, NewValues, TokenPair})


class Material(msgspec.Struct):
    """What a command carries for the vault and for sealing, by its name."""

    secrets: dict[VaultRef, Secret] = {}
    keys: dict[KeyId, Secret] = {}


def material_of(command: Command) -> Material:
    found = Material()
    for field in _carrying(type(command)):
        value = getattr(command, field)
        match value:
            case NewPrincipal():
                found.keys[value.key] = value.raw_key
            case NewKey():
                found.keys[value.id] = value.raw_key
            case NewToken():
                found.secrets[value.ref] = value.value
            case NewValue():
                found.secrets[value.ref] = value.value
            case TokenPair():
                found.secrets[value.read_only.ref] = value.read_only.value
                found.secrets[value.read_write.ref] = value.read_write.value
            case NewValues():
                found.secrets.update((one.ref, one.value) for one in value.values)
            case _:
                pass  # one that was left out
    published = command.contracts if isinstance(command, PublishContracts) else (command,)
    for contract in published:
        if isinstance(contract, PublishContract):
            found.secrets[contract.body_ref] = contract.body
    return found


@functools.cache
def _carrying(kind: type[Command]) -> tuple[str, ...]:
    """The fields that carry any; every other one is a plain value, which the event itself carries."""
    hints = typing.get_type_hints(kind)
    return tuple(
        field
        for field in kind.__struct_fields__
        if {hints[field], *typing.get_args(hints[field])} & _CARRIERS
    )
