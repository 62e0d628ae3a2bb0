"""The door for writing on real Postgres: what was acknowledged is in the log, once, where the answer said."""

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from service import errors
from service.app import App
from service.catalogue.compiled import ADMINISTRATOR
from service.commands.order import Caller
from service.commands.roles import EditRole
from service.commands.users import ChangeRoles, EditUser, RedeemInvitation
from service.events.attempts import AttemptDenied
from service.events.roles import RoleCreated
from service.log.recorded import Recorded
from service.orders import Outcome
from service.vocabulary import RoleId
from tests import given, postgres
from tests.handling import doors

WRITERS = 64
PATIENCE_SECONDS = 60.0
CUTS = 30


def roles_made(log: list[Recorded]) -> dict[str, int]:
    """Position by the name of each custom role; a name that was made twice is a failure."""
    made = [(record.data.name, record.position) for record in log if isinstance(record.data, RoleCreated)]
    custom = [(name, position) for name, position in made if name.startswith("role ")]
    assert len(dict(custom)) == len(custom)
    return dict(custom)


async def write(app: App, name: str, acknowledged: dict[str, int], key: str = "") -> None:
    """One role, retried as a client does: the same order under the same key, until it is answered for good."""
    command = given.role(app.fresh, name)
    patience = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < patience:
        try:
            outcome = await doors.do(app, command, key)
        except errors.OutcomeUnknown:
            assert key, "without a key nobody may retry what is unknown"
        except errors.Unavailable:
            await asyncio.sleep(0.05)
        else:
            acknowledged[name] = outcome.position
            return
    raise AssertionError(f"{name} was never answered")


async def test_what_is_acknowledged_is_in_the_log_at_its_position(
    database: postgres.Database, place: Path
) -> None:
    """One record an order, written before the answer, at the position that the answer names."""
    acknowledged: dict[str, int] = {}
    async with doors.opened(database, place) as app:
        await asyncio.gather(*(write(app, f"role {n}", acknowledged) for n in range(WRITERS)))
        assert app.replica.position == max(acknowledged.values())
    assert roles_made(await doors.log_of(database)) == acknowledged


async def test_the_same_key_returns_the_first_answer(database: postgres.Database, place: Path) -> None:
    """A retry after success is answered from the record: no second role, no `name_taken`, also after a restart."""
    async with doors.opened(database, place) as app:
        first = await doors.do(app, given.role(app.fresh, "role A"), "key", b"the body")
        again = await doors.do(app, given.role(app.fresh, "role A"), "key", b"the body")
        with pytest.raises(errors.Refused) as caught:
            await doors.do(app, given.role(app.fresh, "role B"), "key", b"another body")
    assert (first.records, first.position, True) == (again.records, again.position, again.replayed)
    assert "idempotency_key_reused" == caught.value.reason
    async with doors.opened(database, place) as app:
        later = await doors.do(app, given.role(app.fresh, "role A"), "key", b"the body")
    assert first.records == later.records
    assert {"role A": first.position} == roles_made(await doors.log_of(database))


async def test_repeats_within_one_batch_are_one_order(database: postgres.Database, place: Path) -> None:
    """A client that sends the same request twice at once gets the same answer twice."""
    async with doors.opened(database, place) as app:
        answers = await asyncio.gather(
            *(doors.do(app, given.role(app.fresh, "role A"), "key") for _ in range(8)),
            doors.do(app, given.role(app.fresh, "role B"), "key", b"another body"),
            return_exceptions=True,
        )
    outcomes = [answer for answer in answers if isinstance(answer, Outcome)]
    assert 8 == len(outcomes)
    assert 1 == len({outcome.records for outcome in outcomes})
    assert [False] + [True] * 7 == sorted(outcome.replayed for outcome in outcomes)
    assert isinstance(answers[-1], errors.Refused)
    assert ["role A"] == list(roles_made(await doors.log_of(database)))


