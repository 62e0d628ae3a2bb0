"""The audit trail over HTTP: what it shows, how it is searched, and that reading it is recorded."""

import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from service.catalogue.compiled import AUDITOR, DEFAULT_TEAM, USER
from service.queries import trail
from tests.service import Client, Running

FORGOTTEN = "(forgotten)"


async def read(client: Client, query: str = "") -> list[dict[str, Any]]:
    """The events of one page, which must be there."""
    answer = await client.get(f"/audit{query}")
    assert 200 == answer.status, answer.text
    return list(answer.json["events"])


async def everything(client: Client, query: str) -> list[dict[str, Any]]:
    """The events of all pages, following `next` as a consumer does."""
    found, answer = [], await client.get(f"/audit{query}")
    while True:
        assert 200 == answer.status, answer.text
        found += answer.json["events"]
        following = answer.json["_links"].get("next")
        if following is None:
            return found
        answer = await client.get(following["href"])


async def incident(running: Running) -> tuple[Client, str]:
    """Matt may bulk delete everything and deletes an integration that is real; its consumer's id."""
    matt = await running.person("Matt", roles=[await running.role("Cleaner", "contract_data:bulk_delete:*")])
    await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
    foo = (await running.admin.get("/pacticipants/Foo")).json["uuid"]
    deleted = await matt.delete(
        "/integrations/provider/Bar/consumer/Foo",
        headers={"Muniment-Reason": "a test one", "User-Agent": "curl/8"},
    )
    assert 204 == deleted.status, deleted.text
    return matt, foo


class TestWhatItShows:
    async def test_it_says_who_deleted_an_integration_with_which_grant_and_what_vanished(
        self, running: Running
    ) -> None:
        """The question of seed 002: who, when, with which permission of which role, and what is gone."""
        matt, _ = await incident(running)
        events = await read(running.admin, "?touches=integration:Foo/Bar&sort=-timestamp")
        parent = next(one for one in events if one["kind"] == "integration.deleted")
        child = next(one for one in events if one["kind"] == "contracts.removed")

        assert "Matt deleted the integration Foo/Bar with 1 contract." == parent["sentence"]
        assert (matt.id, "Matt", "matt@example.org", "127.0.0.1", "a test one") == (
            parent["userUuid"],
            parent["userName"],
            parent["user_email"],
            parent["ipAddress"],
            parent["reason"],
        )
        assert "curl/8" == parent["payload"]["userAgent"]
        assert [("contract_data:bulk_delete", "contract_data:bulk_delete:*", "Cleaner", "Foo/Bar")] == [
            (one["needed"], one["scope"], one["role"]["name"], one["on"]["name"])
            for one in parent["authority"]
        ]
        assert ["Foo/Bar/1"] == [one["name"] for one in child["changes"][0]["removed"]]
        assert parent["uuid"] == parent["correlation"] == child["correlation"]

    async def test_names_are_those_of_the_events_own_moment(self, running: Running) -> None:
        """Who is renamed or deleted later is still called what they were called then."""
        sally = await running.person("Sally", roles=[], teams=[])
        await running.admin.put(f"/admin/users/{sally.id}", {"name": "Sally Smith"})
        await running.admin.delete(f"/admin/users/{sally.id}")
        sentences = [one["sentence"] for one in await read(running.admin, f"?touches={sally.id}")]

        assert "Administrator created the user Sally." in sentences
        assert "Administrator renamed Sally to Sally Smith." in sentences
        assert "Administrator deleted Sally Smith." == sentences[-1]

    async def test_a_forgotten_person_leaves_the_record_and_not_the_name(self, running: Running) -> None:
        """A destroyed key takes the words along, in every field, and nothing else."""
        sally = await running.person("Sally", roles=[], teams=[])
        key = running.app.replica.now().principal(sally.id).key
        running.app.replica.person_keys.forget(key)
        made = (await read(running.admin, f"?touches={sally.id}&kind=user.created"))[0]
        redeemed = (await read(running.admin, f"?actor={sally.id}&kind=invitation.redeemed"))[0]

        assert f"Administrator created the user {FORGOTTEN}." == made["sentence"]
        assert (sally.id, FORGOTTEN, FORGOTTEN, FORGOTTEN) == (
            redeemed["userUuid"],
            redeemed["userName"],
            redeemed["user_email"],
            redeemed["ipAddress"],
        )
        assert FORGOTTEN == made["payload"]["params"]["email"]

    async def test_before_and_after_stand_beside_each_other(self, running: Running) -> None:
        """Every changed field has both values; a relation says what joined and what left, by name."""
        role = await running.role("Tester", "contract_data:read:*")
        body = {"name": "Prüfer", "permissions": [{"scope": "team:read:*"}]}
        await running.admin.put(f"/admin/roles/{role}", body)
        permissions, renamed = await read(running.admin, "?kind=role.renamed,role.permissions_changed")

        assert [{"field": "name", "before": "Tester", "after": "Prüfer"}] == renamed["changes"]
        assert (["contract_data:read:*"], ["team:read:*"]) == (
            permissions["changes"][0]["before"],
            permissions["changes"][0]["after"],
        )
        assert (
            "Administrator gave the role Tester team:read:* and took contract_data:read:* from it."
            == permissions["sentence"]
        )

    async def test_one_record_is_shown_exactly_as_it_is_stored(self, running: Running) -> None:
        """Its leaf is SHA-256 of a zero byte and the entry's own bytes (RFC 6962), for anybody to compute."""
        event = (await read(running.admin))[3]
        answer = await running.admin.get(f"/audit/{event['uuid']}")
        entry = answer.json["entry"].encode()

        assert hashlib.sha256(b"\0" + entry).hexdigest() == answer.json["leaf"]
        assert (3, 4, event["sentence"]) == (
            answer.json["leafIndex"],
            answer.json["position"],
            answer.json["sentence"],
        )
        assert 404 == (await running.admin.get("/audit/00000000-0000-7000-8000-000000000000")).status


