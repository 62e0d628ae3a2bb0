"""Who makes a call: tokens that work and tokens that do not, addresses, request ids, idempotency."""

import asyncio
import ipaddress
import json
from datetime import UTC, datetime, timedelta

import pytest

from service.http import authenticate, routes
from tests.http.test_bad_input import address, ask, raw, require_refusal
from tests.service import Answer, Client, Running

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


async def kinds(running: Running) -> list[str]:
    """The kind of every record so far, in order, as the log holds them."""
    async with running.app.reader.connection() as connection:
        rows = await connection.fetch("select entry from log order by position")
    return [json.loads(row["entry"])["data"]["kind"] for row in rows]


async def test_without_a_token_that_works_nothing_is_served(running: Running) -> None:
    """No token, an unknown one and a broken header are 401 on every route that needs one, and append nothing."""
    before = running.position
    clients = [running.nobody, running.client("mun_unknown"), running.client("x" * 3_000), running.client("")]
    asked = [route for route in routes.ROUTES if route.auth == "token"]
    for client in clients:
        # All at once: strangers who come together share one look at the log's head, which takes a fifth of a second.
        for answer in await asyncio.gather(*(ask(client, route, b"{}") for route in asked)):
            require_refusal(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert before == running.position


async def test_two_authorization_headers_are_nobodys(running: Running) -> None:
    """A proxy and this service might each believe another of the two, so neither is believed."""
    good = f"Authorization: Bearer {running.admin.token}\r\n".encode()
    bad = b"authorization: Bearer x\r\n"
    for headers, status in (
        (good, b"200"),
        (good + bad, b"401"),
        (bad + good, b"401"),
        (good + good, b"401"),
    ):
        answer = await raw(
            running, b"GET /user HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 " + status), answer


async def test_basic_authentication_is_refused(running: Running) -> None:
    """The platform retired it; a password is no token."""
    answer = await running.nobody.get("/user", headers={"Authorization": "Basic YWRtaW46YWRtaW4="})
    require_refusal(answer, 401)


async def test_a_disabled_persons_token_stops_working_and_starts_again(running: Running) -> None:
    """Disabling is at once, and enabling gives back the same tokens."""
    sally = await running.person("Sally")
    assert 200 == (await sally.get("/user")).status
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    require_refusal(await sally.get("/user"), 401)
    await running.admin.put(f"/admin/users/{sally.id}", {"active": True})
    assert 200 == (await sally.get("/user")).status


async def test_a_deleted_persons_token_stops_working(running: Running) -> None:
    """Whoever is gone is nobody."""
    sally = await running.person("Sally")
    assert 204 == (await running.admin.delete(f"/admin/users/{sally.id}")).status
    require_refusal(await sally.get("/user"), 401)


async def test_an_expired_token_is_refused(running: Running) -> None:
    """Expiry is compared with the clock at every call."""
    sally = await running.person("Sally")
    token = (await sally.get("/settings/tokens")).json["_embedded"]["items"][0]
    soon = datetime.now(UTC) + timedelta(seconds=1)  # noqa: TID251  # the service's clock is the real one
    made = await sally.post(f"{token['_links']['self']['href']}/regenerate", {"expiresAt": soon.isoformat()})
    assert 201 == made.status, made.text
    short = running.client(made.json["value"])
    assert 200 == (await short.get("/user")).status
    await asyncio.sleep(1.1)
    require_refusal(await short.get("/user"), 401)


async def test_a_role_without_api_access_gives_none(running: Running) -> None:
    """A guest uses the screens, never the API (seed 001)."""
    guest = await running.person("Gus", roles=["d6938de2-e37c-11eb-b80e-3f68328092ca"])
    answer = await guest.get("/user")
    require_refusal(answer, 403)
    assert answer.text.endswith(" Missing: a role with API access.")


async def test_what_somebody_without_api_access_tries_is_recorded(running: Running) -> None:
    """A denied attempt by somebody we know stands in the trail, whatever the reason; a question leaves nothing."""
    guest = await running.person("Gus", roles=["d6938de2-e37c-11eb-b80e-3f68328092ca"])
    before = running.position
    assert 403 == (await guest.get("/pacticipants")).status
    asked = {
        "subject": {"type": "user", "id": guest.id},
        "action": {"name": "x"},
        "resource": {"type": "y", "id": "z"},
    }
    assert 403 == (await guest.post("/access/v1/evaluation", asked)).status
    assert before == running.position
    require_refusal(await guest.post("/pacticipants", {"name": "Foo"}), 403)
    trail = await running.admin.get(f"/audit?kind=attempt.denied&actor={guest.id}")
    sentences = [one["sentence"] for one in trail.json["events"]]
    assert 1 == len(sentences)
    assert "a role with API access" in sentences[0]


async def test_a_read_only_token_writes_nothing_and_the_attempt_is_recorded(running: Running) -> None:
    """It reads what its principal may read; a write is 403 with the known sentence, and stands in the log."""
    reader = running.admin
    items = (await running.admin.get("/settings/tokens")).json["_embedded"]["items"]
    reader = running.client(next(item["value"] for item in items if item["readOnly"]))
    assert 200 == (await reader.get("/admin/roles")).status
    before = running.position
    answer = await reader.post("/admin/roles", {"name": "x", "permissions": []})
    require_refusal(answer, 403)
    assert before + 1 == running.position
    assert "attempt.denied" == (await kinds(running))[-1]
    assert [] == [
        role for role in (await reader.get("/admin/roles")).json["_embedded"]["roles"] if role["name"] == "x"
    ]


async def test_a_denied_write_names_what_is_missing_and_is_recorded(running: Running) -> None:
    """The sentence of seed 002, then what would have been needed; for programs the same as a problem document."""
    sally = await running.person("Sally")
    body = {"name": "x", "permissions": []}
    answer = await sally.post("/admin/roles", body)
    require_refusal(answer, 403)
    assert answer.text.endswith(" Missing: role:manage.")
    assert "attempt.denied" == (await kinds(running))[-1]
    problem = await sally.post("/admin/roles", body, headers={"Accept": "application/problem+json"})
    assert (403, "role:manage") == (problem.status, problem.json["missing"])


async def test_every_write_asks_before_it_does(running: Running) -> None:
    """Somebody with no permission at all changes nothing by any route."""
    nothing = await running.role("Nothing")
    nina = await running.person("Nina", roles=[nothing], teams=[])
    team = await running.team("A")
    before = await kinds(running)
    for route in routes.ROUTES:
        if route.method == "GET" or route.auth != "token":
            continue
        for filling in (team, nothing, nina.id):
            answer = await ask(
                nina, route, b'{"name": "x", "email": "x@example.org"}', address(route, filling)
            )
            require_refusal(answer, 400, 403, 404, 415, 422)
    assert {"attempt.denied"} >= set((await kinds(running))[len(before) :])


async def test_nobody_sees_what_they_may_not_read(running: Running) -> None:
    """Reads need the read right of their kind; oneself is always readable."""
    nothing = await running.role("Nothing")
    nina = await running.person("Nina", roles=[nothing], teams=[])
    team = await running.team("A")
    for path in (
        "/admin/roles",
        f"/admin/roles/{nothing}",
        f"/admin/roles/{nothing}/users",
        "/admin/permissions",
        "/admin/teams",
        f"/admin/teams/{team}",
        f"/admin/teams/{team}/users",
        f"/admin/teams/{team}/users/{nina.id}",
        "/admin/users",
        "/settings/tokens",
    ):
        require_refusal(await nina.get(path), 403)
    assert 200 == (await nina.get("/user")).status
    assert 200 == (await nina.get(f"/admin/users/{nina.id}")).status


async def test_a_request_id_is_echoed(running: Running) -> None:
    """The client's own id comes back to the letter, whatever it is: AuthZEN 1.0 demands the identical value."""
    for given in ("build-17", "{id; 1, a b}", "x" * 255, "~", "a\tb", "x" * 256, "x" * 8_000, "é"):
        answer = await running.admin.get("/user", headers={"X-Request-ID": given})
        assert given == answer.headers["X-Request-ID"]
    for given in ("", " "):
        answer = await running.admin.get("/user", headers={"X-Request-ID": given})
        assert 36 == len(answer.headers["X-Request-ID"])


async def test_a_request_is_known_by_an_id_that_any_log_can_hold(running: Running) -> None:
    """What is no line of visible ASCII up to 255 comes back, and stands in no record: there an id of ours does."""
    for number, given in enumerate(("build-17", "a\tb", "x" * 256, "é")):
        made = await running.admin.post(
            "/admin/teams", {"name": f"T{number}"}, headers={"X-Request-ID": given}
        )
        assert (201, given) == (made.status, made.headers["X-Request-ID"])
        async with running.app.reader.connection() as connection:
            entry = json.loads(
                await connection.fetchval("select entry from log order by position desc limit 1")
            )
        assert (given == "build-17") == (entry["source"]["request"] == given)
        assert given == "build-17" or 36 == len(entry["source"]["request"])


_TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        (f"00-{_TRACE}-b7ad6b7169203331-01", f"00-{_TRACE}-b7ad6b7169203331-01"),
        (f"cc-{_TRACE}-b7ad6b7169203331-01-what-the-future-brings", f"cc-{_TRACE}-b7ad6b7169203331-01"),
        (f"00-{_TRACE}-b7ad6b7169203331-01-more", None),
        (f"ff-{_TRACE}-b7ad6b7169203331-01", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{_TRACE}-{'0' * 16}-01", None),
        (f"00-{_TRACE.upper()}-b7ad6b7169203331-01", None),
        ("nonsense", None),
    ],
)
async def test_a_trace_is_recorded_where_it_is_one(
    running: Running, given: str, recorded: str | None
) -> None:
    """What W3C Trace Context calls invalid is left out, and changes nothing about the answer."""
    made = await running.admin.post(
        "/admin/teams", {"name": "A"}, headers={"traceparent": given, "X-Request-ID": "build-17"}
    )
    assert (201, "build-17") == (made.status, made.headers["X-Request-ID"])
    assert recorded == made.headers.get("traceparent")
    async with running.app.reader.connection() as connection:
        entry = json.loads(await connection.fetchval("select entry from log order by position desc limit 1"))
    assert ("build-17", recorded) == (entry["source"]["request"], entry["source"].get("traceparent"))


