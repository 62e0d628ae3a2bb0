"""/admin/users/{uuid}/aliases: by what further ids programs know somebody, and who is told."""

import pytest

from tests.http import todos
from tests.http.test_bad_input import require_refusal
from tests.service import Running

SUBJECT = "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs"


async def test_own_compares_an_opaque_subject_with_an_owners_address(running: Running) -> None:
    """A gateway asks by the id that an identity provider gave, a to-do names its owner by an e-mail address."""
    await todos.adopted(running)
    editor = await running.role("Editor", "todo:update:own")
    rick = await running.person("Rick", roles=[editor])
    morty = await running.person("Morty", roles=[editor])
    aliases = {"aliases": [SUBJECT, "rick@the-citadel.com"]}
    assert 200 == (await running.admin.put(f"/admin/users/{rick.id}/aliases", aliases)).status

    async def may(subject: str, owner: str) -> bool:
        decision, _ = await todos.decided(running.admin, subject, "can_update_todo", "1", ownerID=owner)
        return decision

    assert await may(SUBJECT, "rick@the-citadel.com")
    assert await may(SUBJECT, "RICK@the-citadel.com")
    assert await may(SUBJECT, "rick@example.org")
    assert await may(rick.id, SUBJECT)
    assert not await may(SUBJECT, "morty@example.org")
    assert not await may(SUBJECT, "summer@the-citadel.com")
    assert not await may("morty@example.org", "rick@the-citadel.com")
    assert not await may(SUBJECT.swapcase(), "rick@the-citadel.com")
    one = await todos.todo(running.admin, "2", owner=SUBJECT)
    assert rick.id == (await running.admin.get(f"/admin/resources/{one}")).json["owner"]
    assert 200 == (await running.admin.put(f"/admin/users/{rick.id}/aliases", {"aliases": []})).status
    assert not await may(SUBJECT, "rick@example.org")
    assert await may(morty.id, "morty@example.org")


async def test_they_are_replaced_and_shown_as_of_any_moment(running: Running) -> None:
    """With the person's ETag; the list of system accounts has theirs, and no person's."""
    sally, robot = await running.person("Sally"), await running.system_account("Robot")
    for client, place in (
        (sally, f"/admin/users/{sally.id}/aliases"),
        (robot, f"/admin/users/{robot.id}/aliases"),
        (robot, f"/admin/system-accounts/{robot.id}/aliases"),
    ):
        first = await running.admin.put(place, {"aliases": ["one-" + place, "two"]})
        assert (200, ["one-" + place, "two"]) == (first.status, first.json["aliases"])
        shown = await running.admin.get(place)
        assert (first.json, first.headers["ETag"]) == (shown.json, shown.headers["ETag"])
        second = await running.admin.put(
            place, {"aliases": ["two"]}, headers={"If-Match": first.headers["ETag"]}
        )
        assert ["two"] == second.json["aliases"]
        require_refusal(
            await running.admin.put(place, {"aliases": []}, headers={"If-Match": first.headers["ETag"]}), 412
        )
        assert (
            first.json["aliases"]
            == (await running.admin.get(f"{place}?as_of={first.position}")).json["aliases"]
        )
        assert [] == (await running.admin.put(place, {"aliases": []})).json["aliases"]
        assert client.id in first.json["_links"]["self"]["href"]
    for method in ("GET", "PUT"):
        elsewhere = f"/admin/system-accounts/{sally.id}/aliases"
        require_refusal(await running.admin.ask(method, elsewhere, json={"aliases": []}), 404)


async def test_a_fault_is_pointed_to(running: Running) -> None:
    """What is no alias is 400, what is somebody else's 409, and nothing of it is recorded."""
    sally, me = await running.person("Sally"), (await running.admin.get("/user")).json["uuid"]
    place, before = f"/admin/users/{sally.id}/aliases", running.position
    for body, status, pointer in (
        ({}, 400, "aliases"),
        ({"aliases": "one"}, 400, "aliases"),
        ({"aliases": [1]}, 400, "aliases.0"),
        ({"aliases": ["a", me]}, 400, "aliases.1"),
        ({"aliases": ["a", "admin@example.org"]}, 409, "aliases.1"),
    ):
        answer = await running.admin.put(place, body)
        require_refusal(answer, status)
        assert [pointer] == list(answer.json["errors"])
    assert before == running.position


async def test_who_may_not_read_an_address_reads_no_alias(running: Running) -> None:
    """They are as personal as that: oneself reads one's own, and the record tells an auditor of people alone."""
    nothing = await running.role("Nothing", "audit:read:*")
    nina, sally = [await running.person(name, roles=[nothing], teams=[]) for name in ("Nina", "Sally")]
    place = f"/admin/users/{sally.id}/aliases"
    assert 200 == (await running.admin.put(place, {"aliases": [SUBJECT]})).status
    require_refusal(await nina.get(place), 403)
    assert [SUBJECT] == (await sally.get(place)).json["aliases"]
    assert SUBJECT not in (await running.admin.get("/admin/users")).text
    require_refusal(await nina.put(place, {"aliases": []}), 403)


async def test_a_planted_alias_stands_in_the_clear_nowhere(
    running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in any table, be it the log, its search columns or what was denied, and not in what the program prints."""
    planted = "Plant7Qx9mZr4TkW"
    await todos.adopted(running)
    rick = await running.person("Rick", roles=[await running.role("Editor", "todo:update:own")])
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    place, body = f"/admin/users/{rick.id}/aliases", {"aliases": [planted, f"{planted}@x.org"]}
    assert 200 == (await running.admin.put(place, body)).status
    assert 403 == (await nina.put(place, {"aliases": [planted]})).status
    assert 409 == (await running.admin.put(f"/admin/users/{nina.id}/aliases", {"aliases": [planted]})).status
    assert (await todos.decided(running.admin, planted, "can_update_todo", "1", ownerID=f"{planted}@x.org"))[
        0
    ]
    await todos.todo(running.admin, "2", owner=planted)
    assert 200 == (await running.admin.put(place, {"aliases": [planted]})).status
    told = (await running.admin.get("/audit?sort=-timestamp")).text
    assert planted in told  # whoever may read people's names in the trail is told
    async with running.app.reader.connection() as connection:
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = current_schema() order by tablename"
        )
        for table in (row["tablename"] for row in tables):
            rows = await connection.fetch(f'select t::text as row from "{table}" t')  # noqa: S608  # its own tables
            for row in rows:
                assert planted.casefold() not in row["row"].casefold(), table
                assert planted.encode().hex() not in row["row"], table
    printed = capfd.readouterr()
    assert planted not in printed.out + printed.err
