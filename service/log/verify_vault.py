"""What the vault must hold, by the log: a row for every live ref, none for a superseded one, none that nobody named."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import msgspec

from service import errors
from service.events.contracts import ContractDeleted, ContractPublished, ContractsRemoved
from service.events.tokens import TokenIssued, TokenRegenerated
from service.events.users import PrincipalDeleted
from service.log import sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.recorded import Recorded
from service.vocabulary import PrincipalId, VaultRef

_PAGE = 500


class _Named(msgspec.Struct):
    """A ref with the position that named it and what its value must hash to."""

    position: int
    digest: str
    token: bool
    state: str = "live"
    """`live`: the row must be there. `superseded`: it must be gone. `ended`: its owner was deleted; either is right."""


class Refs:
    """Every ref that the log ever named, and what must be there for it."""

    def __init__(self) -> None:
        self._named: dict[VaultRef, _Named] = {}
        self._bodies: dict[tuple[str, str, str], VaultRef] = {}
        self._tokens: dict[PrincipalId, dict[str, VaultRef]] = {}

    def take(self, record: Recorded) -> None:
        """Follow the log by one record."""
        match event := record.data:
            case TokenIssued():
                self._name(record, event.value, event.digest, token=True)
                self._tokens.setdefault(event.principal, {})[event.token] = event.value
            case TokenRegenerated():
                self._leave(event.value_before, "superseded")
                self._name(record, event.value, event.digest, token=True)
                self._tokens.setdefault(event.principal, {})[event.token] = event.value
            case PrincipalDeleted():
                for ref in self._tokens.pop(event.principal, {}).values():
                    self._leave(ref, "ended")
            case ContractPublished():
                version = (event.consumer, event.provider, event.version)
                if (before := self._bodies.get(version)) is not None:
                    self._leave(before, "superseded")
                self._name(record, event.body, event.digest, token=False)
                self._bodies[version] = event.body
            case ContractDeleted():
                self._end_body(event.consumer, event.provider, event.version)
            case ContractsRemoved():
                for gone in event.contracts:
                    self._end_body(gone.consumer, gone.provider, gone.version)
            case _:  # no other event names a value
                pass

    async def disagreements(self, connection: Connection, keys: Keys) -> AsyncIterator[tuple[int, str]]:
        """The (position, sentence) of every row that is missing, left over, or not what the log says it is."""
        seen: set[VaultRef] = set()
        after = VaultRef("00000000-0000-0000-0000-000000000000")
        while rows := await connection.fetch(sql.text("vault_page"), after, _PAGE):
            for row in rows:
                after = row["ref"]
                seen.add(after)
                if (wrong := self._judge(after, row["ciphertext"], keys)) is not None:
                    yield wrong
            await asyncio.sleep(0)
        for ref, named in self._named.items():
            if named.state == "live" and ref not in seen:
                yield (
                    named.position,
                    f"The value that position {named.position} put into the vault ({ref}) is missing.",
                )

    def _judge(self, ref: VaultRef, ciphertext: bytes, keys: Keys) -> tuple[int, str] | None:
        named = self._named.get(ref)
        if named is None:
            return 0, f"The vault holds {ref}, which no record names."
        if named.state == "superseded":
            return (
                named.position,
                f"The value of position {named.position} ({ref}) was superseded and is still there.",
            )
        try:
            value = keys.open_vault(ref, ciphertext)
        except errors.Broken as failure:
            return named.position, failure.sentence
        digest = (
            keys.token_digest(value.decode(errors="replace"))
            if named.token
            else hashlib.sha256(value).hexdigest()
        )
        if digest != named.digest:
            return (
                named.position,
                f"The value of position {named.position} ({ref}) is not the one that was recorded.",
            )
        return None

    def _name(self, record: Recorded, ref: VaultRef, digest: str, *, token: bool) -> None:
        known = self._named.get(ref)
        position = record.position if known is None else known.position
        self._named[ref] = _Named(position, digest, token)

    def _leave(self, ref: VaultRef, state: str) -> None:
        if ref in self._named:
            self._named[ref].state = state

    def _end_body(self, consumer: str, provider: str, version: str) -> None:
        ref = self._bodies.pop((consumer, provider, version), None)
        if ref is not None:
            self._leave(ref, "ended")