async def test_the_same_key_does_the_same_thing_once(running: Running) -> None:
    """A repeat is answered as the first was, with the ids of the first; another body under the key is refused."""
    headers = {"Idempotency-Key": "k-1"}
    body = {"name": "Rotator", "permissions": [{"scope": "secret:manage:team"}]}
    first = await running.admin.post("/admin/roles", body, headers=headers)
    position = running.position
    second = await running.admin.post("/admin/roles", body, headers=headers)
    assert (201, first.json["uuid"]) == (second.status, second.json["uuid"])
    assert position == running.position
    other = await running.admin.post("/admin/roles", {**body, "name": "Other"}, headers=headers)
    require_refusal(other, 422)


async def test_an_order_on_an_old_version_is_refused(running: Running) -> None:
    """If-Match with the ETag of a read: 412 once somebody else was there."""
    role = await running.role("Rotator", "secret:manage:team")
    seen = await running.admin.get(f"/admin/roles/{role}")
    change = {"name": "Rotator", "permissions": [{"scope": "secret:manage:*"}]}
    headers = {"If-Match": seen.headers["ETag"]}
    assert 200 == (await running.admin.put(f"/admin/roles/{role}", change, headers=headers)).status
    again = {"name": "Rotator", "permissions": []}
    require_refusal(await running.admin.put(f"/admin/roles/{role}", again, headers=headers), 412)


