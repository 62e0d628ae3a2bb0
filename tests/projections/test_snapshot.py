"""Starting from a snapshot yields what a replay yields; one that is not ours or not this log's is not used."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from projections import access, digest, rebuild, snapshot, snapshot_body, things
from projections.directory import Directory
from service import app as composition
from service import errors, snapshots
from service.app import App
from service.catalogue.conditions import Facts
from service.catalogue.own import OwnAction, OwnCatalogue
from service.commands.aliases import SetAliases
from service.commands.order import Caller
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.commands.people import ForgetPerson
from service.commands.resources import EditResource, NewResource, RegisterResource
from service.commands.users import ChangeRoles
from service.log import connect, merkle, reader, verify
from service.log.connect import Connection
from service.log.keys import Keys
from service.orders import Order
from service.queries.access import with_held
from service.vocabulary import AliasId, ResourceId
from tests import given, own_types, postgres
from tests.handling import doors
from tests.handling.conftest import database as database  # noqa: PLC0414  # a fixture, used by name
from tests.handling.conftest import opened_account as opened_account  # noqa: PLC0414  # as above
from tests.handling.conftest import place as place  # noqa: PLC0414  # as above
from tests.log import forging
from tests.service import KEY, settings

RECORDS = msgspec.structs.replace(own_types.RECORDS, actions=own_types.RECORDS.actions[:3])
SHELVES = OwnCatalogue(
    name="archive",
    number=1,
    actions=(OwnAction(name="shelf:tidy", types=("team",), extents=("*", "own"), called=("tidy",)),),
    conditions=(own_types.SOFT,),
)
REPLAYED = "log is replayed from record 1."


async def take(app: App) -> snapshot.Header:
    """A snapshot of what the app holds now."""
    connection = await app.connected("test")
    try:
        return await snapshots.taken(connection, app.replica, app.upkeep.proven, app.release)
    finally:
        await connection.close()


async def taken(database: postgres.Database, place: Path, name: str = "Sally") -> snapshot.Header:
    """A snapshot of the log with one more person in it."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.invite(app.fresh, name))
        return await take(app)


