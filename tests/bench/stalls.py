"""How long other callers' decisions wait while one order deletes a hundred thousand contracts, or an application with
as many, each of a version of its own, and their results.

A coroutine decides every millisecond on the loop that also carries the deletion, the follower and the trail, as
in the service; the raw thing beside it is the same coroutine while nothing is deleted.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import msgspec

from projections import access, span_rows, things
from projections.view import View
from service import app
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands import Command
from service.commands.applications import DeleteApplication
from service.commands.integrations import DeleteIntegrations
from service.commands.order import Caller
from service.events.contracts import ContractsRemoved
from service.events.deletions import ContractsRestored
from service.orders import Order
from service.queries import deletions
from tests.bench import worlds
from tests.bench.appends import Trail
from tests.bench.ground import Ground
from tests.bench.measure import Figure, spelt
from tests.bench.population import Mix, Shape

_CONTRACTS = 100_000
_TICK_SECONDS = 0.001
_IDLE_SECONDS = 3.0
_SETTLING_SECONDS = 0.1
_ROUNDS_MAX = 3
PUBLISHING = Mix(join=0, leave=0, roles=0, edit=0, publish=1, denied=0)
LIVED_IN = Mix(join=0, leave=0, roles=0, edit=0, publish=10, denied=0, verify=10, tag=3)
"""As many results as contracts, and some tags."""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds between two decisions beyond the tick, the deletion's seconds, and how many contracts went."""

    longest: float
    p99: float
    seconds: float
    removed: int = 0


async def figures(ground: Ground) -> list[Figure]:
    """Each round deletes from its own copy of one world: everything there is, and one application with all it has."""
    contracts = ground.size(_CONTRACTS, 200)
    everything = Shape(users=50, teams=10, applications=300, changes=contracts, mix=PUBLISHING)
    one = Shape(
        users=50, teams=10, applications=300, changes=_times(contracts, LIVED_IN), mix=LIVED_IN, consumers=1
    )
    return [
        *await _swept(ground, everything, f"{contracts:,} contracts are deleted", _everything),
        *await _swept(
            ground,
            one,
            f"an application with {contracts:,} contracts goes, with versions, tags and results",
            _busiest,
        ),
    ]


async def _swept(ground: Ground, shape: Shape, what: str, command: Callable[[View], Command]) -> list[Figure]:
    """How long others wait while the command is done to the world of this shape."""
    stored = await ground.world(shape)
    idle, busy, again = [], [], []
    for number in range(min(ground.rounds, _ROUNDS_MAX)):
        database = ground.database(stored.database.name)
        settings = worlds.settings_of(database, ground.directory / f"stalls-{shape.consumers}-{number}")
        async with app.opened(settings, follow=True) as opened:
            await settled(opened)
            idle.append(await during(opened, asyncio.sleep(ground.seconds(_IDLE_SECONDS), 0)))
            held = _held(opened)
            busy.append(await during(opened, _deleted(opened, command(opened.replica.now()))))
            await settled(opened)
            await _spans_settled(opened)
            again.append(await during(opened, _restored(opened)))
        ground.drop(database)
        if busy[-1].removed != held:
            raise RuntimeError(f"{busy[-1].removed} of {held} contracts were removed")
        if again[-1].removed != held:
            raise RuntimeError(f"{again[-1].removed} of {held} contracts were brought back")
    return [
        _figure(f"longest wait while {what}", idle, busy, "longest", 50),
        _figure("99 % of the decisions meanwhile waited at most", idle, busy, "p99", None),
        Figure(
            what="the deletion from order to answer",
            rounds=tuple(one.seconds for one in busy),
            unit="s",
            raw="",
            ours=f"{spelt(statistics.median(one.seconds for one in busy))} s",
        ),
        _figure("longest wait while that is restored", idle, again, "longest", 50),
        Figure(
            what="the restoration, from the question what was deleted to the answer",
            rounds=tuple(one.seconds for one in again),
            unit="s",
            raw="",
            ours=f"{spelt(statistics.median(one.seconds for one in again))} s",
        ),
    ]


