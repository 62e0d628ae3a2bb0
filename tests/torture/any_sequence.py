"""Any sequence of orders, retries, crashes, restarts, snapshots and lost replies, on real Postgres.

The orders and the naive model are those of tests/projections/test_any_history.py. Here they go through the real door,
over a wire that loses replies, to a service that dies in the middle of them and comes back, from a snapshot or not.
"""

import asyncio
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final

import asyncpg
import hypothesis.core
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from projections import span_folds, span_reading, span_rows
from projections.spans import Shelf
from service import app as composition
from service import errors, snapshots
from service.app import App
from service.commands.aliases import SetAliases
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.commands.resources import EditResource, NewResource, RegisterResource, RemoveResource
from service.fresh import Fresh
from service.log import recorded
from service.log.recorded import Recorded
from service.orders import Order, Outcome
from service.vocabulary import AliasId, PrincipalId, ResourceId, TeamId
from tests import given, own_types, postgres
from tests.handling import doors
from tests.projections.test_any_history import AnyHistory, few, names, some
from tests.service import settings as settings_of
from tests.torture import proxy
from tests.torture.ground import Ground
from tests.torture.proxy import Cut

ROUNDS: Final = 100
STEPS: Final = 40
ANSWER_SECONDS_MAX: Final = 60.0
CUTS: Final[tuple[Cut, ...]] = (
    "before Postgres sees it",
    "after Postgres did it",
    "and Postgres does it late",
)


SOUND: Final = msgspec.structs.replace(
    own_types.RECORDS,
    actions=(
        *own_types.RECORDS.actions[:3],
        msgspec.structs.replace(own_types.RECORDS.actions[3], types=("note",)),
    ),
)
"""Own permissions that an order can adopt: no word of them means two actions."""


class _Clock:
    """The service's own; the histories' steps between two orders pass by themselves."""

    def advance(self, seconds: float) -> None:
        """Nothing: it runs."""


