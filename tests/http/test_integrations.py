"""A team's integrations, the view that somebody chose, and one application's network (seed 002, sections 3.4, 4.7)."""

from typing import Any, Final

import pytest

from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Answer, Client, Running

ALL: Final = [("Bar", "Baz"), ("Foo", "Bar"), ("Foo", "Baz"), ("Qux", "Baz")]
OF_FOO: Final = [("Foo", "Bar"), ("Foo", "Baz")]
PREFERENCE: Final = "/preferences/current-user/defaultTeamView"


def pairs(answer: Answer) -> list[tuple[str, str]]:
    """The (consumer, provider) of every integration that a list shows."""
    assert 200 == answer.status, answer.text
    shown = answer.json.get("_embedded", answer.json)
    return [(one["consumer"]["name"], one["provider"]["name"]) for one in shown["integrations"]]


async def four(running: Running) -> str:
    """Four integrations, and a team with their consumer Foo; the id of the team."""
    for consumer, provider in ALL:
        made = await running.admin.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/1", {})
        assert 201 == made.status, made.text
    return await running.team("Pactflow Demos", pacticipantNames=["Foo"])


async def choosing(running: Running, team: str) -> Client:
    """Sally, a member of the team, who chose it as her view."""
    sally = await running.person("Sally", teams=[team])
    assert 200 == (await sally.put(PREFERENCE, {"value": team})).status
    return sally


class TestTheViewOfATeam:
    async def test_the_team_s_own_address_shows_what_its_applications_take_part_in(
        self, running: Running
    ) -> None:
        """Seed 002: on either side, with the team named, and the way back to all of them."""
        team = await four(running)
        shown = await running.admin.get(f"/integrations/team/{team}")
        assert OF_FOO == pairs(shown)
        assert {"uuid": team, "name": "Pactflow Demos"} == shown.json["team"]
        assert f"{BASE_URL}/integrations" == shown.json["_links"]["pb:integrations"]["href"]
        await running.admin.put(f"/admin/teams/{team}", {"name": "Demos", "pacticipantNames": ["Bar", "Qux"]})
        assert [ALL[0], ALL[1], ALL[3]] == pairs(await running.admin.get(f"/integrations/team/{team}"))

    async def test_filters_and_pages_are_of_the_team_alone(self, running: Running) -> None:
        """`q`, `page` and `size` cut what the team has, and count nothing else."""
        place = f"/integrations/team/{await four(running)}"
        assert [("Foo", "Baz")] == pairs(await running.admin.get(f"{place}?q=bAZ"))
        page = await running.admin.get(f"{place}?page=2&size=1")
        assert [("Foo", "Baz")] == pairs(page)
        assert {"number": 2, "size": 1, "totalElements": 2, "totalPages": 2} == page.json["page"]
        assert [] == pairs(await running.admin.get(f"{place}?q=Qux"))

    async def test_the_past_shows_the_team_as_it_was(self, running: Running) -> None:
        """`as_of`: the team's applications of then, in the integrations of then; before it was made it is 404."""
        team = await four(running)
        then = running.position
        await running.admin.put(f"/admin/teams/{team}", {"name": "Demos", "pacticipantNames": ["Qux"]})
        await running.admin.delete("/integrations")
        assert [] == pairs(await running.admin.get(f"/integrations/team/{team}"))
        assert OF_FOO == pairs(await running.admin.get(f"/integrations/team/{team}?as_of={then}"))
        require_refusal(await running.admin.get(f"/integrations/team/{team}?as_of=5"), 404)

    async def test_an_unknown_team_is_missing_and_a_known_one_is_refused_to_who_reads_nothing(
        self, running: Running
    ) -> None:
        """404 for a team that is not there, was deleted, or is no id; 403 for who may read no contract data."""
        team = await four(running)
        nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[team])
        require_refusal(await nina.get(f"/integrations/team/{team}"), 403)
        for place in ("00000000-0000-4000-8000-000000000000", "demos"):
            for client in (running.admin, nina):
                require_refusal(await client.get(f"/integrations/team/{place}"), 404)
        assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
        require_refusal(await running.admin.get(f"/integrations/team/{team}"), 404)

    async def test_who_may_not_read_the_team_is_not_told_its_name(self, running: Running) -> None:
        """Contract data is read by `contract_data:read`; a team's name by `team:read` alone."""
        team = await four(running)
        role = await running.role("Reads", "contract_data:read:*")
        rita = await running.person("Rita", roles=[role], teams=[])
        assert {"uuid": team} == (await rita.get(f"/integrations/team/{team}")).json["team"]


