"""What PUT, PATCH and POST have in common: the order that publishes a contract, prepared against what is there.

What a contract says is no part of the state that orders are decided on, its digest is: so the content that a version
has already is read and compared here, and the order is decided only while the version still has that very content.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypeVar
from weakref import WeakValueDictionary

import msgspec

from projections import access
from projections.contracts import Contract
from projections.view import View
from service import errors
from service.commands.contracts import PublishContract, PublishContracts
from service.http import applications, breathing, merging, requests
from service.http.edge import Call
from service.http.requests import Body
from service.orders import Outcome
from service.queries import vault
from service.vocabulary import ApplicationId, ContractId, Secret, name

C = TypeVar("C", PublishContract, PublishContracts)
_TRIES: Final = 20
"""How often a comparison is made anew because somebody else published the same version meanwhile."""
_turns: Final[WeakValueDictionary[tuple[str, str], asyncio.Lock]] = WeakValueDictionary()
"""Of versions that are being published by several at once; nobody's who waits for none."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One contract that is to be published, its names as they are kept.

    `merges`: what is there already stays, and this is added to it.
    """

    consumer: str
    provider: str
    version: str
    branch: str | None
    octets: bytes
    merges: bool = False


async def ordered(
    call: Call,
    prepared: Callable[[View], Awaitable[C]],
    body: Body | None = None,
    *,
    whose: tuple[str, str],
) -> tuple[Outcome, C]:
    """Give the order that `prepared` makes of a view, and make it anew where what it was compared with was replaced.

    `whose` are the consumer and the version. Those who publish it at once and were overtaken wait for each other, so
    that however many they are, each has its turn; only other replicas can overtake them again.
    """
    command = await prepared(call.view)
    try:
        return await requests.handle(call, command, body), command
    except errors.Refused as refusal:
        if refusal.reason != "contract_moved":
            raise
    async with _turns.setdefault(whose, asyncio.Lock()):
        for _ in range(_TRIES - 2):
            command = await prepared(call.edge.replica.now())
            try:
                return await requests.handle(call, command, body), command
            except errors.Refused as refusal:
                if refusal.reason != "contract_moved":
                    raise
        command = await prepared(call.edge.replica.now())
        return await requests.handle(call, command, body), command


async def publication(call: Call, view: View, wanted: Wanted, consumer_id: ApplicationId) -> PublishContract:
    """The order for one contract, with new ids for whatever it makes, compared with what the version has."""
    fresh = call.edge.fresh
    made = PublishContract(
        contract=ContractId(fresh.id()),
        consumer=wanted.consumer,
        provider=wanted.provider,
        consumer_id=consumer_id,
        provider_id=ApplicationId(fresh.id()),
        version=wanted.version,
        branch=wanted.branch,
        digest=hashlib.sha256(wanted.octets).hexdigest(),
        body_ref=fresh.ref(),
        body=Secret(wanted.octets),
        overwrites=not wanted.merges and call.edge.settings.contract_changes == "allowed",
    )
    held = held_by(view, wanted.consumer, wanted.provider, wanted.version)
    if held is None or held.digest == made.digest or not _permitted(call, view, made):
        return made
    return await _compared(call, made, held, merges=wanted.merges)


def held_by(view: View, consumer: str, provider: str, version: str) -> Contract | None:
    """What the version of the consumer has with the provider, by their names as they are kept."""
    first, second = view.application_named(consumer), view.application_named(provider)
    if first is None or second is None:
        return None
    return view.contract_of(first.id, second.id, version)


async def difference(call: Call, view: View, contract: PublishContract) -> str:
    """How an order's content differs from what its version has, for whoever is told of the conflict."""
    held = held_by(view, contract.consumer, contract.provider, contract.version)
    if held is None:
        return ""
    before, given = await vault.body(call.edge.reader, call.edge.keys, held.body), contract.body.octets()
    return await breathing.beside(len(before) + len(given), lambda: merging.difference(before, given))


def spelt(view: View, text: str) -> str:
    """The name of the application that is meant, if it is here; otherwise the text's, for one that is made."""
    try:
        return applications.named(view, text).name
    except errors.NotFound:
        return name(text)


async def _compared(call: Call, made: PublishContract, held: Contract, *, merges: bool) -> PublishContract:
    before = await vault.body(call.edge.reader, call.edge.keys, held.body)
    given = made.body.octets()
    size = len(before) + len(given)
    if await breathing.beside(size, lambda: merging.says_the_same(before, given)):
        return _with(made, held, "same")
    if not merges:
        return _with(made, held, "other")
    both = await breathing.beside(size, lambda: merging.merged(before, given))
    if both is None:
        return _with(made, held, "other")
    if both == before:
        return _with(made, held, "same")
    digest = hashlib.sha256(both).hexdigest()
    return _with(msgspec.structs.replace(made, digest=digest, body=Secret(both)), held, "merged")


def _with(
    made: PublishContract, held: Contract, compared: Literal["other", "same", "merged"]
) -> PublishContract:
    return msgspec.structs.replace(made, basis=held.digest, compared=compared)


def _permitted(call: Call, view: View, command: PublishContract) -> bool:
    """Whether the caller may publish it, as far as is seen before; the door judges. Who may not has nothing read."""
    principal = call.caller.principal
    return principal is not None and all(
        access.may(view, principal, need.action, need.target) for need in command.needs(view, call.caller)
    )
