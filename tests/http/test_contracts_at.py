"""An integration's contracts by tag and by branch, at the addresses that the index names (section 4.3)."""

from typing import Final

import pytest

from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Answer, Running

PAIR: Final = "/pacts/provider/Bar/consumer/Foo"


def versions(answer: Answer) -> list[str]:
    """The consumer versions of a list, each of whose links leads to its own contract."""
    assert 200 == answer.status, answer.text
    pacts = answer.json["_embedded"]["pacts"]
    found = [str(one["_embedded"]["consumerVersion"]["number"]) for one in pacts]
    places = [f"{BASE_URL}{PAIR}/version/{one}" for one in found]
    assert places == [one["_links"]["self"]["href"] for one in pacts]
    return found


async def three(running: Running) -> None:
    """Three versions: 1 and 2 on main, 3 on a branch of its own; 1 and 3 are tagged."""
    for number in "123":
        assert 201 == (await running.admin.put(f"{PAIR}/version/{number}", {"interactions": []})).status
    for place in (
        "branches/main/versions/1",
        "branches/main/versions/2",
        "branches/feat%2Fx/versions/3",
        "versions/1/tags/prod",
        "versions/3/tags/prod",
    ):
        assert 201 == (await running.admin.put(f"/pacticipants/Foo/{place}")).status


async def test_contracts_are_listed_by_tag_and_by_branch(running: Running) -> None:
    """The newest first; a tag or branch that no version has is an empty list, and a pair that there is not is 404."""
    await three(running)
    get = running.admin.get
    assert ["3", "1"] == versions(await get(f"{PAIR}/tag/prod"))
    assert ["2", "1"] == versions(await get(f"{PAIR}/branch/main"))
    assert ["2"] == versions(await get(f"{PAIR}/branch/main/latest/versions"))
    assert ["3"] == versions(await get(f"{PAIR}/branch/feat%2Fx"))
    assert ["1"] == versions(await get(f"{PAIR}/tag/prod?size=1&page=2"))
    assert [] == versions(await get(f"{PAIR}/tag/test"))
    assert [] == versions(await get(f"{PAIR}/branch/gone/latest/versions"))
    require_refusal(await get("/pacts/provider/Bar/consumer/Nobody/tag/prod"), 404)


async def test_the_main_branch_is_the_one_that_the_consumer_names(running: Running) -> None:
    """Without one nothing is of it; a branch that is called «versions» is still found where it is named."""
    await three(running)
    get = running.admin.get
    assert [] == versions(await get(f"{PAIR}/branch/versions"))
    assert [] == versions(await get(f"{PAIR}/branch/latest/versions"))
    then = running.position
    await running.admin.patch("/pacticipants/Foo", {"mainBranch": "main"})
    assert ["2", "1"] == versions(await get(f"{PAIR}/branch/versions"))
    assert ["2"] == versions(await get(f"{PAIR}/branch/latest/versions"))
    assert [] == versions(await get(f"{PAIR}/branch/versions?as_of={then}"))


async def test_the_newest_contract_of_a_branch_is_shown(running: Running) -> None:
    """GET …/branch/{branch}/latest: now and as it was; 404 where no version is on it."""
    await three(running)
    then = running.position
    await running.admin.put("/pacticipants/Foo/branches/main/versions/3")
    for moment, number in (("", "3"), (f"?as_of={then}", "2")):
        shown = await running.admin.get(f"{PAIR}/branch/main/latest{moment}")
        assert f"{BASE_URL}{PAIR}/version/{number}" == shown.json["_links"]["self"]["href"]
    require_refusal(await running.admin.get(f"{PAIR}/branch/gone/latest"), 404)


@pytest.mark.parametrize("place", ["tag/prod", "branch/main", "branch/main/latest", "branch/latest/versions"])
async def test_it_takes_the_right_to_read_one_of_the_sides(running: Running, place: str) -> None:
    """Section 3.4: by a team of the provider, say; with none of them it is 403."""
    await three(running)
    role = await running.role("Team's", "contract_data:manage:team")
    team = await running.team("Providers", pacticipantNames=["Bar"])
    other = await running.team("Others")
    for teams, status in (([team], 200), ([other], 403)):
        reader = await running.person(f"Of {len(teams[0])} {status}", roles=[role], teams=teams)
        assert status == (await reader.get(f"{PAIR}/{place}")).status
