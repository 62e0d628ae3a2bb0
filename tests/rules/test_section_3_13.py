"""Section 3.13: the Organization Administrator."""

import pytest

from service.catalogue.compiled import USER
from service.commands.order import Caller
from service.commands.organization import ChangeOrganizationAdministrator
from service.orders import Order
from service.vocabulary import PrincipalId
from tests.given import ORGANIZATION_ADMINISTRATOR
from tests.rules import deeds
from tests.service import Running


async def _grant(running: Running, principal: str, *, granted: bool = True) -> None:
    """What `muniment org-admin grant|revoke` does."""
    command = ChangeOrganizationAdministrator(principal=PrincipalId(principal), granted=granted)
    await running.app.handler.handle(Order(command=command, caller=Caller(console="operator")))


async def _held(running: Running, principal: str) -> set[str]:
    roles = (await running.admin.get(f"/admin/users/{principal}")).json["_embedded"]["roles"]
    return {one["uuid"] for one in roles}


async def test_the_role_alone_gives_no_access_to_the_api(running: Running) -> None:
    """Section 3.13: whoever holds it alone gets a 403 for everything, with either token."""
    world = await deeds.world(running)
    sally = world.sally
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": []})).status
    await _grant(running, sally.id)
    for name, request in deeds.DEEDS.items():
        for client in (sally, sally.read_only()):
            assert 403 == (await world.does(client, request)).status, name


async def test_it_manages_signing_in_roles_accounts_teams_and_people(running: Running) -> None:
    """Section 3.13: its six permissions are used by whoever has access by another role; no contract data."""
    world = await deeds.world(running)
    await _grant(running, world.sally.id)
    # What it is denied first, so that nothing it may delete is missing by then.
    for deed in ("make an application", "list applications", "make an environment", "change a preference"):
        assert 403 == (await world.tries(deed)).status, deed
    for whose in ("ours", "theirs", "hers"):
        assert 403 == (await world.tries(f"see the application of {whose}")).status
    for deed in (
        "list roles",
        "make a role",
        "make a team",
        "change a team",
        "invite a person",
        "make a person",
        "change a person",
        "give a person a role",
        "change their account",
        "make an account for no team",
        "see who may sign in",
        "change who may sign in",
    ):
        assert (await world.tries(deed)).status < 300, deed


@pytest.mark.parametrize("form", ["replace", "empty", "add", "remove", "legacy"])
async def test_nothing_within_the_account_gives_or_takes_it(running: Running, form: str) -> None:
    """Section 3.13: whoever holds it keeps it, whoever does not is refused it, by every form there is."""
    sally, billy = await running.person("Sally"), await running.person("Billy")
    await _grant(running, sally.id)
    for who, has in ((sally, True), (billy, False)):
        place = f"/admin/users/{who.id}"
        match form:
            case "replace":
                body = {"roles": [USER, ORGANIZATION_ADMINISTRATOR]}
                assert (204 if has else 400) == (await running.admin.put(f"{place}/roles", body)).status
            case "empty":
                assert 204 == (await running.admin.put(f"{place}/roles", {"roles": []})).status
            case "add":
                answer = await running.admin.put(f"{place}/roles/{ORGANIZATION_ADMINISTRATOR}")
                assert (204 if has else 400) == answer.status
            case "remove":
                answer = await running.admin.delete(f"{place}/roles/{ORGANIZATION_ADMINISTRATOR}")
                assert answer.status in (204, 400)
            case _:
                assert 200 == (await running.admin.delete(f"{place}/role/admin", {})).status
        assert has == (ORGANIZATION_ADMINISTRATOR in await _held(running, who.id))


async def test_the_system_gives_and_takes_it(running: Running) -> None:
    """Section 3.13: from outside alone; every other role stays."""
    sally = await running.person("Sally")
    await _grant(running, sally.id)
    assert {USER, ORGANIZATION_ADMINISTRATOR} == await _held(running, sally.id)
    await _grant(running, sally.id, granted=False)
    assert {USER} == await _held(running, sally.id)


async def test_it_takes_no_seat_and_is_fixed(running: Running) -> None:
    """Section 3.13: the role says that it consumes no seat; nobody edits or deletes it."""
    place = f"/admin/roles/{ORGANIZATION_ADMINISTRATOR}"
    shown = (await running.admin.get(place)).json
    assert (False, False, True) == (shown["takesSeat"], shown["assignable"], shown["locked"])
    assert 403 == (await running.admin.put(place, {"name": "Owner", "permissions": []})).status
    assert 403 == (await running.admin.delete(place)).status


async def test_it_is_no_way_back(running: Running) -> None:
    """Section 3.13: without access to the API it could undo nothing, so the lock-out guard does not count it."""
    kevin = (await running.admin.get("/user")).json["uuid"]
    sally = await running.person("Sally", roles=[], teams=[])
    await _grant(running, sally.id)
    assert 422 == (await running.admin.put(f"/admin/users/{kevin}", {"active": False})).status
