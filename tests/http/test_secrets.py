"""/secrets over HTTP: sections 3.7, 4.4 and 4.6 of the vendor's rules. A value goes in, and never comes out."""

import asyncio
from typing import Any

import pytest

from service.queries import vault
from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Answer, Client, Running

PLANTED = "x9-planted-value-7Q"
NEXT = "x9-the-next-value-8R"


ORDERS: tuple[tuple[str, str, Any], ...] = (
    (
        "POST",
        "/secrets",
        {"name": "key", "value": PLANTED, "teamUuid": "00000000-0000-4000-8000-000000000000"},
    ),
    ("POST", "/secrets", {"name": "other", "value": PLANTED}),
    ("POST", "/secrets?dry_run=true", {"name": "tried", "value": PLANTED}),
    ("POST", "/secrets", {"name": "two words", "value": PLANTED}),
    ("POST", "/secrets", {"name": "key", "value": [PLANTED]}),
    ("POST", "/secrets", {"name": "third", "value": PLANTED, "description": "x" * 1_001}),
    ("PUT", "<secret>", {"value": PLANTED}),
    ("PUT", "<secret>?dry_run=true", {"value": PLANTED}),
    ("PUT", "<secret>", {"value": f"{PLANTED}\u0000"}),
    ("PUT", "<secret>", {"value": PLANTED * 5_000}),
    ("PUT", "<secret>", {"value": PLANTED, "teamUuid": PLANTED}),
    ("PUT", "<secret>", {"value": {PLANTED: 1}}),
    ("PATCH", "<secret>", {"value": PLANTED}),
    ("DELETE", "<secret>?dry_run=true", {"value": PLANTED}),
)
"""Orders with the value in them, most of which are refused."""


async def made(client: Client, name: str, team: str | None = None, **fields: Any) -> Any:
    """A new secret's document."""
    of = {"teamUuid": team} if team else {}
    answer = await client.post("/secrets", {"name": name, "value": PLANTED, **of, **fields})
    assert 201 == answer.status, answer.text
    return answer.json


async def kept(running: Running, secret: str) -> str:
    """The value that the vault holds of a secret."""
    ref = running.app.replica.now().secret(secret).value
    return (await vault.body(running.app.reader, running.app.keys, ref)).decode()


async def values(running: Running) -> int:
    """How many rows the vault has."""
    async with running.app.reader.connection() as connection:
        return int(await connection.fetchval("select count(*) from vault"))


def names(answer: Answer) -> list[str]:
    """The names in a list of secrets."""
    assert 200 == answer.status, answer.text
    return [one["name"] for one in answer.json["_embedded"]["secrets"]]


