"""An account that was there before: one that Terraform «deleted», somebody else's, one that is gone for good."""

import pytest

from tests.scenarios.terraform.client import Failed
from tests.scenarios.terraform.core import Configuration, Run
from tests.service import Running

SCIM = "f3b1d7a0-5c0e-4e0a-9d61-4a1f6c1b7e52"
USER = "e9282e22-416b-11ea-a16e-57ee1bb61d18"


def homer(name: str, *, active: bool = True, type_: str = "user") -> Configuration:
    """One account by its address."""
    block = {"name": name, "email": "Homer@Example.org", "type": type_, "active": active, "roles": [USER]}
    return {"pact_user.homer": block}


@pytest.mark.parametrize("type_", ["user", "system"])
@pytest.mark.parametrize("active", [True, False])
async def test_a_disabled_account_is_made_again_as_it_is_asked_for(
    run: Run, type_: str, *, active: bool
) -> None:
    """Making what a destroy disabled answers with that account, named and active as requested (section 5.3)."""
    await run.apply(homer("Homer", type_=type_))
    before = run.state["pact_user.homer"].id
    await run.destroy()
    wanted = homer("Homer J. Simpson", active=active, type_=type_)
    await run.apply(wanted)
    assert before == run.state["pact_user.homer"].id
    assert {} == await run.plan(wanted)


async def test_a_user_is_made_disabled(run: Run) -> None:
    """`active = false` holds from the beginning, and an update ends it."""
    await run.apply(homer("Homer", active=False))
    assert {} == await run.plan(homer("Homer", active=False))
    await run.apply(homer("Homer"))
    assert {} == await run.plan(homer("Homer"))


async def test_a_system_account_made_again_has_other_tokens(running: Running, run: Run) -> None:
    """Whoever kept a token of the disabled account does not come back with it."""
    await run.apply(homer("Robot", type_="system"))
    place = f"/admin/system-accounts/{run.state['pact_user.homer'].id}/tokens"
    tokens = (await running.admin.get(place)).json["_embedded"]["items"]
    await run.destroy()
    await run.apply(homer("Robot", type_="system"))
    for token in tokens:
        assert 401 == (await running.client(token["value"]).get("/user")).status
    for token in (await running.admin.get(place)).json["_embedded"]["items"]:
        assert 200 == (await running.client(token["value"]).get("/user")).status


async def test_somebody_who_was_here_already_is_taken_over_as_they_are(running: Running, run: Run) -> None:
    """Inviting an active person changes nothing of theirs (section 3.10): a plan shows the name, an apply gives it."""
    stranger = await running.person("Homer")
    found = {"pact_user.homer": {"name": "Homer J.", "email": "homer@example.org", "roles": [USER]}}
    await run.apply(found)
    assert stranger.id == run.state["pact_user.homer"].id
    planned = await run.apply(found)
    assert {"pact_user.homer": {"name": ("Homer", "Homer J.")}} == {
        one: change.differences for one, change in planned.items()
    }
    assert {} == await run.plan(found)
    assert 200 == (await stranger.get("/user")).status


async def test_who_was_deleted_for_good_is_another_account(running: Running, run: Run) -> None:
    """A plan meets 410 where somebody deleted the user for good; the address is free, and a new account gets it."""
    await run.apply(homer("Homer"))
    before = run.state["pact_user.homer"].id
    assert 204 == (await running.admin.delete(f"/admin/users/{before}")).status
    with pytest.raises(Failed) as gone:
        await run.plan(homer("Homer"))
    assert 410 == gone.value.status
    run.state.clear()
    await run.apply(homer("Homer"))
    assert before != run.state["pact_user.homer"].id
    assert {} == await run.plan(homer("Homer"))


async def test_what_an_identity_provider_said_of_somebody_survives_being_sent_back(
    running: Running, run: Run
) -> None:
    """The provider sends whole users back, external ids included, by accounts that could not set them (5.1)."""
    provisioner = await running.system_account("Provisioner", roles=[SCIM])
    ids = {"externalIdpId": "00u1", "externalIdpUsername": "homer.simpson", "firstName": "Homer"}
    body = {"name": "Homer", "email": "Homer@Example.org", **ids}
    assert 201 == (await provisioner.post("/admin/users", body)).status
    await run.apply(homer("Homer"))
    place = f"/admin/users/{run.state['pact_user.homer'].id}"
    await run.apply(homer("Homer J. Simpson"))
    await run.destroy()
    document = (await running.admin.get(place)).json
    assert document["active"] is False
    assert ids.items() <= document.items()
