"""The change over to a later key: one record from which every replica seals and signs by it, then the rows."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import msgspec

from service import data_directory, database, errors
from service.cli import opening, output
from service.commands.account import AddKey
from service.events.account import KeyAdded, LogOpened
from service.log import connect, reader, recorded, rewrap, sql
from service.log.connect import Connection
from service.log.keys import Keys


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """Which key is in force, since when, and how many rows were sealed again. `verifier` checks its signatures."""

    fingerprint: str
    position: int
    rows: int
    verifier: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A key: whether it is here, since which position it is in force (0: not yet), and what stands under it."""

    fingerprint: str
    here: bool
    since: int
    values: int
    people: int
    verifier: str


async def drawn() -> tuple[Path | None, str]:
    """Draw a key. Returns the file that it was put into, or None and the key itself where MUNIMENT_KEY holds them."""
    async with opening.opened() as app:  # so that it goes behind the account's own keys, and no others
        key = app.fresh.master_key()
        if app.settings.keys:
            return None, key.hex()
        return data_directory.add_key(app.settings, key), ""


async def rotated(reason: str, ticket: str) -> Rotated:
    """Add the newest key to the log, unless it is, and seal again what stands under earlier ones.

    Raises Refused (`no_later_key`) where there is only the first one.
    """
    async with opening.opened() as app:
        newest = app.keys.fingerprints[-1]
        if newest == app.keys.fingerprints[0]:
            raise errors.Refused(
                "no_later_key", "There is only the first key here. `muniment keys new` draws a later one."
            )
        opened = app.replica.directory.opened
        assert opened is not None, "record 1 opens the log"
        verifier = app.keys.signer(opened.origin, newest).verifier
        await opening.order(app, AddKey(fingerprint=newest, verifier=verifier), reason, ticket)
        in_force, _ = app.replica.now().added_keys()[-1]
        if in_force != newest:
            raise errors.Refused(
                "older_key",
                f"The key {in_force} was added after {newest}. Put it last in MUNIMENT_KEY, or draw a new one.",
            )
        async with AsyncExitStack() as stack:
            dsn, _ = await database.owner(app.settings, stack)
            owner = await connect.connect(dsn, app.settings.schema, "keys")
            stack.push_async_callback(connect.close, owner)
            with output.progress("Sealing again") as tell:
                rows = await rewrap.rewrap(owner, app.keys, tell)
            since = {one.fingerprint: position for position, one in await added(owner)}
        return Rotated(fingerprint=newest, position=since[newest], rows=rows, verifier=verifier)


async def shown() -> list[Line]:
    """Every key that is here or that the log or a row names, the oldest first."""
    async with opening.record("keys") as record:
        first = await reader.entry_at(record.connection, 1)
        opened = recorded.decode(first.entry, 1).data if first else None
        if not isinstance(opened, LogOpened):
            raise errors.Refused("not_open", "This log is empty: no account was opened yet.")
        known = {
            one.fingerprint: (position, one.verifier) for position, one in await added(record.connection)
        }
        held = await rewrap.standing(record.connection)
        here = record.keys.fingerprints
        lines = []
        for fingerprint in dict.fromkeys((*here, *known, *(one for one in held if one))):
            is_first = fingerprint == here[0]
            stands = held.get("" if is_first else fingerprint, rewrap.Standing(fingerprint=fingerprint))
            since, verifier = (1, opened.verifier) if is_first else known.get(fingerprint, (0, ""))
            lines.append(
                Line(
                    fingerprint=fingerprint,
                    here=fingerprint in here,
                    since=since,
                    values=stands.values,
                    people=stands.people,
                    verifier=verifier,
                )
            )
        return lines


async def judged(connection: Connection, keys: Keys) -> tuple[Literal["ok", "warn", "fail"], str]:
    """Whether the key in force is here and nothing waits for it, with a sentence that says so or what would help."""
    names = await added(connection)
    newest = names[-1][1].fingerprint if names else keys.fingerprints[0]
    if newest not in keys.fingerprints:
        return "fail", f"The key {newest} is missing in MUNIMENT_KEY: no service starts without it."
    under = newest if names else ""
    stands = await rewrap.standing(connection)
    waiting = sum(one.values + one.people for one in stands.values() if one.fingerprint != under)
    if waiting:
        return "warn", f"{waiting} rows stand under other keys than {newest}: run `muniment keys rotate`."
    if keys.fingerprints[-1] != newest:
        return "warn", f"{newest}; a later one is here: `muniment keys rotate` changes over to it."
    return "ok", f"{newest}, and nothing stands under another one"


async def added(connection: Connection) -> list[tuple[int, KeyAdded]]:
    """The (position, event) of every later key that the log names, the oldest first."""
    found = []
    for row in await connection.fetch(sql.text("added_keys")):
        event = recorded.decode(row["entry"], row["position"]).data
        if isinstance(event, KeyAdded):
            found.append((row["position"], event))
        await asyncio.sleep(0)
    return found
