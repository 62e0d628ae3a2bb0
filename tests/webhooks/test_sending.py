"""One request of a webhook over real sockets: what the receiver gets, and what is made of what it does."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from service import app, sending
from service.reaching import Client
from service.sending import Attempted
from service.settings import from_environment
from service.vocabulary import Secret
from tests import certificates, receiver

DELIVERY = "0b0e9a3c-6f1f-4b57-9f6b-3a3f2b1c0d5e"
LOOPBACK = "127.0.0.0/8"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the templates leave it."""

    method: str = "POST"
    url: Secret
    headers: tuple[tuple[str, Secret], ...] = ()
    body: Secret | None = None
    unresolved: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def client(
    lookup: Callable[[str, int, int], list[str]] | None = None, **environment: str
) -> AsyncIterator[Client]:
    """What sends, with loopback allowed unless the test says otherwise, and two seconds for each attempt."""
    environ = {
        "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": LOOPBACK,
        "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": "2",
        "HOME": "/nowhere",
        **environment,
    }
    made = Client(from_environment(environ, root=False).settings, "1.2.3", app.clock, lookup)
    try:
        yield made
    finally:
        await made.close()


async def sent(by: Client, url: str, **more: object) -> Attempted:
    request = msgspec.structs.replace(Request(url=Secret(url)), **more)
    return await sending.send(by, request, delivery=DELIVERY, attempt=3)


async def test_the_receiver_gets_what_was_written_and_who_sends() -> None:
    """Method, path, headers and body arrive byte for byte; the delivery's id, the attempt and who sends are added."""
    headers = (("X-Build", Secret("a b")), ("Content-Type", Secret("application/json")))
    async with receiver.listening() as there, client() as by:
        attempted = await sent(
            by,
            there.url("/a%2Fb/c?x=%20&y=1+1"),
            method="PUT",
            headers=headers,
            body=Secret(b'{"a": "\xc3\xa9"}'),
            unresolved=("user.Nobody",),
        )
    assert (True, 200, "", ("user.Nobody",)) == (
        attempted.success,
        attempted.status,
        attempted.problem,
        attempted.unresolved,
    )
    (got,) = there.got
    assert ("PUT", "/a%2Fb/c?x=%20&y=1+1", b'{"a": "\xc3\xa9"}') == (got.method, got.target, got.body)
    assert {
        "Host": f"127.0.0.1:{there.port}",
        "X-Build": "a b",
        "Content-Type": "application/json",
        "User-Agent": "Muniment/1.2.3",
        "Muniment-Delivery": DELIVERY,
        "Muniment-Attempt": "3",
        "Accept": "*/*",
        "Content-Length": "11",
    } == {name: value for name, value in got.headers.items() if name != "Connection"}


async def test_headers_that_say_how_a_request_travels_are_ours() -> None:
    """A webhook writes no Host, length, encoding or connection, and cannot pass for another delivery."""
    travelling = (
        *("Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer"),
        *("Upgrade", "Expect", "Proxy-Authorization", "Proxy-Connection"),
        *("Muniment-Delivery", "MUNIMENT-ATTEMPT"),
    )  # written out, so that one which is missing there is missed here
    forged = tuple((name, Secret("forged")) for name in travelling)
    async with receiver.listening() as there, client() as by:
        attempted = await sent(by, there.url(), headers=(*forged, ("User-Agent", Secret("CI"))))
    assert attempted.success
    (got,) = there.got
    assert "forged" not in got.headers.values()
    assert "CI" == got.headers["User-Agent"]


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        *((200, ""), (204, ""), (299, ""), (301, "redirect"), (302, "redirect"), (307, "redirect")),
        *((400, "status"), (401, "status"), (404, "status"), (500, "status"), (503, "status")),
    ],
)
async def test_success_is_an_answer_of_the_200s(status: int, problem: str) -> None:
    """Every other status is a failure that tells its status."""
    async with receiver.listening() as there, client() as by:
        there.answers = [status]
        attempted = await sent(by, there.url())
    assert (problem == "", status, problem) == (attempted.success, attempted.status, attempted.problem)


async def test_redirects_are_never_followed() -> None:
    """Neither to an allowed target nor to a denied one: the receiver that was named is the only one that is asked."""
    for target in ("/elsewhere", "http://169.254.169.254/latest/meta-data"):

        async def away(_request: web.Request, target: str = target) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": target})

        async with receiver.listening() as there, client() as by:
            there.answers = [away]
            attempted = await sent(by, there.url("/first"))
            assert ("redirect", 307) == (attempted.problem, attempted.status)
            assert ["/first"] == [one.target for one in there.got]


