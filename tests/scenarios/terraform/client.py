"""One call as the provider's client makes it (section 5.1 of the vendor's rules).

It neither retries nor forgives: an answer that does not decode into what was expected ends the run.
"""

import json
from itertools import cycle
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from yarl import URL

T = TypeVar("T")
ACCEPT: Final = "application/hal+json, application/json"
USER_AGENT: Final = "terraform-pact/0.10.1"
_SEGMENT_KEEPS: Final = "$&+=:@"
_PATH_KEEPS: Final = "$&+,/:;=@"
"""What Go's net/url leaves as it is in one segment, and in a whole path."""
_UNREADABLE: Final = "the server refused, and gave no reason that can be read"


class Failed(Exception):
    """The service answered 400 or above: the run ends. The message is what the client could read of the reason."""

    def __init__(self, method: str, path: str, status: int, octets: bytes) -> None:
        self.status = status
        self.reason = reason(octets)
        super().__init__(f"{method} {path}: {status} {self.reason} ({octets[:300].decode(errors='replace')})")


class Crashed(Exception):
    """An answer that the client's code does not survive: an empty body where it decodes, a 2xx without a place."""


class Exchange(NamedTuple):
    """One call and what it was answered with, and how many were under way when it began, itself included."""

    method: str
    path: str
    status: int
    under_way: int


class Client:
    """Speaks to one host with one token. `exchanges` is every call that was answered, in that order.

    More hosts are replicas behind a balancer that gives each call to the next one.
    """

    def __init__(self, session: aiohttp.ClientSession, host: str, token: str, *replicas: str) -> None:
        self.host = host
        self.token = token
        self.exchanges: list[Exchange] = []
        self._roots = cycle([_root(one) for one in (host, *replicas)])
        self._session = session
        self._under_way = 0

    async def decoded(self, into: type[T], method: str, *segments: str, body: object = None) -> T:
        """A call whose answer is decoded. Raises Failed, or Crashed for an answer that does not fit."""
        _, _, octets = await self._call(method, segments, body)
        if not octets:
            raise Crashed(f"{method} /{'/'.join(segments)}: EOF")
        try:
            return msgspec.json.decode(octets, type=into)
        except msgspec.MsgspecError as failure:
            raise Crashed(f"{method} /{'/'.join(segments)}: {failure}: {octets[:600].decode()}") from failure

    async def done(self, method: str, *segments: str, body: object = None) -> None:
        """A call whose answer is not looked at. Raises Failed."""
        await self._call(method, segments, body)

    async def located(self, method: str, *segments: str, body: object = None) -> str:
        """The place of what was made, which 201 alone gives. Raises Failed, Crashed."""
        status, location, _ = await self._call(method, segments, body)
        if status != 201 or not location:
            raise Crashed(f"{method} /{'/'.join(segments)}: {status} with the location {location!r}")
        return location

    async def _call(self, method: str, segments: tuple[str, ...], body: object) -> tuple[int, str, bytes]:
        path = address(*segments)
        headers = {"Accept": ACCEPT, "User-Agent": USER_AGENT, "Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._under_way += 1
        under_way = self._under_way
        try:
            async with self._session.request(
                method,
                URL(next(self._roots) + path, encoded=True),
                data=None if body is None else encoded(body),
                headers=headers,
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
            ) as answer:
                octets = await answer.read()
        finally:
            self._under_way -= 1
        self.exchanges.append(Exchange(method, path, answer.status, under_way))
        if answer.status >= 400:
            raise Failed(method, path, answer.status, octets)
        return answer.status, answer.headers.get("Location", ""), octets


def address(*segments: str) -> str:
    """The path as it goes over the wire. Each segment is escaped by itself, and the whole path once more."""
    return quote("/" + "/".join(quote(one, safe=_SEGMENT_KEEPS) for one in segments), safe=_PATH_KEEPS)


def encoded(body: object) -> bytes:
    """A body as Go encodes it: what a browser could take for markup is escaped, and a line ends it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    for character in "&<>\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"{text}\n".encode()


def _root(host: str) -> str:
    """Where paths begin: a base path is dropped."""
    parts = urlsplit(host)
    return f"{parts.scheme}://{parts.netloc}"


def sent(**fields: Any) -> dict[str, Any]:
    """A body's fields without the empty ones, which are never sent (Go's `omitempty`)."""
    return {name: value for name, value in fields.items() if value not in (None, "", 0, False, [], ())}


def last_segment(href: str) -> str:
    """The id at the end of an address, which is all that some answers say of what was made."""
    return href.rsplit("/", 1)[-1]


def reason(octets: bytes) -> str:
    """What the client can read of an error's body (section 4.2): three shapes, and a general sentence otherwise."""
    try:
        document = json.loads(octets)
    except ValueError:
        return _UNREADABLE
    match document:
        case {"errors": list(sentences)} if all(isinstance(one, str) for one in sentences):
            return "; ".join(sentences)
        case {"errors": dict(fields)}:
            return "; ".join(f"{field}: {', '.join(sentences)}" for field, sentences in fields.items())
        case {"error": {"message": str(message), "reference": str(reference)}}:
            return f"{message} ({reference})"
        case _:
            return _UNREADABLE
