"""Forward-auth over HTTP: what each proxy sends, what it is answered, and that everything but a yes is a no."""

import asyncio
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from service.catalogue.compiled import DECISION_CLIENT
from service.http import forward_sources
from tests import postgres, service
from tests.given import GUEST
from tests.http.test_authzen import decided, seed_002
from tests.service import Answer, Client, Running

PACT_BROKER = Path(service.__file__).parents[1] / "service/catalogue/examples/pact-broker.toml"
TABLE = "/admin/route-tables/pact-broker"
REPORTS = "/authz/v1/forward/reports"
IDENTITY = ("X-Authz-Subject", "X-Authz-Decision", "X-Authz-Position", "X-Authz-Change")


@pytest.fixture
async def adopted(running: Running) -> Running:
    """The service with the Pact Broker's table in force."""
    answer = await running.admin.put(TABLE, shipped())
    assert 200 == answer.status, answer.text
    return running


def shipped() -> dict[str, Any]:
    """The Pact Broker's table."""
    return tomllib.loads(PACT_BROKER.read_text(encoding="utf-8"))


async def ask(
    client: Client,
    method: str,
    path: str,
    mode: str = "nginx",
    table: str = "pact-broker",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What a proxy of this mode sends for a request."""
    mount = f"/authz/v1/forward/{mode}/{table}"
    if mode == "envoy":
        return await client.ask(method, f"{mount}{path}", headers=headers)
    sources = forward_sources.MODES[mode]
    sent = {sources.method: method, sources.target: path, **(headers or {})}
    return await client.ask("GET", mount, headers=sent)


def decision(answer: Answer) -> tuple[int, str]:
    """The status with the decision, of an answer that has every identity header once."""
    for name in IDENTITY:
        assert 1 == len(answer.headers.getall(name)), name  # type: ignore[attr-defined]  # several of one name
    return answer.status, answer.headers["X-Authz-Decision"]


MODES = sorted(forward_sources.MODES)


@pytest.mark.parametrize("mode", MODES)
async def test_each_mode_reads_its_own_sources(adopted: Running, mode: str) -> None:
    """Allowed is 200 with an empty body, denied 403, nobody 401 with a challenge (section 5 of the wire facts)."""
    await adopted.admin.post("/pacticipants", {"name": "Foo"})
    reader = await adopted.person("Reader", roles=[await adopted.role("reads", "contract_data:read:*")])
    allowed = await ask(reader, "GET", "/pacticipants/Foo?x=1", mode)
    assert (200, "allow") == decision(allowed), allowed.text
    assert b"" == allowed.octets
    assert reader.id == allowed.headers["X-Authz-Subject"]
    denied = await ask(reader, "DELETE", "/pacticipants/Foo", mode)
    assert (403, "deny") == decision(denied)
    assert reader.id == denied.headers["X-Authz-Subject"]
    assert "contract_data:manage on Foo" in denied.json["reason"]
    nobody = await ask(adopted.nobody, "GET", "/pacticipants/Foo", mode)
    assert (401, "deny") == decision(nobody)
    assert "Bearer" in nobody.headers["WWW-Authenticate"]
    assert "" == nobody.headers["X-Authz-Subject"]


@pytest.mark.parametrize("mode", MODES)
async def test_another_modes_sources_are_not_looked_at(adopted: Running, mode: str) -> None:
    """A client can send any header through a proxy that sets others: they decide nothing."""
    reader = await adopted.person("Reader", roles=[await adopted.role("reads", "contract_data:read:*")])
    own = forward_sources.MODES[mode]
    spoofed = {
        name: value
        for one in forward_sources.MODES.values()
        for name, value in ((one.method, "GET"), (one.target, "/pacticipants"))
        if name and name not in (own.method, own.target)
    }
    denied = await ask(reader, "DELETE", "/pacticipants/Foo", mode, headers=spoofed)
    assert (403, "deny") == decision(denied)
    spoofed = {name: "DELETE" if "ethod" in name else "/pacticipants/Foo" for name in spoofed}
    assert (200, "allow") == decision(await ask(reader, "GET", "/pacticipants", mode, headers=spoofed))


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "envoy"])
async def test_a_source_that_is_missing_or_doubled_is_a_no(adopted: Running, mode: str) -> None:
    """Nobody knows which of two counts, and nothing is guessed from elsewhere; the administrator gets no more."""
    own = forward_sources.MODES[mode]
    mount = f"/authz/v1/forward/{mode}/pact-broker"
    whole = [(own.method, "GET"), (own.target, "/pacticipants")]
    token = [("Authorization", f"Bearer {adopted.admin.token}")]
    assert 200 == await raw_status(adopted, mount, [*token, *whole])
    for headers in (
        whole[:1],
        whole[1:],
        [],
        [*whole, (own.method, "GET")],
        [*whole, (own.target, "/pacticipants")],
        [*whole, (own.target.lower(), "/")],
        [(own.method, ""), whole[1]],
        [whole[0], (own.target, "")],
        [(own.method, "get"), whole[1]],
        [(own.method, "GET, DELETE"), whole[1]],
        [whole[0], (own.target, "https://other.example.org/pacticipants")],
    ):
        assert 403 == await raw_status(adopted, mount, [*token, *headers]), headers
    assert 403 == await raw_status(adopted, f"{mount}/pacticipants", [*token, *whole])
    if own.host:
        assert 403 == await raw_status(adopted, mount, [*token, *whole, (own.host, "a"), (own.host, "b")])


async def raw_status(running: Running, path: str, headers: list[tuple[str, str]]) -> int:
    """The status of a request with just these headers, some of them twice."""
    reader, writer = await asyncio.open_connection(*service.host_and_port(running.root))
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: x",
        "Connection: close",
        *(f"{name}: {it}" for name, it in headers),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = await reader.read()
    writer.close()
    head = answer.partition(b"\r\n\r\n")[0].lower()
    for name in IDENTITY:
        assert 1 == head.count(f"\r\n{name.lower()}:".encode()), (path, headers)
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/pacticipants/../pacticipants",
            "/%2e%2e/x",
            "//pacticipants",
            "/pacticipants%5CFoo",
            "/pacticipants;a=b",
        ),
        *(
            "/pacticipants/%46oo",
            "/pacticipants/a%252Fb",
            "/pacticipants/%C0%AF",
            "/pacticipants/",
            "/PACTICIPANTS",
        ),
        *("/pacticipants/Foo%00", "/nowhere", "/trace/x", "/test/error"),
    ],
)
@pytest.mark.parametrize("mode", ["nginx", "envoy"])
async def test_what_can_be_read_otherwise_or_is_not_in_the_table_is_denied_to_everybody(
    adopted: Running, mode: str, path: str
) -> None:
    """The administrator, who may do everything, is denied what nobody can say for sure that it is."""
    answer = await ask(adopted.admin, "GET", path, mode)
    assert (403, "deny") == decision(answer)


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Http-Method", "x-method-override"])
async def test_a_request_that_names_another_method_is_denied(adopted: Running, name: str) -> None:
    """Some programs would take that one; which one is not this service's to guess."""
    for mode in ("nginx", "caddy", "envoy"):
        answer = await ask(adopted.admin, "POST", "/pacticipants", mode, headers={name: "DELETE"})
        assert (403, "deny") == decision(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/authz/v1/forward/nginx/no-such-table",
        "/authz/v1/forward/haproxy/pact-broker",
        "/authz/v1/forward/nginx",
        "/authz/v1/forward/",
        "/authz/v1/forward/nginx/pact-broker/x/y",
        "/authz/v1/forward/envoy/pact-broker",
        "/authz/v1/forward/envoy/%70act-broker/pacticipants",
        "/authz/v1/forward/nginx/pact-broker%00",
        "/authz/v1/%66orward/nginx/no-such-table",
        "/authz/v1/forward",
    ],
)
async def test_a_mount_that_is_none_denies_as_proxies_understand_it(adopted: Running, path: str) -> None:
    """404, 405 and 400 would be errors to a proxy; here everything but a yes is 403, and says what is wrong."""
    headers = {"X-Original-Method": "GET", "X-Original-URI": "/pacticipants"}
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        answer = await adopted.admin.ask(method, path, headers=headers)
        assert (403, "deny") == decision(answer)
        assert answer.headers["X-Authz-Error"] in ("not_found", "invalid")