class TestTheChosenView:
    async def test_view_default_is_the_chosen_team_s(self, running: Running) -> None:
        """Seed 002: `?view=default` shows those of the team in `defaultTeamView`, with the other filters."""
        team = await four(running)
        sally = await choosing(running, team)
        shown = await sally.get("/integrations?view=default")
        assert OF_FOO == pairs(shown)
        assert team == shown.json["team"]["uuid"]
        assert OF_FOO[:1] == pairs(await sally.get("/integrations?view=default&size=1"))
        assert OF_FOO[1:] == pairs(await sally.get("/integrations?view=default&q=baz"))

    async def test_a_program_that_does_not_ask_for_the_view_sees_everything(self, running: Running) -> None:
        """The preference never hides what somebody may read: a plain list is whole, and names the way to the view."""
        team = await four(running)
        sally = await choosing(running, team)
        for path in ("/integrations", "/integrations?view=all"):
            whole = await sally.get(path, headers={"Accept": "application/hal+json"})
            assert ALL == pairs(whole)
            assert "team" not in whole.json
            link = whole.json["_links"]["pf:integrations"]
            assert {"href": f"{BASE_URL}/integrations/team/{team}", "title": "Pactflow Demos"} == link
        assert "pf:integrations" not in (await running.admin.get("/integrations")).json["_links"]

    @pytest.mark.parametrize("how", ["never chosen", "taken away", "left", "deleted"])
    async def test_a_choice_that_does_not_hold_hides_nothing(self, running: Running, how: str) -> None:
        """Without a choice, and where the team is gone or one has left it, the view is everything."""
        team = await four(running)
        sally = await choosing(running, team)
        match how:
            case "never chosen":
                sally = await running.person("Billy", teams=[team])
            case "taken away":
                assert 200 == (await sally.put(PREFERENCE, {"value": None})).status
            case "left":
                assert 204 == (await running.admin.delete(f"/admin/teams/{team}/users/{sally.id}")).status
            case _:
                assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
        shown = await sally.get("/integrations?view=default")
        assert ALL == pairs(shown)
        assert "team" not in shown.json

    async def test_the_past_is_viewed_as_it_was_chosen(self, running: Running) -> None:
        """`as_of`: the choice of then, as the preference itself is shown."""
        team = await four(running)
        sally = await choosing(running, team)
        then = running.position
        await sally.put(PREFERENCE, {"value": None})
        assert OF_FOO == pairs(await sally.get(f"/integrations?view=default&as_of={then}"))

    async def test_a_view_that_there_is_not_is_refused(self, running: Running) -> None:
        """A misspelt view must not show everything instead."""
        require_refusal(await running.admin.get("/integrations?view=mine"), 400)
        require_refusal(await running.admin.get("/integrations?view=all&view=default"), 400)


class TestTheLinks:
    @pytest.mark.parametrize("extent", ["*", "team", "own"])
    async def test_the_way_to_a_deletion_is_shown_where_the_evaluator_allows_it(
        self, running: Running, extent: str
    ) -> None:
        """Section 3.6: the consumer decides, whoever made the provider and whatever team that is in."""
        role = await running.role("R", "contract_data:manage:own", f"contract_data:bulk_delete:{extent}")
        reads = await running.role("Reads", "contract_data:read:*")
        sally = await running.person("Sally", roles=[role, reads], teams=[])
        assert 201 == (await sally.post("/pacticipants", {"name": "Bar"})).status
        team = await four(running)
        await running.admin.post(f"/admin/teams/{team}/users", {"users": [sally.id]})
        shown = (await sally.get("/integrations")).json["_embedded"]["integrations"]
        for one in shown:
            question = {
                "subject": {"type": "user", "id": sally.id},
                "action": {"name": "contract_data:bulk_delete"},
                "resource": {"type": "integration", "id": one["id"]},
            }
            decided = (await running.admin.post("/access/v1/evaluation", question)).json["decision"]
            assert decided == ("pb:delete_integration" in one["_links"]), one
        deletable = [pair for pair, one in zip(ALL, shown, strict=True) if len(one["_links"]) > 1]
        assert {"*": ALL, "team": OF_FOO, "own": ALL[:1]}[extent] == deletable

    async def test_a_read_only_token_is_not_shown_the_way_to_a_deletion(self, running: Running) -> None:
        """A link that is missing means «not permitted»: of the same person, the token decides."""
        team = await four(running)
        sally = await running.person("Sally", teams=[team])
        for client, shown in ((sally, OF_FOO), (sally.read_only(), [])):
            listed = (await client.get("/integrations")).json["_embedded"]["integrations"]
            deletable = [
                (one["consumer"]["name"], one["provider"]["name"])
                for one in listed
                if "pb:delete_integration" in one["_links"]
            ]
            assert shown == deletable

    async def test_what_is_gone_can_be_read_of_and_not_deleted_again(self, running: Running) -> None:
        """Of the past whoever reads everything sees it all, who reads by a team nothing of what has no team now."""
        team = await four(running)
        role = await running.role("Team's", "contract_data:manage:team")
        sally = await running.person("Sally", roles=[role], teams=[team])
        then = running.position
        assert 204 == (await running.admin.delete("/pacticipants/Foo")).status
        past = await running.admin.get(f"/integrations?as_of={then}")
        assert ALL == pairs(past)
        foo = past.json["_embedded"]["integrations"][1]
        assert {"pb:latest-pact-version"} == set(foo["_links"])
        assert [] == pairs(await sally.get(f"/integrations?as_of={then}"))


class TestTheNetwork:
    async def test_an_application_s_network_is_what_it_consumes_and_who_consumes_it(
        self, running: Running
    ) -> None:
        """Section 4.7, in the singular: `integrations` at the top, in the form that the list shows them in."""
        await four(running)
        network: Answer = await running.admin.get("/pacticipant/Bar/network")
        assert ALL[:2] == pairs(network)
        listed: Any = (await running.admin.get("/integrations")).json["_embedded"]["integrations"]
        assert listed[:2] == network.json["integrations"]
        assert f"{BASE_URL}/pacticipants/Bar" == network.json["_links"]["pb:pacticipant"]["href"]
        shown = (await running.admin.get("/pacticipants/Bar")).json["_links"]["pf:network"]["href"]
        assert f"{BASE_URL}/pacticipant/Bar/network" == shown

    async def test_one_without_integrations_has_an_empty_network(self, running: Running) -> None:
        """And one that is not there is 404."""
        assert 201 == (await running.admin.post("/pacticipants", {"name": "Alone"})).status
        assert [] == (await running.admin.get("/pacticipant/Alone/network")).json["integrations"]
        require_refusal(await running.admin.get("/pacticipant/Nobody/network"), 404)
