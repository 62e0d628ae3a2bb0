"""Questions that are answered where they arrive: the same answers as by the way of all others, and its rules."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import web
from structlog.testing import LogCapture

from service.catalogue.compiled import DECISION_CLIENT
from service.http import authzen_paths, wire
from service.http.at_once import AT_ONCE, HEAD_BYTES_MAX
from service.http.edge import PROGRESS, Edge
from tests import service
from tests.http.test_wire import Wire, listening, spoken_to
from tests.service import Client, Running

ADMIN = {"type": "user", "id": "admin@example.org"}
QUESTION: dict[str, Any] = {
    "subject": ADMIN,
    "action": {"name": "role:manage"},
    "resource": {"type": "role", "id": "Administrator"},
}
NO: dict[str, Any] = QUESTION | {"action": {"name": "role:xanage"}}
HEARD = 4
"""After so many requests on a connection its head is one that was heard before."""
YES_TOLD, NO_TOLD = b'{"decision":true}', b'{"decision":false}'


def head(token: str | None, length: int, *more: str, path: str = authzen_paths.EVALUATION) -> bytes:
    """A head as gateways send it."""
    presented = [f"Authorization: Bearer {token}"] if token else []
    lines = ["Host: x", *presented, "Content-Type: application/json", f"Content-Length: {length}", *more]
    return "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode()


def asked(token: str | None, question: object, *more: str, path: str = authzen_paths.EVALUATION) -> bytes:
    """A whole request."""
    body = question if isinstance(question, bytes) else json.dumps(question).encode()
    return head(token, len(body), *more, path=path) + body


async def answer(connection: Wire) -> tuple[int, dict[str, str], bytes]:
    """One answer: status, headers, content."""
    async with asyncio.timeout(20):
        told = (await connection.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = told.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return (
            int(first.split()[1]),
            headers,
            await connection.reader.readexactly(int(headers["Content-Length"])),
        )


async def gateway(running: Running) -> Client:
    """Somebody who may ask and may not know why."""
    return await running.system_account("gateway", roles=[DECISION_CLIENT])


@contextlib.asynccontextmanager
async def spoken(running: Running) -> AsyncIterator[Wire]:
    """A connection on which nothing was said yet, and the service has noticed it."""
    async with contextlib.AsyncExitStack() as stack:
        yield await spoken_to(await stack.enter_async_context(listening(running)), stack)


MORE = {"properties": {"team": "x"}}
BODIES = [
    QUESTION,
    NO,
    QUESTION | {"context": {}},
    QUESTION | {"context": {"as_of": 3}},
    QUESTION | {"context": {"as_of": "3"}},
    QUESTION | {"context": {"as_of": 10**9}},
    QUESTION | {"context": {"as_of": True}},
    QUESTION | {"context": {"at_least": 1}},
    QUESTION | {"context": {"ip": "192.0.2.1"}},
    QUESTION | {"context": []},
    QUESTION | {"subject": ADMIN | {"id": "nobody@example.org"}},
    QUESTION | {"subject": ADMIN | {"type": "robot"}},
    QUESTION | {"subject": ADMIN | {"id": 7}},
    QUESTION | {"subject": ADMIN | {"type": ["user"]}},
    QUESTION | {"resource": {"type": {}, "id": []}},
    QUESTION | {"action": {"name": {}}},
    QUESTION | {"action": {"name": []}, "context": {"as_of": 3}},
    QUESTION | {"subject": "admin"},
    QUESTION | {"subject": None},
    QUESTION | {"resource": {"type": "role", "id": " Administrator "}},
    QUESTION | {"resource": {"type": "role", "id": "Ådministrator"}},
    QUESTION | {"resource": {"type": "secret", "id": "x"} | MORE},
    QUESTION | {"resource": {"type": "role"}},
    QUESTION | {"action": {"name": "role:manage"} | MORE},
    [QUESTION],
    {},
    b"",
    b"{",
    b'{"subject": {"type": "user", "id": "a", "id": "b"}, "action": {"name": "x"}, "resource": {}}',
    b'\xff{"subject": 1}',
]


@pytest.mark.parametrize("read_only", [True, False])
async def test_an_answer_at_once_is_the_answer_by_the_way_of_all_others(
    running: Running, read_only: bool
) -> None:
    """Status, content and headers are the same, whether a request arrives in one piece or its body comes later."""
    client = await gateway(running)
    for token in (
        client.token if not read_only else client.read_only_token,
        service.ADMIN_TOKEN,
        None,
        "mun_x",
    ):
        async with spoken(running) as whole, spoken(running) as pieces:
            for body in BODIES:
                octets = asked(token, body, "X-Request-ID: 7")
                await whole.say(octets)
                at_once = await answer(whole)
                length = octets.find(b"\r\n\r\n") + 4
                await pieces.say(octets[:length])
                await asyncio.sleep(0.002)
                await pieces.say(octets[length:])
                later = await answer(pieces)

                for headers in (at_once[1], later[1]):
                    del headers["Date"]
                assert later == at_once, body


async def test_the_same_head_with_another_body_is_another_question(running: Running) -> None:
    """A head that was heard before says who asks, and nothing of what was asked then."""
    client = await gateway(running)
    async with spoken(running) as connection:
        for question, expected in [(QUESTION, YES_TOLD), (NO, NO_TOLD)] * 5:
            await connection.say(asked(client.token, question))
            status, _, content = await answer(connection)
            assert (200, expected) == (status, content)


async def test_a_token_that_works_no_longer_is_refused_though_its_head_was_heard(running: Running) -> None:
    """Who asks is found anew once anything was recorded: the account was disabled meanwhile."""
    client = await gateway(running)
    async with spoken(running) as connection:
        for _ in range(HEARD):
            await connection.say(asked(client.token, QUESTION))
            assert 200 == (await answer(connection))[0]
        disabled = await running.admin.put(f"/admin/users/{client.id}", {"active": False})
        assert disabled.status < 300, disabled.text

        await connection.say(asked(client.token, QUESTION))
        status, headers, _ = await answer(connection)
    assert 401 == status
    assert 'Bearer realm="muniment"' == headers["WWW-Authenticate"]


async def test_what_was_recorded_meanwhile_counts(running: Running) -> None:
    """Nothing that was found out at one position answers at a later one."""
    client = await gateway(running)
    robot = await running.system_account("robot", roles=[])
    question = {
        "subject": {"type": "user", "id": robot.id},
        "action": {"name": "role:manage"},
        "resource": {"type": "role", "id": "Administrator"},
    }
    async with spoken(running) as connection:
        told = []
        boss = await running.role("Boss", "role:manage:*")
        for roles in (list[str](), [boss], list[str]()):
            await running.admin.put(f"/admin/users/{robot.id}/roles", {"roles": roles})
            for _ in range(HEARD):
                await connection.say(asked(client.token, question))
                told.append((await answer(connection))[2])
    assert [NO_TOLD] * HEARD + [YES_TOLD] * HEARD + [NO_TOLD] * HEARD == told


async def test_however_the_bytes_arrive_each_request_gets_its_own_answer(running: Running) -> None:
    """In one piece or many, two at a time, or with half of the next behind it: answers come in the order asked."""
    client = await gateway(running)
    yes, no = asked(client.token, QUESTION), asked(client.token, NO)
    other = b"GET /user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n"
    async with spoken(running) as connection:
        told: list[tuple[list[bytes], list[bytes | None]]] = [
            ([yes, no], [YES_TOLD, NO_TOLD]),
            ([yes + no], [YES_TOLD, NO_TOLD]),
            ([no[:20], no[20:]], [NO_TOLD]),
            ([yes[:-3], yes[-3:]], [YES_TOLD]),
            ([yes + no[:30], no[30:] + yes], [YES_TOLD, NO_TOLD, YES_TOLD]),
            ([other + yes], [None, YES_TOLD]),
            ([yes + other], [YES_TOLD, None]),
            ([other, no, other + no[:5], no[5:], yes], [None, NO_TOLD, None, NO_TOLD, YES_TOLD]),
            ([b"\r\n" + yes], [YES_TOLD]),
        ]
        for pieces, expected in told * 2:
            for piece in pieces:
                await connection.say(piece)
                await asyncio.sleep(0.005)
            for content in expected:
                status, _, said = await answer(connection)
                assert said == content if content is not None else 401 == status, pieces


async def test_a_stopped_or_stale_replica_answers_no_head_that_was_heard(running: Running) -> None:
    """503, and never a yes: what is held here may be over, or older than the setting allows."""
    client = await gateway(running)
    async with spoken(running) as connection:
        for _ in range(HEARD):
            await connection.say(asked(client.token, QUESTION))
            assert 200 == (await answer(connection))[0]
        running.app.replica.stopped = "it is tried"
        await connection.say(asked(client.token, QUESTION))
        assert 503 == (await answer(connection))[0]
        running.app.replica.stopped = ""
        await running.app.vigil.stop()
        look = running.app.vigil.last
        assert look is not None
        running.app.vigil.last = msgspec.structs.replace(look, at=look.at - 1_000)
        await connection.say(asked(client.token, QUESTION))
        assert 503 == (await answer(connection))[0]


async def test_a_service_that_stops_keeps_no_connection(running: Running) -> None:
    """The last answer says so, and closes, also where the head was heard before."""
    client = await gateway(running)
    async with spoken(running) as connection:
        for _ in range(HEARD):
            await connection.say(asked(client.token, QUESTION))
            await answer(connection)
        running.app.vigil.stopping = True
        await connection.say(asked(client.token, QUESTION))
        status, headers, content = await answer(connection)
        assert (200, "close", YES_TOLD) == (status, headers["Connection"], content)
        assert b"" == await connection.heard()


async def test_each_answer_is_counted_and_has_its_line_and_its_id(running: Running) -> None:
    """A request id of its own where the client gives none, the trace that it gives, a line in the log, and a count."""
    client = await gateway(running)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    counted: list[tuple[str, str, int]] = []
    edge = msgspec.structs.replace(
        service.edge_of(running.app), answered=lambda *one: counted.append((one[0], one[1], one[2]))
    )
    lines = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[lines])
    try:
        async with contextlib.AsyncExitStack() as stack:
            connection = await spoken_to(await stack.enter_async_context(serving(edge)), stack)
            told = []
            for _ in range(HEARD):
                await connection.say(asked(client.token, QUESTION, f"traceparent: {trace}"))
                told.append((await answer(connection))[1])
    finally:
        structlog.configure(**before)
    ids = [headers["X-Request-ID"] for headers in told]
    assert HEARD == len(set(ids))
    assert [trace] * HEARD == [headers["traceparent"] for headers in told]
    assert [("authzen", "POST", 200)] * HEARD == counted
    said = [one for one in lines.entries if one["event"] == "request"]
    assert ids == [one["request"] for one in said]
    assert {client.id} == {one["principal"] for one in said}
    assert {trace.split("-")[1]} == {one["trace"] for one in said}


async def test_no_token_is_kept_with_the_heads_that_were_heard(running: Running) -> None:
    """What is remembered of a head holds a digest in place of the token."""
    client = await gateway(running)
    apps: list[web.Application] = []
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(service.edge_of(running.app), apps))
        connection = await spoken_to(port, stack)
        for _ in range(HEARD):
            await connection.say(asked(client.token, QUESTION))
            await answer(connection)
        kept = apps[0][AT_ONCE]._heads  # it is what must not be there that is looked for
    assert 1 == len(kept)
    for digest, one in kept.items():
        assert 32 == len(digest)
        assert "Authorization" not in one.request.headers
        assert str(client.token) not in repr(
            (one.request.raw_headers, *one.request.headers.items(), *one.request.items())
        )


async def test_what_is_remembered_of_heads_is_bounded(running: Running) -> None:
    """A head that is long is heard anew each time, and no body outlasts its answer, whatever that was."""
    client = await gateway(running)
    question = json.dumps(QUESTION).encode()
    apps: list[web.Application] = []
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(service.edge_of(running.app), apps))
        connection = await spoken_to(port, stack)
        for _ in range(HEARD):
            await connection.say(asked(client.token, question, f"X-More: {'x' * HEAD_BYTES_MAX}"))
            assert (200, YES_TOLD) == (await answer(connection))[::2]
        kept = apps[0][AT_ONCE]._heads  # it is what must not be there that is looked for
        assert {} == kept
        for body, status in ((question, 200), (question, 200), (b"[" * len(question), 400)):
            await connection.say(asked(client.token, body))
            assert status == (await answer(connection))[0]
        (one,) = kept.values()
        assert PROGRESS not in one.request


@contextlib.asynccontextmanager
async def serving(edge: Edge, apps: list[web.Application] | None = None) -> AsyncIterator[int]:
    """The service over these parts, on a port of its own."""
    runner = wire.runner(edge, shutdown_timeout=1.0)
    if apps is not None:
        apps.append(runner.app)
    await runner.setup()
    try:
        await web.SockSite(runner, socket.create_server(("127.0.0.1", 0))).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_connection_that_was_answered_at_once_may_stay_idle(running: Running) -> None:
    """Between two requests it waits for nothing: no head is late."""
    client = await gateway(running)
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, head=0.5, idle=30.0))
        connection = await spoken_to(port, stack)
        for _ in range(2):
            for _ in range(HEARD):
                await connection.say(asked(client.token, QUESTION))
                assert 200 == (await answer(connection))[0]
            await asyncio.sleep(2.0)
        await connection.say(asked(client.token, QUESTION))
        assert 200 == (await answer(connection))[0]


@pytest.mark.parametrize("said", ["HTTP/1.0", "Connection: close"])
async def test_who_wants_no_other_answer_is_told_and_the_connection_ends(running: Running, said: str) -> None:
    """Also after questions on the same connection that were answered at once."""
    client = await gateway(running)
    last = asked(client.token, QUESTION, *([said] if ":" in said else []))
    last = last.replace(b"HTTP/1.1", said.encode(), 1) if ":" not in said else last
    async with spoken(running) as connection:
        for _ in range(HEARD):
            await connection.say(asked(client.token, QUESTION))
            await answer(connection)
        await connection.say(last)
        assert (200, YES_TOLD) == (await answer(connection))[::2]
        assert b"" == await connection.heard()


async def test_a_body_that_waits_to_be_asked_for_is(running: Running) -> None:
    """100 before the answer, though who asks, what and whether it may all stand there already."""
    client = await gateway(running)
    async with spoken(running) as connection:
        for _ in range(HEARD):
            await connection.say(asked(client.token, QUESTION, "Expect: 100-continue"))
            async with asyncio.timeout(20):
                assert b"HTTP/1.1 100 Continue\r\n\r\n" == await connection.reader.readuntil(b"\r\n\r\n")
            assert (200, YES_TOLD) == (await answer(connection))[::2]


async def test_each_answer_at_once_begins_the_time_that_a_connection_may_be_idle(running: Running) -> None:
    """Who goes on asking is kept beyond it; who stops is not kept for ever."""
    client = await gateway(running)
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, idle=1.0))
        connection = await spoken_to(port, stack)
        for _ in range(6):
            await connection.say(asked(client.token, QUESTION))
            assert 200 == (await answer(connection))[0]
            await asyncio.sleep(0.4)
        assert b"" == await connection.heard()