async def test_an_answer_without_end_is_read_to_the_bound() -> None:
    """A megabyte is read and thrown away, packed or not; the status counts, and the connection is closed."""
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(bytes(65_536))
                written += 65_536
        return response

    async with receiver.listening() as there, client() as by:
        there.answers = [endless]
        attempted = await sent(by, there.url())
    assert (True, sending.RESPONSE_BYTES_MAX) == (attempted.success, attempted.response_bytes)
    assert written < 16 * sending.RESPONSE_BYTES_MAX


async def test_a_slow_head_and_a_slow_body_end_at_the_time_limit() -> None:
    """The limit covers all of an attempt: a receiver that trickles holds nobody for longer."""

    async def slow_head(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async def slow_body(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(b".")
            await asyncio.sleep(0.1)
        return response

    async with receiver.listening() as there, client(MUNIMENT_WEBHOOK_TIMEOUT_SECONDS="1") as by:
        there.answers = [slow_head, slow_body]
        head, body = await asyncio.gather(sent(by, there.url()), sent(by, there.url()))
    assert {("timeout", None), ("timeout", 200)} == {
        (head.problem, head.status),
        (body.problem, body.status),
    }
    assert all(1_000 <= one.milliseconds < 10_000 for one in (head, body))


async def test_whoever_accepts_no_connection_or_no_handshake_is_waited_for_in_vain() -> None:
    """A full queue of connections, and a peer that never speaks TLS, end at the time limit as well."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(full.getsockname())
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        await asyncio.sleep(0.05)
        async with client(MUNIMENT_WEBHOOK_TIMEOUT_SECONDS="1") as by:
            attempted = await asyncio.gather(
                sent(by, f"http://127.0.0.1:{full.getsockname()[1]}/"),
                sent(by, f"https://127.0.0.1:{silent.getsockname()[1]}/"),
            )
    assert ["timeout", "timeout"] == [one.problem for one in attempted]


async def test_what_breaks_a_connection_is_told_apart_from_what_is_no_http() -> None:
    """Refused, closed without an answer, and an answer that is no HTTP: no status, and the code `connection`."""

    async def speaking(octets: bytes) -> tuple[asyncio.Server, int]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(octets)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = taken.getsockname()[1]
    closing, closed = await speaking(b"")
    talking, odd = await speaking(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    async with client() as by, closing, talking:
        attempted = [await sent(by, f"http://127.0.0.1:{port}/") for port in (refused, closed, odd)]
    assert [("connection", None)] * 3 == [(one.problem, one.status) for one in attempted]


@pytest.mark.parametrize(
    ("beginning", "again"),
    [
        (b"HTTP/1.1 200 ", b"a" * 4_000),
        (b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 4_000 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 4_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"a" * 4_000 + b"\r\n"),
    ],
    ids=["reason", "headers", "interim answers", "chunk extension", "trailers"],
)
async def test_no_part_of_an_answer_is_without_bound(beginning: bytes, again: bytes) -> None:
    """Whatever a receiver never stops to send, the attempt ends in time and keeps none of it."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(beginning)
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(again)
                await writer.drain()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server, client(MUNIMENT_WEBHOOK_TIMEOUT_SECONDS="1") as by:
        attempted = await sent(by, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert attempted.problem in ("connection", "timeout")
    assert attempted.milliseconds < 10_000


async def test_of_an_answer_little_is_taken_at_a_time() -> None:
    """What has arrived is read at one stroke: a quarter of a megabyte in pieces of one byte held everybody up."""
    async with client() as by:
        where = ("127.0.0.1", 80)
        with by.socket_for((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)) as made:
            taken = made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert taken <= 2 * 8_192  # the system doubles what is asked for


@pytest.mark.parametrize("method", ["CONNECT", "connect", "GET /x HTTP/1.1\r\n", "", "PO ST"])
async def test_a_method_is_a_word_of_a_request(method: str) -> None:
    """What would begin another request, or ask for a tunnel, is not sent."""
    async with receiver.listening() as there, client() as by:
        assert "bad_request" == (await sent(by, there.url(), method=method)).problem
    assert [] == there.got


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    """Nobody is believed whom no known authority vouches for; a file may name more authorities; names must match."""
    certificate, key = certificates.made(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with receiver.listening(context) as there:
        async with client() as by:
            strange = await sent(by, there.url())
        async with client(
            lookup=lambda _host, _port, _family: ["127.0.0.1"], MUNIMENT_WEBHOOK_CA_FILE=str(certificate)
        ) as by:
            known = await sent(by, there.url())
            named = await sent(by, there.url(host="localhost"))
            misnamed = await sent(by, there.url(host="other.example.org"))
        async with client() as by:
            plain = await sent(by, there.url().replace("https:", "http:"))
    assert ["tls", "", "", "tls"] == [one.problem for one in (strange, known, named, misnamed)]
    assert plain.problem in ("connection", "status")
    assert 2 == len([one for one in there.got if one.headers.get("Muniment-Attempt")])


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0x7f000001"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::]", "0.0.0.0", "0", "127.0.0.1.", "169.254.169.254"),
    ],
)
async def test_no_spelling_of_this_machine_is_reached(host: str) -> None:
    """Whatever a host is called, the address behind it is denied; nothing arrives."""
    async with receiver.listening() as there, client(MUNIMENT_WEBHOOK_ALLOWED_NETWORKS="") as by:
        attempted = await sent(by, there.url(host=host))
        assert ("target_denied", None) == (attempted.problem, attempted.status)
        assert [] == there.got


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["203.0.114.7", "127.0.0.1"], ""),
        (["127.0.0.1", "169.254.169.254"], LOOPBACK),
        (["127.0.0.1", "::1"], LOOPBACK),
    ],
)
async def test_a_name_is_denied_for_a_single_address_that_is(addresses: list[str], allowed: str) -> None:
    """One that may be reached beside it, even before it, changes nothing: who answers for the name chooses."""
    async with (
        receiver.listening() as there,
        client(lookup=lambda *_asked: addresses, MUNIMENT_WEBHOOK_ALLOWED_NETWORKS=allowed) as by,
    ):
        attempted = await sent(by, there.url(host="ci.example.org"))
    assert "target_denied" == attempted.problem
    assert [] == there.got