async def test_what_is_public_needs_no_token_and_everything_else_one_that_works(adopted: Running) -> None:
    """A heartbeat is anybody's; a token that does not work is nobody's, and is told so."""
    heartbeat = await ask(adopted.nobody, "GET", "/diagnostic/status/heartbeat")
    assert (200, "allow") == decision(heartbeat)
    assert "" == heartbeat.headers["X-Authz-Subject"]
    assert (401, "deny") == decision(await ask(adopted.client("mun_unknown"), "GET", "/pacticipants"))
    assert (401, "deny") == decision(await ask(adopted.nobody, "GET", "/nothing/of/this"))


async def test_reading_leaves_no_record_and_agrees_with_authzen(adopted: Running) -> None:
    """Seed 002: what somebody may manage is the same, whoever asks and however: both go through one evaluator."""
    people = await seed_002(adopted)
    for who, client in people.items():
        for name in ("Foo", "Bar", "Baz", "Unknown"):
            before = adopted.position
            read = await ask(client, "GET", f"/pacticipants/{name}")
            assert before == adopted.position
            asked = (f"{who}@example.org", "contract_data:read", "application", name)
            if name != "Unknown":
                assert await decided(adopted.admin, *asked) == (200 == read.status), (who, name)
            changed = await ask(client, "PUT", f"/pacticipants/{name}/labels/web")
            asked = (f"{who}@example.org", "contract_data:manage", "application", name)
            if name != "Unknown":
                assert await decided(adopted.admin, *asked) == (200 == changed.status), (who, name)


