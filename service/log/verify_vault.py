"""What the vault must hold, by the log: a row for every live ref, none for a superseded one, none that nobody named."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import msgspec

from service import errors
from service.events.contracts import ContractPublished
from service.events.deletions import ContractBodiesForgotten
from service.events.secrets import SecretCreated, SecretDeleted, SecretRotated
from service.events.tokens import TokenIssued, TokenRegenerated, TokenRevoked
from service.events.webhooks import WebhookCreated, WebhookDeleted, WebhookRequestChanged
from service.log import sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.recorded import Recorded
from service.vocabulary import VaultRef

_PAGE = 500


class _Named(msgspec.Struct):
    """A ref with the position that named it, what its value must hash to, and whether it must be gone by now.

    Of secrets and of webhooks' requests no event holds a digest: whether such a row opens is all there is to see.
    """

    position: int
    digest: str
    token: bool
    gone: bool = False


class Refs:
    """Every ref that the log ever named.

    A token's value leaves when it is replaced or revoked; a body stays until a record says that it was forgotten.
    """

    def __init__(self) -> None:
        self._named: dict[VaultRef, _Named] = {}

    def take(self, record: Recorded) -> None:
        """Follow the log by one record."""
        match event := record.data:
            case TokenIssued():
                self._named[event.value] = _Named(record.position, event.digest, token=True)
            case TokenRegenerated():
                self._leave(event.value_before)
                self._named[event.value] = _Named(record.position, event.digest, token=True)
            case TokenRevoked():
                self._leave(event.value_before)
            case ContractPublished():  # the same body published again names the row that it has
                self._named.setdefault(event.body, _Named(record.position, event.digest, token=False))
            case ContractBodiesForgotten():
                for one in event.bodies:
                    self._leave(one.body)
            case SecretCreated():
                self._named[event.value] = _Named(record.position, "", token=False)
            case SecretRotated():
                self._leave(event.value_before)
                self._named[event.value] = _Named(record.position, "", token=False)
            case SecretDeleted():
                self._leave(event.value_before)
            case WebhookCreated():
                self._request(event.request.refs, record.position)
            case WebhookRequestChanged():
                for ref in event.before.refs:
                    if ref not in event.after.refs:
                        self._leave(ref)
                self._request(event.after.refs, record.position)
            case WebhookDeleted():
                for ref in event.request.refs:
                    self._leave(ref)
            case _:
                pass  # no other event names a value

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
            if not named.gone and ref not in seen:
                yield (
                    named.position,
                    f"The value that position {named.position} put into the vault ({ref}) is missing.",
                )

    def _judge(self, ref: VaultRef, ciphertext: bytes, keys: Keys) -> tuple[int, str] | None:
        named = self._named.get(ref)
        if named is None:
            return 0, f"The vault holds the value {ref}, which no record names."
        if named.gone:
            return (
                named.position,
                f"The value of position {named.position} ({ref}) was superseded and is still there.",
            )
        try:
            value = keys.open_vault(ref, ciphertext)
        except errors.Broken as failure:
            return named.position, failure.sentence
        if not named.digest:
            return None
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

    def _request(self, refs: tuple[VaultRef, ...], position: int) -> None:
        for ref in refs:
            self._named.setdefault(ref, _Named(position, "", token=False))

    def _leave(self, ref: VaultRef) -> None:
        if ref in self._named:
            self._named[ref].gone = True
