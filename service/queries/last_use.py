"""When tokens were last used: what replicas kept, and what this one noted since."""

from collections.abc import Iterable
from datetime import datetime

from service.log import token_use
from service.queries.reading import Reader
from service.uses import Uses
from service.vocabulary import TokenId


async def last_used(reader: Reader, uses: Uses, tokens: Iterable[TokenId]) -> dict[TokenId, datetime]:
    """The latest known use of each; a token that nobody is known to have used is not there. Raises Unavailable."""
    wanted = list(tokens)
    async with reader.connection() as connection:
        found = await token_use.latest(connection, wanted)
    for token in wanted:
        noted = uses.noted(token)
        if noted is not None and (token not in found or found[token] < noted):
            found[token] = noted
    return found
