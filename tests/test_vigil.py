"""Whether requests should be sent here: measured against the database, within two seconds, and only while it is so."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from service import app as composition
from service import errors
from service.log.connect import Connection
from service.vigil import Backlog, Vigil
from tests import given, postgres, service
from tests.handling import doors


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_service_that_started_is_ready_at_once(database: postgres.Database, tmp_path: Path) -> None:
    """The first look is taken before anybody can ask; what it saw is where the log stands."""
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        assert "" == app.vigil.why_not()
        assert app.vigil.last is not None
        assert app.replica.position == app.vigil.last.position
        assert app.vigil.last.skew < timedelta(seconds=0.5)
        app.vigil.stopping = True
        assert "The service is shutting down." == app.vigil.why_not()


async def test_a_database_away_is_known_within_two_seconds_and_its_return_too(
    database: postgres.Database, tmp_path: Path, postgres_server: postgres.Server
) -> None:
    """Not ready, in words, while nothing is heard of it; ready again by itself, also after a write that failed."""
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        async with postgres.away(database, postgres_server):
            with pytest.raises(errors.Unavailable):
                await doors.do(app, given.role(app.fresh, "nobody"))
            assert [True] == [app.handler.failing]
            assert "" != app.vigil.why_not()
            await _until(lambda: app.vigil.why_not() == "The database does not answer.")
        await _until(lambda: app.vigil.why_not() == "")
        assert not app.handler.failing
        await doors.do(app, given.role(app.fresh, "somebody"))


async def test_a_database_that_takes_no_writes_is_not_ready(
    database: postgres.Database, tmp_path: Path
) -> None:
    """A primary that was demoted answers every question, and is none to send orders to."""
    connections = (
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'muniment/%'"
    )
    ours = f"{connections} and datname = current_database()"
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        alter = f'alter database "{database.name}" set default_transaction_read_only'
        await _execute(database.owner_dsn, f"{alter} = on", ours)
        await _until(lambda: app.vigil.why_not().startswith("The database takes no writes"))
        await _execute(database.owner_dsn, "set default_transaction_read_only = off", f"{alter} = off", ours)
        await _until(lambda: app.vigil.why_not() == "")


async def test_a_replica_that_no_longer_follows_is_not_ready(
    database: postgres.Database, tmp_path: Path
) -> None:
    """It believes that it is at the head. The database knows better."""
    async with (
        doors.opened(database, tmp_path / "one", open_account=True, follow=True) as app,
        doors.opened(database, tmp_path / "other") as other,
    ):
        assert app.follower is not None
        await app.follower.stop()
        await doors.do(other, given.role(other.fresh, "unseen"))
        assert "" == app.vigil.why_not()
        await _until(lambda: "has been behind the log's" in app.vigil.why_not())


async def test_a_follower_that_met_what_it_cannot_read_stops_the_replica(
    database: postgres.Database, tmp_path: Path
) -> None:
    """It never looks at the log again; so nothing is answered from what it holds, as if it were now."""
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        await _execute(
            database.owner_dsn,
            "set session_replication_role = replica",
            "update muniment.log set entry = 'no record' where position = 3",
            "update muniment.trail_head set position = 0",
        )
        await _until(lambda: bool(app.replica.stopped))
        assert "A text stored after position 0 is not a record" in app.vigil.why_not()


async def test_the_age_is_told_also_where_the_database_went_away_before_the_first_look(
    database: postgres.Database, tmp_path: Path
) -> None:
    """What was read at the start grows old from there on: nobody ever said that it was still all there is."""
    async with doors.opened(database, tmp_path, open_account=True) as app:

        async def away() -> Connection:
            raise errors.Unavailable("The database is away.")

        vigil = Vigil(app.replica, app.handler, away, app.drafter.clock)
        assert [0.0] == [vigil.age_seconds()]
        began = time.monotonic()
        await vigil.start()
        await asyncio.sleep(0.05)
        age, latest = vigil.age_seconds(), time.monotonic() - began
        await vigil.stop()
        assert 0.05 <= age <= latest


async def test_a_stopped_replica_is_not_ready(database: postgres.Database, tmp_path: Path) -> None:
    """The sentence says why it stopped."""
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        app.replica.stopped = "The log has forked."
        assert "This replica has stopped: The log has forked." == app.vigil.why_not()


async def test_an_append_that_waits_for_long_is_not_ready(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads go on while a commit waits for a standby that is gone; whoever writes should be sent elsewhere."""
    monkeypatch.setattr("service.vigil.APPEND_SECONDS_MAX", 0.2)
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        blocking = await asyncpg.connect(database.service_dsn)
        transaction = blocking.transaction()
        await transaction.start()
        await blocking.execute("select 1 from muniment.log_head for update")
        order = asyncio.create_task(doors.do(app, given.role(app.fresh, "patient")))
        await _until(lambda: app.vigil.why_not().startswith("An append has been waiting"))
        await transaction.rollback()
        await blocking.close()
        await order
        await _until(lambda: app.vigil.why_not() == "")


@pytest.mark.parametrize(("seconds", "word"), [(-10, "behind"), (10, "ahead of")])
async def test_a_clock_with_which_nothing_can_be_recorded_is_not_ready(
    database: postgres.Database, tmp_path: Path, seconds: int, word: str
) -> None:
    """Appends are refused by the database's clock, so the skew itself is looked at."""
    wrong = timedelta(0)

    def clock() -> datetime:
        return composition.clock() + wrong

    async with doors.opened(database, tmp_path, open_account=True, follow=True, clock=clock) as app:
        assert "" == app.vigil.why_not()
        wrong = timedelta(seconds=seconds)
        await _until(lambda: f"10.0 s {word} the database's" in app.vigil.why_not())


async def test_readyz_is_the_vigils_word(database: postgres.Database, tmp_path: Path) -> None:
    """503 with the sentence where it says no, and alive all the same; else the position and the database's head."""
    async with service.running(database, tmp_path) as running:
        ready = await running.nobody.get("/readyz")
        assert 200 == ready.status
        assert {"ready": True, "position": running.position, "head": running.position} == ready.json
        running.app.vigil.stopping = True
        stopping = await running.nobody.get("/readyz")
        assert 503 == stopping.status
        assert "The service is shutting down." in stopping.text
        assert 200 == (await running.nobody.get("/healthz")).status


def test_a_backlog_counts_from_the_oldest_wish_that_is_not_met() -> None:
    """However many newer ones there are, and never from one that was met."""
    backlog = Backlog()
    assert 0.0 == backlog.seconds(0, 100.0)
    for number in range(1_000):
        backlog.want(float(number), 10 + number)
    assert 100.0 == backlog.seconds(9, 100.0)
    assert 80.0 == backlog.seconds(29, 100.0)
    assert 0.0 == backlog.seconds(10_000, 2_000.0)


async def test_a_look_that_gets_no_answer_is_given_up(database: postgres.Database, tmp_path: Path) -> None:
    """A connection that is open and dead holds up nothing: the next look takes a new one."""
    async with doors.opened(database, tmp_path, open_account=True, follow=True) as app:
        blocking = await asyncpg.connect(database.owner_dsn)
        transaction = blocking.transaction()
        await transaction.start()
        await blocking.execute("lock table muniment.log_head in access exclusive mode")
        began = time.monotonic()
        await _until(lambda: app.vigil.why_not() == "The database does not answer.")
        assert time.monotonic() - began > 1.0
        await transaction.rollback()
        await blocking.close()
        await _until(lambda: app.vigil.why_not() == "")