@asynccontextmanager
async def superuser(database: postgres.Database) -> AsyncIterator[Connection]:
    """A connection that no trigger stops."""
    connection = await connect.connect(database.owner_dsn, "muniment", "test")
    try:
        await connection.execute("set session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def replayed(app: App) -> Directory:
    """The log folded from record 1."""
    directory = Directory()
    connection = await app.connected("test")
    try:
        await rebuild.replay(connection, directory, app.replica.position, lambda _done, _all: None)
    finally:
        await connection.close()
    return directory


async def require_replay(database: postgres.Database, place: Path, why: str) -> None:
    """A start does not believe the snapshot, says why, and holds what the log says."""
    async with doors.opened(database, place) as app:
        assert 0 == app.resumed_from
        assert [(True, True)] == [(why in notice, REPLAYED in notice) for notice in app.notices], app.notices
        assert () == digest.differing(digest.parts(app.replica.directory), digest.parts(await replayed(app)))


async def test_a_start_from_a_snapshot_is_a_replay(database: postgres.Database, place: Path) -> None:
    """State, people and answers are the same, for what lies below the snapshot and for what came after it."""
    header = await taken(database, place)
    async with doors.opened(database, place) as app:
        await doors.do(app, given.invite(app.fresh, "Billy"))
        end = app.replica.position
    async with doors.opened(database, place) as app:
        assert (header.position, end, []) == (app.resumed_from, app.replica.position, app.notices)
        assert () == digest.differing(digest.parts(app.replica.directory), digest.parts(await replayed(app)))
        now = app.replica.now()
        for name in ("sally", "billy"):
            found = now.principal_with_email(f"{name}@example.org")
            assert found is not None
            assert [found] == now.principals_named(name)
        await doors.do(app, given.role(app.fresh, "after"))
        assert end + 1 == app.replica.position


async def test_own_catalogues_things_and_aliases_are_as_they_were(
    database: postgres.Database, place: Path
) -> None:
    """From a snapshot they decide what they decided, now and at every position below it."""
    soft = {"action": {"properties": {"soft": True}}, "resource": {}}
    async with doors.opened(database, place) as app:
        await doors.do(app, AdoptOwnCatalogue(catalogue=RECORDS))
        role = given.role(app.fresh, "Scribe", "record:delete:own?soft", "record:write:*?unarchived")
        invited = given.invite(app.fresh, "Sally")
        thing = NewResource(
            resource=ResourceId(app.fresh.id()),
            type="record",
            name="hers",
            owner=invited.new.id,
            properties={"status": "active", "tags": ["a", "b"], "size": 7, "closed": False},
        )
        ids = (AliasId(app.fresh.id()),)
        for command in (
            role,
            invited,
            ChangeRoles(principal=invited.new.id, how="replace", roles=(role.role,)),
            RegisterResource(thing=thing),
            SetAliases(principal=invited.new.id, aliases=("CiRm",), ids=ids),
            EditResource(resource=thing.resource, changes={"status": "archived"}),
            AdoptOwnCatalogue(catalogue=own_types.RECORDS_2),
            WithdrawOwnCatalogue(name="records"),
            AdoptOwnCatalogue(catalogue=SHELVES),
        ):
            await doors.do(app, command)
        header = await take(app)
        before = [_decided(app, position, soft) for position in range(1, app.replica.position + 1)]
    assert {True, False} == {one for decided in before for one in decided}
    async with doors.opened(database, place) as app:
        assert header.position == app.resumed_from
        assert () == digest.differing(digest.parts(app.replica.directory), digest.parts(await replayed(app)))
        assert before == [_decided(app, position, soft) for position in range(1, app.replica.position + 1)]
        await doors.do(app, given.role(app.fresh, "after", "shelf:tidy:own?soft"))


def _decided(app: App, position: int, facts: Facts) -> tuple[bool, ...]:
    """What Sally, by her alias, may do to every registered thing as of a position."""
    view = app.replica.view(position)
    sally = view.principal_with_alias("CiRm")
    if sally is None or view.catalogue is None:
        return ()
    targets = [things.of_resource(one) for one in view.resources()]
    return tuple(
        access.may(view, sally.id, action, target, with_held(view, target, facts)[0])
        for target in targets
        for action in ("record:read", "record:write", "record:delete")
    )


async def test_a_log_without_a_snapshot_says_nothing(database: postgres.Database, place: Path) -> None:
    """A notice is for what somebody may want to look into."""
    async with doors.opened(database, place) as app:
        assert (0, []) == (app.resumed_from, app.notices)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("update snapshot_part set octets = octets || 'x'::bytea", "a part of it was changed"),
        ("update snapshot_part set octets = substr(octets, 1, 9)", "a part of it was changed"),
        ("delete from snapshot_part", "a part of it is missing"),
        ("update snapshot set mac = sha256('forged')", "was changed, or made under another MUNIMENT_KEY"),
        ("update snapshot set header = replace(header, '\"bytes\":', '\"bytes\":1')", "was changed"),
        ("update snapshot set header = '{}'", "was changed"),
        ("update snapshot set position = position - 1", "was made as another one"),
        ("update snapshot set fold = sha256('another release')", "made by other releases"),
    ],
)
async def test_a_snapshot_that_is_not_what_was_written_is_not_used(
    database: postgres.Database, place: Path, change: str, why: str
) -> None:
    """Whatever was done to it, by whoever has the database: the log is replayed, and it is said why."""
    await taken(database, place)
    async with superuser(database) as connection:
        await connection.execute(change)
    await require_replay(database, place, why)


async def test_a_snapshot_under_another_key_is_not_used(database: postgres.Database, place: Path) -> None:
    """Whoever has the database and not the key can write whatever they like, and nobody reads it."""
    await taken(database, place)
    forger = Keys.derived(b"x" * 32)
    async with superuser(database) as connection:
        text = await connection.fetchval("select header from snapshot")
        await connection.execute("update snapshot set mac = $1", forger.mac(snapshot.PURPOSE, text.encode()))
    await require_replay(database, place, "was changed, or made under another MUNIMENT_KEY")