async def test_a_change_is_recorded_before_it_is_allowed_and_then_reported(adopted: Running) -> None:
    """Section 3.4: publishing makes what is not here for who may; the trail says that it was allowed, then made."""
    maker = await adopted.person(
        "Maker", roles=[await adopted.role("own", "contract_data:manage:own")], teams=[]
    )
    before = adopted.position
    path = "/pacts/provider/Bar/consumer/Foo/version/1?query=secret"
    allowed = await ask(maker, "PUT", path)
    assert (200, "allow") == decision(allowed)
    assert before + 1 == adopted.position == int(allowed.headers["X-Authz-Position"])
    assert 404 == (await adopted.admin.get("/pacticipants/Foo")).status
    change = allowed.headers["X-Authz-Change"]
    told = (await adopted.admin.get("/audit?sort=-timestamp&kind=change.authorised")).json["events"][0]
    assert told["sentence"].startswith("Maker was allowed PUT /pacts/provider/{provider}/consumer/{consumer}")
    assert "secret" not in json.dumps(told)
    reporter = await adopted.system_account("proxy", roles=[DECISION_CLIENT], teams=[])
    report = {"change": change, "status": "201"}
    assert 403 == (await maker.post(REPORTS, report)).status
    done = await reporter.post(REPORTS, report)
    assert (200, True, 2) == (done.status, done.json["recorded"], len(done.json["applications"]))
    again = await reporter.post(REPORTS, {"reports": [report, {"change": "", "status": 200}]})
    assert [False, None] == [one.get("recorded") for one in again.json["reports"]]
    assert 409 == (await reporter.post(REPORTS, {"change": change, "status": 500})).status
    assert 404 == (await reporter.post(REPORTS, {"change": maker.id, "status": 200})).status
    assert 400 == (await reporter.post(REPORTS, {"change": change, "status": "ok"})).status
    assert 400 == (await reporter.post(REPORTS, {"status": 200})).status
    told = (await adopted.admin.get("/audit?sort=-timestamp&kind=change.reported")).json["events"][0]
    assert told["sentence"].startswith("system account proxy reported that the change that Maker was allowed")
    assert "was made (201)" in told["sentence"]
    assert (200, "allow") == decision(
        await ask(maker, "DELETE", "/pacts/provider/Bar/consumer/Foo/version/1")
    )


async def test_each_report_of_a_request_is_recorded_under_its_one_key(adopted: Running) -> None:
    """An Idempotency-Key tells a request from its repetition, never a report from the next one beside it."""
    names = ["One", "Two", "Three"]
    allowed = [await ask(adopted.admin, "PUT", f"/pacticipants/{name}/versions/1") for name in names]
    changes = [answer.headers["X-Authz-Change"] for answer in allowed]
    body = {"reports": [{"change": one, "status": 200} for one in changes]}
    before = len((await adopted.admin.get("/audit?kind=change.reported")).json["events"])
    for _ in range(2):
        told = (await adopted.admin.post(REPORTS, body, headers={"Idempotency-Key": "batch"})).json["reports"]
        assert changes == [one["change"] for one in told]
        assert 3 == len({one for report in told for one in report["applications"]})
        recorded = (await adopted.admin.get("/audit?kind=change.reported")).json["events"]
        assert before + 3 == len(recorded)
    for name in names:
        assert 200 == (await adopted.admin.get(f"/pacticipants/{name}")).status


