"""Bad input over every route of the table: the right 4xx, one shape, nothing appended, no trace."""

import asyncio
import re

import pytest

from service.http import authzen_paths, routes
from service.http.route import Route
from tests import service
from tests.service import Answer, Client, Running

MISSING = "00000000-0000-4000-8000-000000000000"
WRITES = [route for route in routes.ROUTES if route.method != "GET"]
NAMED = sorted(f"{route.method} {route.path}" for route in routes.ROUTES)


def address(route: Route, filling: str = MISSING) -> str:
    """The route's path with every placeholder filled."""
    return re.sub(r"\{[^}]*\}", filling, route.path)


def require_refusal(answer: Answer, *statuses: int) -> None:
    """The one shape of errors, without a trace, with the headers of every answer."""
    assert answer.status in statuses, f"{answer.status}: {answer.text}"
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text
    assert answer.headers["X-Request-ID"]
    assert answer.position >= 1
    if answer.status == 403:
        assert answer.headers["Content-Type"] == "text/plain;charset=utf-8"
        assert answer.text.startswith("Forbidden. Either you are using a read only token")
        return
    if answer.path in authzen_paths.PATHS:
        # AuthZEN 1.0: the body of an error is "an error message string".
        assert answer.headers["Content-Type"] == "text/plain;charset=utf-8"
        assert answer.text.endswith((".", "?"))  # a question where something is near
        return
    assert answer.headers["Content-Type"] == "application/hal+json;charset=utf-8"
    assert set(answer.json) in ({"errors"}, {"error"})


async def ask(client: Client, route: Route, body: bytes | None = None, path: str | None = None) -> Answer:
    """The route, asked with a body."""
    return await client.ask(route.method, path or address(route), body=body)


def test_no_route_is_listed_twice() -> None:
    """Each method on a path has one surface, so the table says what answers."""
    assert len(NAMED) == len(set(NAMED))


async def test_a_body_that_is_no_json_is_refused_by_every_write(running: Running) -> None:
    """Whatever is written, malformed JSON, bytes that are no text and wrong types are 4xx and append nothing."""
    bodies = (b"{", b"\xff\xfe", b'{"name": NaN}', b"[" * 100_000, b'"text"', b"17", b"9" * 5_000)
    before = running.position
    for route in WRITES:
        for body in bodies:
            require_refusal(await ask(running.admin, route, body), 400, 404, 401)
    assert before == running.position


async def test_a_nul_or_a_lone_surrogate_in_a_body_is_refused_with_its_place(running: Running) -> None:
    """Text that nothing downstream could keep is refused by every write, even in a field that it ignores."""
    before = running.position
    for route in WRITES:
        for body in (b'{"x": {"y~/": ["a\\u0000"]}}', b'{"x": {"y~/": ["\\ud800"]}}'):
            answer = await ask(running.admin, route, body)
            require_refusal(answer, 400, 404)
            if route.path.startswith(("/admin", "/settings", "/invitations")):
                assert ["x.y~0~1.0"] == list(answer.json["errors"])
    assert before == running.position


async def test_every_field_of_the_wrong_type_is_refused(running: Running) -> None:
    """No wrong type and no over-long text gets through to a decision, and none becomes a defect."""
    fields = (
        "name", "description", "permissions", "email", "active", "roles", "users", "code", "teamUuid", "expiresAt",
        "pacticipantNames", "administratorUuids", "environmentUuids", "_embedded", "reason", "firstName", "scope",
        "production", "displayName", "subject", "action", "resource", "context", "contracts", "content",
    )  # fmt: skip
    before = running.position
    for route in WRITES:
        if route.path.startswith("/pacts/"):
            continue  # a pact is its publisher's own document: it has no fields of ours
        for wrong in ("17", "true", f'"{"x" * 5_000}"', '["x", 17, null]', '[{"uuid": 17}]', '{"x": []}'):
            body = "{" + ", ".join(f'"{field}": {wrong}' for field in fields) + "}"
            answer = await ask(running.admin, route, body.encode())
            require_refusal(answer, 400, 401, 403, 404, 415, 422)
    assert before == running.position


async def test_a_body_of_another_type_is_unsupported(running: Running) -> None:
    """No order reads a form, a text or a type that is misspelt as JSON by accident (section 4.2: 415)."""
    before = running.position
    for route in WRITES:
        if route.auth != "token" or route.asks or route.path.startswith("/pacts/"):
            continue
        for content_type in (
            "application/x-www-form-urlencoded",
            "text/plain",
            "text/json",
            "application/jsonx",
            "",
        ):
            headers = {"Content-Type": content_type}
            answer = await running.admin.ask(route.method, address(route), body=b"name=x", headers=headers)
            require_refusal(answer, 415, 404)
    assert before == running.position


