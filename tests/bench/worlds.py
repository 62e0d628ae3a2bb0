"""Worlds: whole logs of a chosen size, real in every byte, made in seconds instead of by a million orders.

Every record is encoded as a writer encodes it, with seals under people's wrapped keys, its leaf, the tiles and the
tree's frontier, the vault's rows and a signed checkpoint; it is copied into a fresh database, where `muniment
verify` finds nothing to say about it and the service opens it. What is not made is the trail, which is disposable.
"""

import itertools
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from projections import access
from projections.directory import Directory
from projections.people import People
from projections.view import View
from service import app, settings
from service.catalogue.compiled import ADMINISTRATOR
from service.catalogue.loader import shipped
from service.commands.account import OpenAccount, open_account
from service.commands.order import Caller
from service.fresh import Fresh
from service.log import checkpoint, connect, merkle, migrate, reader, recorded, seal
from service.log.keys import Keys
from service.log.recorded import Actor, Authority, Recorded, Source
from service.settings import Settings
from service.vocabulary import EventId, KeyId, RoleId, VaultRef
from tests import postgres
from tests.bench.population import WEEK, Act, Population, Shape

MASTER = b"\x2a" * 32
"""MUNIMENT_KEY of every world: it protects nothing."""
ADMIN_TOKEN = "mun_the_token_of_every_world_s_first_administrator"
SCHEMA = "muniment"
ORIGIN = "worlds.example.org/log"
START = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(microseconds=10_000_003)
"""Between two records: a million of them take four months, and end before any clock that runs this."""


class World:
    """One account's records, from the first on, each yielded once. `population` says who and what there is by then."""

    def __init__(self, shape: Shape, account: str = "", epoch: str = "") -> None:
        self.keys = Keys.derived(MASTER)
        self.shape = shape
        self.settled = 0
        """The position from which on there are only changes."""
        self.at = START
        """When the last record was made."""
        self.person_keys = seal.PersonKeys()
        self.wrapped: list[tuple[KeyId, bytes]] = []
        self.vault: list[tuple[VaultRef, bytes]] = []
        self._octets = random.Random(shape.seed).randbytes  # noqa: S311  # repeatable on purpose
        self._fresh = Fresh(self.keys, self._octets)
        drawn, began = self._fresh.id(), self._fresh.id()  # drawn in any case, so that all else is the same
        self._opening = self._opening_command(account or drawn, epoch or began)
        self.population = Population(shape, self._fresh, self._opening.administrator)
        self._position = 0
        self._number = shipped().number

    def records(self) -> Iterator[Recorded]:
        """All records, in order; with `shape.total` exactly so many."""
        every = self._every()
        return itertools.islice(every, self.shape.total) if self.shape.total else every

    def _every(self) -> Iterator[Recorded]:
        yield from self._opened()
        for act in self.population.acts(START + WEEK):
            yield from self._recorded(act)
        self.settled = self._position
        changes = self.population.changes()
        for act in changes if self.shape.total else itertools.islice(changes, self.shape.changes):
            yield from self._recorded(act)

    # -- records -----------------------------------------------------------------------------------------

    def _opening_command(self, account: str, epoch: str) -> OpenAccount:
        return OpenAccount(
            account=account,
            epoch=epoch,
            origin=ORIGIN,
            verifier=self.keys.signer(ORIGIN).verifier,
            catalogue=shipped(),
            administrator=self._fresh.principal(),
            tokens=self._fresh.tokens(ADMIN_TOKEN),
            administrator_name="Administrator",
            administrator_email="admin@example.org",
        )

    def _opened(self) -> Iterator[Recorded]:
        opening = self._opening
        nothing = View(Directory(), People(lambda _: None), 0, START)
        events = open_account(opening, nothing, Caller(system="first start"))
        act = Act(
            actor=None,
            needed="",
            facts=tuple((event, ()) for event in events),
            keys=(opening.administrator,),
            values=tuple(
                (token.ref, token.value) for token in (opening.tokens.read_only, opening.tokens.read_write)
            ),
        )
        return self._recorded(act)

    def _recorded(self, act: Act) -> Iterator[Recorded]:
        self._take_material(act)
        authority = _authority(act)
        first: EventId | None = None
        for event, touches in act.facts:
            self._position += 1
            self.at += STEP
            event_id = self._fresh.event_id(self.at)
            yield Recorded(
                v=recorded.VERSION,
                position=self._position,
                id=event_id,
                recorded_at=self.at,
                rule=access.RULE,
                catalogue=self._number,
                release=app.RELEASE,
                actor=Actor(principal=act.actor, system="" if act.actor else "first start"),
                data=seal.seal_event(event, event_id, self.person_keys),
                source=self._source(act, event_id),
                authority=authority,
                touches=touches,
                correlation=first,
            )
            first = first or event_id

    def _take_material(self, act: Act) -> None:
        for new in act.keys:
            raw = new.raw_key.octets()
            self.person_keys.put(new.key, raw)
            self.wrapped.append((new.key, self.keys.wrap(new.key, raw)))
        for ref, value in act.values:
            self.vault.append((ref, self.keys.seal_vault(ref, value.octets())))

    def _source(self, act: Act, event_id: EventId) -> Source:
        if act.actor is None:
            return Source()
        key = self.population.keys[act.actor]
        return Source(
            address=seal.seal_text("192.0.2.17", key, event_id, "address", self.person_keys),
            user_agent=seal.seal_text("Terraform/1.9", key, event_id, "user_agent", self.person_keys),
        )


