"""Searching the record: exactly what fits, in pages that fit together, pinned to where the search began."""

import random

import pytest

from projections import trail as projection
from service import errors
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Recorded
from service.queries import trail
from service.queries.trail import Search
from service.vocabulary import EventId
from tests.service import Running


async def history(running: Running) -> list[Recorded]:
    """Every record of a log with some of everything in it."""
    sally = await running.person(
        "Sally", roles=[await running.role("Owner", "contract_data:manage:own")], teams=[]
    )
    await running.team("A")
    for version in range(3):
        await sally.put(f"/pacts/provider/Bar/consumer/Foo/version/{version}", {})
    await running.admin.delete("/integrations/provider/Bar/consumer/Foo")
    for _ in range(2):
        await sally.delete("/integrations")
    await running.team("B")
    async with running.app.reader.connection() as connection:
        rows = await reader.page(connection, 0, 10_000)
    return [recorded.decode(row.entry) for row in rows]


def naive(records: list[Recorded], wanted: Search, until: int) -> list[int]:
    """The positions that fit, by looking at every record."""
    start = next((one.position for one in records if one.id == wanted.start), None)
    found = [
        one.position
        for one in records
        if one.position <= until
        and (wanted.first is None or one.position >= wanted.first)
        and (wanted.last is None or one.position <= wanted.last)
        and (wanted.since is None or one.recorded_at >= wanted.since)
        and (wanted.until is None or one.recorded_at <= wanted.until)
        and (wanted.actor is None or projection.actor_of(one)[0] == wanted.actor)
        and (wanted.kinds is None or recorded.kind_of(one.data) in wanted.kinds)
        and (wanted.touches is None or wanted.touches in projection.touched(one))
        and (
            wanted.outcome is None
            or (wanted.outcome == "denied") == (recorded.kind_of(one.data) == "attempt.denied")
        )
        and (start is None or (one.position <= start if wanted.newest_first else one.position >= start))
    ]
    return sorted(found, reverse=wanted.newest_first)[wanted.skip :]


def any_search(chance: random.Random, records: list[Recorded]) -> Search:
    """Some filters, most of them such that something fits."""
    one, other = chance.choice(records), chance.choice(records)

    def perhaps(value: object) -> object:
        return value if chance.random() < 0.3 else None

    fields = {
        "since": perhaps(min(one.recorded_at, other.recorded_at)),
        "until": perhaps(max(one.recorded_at, other.recorded_at)),
        "first": perhaps(min(one.position, other.position)),
        "last": perhaps(max(one.position, other.position)),
        "start": perhaps(other.id),
        "actor": perhaps(projection.actor_of(one)[0]),
        "kinds": perhaps((recorded.kind_of(one.data), recorded.kind_of(other.data))),
        "touches": perhaps(chance.choice([*projection.touched(one), "nothing"])),
        "outcome": perhaps(chance.choice(trail.OUTCOMES)),
        "newest_first": chance.random() < 0.5,
        "size": chance.randint(1, 9),
        "skip": chance.choice([0, 0, 3]),
    }
    return Search(**fields)  # type: ignore[arg-type]  # drawn by name; the search itself is what the test is about


async def pages(connection: Connection, wanted: Search, until: int) -> list[int]:
    """The positions of all pages, following `next` as a surface does."""
    found: list[int] = []
    while True:
        page = await trail.search(connection, wanted, until)
        assert len(page.rows) <= wanted.size
        found += [row.position for row in page.rows]
        if page.next is None:
            return found
        fields = {field: getattr(wanted, field) for field in wanted.__struct_fields__}
        wanted = Search(**{**fields, "start": page.next.event_id, "skip": 0})


async def test_pages_are_what_a_look_at_every_record_finds(running: Running) -> None:
    """Whatever the filters, all pages together are exactly the records that fit, in order, none twice."""
    records = await history(running)
    chance = random.Random(20261122)  # noqa: S311  # a fixed seed, so that a failure can be repeated
    async with running.app.reader.connection() as connection:
        for _ in range(150):
            wanted = any_search(chance, records)
            until = chance.choice([len(records), len(records), chance.randint(1, len(records))])
            assert naive(records, wanted, until) == await pages(connection, wanted, until), wanted


async def test_a_search_sees_its_own_writes(running: Running) -> None:
    """What was committed a moment ago is found, whether or not the trail had followed."""
    for number in range(5):
        made = await running.admin.post("/admin/teams", {"name": f"Team {number}"})
        async with running.app.reader.connection() as connection:
            page = await trail.search(
                connection, Search(touches=made.json["uuid"], kinds=("team.created",)), made.position
            )
        assert 1 == len(page.rows)


async def test_an_event_that_is_not_there_is_an_error(running: Running) -> None:
    """A page cannot begin at an event of another log: an empty page would look like the end."""
    async with running.app.reader.connection() as connection:
        with pytest.raises(errors.Invalid):
            await trail.search(connection, Search(start=EventId("00000000-0000-7000-8000-000000000000")), 5)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("role.created", ("role.created",)),
        (
            "integration.*",
            (
                "integration.branch_contracts_deleted",
                "integration.contracts_deleted",
                "integration.deleted",
                "integration.tagged_contracts_deleted",
            ),
        ),
        ("token.issued, token.issued", ("token.issued",)),
    ],
)
def test_kinds_are_named_one_by_one_or_by_noun(words: str, kinds: tuple[str, ...]) -> None:
    """A list names each kind once; a star stands for all of a noun's."""
    assert kinds == trail.kinds_like(words)


@pytest.mark.parametrize("words", ["", "*", "role", "role.eaten", "nouns.*", ","])
def test_an_unknown_kind_is_an_error(words: str) -> None:
    """A misspelt kind would find nothing, and nothing would look like an answer."""
    with pytest.raises(errors.Invalid):
        trail.kinds_like(words)