class Account(given.Account):
    """The account of a real service on a database of its own, which may die at any moment."""

    def __init__(self, server: postgres.Server, template: str) -> None:
        self._server = server
        self._database = server.create(template)
        self._data_dir = postgres.open_directory()
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._log: list[Recorded] = []
        self._orders = 0
        self._last: tuple[Order, Outcome | errors.MunimentError] | None = None
        self.clock = _Clock()  # type: ignore[assignment]  # all that is asked of it here
        self.fresh = Fresh(given.KEYS, random.Random(0).randbytes)  # noqa: S311  # repeatable on purpose
        self.crash_after_seconds: float | None = None
        dsn, self.wire = self._run(self._stack.enter_async_context(proxy.between(self._database.service_dsn)))
        self._through = msgspec.structs.replace(self._database, service_dsn=dsn)
        self._open()
        self.kevin = doors.kevin(self.app)

    # -- what the histories use --------------------------------------------------------------------------

    @property
    def replica(self) -> Any:  # type: ignore[override]  # another one after each start
        return self.app.replica

    @property
    def shelf(self) -> Shelf:  # type: ignore[override]  # what the stored log makes of it
        """Every fact of those that live in Postgres, by the log."""
        folded = Shelf(complete=True)
        for record in self.log:
            span_folds.apply(folded, record)
        return folded

    @property
    def log(self) -> list[Recorded]:  # type: ignore[override]  # what is stored, not what is remembered
        rows = self._run(self._stored(len(self._log)))
        self._log += [recorded.decode(row) for row in rows]
        return self._log

    def batch(self, orders: Sequence[Order]) -> list[Outcome | errors.MunimentError]:
        """Each order's answer, retried under its key as a client does, through whatever befalls the service."""
        return [self._answered(order) for order in orders]

    # -- what befalls it ---------------------------------------------------------------------------------

    def again(self) -> None:
        """The last order once more under its key: if it left records, the same ones, and no others."""
        if self._last is None:
            return
        order, first = self._last
        length = len(self.log)
        second = self._run(self._given(order))
        if isinstance(first, Outcome) and first.records and order.caller.principal is not None:
            assert isinstance(second, Outcome), second
            assert (first.records, first.position) == (second.records, second.position)
            assert length == len(self.log)

    def crash(self) -> None:
        """The service is gone, without a farewell to anybody."""
        self._run(self._dropped())
        self._open()

    def restart(self) -> None:
        """In order: told to stop, and started again."""
        self._run(self._stopped())
        self._open()

    def snapshot(self) -> None:
        """Keep what is folded, for the next start."""
        self._run(self._snapshot())

    def spans_differ(self) -> bool:
        """Whether Postgres holds other facts than the log gives."""
        return bool(self._run(self._compared()))

    def close(self) -> None:
        """Leave nothing behind."""
        self._run(self._stopped())
        self._run(self._stack.aclose())
        self._loop.close()
        self._server.drop(self._database.name)
        shutil.rmtree(self._data_dir, ignore_errors=True)

    # -- how ---------------------------------------------------------------------------------------------

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def _answered(self, order: Order) -> Outcome | errors.MunimentError:
        self._orders += 1
        key = f"order {self._orders}".replace(" ", "-")
        order = msgspec.structs.replace(order, idempotency_key=key, fingerprint=key.encode())
        if self.crash_after_seconds is not None:
            self._run(self._begun(order, self.crash_after_seconds))
            self.crash_after_seconds = None
            self.crash()
        answer: Outcome | errors.MunimentError = self._run(self._given(order))
        if isinstance(answer, Outcome):
            stored = self.log
            assert all(stored[record.position - 1] == record for record in answer.records)
        self._last = order, answer
        return answer

    async def _given(self, order: Order) -> Outcome | errors.MunimentError:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            while True:
                try:
                    return await self.app.handler.handle(order)
                except errors.Unavailable:
                    await asyncio.sleep(0.01)
                except errors.MunimentError as failure:
                    return failure

    async def _begun(self, order: Order, seconds: float) -> None:
        """On its way, and nobody waits for the answer."""
        self._given_up = asyncio.create_task(self.app.handler.handle(order))
        self._given_up.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.sleep(seconds)

    def _open(self) -> None:
        self._run(self._opened())

    async def _opened(self) -> None:
        # Nothing is sent: what came of it would be orders that no history gave.
        held = settings_of(self._through, self._data_dir, MUNIMENT_WEBHOOKS="hold")
        self._opening = composition.opened(held, follow=True)
        self.app: App = await self._opening.__aenter__()

    async def _stopped(self) -> None:
        await self._opening.__aexit__(None, None, None)

    async def _dropped(self) -> None:
        """With nothing to say goodbye over, what the process would still do on its way out reaches nobody."""
        self.wire.cut = None
        self.wire.refusing = True
        self.wire.drop()
        await self._stopped()
        self.wire.refusing = False

    async def _snapshot(self) -> None:
        connection = await self.app.connected("snapshot")
        try:
            await snapshots.taken(connection, self.app.replica, self.app.upkeep.proven, self.app.release)
        finally:
            await connection.close()

    async def _compared(self) -> bool:
        connection = await self.app.connected("spans")
        try:
            await span_reading.reach(connection, self.replica.position)
            return await span_rows.differ(connection)
        finally:
            await connection.close()

    async def _stored(self, after: int) -> list[str]:
        connection = await asyncpg.connect(self._database.owner_dsn)
        try:
            rows = await connection.fetch(
                "select entry from muniment.log where position > $1 order by position", after
            )
        finally:
            await connection.close()
        return [row["entry"] for row in rows]


