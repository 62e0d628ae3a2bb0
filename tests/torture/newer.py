"""A newer release appends a record of a kind that this one does not know."""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from service.log import batches, connect, reader, recorded, writer
from service.log.keys import Keys
from service.log.recorded import Actor, Recorded
from service.vocabulary import EventId
from tests import service as tests_service
from tests.torture.ground import Ground
from tests.torture.served import QUESTION, Service, Watch, database, ended
from tests.torture.writers import writing

ROUNDS: Final = 1
WRITERS: Final = 8
RELEASE: Final = "99.0.0"
STOPPED_SECONDS_MAX: Final = 10.0


class RoleFrozen(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.frozen"):
    """What a release of the future may record."""

    role: str


async def run(ground: Ground) -> None:
    """Both replicas stop before the record, say which release wrote it, and neither skips it nor goes on behind it."""
    async with database(ground) as (server, environ):
        left, right = Service(ground, "left", **environ), Service(ground, "right", **environ)
        async with ended(left, right):
            await left.start()
            await right.start()
            watch = Watch(ground, server.owner_dsn)
            async with writing(ground, [left.url, right.url], WRITERS) as writers:
                await writers.more(4 * WRITERS)
            position = await _append(server.owner_dsn)
            for one in (left, right):
                await _stopped(ground, one, position)
            for one in (left, right):
                await one.kill()
                await _refuses_to_start(ground, one)
            log = await watch.check(writers.acknowledged, writers.sent)
            ground.require(
                [position] == [entry.position for entry in log if entry.position >= position],
                "Something was appended behind a record that nobody here can read.",
            )


async def _append(dsn: str) -> int:
    """As the newer release does it: whole, in its place, with its leaf and the head's tree."""
    connection = await connect.connect(dsn, "muniment", "newer release")
    try:
        head = await reader.head(connection)
        at = await connection.fetchval("select clock_timestamp()")
        record = Recorded(
            v=recorded.VERSION,
            position=head.position + 1,
            id=EventId("019f0000-0000-7000-8000-000000000001"),
            recorded_at=max(at, head.recorded_at + timedelta(microseconds=1)),
            rule=9,
            catalogue=9,
            release=RELEASE,
            actor=Actor(system="test"),
            data=RoleFrozen(role="9fa50562-a42b-4771-aa8e-4bb3d623ae60"),  # type: ignore[arg-type]  # that is the point
        )
        batch = batches.Batch(entries=[(record, recorded.encode(record))])
        key_check = Keys.derived(bytes.fromhex(tests_service.KEY)).key_check
        after = await writer.append(connection, head, batch, key_check)
        assert after is not None, "nobody else writes"
        return after.position
    finally:
        await connection.close()


async def _stopped(ground: Ground, one: Service, position: int) -> None:
    await one.until(503, "/readyz", STOPPED_SECONDS_MAX)
    await asyncio.sleep(1.0)  # it does not think better of it
    for method, path, body in (
        ("GET", "/readyz", None),
        ("GET", "/pacticipants", None),
        ("POST", "/pacticipants", {"name": "behind it"}),
        ("POST", "/access/v1/evaluation", QUESTION),
    ):
        status, headers, text = await one.ask(method, path, body)
        ground.require(
            status == 503 and "Retry-After" in headers and RELEASE in text,
            f"{one.name}: {method} {path} was {status} {dict(headers)}: {text[:300]}",
        )
        ground.require(
            int(headers["Muniment-Position"]) == position - 1,
            f"{one.name} is at {headers['Muniment-Position']}, and {position} is what it cannot read.",
        )
    ground.require(
        (await one.ask("GET", "/healthz"))[0] == 200, f"{one.name} would be restarted for nothing."
    )


async def _refuses_to_start(ground: Ground, one: Service) -> None:
    await one.spawn()
    assert one.process is not None, "it was spawned"
    async with asyncio.timeout(60):
        code = await one.process.wait()
    ground.require(code != 0, f"{one.name} ended with 0 where it could not serve.")
    ground.require(RELEASE in one.last_words(), f"{one.name} does not say which release: {one.last_words()}")
