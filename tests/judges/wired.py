"""HTTP as it goes over the wire: a request whose line and headers are exactly as they are given, and its answer."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

_SECONDS_MAX: Final = 20.0
_CHUNK: Final = 64 * 1024


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. `headers` have small names."""

    status: int
    headers: dict[str, str]
    body: bytes


async def sent(
    port: int, line: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"", *, chunked: bool = False
) -> Told:
    """Send `PUT /x//y` octet by octet as it stands there, to loopback, and read the answer.

    An answer to more than was asked, or none, is an error.
    """
    method, _, target = line.partition(" ")
    lines = [f"{method} {target} HTTP/1.1", "Host: contracts.example.org"]
    if not any(name == "Connection" for name, _ in headers):
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in headers]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif body or method in ("PUT", "POST", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return await played(port, head, _in_chunks(body) if chunked else body)


async def played(port: int, head: bytes, body: bytes = b"") -> Told:
    """Send these octets to loopback, and read the answer."""
    async with asyncio.timeout(_SECONDS_MAX):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head)
            writer.write(body)
            return await _read(reader, head.partition(b" ")[0].decode())
        finally:
            writer.close()


def _in_chunks(body: bytes) -> bytes:
    parts = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


async def _read(reader: asyncio.StreamReader, method: str) -> Told:
    status, headers = 100, dict[str, str]()
    while status == 100:  # `Expect` is not sent, and yet a proxy may say it
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        headers = {one.partition(":")[0].lower(): one.partition(":")[2].strip() for one in head[1:] if one}
    if method == "HEAD" or status in (204, 304):
        return Told(status=status, headers=headers, body=b"")
    if headers.get("transfer-encoding") == "chunked":
        parts = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        return Told(status=status, headers=headers, body=b"".join(parts))
    length = headers.get("content-length")
    body = await reader.read() if length is None else await reader.readexactly(int(length))
    return Told(status=status, headers=headers, body=body)