def _everything(_view: View) -> Command:
    return DeleteIntegrations()


def _busiest(view: View) -> Command:
    """The one consumer of that world."""
    return DeleteApplication(application=next(iter(view.integrations())).consumer)


def _held(opened: app.App) -> int:
    """How many contracts there are."""
    return sum(one.contracts for one in opened.replica.now().integrations())


def _times(contracts: int, mix: Mix) -> int:
    """How many changes of the mix publish about so many contracts."""
    weights = msgspec.structs.asdict(mix)
    return int(contracts * sum(weights.values()) // mix.publish)


def _figure(what: str, idle: list[Waits], busy: list[Waits], field: str, at_most: float | None) -> Figure:
    beside, found = ([float(getattr(one, field)) for one in side] for side in (idle, busy))
    return Figure(
        what=what,
        rounds=tuple(found),
        unit="ms",
        raw=f"{spelt(statistics.median(beside))} ms while nothing is deleted",
        ours=f"{spelt(statistics.median(found))} ms",
        at_most=at_most,
    )


async def settled(opened: app.App) -> None:
    """Wait until trail and spans have caught up: a service that has run for a while is measured."""
    connection = await opened.connected("bench")
    await span_rows.advance(connection, opened.replica.position)
    await Trail(connection).caught_up()
    await connection.close()


async def _spans_settled(opened: app.App) -> None:
    """Wait until the facts in Postgres have caught up as well: else they are brought up by the question itself."""
    connection = await opened.connected("bench")
    while await connection.fetchval(span_rows.statement("span_position")) < opened.replica.position:
        await asyncio.sleep(_SETTLING_SECONDS)
    await connection.close()


async def during(opened: app.App, work: Awaitable[int]) -> Waits:
    """Decide every millisecond until the work is done."""
    gaps: list[float] = []
    working = asyncio.ensure_future(work)
    began = last = time.perf_counter()
    while not working.done():
        await asyncio.sleep(_TICK_SECONDS)
        _decide(opened)
        now = time.perf_counter()
        gaps.append(now - last - _TICK_SECONDS)
        last = now
    gaps.sort()
    return Waits(
        longest=gaps[-1] * 1_000,
        p99=gaps[int(len(gaps) * 0.99)] * 1_000,
        seconds=last - began,
        removed=await working,
    )


def _decide(opened: app.App) -> None:
    """One decision, about a team: the applications vanish with their contracts."""
    view = opened.replica.now()
    principal = next(iter(opened.replica.directory.principals))
    if not access.may(view, principal, "team:manage", things.of_team(view.team(DEFAULT_TEAM))):
        raise RuntimeError("the first Administrator may manage every team, also while contracts are deleted")


async def _deleted(opened: app.App, command: Command) -> int:
    """Do it; how many contracts vanished, by the records."""
    administrator = opened.replica.now().principal_with_email(opened.settings.admin_email)
    assert administrator is not None, "every world has one"
    caller = Caller(principal=administrator.id, token=administrator.tokens[0])
    outcome = await opened.handler.handle(Order(command=command, caller=caller))
    return sum(
        len(record.data.contracts) for record in outcome.records if isinstance(record.data, ContractsRemoved)
    )


async def _restored(opened: app.App) -> int:
    """Undo the last deletion, found by its last record; how many contracts are here again."""
    administrator = opened.replica.now().principal_with_email(opened.settings.admin_email)
    assert administrator is not None, "every world has one"
    caller = Caller(principal=administrator.id, token=administrator.tokens[0])
    async with opened.reader.connection() as connection:
        deletion = await deletions.deletion_of(connection, str(opened.replica.position))
    order = Order(command=deletion.order(opened.fresh.id()), caller=caller, causation=deletion.event)
    outcome = await opened.handler.handle(order)
    return sum(
        len(record.data.contracts) for record in outcome.records if isinstance(record.data, ContractsRestored)
    )
