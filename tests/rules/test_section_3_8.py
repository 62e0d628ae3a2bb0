"""Section 3.8: tokens."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from service import errors
from service.catalogue.compiled import ADMINISTRATOR
from service.commands.order import Caller
from service.commands.tokens import RegenerateToken
from tests.given import Account
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
    """Section 3.8: an Administrator's reads everything; whatever is no GET is a 403 and changes nothing.

    But for the question what a provider is to verify, which is a POST and a read (section 3.4).
    """
    world = await deeds.world(running)
    kevin = (await running.person("Kevin", roles=[ADMINISTRATOR], teams=[])).read_only()
    before = {noun: (await running.admin.get(f"/admin/{noun}")).json for noun in ("roles", "teams", "users")}
    for name, request in deeds.DEEDS.items():
        if "<own" in request or name in deeds.OURS:
            continue
        answer = await world.does(kevin, request)
        reads = request.startswith("GET ") or "/for-verification" in request
        assert (200 if reads else 403) == answer.status, name
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


async def test_tokens_end_by_the_preference(running: Running) -> None:
    """Section 3.8: a value and a period, for people and system accounts alike; both tokens show when they end."""
    robot, sally = await running.system_account("robot"), await running.person("Sally")
    before = running.app.replica.now().instant
    for period, hours in (("hours", 1), ("days", 24), ("weeks", 168), ("months", 24 * 28)):
        body = {"value": {"value": 1, "period": period}}
        assert 200 == (await running.admin.put("/preferences/system/tokenExpiry", body)).status
        of_robot = (await running.admin.get(f"/admin/system-accounts/{robot.id}/tokens")).json["_embedded"][
            "items"
        ]
        for token in (*of_robot, *await _tokens(sally)):
            assert datetime.fromisoformat(token["expiresAt"]) >= before + timedelta(
                hours=hours, seconds=-1
            ), period
    assert 200 == (await running.admin.put("/preferences/system/tokenExpiry", {"value": None})).status
    assert [False, False] == ["expiresAt" in token for token in await _tokens(sally)]


def test_a_token_that_has_ended_is_renewed_by_who_manages_the_account() -> None:
    """Section 3.8: a system account cannot help itself then; its manager gives the token a value that works."""
    account = Account()
    robot = account.robot("robot")
    token = next(one for one in account.principal(robot).tokens if not account.now.token(one).read_only)
    ends = account.clock.at + timedelta(days=1)
    account.do(RegenerateToken(token=token, new=account.fresh.token(), expires_at=ends))
    old = Caller(principal=robot, token=token, digest=account.now.token(token).digest)
    account.clock.advance(2 * 86_400)
    with pytest.raises(errors.Unauthenticated):
        account.do(RegenerateToken(token=token, new=account.fresh.token()), old)
    renewed = account.fresh.token()
    account.do(RegenerateToken(token=token, new=renewed))
    found = account.now.token_with_digest(renewed.digest)
    assert found is not None
    assert (token, None) == (found.id, found.expires_at)


async def test_who_renews_a_system_accounts_token(running: Running) -> None:
    """Section 3.8: with system_account:manage:* any; with `team` in a shared one, where the account may do no more."""
    team = await running.team("A")
    weak = await running.system_account("weak", roles=[], teams=[team])
    strong = await running.system_account("strong", roles=[ADMINISTRATOR], teams=[team])
    stranger = await running.system_account("stranger", roles=[], teams=[])
    wide = await running.person("Wide", roles=[await running.role("W", "system_account:manage:*")], teams=[])
    narrow = await running.person(
        "Narrow", roles=[await running.role("N", "system_account:manage:team")], teams=[team]
    )
    reads = await running.person(
        "Reads", roles=[await running.role("R", "system_account:read:*")], teams=[team]
    )
    statuses = {}
    for name, robot in (("weak", weak), ("strong", strong), ("stranger", stranger)):
        place = f"/admin/system-accounts/{robot.id}/tokens"
        token = (await running.admin.get(place)).json["_embedded"]["items"][1]["uuid"]
        regenerate = f"/settings/tokens/{token}/regenerate"
        statuses[name] = [(await who.post(regenerate, {})).status for who in (reads, narrow, wide)]
    assert {"weak": [403, 201, 201], "strong": [403, 403, 201], "stranger": [403, 403, 201]} == statuses


async def test_nobody_renews_a_persons_token_but_the_person(running: Running) -> None:
    """Section 3.8: not even an Administrator, who could act in the person's name with it."""
    sally = await running.person("Sally")
    for token in await _tokens(sally):
        assert 403 == (await running.admin.post(f"/settings/tokens/{token['uuid']}/regenerate", {})).status
        assert 404 == (await running.admin.get(f"/settings/tokens/{token['uuid']}")).status
