import asyncio
from datetime import datetime, timedelta

import asyncpg
import msgspec
import pytest

from service import errors
from service.log import batches, connect, merkle, reader, recorded, writer
from service.log.reader import IdempotencyRow
from service.vocabulary import KeyId, VaultRef
from tests.log import records
from tests.log.conftest import Log


def row(key: str, position: int) -> IdempotencyRow:
    """An answer of Sally's."""
    return IdempotencyRow(
        principal=records.SALLY,
        key=key,
        fingerprint=b"f",
        status=201,
        first_position=position,
        last_position=position,
    )


async def test_an_append_writes_everything_of_its_batch(log: Log) -> None:
    """Head, records, vault, person keys and idempotency rows arrive together, and the head is what readers see."""
    head = await reader.head(log.service)
    written = records.entries(head, await records.clock(log.service), [records.renamed(), records.renamed()])
    ref, key = VaultRef(records.new_id()), KeyId(records.new_id())
    batch = batches.Batch(
        entries=written,
        vault_put=[(ref, b"sealed")],
        person_keys=[(key, b"wrapped")],
        idempotency=[row("k", 1)],
    )
    after = await writer.append(log.service, head, batch, records.KEYS.key_check)
    assert after == await reader.head(log.service)
    assert [1, 2] == [one.position for one in await reader.page(log.service, 0, 10)]
    first, text = written[0]
    assert reader.Row(1, first.id, text.decode(), merkle.leaf_hash(text)) == await reader.entry_at(
        log.service, 1
    )
    assert first == recorded.decode(text)
    assert b"sealed" == await reader.vault(log.service, ref)
    assert {"k": row("k", 1)} == await reader.idempotent(log.service, records.SALLY, ["k", "other"])
    assert 2 == await reader.position_of_event(log.service, written[1][0].id)
    assert 1 == await reader.position_at_time(log.service, first.recorded_at)
    assert 0 == await reader.position_at_time(log.service, first.recorded_at - timedelta(microseconds=1))


async def test_a_moved_head_refuses_the_whole_batch(log: Log) -> None:
    """Who decided on an older state writes nothing at all, and is told by None."""
    head = await reader.head(log.service)
    after = await records.appended(log.service, head, [records.renamed()])
    late = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), [records.renamed()]),
        vault_put=[(VaultRef(records.new_id()), b"x")],
        idempotency=[row("late", 1)],
    )
    assert None is await writer.append(log.service, head, late, records.KEYS.key_check)
    assert after == await reader.head(log.service)
    assert 0 == await log.service.fetchval("select count(*) from vault")
    assert {} == await reader.idempotent(log.service, records.SALLY, ["late"])


@pytest.mark.parametrize(
    ("skew", "says"), [(timedelta(seconds=-6), "behind"), (timedelta(seconds=2), "ahead")]
)
async def test_a_wrong_clock_is_told_from_a_moved_head(log: Log, skew: timedelta, says: str) -> None:
    """A machine whose clock is off learns that, instead of trying again for ever."""
    head = await reader.head(log.service)
    at = await records.clock(log.service) + skew
    batch = batches.Batch(entries=records.entries(head, at, [records.renamed()]))
    with pytest.raises(errors.Unavailable, match=rf"clock is .* s {says}"):
        await writer.append(log.service, head, batch, records.KEYS.key_check)
    assert head == await reader.head(log.service)


async def test_what_is_large_may_be_dated_a_while_before_it_is_sent(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing and encoding a hundred thousand things takes a busy machine seconds; more than 15 stay a wrong clock."""
    monkeypatch.setattr(batches, "STATEMENT_BYTES_MAX", 1)
    monkeypatch.setattr(batches, "_PIECE_BYTES", 1)
    head = await reader.head(log.service)

    def dated(at: datetime) -> batches.Batch:
        return batches.Batch(entries=records.entries(head, at, [records.renamed(), records.renamed()]))

    now = await records.clock(log.service)
    with pytest.raises(errors.Unavailable, match="at most 15 s are allowed"):
        await writer.append(log.service, head, dated(now - timedelta(seconds=16)), records.KEYS.key_check)
    assert await writer.append(
        log.service, head, dated(now - timedelta(seconds=10)), records.KEYS.key_check
    ) == await reader.head(log.service)


async def test_a_used_key_takes_the_whole_batch_back(log: Log) -> None:
    """A request that another replica answered meanwhile is not done twice, nor is anything beside it."""
    head = await records.appended(log.service, await reader.head(log.service), [records.renamed()])
    first = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), [records.renamed()]),
        idempotency=[row("k", 2)],
    )
    after = await writer.append(log.service, head, first, records.KEYS.key_check)
    assert after is not None
    again = batches.Batch(
        entries=records.entries(after, await records.clock(log.service), [records.renamed()] * 3),
        vault_put=[(VaultRef(records.new_id()), b"x")],
        idempotency=[row("new", 3), row("k", 4)],
    )
    with pytest.raises(writer.KeyUsed):
        await writer.append(log.service, after, again, records.KEYS.key_check)
    assert after == await reader.head(log.service)
    assert ["k"] == list(await reader.idempotent(log.service, records.SALLY, ["k", "new"]))
    assert 0 == await log.service.fetchval("select count(*) from vault")


async def test_another_key_or_account_is_refused(log: Log) -> None:
    """A service with a foreign MUNIMENT_KEY, or pointed at another account's schema, writes nothing."""
    head = await records.appended(log.service, await reader.head(log.service), [records.renamed()])
    batch = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), [records.renamed()])
    )
    with pytest.raises(errors.Broken, match="MUNIMENT_KEY"):
        await writer.append(log.service, head, batch, b"another key's check")
    foreign = msgspec.structs.replace(head, account=records.new_id())
    with pytest.raises(errors.Broken, match="account"):
        await writer.append(log.service, foreign, batch, records.KEYS.key_check)


