"""Traefik, Envoy and APISIX by their recorded requests, header for header. nginx and Caddy judge by themselves."""

import tomllib
from pathlib import Path

import pytest

from tests import service
from tests.judges import readings, wired
from tests.judges.wired import Told
from tests.service import Client, Running

RECORDED = Path(__file__).with_name("recorded")
PROXIES = sorted(path.stem for path in RECORDED.glob("*.txt"))
PACT_BROKER = Path(service.__file__).parents[1] / "service/catalogue/examples/pact-broker.toml"
FOO = "/pacts/provider/Bar/consumer/Foo/version/1"


@pytest.fixture
async def adopted(running: Running) -> Running:
    """The service with the Pact Broker's table in force, and Foo and Bar known."""
    table = tomllib.loads(PACT_BROKER.read_text("utf-8"))
    answer = await running.admin.put("/admin/route-tables/pact-broker", table)
    assert 200 == answer.status, answer.text
    for name in ("Foo", "Bar"):
        await running.admin.post("/pacticipants", {"name": name})
    return running


async def play(running: Running, proxy: str, client: Client | None, method: str, target: str) -> Told:
    """The recorded request of a proxy, for a client's request with this method and target."""
    lines = [
        line
        for line in (RECORDED / f"{proxy}.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    port = running.root.port
    assert port is not None
    authorization = f"Authorization: Bearer {client.token}" if client is not None else ""
    filled = (
        line.replace("{service}", f"127.0.0.1:{port}")
        .replace("{method}", method)
        .replace("{target}", target)
        .replace("{authorization}", authorization)
        for line in lines
    )
    head = "\r\n".join([*(line for line in filled if line), "Connection: close", "", ""])
    return await wired.played(port, head.encode())


@pytest.mark.parametrize("proxy", PROXIES)
async def test_what_a_proxy_sends_is_decided_by_its_own_words(adopted: Running, proxy: str) -> None:
    """Allowed is exactly 200 (Envoy takes no other), denied 403, nobody 401; identity is true, a change recorded."""
    reader = await adopted.person("Reader", roles=[await adopted.role("reads", "contract_data:read:*")])
    allowed = await play(adopted, proxy, reader, "GET", f"{FOO}?x=1")
    assert (200, reader.id, "") == (
        allowed.status,
        allowed.headers["x-authz-subject"],
        allowed.headers["x-authz-change"],
    )
    denied = await play(adopted, proxy, reader, "PUT", FOO)
    assert (403, "deny", "") == (
        denied.status,
        denied.headers["x-authz-decision"],
        denied.headers["x-authz-change"],
    )
    nobody = await play(adopted, proxy, None, "GET", FOO)
    assert (401, "") == (nobody.status, nobody.headers["x-authz-subject"])
    assert "Bearer" in nobody.headers["www-authenticate"]
    public = await play(adopted, proxy, None, "GET", "/stylesheets/x.css")
    assert (200, "") == (public.status, public.headers["x-authz-subject"])
    changed = await play(adopted, proxy, adopted.admin, "PUT", FOO)
    assert 200 == changed.status
    assert 36 == len(changed.headers["x-authz-change"])
    trail = await adopted.admin.get("/audit?kind=change.authorised,attempt.denied")
    assert ["attempt.denied", "change.authorised"] == [one["kind"] for one in trail.json["events"]]


@pytest.mark.parametrize("proxy", PROXIES)
async def test_no_disguise_passes(adopted: Running, proxy: str) -> None:
    """What readers could disagree on is denied, whichever proxy hands it on as it came; what is harmless is not."""
    reader = await adopted.person("Reader", roles=[await adopted.role("reads", "contract_data:read:*")])
    nobody = await adopted.person("Nobody", roles=[await adopted.role("else", "team:read:*")])
    for target in readings.DISGUISED:
        if " " in target or not target.isprintable() or not target.isascii():
            continue  # no proxy sends such a line
        told = await play(adopted, proxy, nobody, "GET", target)
        assert told.status in (400, 401, 403, 404), (target, told)
    for target in (
        *readings.HARMLESS,
        *(f"{FOO}?{one}" for one in ("as_of=1", "at_least=999999999", "x=%zz")),
    ):
        if proxy == "envoy" and target.endswith(("%00", "%zz")):
            continue  # the client's query is part of this mount's own address, which must be readable
        told = await play(adopted, proxy, reader, "GET", target)
        assert 200 == told.status, (target, told)
