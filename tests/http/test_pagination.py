"""Pages of every list, in both spellings of the platform (section 4.1)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.http.test_bad_input import require_refusal
from tests.http.test_links import furnished
from tests.service import BASE_URL, Running

LISTS = (
    "/admin/roles",
    "/admin/roles/{role}/users",
    "/admin/teams",
    "/admin/teams/{team}/users",
    "/admin/users",
    "/pacticipants",
    "/integrations",
    "/integrations/team/{team}",
    "/environments",
    "/secrets",
    "/webhooks",
)
CI_CD = "c1878b8e-d09e-11ea-8fde-af02c4677eb7"


def rows(document: Any) -> list[Any]:
    """What a list holds, at its top or embedded."""
    found = {**document, **document.get("_embedded", {})}
    (listed,) = (one for name, one in found.items() if isinstance(one, list) and not name.startswith("_"))
    return [one.get("uuid", one.get("id")) for one in listed]


async def addresses(running: Running) -> list[str]:
    """Every list, each of something."""
    team = await furnished(running)
    second = await running.system_account("second")
    await running.admin.post(f"/admin/teams/{team}/users", {"users": [second.id]})
    return [one.format(team=team, role=CI_CD) for one in LISTS]


async def test_pages_neither_miss_nor_repeat_and_keep_the_other_filters(running: Running) -> None:
    """Each list, a row a page: `page` says where it stands, `next` and `previous` lead on with the titles known."""
    for place in await addresses(running):
        whole = (await running.admin.get(place)).json
        assert "page" not in whole
        wanted, found, address = rows(whole), list[str](), f"{place}?size=1&x=a%26b"
        assert wanted == rows((await running.admin.get(place)).json)
        assert wanted, place
        while address:
            page = (await running.admin.get(address)).json
            found += rows(page)
            number = len(found)
            counted = {"number": number, "size": 1, "totalElements": len(wanted), "totalPages": len(wanted)}
            assert counted == page["page"], place
            links = {name: link for name, link in page["_links"].items() if name in ("next", "previous")}
            expected = {"next": "Next page"} if number < len(wanted) else {}
            expected |= {"previous": "Previous page"} if number > 1 else {}
            assert expected == {name: link["title"] for name, link in links.items()}
            address = links.get("next", {}).get("href", "")
            if address:
                assert address.startswith(f"{BASE_URL}{place}?")
                assert {"x": "a&b", "size": "1", "page": str(number + 1)} == dict(
                    parse_qsl(urlsplit(address).query)
                )
        assert wanted == found


async def test_both_spellings_mean_the_same_and_may_be_mixed(running: Running) -> None:
    """The older `pageNumber` and `pageSize` beside `page` and `size`; saying two different numbers is refused."""
    for place in await addresses(running):
        expected = (await running.admin.get(f"{place}?page=2&size=1")).json
        for query in (
            "pageNumber=2&pageSize=1",
            "page=2&pageSize=1",
            "pageNumber=2&size=1&page=2&pageSize=1",
        ):
            answer = (await running.admin.get(f"{place}?{query}")).json
            assert (rows(expected), expected["page"]) == (rows(answer), answer["page"])
        refused = await running.admin.get(f"{place}?page=1&pageNumber=2")
        require_refusal(refused, 400)
        assert ["pageNumber"] == list(refused.json["errors"])


@pytest.mark.parametrize("wrong", ["0", "-1", "x", "1.5", "", "1e3", "99999999999", "%D9%A3", "+1"])
async def test_what_is_no_number_is_refused_by_its_name(running: Running, wrong: str) -> None:
    """Every list, every spelling: 400, and never silently everything."""
    team = await running.team("A")
    for place in LISTS:
        for name in ("page", "size", "pageNumber", "pageSize"):
            answer = await running.admin.get(f"{place.format(team=team, role=CI_CD)}?{name}={wrong}")
            require_refusal(answer, 400)
            assert [name] == list(answer.json["errors"])


async def test_beyond_the_end_there_is_nothing_and_a_way_back(running: Running) -> None:
    """An empty page with the counts; only the page right behind the last leads back."""
    everything = rows((await running.admin.get("/admin/roles")).json)
    page = (await running.admin.get(f"/admin/roles?size={len(everything)}&page=2")).json
    assert ([], 1) == (rows(page), page["page"]["totalPages"])
    assert {"self", "previous", "pf:reset"} == set(page["_links"])
    far = (await running.admin.get("/admin/roles?page=1000000000")).json
    assert ([], {"self", "pf:reset"}) == (rows(far), set(far["_links"]))