class TestLife:
    async def test_a_secret_is_made_shown_changed_and_deleted(self, running: Running) -> None:
        """Sections 4.4 and 4.6: each document is all of it but its value, and its own link ends with its id."""
        team = await running.team("A")
        body = {"name": "CI_TOKEN", "description": "For CI\n", "value": PLANTED, "teamUuid": team}
        answer = await running.admin.post("/secrets", body)
        assert (201, "application/hal+json;charset=utf-8") == (answer.status, answer.headers["Content-Type"])
        document = answer.json
        place = f"{BASE_URL}/secrets/{document['uuid']}"
        assert place == answer.headers["Location"]
        created = document.pop("createdAt")
        assert {
            "uuid": document["uuid"],
            "name": "CI_TOKEN",
            "description": "For CI\n",
            "teamUuid": team,
            "_links": {"self": {"href": place, "title": "CI_TOKEN"}},
        } == document
        shown = await running.admin.get(f"/secrets/{document['uuid']}")
        assert {**document, "createdAt": created} == shown.json
        assert PLANTED == await kept(running, document["uuid"])

        put = await running.admin.put(f"/secrets/{document['uuid']}", {"name": "CI_KEY", "value": NEXT})
        assert (200, "CI_KEY", "For CI\n", team) == (
            put.status,
            put.json["name"],
            put.json["description"],
            put.json["teamUuid"],
        )
        assert NEXT == await kept(running, document["uuid"])
        deleted = await running.admin.delete(f"/secrets/{document['uuid']}")
        assert (204, b"") == (deleted.status, deleted.octets)
        require_refusal(await running.admin.get(f"/secrets/{document['uuid']}"), 404)
        require_refusal(await running.admin.put(f"/secrets/{document['uuid']}", {"name": "x"}), 404)

    async def test_a_value_leaves_the_vault_when_another_takes_its_place(self, running: Running) -> None:
        """One row a secret, whatever becomes of it, and none once it is deleted."""
        before = await values(running)
        secret = (await made(running.admin, "key"))["uuid"]
        for value in (NEXT, NEXT, "a" * 65_536):
            assert 200 == (await running.admin.put(f"/secrets/{secret}", {"value": value})).status
            assert (before + 1, value) == (await values(running), await kept(running, secret))
        assert 204 == (await running.admin.delete(f"/secrets/{secret}")).status
        assert before == await values(running)

    async def test_rotations_at_once_leave_one_value(self, running: Running) -> None:
        """In one batch or in many: the vault holds what the last record names, and nothing of the others."""
        secret, before = (await made(running.admin, "key"))["uuid"], await values(running)
        names_at_once = [running.admin.post("/secrets", {"name": "same", "value": "x"}) for _ in range(5)]
        rotated = [running.admin.put(f"/secrets/{secret}", {"value": f"value {one}"}) for one in range(20)]
        answers = await asyncio.gather(*rotated, *names_at_once)
        assert [200] * 20 == [answer.status for answer in answers[:20]]
        assert [201, 409, 409, 409, 409] == sorted(answer.status for answer in answers[20:])
        last = max(range(20), key=lambda one: answers[one].position)
        assert (before + 1, f"value {last}") == (await values(running), await kept(running, secret))

    async def test_a_put_keeps_what_it_does_not_name(self, running: Running) -> None:
        """Section 4.6 and point 4 of section 7: value, name, description and team; null takes a team or a text away."""
        team = await running.team("A")
        secret = (await made(running.admin, "key", team, description="described"))["uuid"]
        before = running.position
        for body in ({}, {"name": "key"}, {"name": "key", "description": "described", "teamUuid": team}):
            assert 200 == (await running.admin.put(f"/secrets/{secret}", body)).status
        assert (before, PLANTED) == (running.position, await kept(running, secret))
        cleared = await running.admin.put(f"/secrets/{secret}", {"description": None, "teamUuid": None})
        assert ("key", "") == (cleared.json["name"], cleared.json["description"])
        assert "teamUuid" not in cleared.json
        assert PLANTED == await kept(running, secret)

    @pytest.mark.parametrize("value", ["", None, 17, ["x"]])
    async def test_a_rotation_into_nothing_is_refused(self, running: Running, value: Any) -> None:
        """A job whose variable was empty is told so: it must not believe that it rotated."""
        secret = (await made(running.admin, "key"))["uuid"]
        answer = await running.admin.put(f"/secrets/{secret}", {"value": value})
        require_refusal(answer, 400)
        assert ["value"] == list(answer.json["errors"])
        assert PLANTED == await kept(running, secret)

    async def test_a_name_that_is_taken_is_409(self, running: Running) -> None:
        """Section 4.2: in the shape that says where, on creation, on a rename and on a move."""
        a, b = await running.team("A"), await running.team("B")
        await made(running.admin, "key", a)
        other, moving = await made(running.admin, "other", a), await made(running.admin, "key", b)
        for answer in (
            await running.admin.post("/secrets", {"name": "key", "value": "x", "teamUuid": a}),
            await running.admin.put(f"/secrets/{other['uuid']}", {"name": "key"}),
            await running.admin.put(f"/secrets/{moving['uuid']}", {"teamUuid": a}),
        ):
            require_refusal(answer, 409)
            assert ["name"] == list(answer.json["errors"])
        problem = await running.admin.post(
            "/secrets",
            {"name": "key", "value": "x", "teamUuid": a},
            headers={"Accept": "application/problem+json"},
        )
        assert ("#/name", "name_taken") == (problem.json["errors"][0]["pointer"], problem.json["reason"])

    async def test_a_secret_that_conflicts_says_so_until_it_has_a_name(self, running: Running) -> None:
        """Point 13 of section 7: kept and marked, by its document and the list's, till it is renamed."""
        team = await running.team("A")
        secret = (await made(running.admin, "key", team))["uuid"]
        await made(running.admin, "key")
        assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
        shown = (await running.admin.get(f"/secrets/{secret}")).json
        assert (True, False) == (shown["conflicting"], "teamUuid" in shown)
        listed = (await running.admin.get("/secrets")).json["_embedded"]["secrets"]
        assert [secret] == [one["uuid"] for one in listed if one.get("conflicting")]
        require_refusal(await running.admin.put(f"/secrets/{secret}", {"teamUuid": team}), 400)
        renamed = await running.admin.put(f"/secrets/{secret}", {"name": "key-of-A"})
        assert (200, False) == (renamed.status, "conflicting" in renamed.json)

    async def test_a_conflict_ends_by_the_secrets_own_name_once_that_is_free(self, running: Running) -> None:
        """Point 13 of section 7: whoever saves it under its name then gets it back, and the trail says so."""
        team = await running.team("A")
        secret = (await made(running.admin, "key", team))["uuid"]
        other = (await made(running.admin, "key"))["uuid"]
        await running.admin.delete(f"/admin/teams/{team}")
        place = f"/secrets/{secret}"
        assert (await running.admin.put(place, {"name": "key", "value": NEXT})).json["conflicting"]
        assert 204 == (await running.admin.delete(f"/secrets/{other}")).status
        assert "conflicting" not in (await running.admin.put(place, {"name": "key"})).json
        told = await running.admin.get("/audit?kind=secret.edited")
        (event,) = told.json["events"]
        assert event["sentence"].endswith(
            "gave the secret key back its name, which no other one has any more."
        )
        assert [{"field": "conflicting", "before": "true", "after": "false"}] == event["changes"]
        described = await running.admin.put(place, {"name": "token", "description": "x"})
        assert ("token", 200) == (described.json["name"], described.status)
        told = await running.admin.get("/audit?kind=secret.edited&sort=-timestamp")
        assert (
            "changed the name from key to token and the description from nothing to x of the secret token"
            in (told.json["events"][0]["sentence"])
        )


