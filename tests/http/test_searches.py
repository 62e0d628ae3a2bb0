"""AuthZEN 1.0's searches over HTTP: what is asked, ignored and refused, and pages that stay what they are."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.catalogue.compiled import ADMINISTRATOR, DECISION_CLIENT, USER
from service.http import search_cursor, searches
from service.log.keys import Keys
from tests import postgres, service
from tests.http.test_authzen import EVALUATION, seed_002
from tests.service import Client, Running

SUBJECT = "/access/v1/search/subject"
RESOURCE = "/access/v1/search/resource"
ACTION = "/access/v1/search/action"
RECORDS: dict[str, Any] = {
    "number": 1,
    "types": [{"name": "record"}],
    "actions": [
        {
            "name": "record:write",
            "types": ["record"],
            "extents": ["*"],
            "label": "Write records",
            "group": "Records",
            "description": "Change what a record says",
            "called": ["write"],
        }
    ],
    "conditions": [
        {
            "name": "unarchived",
            "description": "the record is not archived",
            "all": [{"property": "resource.properties.status", "not_equals": "archived"}],
        }
    ],
    "subject_types": ["employee"],
}


def who(application: str, asked: str = "contract_data:manage", **more: Any) -> dict[str, Any]:
    """The body that asks who may do that to an application."""
    thing = {"type": "application", "id": application}
    return {"subject": {"type": "user"}, "action": {"name": asked}, "resource": thing, **more}


def which(person: str, asked: str = "contract_data:manage", **more: Any) -> dict[str, Any]:
    """The body that asks to which applications somebody may do that."""
    named = {"type": "user", "id": person}
    return {"subject": named, "action": {"name": asked}, "resource": {"type": "application"}, **more}


def what(person: str, application: str, **more: Any) -> dict[str, Any]:
    """The body that asks what somebody may do to an application."""
    return {
        "subject": {"type": "user", "id": person},
        "resource": {"type": "application", "id": application},
        **more,
    }


async def answered(client: Client, path: str, body: object) -> Any:
    """The document that a search is answered with."""
    answer = await client.post(path, body)
    assert 200 == answer.status, answer.text
    assert "application/json" == answer.headers["Content-Type"]
    return answer.json


async def pages(client: Client, path: str, body: dict[str, Any]) -> list[Any]:
    """Every page from the first on, each asked for by the token of the one before beside the same question."""
    found = [await answered(client, path, body)]
    while token := found[-1]["page"]["next_token"]:
        found.append(await answered(client, path, {**body, "page": {**body["page"], "token": token}}))
    return found


def listed(found: list[Any]) -> list[str]:
    """The ids, or names, of all results of some pages."""
    return [one.get("id") or one["name"] for page in found for one in page["results"]]


class TestAnswers:
    async def test_who_may(self, running: Running) -> None:
        """Whoever may is found by type and id, system accounts too, and whoever is disabled is not."""
        people = await seed_002(running)
        robot = await running.system_account("robot", roles=[ADMINISTRATOR])
        gone = await running.person("Gone", roles=[ADMINISTRATOR])
        await running.admin.put(f"/admin/users/{gone.id}", {"active": False})
        found = await answered(running.admin, SUBJECT, who("Foo"))
        admin = found["results"][0]["id"]

        assert [{"type": "user", "id": one} for one in (admin, people["sally"].id, robot.id)] == found[
            "results"
        ]
        accounts = await answered(running.admin, SUBJECT, who("Foo", subject={"type": "system_account"}))
        assert [{"type": "system_account", "id": robot.id}] == accounts["results"]

    async def test_on_what_they_may(self, running: Running) -> None:
        """The things are found by what a question may name them by, in the order in which they came."""
        people = await seed_002(running)
        foo, bar, baz = (await answered(running.admin, RESOURCE, which("admin@example.org")))["results"]

        assert {"type": "application", "id": foo["id"]} == foo
        assert [foo, bar] == (await answered(running.admin, RESOURCE, which(people["sally"].id)))["results"]
        assert [bar, baz] == (await answered(running.admin, RESOURCE, which("billy@example.org")))["results"]

    async def test_what_they_may(self, running: Running) -> None:
        """Actions are found by name; one that the body names is ignored, be it no action at all."""
        people = await seed_002(running)
        mine = {"results": [{"name": "contract_data:manage"}, {"name": "contract_data:read"}]}

        assert mine == await answered(running.admin, ACTION, what(people["sally"].id, "Foo"))
        for ignored in ({"name": "contract_data:read"}, {"name": 17}, "read"):
            assert mine == await answered(
                running.admin, ACTION, what(people["sally"].id, "Foo", action=ignored)
            )

    async def test_every_result_evaluates_to_true(self, running: Running) -> None:
        """A result sent back as it is, in the place of what was searched for, is a yes."""
        people = await seed_002(running)
        sally = people["sally"].id
        await running.person("Reader", roles=[USER])
        for path, body, part in (
            (SUBJECT, who("Bar"), "subject"),
            (RESOURCE, which(sally), "resource"),
            (RESOURCE, which(sally, "team:read", resource={"type": "team"}), "resource"),
            (RESOURCE, which("admin@example.org", "user:manage", resource={"type": "user"}), "resource"),
            (ACTION, what(sally, "Bar"), "action"),
        ):
            results = (await answered(running.admin, path, body))["results"]
            assert results
            for result in results:
                decided = await running.admin.post(EVALUATION, {**body, part: result})
                assert decided.json["decision"] is True

    async def test_an_own_catalogue_s_things_are_searched_too(self, running: Running) -> None:
        """Its words for subjects and actions name them, and conditions see the properties that a search says."""
        adopted = await running.admin.put("/admin/catalogues/records", RECORDS)
        assert 201 == adopted.status, adopted.text
        writer = await running.person("Writer", roles=[await running.role("W", "record:write:*?unarchived")])
        thing = {"type": "record", "id": "r1", "properties": {"status": "active"}}
        asked = {"subject": {"type": "employee"}, "action": {"name": "write"}, "resource": thing}

        expected = {"results": [{"type": "employee", "id": writer.id}]}
        assert expected == await answered(running.admin, SUBJECT, asked)
        archived = {**thing, "properties": {"status": "archived"}}
        assert {"results": []} == await answered(running.admin, SUBJECT, {**asked, "resource": archived})
        mine = {"subject": {"type": "employee", "id": writer.id}, "resource": thing}
        assert {"results": [{"name": "write"}]} == await answered(running.admin, ACTION, mine)

    async def test_who_says_apart_who_could_under_a_condition(self, running: Running) -> None:
        """GET /access/v1/who lists whoever may; whom a condition binds stands in a list of their own."""
        await running.admin.put("/admin/catalogues/records", RECORDS)
        writer = await running.person("Writer", roles=[await running.role("W", "record:write:*?unarchived")])
        path = "/access/v1/who?action=record:write&resource=record:*"
        told = (await running.admin.get(path)).json

        assert [] == told["principals"]
        assert [writer.id] == [one["id"] for one in told["underCondition"]]
        (grant,) = told["underCondition"][0]["grants"]
        assert ("record:write:*?unarchived", "unarchived") == (grant["scope"], grant["condition"])

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (SUBJECT, who("unheard of")),
            (SUBJECT, who("Foo", "no:action")),
            (SUBJECT, who("Foo", subject={"type": "spaceship"})),
            (SUBJECT, who("Foo", resource={"type": "spaceship", "id": "1"})),
            (RESOURCE, which("nobody@example.org")),
            (RESOURCE, which("admin@example.org", "no:action")),
            (RESOURCE, which("admin@example.org", resource={"type": "spaceship"})),
            (RESOURCE, which("admin@example.org", "team:read")),
            (ACTION, what("nobody@example.org", "Foo")),
            (ACTION, what("admin@example.org", "unheard of")),
            (ACTION, what("admin@example.org", "x", resource={"type": "spaceship", "id": "1"})),
        ],
    )
    async def test_what_is_unknown_finds_nothing(self, running: Running, path: str, body: Any) -> None:
        """An id, a type or an action that nobody knows is no error: the answer is empty."""
        assert {"results": []} == await answered(running.admin, path, body)

    async def test_the_id_of_what_is_searched_for_is_ignored(self, running: Running) -> None:
        """It is asked for by type: whatever id is given beside changes nothing."""
        await seed_002(running)
        for path, body, part in (
            (SUBJECT, who("Foo"), "subject"),
            (RESOURCE, which("sally@example.org"), "resource"),
        ):
            plain = await answered(running.admin, path, body)
            ids: tuple[object, ...] = ("nobody@example.org", 17, None, {})
            for ignored in ids:
                asked = {**body, part: {**body[part], "id": ignored}}
                assert plain == await answered(running.admin, path, asked)

    async def test_fields_that_are_unknown_are_ignored(self, running: Running) -> None:
        """Whatever else a body holds says nothing to this service."""
        await seed_002(running)
        asked = {**who("Foo"), "options": 17, "evaluations": "none"}

        assert await answered(running.admin, SUBJECT, who("Foo")) == await answered(
            running.admin, SUBJECT, asked
        )

    async def test_an_answer_is_the_same_on_repetition(self, running: Running) -> None:
        """The same question at the same position has the same body to the letter, its token included."""
        await seed_002(running)
        for path, body in (
            (SUBJECT, who("Foo", page={"limit": 1})),
            (RESOURCE, which("sally@example.org", page={"limit": 1})),
            (ACTION, what("sally@example.org", "Foo", page={"limit": 1})),
        ):
            bodies = {(await running.admin.post(path, body)).octets for _ in range(3)}
            assert 1 == len(bodies)

    async def test_the_past_is_searched_as_the_present_is(self, running: Running) -> None:
        """`as_of`, in the query or the context, asks who could then; `at_least` waits for what was written."""
        people = await seed_002(running)
        sally = people["sally"].id
        before = running.position
        deleted = await running.admin.delete(f"/admin/users/{sally}")
        now = listed([await answered(running.admin, SUBJECT, who("Foo"))])

        assert sally not in now
        for path, body in (
            (f"{SUBJECT}?as_of={before}", who("Foo")),
            (SUBJECT, who("Foo", context={"as_of": before})),
            (SUBJECT, who("Foo", context={"as_of": str(before)})),
        ):
            answer = await running.admin.post(path, body)
            assert before == answer.position
            assert [*now, sally] == listed([answer.json])
        fresh = await running.admin.post(f"{SUBJECT}?at_least={deleted.position}", who("Foo"))
        assert now == listed([fresh.json])

    async def test_it_needs_the_right_to_evaluate(self, running: Running) -> None:
        """A decision client may search; who lacks `access:evaluate` is 403, and nobody at all 401."""
        client = await running.system_account("pep", roles=[DECISION_CLIENT])
        guest = await running.person("Guest", roles=[USER])
        for path, body in ((SUBJECT, who("x")), (RESOURCE, which("x")), (ACTION, what("x", "y"))):
            assert 200 == (await client.post(path, body)).status
            assert 200 == (await client.read_only().post(path, body)).status
            assert 403 == (await guest.post(path, body)).status
            assert 401 == (await running.nobody.post(path, body)).status


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (SUBJECT, []),
            (SUBJECT, {}),
            (SUBJECT, who("Foo", subject="user")),
            (SUBJECT, who("Foo", subject={})),
            (SUBJECT, who("Foo", subject={"type": 17})),
            (SUBJECT, who("Foo", action="read")),
            (SUBJECT, who("Foo", action={})),
            (SUBJECT, who("Foo", action={"name": 17})),
            (SUBJECT, who("Foo", action=None)),
            (SUBJECT, who("Foo", resource={"type": "application"})),
            (SUBJECT, who("Foo", resource={"id": "Foo"})),
            (SUBJECT, who("Foo", context=[])),
            (RESOURCE, which("x", subject={"type": "user"})),
            (RESOURCE, which("x", resource={})),
            (RESOURCE, which("x", resource={"type": 17})),
            (RESOURCE, which("x", action=None)),
            (ACTION, what("x", "y", subject={"type": "user"})),
            (ACTION, what("x", "y", resource={"type": "application"})),
            (ACTION, what("x", "y", resource=None)),
            (SUBJECT, who("Foo", page=[])),
            (SUBJECT, who("Foo", page={"token": 17})),
            (SUBJECT, who("Foo", page={"limit": -1})),
            (SUBJECT, who("Foo", page={"limit": 1.5})),
            (SUBJECT, who("Foo", page={"limit": True})),
            (SUBJECT, who("Foo", page={"limit": "10"})),
            (SUBJECT, who("Foo", page={"properties": []})),
        ],
    )
    async def test_what_cannot_be_read_is_400(self, running: Running, path: str, body: Any) -> None:
        """A part that is missing, or of another type than it must be, is the client's mistake and named."""
        answer = await running.admin.post(path, body)

        assert 400 == answer.status, answer.text
        assert answer.text

    async def test_no_other_body_and_no_other_method(self, running: Running) -> None:
        """An empty or malformed body and another Content-Type are 400; GET and PUT are 405."""
        for path in (SUBJECT, RESOURCE, ACTION):
            for body in (b"", b"{", b"\xff"):
                assert 400 == (await running.admin.ask("POST", path, body=body)).status
            typed = {"Content-Type": "text/plain"}
            assert 400 == (await running.admin.ask("POST", path, json=who("Foo"), headers=typed)).status
            assert 405 == (await running.admin.get(path)).status
            assert 405 == (await running.admin.put(path, who("Foo"))).status