async def test_a_key_belongs_to_who_used_it(database: postgres.Database, place: Path) -> None:
    """Two people may choose the same key; neither learns anything of the other's request."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.role(app.fresh, "role A"), "key")
        robot = given.system_account(app.fresh, "robot")
        await doors.do(app, robot)
        with pytest.raises(errors.Forbidden):
            await app.handler.handle(
                doors.order(
                    app, given.role(app.fresh, "role A"), "key", caller=Caller(principal=robot.new.id)
                )
            )


async def test_a_refused_request_may_be_tried_again_under_its_key(
    database: postgres.Database, place: Path
) -> None:
    """What left nothing is remembered by nothing: the same request succeeds once it may."""
    async with doors.opened(database, place) as app:
        blocking = given.role(app.fresh, "role A")
        await doors.do(app, blocking)
        with pytest.raises(errors.Refused):
            await doors.do(app, given.role(app.fresh, "role A"), "key")
        await doors.do(app, EditRole(role=blocking.role, name="role B"))
        assert (await doors.do(app, given.role(app.fresh, "role A"), "key")).records


async def test_two_replicas_write_at_once(database: postgres.Database, place: Path) -> None:
    """Whoever is first, positions are gapless and each acknowledged order is there once, where its answer said."""
    acknowledged: dict[str, int] = {}
    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        await asyncio.gather(
            *(write((one, two)[n % 2], f"role {n}", acknowledged, f"key {n}") for n in range(2 * WRITERS))
        )
        # The same requests once more, each to the other replica: all are answered from the record.
        repeated: dict[str, int] = {}
        await asyncio.gather(
            *(write((two, one)[n % 2], f"role {n}", repeated, f"key {n}") for n in range(2 * WRITERS))
        )
    assert acknowledged == repeated
    assert roles_made(await doors.log_of(database)) == acknowledged


async def test_one_key_to_two_replicas_at_once_is_one_order(database: postgres.Database, place: Path) -> None:
    """A retry that reaches another replica while the first is still writing changes nothing a second time."""
    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        for n in range(10):
            answers = await asyncio.gather(
                doors.do(one, given.role(one.fresh, f"role {n}"), f"key {n}"),
                doors.do(two, given.role(two.fresh, f"role {n}"), f"key {n}"),
            )
            assert answers[0].records == answers[1].records
    assert 10 == len(roles_made(await doors.log_of(database)))


async def test_the_last_two_ways_back_are_not_taken_over_two_replicas_at_once(
    database: postgres.Database, place: Path
) -> None:
    """To each replica the other way back is still there; the guard looks at what is recorded (section 3.12)."""
    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        mary = given.invite(one.fresh, "Mary")
        code = RedeemInvitation(digest=mary.invitation.digest, tokens=one.fresh.tokens())
        both = (doors.kevin(one), mary.new.id)
        await doors.do(one, mary)
        await doors.do(one, code, caller=Caller(code=True))
        await doors.do(one, ChangeRoles(principal=mary.new.id, how="add", roles=(ADMINISTRATOR,)))
        for n in range(6):
            first, second = both if n % 2 else both[::-1]
            answers = await asyncio.gather(
                doors.do(one, EditUser(principal=first, active=False), caller=given.CONSOLE),
                doors.do(two, EditUser(principal=second, active=False), caller=given.CONSOLE),
                return_exceptions=True,
            )
            refused = [answer for answer in answers if isinstance(answer, errors.Refused)]
            assert ["would_lock_out"] == [answer.reason for answer in refused]
            for principal in both:
                await doors.do(one, EditUser(principal=principal, active=True), caller=given.CONSOLE)


async def test_a_refusal_never_rests_on_what_another_replica_changed_since(
    database: postgres.Database, place: Path
) -> None:
    """A replica that follows nobody still decides on the log's head: it finds what the other one just made."""
    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        made = given.role(one.fresh, "role A")
        await doors.do(one, made)
        with pytest.raises(errors.Refused) as caught:
            await doors.do(two, given.role(two.fresh, "role A"))
        assert "name_taken" == caught.value.reason
        await doors.do(two, EditRole(role=made.role, name="role B"))
        await doors.do(one, given.role(one.fresh, "role A"))
        with pytest.raises(errors.NotFound):
            await doors.do(one, EditRole(role=RoleId(one.fresh.id()), name="role C"))


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
async def test_a_connection_lost_at_commit_loses_and_repeats_nothing(
    database: postgres.Database, place: Path, replicas: int
) -> None:
    """Backends are ended under 64 writers: every acknowledged order is in the log once, at its position."""
    acknowledged: dict[str, int] = {}
    enough = asyncio.Event()

    async def lifelong(app: App, writer: int) -> None:
        for n in itertools.count():
            await write(app, f"role {writer}-{n}", acknowledged, f"key {writer}-{n}")
            if enough.is_set():
                return

    async def cutting() -> None:
        cut = 0
        while cut < CUTS:
            await asyncio.sleep(0.02)
            cut += await doors.cut_appending(database)
        enough.set()

    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        apps = (one, two)[:replicas]
        await asyncio.gather(cutting(), *(lifelong(apps[n % replicas], n) for n in range(WRITERS)))
    assert len(acknowledged) >= WRITERS
    assert roles_made(await doors.log_of(database)) == acknowledged