async def test_json_is_taken_under_every_type_that_says_so(running: Running) -> None:
    """Section 4.1: `application/json`, with a charset, and the types that are JSON by their name (+json)."""
    for number, content_type in enumerate(
        ("application/json", "application/json; charset=utf-8", "application/hal+json", "APPLICATION/JSON")
    ):
        body = f'{{"name": "x{number}", "permissions": []}}'.encode()
        headers = {"Content-Type": content_type}
        assert 201 == (await running.admin.ask("POST", "/admin/roles", body=body, headers=headers)).status


async def test_a_body_beyond_the_bound_is_refused_unread(running: Running) -> None:
    """Nobody fills the memory: 413, whether the length was announced or not."""
    before = running.position
    for route in WRITES:
        announced = await running.admin.ask(
            route.method,
            address(route),
            body=b" " * (route.body_bytes_max + 1),
            headers={"Connection": "close"},
        )
        require_refusal(announced, 413, 404)
    chunk = b" " * 65_536
    unannounced = b"10000\r\n" + chunk + b"\r\n"
    answer = await raw(
        running,
        f"POST /admin/roles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.ADMIN_TOKEN}\r\n".encode()
        + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        + unannounced * 33
        + b"0\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert before == running.position


async def test_a_compressed_body_is_refused(running: Running) -> None:
    """A small body cannot become a large one."""
    answer = await running.admin.ask("POST", "/admin/roles", body=b"x", headers={"Content-Encoding": "gzip"})
    require_refusal(answer, 415)


async def test_bad_bytes_in_a_path_are_refused(running: Running) -> None:
    """A NUL, a lone surrogate, bytes that are no UTF-8 and a % that escapes nothing are 400 on every path."""
    before = running.position
    for route in routes.ROUTES:
        for filling in ("%00", "%ED%A0%80", "%FF", "%ZZ", "%"):
            path = address(route, filling) if "{" in route.path else f"{route.path}?q={filling}"
            require_refusal(await ask(running.admin, route, path=path), 400)
    assert before == running.position


async def test_an_id_that_is_no_uuid_is_refused(running: Running) -> None:
    """Section 4.2: what no thing can be called is no such thing, 404, unless the body is looked at first."""
    before = running.position
    for route in routes.ROUTES:
        if not re.search(r"\{(uuid|user|role)\}", route.path):
            continue
        for filling in (
            "1",
            "x" * 36,
            "%7B" + MISSING + "%7D",
            MISSING.replace("-", ""),
            "é" * 36,
            "a" * 2_000,
        ):
            quoted = filling.replace("é", "%C3%A9")
            looked_at_first = (400,) if route.method in ("POST", "PUT", "PATCH") else ()
            require_refusal(
                await ask(running.admin, route, b"{}", address(route, quoted)), 404, *looked_at_first
            )
    assert before == running.position


async def test_nothing_is_found_under_an_id_that_nobody_has(running: Running) -> None:
    """What does not exist is 404, or 400 where the body is looked at first; it is never a defect."""
    before = running.position
    for route in routes.ROUTES:
        if "{uuid}" in route.path and not route.path.startswith("/audit"):  # reading the trail is an event
            require_refusal(await ask(running.admin, route, b"{}"), 404, 400)
    assert before == running.position


async def test_header_bytes_that_are_no_text_are_refused(running: Running) -> None:
    """Headers that reach the record are text like everything else."""
    before = running.position
    for name in ("Muniment-Reason", "Muniment-Ticket", "Idempotency-Key", "User-Agent", "X-Request-ID"):
        for value in (b"a\xffb", b"a\xed\xa0\x80b", b"a\x00b"):
            answer = await raw(
                running,
                b"POST /admin/roles HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + f"Authorization: Bearer {service.ADMIN_TOKEN}\r\n".encode()
                + b"Content-Type: application/json\r\nContent-Length: 29\r\n"
                + name.encode() + b": " + value
                + b'\r\n\r\n{"name":"x","permissions":[]}',
            )  # fmt: skip
            assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), answer
            assert b'{"errors":' in answer
            assert b"Traceback" not in answer
    assert before == running.position


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Muniment-Reason", "x" * 2_001),
        ("Muniment-Ticket", "x" * 256),
        ("Idempotency-Key", "x" * 256),
        ("Idempotency-Key", "with space"),
        ("If-Match", "not a tag"),
        ("If-Match", '"1-ab", "2-cd"'),
    ],
)
async def test_header_values_out_of_bounds_are_refused(running: Running, name: str, value: str) -> None:
    """What goes with an order is bounded like its body, and the answer names the header."""
    before = running.position
    answer = await running.admin.post("/admin/roles", {"name": "x", "permissions": []}, headers={name: value})
    require_refusal(answer, 400)
    assert [name] == list(answer.json["errors"])
    assert before == running.position