async def test_a_name_that_changes_after_it_was_looked_up_leads_nowhere_new() -> None:
    """It is looked up once an attempt, and that very answer is judged and connected to (DNS rebinding)."""
    answers = [["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1"]]
    asked: list[str] = []

    def changing(host: str, _port: int, _family: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    async with receiver.listening() as there, client(lookup=changing) as by:
        url = there.url(host="ci.example.org")
        attempted = [await sent(by, url) for _ in range(3)]
    assert ["", "target_denied", ""] == [one.problem for one in attempted]
    assert ["ci.example.org"] * 3 == asked
    assert 2 == len(there.got)


async def test_a_name_that_nobody_knows_is_a_failure_of_its_own() -> None:
    """No address is `dns`, and waiting for one in vain is bounded like all else."""

    def unknown(_host: str, _port: int, _family: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def slow(_host: str, _port: int, _family: int) -> list[str]:
        time.sleep(3)
        return []

    async with client(lookup=unknown) as by:
        assert "dns" == (await sent(by, "http://ci.example.org/")).problem
    async with client(lookup=slow, MUNIMENT_WEBHOOK_TIMEOUT_SECONDS="1") as by:
        assert "timeout" == (await sent(by, "http://ci.example.org/")).problem


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://127.0.0.1/", "file:///etc/passwd", "http:///", "//127.0.0.1/", "", "http://127.0.0.1/a b"),
        *("http://me:pw@127.0.0.1/", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1:0/"),
        *("http://127.0.0.1:99999/", "http://[::1/", "http://127.0.0.1/é", "unix:///var/run/docker.sock"),
    ],
)
async def test_what_is_no_plain_web_address_is_not_sent(url: str) -> None:
    """Only http and https, with a host, without a user's name, in characters that a request line can hold."""
    async with client() as by:
        assert "bad_request" == (await sent(by, url)).problem


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "a\r\nHost: b"), ("X A", "a"), ("X-A:", "a"), ("X-A", "\0"), ("", "a")]
)
async def test_a_header_cannot_begin_another(name: str, value: str) -> None:
    """A line break that came in by a value sends nothing at all."""
    async with receiver.listening() as there, client() as by:
        attempted = await sent(by, there.url(), headers=((name, Secret(value)),))
    assert "bad_request" == attempted.problem
    assert [] == there.got


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect to what is denied here."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    async with receiver.listening() as there, client() as by:
        assert (await sent(by, there.url())).success
    assert 1 == len(there.got)


async def test_cookies_are_not_kept() -> None:
    """What one receiver sets, no later request brings along."""

    async def baking(_request: web.Request) -> web.StreamResponse:
        return web.Response(headers={"Set-Cookie": "a=b; Path=/"})

    async with receiver.listening() as there, client() as by:
        there.answers = [baking]
        await sent(by, there.url())
        await sent(by, there.url())
    assert [None, None] == [one.headers.get("Cookie") for one in there.got]


async def test_a_broken_file_of_authorities_sends_nothing(tmp_path: Path) -> None:
    """It fails as TLS does, for every receiver, and raises nothing."""
    broken = tmp_path / "ca.crt"
    broken.write_text("no certificate")
    async with receiver.listening() as there, client(MUNIMENT_WEBHOOK_CA_FILE=str(broken)) as by:
        attempted = await sent(by, there.url())
    assert attempted.problem in ("tls", "connection")
    assert [] == there.got
