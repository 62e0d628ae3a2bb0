"""A bulk deletion: drafted beside the event loop, committed as one, and never seen in part."""

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from projections import access, digest, things
from service import errors
from service.app import App
from service.commands import bulk, vanishing
from service.commands.applications import DeleteApplication
from service.commands.integrations import DeleteIntegration, DeleteIntegrationContracts
from service.commands.order import Caller
from service.events.contracts import ContractsRemoved, IntegrationContractsDeleted, IntegrationDeleted
from service.log import batches
from service.vocabulary import ApplicationId
from tests import given, postgres
from tests.given import Account
from tests.handling import doors

CONTRACTS = 1_500


async def published(app: App, count: int = CONTRACTS) -> DeleteIntegration:
    """So many contracts between Foo and Bar, and the order that deletes them all."""
    await asyncio.gather(
        *(doors.do(app, given.publish(app.fresh, "Foo", "Bar", version=f"1.{n}")) for n in range(count))
    )
    view = app.replica.now()
    foo, bar = view.application_named("Foo"), view.application_named("Bar")
    assert foo is not None
    assert bar is not None
    return DeleteIntegration(consumer=foo.id, provider=bar.id)


class Garbage:
    """Something that refers to itself, so that only the collector frees it."""

    itself: "Garbage"


def named(account: Account, name: str) -> ApplicationId:
    """The application that publishing made."""
    found = account.now.application_named(name)
    assert found is not None
    return found.id