async def test_an_order_given_up_before_its_batch_began_is_certainly_not_done(
    database: postgres.Database, place: Path
) -> None:
    """Whoever hangs up while Postgres is away was told «not done», and so it stays when Postgres is back."""
    async with doors.opened(database, place) as app:
        async with app.replica.mutex:  # the writer waits for it before it drafts anything
            waiting = asyncio.create_task(doors.do(app, given.role(app.fresh, "role given up")))
            other = asyncio.create_task(doors.do(app, given.role(app.fresh, "role kept")))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await other
    assert ["role kept"] == list(roles_made(await doors.log_of(database)))


async def test_repeats_of_a_denial_are_counted_before_the_service_stops(
    database: postgres.Database, place: Path
) -> None:
    """A stop does not wait for the minute to pass, and does not forget the count."""
    async with doors.opened(database, place) as app:
        robot = given.system_account(app.fresh, "robot")
        await doors.do(app, robot)
        for _ in range(5):
            with pytest.raises(errors.Forbidden):
                await app.handler.handle(
                    doors.order(app, given.role(app.fresh, "x"), caller=Caller(principal=robot.new.id))
                )
    denials = [
        record.data for record in await doors.log_of(database) if isinstance(record.data, AttemptDenied)
    ]
    assert [1, 4] == [denial.count for denial in denials]


async def test_a_service_stops_also_while_postgres_is_away(
    database: postgres.Database, place: Path, postgres_server: postgres.Server
) -> None:
    """What could not be counted any more must not keep the process from ending."""
    async with doors.opened(database, place) as app, asyncio.timeout(20):
        robot = given.system_account(app.fresh, "robot")
        await doors.do(app, robot)
        for _ in range(2):
            with pytest.raises(errors.Forbidden):
                await app.handler.handle(
                    doors.order(app, given.role(app.fresh, "x"), caller=Caller(principal=robot.new.id))
                )
        postgres_server.drop(database.name)
        await asyncio.sleep(0.1)  # the farewell of its backends arrives
        with pytest.raises(errors.Unavailable):
            await doors.do(app, given.role(app.fresh, "role A"))


async def test_a_machine_whose_clock_is_wrong_writes_nothing(
    database: postgres.Database, place: Path
) -> None:
    """A time that Postgres' own clock contradicts is refused in words; it would stand in the record for ever."""
    clock = given.Clock()
    async with doors.opened(database, place, clock=clock) as app:
        length = len(await doors.log_of(database))
        clock.at = app.replica.now().instant.replace(year=2099)
        with pytest.raises(errors.Unavailable, match="ahead of the database's"):
            await doors.do(app, given.role(app.fresh, "role A"))
    assert length == len(await doors.log_of(database))


async def test_recorded_at_rises_while_the_clock_goes_back(database: postgres.Database, place: Path) -> None:
    """A clock that was set back repeats no time and stops nobody: records follow the last by a microsecond."""
    async with doors.opened(database, place) as right:
        await doors.do(right, given.role(right.fresh, "role A"))
        clock = given.Clock(right.replica.now().instant)
        async with doors.opened(database, place / "b", clock=clock) as wrong:
            for n in range(3):
                clock.advance(-3600)
                await doors.do(wrong, given.role(wrong.fresh, f"role {n}"))
    times = [record.recorded_at for record in (await doors.log_of(database))[-3:]]
    assert [1, 1] == [(after - before).microseconds for before, after in itertools.pairwise(times)]
