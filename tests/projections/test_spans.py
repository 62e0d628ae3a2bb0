"""Facts that live in Postgres: at every position they are what folding the log gives, and nobody guesses."""

import asyncio
from collections.abc import Iterable
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import span_folds, span_reading, span_rows, spans
from projections.branches import Branch, BranchVersion
from projections.contents import Content, content_key
from projections.spans import Fact, NotRead, Shelf, keyed
from projections.versions import Version
from service.commands.contracts import DeleteContract, PublishContract
from service.commands.integrations import DeleteIntegrationContracts
from service.log import reader, recorded
from service.log.connect import Connection
from tests import given as account
from tests.given import Account
from tests.service import Running

PROVIDERS = ("Bar", "Baz")
STEP = st.tuples(
    st.sampled_from(("publish", "delete", "sweep", "apply")),
    st.sampled_from(PROVIDERS),
    st.integers(1, 3),
    st.sampled_from(("", "main", "feat/x")),
    st.integers(1, 2),
)


async def some_history(running: Running) -> None:
    """Contracts that come, are replaced, go one by one and in bulk, and come again."""
    pair = "/pacts/provider/Bar/consumer/Foo"
    for version, text in (("1", "a"), ("2", "a"), ("3", "b"), ("2", "c")):
        await running.admin.put(f"{pair}/version/{version}", {"interactions": [text]})
    await running.admin.delete(f"{pair}/version/1")
    await running.admin.delete(f"{pair}/versions")
    await running.admin.put(f"{pair}/version/4", {"interactions": ["a"]})
    await running.admin.post(
        "/contracts/publish",
        {
            "pacticipantName": "Foo",
            "pacticipantVersionNumber": "5",
            "branch": "main",
            "contracts": [
                {
                    "consumerName": "Foo",
                    "providerName": "Baz",
                    "specification": "pact",
                    "contentType": "application/json",
                    "content": "e30=",
                }
            ],
        },
    )


async def folded_at_each(connection: Connection, until: int) -> list[list[Fact]]:
    """What folding the log gives after each position."""
    folded = Shelf(complete=True)
    found = [sorted_facts(folded.everything())]
    for row in await reader.page(connection, 0, until):
        span_folds.apply(folded, recorded.decode(row.entry))
        found.append(sorted_facts(folded.everything()))
    return found


def sorted_facts(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda one: (one.noun, one.key))


async def stored(connection: Connection, position: int) -> list[Fact]:
    """Everything that the table says held at a position."""
    rows = await connection.fetch(
        "select noun, key from span where since <= $1 and $1 < until group by noun, key", position
    )
    wants = [spans.by_key(span_folds.FACTS[row["noun"]], row["key"]) for row in rows]
    return sorted_facts((await span_reading.shelf(connection, position, wants)).everything())


async def test_the_table_says_at_every_position_what_the_log_says(running: Running) -> None:
    """One row from a position to another: a question about any moment of history finds what held then."""
    await some_history(running)
    connection = await running.app.connected("test")
    await span_reading.reach(connection, running.position)
    expected = await folded_at_each(connection, running.position)
    found = [await stored(connection, position) for position in range(running.position + 1)]

    assert len({len(facts) for facts in found}) > 3
    assert expected == found
    assert not await span_rows.differ(connection)
    await connection.close()


async def test_a_rebuild_writes_the_same_rows_and_finds_those_that_somebody_changed(running: Running) -> None:
    """The rows are disposable: whatever happened to them, the log gives them back, and the check says that it must."""
    await some_history(running)
    connection = await running.app.connected("test")
    await span_reading.reach(connection, running.position)
    before = await connection.fetch("select * from span order by noun, key, since")
    await connection.execute(
        "update span set value = replace(value, 'Foo', 'Fox'), version = '9' where noun = 'version'"
    )
    aside = await running.app.connected("test")

    assert await span_rows.differ(aside)
    assert running.position == await span_rows.rebuild(connection)
    assert before == await connection.fetch("select * from span order by noun, key, since")
    await aside.close()
    await connection.close()


async def test_pages_go_from_the_newest_to_the_oldest(running: Running) -> None:
    """A page is of the moment it asks about: what came later is not in it, and the total is that moment's."""
    for number in range(1, 8):
        await running.admin.put(f"/pacts/provider/Bar/consumer/Foo/version/{number}", {})
    foo = (await running.admin.get("/pacticipants/Foo")).json["uuid"]
    want = spans.of_application(Version, foo)
    connection = await running.app.connected("test")
    totals = [
        (await span_reading.page(connection, position, want))[1] for position in range(running.position)
    ]
    five = totals.index(5)
    newest, total = await span_reading.page(connection, five, want, size=2)
    last, _ = await span_reading.page(connection, five, want, skip=4, size=2)

    assert (["5", "4"], 5, ["1"]) == ([one.version for one in newest], total, [one.version for one in last])
    assert 7 == (await span_reading.page(connection, running.position, want))[1]
    await connection.close()


