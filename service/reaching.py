"""How receivers of webhooks are reached: by a client that connects to no address but one that is allowed.

The address that is connected to is the one that is checked (`service.targets`): a name is resolved here, every address
that it has is judged, and the socket is made for one of these and no other. So a name that changes between the check
and the connection leads nowhere new. There are no proxies from the environment and no cookies, and no connection is
used twice.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from service import targets
from service.settings import Settings
from service.settings_values import Network

_TAKEN_BYTES: Final = 8_192
"""Of an answer that are taken at a time: cut into the smallest of pieces, they keep everybody else waiting for long."""
LOOKUPS_MAX: Final = 32
"""Names that are looked up at once, in threads of their own: a lookup cannot be ended, and may take half a minute."""


class Client:
    """What sends. Made without connecting to anything; `close` it at the end."""

    def __init__(
        self,
        settings: Settings,
        release: str,
        clock: Callable[[], datetime],
        lookup: Callable[[str, int, int], list[str]] | None = None,
    ) -> None:
        """`lookup` says what addresses a name has (host, port, family); by default the system does."""
        self.held = ""
        """Why nothing may be sent from here; empty where it may. Whoever sends asks."""
        self.clock = clock
        self.seconds_max = float(settings.webhook_timeout_seconds)
        self.user_agent = f"Muniment/{release}"
        self.allowed = settings.webhook_allowed_networks
        self._ca_file = settings.webhook_ca_file
        self._lookup = lookup or _looked_up
        self._session: aiohttp.ClientSession | None = None
        self._lookups = ThreadPoolExecutor(LOOKUPS_MAX, "muniment lookup")
        self._opening = asyncio.Lock()

    async def session(self) -> aiohttp.ClientSession:
        """The session, made when it is first needed: reading the system's certificates takes a moment.

        Raises OSError or ssl.SSLError for a file of certificates that cannot be read.
        """
        async with self._opening:
            if self._session is None:
                context = await asyncio.to_thread(self._context)
                self._session = aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(
                        ssl=context,
                        resolver=_Resolver(self._lookups, self._lookup, self.allowed),
                        socket_factory=self.socket_for,
                        use_dns_cache=False,
                        force_close=True,
                        limit=0,  # whoever sends counts
                    ),
                    timeout=aiohttp.ClientTimeout(
                        total=None, connect=None, sock_connect=None, sock_read=None
                    ),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                    auto_decompress=False,
                    skip_auto_headers=("Accept-Encoding", "Content-Type"),
                )
            return self._session

    async def close(self) -> None:
        """End every connection. Lookups that are under way are left to themselves."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context

    def socket_for(self, address: Any) -> socket.socket:
        """A socket for this very address, if it may be connected to. Addresses that were written out come only here."""
        family, kind, protocol, _, where = address
        targets.require(str(where[0]), self.allowed)
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _TAKEN_BYTES)
        return made


class _Resolver(AbstractResolver):
    """Looks names up as the system does, and lets none pass that has an address which is denied."""

    def __init__(
        self,
        threads: ThreadPoolExecutor,
        lookup: Callable[[str, int, int], list[str]],
        allowed: Sequence[Network],
    ) -> None:
        self._threads = threads
        self._lookup = lookup
        self._allowed = tuple(allowed)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of the name. Raises TargetDenied for a single one that is denied, OSError for no address."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, self._lookup, host, port, family or socket.AF_UNSPEC
        )
        if not found:
            raise OSError("no address")
        for address in found:
            targets.require(address, self._allowed)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _looked_up(host: str, port: int, family: int) -> list[str]:
    rows = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    found = []
    for row in rows:
        address = str(row[4][0])
        if row[0] == socket.AF_INET6 and len(row[4]) == 4 and row[4][3]:
            address = f"{address.partition('%')[0]}%{row[4][3]}"  # of one link only: nothing that is public
        found.append(address)
    return list(dict.fromkeys(found))