async def test_another_epoch_moves_nothing(log: Log) -> None:
    """After a restore a replica that has not heard of it writes nothing."""
    head = await reader.head(log.service)
    batch = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), [records.renamed()])
    )
    stale = msgspec.structs.replace(head, epoch=records.new_id())
    assert None is await writer.append(log.service, stale, batch, records.KEYS.key_check)


async def test_a_batch_that_does_not_follow_the_head_is_a_defect(log: Log) -> None:
    """Gaps and time running backwards are caught before they reach the database."""
    head = await reader.head(log.service)
    at = await records.clock(log.service)
    for wrong in (
        [],
        [records.record(2, at, records.renamed())],
        [records.record(1, at, records.renamed()), records.record(2, at, records.renamed())],
    ):
        batch = batches.Batch(entries=[(one, recorded.encode(one)) for one in wrong])
        with pytest.raises(ValueError, match=r"batch|position"):
            await writer.append(log.service, head, batch, records.KEYS.key_check)


async def test_superseded_values_leave_with_the_append(log: Log) -> None:
    """An old token value is gone with the event that replaced it, also when it was put in by the same batch."""
    head = await reader.head(log.service)
    old, brief, new = (VaultRef(records.new_id()) for _ in range(3))
    first = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), [records.renamed()]),
        vault_put=[(old, b"1")],
    )
    after = await writer.append(log.service, head, first, records.KEYS.key_check)
    assert after is not None
    second = batches.Batch(
        entries=records.entries(after, await records.clock(log.service), [records.renamed()]),
        vault_put=[(brief, b"2"), (new, b"3")],
        vault_delete=[old, brief],
    )
    await writer.append(log.service, after, second, records.KEYS.key_check)
    assert [None, None, b"3"] == [await reader.vault(log.service, ref) for ref in (old, brief, new)]


async def test_a_tile_arrives_with_its_last_leaf(log: Log) -> None:
    """Batches that end before, at and after the boundary give whole tiles over exactly the stored leaves."""
    head = await reader.head(log.service)
    for size in (200, 55, 1, 300, 256):
        head = await records.appended(log.service, head, [records.renamed()] * size)
    rows = await reader.page(log.service, 0, 1_000)
    tiles = await log.service.fetch("select level, index, hashes from tile order by level, index")
    expected = [(0, n, b"".join(one.leaf for one in rows[n * 256 : n * 256 + 256])) for n in range(3)]
    assert expected == [tuple(tile) for tile in tiles]


async def test_a_commit_is_announced_once(log: Log) -> None:
    """Followers wake by one notification a batch: epoch and position, nothing else."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await connect.connect(log.database.service_dsn, log.schema, "listen")
    await listener.add_listener(log.schema, lambda *call: heard.put_nowait(call[3]))
    head = await records.appended(log.service, await reader.head(log.service), [records.renamed()] * 3)
    assert f"{head.epoch}:3" == await asyncio.wait_for(heard.get(), 5)
    assert heard.empty()
    await listener.close()


async def test_the_fair_form_lets_each_writer_in(log: Log) -> None:
    """Two replicas that lock, read the tail and append never collide, leave no gap and both see all."""

    async def replica(connection: connect.Connection, rounds: int) -> int:
        position = 0
        for _ in range(rounds):
            async with connection.transaction():
                head = await writer.lock(connection)
                for one in await reader.page(connection, position, 100):
                    assert one.position == position + 1
                    position = one.position
                assert position == head.position, "the tail is read by a snapshot younger than the lock"
                position = (await records.appended(connection, head, [records.renamed()])).position
        return position

    other = await connect.connect(log.database.service_dsn, log.schema, "append")
    last = await asyncio.gather(replica(log.service, 20), replica(other, 20))
    assert 40 == max(last)
    assert list(range(1, 41)) == [one.position for one in await reader.page(log.service, 0, 100)]
    await other.close()


async def test_a_frozen_replica_does_not_hold_the_head(log: Log) -> None:
    """A transaction that idles on the lock is ended by the server, and its connection counts as lost."""
    assert "5s" == await log.service.fetchval("show idle_in_transaction_session_timeout")
    await log.service.execute("set idle_in_transaction_session_timeout = '200ms'")
    other = await connect.connect(log.database.service_dsn, log.schema, "append")
    transaction = log.service.transaction()
    await transaction.start()
    await writer.lock(log.service)
    await asyncio.wait_for(writer.barrier(other), 5)
    with pytest.raises(
        (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
    ) as caught:
        await log.service.fetchval("select 1")
    assert connect.lost(caught.value)
    await other.close()


async def test_a_killed_connection_counts_as_lost(log: Log) -> None:
    """However asyncpg words a dead connection, the recovery is the same."""
    other = await connect.connect(log.database.service_dsn, log.schema, "append")
    await log.service.execute(
        "select pg_terminate_backend($1)", await other.fetchval("select pg_backend_pid()")
    )
    await asyncio.sleep(0.1)
    with pytest.raises(
        (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
    ) as caught:
        await other.fetchval("select 1")
    assert connect.lost(caught.value)
    with pytest.raises(asyncpg.DataError) as defect:
        await log.service.fetchval("select $1::int", "no number")
    assert not connect.lost(defect.value)


async def test_a_missing_server_is_a_sentence() -> None:
    """Nobody listening is Unavailable with words, not a traceback of asyncpg."""
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        await connect.connect("postgresql://nobody@127.0.0.1:1/none", "muniment", "check")