class TestSearching:
    async def test_every_filter_narrows(self, running: Running) -> None:
        """Each filter leaves exactly the records that fit it, and together those that fit all."""
        matt, foo = await incident(running)
        await matt.post("/pacticipants", {"name": "Nope"})
        all_events = await read(running.admin, "?before=1000")
        last = all_events[-1]
        since = quote(last["timestamp"])

        assert {"denied"} == {one["outcome"] for one in await read(running.admin, "?outcome=denied")}
        assert {matt.id} == {one["userUuid"] for one in await read(running.admin, f"?userUuid={matt.id}")}
        assert {matt.id} == {one["userUuid"] for one in await read(running.admin, "?actor=user:Matt")}
        assert {"system"} == {one["actor"]["kind"] for one in await read(running.admin, "?actor=system")}
        assert {"role.created"} == {one["type"] for one in await read(running.admin, "?type=role.created")}
        assert {"role", "team"} == {
            one["kind"].split(".")[0] for one in await read(running.admin, "?kind=role.*,team.*")
        }
        assert last["uuid"] == (await read(running.admin, f"?since={since}"))[0]["uuid"]
        assert last["uuid"] == (await read(running.admin, f"?until={since}"))[-1]["uuid"]
        assert [3, 4] == [one["position"] for one in await read(running.admin, "?after=2&before=5")]
        assert ["application.created", "application.deleted"] == [
            one["kind"].replace("applications.removed", "application.deleted")
            for one in await read(
                running.admin, f"?touches={foo}&kind=application.created,applications.removed"
            )
        ]
        assert [] == await read(running.admin, f"?touches={foo}&actor=system")

    async def test_what_is_gone_is_found_by_the_name_that_it_had(self, running: Running) -> None:
        """An auditor asks about what was deleted; its name still leads to it."""
        await incident(running)
        kinds = [one["kind"] for one in await read(running.admin, "?touches=application:Foo")]

        assert "applications.removed" == kinds[-1]
        assert 404 == (await running.admin.get("/audit?touches=application:Never")).status

    @pytest.mark.parametrize("sort", ["%2Btimestamp", "-timestamp"])
    async def test_pages_neither_miss_nor_repeat_while_events_arrive(
        self, running: Running, sort: str
    ) -> None:
        """All pages together are exactly what there was when the reading began."""
        until = running.position
        found, answer = [], await running.admin.get(f"/audit?sort={sort}&pageSize=7")
        while True:
            found += [one["position"] for one in answer.json["events"]]
            await running.team(f"Team {len(found)}")
            if (following := answer.json["_links"].get("next")) is None:
                break
            answer = await running.admin.get(following["href"])

        expected = list(range(1, until + 1))
        assert (expected if sort != "-timestamp" else expected[::-1]) == found

    async def test_a_consumer_resumes_from_the_last_event_it_saw(self, running: Running) -> None:
        """`from` is inclusive, as the vendor's consumers know it, and leads on to what came since."""
        seen = (await read(running.admin))[-1]
        await running.team("A")
        resumed = await read(running.admin, f"?from={seen['uuid']}")

        assert seen["uuid"] == resumed[0]["uuid"]
        assert "Administrator created the team A." in [one["sentence"] for one in resumed]

    async def test_numbered_pages_are_the_same_events(self, running: Running) -> None:
        """`pageNumber` counts pages of `pageSize` from one."""
        one, two = (
            await read(running.admin, "?pageSize=5"),
            await read(running.admin, "?pageSize=5&pageNumber=2"),
        )

        assert ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == tuple(
            [e["position"] for e in page] for page in (one, two)
        )

    async def test_a_page_of_a_search_by_thing_is_paged_too(self, running: Running) -> None:
        """The touches of one thing come in pages that fit together as well."""
        for number in range(5):
            await running.admin.put(f"/admin/teams/{DEFAULT_TEAM}", {"name": f"Default {number}"})
        found = await everything(running.admin, f"?touches={DEFAULT_TEAM}&kind=team.renamed&pageSize=2")

        assert [f"Default {number}" for number in range(5)] == [one["changes"][0]["after"] for one in found]

    @pytest.mark.parametrize(
        "query",
        [
            "sort=up", "outcome=maybe", "since=soon", "pageSize=101", "pageNumber=0", "from=x", "kind=role.eaten",
            "after=-1", "actor=user:nobody-here", "touches=Baz", "cursor=abc", "kind=a&type=b", "as_of=3", "kind=*",
            "from=00000000-0000-7000-8000-000000000000", "befor=5", "asof=3",
        ],
    )  # fmt: skip
    async def test_a_filter_that_cannot_be_read_is_an_error(self, running: Running, query: str) -> None:
        """A filter is never ignored, since what it leaves would look like all there is."""
        answer = await running.admin.get(f"/audit?{query}")

        assert answer.status in (400, 404)