class TestPages:
    async def test_a_page_says_where_it_goes_on_and_of_how_many(self, running: Running) -> None:
        """`page` comes first in the body, with `next_token`, `count` and `total`; the last one's token is empty."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 2})
        answer = await running.admin.post(RESOURCE, body)
        first, last = await pages(running.admin, RESOURCE, body)

        assert answer.text.startswith('{"page":{"next_token":"p1.')
        assert (2, 3) == (first["page"]["count"], first["page"]["total"])
        assert {"next_token": "", "count": 1, "total": 3} == last["page"]
        whole = await answered(running.admin, RESOURCE, which("admin@example.org"))
        assert whole["results"] == [*first["results"], *last["results"]]

    async def test_actions_have_pages_too(self, running: Running) -> None:
        """All three searches are paged in the same way."""
        await seed_002(running)
        whole = await answered(running.admin, ACTION, what("admin@example.org", "Foo"))
        found = await pages(running.admin, ACTION, what("admin@example.org", "Foo", page={"limit": 1}))

        assert len(whole["results"]) == len(found)
        assert listed([whole]) == listed(found)

    async def test_an_answer_without_pages_is_whole(self, running: Running) -> None:
        """Nobody who says nothing of pages gets any while the answer has room; who asks for them always does."""
        await seed_002(running)
        whole = await answered(running.admin, SUBJECT, who("Foo"))

        assert {"results"} == set(whole)
        asked: tuple[dict[str, Any], ...] = (
            {},
            {"limit": 100},
            {"token": ""},
            {"properties": {}},
            {"limit": 10**30},
        )
        for page in asked:
            paged = await answered(running.admin, SUBJECT, who("Foo", page=page))
            assert {"page": {"next_token": "", "count": 2, "total": 2}, **whole} == paged

    async def test_what_has_no_room_is_paged_unasked(
        self, running: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An answer that is not whole says so: the page is there though nobody asked for it, and leads on."""
        await seed_002(running)
        whole = await answered(running.admin, RESOURCE, which("admin@example.org"))
        monkeypatch.setattr(searches, "SIZE_MAX", 2)
        for limit in (3, 10**30):
            cut = await pages(running.admin, RESOURCE, which("admin@example.org", page={"limit": limit}))
            assert [2, 1] == [page["page"]["count"] for page in cut]
        first = await answered(running.admin, RESOURCE, which("admin@example.org"))
        token = first["page"]["next_token"]
        last = await answered(running.admin, RESOURCE, which("admin@example.org", page={"token": token}))

        assert (2, 3) == (first["page"]["count"], first["page"]["total"])
        assert whole["results"] == [*first["results"], *last["results"]]

    async def test_a_limit_of_nothing_counts(self, running: Running) -> None:
        """With the limit 0 nothing is listed and nothing goes on: the answer is how many there are."""
        await seed_002(running)
        found = await answered(running.admin, RESOURCE, which("admin@example.org", page={"limit": 0}))

        assert {"page": {"next_token": "", "count": 0, "total": 3}, "results": []} == found

    async def test_a_token_goes_on_beside_the_question_or_alone(self, running: Running) -> None:
        """The limit may be left out, and so may all of the question: the token knows both."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 1})
        first, second, third = await pages(running.admin, RESOURCE, body)
        token = first["page"]["next_token"]

        for asked in (
            which("admin@example.org", page={"token": token}),
            which("admin@example.org", page={"token": token, "limit": 1}),
            {"page": {"token": token}},
            {"page": {"token": token, "limit": 1}},
        ):
            assert second == await answered(running.admin, RESOURCE, asked)
        alone = {"page": {"token": second["page"]["next_token"]}}
        assert third == await answered(running.admin, RESOURCE, alone)

    async def test_a_token_goes_on_at_the_moment_that_was_asked_about(self, running: Running) -> None:
        """A search of the past stays there, whether or not the moment is named again."""
        await seed_002(running)
        before = running.position
        await running.admin.post("/pacticipants", {"name": "Later"})
        path = f"{RESOURCE}?as_of={before}"
        first = await answered(running.admin, path, which("admin@example.org", page={"limit": 2}))
        token = {"page": {"token": first["page"]["next_token"]}}

        for again in (path, RESOURCE, f"{RESOURCE}?at_least={before}"):
            answer = await running.admin.post(again, token)
            assert (before, 1, 3) == (
                answer.position,
                answer.json["page"]["count"],
                answer.json["page"]["total"],
            )
        for other in (f"{RESOURCE}?as_of={before + 1}", f"{RESOURCE}?at_least={before + 1}"):
            assert 400 == (await running.admin.post(other, token)).status

    async def test_another_question_than_the_token_s_is_400(self, running: Running) -> None:
        """Every entity, the context and the limit must be those of the first page."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 1}, context={"ip": "192.0.2.1"})
        token = (await answered(running.admin, RESOURCE, body))["page"]["next_token"]
        again = {**body, "page": {"token": token}}
        assert 200 == (await running.admin.post(RESOURCE, again)).status

        for changed in (
            {"subject": {"type": "user", "id": "sally@example.org"}},
            {"subject": {"type": "user", "id": "admin@example.org", "properties": {"x": 1}}},
            {"action": {"name": "contract_data:read"}},
            {"resource": {"type": "team"}},
            {"context": {"ip": "192.0.2.2"}},
            {"context": None},
            {"page": {"token": token, "limit": 2}},
        ):
            answer = await running.admin.post(RESOURCE, {**again, **changed})
            assert 400 == answer.status, changed

    async def test_a_limit_that_comes_later_is_400(self, running: Running) -> None:
        """Pages that began without a limit go on without one."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 1})
        token = (await answered(running.admin, RESOURCE, body))["page"]["next_token"]
        assert 400 == (await running.admin.post(RESOURCE, {"page": {"token": token, "limit": 0}})).status

    async def test_a_token_is_of_one_kind_of_search(self, running: Running) -> None:
        """The token of a resource search is none of a subject search, whatever stands beside it."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 1})
        token = {"page": {"token": (await answered(running.admin, RESOURCE, body))["page"]["next_token"]}}

        for path in (SUBJECT, ACTION):
            assert 400 == (await running.admin.post(path, {**body, **token})).status
            assert 400 == (await running.admin.post(path, token)).status

    async def test_a_token_that_is_not_ours_is_400(self, running: Running) -> None:
        """A token that was cut, changed in any place, made up or blown up goes on with nothing."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 1})
        token = (await answered(running.admin, RESOURCE, body))["page"]["next_token"]
        for at in range(3, len(token), 41):
            other = "A" if token[at] != "A" else "B"
            await require_wrong(running.admin, body, token[:at] + other + token[at + 1 :])
        for wrong in (token[:-4], token[3:], f"{token}A", "p1.", "p1.%", "1", "p1." + "A" * 100_000, "p1.ä"):
            await require_wrong(running.admin, body, wrong)

    async def test_a_token_is_of_one_account(
        self, make_database: Callable[..., postgres.Database], tmp_path: Path
    ) -> None:
        """Another account's token is none here, even under the same key."""
        tokens: list[str] = []
        for name in ("one", "other"):
            async with service.running(make_database(), tmp_path / name) as running:
                await seed_002(running)
                body = which("admin@example.org", page={"limit": 1})
                for token in tokens:
                    await require_wrong(running.admin, body, token)
                tokens.append((await answered(running.admin, RESOURCE, body))["page"]["next_token"])

    async def test_a_token_of_another_course_of_things_is_400(self, running: Running) -> None:
        """Where the log went on otherwise after a restore, or another rule decides now, the pages cannot go on."""
        await seed_002(running)
        body = which("admin@example.org", page={"limit": 1})
        token = (await answered(running.admin, RESOURCE, body))["page"]["next_token"]
        octets = base64.urlsafe_b64decode(token.removeprefix("p1.") + "==")
        place = msgspec.json.decode(octets[32:], type=search_cursor.Place)

        def sealed(**changed: int) -> str:
            content = msgspec.json.encode(msgspec.structs.replace(place, **changed))
            mac = Keys.derived(bytes.fromhex(service.KEY)).mac("search-token", content)
            return "p1." + base64.urlsafe_b64encode(mac + content).decode().rstrip("=")

        assert token == sealed()
        for other in ({"recorded": place.recorded - 1}, {"rule": place.rule + 1}):
            answer = await running.admin.post(RESOURCE, {"page": {"token": sealed(**other)}})
            assert (400, True) == (answer.status, "search anew" in answer.text)

    async def test_a_token_is_bounded(self, running: Running) -> None:
        """A question that is too large to travel is sent again beside its token; alone the token does not suffice."""
        await seed_002(running)
        context = {"note": "ä" * search_cursor.CARRIED_BYTES_MAX}
        body = which("admin@example.org", page={"limit": 1}, context=context)
        first, *others = await pages(running.admin, RESOURCE, body)

        token = first["page"]["next_token"]
        assert len(token) < search_cursor.TOKEN_LENGTH_MAX
        assert 3 == len(listed([first, *others]))
        await require_wrong(running.admin, {}, token)

    async def test_a_token_serves_whoever_may_search(self, running: Running) -> None:
        """A page that one client began another may go on with: the right to search is what it takes."""
        await seed_002(running)
        other = await running.system_account("pep", roles=[DECISION_CLIENT])
        body = which("admin@example.org", page={"limit": 2})
        first = await answered(running.admin, RESOURCE, body)
        found = await answered(other, RESOURCE, {"page": {"token": first["page"]["next_token"]}})

        assert 1 == found["page"]["count"]

    async def test_pages_neither_miss_nor_repeat_while_others_write(self, running: Running) -> None:
        """Every page is of the first one's position: what comes, goes or gains the right meanwhile changes nothing."""
        await seed_002(running)
        for number in range(8):
            await running.person(f"Reader {number}", roles=[ADMINISTRATOR])
        body = who("Foo", page={"limit": 3})
        whole = listed([await answered(running.admin, SUBJECT, who("Foo"))])
        position = running.position
        done = asyncio.Event()

        async def written() -> None:
            number = 0
            while not done.is_set():
                number += 1
                await running.person(f"Late {number}", roles=[ADMINISTRATOR])
                await running.admin.delete(f"/admin/users/{whole[-number % 8]}")

        writing = asyncio.create_task(written())
        first = await running.admin.post(f"{SUBJECT}?as_of={position}", body)
        found, told = [first.json], [first.position]
        while token := found[-1]["page"]["next_token"]:
            before = running.position
            while running.position == before:
                await asyncio.sleep(0.01)
            answer = await running.admin.post(SUBJECT, {**body, "page": {"token": token}})
            assert 200 == answer.status, answer.text
            found.append(answer.json)
            told.append(answer.position)
        done.set()
        await writing

        assert whole == listed(found)
        assert {position} == set(told)
        assert {len(whole)} == {page["page"]["total"] for page in found}
        assert whole != listed([await answered(running.admin, SUBJECT, who("Foo"))])


async def require_wrong(client: Client, body: dict[str, Any], token: str) -> None:
    """The token is refused, and nothing else of the request is to blame."""
    answer = await client.post(RESOURCE, {**body, "page": {"token": token}})
    assert 400 == answer.status, token
    assert "token" in answer.text