async def test_an_answer_that_was_seen_is_not_sent_again(running: Running) -> None:
    """If-None-Match: 304 while nothing in the answer changed, a member's name included."""
    sally = await running.person("Sally")
    team = await running.team("A")
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    seen = (await running.admin.get(f"/admin/teams/{team}")).headers["ETag"]
    again = await running.admin.get(f"/admin/teams/{team}", headers={"If-None-Match": seen})
    assert (304, b"") == (again.status, again.octets)
    await running.admin.put(f"/admin/users/{sally.id}", {"name": "Sally Brown"})
    changed = await running.admin.get(f"/admin/teams/{team}", headers={"If-None-Match": seen})
    assert 200 == changed.status


async def test_head_is_get_without_a_body(running: Running) -> None:
    """The headers are those of the answer."""
    answer: Answer = await running.admin.ask("HEAD", "/admin/roles")
    assert (200, b"") == (answer.status, answer.octets)


async def test_health_asks_for_no_token(running: Running) -> None:
    """A load balancer has none."""
    client: Client = running.nobody
    for path in ("/healthz", "/readyz", "/diagnostic/status/heartbeat"):
        assert 200 == (await client.get(path)).status
    assert (await client.get("/diagnostic/status/heartbeat")).json["ok"] is True


async def test_a_stopped_replica_answers_nothing_about_now(running: Running) -> None:
    """What it holds is another log's: every route is 503 with Retry-After; only health and the start page answer."""
    running.app.replica.stopped = "The log has another epoch."
    page = {"Accept": "text/html"}
    answering = {"/healthz": 200, "/diagnostic/status/heartbeat": 200, "/readyz": 503, "/": 200}
    for path, status in answering.items():
        assert status == (await running.nobody.get(path, headers=page)).status, path
    for route in routes.ROUTES:
        answer = await ask(running.admin, route, b"{}")
        if route.path not in answering or route.path == "/":
            assert (503, "30") == (answer.status, answer.headers.get("Retry-After")), route.path
            assert "another epoch" in answer.text


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        ("10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("fd00::1", ["[2001:db8::1]"], "2001:db8::1"),
        ("", ["1.2.3.4"], ""),
    ],
)
def test_the_address_is_the_nearest_that_no_trusted_proxy_has(
    peer: str, forwarded: list[str], expected: str
) -> None:
    """Whoever is not trusted may claim anything; only what trusted proxies saw counts."""
    assert expected == authenticate.address(peer, forwarded, PROXIES)


async def test_whoever_was_let_in_before_is_looked_at_again_after_every_change(running: Running) -> None:
    """A caller is remembered for one position: what is taken from somebody counts at their next request."""
    role = await running.role("Reads roles", "role:read:*", "token:manage:own")
    nina = await running.person("Nina", roles=[role], teams=[])
    for _ in range(2):
        assert 200 == (await nina.get("/admin/roles")).status
    await running.admin.put(f"/admin/users/{nina.id}/roles", {"roles": []})
    require_refusal(await nina.get("/admin/roles"), 403)
    await running.admin.put(f"/admin/users/{nina.id}/roles", {"roles": [role]})
    assert 200 == (await nina.get("/admin/roles")).status
    own = (await nina.get("/settings/tokens")).json["_embedded"]["items"]
    place = next(item for item in own if not item["readOnly"])["_links"]["self"]["href"]
    assert 201 == (await nina.post(f"{place}/regenerate", {})).status
    require_refusal(await nina.get("/user"), 401)
