"""A consistent logical copy of an account, taken beside a running service, and the way back into an empty schema.

All of it is read in one REPEATABLE READ transaction and streamed by COPY, so that the copy is of one position, and
neither end holds more than a part of a table. The people's keys go into a file of their own, because a copy that held
both would bring a forgotten person back to whoever has it. The trail and snapshots are not copied: the log yields them.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from service import errors
from service.log import archive, backup_check, merkle, migrate, reader, sql
from service.log.archive import Manifest
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.reader import Head
from service.vocabulary import KeyId

RECORD_TABLES = ("log_head", "checkpoint", "log", "tile", "vault", "idempotency")
"""In this order, so that who reads the records knows by then what they must come to."""
KEYS_TABLES = ("person_key",)
Progress = Callable[[int, int], None]
"""Told (records done, records in all)."""


async def snapshot(connection: Connection, release: str, made_at: datetime) -> tuple[Head, Manifest]:
    """The head and the beginning of a manifest of what this transaction sees. Raises Refused (`not_open`) if empty."""
    await connection.execute(sql.text("copy_settings"))
    head = await reader.head(connection)
    if not head.position:
        raise errors.Refused("not_open", "This log is empty: there is nothing to back up yet.")
    schema = str(await connection.fetchval("select current_schema()"))
    return head, Manifest(
        format=archive.FORMAT,
        holds="record",
        made_at=made_at,
        release=release,
        account=head.account,
        epoch=head.epoch,
        position=head.position,
        root=merkle.Frontier.decode(head.frontier).root().hex(),
        key_check=head.key_check.hex(),
        migrations=(await migrate.status(connection, schema)).applied,
    )


async def copy_out(
    connection: Connection, tables: Iterable[str], into: archive.Writing, progress: Progress, total: int
) -> dict[str, int]:
    """Copy these tables as the transaction sees them. Returns how many rows each has."""
    rows: dict[str, int] = {}
    for table in tables:
        done = 0

        async def take(octets: bytes, table: str = table) -> None:
            nonlocal done
            into.put(table, octets)
            if table == "log":
                done += octets.count(b"\n")  # no record has a line break in it
                progress(min(done, total), total)

        copied = await connection.copy_from_query(
            sql.text(f"copy_{table}"), output=take, format="csv", header=True
        )
        rows[table] = int(copied.rpartition(" ")[2])
    return rows


async def copy_in(connection: Connection, path: Path, keys: Keys, progress: Progress, total: int) -> Manifest:
    """Copy a file's tables into the empty ones of this session's schema, in the caller's transaction.

    The caller is the tables' owner, has checked the file, and commits only when this returns, since what was read is
    compared with the manifest once more at its end. Raises Broken when the file changed meanwhile.
    """
    reading = archive.Reading(path)
    for table, pieces in reading.tables():
        if table == "log_head":
            await _restore_head(connection, pieces)
        elif table in RECORD_TABLES + KEYS_TABLES:
            await _load(connection, table, pieces, progress if table == "log" else None, total)
        else:
            for _ in pieces:
                pass
    return reading.manifest(keys)


async def require_empty(connection: Connection, schema: str) -> None:
    """Raise Refused unless the schema's tables are as `migrate` made them."""
    if not await connection.fetchval(sql.text("is_empty")):
        raise errors.Refused(
            "not_empty",
            f"The schema {schema} holds a log already, and nothing is restored over one. Name an empty place with"
            " DATABASE_URL, MUNIMENT_SCHEMA or MUNIMENT_DATA_DIR, or move away what is there.",
        )


async def destroy(connection: Connection, keys: Iterable[KeyId]) -> None:
    """Delete these people's keys from a restored copy, in its transaction: before anybody could read by them."""
    await connection.execute(sql.text("destroy_person_keys"), list(keys))


async def _load(
    connection: Connection, table: str, pieces: Iterator[bytes], progress: Progress | None, total: int
) -> None:
    first = next(pieces)
    columns, _, _ = first.partition(b"\n")
    done = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal done
        for octets in itertools.chain((first,), pieces):
            yield octets
            if progress is not None:
                done += octets.count(b"\n")
                progress(min(done, total), total)

    await connection.copy_to_table(
        table, source=source(), columns=columns.decode().split(","), format="csv", header=True
    )


async def _restore_head(connection: Connection, pieces: Iterator[bytes]) -> None:
    (row,) = backup_check.rows_of(pieces)
    await connection.execute(sql.text("release_head"))
    await connection.execute(
        sql.text("restore_head"),
        row["account"],
        row["epoch"],
        int(row["position"]),
        row["recorded_at"],
        bytes.fromhex(row["frontier"].removeprefix("\\x")),
        bytes.fromhex(row["key_check"].removeprefix("\\x")),
    )
    await connection.execute(sql.text("guard_head"))
