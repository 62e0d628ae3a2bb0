"""The questions of `muniment doctor`. Each is asked even where an earlier one failed, if it can be."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import asyncpg
import msgspec

from projections import snapshot, span_rows
from service import app as application
from service import data_directory, database, errors, tls
from service.cli import logs, options, rotation, webhooks
from service.log import checkpoint, connect, migrate, reader, sql, witness
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.migrate import SERVER_VERSION_MIN
from service.log.reader import Head
from service.settings import Loaded, Settings

_SKEW_SECONDS_WARN: Final = 0.5
_SKEW_SECONDS_FAIL: Final = 1.0
"""An append more than a second ahead of the database's clock is refused, and one 5 s behind it."""
_TRAIL_LAG_WARN: Final = 1_000
CERTIFICATE_LEFT_MIN: Final = timedelta(days=14)
_SECRET_FILES: Final = (data_directory.KEY_FILE, data_directory.TOKEN_FILE, "postgres.passwords.json")
_GRANTS: Final = (
    ("log", "SELECT, INSERT"),
    ("log_head", "SELECT"),
    ("checkpoint", "SELECT, INSERT"),
    ("tile", "SELECT, INSERT"),
    ("vault", "SELECT, INSERT, DELETE"),
    ("person_key", "SELECT, INSERT, DELETE"),
    ("idempotency", "SELECT, INSERT"),
    *(
        (table, "SELECT, INSERT, UPDATE, DELETE")
        for table in ("trail_head", "trail", "trail_touch", "token_use", "span_head", "span")
    ),
    ("migration", "SELECT"),
    ("snapshot", "SELECT, INSERT, DELETE"),
    ("snapshot_part", "SELECT, INSERT, DELETE"),
)
"""What the serving role needs on each table; `grants.sql` gives it."""
_TOO_MUCH: Final = (
    ("log", "UPDATE"),
    ("log", "DELETE"),
    ("log", "TRUNCATE"),
    *((table, privilege) for table in ("checkpoint", "tile") for privilege in ("UPDATE", "DELETE")),
    ("vault", "UPDATE"),
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: what was looked at, whether it is well, and a sentence that says so or what would help."""

    what: str
    outcome: Literal["ok", "warn", "fail"]
    sentence: str


async def examined() -> list[Line]:
    """Every answer, in the order in which one would mend things."""
    try:
        loaded = options.settings()
    except errors.Invalid as failure:
        return [_fail("settings", failure.sentence)]
    logs.quiet(loaded.settings)
    lines = [*_settings(loaded), *_files(loaded.settings)]
    lines += _certificate(loaded.settings, application.clock())
    async with AsyncExitStack() as stack:
        try:
            target = await database.found(loaded.settings, stack)
            connection = await connect.connect(target, loaded.settings.schema, "doctor")
        except errors.MunimentError as failure:
            return [*lines, _fail("postgres", failure.sentence)]
        stack.push_async_callback(connection.close)
        return lines + [line async for line in _database(loaded.settings, connection)]


def _settings(loaded: Loaded) -> Iterator[Line]:
    yield from (_warn("settings", warning) for warning in loaded.warnings)
    if not loaded.warnings:
        yield _ok("settings", "Every setting was understood.")


def _files(settings: Settings) -> Iterator[Line]:
    directory = settings.data_dir
    if not directory.is_dir():
        yield _warn("data directory", f"{directory} does not exist; the first start makes it.")
        return
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o022:
        yield _fail("data directory", f"Others may write to {directory} (mode {mode:04o}): chmod go-w it.")
    elif not os.access(directory, os.W_OK):
        yield _warn("data directory", f"{directory} cannot be written to as this user.")
    else:
        yield _ok("data directory", f"{directory} (mode {mode:04o})")
    for name in _SECRET_FILES:
        if (path := directory / name).exists():
            yield _secret(path)


def _certificate(settings: Settings, now: datetime) -> Iterator[Line]:
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return
    try:
        certificate = tls.Certificate(settings.tls_cert_file, settings.tls_key_file)
    except errors.Invalid as failure:
        yield _fail("tls", failure.sentence)
        return
    until = certificate.expires_at
    sentence = f"{settings.tls_cert_file} is good until {until:%Y-%m-%d %H:%M} UTC"
    if until <= now:
        yield _fail("tls", f"{settings.tls_cert_file} ended on {until:%Y-%m-%d}: clients refuse it.")
    elif until - now < CERTIFICATE_LEFT_MIN:
        yield _warn("tls", f"{sentence}, in {(until - now).days} days.")
    else:
        yield _ok("tls", sentence)
    mode = stat.S_IMODE(settings.tls_key_file.stat().st_mode)
    if mode & 0o007:
        yield _warn("tls key", f"Anybody may read {settings.tls_key_file} (mode {mode:04o}): chmod o-rwx it.")


def _secret(path: Path) -> Line:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return _fail(
            f"file {path.name}",
            f"Others may read {path} (mode {mode:04o}): chmod 600 it, and replace what it held.",
        )
    return _ok(f"file {path.name}", f"{path} (mode {mode:04o})")


async def _database(settings: Settings, connection: Connection) -> AsyncIterator[Line]:
    row = await connection.fetchrow(sql.text("server"))
    assert row is not None, "this select always has a row"
    version = f"Postgres {row['version']}"
    if row["version_number"] < SERVER_VERSION_MIN:
        yield _fail("postgres", f"{version} is too old: 15 or later is needed.")
    else:
        yield _ok("postgres", version)
    encoding = str(row["encoding"])
    yield _judge(
        "encoding", encoding == "UTF8", encoding, f"The database's encoding is {encoding}, not UTF8."
    )
    found = await migrate.status(connection, settings.schema)
    if not found.current:
        yield _fail("tables", _behind(found, settings.schema))
        return
    yield _ok("tables", f"schema {settings.schema}, {', '.join(found.applied)}")
    yield await _grants(connection)
    yield await _clock(connection)
    try:
        async for line in _log(settings, connection):
            yield line
    except (asyncpg.PostgresError, errors.MunimentError) as failure:
        yield _fail("log", str(failure))


def _behind(found: migrate.Status, schema: str) -> str:
    if found.unknown or found.changed:
        return f"The tables in {schema} were made by another release ({', '.join((*found.unknown, *found.changed))})."
    return f"The tables in {schema} lack {', '.join(found.missing)}. `muniment migrate` makes them."


async def _grants(connection: Connection) -> Line:
    lacking = [
        f"{privilege} on {table}"
        for table, privileges in _GRANTS
        for privilege in privileges.split(", ")
        if not await _may(connection, table, privilege)
    ]
    if lacking:
        return _fail("grants", f"The serving role lacks {', '.join(lacking)}. `muniment migrate` grants it.")
    extra = [
        f"{privilege} on {table}"
        for table, privilege in _TOO_MUCH
        if await _may(connection, table, privilege)
    ]
    if extra:
        return _warn(
            "grants",
            f"The serving role also has {', '.join(extra)}. Serve as a role that does not own the tables, and the log "
            "cannot be changed by it at all (the triggers refuse it all the same).",
        )
    return _ok("grants", "the serving role has what it needs, and no more")


async def _may(connection: Connection, table: str, privilege: str) -> bool:
    may: bool = await connection.fetchval(sql.text("has_privilege"), table, privilege)
    return may


async def _clock(connection: Connection) -> Line:
    before = application.clock()
    row = await connection.fetchrow(sql.text("head_and_clock"))
    assert row is not None, "the migration inserts the one row, and a trigger keeps it"
    ours = before + (application.clock() - before) / 2
    skew = (ours - row["clock"]).total_seconds()
    sentence = (
        f"this machine's clock is {abs(skew):.3f} s {'ahead of' if skew > 0 else 'behind'} the database's"
    )
    if abs(skew) > _SKEW_SECONDS_FAIL:
        return _fail("clock", f"{sentence}; appends are refused 1 s ahead or 5 s behind.")
    return _warn("clock", sentence) if abs(skew) > _SKEW_SECONDS_WARN else _ok("clock", sentence)


async def _log(settings: Settings, connection: Connection) -> AsyncIterator[Line]:
    head = await reader.head(connection)
    if not head.position:
        yield _warn("log", "It is empty: no account was opened yet. `muniment serve` opens one.")
        return
    yield _ok("log", f"account {head.account} at position {head.position}, last recorded {head.recorded_at}")
    yield _ok("epoch", f"{head.epoch} on server {head.system_identifier}, timeline {head.timeline}")
    keys = data_directory.own_keys(settings)
    fits = head.key_check == keys.key_check
    yield _judge(
        "key", fits, "the log was opened under this key", "The log was opened under another MUNIMENT_KEY."
    )
    if fits:
        outcome, sentence = await rotation.judged(connection, keys)
        yield Line(what="key in force", outcome=outcome, sentence=sentence)
        yield await _witness(settings, connection, keys)
        yield await _snapshot(settings, connection, keys, head)
    for what in ("trail", "spans"):
        statement = sql.text("trail_position") if what == "trail" else span_rows.statement("span_position")
        lag = head.position - await connection.fetchval(statement)
        sentence = f"{lag} records behind the log" if lag else "at the log's head"
        yield (
            _warn(what, f"{sentence}; a running service or whoever reads it catches up.")
            if lag > _TRAIL_LAG_WARN
            else _ok(what, sentence)
        )
    outcome, sentence = await webhooks.judged(settings, connection)
    yield Line(what="webhooks", outcome=outcome, sentence=sentence)
    note = await checkpoint.latest(connection)
    signed = checkpoint.parse(note).size if note else 0
    unsigned = head.position - signed
    yield (
        _ok("checkpoint", f"signed up to position {signed}")
        if not unsigned
        else _warn(
            "checkpoint", f"{unsigned} records are not signed yet; a running service signs within a second."
        )
    )


async def _witness(settings: Settings, connection: Connection, keys: Keys) -> Line:
    try:
        seen = witness.recall(data_directory.seen_file(settings), keys)
        proven = await witness.require_no_fork(connection, seen)
    except errors.Broken as failure:
        return _fail("fork", failure.sentence)
    if seen is None:
        return _ok("fork", "this machine has not seen the log before")
    if proven.doubt:
        return _warn("fork", proven.doubt)
    return _ok("fork", f"the log holds what was seen from here, up to position {seen.position}")


async def _snapshot(settings: Settings, connection: Connection, keys: Keys, head: Head) -> Line:
    choice = await snapshot.choose(connection, keys, head)
    if choice.refusals:
        return _warn("snapshot", f"{choice.refusals[0]} `muniment snapshot` takes another.")
    if choice.header is None or choice.at is None:
        sentence = f"none that fits this release: a start replays {head.position} records"
        wanted = settings.snapshot_every and head.position > settings.snapshot_every
        return (
            _warn("snapshot", f"{sentence}; a running service has one taken.")
            if wanted
            else _ok("snapshot", sentence)
        )
    behind = head.position - choice.header.position
    return _ok(
        "snapshot",
        f"at position {choice.header.position}, {behind} records behind the log, taken {choice.at}",
    )


def _judge(what: str, well: bool, sentence: str, otherwise: str) -> Line:
    return _ok(what, sentence) if well else _fail(what, otherwise)


def _ok(what: str, sentence: str) -> Line:
    return Line(what=what, outcome="ok", sentence=sentence)


def _warn(what: str, sentence: str) -> Line:
    return Line(what=what, outcome="warn", sentence=sentence)


def _fail(what: str, sentence: str) -> Line:
    return Line(what=what, outcome="fail", sentence=sentence)
