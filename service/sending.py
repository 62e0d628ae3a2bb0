"""One request of a webhook, sent as it is, and what came of it. Nothing that it holds is ever told.

How a receiver is reached, and which ones may be: `service.reaching`. No redirect is followed.
Of what goes wrong only a code of ours is kept: the texts of exceptions hold addresses, and those may hold keys.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import aiohttp
import msgspec
from yarl import URL

from service import targets
from service.reaching import Client
from service.settings_values import Network
from service.targets import TargetDenied
from service.vocabulary import Secret

RESPONSE_BYTES_MAX: Final = 1_048_576
"""So much of an answer is read, so that a receiver may finish its sentence, and thrown away."""
NEVER_SENT: Final = frozenset(
    {
        *(
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "keep-alive",
            "upgrade",
            "expect",
            "te",
        ),
        *("trailer", "proxy-authorization", "proxy-connection", "muniment-delivery", "muniment-attempt"),
    }
)
"""Headers that say how the request travels, or what it is to us: a webhook's own are left out, in lower case."""
Problem = Literal[
    "",
    "status",
    "redirect",
    "target_denied",
    "connection",
    "tls",
    "timeout",
    "dns",
    "bad_request",
    "vault",
]
PROBLEMS: Final[tuple[Problem, ...]] = (
    "", "status", "redirect", "target_denied", "connection", "tls", "timeout", "dns", "bad_request", "vault",
)  # fmt: skip
"""Why an attempt was none that succeeded; empty for one that did.

`status`: an answer that is not 2xx. `redirect`: 3xx, which is not followed. `target_denied`: an address that is not
allowed. `connection`, `tls`, `timeout`, `dns`: no answer, or none that can be read. `bad_request`: what came of the
template cannot be sent. `vault`: a value that it needs does not open.
"""
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")
_METHOD: Final = re.compile(r"[A-Za-z]{1,20}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


class Outgoing(Protocol):
    """A request that can be sent as it is; what it holds is wrapped, so that no log and no traceback shows it."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> Secret: ...
    @property
    def headers(self) -> tuple[tuple[str, Secret], ...]: ...
    @property
    def body(self) -> Secret | None: ...
    @property
    def unresolved(self) -> tuple[str, ...]: ...


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt. `status` is None where no answer came; `response_bytes` counts what was read of it."""

    success: bool
    status: int | None
    problem: Problem
    sent_at: datetime
    milliseconds: int
    response_bytes: int | None
    unresolved: tuple[str, ...] = ()


class _Answer(msgspec.Struct):
    """What is known of the answer so far, also where the rest never comes."""

    status: int | None = None
    octets: int | None = None


async def send(client: Client, request: Outgoing, *, delivery: str, attempt: int) -> Attempted:
    """Send the request once. `delivery` and `attempt` tell the receiver which one it is (from 1 on).

    Never raises for what a receiver or an address does; only cancellation ends it early. The time limit covers all of
    it: looking up the name, connecting, the answer's head and its body.
    """
    answer = _Answer()
    sent_at, began = client.clock(), time.monotonic()
    problem = await _problem(client, request, delivery, attempt, answer)
    return Attempted(
        success=problem == "",
        status=answer.status,
        problem=problem,
        sent_at=sent_at,
        milliseconds=max(0, round((time.monotonic() - began) * 1_000)),
        response_bytes=answer.octets,
        unresolved=request.unresolved,
    )


async def _problem(
    client: Client, request: Outgoing, delivery: str, attempt: int, answer: _Answer
) -> Problem:
    try:
        async with asyncio.timeout(client.seconds_max):
            return await _exchanged(client, request, delivery, attempt, answer)
    except TargetDenied:
        return "target_denied"
    except TimeoutError:  # those of aiohttp included
        return "timeout"
    except aiohttp.ClientConnectorDNSError:
        return "dns"
    except (aiohttp.ClientSSLError, ssl.SSLError):
        return "tls"
    except (aiohttp.InvalidURL, ValueError, TypeError, UnicodeError):
        return "bad_request"
    except (aiohttp.ClientError, OSError, EOFError, RuntimeError):
        return "connection"


async def _exchanged(
    client: Client, request: Outgoing, delivery: str, attempt: int, answer: _Answer
) -> Problem:
    """Send, and read the answer to its end or to the bound."""
    url = _url(request.url.text(), client.allowed)
    if not _METHOD.fullmatch(request.method) or request.method.upper() == "CONNECT":
        raise ValueError  # CONNECT would be for a proxy
    session = await client.session()
    async with session.request(
        request.method.upper(),
        url,
        headers=_headers(client, request, delivery, attempt),
        data=None if request.body is None else request.body.octets(),
        allow_redirects=False,
    ) as response:
        answer.status, answer.octets = response.status, 0
        while answer.octets < RESPONSE_BYTES_MAX:
            piece = await response.content.read(min(65_536, RESPONSE_BYTES_MAX - answer.octets))
            if not piece:
                break
            answer.octets += len(piece)
        if answer.octets >= RESPONSE_BYTES_MAX:
            response.close()  # what is left may never end
    if 300 <= response.status < 400:
        return "redirect"
    return "" if 200 <= response.status < 300 else "status"


def _url(text: str, allowed: Sequence[Network]) -> URL:
    """The URL as it is written, byte for byte. Raises ValueError for one that cannot be sent, and says no more."""
    if not _SENDABLE.fullmatch(text):
        raise ValueError
    url = URL(text, encoded=True)
    if url.scheme not in ("http", "https") or not url.raw_host or url.raw_user or url.raw_password:
        raise ValueError
    if url.port is None or not 0 < url.port < 65_536:
        raise ValueError
    if _is_number(url.raw_host):
        # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to many: who means an address writes it out.
        targets.require(url.raw_host.rstrip("."), allowed)
    return url


def _is_number(host: str) -> bool:
    """Whether the host is an IPv4 address, or would be read as one: its last label is a number (WHATWG URL)."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return ":" not in host and re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last) is not None


def _headers(client: Client, request: Outgoing, delivery: str, attempt: int) -> list[tuple[str, str]]:
    """The request's own, without those that are ours to write, and ours."""
    own = [(name, value.text()) for name, value in request.headers if name.lower() not in NEVER_SENT]
    if any(not _HEADER.fullmatch(name) or re.search(r"[\x00\r\n]", value) for name, value in own):
        raise ValueError
    if not any(name.lower() == "user-agent" for name, _ in own):
        own.append(("User-Agent", client.user_agent))
    return [*own, ("Muniment-Delivery", delivery), ("Muniment-Attempt", str(attempt))]