async def test_a_header_of_another_release_under_our_fold_is_not_used(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving a genuine snapshot of another release to where this one looks does not make it this one's."""
    ours = snapshot.fold_version()
    monkeypatch.setattr(snapshot, "fold_version", lambda: b"\x01" * 32)
    await taken(database, place)
    monkeypatch.undo()
    async with superuser(database) as connection:
        await connection.execute("update snapshot set fold = $1", ours)
        await connection.execute("update snapshot_part set fold = $1", ours)
    await require_replay(database, place, "was made as another one")


async def test_an_older_snapshot_stands_in_for_a_forged_one(database: postgres.Database, place: Path) -> None:
    """Two are kept, so that one that cannot be used costs a few records and not all of them."""
    first = await taken(database, place)
    second = await taken(database, place, "Billy")
    async with superuser(database) as connection:
        await connection.execute("update snapshot set mac = 'x' where position = $1", second.position)
    async with doors.opened(database, place) as app:
        assert first.position == app.resumed_from
        assert ["An older one is used."] == [one[-len("An older one is used.") :] for one in app.notices]


async def test_a_snapshot_of_another_epoch_is_not_used(database: postgres.Database, place: Path) -> None:
    """After a restoration the log may have another past below the same positions."""
    await taken(database, place)
    async with doors.opened(database, place, forked=True) as app:
        assert 0 == app.resumed_from
        await composition.restored(app, "operator", force=True)
    await require_replay(database, place, "is of the epoch")


async def test_a_snapshot_beyond_the_log_is_not_used(database: postgres.Database, place: Path) -> None:
    """A log that was cut is shorter than its snapshot; where nobody saw more, it is served as it is."""
    header = await taken(database, place)
    async with superuser(database) as connection:
        await forging.cut(connection, header.position - 1)
    await require_replay(database, place / "elsewhere", "lies beyond the log's end")


async def test_a_log_that_was_replaced_below_is_not_resumed(database: postgres.Database, place: Path) -> None:
    """The texts behind the snapshot do not lead from its tree to the head's, and everything is hashed anew."""
    async with doors.opened(database, place, follow=True) as app:
        await doors.do(app, given.invite(app.fresh, "Sally"))
        await take(app)
        await doors.do(app, given.invite(app.fresh, "Billy"))
    async with superuser(database) as connection:
        await forging.rewrite(connection, 3, '"kind":"role.created"', '"kind": "role.created"')
        await connection.execute("delete from checkpoint")
    await require_replay(database, place / "elsewhere", "do not make the root")
    with pytest.raises(errors.Broken, match="another one than when it was seen"):
        async with doors.opened(database, place):
            pass


async def test_what_was_seen_long_before_the_snapshot_is_still_demanded(
    database: postgres.Database, place: Path
) -> None:
    """A machine that saw the log when it was short proves by the tiles that the snapshot's tree began with that."""
    async with doors.opened(database, place, follow=True):
        pass
    async with doors.opened(database, place / "elsewhere", follow=True) as app:
        for number in range(40):
            await doors.do(app, given.role(app.fresh, f"role {number}"))
        header = await take(app)
        await doors.do(app, given.role(app.fresh, "last"))
    async with doors.opened(database, place) as app:
        assert (header.position, []) == (app.resumed_from, app.notices)
    async with superuser(database) as connection:
        await connection.execute("update log set leaf = sha256('x') where position = 30")
    await require_replay(database, place, "do not prove what the log was at position")


async def test_old_texts_are_hashed_while_serving(database: postgres.Database, place: Path) -> None:
    """A superuser changes a text and its leaf below a snapshot: whoever started from it stops, and verify names it."""
    header = await taken(database, place)
    async with doors.opened(database, place, follow=True) as app:
        async with asyncio.timeout(20):
            while app.upkeep.unscrubbed:
                await asyncio.sleep(0.05)
        assert (header.position, "") == (app.resumed_from, app.replica.stopped)
    async with superuser(database) as connection:
        entry = await connection.fetchval("select entry from log where position = 9")
        forged = entry.replace('"kind":', '"kind": ')
        await connection.execute(
            "update log set entry = $1, leaf = $2 where position = 9",
            forged,
            merkle.leaf_hash(forged.encode()),
        )
        async with doors.opened(database, place, follow=True) as app:
            assert header.position == app.resumed_from
            async with asyncio.timeout(20):
                while not app.replica.stopped:
                    await asyncio.sleep(0.05)
            assert f"The records up to position {header.position} are not those" in app.replica.stopped
            with pytest.raises(errors.Unavailable, match="stopped"):
                await doors.do(app, given.role(app.fresh, "role B"))
            report = await verify.verify(connection, app.keys, lambda _done, _all: None, None, [])
    assert ["root"] == [finding.what for finding in report.findings], report.findings


async def test_who_was_forgotten_stays_forgotten(database: postgres.Database, place: Path) -> None:
    """No text of a person is in a snapshot, and a key that was destroyed and is back from a copy opens nothing."""
    async with doors.opened(database, place) as app:
        command = given.invite(app.fresh, "Sally")
        await doors.do(app, command)
        before = app.replica.position
        written = b"".join(snapshot_body.encode(app.replica.directory)).lower()
        for text in (b"sally", base64.b64encode(b"Sally"), command.new.raw_key.octets()):
            assert text.lower() not in written
        assert command.new.id.encode() in written
        row = await _key_row(app, command.new.key)
        order = Order(
            command=ForgetPerson(principal=command.new.id, key=app.fresh.key()),
            caller=Caller(console="operator"),
        )
        await app.handler.handle(order)
        await take(app)
    async with superuser(database) as connection:
        await connection.execute("insert into person_key values ($1, $2)", command.new.key, row)
    async with doors.opened(database, place) as app:
        assert app.resumed_from
        then = app.replica.view(before)
        assert then.text(then.principal(command.new.id).name) is None
        assert [] == then.principals_named("Sally")


async def _key_row(app: App, key: str) -> bytes:
    connection = await app.connected("test")
    try:
        row: bytes = await connection.fetchval("select wrapped from person_key where key = $1", key)
    finally:
        await connection.close()
    return row


async def test_a_seal_that_does_not_open_stops_the_replica(database: postgres.Database, place: Path) -> None:
    """It is found a moment later than by a replay, and not only when somebody asks for that person."""
    await taken(database, place)
    async with superuser(database) as connection:
        await connection.execute(
            "update person_key set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))"
        )
    async with doors.opened(database, place, follow=True) as app:
        async with asyncio.timeout(20):
            while not app.replica.stopped:
                await asyncio.sleep(0.02)
        assert "does not open" in app.replica.stopped


async def test_one_snapshot_is_taken_at_a_time(database: postgres.Database, place: Path) -> None:
    """Of two who begin at once one goes without, and says so."""
    async with doors.opened(database, place) as app:
        other = await app.connected("test")
        try:
            assert await snapshot.lock(other)
            with pytest.raises(errors.Refused, match="Another process is taking"):
                await take(app)
        finally:
            await other.close()
        await take(app)


async def test_few_are_kept(database: postgres.Database, place: Path) -> None:
    """Of this release the newest two, of others the newest one of two each; what is forged takes nobody's place."""
    async with doors.opened(database, place) as app:
        made = []
        for number in range(4):
            await doors.do(app, given.role(app.fresh, f"role {number}"))
            made.append((await take(app)).position)
            async with superuser(database) as connection:
                if number == 1:
                    await connection.execute(
                        "insert into snapshot (fold, position, header, mac, at)"
                        " select sha256(n::text::bytea), n, header, mac, now() + n * interval '1 s'"
                        " from snapshot, generate_series(1, 5) n where position = $1",
                        made[-1],
                    )
                    await connection.execute(
                        "insert into snapshot select fold, position + 7000, header, mac, now() + interval '1 year'"
                        " from snapshot where position = $1",
                        made[-1],
                    )
        async with superuser(database) as connection:
            rows = await connection.fetch("select fold, position from snapshot order by position")
            parts = await connection.fetch("select distinct position from snapshot_part order by position")
    ours = [row["position"] for row in rows if row["fold"] == snapshot.fold_version()]
    assert made[-2:] == ours
    assert [4, 5] == [row["position"] for row in rows if row["fold"] != snapshot.fold_version()]
    assert made[-2:] == [row["position"] for row in parts]


async def test_what_was_half_written_is_nothing(database: postgres.Database, place: Path) -> None:
    """A header comes with all parts: whoever was killed before leaves at most parts, which the next one removes."""
    async with superuser(database) as connection:
        await connection.execute(
            "insert into snapshot_part values ($1, 7, 0, 'half')", snapshot.fold_version()
        )
    async with doors.opened(database, place) as app:
        assert (0, []) == (app.resumed_from, app.notices)
        await take(app)
    async with superuser(database) as connection:
        assert 0 == await connection.fetchval("select count(*) from snapshot_part where position = 7")


async def test_a_killed_child_leaves_nothing(database: postgres.Database, place: Path) -> None:
    """Killed at any moment of its transaction, it holds no lock and has written nothing that anybody sees."""
    await taken(database, place)
    async with superuser(database) as connection:
        await connection.execute("delete from snapshot")
        async with connection.transaction():
            await connection.execute("lock table snapshot_part in share mode")
            child = await _child(database, place)
            async with asyncio.timeout(60):
                while not await _waits(connection):
                    await asyncio.sleep(0.05)
            os.kill(child.pid, signal.SIGKILL)
            await child.wait()
    async with doors.opened(database, place) as app:
        assert (0, []) == (app.resumed_from, app.notices)
        async with asyncio.timeout(20):
            while True:  # Postgres ends the killed child's session a moment later
                try:
                    await take(app)
                    break
                except errors.Refused:
                    await asyncio.sleep(0.05)


async def _child(database: postgres.Database, place: Path) -> asyncio.subprocess.Process:
    environment = snapshots.environment(settings(database, place), os.environ)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "service.cli", "snapshot", env=environment
    )