async def test_what_is_no_http_is_answered_in_the_same_shape(running: Running) -> None:
    """Bytes that no parser takes meet no trace, and leave none in the log."""
    for octets in (
        b"BR\x00EW /user HTTP/1.1\r\n\r\n",
        b"GET /a\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\r\n\r\n",
    ):
        answer = await raw(running, octets)
        assert b" 400 " in answer.split(b"\r\n")[0]
        assert answer.endswith(b'{"errors":["This is not a well-formed HTTP request."]}')


async def test_an_unknown_path_is_not_found(running: Running) -> None:
    """404 in the one shape, with a token and without."""
    for client in (running.admin, running.nobody):
        require_refusal(await client.get("/admin/nothing"), 404)


async def test_an_unknown_method_names_the_known_ones(running: Running) -> None:
    """405 with Allow, on every path of the table."""
    for path in {route.path for route in routes.ROUTES}:
        possible: set[str] = {route.method for route in routes.ROUTES if route.path == path}
        possible |= {"HEAD"} if "GET" in possible else set()
        answer = await running.admin.ask("OPTIONS", re.sub(r"\{[^}]*\}", MISSING, path))
        require_refusal(answer, 405)
        assert possible <= {one.strip() for one in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "size=-1",
        "size=100000",
        "pageNumber=1.5",
        "pageSize=",
        "page=٣",
        "active=maybe",
        "userType=2",
    ],
)
async def test_a_bad_parameter_is_refused_by_its_name(running: Running, query: str) -> None:
    """A list asked for in a way that means nothing is 400, not silently everything."""
    answer = await running.admin.get(f"/admin/users?{query.encode().decode('ascii', 'ignore')}" if query.isascii()
                                     else "/admin/users?page=%D9%A3")  # fmt: skip
    require_refusal(answer, 400)
    assert [query.partition("=")[0]] == list(answer.json["errors"])


@pytest.mark.parametrize(
    "path",
    [
        "/pacticipants?as_of=3&as_of=4",
        "/user?at_least=1&at_least=2",
        "/admin/users?page=1&page=1",
        "/admin/users?active=true&active=false",
        "/admin/teams?q=a&q=b",
        "/environments?name=a&name=b",
        "/audit?actor=system&actor=console",
        "/audit?cursor=a&cursor=b",
        "/access/v1/why?subject=user:a&subject=user:b&action=role:read&resource=role:*",
        "/access/v1/who?action=role:read&resource=role:*&resource=team:*",
    ],
)
async def test_a_parameter_given_twice_is_refused_by_its_name(running: Running, path: str) -> None:
    """Which of two would count is nobody's guess: 400, also where both say the same."""
    answer = await running.admin.get(path)
    require_refusal(answer, 400)
    twice = path.partition("?")[2].split("&")[-1].partition("=")[0]
    named = "subject" if "why" in path else twice
    assert [named] == list(answer.json["errors"])


@pytest.mark.parametrize(
    "as_of",
    [
        "tomorrow",
        "99999999",
        "2999-01-01T00:00:00Z",
        "2026-01-01T00:00:00",
        "-1",
        "0001-01-01T00:00:00%2B23:59",
        "2026-02-30T00:00:00Z",
    ],
)
async def test_a_moment_that_is_none_is_refused(running: Running, as_of: str) -> None:
    """The future, a time without its offset and plain words are no moment."""
    require_refusal(await running.admin.get(f"/admin/roles?as_of={as_of}"), 400)


