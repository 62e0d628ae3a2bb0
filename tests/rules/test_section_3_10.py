"""Section 3.10: people: invited, disabled, enabled, deleted."""

from datetime import datetime, timedelta

import pytest

from projections.things import anything
from service import errors
from service.commands.order import Caller
from service.commands.users import RedeemInvitation
from tests import given
from tests.given import SCIM, Account
from tests.service import Running

SALLY = {"name": "Sally", "email": "Sally@example.org", "active": True}


async def test_an_invitation_takes_a_name_and_an_address(running: Running) -> None:
    """Section 3.10: an account of our own for an e-mail address, which comes back as it was written."""
    invited = await running.admin.post("/admin/users/invite-user", SALLY)
    assert (200, "Sally", "Sally@example.org") == (
        invited.status,
        invited.json["name"],
        invited.json["email"],
    )
    for missing in ("name", "email"):
        body = {key: value for key, value in SALLY.items() if key != missing}
        assert 400 == (await running.admin.post("/admin/users/invite-user", body)).status


async def test_an_invitation_lasts_seven_days(running: Running) -> None:
    """Section 3.10: what is given for the first sign-in is valid for seven days."""
    invited = (await running.admin.post("/admin/users/invite-user", SALLY)).json
    lasts = datetime.fromisoformat(invited["invitation"]["expiresAt"]) - datetime.fromisoformat(
        invited["createdAt"]
    )
    assert timedelta(days=7) == lasts


def test_inviting_again_restarts_the_seven_days() -> None:
    """Section 3.10: the old code is dead, the new one lasts seven days from now, and then it is dead too."""
    account = Account()
    first = given.invite(account.fresh, "Sally")
    account.do(first)
    account.clock.advance(6 * 86_400)
    second = given.invite(account.fresh, "Sally")
    account.do(second)
    code = Caller(code=True)
    account.clock.advance(6 * 86_400)
    with pytest.raises(errors.Unauthenticated):
        account.do(RedeemInvitation(digest=first.invitation.digest, tokens=account.fresh.tokens()), code)
    third = given.invite(account.fresh, "Sally")
    account.do(third)
    account.clock.advance(8 * 86_400)
    with pytest.raises(errors.Unauthenticated):
        account.do(RedeemInvitation(digest=third.invitation.digest, tokens=account.fresh.tokens()), code)
    assert account.may(account.kevin, "user:invite", anything("user"))


async def test_an_address_that_is_here_simply_works(running: Running) -> None:
    """Section 3.10: 200 with the same person, whatever the address's case; nothing is recorded and nothing is sent."""
    sally = await running.person("Sally")
    before = running.position
    again = await running.admin.post("/admin/users/invite-user", {**SALLY, "email": "SALLY@EXAMPLE.org"})
    assert (200, sally.id, before) == (again.status, again.json["uuid"], running.position)
    assert "invitation" not in again.json


async def test_disabling_ends_access_and_enabling_gives_it_back(running: Running) -> None:
    """Section 3.10: `active: false` bars the person, who stays there to be read and to be enabled again."""
    sally = await running.person("Sally")
    place = f"/admin/users/{sally.id}"
    assert not (await running.admin.put(place, {"active": False})).json["active"]
    assert 401 == (await sally.get("/user")).status
    assert 200 == (await running.admin.get(place)).status
    assert (await running.admin.put(place, {"active": True})).json["active"]
    assert 200 == (await sally.get("/user")).status


async def test_inviting_somebody_disabled_enables_them(running: Running) -> None:
    """Section 3.10 as section 7 settles it: 200, the same account with its history, active as asked."""
    sally = await running.person("Sally")
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    again = await running.admin.post("/admin/users/invite-user", SALLY)
    assert (200, sally.id, True) == (again.status, again.json["uuid"], again.json["active"])
    assert 200 == (await sally.get("/user")).status


