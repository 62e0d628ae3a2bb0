"""Forward-auth over HTTP: what each proxy sends, what it is answered, and that everything but a yes is a no."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from service.http import forward_sources
from tests import service
from tests.service import Answer, Client, Running

PACT_BROKER = Path(service.__file__).parents[1] / "service/catalogue/examples/pact-broker.toml"
TABLE = "/admin/route-tables/pact-broker"
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
