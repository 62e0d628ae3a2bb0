"""A wire between a service and Postgres that misbehaves as it is told: cuts, silence, delay.

It passes bytes on unread, but for two things: which connection appends, by its application_name, and which of its
statements is an append, by its length.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Cut = Literal["before Postgres sees it", "after Postgres did it", "and Postgres does it late"]
LATE_SECONDS = 0.3
APPENDING = b"muniment/append"
STATEMENT_BYTES_MIN = 700
"""What an append sends is longer than anything else on its connection."""


class Wire:
    """Carries every connection to Postgres.

    `cut` says what befalls the next append, after so many pieces of one as are `spared`. While `silent`, everything
    that is sent is swallowed, both ways, and the connection over which it was sent stays open and silent for good, as
    when a firewall forgets it. `delay_seconds` holds up each piece of Postgres' answers, from the moment on where
    `slow_from` was sent, if that is not empty. While `refusing`, nobody is let in.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.cut: Cut | None = None
        self.at: Literal["append", "commit"] = "append"
        self.spared = 0
        self.cuts = 0
        self.silent = False
        self.refusing = False
        self.delay_seconds = 0.0
        self.slow_from = b""
        self._late: list[asyncio.Task[None]] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    async def carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        carrying = asyncio.create_task(self._carry(client, back))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)
        await asyncio.wait({carrying})

    async def close(self) -> None:
        """Cut every connection, and see that nothing of them is left."""
        self.drop()
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=5)

    async def _carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.refusing:
            back.close()
            return
        try:
            if self._host.startswith("/"):
                server, forth = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
            else:
                server, forth = await asyncio.open_connection(self._host, self._port)
        except OSError:  # Postgres is away: so is the wire's other end
            back.close()
            return
        dead = asyncio.Event()
        replies = asyncio.create_task(self._replies(server, back, dead))
        self._open.add(back)
        appending = False
        try:
            while octets := await client.read(65_536):
                if self.silent:
                    dead.set()
                if dead.is_set():
                    continue
                appending = appending or APPENDING in octets
                if self.slow_from and self.slow_from in octets:
                    self.slow_from = b""
                if appending and self.cut is not None and self._chosen(octets):
                    cut, self.cut = self.cut, None
                    self.cuts += 1
                    await self._cut(cut, octets, (client, server), forth, replies)
                    return
                forth.write(octets)
        except OSError:
            pass  # an end that was killed closes nothing in order
        finally:
            self._open.discard(back)
            replies.cancel()
            back.close()
            if self._late:
                await asyncio.gather(*self._late)
            forth.close()

    def drop(self) -> None:
        """Cut every connection at once, whatever passes over it."""
        for back in list(self._open):
            back.transport.abort()

    def _chosen(self, octets: bytes) -> bool:
        if self.at == "commit":
            return b"COMMIT;" in octets
        if len(octets) <= STATEMENT_BYTES_MIN:
            return False
        self.spared -= 1
        return self.spared < 0

    async def _cut(
        self,
        cut: Cut,
        octets: bytes,
        ends: tuple[asyncio.StreamReader, asyncio.StreamReader],
        forth: asyncio.StreamWriter,
        replies: asyncio.Task[None],
    ) -> None:
        client, server = ends
        replies.cancel()
        await asyncio.sleep(0)
        match cut:
            case "before Postgres sees it":
                pass
            case "after Postgres did it":
                forth.write(octets)
                rest = asyncio.create_task(self._pass(client, forth))  # a long statement comes in pieces
                await server.read(1)
                rest.cancel()
            case "and Postgres does it late":
                self._late.append(asyncio.create_task(self._send_late(octets, forth)))

    @staticmethod
    async def _pass(client: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        while octets := await client.read(65_536):
            forth.write(octets)

    async def _send_late(self, octets: bytes, forth: asyncio.StreamWriter) -> None:
        await asyncio.sleep(LATE_SECONDS)
        forth.write(octets)
        await forth.drain()

    async def _replies(
        self, server: asyncio.StreamReader, back: asyncio.StreamWriter, dead: asyncio.Event
    ) -> None:
        try:
            while octets := await server.read(65_536):
                if self.delay_seconds and not self.slow_from:
                    await asyncio.sleep(self.delay_seconds)
                if self.silent:
                    dead.set()
                if not dead.is_set():
                    back.write(octets)
        except OSError:
            pass  # as above
        back.close()


@asynccontextmanager
async def between(dsn: str) -> AsyncIterator[tuple[str, Wire]]:
    """The DSN that leads through a wire to where this one leads, and the wire."""
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host = query["host"][0] if "host" in query else parts.hostname or "127.0.0.1"
    port = int(query["port"][0]) if "port" in query else parts.port or 5432
    wire = Wire(host, port)
    listening = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    user = parts.netloc.rpartition("@")[0]
    address = listening.sockets[0].getsockname()
    try:
        yield f"postgresql://{user}@127.0.0.1:{address[1]}{parts.path}?sslmode=disable", wire
    finally:
        listening.close()
        await wire.close()