class AnySequence(AnyHistory):
    """The same orders, and everything that can happen between and during them."""

    server: postgres.Server
    template: str

    def __init__(self) -> None:
        super().__init__()
        self.real = Account(self.server, self.template)
        self.account = self.real
        self.principals = [self.real.kevin]

    # What the histories above put into their log as facts, a real account is ordered to do.

    def own_catalogue(self) -> None:
        self.account.do(AdoptOwnCatalogue(catalogue=SOUND))

    def own_things(self, owner: PrincipalId, team: TeamId) -> None:
        self.account.do(self._registration("record", "Foo", owner, (team,), "active"))
        self.account.do(self._registration("note", "Bar", owner))

    @rule(number=st.integers(min_value=2, max_value=4))
    def adopt_catalogue(self, number: int) -> None:
        self.ask(AdoptOwnCatalogue(catalogue=msgspec.structs.replace(SOUND, number=number)))

    @rule()
    def withdraw_catalogue(self) -> None:
        self.ask(WithdrawOwnCatalogue(name=SOUND.name))

    @rule(type_=st.sampled_from(("record", "note", "gone")), name=names, owner=few, team=few)
    def register(self, type_: str, name: str, owner: int, team: int) -> None:
        whose, theirs = self.pick(self.principals, owner), self.pick(self.teams, team)
        self.ask(self._registration(type_, name, PrincipalId(whose), (TeamId(theirs),), "active"))

    @rule(index=few, owner=few, teams=some)
    def change_registered(self, index: int, owner: int, teams: list[int]) -> None:
        if (resource := self.pick_resource(index)) is not None:
            whose = PrincipalId(self.pick(self.principals, owner))
            theirs = tuple(TeamId(one) for one in dict.fromkeys(self.picked(self.teams, teams)))
            self.ask(
                EditResource(resource=resource, owner=whose, teams=theirs, changes={"status": "archived"})
            )

    @rule(index=few)
    def remove_registered(self, index: int) -> None:
        if (resource := self.pick_resource(index)) is not None:
            self.ask(RemoveResource(resource=resource))

    @rule(index=few, texts=st.lists(names, max_size=2, unique=True))
    def change_aliases(self, index: int, texts: list[str]) -> None:
        aliases = tuple(f"CiRm{text}" for text in texts)
        ids = tuple(AliasId(self.account.fresh.id()) for _ in aliases)
        principal = PrincipalId(self.pick(self.principals, index))
        self.ask(SetAliases(principal=principal, aliases=aliases, ids=ids))

    def _registration(
        self,
        type_: str,
        name: str,
        owner: PrincipalId,
        teams: tuple[TeamId, ...] = (),
        status: str | None = None,
    ) -> RegisterResource:
        thing = NewResource(
            resource=ResourceId(self.account.fresh.id()),
            type=type_,
            name=name,
            owner=owner,
            teams=teams,
            properties={} if status is None else {"status": status},
        )
        return RegisterResource(thing=thing)

    @rule()
    def again(self) -> None:
        """The last request is sent once more."""
        self.real.again()

    @rule()
    def crash(self) -> None:
        """The service dies between two orders."""
        self.real.crash()

    @rule(milliseconds=st.integers(min_value=0, max_value=6))
    def crash_during(self, milliseconds: int) -> None:
        """The service dies in the middle of the next order."""
        self.real.crash_after_seconds = milliseconds / 1000

    @rule()
    def restart(self) -> None:
        """The service is replaced in order."""
        self.real.restart()

    @rule(cut=st.sampled_from(CUTS))
    def lose_a_reply(self, cut: Cut) -> None:
        """What Postgres says to the next append does not arrive."""
        self.real.wire.cut = cut

    @rule()
    def snapshot(self) -> None:
        """The next start goes on from here."""
        self.real.snapshot()

    def teardown(self) -> None:
        """What is served is the stored log's fold is what the naive model says, at every position."""
        try:
            self.real.wire.cut = None
            self.real.restart()
            assert len(self.real.log) == self.real.replica.position
            assert not self.real.spans_differ()
            super().teardown()
        finally:
            self.real.close()


@contextmanager
def machine(server: postgres.Server) -> Iterator[type[AnySequence]]:
    """The state machine on this server; every history begins on a copy of one open account."""
    template = server.create()
    place = postgres.open_directory()

    async def open_it() -> None:
        async with composition.opened(settings_of(template, place), open_account=True):
            pass
        await asyncio.sleep(0.2)  # Postgres may notice the farewells a moment later than we do

    postgres.run(open_it())
    try:
        yield type("AnySequenceHere", (AnySequence,), {"server": server, "template": template.name})
    finally:
        shutil.rmtree(place, ignore_errors=True)
        server.drop(template.name)


def tried(server: postgres.Server, examples: int, steps: int, **more: Any) -> None:
    """So many histories of so many steps. Raises with the shortest one that breaks a truth."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    with machine(server) as here:
        run_state_machine_as_test(here, settings=chosen)


async def run(ground: Ground) -> None:
    """As many histories as there are rounds, drawn by the seed."""
    hypothesis.core.global_force_seed = ground.random.randrange(1 << 32)  # type: ignore[assignment]  # as --hypothesis-seed does
    with postgres.server() as server:
        await asyncio.to_thread(tried, server, ground.rounds, STEPS, print_blob=True)
    ground.counts["histories"] += ground.rounds