async def test_two_who_write_the_rows_at_once_write_each_once(running: Running) -> None:
    """Replicas and readers bring the rows up to the log whenever they like: none is missed, none is there twice."""
    await some_history(running)
    several = [await running.app.connected("test") for _ in range(4)]
    await asyncio.gather(*(span_rows.advance(one, running.position) for one in several))

    assert not await span_rows.differ(several[0])
    for one in several:
        await one.close()


async def test_long_keys_fit_the_index(running: Running) -> None:
    """The longest names that are allowed, in the widest script, can be published: no index is too narrow for them."""
    wide = "字" * 255
    answer = await running.admin.put(f"/pacts/provider/Bar/consumer/Foo/version/{quote(wide)}", {})
    foo = (await running.admin.get("/pacticipants/Foo")).json["uuid"]
    connection = await running.app.connected("test")
    shelf = await span_reading.shelf(connection, running.position, [spans.of_version(Version, foo, wide)])

    assert (201, 1) == (answer.status, len(shelf))
    await connection.close()


def test_what_nobody_read_is_never_taken_for_absent() -> None:
    """An order that forgot to say what it needs must not decide as if there were nothing."""
    shelf = Shelf()
    shelf.read(spans.by_key(Version, keyed("a", "1")))
    shelf.read(spans.of_version(BranchVersion, "a", "1"))
    shelf.read(spans.of_application(Branch, "a"))
    shelf.read(spans.under(Content, content_key("a", "b")))

    assert shelf.get(Version, keyed("a", "1")) is None
    assert shelf.get(Branch, keyed("a", "main")) is None
    assert shelf.get(Content, content_key("a", "b", "0" * 64)) is None
    assert [] == shelf.of_version(BranchVersion, "a", "1")
    assert [] == shelf.at_place(Branch, "main", "a")
    for unread in (
        lambda: shelf.get(Version, keyed("a", "2")),
        lambda: shelf.of_application(Version, "a"),
        lambda: shelf.of_version(BranchVersion, "a", "2"),
        lambda: shelf.at_place(Branch, "main"),
        lambda: shelf.under(Content, "a/"),
        lambda: shelf.get(Content, content_key("a", "c", "0" * 64)),
    ):
        with pytest.raises(NotRead):
            unread()


@given(st.lists(STEP, max_size=14))
@settings(max_examples=60, deadline=None)
def test_a_shelf_that_is_kept_true_is_the_fold_and_undone_it_is_as_before(
    steps: list[tuple[str, str, int, str, int]],
) -> None:
    """Whatever a batch does, each order sees what the ones before did; taken back, everything is as it was."""
    world = Account()
    for deed, provider, version, branch, text in steps:
        before = sorted_facts(world.shelf.everything())
        mark = world.shelf.mark()
        _do(world, deed, provider, str(version), branch, str(text))
        after = sorted_facts(world.shelf.everything())
        folded = Shelf(complete=True)
        for record in world.log:
            span_folds.apply(folded, record)

        assert sorted_facts(folded.everything()) == after
        again = Shelf(complete=True)
        for fact in after:
            again.put(fact)
        world.shelf.undo(mark)
        assert before == sorted_facts(world.shelf.everything())
        world.shelf = again
    contents = {
        content_key(one.consumer, one.provider, one.digest)
        for pair in world.now.integrations()
        for one in world.now.contracts_of(pair.consumer, pair.provider)
    }
    assert contents == {one.key for one in world.shelf.everything() if isinstance(one, Content)}


def _do(world: Account, deed: str, provider: str, version: str, branch: str, text: str) -> None:
    view = world.now
    foo, other = view.application_named("Foo"), view.application_named(provider)
    if deed in ("publish", "apply") or foo is None or other is None:
        command = account.publish(world.fresh, "Foo", provider, version, f"{provider} {text}")
        world.do(_on_branch(command, branch))
        return
    if deed == "sweep" and view.integration_or_none(foo.id, other.id) is not None:
        world.do(DeleteIntegrationContracts(consumer=foo.id, provider=other.id))
    held = view.contract_of(foo.id, other.id, version)
    if deed == "delete" and held is not None:
        world.do(DeleteContract(contract=held.id))


def _on_branch(command: PublishContract, branch: str) -> PublishContract:
    return msgspec.structs.replace(command, branch=branch or None)
