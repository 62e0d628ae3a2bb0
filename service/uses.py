"""When tokens were last used (section 3.8), as one replica sees it: noted in memory, kept in Postgres now and then.

It is approximate, and never in the way of a request: with the database away, or after a crash, what was noted since it
was last kept is lost, and nothing else. No record and no decision depends on it.
"""

import time
from datetime import datetime

from projections.view import View
from service.log import token_use
from service.log.connect import Connection
from service.vocabulary import TokenId

KEPT_EVERY_SECONDS = 60.0
_AT_ONCE = 1_000


class Uses:
    """What was noted and is not kept yet."""

    def __init__(self) -> None:
        self._noted: dict[TokenId, datetime] = {}
        self._kept_at = time.monotonic()
        self._looked_at = token_use.FIRST

    def note(self, token: TokenId, at: datetime) -> None:
        """The token was presented, and it works."""
        self._noted[token] = at

    def noted(self, token: TokenId) -> datetime | None:
        """Its last use here since it was last kept."""
        return self._noted.get(token)

    @property
    def due(self) -> bool:
        """Whether what was noted has waited for long enough."""
        return time.monotonic() - self._kept_at >= KEPT_EVERY_SECONDS

    @property
    def any(self) -> bool:
        """Whether there is something to keep."""
        return bool(self._noted)

    async def keep(self, connection: Connection, view: View) -> None:
        """Keep what was noted, and look at some of what was kept before: what is gone by the view is dropped.

        What fails stays noted for the next time; what is noted meanwhile, too.
        """
        noted = list(self._noted.items())
        for start in range(0, len(noted), _AT_ONCE):
            some = dict(noted[start : start + _AT_ONCE])
            alive = {token: at for token, at in some.items() if view.token_or_none(token) is not None}
            if alive:
                await token_use.keep(connection, alive)
            for token, at in some.items():
                if self._noted.get(token) is at:
                    del self._noted[token]
        await self._drop_some(connection, view)
        self._kept_at = time.monotonic()

    async def _drop_some(self, connection: Connection, view: View) -> None:
        """A token that this replica does not know yet is left alone: another one may have issued it."""
        some = await token_use.some(connection, self._looked_at, _AT_ONCE)
        self._looked_at = some[-1] if len(some) == _AT_ONCE else token_use.FIRST
        known = view.directory.tokens
        gone = [token for token in some if token in known and view.token_or_none(token) is None]
        if gone:
            await token_use.drop(connection, gone)
