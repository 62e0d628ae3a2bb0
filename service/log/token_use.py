"""When tokens were last used, in the table `token_use`: beside the record, approximate, and missed by nobody."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from service.log import sql
from service.log.connect import Connection
from service.vocabulary import TokenId

FIRST = TokenId("00000000-0000-0000-0000-000000000000")
"""Before every token."""


async def keep(connection: Connection, uses: Mapping[TokenId, datetime]) -> None:
    """Merge these into what is kept; in one order everywhere, so that replicas that do it at once do not deadlock."""
    tokens = sorted(uses)
    await connection.execute(sql.text("keep_token_uses"), tokens, [uses[token] for token in tokens])


async def latest(connection: Connection, tokens: Iterable[TokenId]) -> dict[TokenId, datetime]:
    """When these were last used; a token of which no use was kept is not there."""
    rows = await connection.fetch(sql.text("token_uses"), list(tokens))
    return {TokenId(str(row["token"])): row["used_at"] for row in rows}


async def some(connection: Connection, after: TokenId, tokens_max: int) -> list[TokenId]:
    """The next tokens of which a use is kept, in order."""
    rows = await connection.fetch(sql.text("some_used_tokens"), after, tokens_max)
    return [TokenId(str(row["token"])) for row in rows]


async def drop(connection: Connection, tokens: Iterable[TokenId]) -> None:
    """Keep nothing of these any more."""
    await connection.execute(sql.text("drop_token_uses"), list(tokens))