class TestWho:
    async def test_a_list_holds_what_its_reader_may_see(self, running: Running) -> None:
        """Section 4.6: filtered by the right to read; nobody's right at all is 403."""
        mine, other = await running.team("Mine"), await running.team("Other")
        for name, team in (("ours", mine), ("theirs", other), ("nobodys", None)):
            await made(running.admin, name, team)
        for scope, seen in (
            ("secret:manage:*", ["nobodys", "ours", "theirs"]),
            ("secret:manage:team", ["ours"]),
            ("secret:read:team", ["ours"]),
        ):
            role = await running.role(scope, scope)
            who = await running.person(scope.replace(":", " "), roles=[role], teams=[mine])
            assert seen == names(await who.get("/secrets")), scope
            assert seen == names(await who.read_only().get("/secrets")), scope
        nobody = await running.person(
            "Nobody", roles=[await running.role("None", "webhook:manage:*")], teams=[mine]
        )
        require_refusal(await nobody.get("/secrets"), 403)
        require_refusal(await running.nobody.get("/secrets"), 401)

    async def test_the_index_leads_to_secrets_for_who_may_see_any(self, running: Running) -> None:
        """Section 4.3: a link that is missing means «not permitted»."""
        mine = await running.team("Mine")
        reader = await running.person("R", roles=[await running.role("R", "secret:read:team")], teams=[mine])
        nobody = await running.person("N", roles=[await running.role("N", "team:read:*")], teams=[mine])
        assert f"{BASE_URL}/secrets" == (await reader.get("/")).json["_links"]["pf:secrets"]["href"]
        assert "pf:secrets" not in (await nobody.get("/")).json["_links"]

    async def test_the_past_is_read_by_the_right_of_now(self, running: Running) -> None:
        """`as_of` shows the secret as it was called, to whoever may read it where it is now."""
        mine, other = await running.team("Mine"), await running.team("Other")
        sally = await running.person("S", roles=[await running.role("R", "secret:read:team")], teams=[mine])
        secret = (await made(running.admin, "first", mine))["uuid"]
        at = running.position
        await running.admin.put(f"/secrets/{secret}", {"name": "second"})
        then = f"/secrets/{secret}?as_of={at}"
        assert ("first", 200) == ((await sally.get(then)).json["name"], (await sally.get(then)).status)
        assert ["first"] == names(await sally.get(f"/secrets?as_of={at}"))
        await running.admin.put(f"/secrets/{secret}", {"teamUuid": other})
        require_refusal(await sally.get(then), 403)
        assert [] == names(await sally.get(f"/secrets?as_of={at}"))
        await running.admin.delete(f"/secrets/{secret}")
        assert "first" == (await running.admin.get(then)).json["name"]
        require_refusal(await sally.get(then), 403)

    async def test_a_read_only_token_changes_nothing(self, running: Running) -> None:
        """Section 3.8: it reads what its owner may read, and every order of it is 403."""
        secret = (await made(running.admin, "key"))["uuid"]
        kim = await running.person("Kim", roles=[await running.role("All", "secret:manage:*")])
        reading = kim.read_only()
        assert 200 == (await reading.get(f"/secrets/{secret}")).status
        for answer in (
            await reading.post("/secrets", {"name": "x", "value": "x"}),
            await reading.put(f"/secrets/{secret}", {"value": "x"}),
            await reading.delete(f"/secrets/{secret}"),
        ):
            require_refusal(answer, 403)
        assert PLANTED == await kept(running, secret)