async def test_a_deleted_user_is_gone(running: Running) -> None:
    """Section 3.10: 410 for a read, in no list, not to be changed; what never was is 404."""
    sally = await running.person("Sally")
    place = f"/admin/users/{sally.id}"
    assert 204 == (await running.admin.delete(place)).status
    assert 410 == (await running.admin.get(place)).status
    listed = (await running.admin.get("/admin/users")).json["users"]
    assert sally.id not in [one["uuid"] for one in listed]
    assert 404 == (await running.admin.put(place, {"name": "Sal"})).status
    assert 404 == (await running.admin.put(f"{place}/roles", {"roles": []})).status
    assert 404 == (await running.admin.get("/admin/users/5b3f0d1e-0000-4000-8000-000000000000")).status


async def test_several_are_invited_at_once(running: Running) -> None:
    """Section 3.10: in one request, each as if invited alone; one that is here already is no error."""
    sally = await running.person("Sally")
    people = [{"name": "Ann", "email": "ann@example.org"}, {"name": "Sally", "email": "sally@example.org"}]
    answer = await running.admin.post("/admin/users/invite-users", {"users": people})
    assert 200 == answer.status
    assert ["Ann", "Sally"] == [one["name"] for one in answer.json["users"]]
    assert sally.id == answer.json["users"][1]["uuid"]


async def test_making_a_person_takes_inviting_and_managing(running: Running) -> None:
    """Section 3.10: POST /admin/users needs both user:invite and user:manage:*; either alone is a 403."""
    both = ("user:invite", "user:manage:*")
    for scopes, status in ((both[:1], 403), (both[1:], 403), (both, 201)):
        maker = await running.person(
            f"M{len(scopes)}{scopes[0][5]}", roles=[await running.role(str(scopes), *scopes)]
        )
        assert (
            status == (await maker.post("/admin/users", {"name": "Bob", "email": "bob@example.org"})).status
        )


async def test_a_disabled_user_can_lose_roles_and_memberships(running: Running) -> None:
    """Section 3.10: a client that deletes by disabling empties roles and teams first or after; both work."""
    team = await running.team("A")
    sally = await running.person("Sally", teams=[team])
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": []})).status
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}/users/{sally.id}")).status


async def test_external_ids_take_their_own_right(running: Running) -> None:
    """Section 3.10: inviting, managing and user:manage_scim_attributes together; only the SCIM role has the third."""
    scim = await running.system_account("scim", roles=[SCIM], teams=[])
    body = {**SALLY, "externalIdpId": "00u1", "externalIdpUsername": "sally@idp.example.org"}
    assert 403 == (await running.admin.post("/admin/users", body)).status
    made = await scim.post("/admin/users", body)
    assert 201 == made.status, made.text
    assert ("00u1", "sally@idp.example.org") == (made.json["externalIdpId"], made.json["externalIdpUsername"])
    place = f"/admin/users/{made.json['uuid']}"
    assert 403 == (await running.admin.put(place, {"externalIdpId": "00u2"})).status
    assert 200 == (await running.admin.put(place, {**made.json, "name": "Sally B"})).status
    assert 200 == (await scim.put(place, {"externalIdpId": "00u2"})).status
    assert "00u2" == (await running.admin.get(place)).json["externalIdpId"]


async def test_a_deleted_persons_address_is_free_again(running: Running) -> None:
    """Section 3.10: whoever is invited under it is somebody new, with another UUID and nothing of the old one's."""
    sally = await running.person("Sally", roles=["cf75d7c2-416b-11ea-af5e-53c3b1a4efd8"])
    assert 204 == (await running.admin.delete(f"/admin/users/{sally.id}")).status
    again = await running.admin.post("/admin/users/invite-user", SALLY)
    assert 200 == again.status
    assert sally.id != again.json["uuid"]
    assert ["User"] == [one["name"] for one in again.json["roles"]]
    assert 401 == (await sally.get("/user")).status


async def test_people_are_filtered_by_their_state(running: Running) -> None:
    """Section 3.10: with `active` whoever is disabled is left out of the list, or listed alone."""
    sally = await running.person("Sally")
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    listed = {
        wanted: sally.id
        in [one["uuid"] for one in (await running.admin.get(f"/admin/users?active={wanted}")).json["users"]]
        for wanted in ("true", "false")
    }
    assert {"true": False, "false": True} == listed