async def test_a_change_that_was_not_made_makes_nothing(adopted: Running) -> None:
    """A report of 409 is recorded as what it is, and no application comes of it."""
    allowed = await ask(adopted.admin, "PUT", "/pacticipants/Foo/versions/1")
    report = {"change": allowed.headers["X-Authz-Change"], "status": 409}
    assert [] == (await adopted.admin.post(REPORTS, report)).json["applications"]
    assert 404 == (await adopted.admin.get("/pacticipants/Foo")).status


async def test_a_denied_change_is_on_record_and_a_denied_reading_is_not(adopted: Running) -> None:
    """As over this service's own API: orders are, questions are not."""
    reader = await adopted.person("Reader", roles=[await adopted.role("labels", "team:read:*")])
    before = adopted.position
    assert 403 == (await ask(reader, "GET", "/pacticipants")).status
    assert before == adopted.position
    assert 403 == (await ask(reader, "DELETE", "/pacticipants/Foo")).status
    assert before + 1 == adopted.position
    denied = (await adopted.admin.get("/audit?sort=-timestamp&kind=attempt.denied")).json["events"][0]
    assert "change something behind a proxy" in denied["sentence"]


async def test_a_read_only_token_reads_only(adopted: Running) -> None:
    """Section 3.8: whoever holds it may ask what its principal may read, and changes nothing."""
    reader = await adopted.person("Sally", roles=[await adopted.role("all", "contract_data:manage:*")])
    assert 200 == (await ask(reader.read_only(), "GET", "/pacticipants")).status
    denied = await ask(reader.read_only(), "PUT", "/pacticipants/Foo/labels/web")
    assert (403, "deny") == decision(denied)
    assert (200, "allow") == decision(await ask(reader, "PUT", "/pacticipants/Foo/labels/web"))


async def test_who_has_no_access_to_the_api_passes_nowhere(adopted: Running) -> None:
    """Seed 001: Guest reads on the pages of the platform, and neither here nor behind a proxy."""
    guest = await adopted.person("Gus", roles=[GUEST])
    for method, path in (("GET", "/pacticipants"), ("PUT", "/pacticipants/Foo/labels/web")):
        assert (403, "deny") == decision(await ask(guest, method, path))


async def test_without_the_database_reading_goes_on_and_changes_are_denied(
    adopted: Running, database: postgres.Database, postgres_server: postgres.Server
) -> None:
    """What cannot be recorded is not allowed; 403 as it comes, and 503 only where the table says so."""
    loud = {**shipped(), "name": "loud", "on_error": "503"}
    assert 200 == (await adopted.admin.put("/admin/route-tables/loud", loud)).status
    async with postgres.away(database, postgres_server):
        assert 200 == (await ask(adopted.admin, "GET", "/pacticipants")).status
        denied = await ask(adopted.admin, "PUT", "/pacticipants/Foo/labels/web")
        assert (403, "deny") == decision(denied)
        assert denied.headers["X-Authz-Error"] in ("unavailable", "outcome_unknown")
        assert (503, "deny") == decision(
            await ask(adopted.admin, "PUT", "/pacticipants/Foo/labels/web", table="loud")
        )