class TestReadingIsRecorded:
    async def test_reading_is_an_event_before_the_first_byte(self, running: Running) -> None:
        """Who reads the trail stands in it: the filters by id, and up to where."""
        sally = await running.person("Sally")
        await read(running.admin, "?actor=user:Sally")
        event = (await read(running.admin, "?kind=trail.read&sort=-timestamp"))[0]

        assert ({"actor": sally.id}, "Administrator") == (
            event["payload"]["params"]["filters"],
            event["userName"],
        )

    async def test_following_pages_are_part_of_the_same_reading(self, running: Running) -> None:
        """A cursor proves that the reading was recorded: no further event for each page."""
        answer = await running.admin.get("/audit?pageSize=3")
        position = running.position
        await everything(running.admin, "?pageSize=3")

        assert position == running.position
        assert answer.json["_links"]["next"]["href"].startswith("https://contracts.example.org/audit?")

    async def test_a_pollers_same_question_is_one_reading(self, running: Running) -> None:
        """Polling does not fill the trail with itself, and still sees what is new."""
        await read(running.admin, "?kind=team.created")
        position = running.position
        await running.team("A")
        polled = await read(running.admin, "?kind=team.created")

        assert "Administrator created the team A." == polled[-1]["sentence"]
        assert position + 1 == running.position

    @pytest.mark.parametrize("bound", ["after={position}", "since={time}", "from={uuid}"])
    async def test_a_poller_that_moves_on_is_one_reading(self, running: Running, bound: str) -> None:
        """Asking on from the last event seen is part of the same reading; looking further back is another."""
        seen = await read(running.admin, "?before=8")

        async def asked(event: dict[str, Any]) -> None:
            time = quote(event["timestamp"])
            question = bound.format(position=event["position"], time=time, uuid=event["uuid"])
            await read(running.admin, f"?{question}")

        await asked(seen[2])
        position = running.position
        for event in seen[3:6]:
            await asked(event)
        polled = running.position
        await read(running.admin)

        assert position == polled
        assert position + (not bound.startswith("from")) == running.position

    async def test_a_cursor_is_of_one_caller_and_one_question(self, running: Running) -> None:
        """Nobody continues another's reading, nor turns a recorded question into another one."""
        auditor = await running.person("Audrey", roles=[AUDITOR])
        following = (await running.admin.get("/audit?pageSize=3")).json["_links"]["next"]["href"]

        assert 400 == (await auditor.get(following)).status
        assert 400 == (await running.admin.get(f"{following}&outcome=denied")).status
        assert 400 == (await running.admin.get(following[:-4])).status

    async def test_it_takes_the_permission_also_for_the_next_page(self, running: Running) -> None:
        """audit:read is judged at every page; a refusal is itself recorded."""
        auditor = await running.person("Audrey", roles=[AUDITOR])
        following = (await auditor.get("/audit?pageSize=3")).json["_links"]["next"]["href"]
        await running.admin.put(f"/admin/users/{auditor.id}/roles", {"roles": [USER]})
        refused = await auditor.get(following)
        event = (await read(running.admin, "?outcome=denied"))[-1]

        assert 403 == refused.status
        assert refused.text.endswith("Missing: audit:read.")
        assert (
            "Audrey tried to read the audit trail and was refused: audit:read was missing.",
            "denied",
        ) == (
            event["sentence"],
            event["outcome"],
        )

    async def test_names_are_no_secret_told_to_who_may_not_read(self, running: Running) -> None:
        """Whether a name or an address is known here is not told without audit:read; the attempt is recorded."""
        await running.person("Twin")
        again = {"name": "Twin", "email": "twin2@example.org"}
        await running.admin.post("/admin/users/invite-user", again)
        nobody = await running.person("Nobody", roles=[USER])
        position = running.position
        queries = ("actor=Twin", "actor=twin@example.org", "actor=nosuch", "touches=application:Nope", "")
        answers = [await nobody.get(f"/audit?{query}") for query in queries]

        assert [403] * 5 == [one.status for one in answers]
        assert 1 == len({one.text for one in answers})
        assert position + 1 == running.position
        assert [{}] == [
            one["payload"]["params"]["arguments"] for one in await read(running.admin, "?outcome=denied")
        ]

    async def test_a_read_only_token_suffices(self, running: Running) -> None:
        """Reading the trail is a reading: the event is about it, not its purpose."""
        auditor = await running.person("Audrey", roles=[AUDITOR])

        assert 200 == (await auditor.read_only().get("/audit")).status


def test_every_kind_can_be_asked_for() -> None:
    """The kinds that a search knows are the events that there are."""
    assert "attempt.denied" in trail.KINDS
    assert "role.permissions_changed" in trail.KINDS
    assert len(set(trail.KINDS)) == len(trail.KINDS)
