"""Orders that need facts from Postgres: each is decided on exactly what holds at its position, whoever else writes."""

import asyncio
from pathlib import Path

import pytest

from projections import span_reading, span_rows, spans
from projections.spans import keyed
from projections.versions import Tag, Version
from service import errors
from service.app import App
from service.commands.applications import DeleteApplication, EditApplication
from service.commands.versions import TagVersion
from service.events.versions import VersionTagged
from service.vocabulary import ApplicationId
from tests import given, postgres
from tests.handling import doors


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a replica keeps its files."""
    return tmp_path / "one"


def tag(app: App, application: str, version: str, name: str) -> TagVersion:
    return TagVersion(
        application=application, application_id=ApplicationId(app.fresh.id()), version=version, tag=name
    )


async def tags_recorded(database: postgres.Database) -> list[tuple[str, str]]:
    return [
        (record.data.version, record.data.tag)
        for record in await doors.log_of(database)
        if isinstance(record.data, VersionTagged)
    ]


async def test_the_same_tag_by_many_at_once_is_recorded_once(
    database: postgres.Database, place: Path
) -> None:
    """Orders of one batch see what the ones before them did: forty builds that tag the same leave one record."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.application(app.fresh, "Foo"))
        answers = await asyncio.gather(*(doors.do(app, tag(app, "Foo", "1", "prod")) for _ in range(40)))

    assert 1 == sum(bool(one.records) for one in answers)
    assert [("1", "prod")] == await tags_recorded(database)


async def test_two_replicas_decide_on_one_truth(database: postgres.Database, tmp_path: Path) -> None:
    """Whichever replica is first, the other reads what it did before it decides: nothing is recorded twice."""
    async with (
        doors.opened(database, tmp_path / "one", follow=True) as one,
        doors.opened(database, tmp_path / "two", follow=True) as two,
    ):
        await doors.do(one, given.application(one.fresh, "Foo"))
        await two.replica.wait_for(one.replica.position, 5)
        orders = [
            doors.do(app, tag(app, "Foo", str(version), name))
            for version in range(6)
            for name in ("dev", "prod")
            for app in (one, two)
        ]
        await asyncio.gather(*orders)
        connection = await one.connected("test")

        assert not await span_rows.differ(connection)
        await connection.close()
    recorded = await tags_recorded(database)
    assert 12 == len(recorded) == len(set(recorded))


async def test_an_order_whose_application_got_its_name_in_the_same_batch_waits_for_the_next(
    database: postgres.Database, place: Path
) -> None:
    """What was read is of the names as they were; an order that means another one by now is read for anew."""
    async with doors.opened(database, place) as app:
        foo, bar = given.application(app.fresh, "Foo"), given.application(app.fresh, "Bar")
        await doors.do(app, foo)
        await doors.do(app, bar)
        await doors.do(app, tag(app, "Bar", "1", "prod"))
        rename_away = EditApplication(application=foo.application, name="Former")
        rename = EditApplication(application=bar.application, name="Foo")
        answers = await asyncio.gather(
            doors.do(app, rename_away), doors.do(app, rename), doors.do(app, tag(app, "Foo", "1", "prod"))
        )

    assert [True, True, False] == [bool(one.records) for one in answers]
    assert [("1", "prod")] == await tags_recorded(database)


async def test_an_application_that_was_just_made_has_nothing(
    database: postgres.Database, place: Path
) -> None:
    """Nothing of it can stand in Postgres, and what an earlier one of its name had is not its own."""
    async with doors.opened(database, place) as app:
        await doors.do(app, tag(app, "Foo", "1", "prod"))
        first = app.replica.now().application_named("Foo")
        assert first is not None
        await doors.do(app, DeleteApplication(application=first.id))
        answers = await asyncio.gather(
            doors.do(app, given.application(app.fresh, "Foo")), doors.do(app, tag(app, "Foo", "1", "prod"))
        )
        second = app.replica.now().application_named("Foo")
        assert second is not None
        connection = await app.connected("test")
        wants = (
            spans.of_application(Version, second.id),
            spans.by_key(Tag, keyed(second.id, "1", "prod"), keyed(first.id, "1", "prod")),
        )
        now = await span_reading.shelf(connection, app.replica.position, wants)
        before = await span_reading.shelf(connection, answers[0].position - 2, wants)
        await connection.close()

    assert all(one.records for one in answers)
    assert [second.id] == [one.application for one in now.of_application(Version, second.id)]
    assert now.get(Tag, keyed(second.id, "1", "prod")) is not None
    assert before.get(Tag, keyed(second.id, "1", "prod")) is None


async def test_a_lost_connection_while_it_is_read_loses_nothing(
    database: postgres.Database, place: Path
) -> None:
    """A connection that dies between reading and appending is an outage like any other: each order is done once."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.application(app.fresh, "Foo"))
        orders = [
            asyncio.create_task(doors.do(app, tag(app, "Foo", str(number), "prod"), key=str(number)))
            for number in range(30)
        ]
        for _ in range(3):
            await asyncio.sleep(0.01)
            await doors.cut_appending(database)
        await asyncio.gather(*orders)

    assert sorted((str(number), "prod") for number in range(30)) == sorted(await tags_recorded(database))


async def test_far_behind_the_log_only_those_are_refused_who_need_the_facts(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade of a long log the facts are filled for a while: orders without them go on at once, the others
    are told so and not done, and are done once the facts are there."""
    monkeypatch.setattr(span_reading, "BEHIND_MAX", 0)
    async with doors.opened(database, place) as app:
        foo, bar = given.application(app.fresh, "Foo"), given.application(app.fresh, "Bar")
        await doors.do(app, foo)
        tagged, _ = await asyncio.gather(
            doors.do(app, tag(app, "Foo", "1", "prod")), doors.do(app, bar), return_exceptions=True
        )
        with pytest.raises(
            errors.Unavailable, match="records are left"
        ):  # a large deletion has a batch of its own
            await doors.do(app, DeleteApplication(application=foo.application))
        connection = await app.connected("test")
        await span_rows.advance(connection, app.replica.position)
        await connection.close()

        assert isinstance(tagged, errors.Unavailable)
        assert app.replica.now().application_named("Bar") is not None
        assert [] == await tags_recorded(database)
        assert (await doors.do(app, tag(app, "Foo", "1", "prod"))).records