def _authority(act: Act) -> tuple[Authority, ...]:
    if not act.needed:
        return ()
    on, scope = act.facts[0][1][0], f"{act.needed}:*"
    return (Authority(needed=act.needed, source="role", on=on, scope=scope, role=RoleId(ADMINISTRATOR)),)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A world in a database. `head` is what `log_head` says."""

    database: postgres.Database
    shape: Shape
    head: reader.Head
    settled: int


def folded(shape: Shape) -> tuple[World, Directory]:
    """A world without a database: its directory, folded from the same records."""
    world, directory = World(shape), Directory()
    for record in world.records():
        directory.apply(record)
    return world, directory


async def store(database: postgres.Database, shape: Shape) -> Stored:
    """Make a world in an empty database, as its tables' owner. About a minute for a million records."""
    connection = await connect.connect(database.owner_dsn, SCHEMA, "migrate")
    try:
        await migrate.migrate(connection, SCHEMA, database.service_role)
        before = await reader.head(connection)
        world = World(shape, before.account, before.epoch)
        tree = _Tree()
        columns = ["position", "event_id", "kind", "recorded_at", "actor", "leaf", "entry"]
        async with connection.transaction():
            await connection.copy_records_to_table("log", records=_rows(world, tree), columns=columns)
            await connection.copy_records_to_table(
                "person_key", records=world.wrapped, columns=["key", "wrapped"]
            )
            await connection.copy_records_to_table(
                "vault", records=world.vault, columns=["ref", "ciphertext"]
            )
            await connection.copy_records_to_table(
                "tile", records=tree.tiles, columns=["level", "index", "hashes"]
            )
            await connection.execute(
                "update log_head set position = $1, recorded_at = $2, frontier = $3, key_check = $4",
                tree.frontier.size, world.at, tree.frontier.encode(), world.keys.key_check,
            )  # fmt: skip
        after = await reader.head(connection)
        await checkpoint.publish(connection, after, world.keys.signer(ORIGIN))
        for table in ("log", "person_key", "vault", "tile"):
            await connection.execute(f"vacuum analyze {table}")
    finally:
        await connection.close()
    return Stored(database=database, shape=shape, head=after, settled=world.settled)


class _Tree:
    """Grows by leaves: the frontier, and every tile that is complete."""

    def __init__(self) -> None:
        self.frontier = merkle.Frontier()
        self.tiles: list[tuple[int, int, bytes]] = []
        self._open: list[list[bytes]] = []
        self._next: list[int] = []

    def grow(self, leaf: bytes) -> None:
        """Take in a leaf."""
        self.frontier.append(leaf)
        self._put(0, leaf)

    def _put(self, level: int, node: bytes) -> None:
        if level == len(self._open):
            self._open.append([])
            self._next.append(0)
        self._open[level].append(node)
        if len(self._open[level]) == merkle.TILE_WIDTH:
            tile = b"".join(self._open[level])
            self.tiles.append((level, self._next[level], tile))
            self._next[level] += 1
            self._open[level] = []
            self._put(level + 1, merkle.tile_root(tile))


async def _rows(world: World, tree: _Tree) -> AsyncIterator[tuple[object, ...]]:
    for record in world.records():
        entry = recorded.encode(record)
        leaf = merkle.leaf_hash(entry)
        tree.grow(leaf)
        kind = recorded.kind_of(record.data)
        yield (
            record.position, record.id, kind, record.recorded_at, record.actor.principal, leaf, entry.decode(),
        )  # fmt: skip


def settings_of(database: postgres.Database, data_dir: Path) -> Settings:
    """What a service is told so that it opens the world in this database."""
    return settings.from_environment(environment_of(database, data_dir)).settings


def environment_of(database: postgres.Database, data_dir: Path) -> dict[str, str]:
    """The same for a process of its own."""
    return {
        "DATABASE_URL": database.service_dsn,
        "MUNIMENT_MIGRATE_URL": database.owner_dsn,
        "MUNIMENT_SCHEMA": SCHEMA,
        "MUNIMENT_KEY": MASTER.hex(),
        "MUNIMENT_ADMIN_TOKEN": ADMIN_TOKEN,
        "MUNIMENT_DATA_DIR": str(data_dir),
        # A world is younger than any snapshot of it would be; a service that ran for a while takes none at its start.
        "MUNIMENT_SNAPSHOT_EVERY": "0",
    }