class TestConditions:
    async def test_an_edit_is_held_to_the_version_that_it_was_decided_on(self, running: Running) -> None:
        """If-Match: what changed meanwhile is told, and no value is among it; a GET that was seen is 304."""
        secret = (await made(running.admin, "key"))["uuid"]
        place = f"/secrets/{secret}"
        tag = (await running.admin.get(place)).headers["ETag"]
        assert 304 == (await running.admin.get(place, headers={"If-None-Match": tag})).status
        assert 200 == (await running.admin.put(place, {"value": NEXT}, headers={"If-Match": tag})).status
        for answer in (
            await running.admin.put(place, {"name": "mine"}, headers={"If-Match": tag}),
            await running.admin.ask("DELETE", place, headers={"If-Match": tag}),
        ):
            require_refusal(answer, 412)
            assert "gave the secret key another value" in answer.text
        fresh = (await running.admin.get(place)).headers["ETag"]
        assert 204 == (await running.admin.ask("DELETE", place, headers={"If-Match": fresh})).status

    async def test_a_rotation_is_repeated_without_being_done_twice(self, running: Running) -> None:
        """The same request under its key is answered again; another value under the key is none of it."""
        secret = (await made(running.admin, "key"))["uuid"]
        place, key = f"/secrets/{secret}", {"Idempotency-Key": "rotation-1"}
        first = await running.admin.put(place, {"value": NEXT}, headers=key)
        at = running.position
        again = await running.admin.put(place, {"value": NEXT}, headers=key)
        assert (200, first.json, at) == (again.status, again.json, running.position)
        require_refusal(await running.admin.put(place, {"value": "another"}, headers=key), 422)
        assert NEXT == await kept(running, secret)

    async def test_a_creation_is_repeated_without_being_done_twice(self, running: Running) -> None:
        """One secret, one value, one answer."""
        key, body = {"Idempotency-Key": "creation-1"}, {"name": "key", "value": PLANTED}
        first = await running.admin.post("/secrets", body, headers=key)
        rows = await values(running)
        again = await running.admin.post("/secrets", body, headers=key)
        assert (201, first.json, rows) == (again.status, again.json, await values(running))
        assert ["key"] == names(await running.admin.get("/secrets"))

    async def test_a_dry_run_leaves_no_value_behind(self, running: Running) -> None:
        """What it would record, whom it would reach, and nothing else: the vault is as it was."""
        mine, other = await running.team("Mine"), await running.team("Other")
        sally = await running.person("S", roles=[await running.role("R", "secret:read:team")], teams=[other])
        secret = (await made(running.admin, "key", mine))["uuid"]
        before = (running.position, await values(running), await kept(running, secret))
        orders: tuple[tuple[str, str, Any, list[str]], ...] = (
            ("POST", "/secrets", {"name": "new", "value": NEXT}, ["secret.created"]),
            ("PUT", f"/secrets/{secret}", {"value": NEXT}, ["secret.rotated"]),
            (
                "PUT",
                f"/secrets/{secret}",
                {"teamUuid": other, "value": NEXT},
                ["secret.moved", "secret.rotated"],
            ),
            ("DELETE", f"/secrets/{secret}", None, ["secret.deleted"]),
        )
        for method, path, body, kinds in orders:
            tried = await running.admin.ask(method, f"{path}?dry_run=true", json=body)
            assert (200, kinds) == (tried.status, [one["kind"] for one in tried.json["would"]]), tried.text
            assert NEXT not in tried.text
            gaining = [one["principals"][0]["uuid"] for one in tried.json["effect"]["groups"]]
            assert (sally.id in gaining) == ("secret.moved" in kinds)
        assert before == (running.position, await values(running), await kept(running, secret))