async def test_a_time_that_no_clock_shows_is_told_in_our_words(running: Running) -> None:
    """An offset of 99 hours is refused by a sentence that says so, not by what a library thinks of it."""
    answer = await running.admin.get("/admin/roles?as_of=2026-11-20T14:03:00%2B99:00")
    require_refusal(answer, 400)
    expected = "'2026-11-20T14:03:00+99:00' is no time: there is no such day, hour or offset."
    assert {"as_of": [expected]} == answer.json["errors"]


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/audit?befor=5", "before"),
        ("/audit?useruuid=x", "userUuid"),
        ("/audit?page_size=5", "pageSize"),
        (f"/audit/{MISSING}?atleast=5", "at_least"),
        ("/access/v1/why?subject=user:a&action=role:read&resource=role:x&asof=3", "as_of"),
        ("/access/v1/who?action=role:read&resorce=role:x", "resource"),
        ("/admin/roles?asof=3", "as_of"),
        ("/admin/users?as-of=3", "as_of"),
        ("/pacticipants?asOf=3", "as_of"),
        ("/user?atLeast=3", "at_least"),
    ],
)
async def test_a_misspelt_parameter_is_refused_and_the_nearest_named(
    running: Running, path: str, near: str
) -> None:
    """What was ignored would answer another question, and look like the answer to this one."""
    before = running.position
    answer = await running.admin.get(path)
    require_refusal(answer, 400)
    wrong = path.partition("?")[2].split("&")[-1].partition("=")[0]
    assert [wrong] == list(answer.json["errors"])
    assert f"did you mean `{near}`?" in answer.text
    assert before == running.position


async def test_a_parameter_like_none_is_told_the_known_ones(running: Running) -> None:
    """Where nothing is near, the sentence lists what there is."""
    answer = await running.admin.get("/access/v1/who?zzz=1")
    require_refusal(answer, 400)
    expected = "There is no parameter `zzz` here; known: action, resource, as_of, at_least."
    assert {"zzz": [expected]} == answer.json["errors"]


async def test_a_parameter_of_other_clients_is_ignored_by_lists(running: Running) -> None:
    """A Pact Broker's clients send what is not known here; only a misspelt moment is refused."""
    assert 200 == (await running.admin.get("/pacticipants?embed=latest&after=3&last=1&team=x")).status


async def test_a_member_that_stands_twice_is_refused(running: Running) -> None:
    """Readers differ in which of two members counts, so what one approved another might not do (RFC 7493)."""
    before = running.position
    for route in WRITES:
        answer = await ask(running.admin, route, b'{"name": "x", "deep": [{"y": 1, "z": 2, "y": 1}]}')
        require_refusal(answer, 400, 404)
        if answer.status == 400:
            said = ["The body holds an object in which 'y' stands twice."]
            if answer.path in authzen_paths.PATHS:
                assert f"deep.0.y: {said[0]}" == answer.text
            else:
                assert {"deep.0.y": said} == answer.json["errors"]
    assert before == running.position


async def test_two_different_reasons_are_refused(running: Running) -> None:
    """Only one would be recorded, and nobody said which; the same one twice is no contradiction."""
    headers = {"Muniment-Reason": "Quarterly review"}
    body = {"name": "x", "permissions": [], "reason": "On request"}
    before = running.position
    refused = await running.admin.post("/admin/roles", body, headers=headers)
    require_refusal(refused, 400)
    assert ["reason"] == list(refused.json["errors"])
    assert before == running.position
    same = await running.admin.post("/admin/roles", {**body, "reason": "Quarterly review"}, headers=headers)
    assert same.status in (200, 201)


async def test_the_past_cannot_be_changed(running: Running) -> None:
    """`as_of` on a write is refused, so that nobody believes it had an effect."""
    before = running.position
    answer = await running.admin.post("/admin/roles?as_of=5", {"name": "x", "permissions": []})
    require_refusal(answer, 400)
    assert before == running.position


async def test_a_problem_document_for_who_accepts_it(running: Running) -> None:
    """RFC 9457, with the place of each fault."""
    answer = await running.admin.post(
        "/admin/roles",
        {"name": "x", "permissions": [{"scope": "nothing:at:all"}]},
        headers={"Accept": "application/hal+json, application/problem+json"},
    )
    assert 400 == answer.status
    assert "application/problem+json;charset=utf-8" == answer.headers["Content-Type"]
    assert 400 == answer.json["status"]
    assert "#/permissions/0/scope" == answer.json["errors"][0]["pointer"]


async def raw(running: Running, octets: bytes) -> bytes:
    """What the service says to bytes that no client library would send."""
    host, port = service.host_and_port(running.root)
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(octets)
    await writer.drain()
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
