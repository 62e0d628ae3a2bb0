"""The searchable trail: it says what the log says, one writer at a time, and can be rebuilt at any moment."""

import asyncio

import asyncpg
import pytest

from projections import follow, trail
from service import errors
from service.log import connect, recorded, verify
from service.log.connect import Connection
from service.queries import trail as search
from tests import postgres
from tests.service import Running

ROWS = "select * from trail order by position"
TOUCHES = "select * from trail_touch order by thing, position"


async def connected(running: Running) -> Connection:
    """A connection of the serving role's own."""
    return await running.app.connected("test")


async def some_history(running: Running) -> str:
    """A team, people, contracts, a bulk deletion and a denied attempt; the team's id."""
    sally = await running.person("Sally", roles=[await running.role("Reader", "team:read:*")], teams=[])
    team = await running.team("A")
    for version in range(3):
        await running.admin.put(f"/pacts/provider/Bar/consumer/Foo/version/{version}", {})
    await running.admin.delete("/integrations/provider/Bar/consumer/Foo")
    await sally.post("/pacticipants", {"name": "Nope"})
    return team


async def test_it_has_one_row_a_record_and_every_thing_that_is_touched(running: Running) -> None:
    """Rows follow the log to its head; a bulk deletion's contracts are found each by its id."""
    made = await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
    team = await some_history(running)
    connection = await connected(running)
    head = await trail.advance(connection)
    rows = await connection.fetch(ROWS)
    touched = {row["thing"] for row in await connection.fetch(TOUCHES)}
    removed = await connection.fetchval(
        "select count(*) from trail_touch join trail using (position) where thing = $1 and kind = 'contracts.removed'",
        made.json["uuid"],
    )

    assert (running.position, list(range(1, head + 1))) == (head, [row["position"] for row in rows])
    assert team in touched
    assert 1 == removed
    await connection.close()


async def test_every_thing_is_found_by_both_who_write_and_who_read_beyond_it(running: Running) -> None:
    """What Postgres takes out of a record's text is what the record itself gives: removed and restored things too."""
    await some_history(running)
    place = "/pacts/provider/Bar/consumer/Foo"
    made = await running.admin.put(f"{place}/version/1", {})
    results = f"{place}/pact-version/{made.json['digest']}/verification-results"
    body = {"success": True, "providerApplicationVersion": "5"}
    verified = await running.admin.post(results, body)
    gone = await running.admin.delete(f"{place}/versions")
    assert 200 == (await running.admin.post(f"/history/{gone.position}/restore")).status
    connection = await connected(running)
    await trail.advance(connection)
    written: dict[int, set[str]] = {}
    for row in await connection.fetch(TOUCHES):
        written.setdefault(row["position"], set()).add(row["thing"])
    records = [
        recorded.decode(row["entry"])
        for row in await connection.fetch("select entry from log order by position")
    ]
    await connection.close()

    assert {one.position: set(trail.touched(one)) for one in records if trail.touched(one)} == written
    kinds = {recorded.kind_of(one.data) for one in records if verified.json["uuid"] in trail.touched(one)}
    assert {"verification_results.removed"} == kinds
    assert "contracts.restored" in {recorded.kind_of(one.data) for one in records}


async def test_no_persons_name_enters_it(running: Running) -> None:
    """Whoever reads the search tables alone learns ids: names and addresses of people are sealed in the log."""
    await some_history(running)
    connection = await connected(running)
    await trail.advance(connection)
    rows = [*await connection.fetch(ROWS), *await connection.fetch(TOUCHES)]
    text = " ".join(str(tuple(row)) for row in rows)

    assert "sally" not in text.lower()
    assert "@" not in text
    await connection.close()


async def test_denied_attempts_and_actors_are_told_apart(running: Running) -> None:
    """An attempt is `denied`, everything else `done`; who is no principal is called what it is."""
    await some_history(running)
    connection = await connected(running)
    await trail.advance(connection)
    found = {(row["outcome"], row["kind"] == "attempt.denied") for row in await connection.fetch(ROWS)}
    opened = await connection.fetchrow("select actor, actor_kind from trail where position = 1")

    assert {("done", False), ("denied", True)} == found
    assert opened is not None
    assert ("system", "system") == tuple(opened)
    await connection.close()


async def test_many_who_advance_at_once_write_every_row_once(running: Running) -> None:
    """The row lock puts replicas in order: neither a gap nor a repeat, whoever comes first."""
    await some_history(running)
    connections = [await connected(running) for _ in range(4)]
    heads = await asyncio.gather(*(trail.advance(one) for one in connections))
    count = await connections[0].fetchval("select count(*) from trail")

    assert {running.position} == set(heads)
    assert running.position == count
    for one in connections:
        await one.close()


async def test_a_writer_that_dies_in_the_middle_leaves_nothing(running: Running) -> None:
    """Rows and position are one transaction: after a crash the next one begins where the last one ended."""
    await some_history(running)
    connection = await connected(running)
    await trail.rebuild(connection)
    before = await connection.fetch(ROWS)
    transaction = connection.transaction()
    await transaction.start()
    await trail.rebuild(connection)
    await transaction.rollback()

    assert before == await connection.fetch(ROWS)
    assert running.position == await trail.advance(connection)
    await connection.close()


