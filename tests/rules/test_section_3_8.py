"""Section 3.8: tokens."""

from typing import Any

import pytest

from service.catalogue.compiled import ADMINISTRATOR
from tests.rules import deeds
from tests.service import Client, Running


async def _tokens(client: Client) -> list[Any]:
    found: list[Any] = (await client.get("/settings/tokens")).json["_embedded"]["items"]
    return found


async def test_a_principal_has_two_tokens_with_fixed_descriptions(running: Running) -> None:
    """Section 3.8: one to read and one to write; clients find theirs by the description's text."""
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    of_robot = (await running.admin.get(f"/admin/system-accounts/{robot.id}/tokens")).json["_embedded"][
        "items"
    ]
    for tokens in (await _tokens(sally), of_robot):
        described = [(one["description"], one["readOnly"]) for one in tokens]
        assert [("Read only token (developer)", True), ("Read/write token (CI)", False)] == described


async def test_a_token_may_what_its_principal_may(running: Running) -> None:
    """Section 3.8: rights are the principal's of the moment; nothing of them is the token's own."""
    sally = await running.person("Sally", roles=[await running.role("Nothing")], teams=[])
    assert 403 == (await sally.get("/admin/roles")).status
    await running.admin.put(f"/admin/users/{sally.id}/role/admin", {})
    assert 200 == (await sally.get("/admin/roles")).status
    await running.admin.delete(f"/admin/users/{sally.id}/role/admin", {})
    assert 403 == (await sally.get("/admin/roles")).status


async def test_a_read_only_token_reads_and_nothing_else(running: Running) -> None:
    """Section 3.8: an Administrator's reads everything; whatever is no GET is a 403 and changes nothing."""
    world = await deeds.world(running)
    kevin = (await running.person("Kevin", roles=[ADMINISTRATOR], teams=[])).read_only()
    before = {noun: (await running.admin.get(f"/admin/{noun}")).json for noun in ("roles", "teams", "users")}
    for name, request in deeds.DEEDS.items():
        if "<own" in request or name in deeds.OURS:
            continue
        answer = await world.does(kevin, request)
        assert (200 if request.startswith("GET ") else 403) == answer.status, name
    assert before == {
        noun: (await running.admin.get(f"/admin/{noun}")).json for noun in ("roles", "teams", "users")
    }


async def test_a_token_is_regenerated_in_place(running: Running) -> None:
    """Section 3.8: same UUID, another value; the old one is dead at once, the other token lives on."""
    sally = await running.person("Sally")
    reading, writing = await _tokens(sally)
    made = await sally.post(f"/settings/tokens/{writing['uuid']}/regenerate", {})
    assert (201, writing["uuid"]) == (made.status, made.json["uuid"])
    assert writing["value"] != made.json["value"]
    assert 401 == (await sally.get("/user")).status
    assert 200 == (await sally.read_only().get("/user")).status
    again = running.client(made.json["value"])
    assert [reading["uuid"], writing["uuid"]] == [one["uuid"] for one in await _tokens(again)]


async def test_a_token_is_never_deleted(running: Running) -> None:
    """Section 3.8: there is no way to delete one; it is only given another value."""
    sally = await running.person("Sally")
    for token in await _tokens(sally):
        assert 405 == (await sally.delete(f"/settings/tokens/{token['uuid']}")).status
    assert 2 == len(await _tokens(sally))


@pytest.mark.parametrize("robot", [False, True], ids=["person", "system account"])
async def test_tokens_end_with_their_principal(running: Running, robot: bool) -> None:
    """Section 3.8: 401 while the principal is disabled, and for good once it is deleted."""
    make = running.system_account if robot else running.person
    one = await make("one")
    place = f"/admin/users/{one.id}"
    both = (one, one.read_only())
    await running.admin.put(place, {"active": False})
    assert [401, 401] == [(await client.get("/user")).status for client in both]
    await running.admin.put(place, {"active": True})
    assert [200, 200] == [(await client.get("/user")).status for client in both]
    assert 204 == (await running.admin.delete(place)).status
    assert [401, 401] == [(await client.get("/user")).status for client in both]


async def test_a_token_does_not_expire_by_itself(running: Running) -> None:
    """Section 3.8: without a preference no token has an expiry."""
    sally = await running.person("Sally")
    assert [False, False] == ["expiresAt" in token for token in await _tokens(sally)]


async def test_the_values_can_be_listed_and_never_by_the_read_only_token(running: Running) -> None:
    """Section 3.8 as section 7 settles it: values are listed, and the read/write value never to a read-only token."""
    sally, robot = await running.person("Sally", roles=[ADMINISTRATOR]), await running.system_account("robot")
    assert [sally.read_only_token, sally.token] == [one.get("value") for one in await _tokens(sally)]
    seen = await _tokens(sally.read_only())
    assert [sally.read_only_token, None] == [one.get("value") for one in seen]
    alone = await sally.read_only().get(f"/settings/tokens/{seen[1]['uuid']}")
    assert "value" not in alone.json
    place = f"/admin/system-accounts/{robot.id}/tokens"
    whole = (await sally.get(place)).json["_embedded"]["items"]
    assert [robot.read_only_token, robot.token] == [one.get("value") for one in whole]
    hidden = (await sally.read_only().get(place)).json["_embedded"]["items"]
    assert [None, None] == [one.get("value") for one in hidden]
