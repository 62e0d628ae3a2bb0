"""What the vault holds in the clear, for the edges that may show it. Deciding who may see it is theirs."""

from collections.abc import Sequence

from projections.tokens import Token
from service import errors
from service.log import reader as log_reader
from service.log.keys import Keys
from service.queries.reading import Reader
from service.vocabulary import VaultRef


async def token_value(reader: Reader, keys: Keys, token: Token) -> str:
    """The value that works now. Raises NotFound once it was superseded, Broken for a row that does not open."""
    return (await body(reader, keys, token.value)).decode()


async def contract_body(reader: Reader, keys: Keys, ref: VaultRef) -> bytes:
    """A contract's text. Raises Destroyed once it was forgotten, which only a contract of the past can be."""
    try:
        return await body(reader, keys, ref)
    except errors.NotFound:
        raise errors.Destroyed(
            "The body of this contract left the vault: nothing had held it for longer than what is deleted is kept."
        ) from None


async def body(reader: Reader, keys: Keys, ref: VaultRef) -> bytes:
    """The plaintext under a ref. Raises NotFound once it was superseded, Broken for a row that does not open."""
    async with reader.connection() as connection:
        ciphertext = await log_reader.vault(connection, ref)
    if ciphertext is None:
        raise errors.NotFound("This value was superseded.", gone=True)
    return keys.open_vault(ref, ciphertext)


async def bodies(reader: Reader, keys: Keys, refs: Sequence[VaultRef]) -> dict[VaultRef, bytes]:
    """The plaintexts under many refs, read at one stroke; superseded ones are absent. Raises Broken."""
    if not refs:
        return {}
    async with reader.connection() as connection:
        found = await log_reader.vault_rows(connection, refs)
    return {ref: keys.open_vault(ref, ciphertext) for ref, ciphertext in found.items()}