async def test_readers_see_all_of_a_bulk_deletion_or_nothing_of_it(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the deletion is drafted in a thread and sent in pieces, every answer is of a committed position."""
    monkeypatch.setattr(batches, "STATEMENT_BYTES_MAX", 64 * 1024)  # so that it takes several statements
    monkeypatch.setattr(batches, "_PIECE_BYTES", 64 * 1024)
    async with doors.opened(database, place, follow=True) as app:
        deletion = await published(app)
        assert bulk.is_bulk(deletion, app.replica.now)
        foo = app.replica.now().application(deletion.consumer)
        seen: set[tuple[int, int, bool]] = set()
        others: list[int] = []
        done = asyncio.Event()

        async def read() -> None:
            while not done.is_set():
                view = app.replica.now()
                contracts = len(view.contracts_of(deletion.consumer, deletion.provider))
                may = access.may(view, doors.kevin(app), "contract_data:manage", things.of_application(foo))
                seen.add((view.position, contracts, may))
                await asyncio.sleep(0)

        async def write() -> None:
            others.extend(
                [(await doors.do(app, given.role(app.fresh, f"role {n}"))).position for n in range(20)]
            )

        before = app.replica.position
        reading, writing = asyncio.create_task(read()), asyncio.create_task(write())
        outcome = await doors.do(app, deletion)
        await writing
        done.set()
        await reading
        first, last = outcome.records[0].position, outcome.position
        assert {CONTRACTS} == {count for position, count, _ in seen if position < first}
        assert {0} >= {count for position, count, _ in seen if position >= last}
        assert not [position for position, _, _ in seen if first <= position < last]
        assert {True} == {may for _, _, may in seen}
        assert app.replica.position == before + len(outcome.records) + len(others)
    log = await doors.log_of(database)
    mine = [record for record in log if record.id in {one.id for one in outcome.records}]
    assert list(range(first, last + 1)) == [record.position for record in mine]
    removed = [
        one for record in mine if isinstance(record.data, ContractsRemoved) for one in record.data.contracts
    ]
    assert CONTRACTS == len(removed)


async def test_another_replica_folds_a_bulk_deletion_into_the_same_state(
    database: postgres.Database, place: Path
) -> None:
    """What was drafted in a thread is what everybody else reads from the log."""
    async with doors.opened(database, place / "a") as one:
        await doors.do(one, await published(one, 600))
        async with doors.opened(database, place / "b") as two:
            assert digest.digest(one.replica.directory) == digest.digest(two.replica.directory)


async def test_a_bulk_deletion_that_lost_the_race_leaves_nothing_and_wins_the_next(
    database: postgres.Database, place: Path
) -> None:
    """Another replica wrote first: the large draft is undone, decided again on the newer head, and counted once."""
    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        deletion = await published(one, 600)
        late = given.publish(two.fresh, "Foo", "Bar", version="late")
        await doors.do(two, late)
        outcome = await doors.do(one, deletion)
        parent = outcome.records[0].data
        assert isinstance(parent, IntegrationDeleted)
        assert 601 == parent.contracts
        assert [] == one.replica.now().contracts_of(deletion.consumer, deletion.provider)


async def test_only_what_may_be_large_goes_apart(database: postgres.Database, place: Path) -> None:
    """What may remove any number of facts that only Postgres knows of gets a batch and a thread of its own."""
    async with doors.opened(database, place) as app:
        deletion = await published(app, 3)
        assert bulk.is_bulk(deletion, app.replica.now)
        assert not bulk.is_bulk(given.role(app.fresh, "role"), app.replica.now)
        assert not bulk.is_bulk(given.publish(app.fresh, "Foo", "Bar"), app.replica.now)


async def test_a_refused_bulk_order_leaves_the_collector_as_it_was(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is denied it again and again has nothing kept for good that the collector would have freed."""
    monkeypatch.setattr(bulk, "REMOVED_MIN", 1)
    async with doors.opened(database, place) as app:
        deletion = await published(app, 1)
        robot = given.system_account(app.fresh, "robot")
        await doors.do(app, robot)
        order = doors.order(app, deletion, caller=Caller(principal=robot.new.id))
        assert bulk.is_bulk(deletion, app.replica.now)
        with pytest.raises(errors.Forbidden):
            await app.handler.handle(order)  # recorded, and so what it left stays
        denied = asyncio.create_task(app.handler.handle(order))
        while gc.isenabled():
            await asyncio.sleep(0)
        garbage = Garbage()
        garbage.itself, found = garbage, weakref.ref(garbage)
        del garbage
        with pytest.raises(errors.Forbidden):
            await denied
        assert gc.isenabled()
        gc.collect()
        assert found() is None
        assert (await doors.do(app, deletion)).records
        assert gc.isenabled()


def test_more_than_one_order_can_remove_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence at once, rather than an append that Postgres would refuse late; every kind of thing counts."""
    monkeypatch.setattr(vanishing, "FACTS_MAX", 2)
    account = Account()
    for n in range(3):
        account.do(given.publish(account.fresh, "Foo", "Bar", version=f"1.{n}"))
    foo, bar = (named(account, name) for name in ("Foo", "Bar"))
    for command in (
        DeleteIntegration(consumer=foo, provider=bar),
        DeleteIntegrationContracts(consumer=foo, provider=bar),
        DeleteApplication(application=bar),
    ):
        with pytest.raises(errors.Refused, match="more than 2 things") as caught:
            account.do(command)
        assert "too_much_at_once" == caught.value.reason
    account.do(given.publish(account.fresh, "Foo", "Bar", version="1.0", body="again"))


def test_a_bulk_deletion_undone_leaves_what_was() -> None:
    """Integrations are counted down once a record; taken back, everything stands as before."""
    account = Account()
    for n in range(40):
        account.do(given.publish(account.fresh, f"Foo {n % 3}", "Bar", version=f"1.{n}"))
    before = digest.digest(account.replica.directory)
    draft = account.drafter.draft(account.shelf)
    facts, mark = set(account.shelf.everything()), account.shelf.mark()
    draft.take(account.order(DeleteApplication(application=named(account, "Bar"))))
    assert facts != set(account.shelf.everything())
    assert before != digest.digest(account.replica.directory)
    draft.undo()
    account.shelf.undo(mark)
    assert before == digest.digest(account.replica.directory)
    assert facts == set(account.shelf.everything())
    pair = (named(account, "Foo 1"), named(account, "Bar"))
    kept = account.do(DeleteIntegrationContracts(consumer=pair[0], provider=pair[1]))
    assert isinstance(kept[0], IntegrationContractsDeleted)
    assert [] == account.now.contracts_of(*pair)
    assert account.now.integration_or_none(*pair) is None