async def _waits(connection: Connection) -> bool:
    waiting: bool = await connection.fetchval(
        "select exists (select from pg_locks where relation = 'snapshot_part'::regclass and not granted)"
    )
    return waiting


async def test_a_service_has_one_taken(database: postgres.Database, place: Path) -> None:
    """Once the newest lies far enough behind, a child takes one, from what it finds in the settings alone."""
    chosen = settings(database, place, MUNIMENT_SNAPSHOT_EVERY="20")
    async with composition.opened(chosen, follow=True) as app:
        connection = await app.connected("test")
        try:
            async with asyncio.timeout(60):
                while (choice := await snapshot.choose(connection, app.keys, _head(app))).header is None:
                    await asyncio.sleep(0.1)
        finally:
            await connection.close()
        position = choice.header.position
    async with composition.opened(chosen) as app:
        assert position == app.resumed_from


def _head(app: App) -> reader.Head:
    assert app.replica.head is not None
    return app.replica.head


async def test_a_service_ends_its_child(database: postgres.Database, place: Path) -> None:
    """Stopping a service does not wait for a snapshot, and leaves no process behind."""
    chosen = settings(database, place, MUNIMENT_SNAPSHOT_EVERY="20")
    async with superuser(database) as connection, connection.transaction():
        await connection.execute("lock table snapshot_part in share mode")
        async with composition.opened(chosen, follow=True) as app:
            async with asyncio.timeout(60):
                while not await _waits(connection):
                    await asyncio.sleep(0.05)
            child = app.snapshots.child
            assert child is not None
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_a_child_finds_the_same_settings(place: Path) -> None:
    """Wherever a setting came from, the child is told its value, and nothing beside it that could say otherwise."""
    database = postgres.Database(name="", owner_dsn="", service_dsn="postgresql://db/x", service_role="")
    chosen = settings(database, place)
    environ = {
        "DATABASE_URL_FILE": "/run/secrets/url",
        "PORT": "80",
        "LANG": "C",
        "MUNIMENT_KEY_FILE": "/key",
    }
    assert {
        "LANG": "C",
        "DATABASE_URL": "postgresql://db/x",
        "MUNIMENT_SCHEMA": "muniment",
        "MUNIMENT_DATA_DIR": str(place),
        "MUNIMENT_KEY": KEY,
    } == snapshots.environment(chosen, environ)


def test_the_fold_is_its_code() -> None:
    """What decides how a record is folded is part of the version; the version is the same in every process."""
    assert 32 == len(snapshot.fold_version())
    assert snapshot.fold_version() == snapshot.fold_version.__wrapped__()
    names = {name for name, _ in snapshot.sources()}
    assert {
        "projections/directory.py",
        "projections/snapshot_values.py",
        "service.events/users.py",
        "service.catalogue/compiled.py",
        "service.catalogue/pactflow.toml",
        "service.vocabulary",
        "service.log.recorded",
    } <= names