async def test_no_answer_no_record_and_no_line_holds_a_value(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """Section 3.7: refused, denied, tried, repeated or asked about, it stands in the vault alone."""
    team = await running.team("A")
    secret = (await made(running.admin, "key", team))["uuid"]
    place = f"/secrets/{secret}"
    role = await running.role("Nothing", "webhook:manage:team")
    nina = await running.person("Nina", roles=[role], teams=[team])
    said: list[Answer] = []
    for who in (running.admin, nina, nina.read_only(), running.nobody):
        key = {"Idempotency-Key": f"key-{who.id}"}
        for headers in ({}, {"Accept": "application/problem+json"}, key):
            for method, path, body in ORDERS:
                at = path.replace("<secret>", place)
                said.append(await who.ask(method, at, json=body, headers=headers))
            said.append(await who.ask("PUT", place, body=f'{{"value": "{PLANTED}'.encode(), headers=headers))
            said.append(await who.ask("PUT", place, body=f'"{PLANTED}"'.encode(), headers=headers))
    for path in (
        "/secrets",
        place,
        "/audit?pageSize=100",
        "/audit?kind=secret.rotated",
        "/audit?outcome=denied",
    ):
        said += [await running.admin.get(path)]
    assert {200, 201, 400, 401, 403, 405, 409} <= {answer.status for answer in said}
    shown = capsys.readouterr()
    assert PLANTED.encode() not in b"".join(answer.octets for answer in said)
    assert PLANTED not in str([answer.headers for answer in said])
    assert PLANTED not in shown.out + shown.err
    async with running.app.reader.connection() as connection:
        entries = [str(row["entry"]) for row in await connection.fetch("select entry from log")]
    assert any("secret.rotated" in entry for entry in entries)
    assert all(PLANTED not in entry for entry in entries)
    assert PLANTED == await kept(running, secret)
