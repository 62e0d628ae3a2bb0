"""Questions that are answered where they arrive, without a task, a router and a turn of the event loop for each.

They are those that gateways ask by the thousand: what stands around them would cost more than they do. They pass the
same frame and the same admission as every other request, and go the way of all others wherever anything must be
waited for, be it the rest of the body, a token that nobody has presented here yet, or a position to come.

A client that asks again and again sends the same head each time. What a head says is worked out once: the same bytes
on an idle connection are the same request, but for its body. Heads are remembered by a keyed digest and without their
token, so that nothing secret stays in memory.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec
from aiohttp import HttpVersion11, StreamReader, helpers, http_writer, streams, web
from aiohttp.http_parser import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy

from service.http import authenticate
from service.http.admission import Admission
from service.http.edge import PROGRESS, Edge
from service.http.route import Route

Quick = Callable[[web.Request], bytes | None]
Framed = Callable[[web.Request, Quick, bytes | None], bytes | None]
"""`server.Frame.at_once`."""
JSON: Final = "application/json"
HEADS_MAX: Final = 1_000
HEAD_BYTES_MAX: Final = 4_096
"""Of a head that is remembered. So all that are take a few MB: others may be as long as `wire` lets them be."""
_END: Final = b"\r\n\r\n"


class Head(msgspec.Struct, frozen=True):
    """A head that was heard before. `body_bytes` is the length of the body that it announces."""

    request: web.Request
    handler: Quick
    body_bytes: int


class AtOnce:
    """The routes that may be answered so, and the heads that were heard of late. One for each application."""

    def __init__(self, edge: Edge, framed: Framed) -> None:
        self._edge = edge
        self._framed = framed
        self._key = edge.keys.mac("heads", b"")
        self._taken: dict[tuple[str, str], tuple[Quick, web.UrlMappingMatchInfo]] = {}
        self._heads: dict[bytes, Head] = {}

    def take(
        self, app: web.Application, admission: Admission, route: Route, placed: web.AbstractRoute
    ) -> None:
        """Answer this route so where it can be; `placed` is where the application has it otherwise."""
        if route.at_once is None:
            return
        matched = web.UrlMappingMatchInfo({}, placed)
        matched.add_app(app)
        self._taken[route.method, route.path] = (admission.at_once(route, route.at_once), matched)

    @property
    def stopping(self) -> bool:
        """Whether connections are not to be kept any more."""
        return self._edge.vigil.stopping

    def takes(self, message: RawRequestMessage, content: StreamReader) -> bool:
        """Whether a request may be one: to the letter such a path, all here, and nothing asked of the connection."""
        return (
            (message.method, message.path) in self._taken
            and content.is_eof()
            and message.version == HttpVersion11
            and not message.should_close
            and not message.upgrade
            and "Expect" not in message.headers
        )

    def answered(self, request: web.Request) -> bytes | None:
        """The whole answer as bytes, to a request that `takes` took; None: it is still to be answered.

        Its body may be read by then, and is kept in its progress.
        """
        handler, matched = self._taken[request.method, request.path]
        request._match_info = matched  # noqa: SLF001  # what aiohttp's own application does after it has routed
        return self._framed(request, handler, None)

    def answered_again(self, octets: bytes) -> bytes | None:
        """The whole answer to a request of which only the body is new; None for any other, and for no whole one."""
        end = octets.find(_END) + len(_END)
        head = self._heads.get(self._digest(octets[:end]))
        if head is None or len(octets) != end + head.body_bytes:
            return None
        answer = self._framed(head.request, head.handler, octets[end:])
        del head.request[PROGRESS]  # with the body, which would be kept as long as the head is
        return answer

    def remember(self, octets: bytes, request: web.Request) -> None:
        """Remember the head of a request that was answered at once; these are all of its bytes."""
        if authenticate.DIGEST not in request or request[PROGRESS].call is not None:
            return  # it was refused, if not before anybody looked at them
        end = octets.find(_END) + len(_END)
        if end > HEAD_BYTES_MAX:
            return
        if len(self._heads) >= HEADS_MAX:
            self._heads.clear()
        handler, _ = self._taken[request.method, request.path]
        self._heads[self._digest(octets[:end])] = Head(_without_token(request), handler, len(octets) - end)

    def _digest(self, head: bytes) -> bytes:
        return hashlib.blake2b(head, key=self._key, digest_size=32).digest()


def _without_token(request: web.Request) -> web.Request:
    """The request as what its head says: without a body, a connection, or the token, whose digest it keeps."""
    headers = CIMultiDict(request.headers)
    headers.popall("Authorization", None)
    message = request._message._replace(headers=CIMultiDictProxy(headers), raw_headers=())  # noqa: SLF001  # its parts
    nobody = cast("Any", _Nobody)
    kept = web.Request(message, streams.EMPTY_PAYLOAD, nobody, nobody, nobody, nobody)
    kept._match_info = request._match_info  # noqa: SLF001  # as above
    kept[authenticate.DIGEST] = request[authenticate.DIGEST]
    return kept


class _Nobody:
    """In place of a connection: a head that was heard before has none of its own."""

    ssl_context = peername = sockname = transport = None


class Connection(web.RequestHandler):
    """aiohttp's connection, except that what can be answered at once is, without becoming a request of its queue."""

    __slots__ = ("_answered", "_at_once", "_whole")

    def __init__(self, manager: web.Server, at_once: AtOnce, **options: Any) -> None:
        super().__init__(manager, **options)
        self._parser = cast("Any", Parser(self._parser, self._answered_instead))
        self._at_once = at_once
        self._answered: web.Request | None = None
        """The request that was answered at once, of what is being parsed."""
        self._whole = True
        """Whether what was heard so far ends with a request, so that what comes next begins one."""

    def heard(self, data: bytes) -> bool:
        """Take in what a client sent. Whether it was a question, whole or its end, that is answered by now."""
        if self._whole and self._idle() and (octets := self._at_once.answered_again(data)) is not None:
            self._write(octets)
            return True
        begun_whole = self._whole
        answered = self._parsed(data)
        self._whole = answered is not None and is_whole(data, answered)
        if answered is not None and self._whole and begun_whole:
            self._at_once.remember(data, answered)
        return answered is not None

    def _parsed(self, data: bytes) -> web.Request | None:
        self._answered = None
        super().data_received(data)
        return self._answered

    def _answered_instead(self, message: RawRequestMessage, content: StreamReader) -> StreamReader | None:
        """Answer a request in place of all that aiohttp would do for it; None where that is done.

        Otherwise its content, as it is to be read by who answers it. Nobody is overtaken: at once is only answered
        where nothing is under way on the connection, and its client takes what it is sent.
        """
        if not self._idle() or not self._at_once.takes(message, content):
            return content
        nobody = cast("Any", None)  # writes for it: the answer is written here
        assert self._request_factory is not None, "an open connection has one"
        request = cast("web.Request", self._request_factory(message, content, self, nobody, nobody))
        octets = self._at_once.answered(request)
        if octets is None:
            return unread(request, content, self._loop)
        self._answered = request
        self._write(octets)
        return None

    def _idle(self) -> bool:
        """Whether nothing is under way here, the client takes what it is sent, and the connection is to be kept."""
        waits = self._waiter is not None and not self._waiter.done() and not self._messages
        return waits and not self._paused and self.transport is not None and not self._at_once.stopping

    def _write(self, octets: bytes) -> None:
        assert self.transport is not None, "an idle connection has one"
        assert self._manager is not None, "as above"
        self._request_count += 1
        self._manager.requests_count += 1
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self.transport.write(octets)


