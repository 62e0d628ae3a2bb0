"""Section 3.3: what is one's own."""

import pytest

from service.catalogue.compiled import DEFAULT_TEAM
from tests.service import Client, Running

OWN = ("contract_data:manage:own", "contract_data:bulk_delete:own")


async def _maker(running: Running, name: str, *, robot: bool = False) -> Client:
    """Somebody who may only what is their own; there is no Default team to share applications through."""
    if not [one for one in (await running.admin.get("/admin/teams")).json["teams"] if one["name"] == "Some"]:
        await running.team("Some")
        await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    role = await running.role(f"Own of {name}", *OWN)
    make = running.system_account if robot else running.person
    return await make(name, roles=[role], teams=[])


@pytest.mark.parametrize("robot", [False, True], ids=["person", "system account"])
async def test_who_creates_an_application_owns_it(running: Running, robot: bool) -> None:
    """Section 3.3: explicitly, or as a side effect of publishing, as consumer or provider; system accounts too."""
    maker = await _maker(running, "maker", robot=robot)
    other = await _maker(running, "other")
    assert 201 == (await maker.post("/pacticipants", {"name": "Explicit"})).status
    assert 201 == (await maker.put("/pacts/provider/Provider/consumer/Consumer/version/1", {})).status
    assert 201 == (await maker.patch("/pacticipants/Patched", {"displayName": "x"})).status
    for name in ("Explicit", "Consumer", "Provider", "Patched"):
        assert 200 == (await maker.patch(f"/pacticipants/{name}", {"displayName": "mine"})).status
        assert 403 == (await other.patch(f"/pacticipants/{name}", {"displayName": "not mine"})).status


async def test_ownership_does_not_move(running: Running) -> None:
    """Section 3.3: neither by another's edit or publication nor by a team; a new application has a new creator."""
    maker, other = await _maker(running, "maker"), await _maker(running, "other")
    await maker.post("/pacticipants", {"name": "Foo"})
    await running.admin.patch("/pacticipants/Foo", {"displayName": "edited"})
    assert 201 == (await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})).status
    await running.team("A", pacticipantNames=["Foo"])
    assert 200 == (await maker.patch("/pacticipants/Foo", {"displayName": "mine"})).status
    assert 403 == (await other.patch("/pacticipants/Foo", {"displayName": "x"})).status
    assert 204 == (await running.admin.delete("/pacticipants/Foo")).status
    assert 201 == (await other.post("/pacticipants", {"name": "Foo"})).status
    assert 403 == (await maker.patch("/pacticipants/Foo", {"displayName": "x"})).status
    assert 200 == (await other.patch("/pacticipants/Foo", {"displayName": "mine"})).status


async def test_a_bulk_deletion_is_ones_own_by_its_consumer(running: Running) -> None:
    """Section 3.3: for bulk deletion the consumer must be the caller's; having made the provider is not enough."""
    maker = await _maker(running, "maker")
    for name in ("Mine", "Also mine"):
        await maker.post("/pacticipants", {"name": name})
    await running.admin.post("/pacticipants", {"name": "Theirs"})
    for consumer, provider in (("Mine", "Theirs"), ("Theirs", "Also%20mine")):
        assert (
            201
            == (
                await running.admin.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/1", {})
            ).status
        )
    assert 403 == (await maker.delete("/pacts/provider/Also%20mine/consumer/Theirs/versions")).status
    assert 204 == (await maker.delete("/pacts/provider/Theirs/consumer/Mine/versions")).status


async def test_own_tokens_are_the_callers(running: Running) -> None:
    """Section 3.3: `token:manage:own` reaches the caller's two tokens and nobody else's."""
    role = await running.role("Tokens", "token:manage:own")
    sally, billy = await running.person("Sally", roles=[role]), await running.person("Billy", roles=[role])
    theirs = (await billy.get("/settings/tokens")).json["_embedded"]["items"]
    assert 2 == len((await sally.get("/settings/tokens")).json["_embedded"]["items"])
    for token in theirs:
        assert 404 == (await sally.get(f"/settings/tokens/{token['uuid']}")).status
        assert 403 == (await sally.post(f"/settings/tokens/{token['uuid']}/regenerate", {})).status
