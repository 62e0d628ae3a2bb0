"""A bulk deletion that is broken off between its statements: all of it is in the log, or nothing is."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from projections import span_rows
from service import app as composition
from service.events.contracts import ContractsRemoved
from service.log import batches, connect, verify
from service.log.recorded import Recorded
from tests import postgres
from tests.bench import ground, worlds
from tests.bench.population import Shape
from tests.bench.stalls import PUBLISHING
from tests.handling import deleting, doors, test_bulk
from tests.torture.proxy import Cut

CONTRACTS = 800
PIECE_BYTES = 40 * 1024
STORED = 40_000
"""Contracts whose deletion takes several statements as the service is."""
PATIENCE_SECONDS = 60


def removed(records: list[Recorded]) -> list[str]:
    """The contracts that the records remove, in their order."""
    return [
        one.contract
        for record in records
        if isinstance(record.data, ContractsRemoved)
        for one in record.data.contracts
    ]


@pytest.mark.parametrize(
    "cut", ["before Postgres sees it", "after Postgres did it", "and Postgres does it late"]
)
@pytest.mark.parametrize("at", ["first statement", "later statement", "commit"])
async def test_a_connection_lost_between_the_statements_of_a_deletion_is_no_loss(
    database: postgres.Database, place: Path, cut: Cut, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is cut the caller gets the right answer, the log has the deletion once, and a retry repeats it."""
    monkeypatch.setattr(batches, "STATEMENT_BYTES_MAX", PIECE_BYTES)
    monkeypatch.setattr(batches, "_PIECE_BYTES", PIECE_BYTES)
    async with doors.behind_a_wire(database) as (through, wire), doors.opened(through, place) as app:
        deletion = await test_bulk.published(app, CONTRACTS)
        wire.at = "commit" if at == "commit" else "append"
        wire.spared = 2 if at == "later statement" else 0
        wire.cut = cut
        outcome = await doors.do(app, deletion, "key")
        assert 1 == wire.cuts
        again = await doors.do(app, deletion, "key")
        assert (outcome.records, True) == (again.records, again.replayed)
        assert [] == app.replica.now().contracts_of(deletion.consumer, deletion.provider)
    log = await doors.log_of(database)
    assert CONTRACTS == len(removed(log)) == len(set(removed(log)))
    assert outcome.position == log[-1].position


@pytest.mark.slow
async def test_a_service_killed_between_the_statements_of_a_deletion_leaves_nothing_of_it(
    make_database: doors.MakeDatabase, place: Path
) -> None:
    """kill -9 in the transaction: the log is as before and proves, and the same order under its key is done once."""
    stored = await worlds.store(
        make_database(), Shape(users=5, teams=2, applications=20, changes=STORED, mix=PUBLISHING)
    )
    database = stored.database
    connection = await connect.connect(database.owner_dsn, worlds.SCHEMA, "verify")
    await span_rows.advance(connection, stored.head.position)  # as in a service that has run for a while
    await connect.close(connection)
    async with doors.behind_a_wire(database) as (through, wire):
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", deleting.__name__,
            env={**ground.inherited(), **worlds.environment_of(through, place / "killed")},
            cwd=ground.ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert program.stdin is not None
            assert program.stdout is not None
            assert b"opened\n" == await program.stdout.readline()
            # Of every answer once the first statement is sent, so that there is time between two.
            wire.slow_from, wire.delay_seconds = b"-- One batch", 0.1
            program.stdin.write(b"delete\n")
            await _between_statements(database)
            os.kill(program.pid, signal.SIGKILL)
        finally:
            if program.returncode is None:
                program.kill()
            await program.wait()
    assert stored.head.position == len(await doors.log_of(database))
    async with composition.opened(worlds.settings_of(database, place / "next")) as app:
        outcome = await deleting.delete(app)
        again = await deleting.delete(app)
        assert (outcome.records, True) == (again.records, again.replayed)
        connection = await app.connected("verify")
        report = await verify.verify(connection, app.keys, lambda _done, _all: None)
        await connect.close(connection)
        assert () == report.findings
    assert STORED == len(set(removed(await doors.log_of(database))))


async def _between_statements(database: postgres.Database) -> None:
    """Return while the deletion's transaction has sent its head's move, and not its commit."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and application_name = 'muniment/append' and query like '-- Further records%'"
            ):
                await asyncio.sleep(0.01)
    finally:
        await connection.close()