async def test_what_is_too_old_is_never_a_yes(
    database: postgres.Database, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    """Beyond the bound on staleness nothing passes, public routes included, until the database is heard again."""
    async with service.running(database, tmp_path, MUNIMENT_STALENESS_SECONDS_MAX="1") as running:
        assert 200 == (await running.admin.put(TABLE, shipped())).status
        async with postgres.away(database, postgres_server):
            async with asyncio.timeout(20):
                while 200 == (answer := await ask(running.admin, "GET", "/pacticipants")).status:
                    await asyncio.sleep(0.1)
            assert (403, "deny") == decision(answer)
            assert "unavailable" == answer.headers["X-Authz-Error"]
            assert 403 == (await ask(running.nobody, "GET", "/diagnostic/status/heartbeat")).status


async def test_a_query_behind_a_mount_is_the_programs_own(adopted: Running) -> None:
    """Whoever writes dry_run into it tries nothing only: the change goes through, so it is on record as any other."""
    for path, mode in (("/pacticipants/Foo/labels/web?dry_run=true", mode) for mode in MODES):
        before = adopted.position
        answer = await ask(adopted.admin, "PUT", path, mode)
        assert (200, "allow") == decision(answer), mode
        assert answer.headers["X-Authz-Change"]
        assert before + 1 == adopted.position, mode
        assert (200, "allow") == decision(await ask(adopted.admin, "GET", f"{path}&dry_run=x", mode))


async def test_who_was_denied_too_often_is_told_no_and_nothing_is_recorded(
    database: postgres.Database, tmp_path: Path
) -> None:
    """429 would be an error to a proxy."""
    async with service.running(database, tmp_path, MUNIMENT_DENIALS_PER_MINUTE="2") as running:
        assert 200 == (await running.admin.put(TABLE, shipped())).status
        reader = await running.person("Reader", roles=[await running.role("labels", "team:read:*")])
        told, before = [], 0
        for _ in range(4):
            before = running.position
            answer = await ask(reader, "PUT", "/pacticipants/Foo/labels/web")
            assert (403, "deny") == decision(answer)
            told.append(answer.headers.get("X-Authz-Error"))
        assert [None, None, "throttled", "throttled"] == told
        assert before == running.position


async def test_a_replica_that_stopped_lets_nothing_through(adopted: Running) -> None:
    """What it holds may be over. Where no table says otherwise its no is one that every proxy takes for one."""
    loud = {**shipped(), "name": "loud", "on_error": "503"}
    assert 200 == (await adopted.admin.put("/admin/route-tables/loud", loud)).status
    adopted.app.replica.stopped = "it is tried"
    try:
        for table, status in (("pact-broker", 403), ("loud", 503), ("no-such-table", 403)):
            for path in ("/pacticipants", "/diagnostic/status/heartbeat"):
                answer = await ask(adopted.admin, "GET", path, table=table)
                assert (status, "deny") == decision(answer), (table, path)
                assert "unavailable" == answer.headers["X-Authz-Error"]
    finally:
        adopted.app.replica.stopped = ""


async def test_a_withdrawn_table_lets_nothing_through(adopted: Running) -> None:
    """Nobody knows any more what a request needs."""
    assert 200 == (await ask(adopted.admin, "GET", "/pacticipants")).status
    assert 204 == (await adopted.admin.delete(TABLE)).status
    denied = await ask(adopted.admin, "GET", "/pacticipants")
    assert (403, "deny") == decision(denied)
    assert 404 == (await adopted.admin.get(TABLE)).status


async def test_tables_are_shown_as_they_were_adopted(running: Running) -> None:
    """TOML or JSON, with a version for If-Match; the past has the table that was in force then."""
    text = {"Content-Type": "application/toml"}
    made = await running.admin.ask("PUT", TABLE, body=PACT_BROKER.read_bytes(), headers=text)
    assert 200 == made.status, made.text
    again = await running.admin.put(TABLE, made.json)
    assert (200, made.json) == (again.status, again.json)
    shown = await running.admin.get(TABLE)
    assert (made.json, made.headers["ETag"]) == (shown.json, shown.headers["ETag"])
    listed = (await running.admin.get("/admin/route-tables")).json["_embedded"]["routeTables"]
    assert [("pact-broker", 1)] == [(one["name"], one["number"]) for one in listed]
    smaller = {**shipped(), "number": 2, "routes": shipped()["routes"][:1]}
    stale = await running.admin.ask("PUT", TABLE, json=smaller, headers={"If-Match": '"1-x"'})
    assert 412 == stale.status
    assert 409 == (await running.admin.put(TABLE, {**smaller, "number": 1})).status
    changed = await running.admin.put(TABLE, smaller)
    assert 1 == len(changed.json["routes"])
    before = await running.admin.get(f"{TABLE}?as_of={made.position}")
    assert len(shipped()["routes"]) == len(before.json["routes"])
    for body, headers in ((b"name = ", text), (b"\xff", text), (b'name = "x"\nfoo = 1\n', text)):
        assert 400 == (await running.admin.ask("PUT", TABLE, body=body, headers=headers)).status
    wrong = {**shipped(), "number": 3, "routes": [{"methods": ["GET"], "path": 7}]}
    refused = await running.admin.put(TABLE, wrong)
    assert (400, ["routes.0.path"]) == (refused.status, list(refused.json["errors"]))
    assert 400 == (await running.admin.put("/admin/route-tables/other", smaller)).status