async def test_a_rebuild_makes_the_same_rows_again(running: Running) -> None:
    """The trail is disposable: what is rebuilt from the log is what was there, in pages of any size."""
    await some_history(running)
    connection = await connected(running)
    await trail.advance(connection)
    rows, touches = await connection.fetch(ROWS), await connection.fetch(TOUCHES)
    await connection.execute("update trail set actor = 'nobody' where position = 3")
    await trail.rebuild(connection)

    assert (rows, touches) == (await connection.fetch(ROWS), await connection.fetch(TOUCHES))
    await connection.close()


async def test_pages_of_a_rebuild_fit_together(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records fit a transaction, each is written once, also where a page ends with the log."""
    await some_history(running)
    connection = await connected(running)
    await trail.advance(connection)
    rows = await connection.fetch(ROWS)
    for page in (1, 7, running.position):
        monkeypatch.setattr(trail, "PAGE", page)
        await trail.rebuild(connection)
        assert rows == await connection.fetch(ROWS)
    await connection.close()


async def test_whoever_waits_for_a_frozen_writer_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that holds the trail and never lets go does not hold up whoever asks: it is «not now»."""
    monkeypatch.setattr(trail, "statement", _impatient)
    holder, other = await connected(running), await connected(running)
    transaction = holder.transaction()
    await transaction.start()
    await holder.fetchval(trail.statement("lock_trail"))
    with pytest.raises(errors.Unavailable, match="writing the trail"):
        await trail.advance(other)
    await transaction.rollback()
    await holder.close()
    await other.close()


async def test_verify_agrees_with_it_and_names_a_row_that_was_changed(
    running: Running, database: postgres.Database
) -> None:
    """The copies are proven against the entries; the first row that disagrees is named."""
    await some_history(running)
    for content in ({}, {"a": 1}):  # a contract whose content was replaced leaves the vault in order too
        await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", content)
    owner: asyncpg.Connection[asyncpg.Record] = await connect.connect(
        database.owner_dsn, running.app.settings.schema, "test"
    )
    await trail.advance(owner)
    clean = await verify.verify(owner, running.app.keys, lambda _done, _all: None)
    await owner.execute("update trail set kind = 'role.created' where position = 5 or position = 20")
    changed = await verify.verify(owner, running.app.keys, lambda _done, _all: None)

    assert () == tuple(clean.findings)
    assert [("trail", 20)] == [(one.what, one.position) for one in changed.findings]
    await owner.close()


def _impatient(name: str) -> str:
    """The statements, with a wait short enough for a test."""
    return "set local lock_timeout = '100ms'" if name == "bound_the_wait" else _STATEMENT(name)


_STATEMENT = trail.statement


async def test_pages_ended_by_their_bytes_write_the_same_trail(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large records make short pages; nothing is left out, repeated or taken for the end."""
    await some_history(running)
    connection = await connected(running)
    await trail.advance(connection)
    rows, touches = await connection.fetch(ROWS), await connection.fetch(TOUCHES)
    monkeypatch.setattr(trail, "PAGE_BYTES", 1_500)
    assert running.position == await trail.rebuild(connection)
    assert (rows, touches) == (await connection.fetch(ROWS), await connection.fetch(TOUCHES))
    await connection.close()


async def test_a_search_sees_what_the_trail_was_put_off_for(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the trail gives way to appends, a search first takes in what the log holds beyond it."""
    monkeypatch.setattr(follow, "POLL_SECONDS", 3_600.0)
    monkeypatch.setattr(follow, "TRAIL_PACE_SECONDS", 3_600.0)
    connection = await connected(running)
    for n in range(3):
        made = await running.team(f"Team {n}")
        page = await search.search(connection, search.Search(touches=made), running.position)
        assert ["team.created"] == [recorded.kind_of(recorded.decode(row.entry).data) for row in page.rows][
            :1
        ]
    await connection.close()


async def test_a_search_waits_for_no_more_than_it_is_pinned_to(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While orders come in as fast as the trail is written, a search still ends: it needs nothing beyond its pin."""
    monkeypatch.setattr(trail, "PAGE", 2)
    assert running.app.follower is not None
    await running.app.follower.stop()
    connection = await connected(running)
    await some_history(running)
    position = await connection.fetchval("select position from trail_head")
    assert position + 3 <= await trail.advance(connection, position + 3) <= position + 4 < running.position
    assert running.position == await trail.advance(connection)
    await connection.close()


async def test_a_follower_that_is_woken_all_the_time_still_writes_the_trail(running: Running) -> None:
    """Other replicas that write without pause keep nobody from writing the trail, nor the trail from its end."""
    follower = running.app.follower
    assert follower is not None
    await some_history(running)
    connection = await connected(running)
    async with asyncio.timeout(20):
        while await connection.fetchval("select position from trail_head") < running.position:
            follower.nudge()
            await asyncio.sleep(0)
    await connection.close()