class Parser:
    """aiohttp's parser of requests, except that those which are answered at once are never handed on."""

    __slots__ = ("_answered", "_parser", "feed_eof", "message_consumed", "pause_reading", "set_upgraded")

    def __init__(
        self, parser: Any, answered: Callable[[RawRequestMessage, StreamReader], StreamReader | None]
    ) -> None:
        """`answered` answers a request, given its body; where it does not, it returns the body as it is to be read."""
        self._parser = parser
        self._answered = answered
        self.feed_eof = parser.feed_eof
        self.message_consumed = parser.message_consumed
        self.pause_reading = parser.pause_reading
        self.set_upgraded = parser.set_upgraded

    def feed_data(self, data: bytes) -> tuple[Sequence[tuple[RawRequestMessage, StreamReader]], bool, bytes]:
        """As aiohttp's: what was parsed, whether another protocol follows, and what is left of the bytes for that."""
        messages, upgraded, tail = self._parser.feed_data(data)
        if len(messages) == 1 and not upgraded:
            message, content = messages[0]
            left = self._answered(message, content)
            if left is None:
                self.message_consumed()
                return (), False, tail
            messages = ((message, left),)
        return messages, upgraded, tail


def is_whole(octets: bytes, request: web.Request) -> bool:
    """Whether these bytes, in which a request ended that was answered at once, end with it.

    Its body is the only one, and as long as its head says; so the bytes end with it if they are as many.
    """
    length = request.content_length
    return length is not None and len(octets) == octets.find(_END) + len(_END) + length


def unread(request: web.Request, content: StreamReader, loop: asyncio.AbstractEventLoop) -> StreamReader:
    """The request's content as it was before anybody looked into it."""
    body = request[PROGRESS].body
    if not body:
        return content
    again = StreamReader(request.protocol, len(body), loop=loop)
    again.feed_data(body)
    again.feed_eof()
    return again


def written(answer: web.Response) -> bytes:
    """An answer to HTTP/1.1 as bytes, with its length and the date, on a connection that is kept."""
    body = cast("bytes", answer.body or b"")
    headers = answer.headers
    headers["Content-Length"] = str(len(body))
    headers["Date"] = helpers.rfc822_formatted_time()
    # aiohttp's own writer of heads, which refuses a line break in any of them.
    head = http_writer._serialize_headers(f"HTTP/1.1 {answer.status} {answer.reason}", headers)  # noqa: SLF001
    return head + body


def content_written(content: bytes, headers: Mapping[str, str]) -> bytes:
    """The same of 200 with JSON that is not to be kept, and these headers, which hold no line break."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nCache-Control: no-store\r\n{lines}"
        f"Content-Length: {len(content)}\r\nDate: {helpers.rfc822_formatted_time()}\r\n\r\n"
    ).encode() + content


AT_ONCE: Final = web.AppKey("at_once", AtOnce)
