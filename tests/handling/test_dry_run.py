"""A dry run in its batch: it sees what came before it, nobody sees it, and nothing of it stays."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from projections import digest
from service import errors
from service.commands import bulk
from service.commands.order import Caller
from service.commands.roles import EditRole
from service.commands.users import ChangeRoles
from service.orders import Outcome, Rehearsal
from tests import given, postgres
from tests.given import Account
from tests.handling import doors


@pytest.fixture
def account() -> Account:
    return Account()


def rehearsal(answer: Outcome | errors.MunimentError) -> Rehearsal:
    assert isinstance(answer, Outcome)
    assert () == answer.records
    assert answer.rehearsal is not None
    return answer.rehearsal


def test_nothing_stays_of_a_dry_run(account: Account) -> None:
    """No record, no state, no key of a person who never was, and no name by which somebody could be found."""
    replica = account.replica
    before = len(account.log), replica.position, digest.digest(replica.directory)
    for command in (given.invite(account.fresh, "Cas"), given.system_account(account.fresh, "Bender")):
        answer = account.batch([account.order(command, dry_run=True)])[0]
        assert rehearsal(answer).kinds[0][0].endswith(".created")
        assert replica.person_keys.get(command.new.key) is None
    assert before == (len(account.log), replica.position, digest.digest(replica.directory))
    for index in vars(replica.people).values():
        assert not isinstance(index, dict) or not {"cas", "bender", "cas@example.org"} & set(index)


def test_a_dry_run_sees_the_orders_before_it_and_none_sees_the_dry_run(account: Account) -> None:
    """Its place in the batch is as good as any other order's, and what it tried is not there for the next one."""
    role = account.role("Reader", "contract_data:read:*")
    somebody = account.person("Sally", [])
    give = ChangeRoles(principal=somebody, how="add", roles=(role,))
    widen = EditRole(role=role, scopes=("contract_data:manage:*",))
    first, tried, done = account.batch(
        [account.order(give), account.order(widen, dry_run=True), account.order(widen)]
    )
    assert isinstance(first, Outcome)
    assert isinstance(done, Outcome)
    assert [(somebody,)] == [group.principals for group in rehearsal(tried).weighed.effect.groups]
    assert isinstance(tried, Outcome)
    assert (first.position, first.position + 1) == (tried.position, done.position)
    assert 1 == len(done.records)


def test_a_dry_run_leaves_the_idempotency_key_to_the_order(account: Account) -> None:
    """The order that was tried is done under the key, once, even in the same batch."""
    role = account.role("Reader", "contract_data:read:*")
    command = EditRole(role=role, scopes=())
    keyed = account.order(command, idempotency_key="k", fingerprint=b"f")
    tried, done, again = account.batch([account.order(command, dry_run=True), keyed, keyed])
    assert rehearsal(tried).kinds == (("role.permissions_changed", 1),)
    assert isinstance(done, Outcome)
    assert isinstance(again, Outcome)
    assert (1, False, True) == (len(done.records), done.replayed, again.replayed)


def test_a_dry_run_by_a_read_only_token_is_denied_and_recorded(account: Account) -> None:
    """Trying is no way to learn what one may not do: the attempt is in the record, as any."""
    role = account.role("Reader", "contract_data:read:*")
    length = len(account.log)
    answer = account.batch(
        [
            account.order(
                EditRole(role=role, scopes=()), Caller(principal=account.kevin, read_only=True), dry_run=True
            )
        ]
    )[0]
    assert isinstance(answer, errors.Forbidden)
    assert ["AttemptDenied"] == [type(record.data).__name__ for record in account.log[length:]]


async def test_a_large_dry_run_holds_up_no_other_replica(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes its time and writes nothing does not lock the head, not even where the head is contended."""
    monkeypatch.setattr(bulk, "REACHED_MIN", 0)
    async with doors.opened(database, place / "one") as one, doors.opened(database, place / "two") as two:
        role = given.role(one.fresh, "Reader", "contract_data:read:*")
        await doors.do(one, role)
        await doors.do(two, EditRole(role=role.role, name="Readers"))
        await doors.do(
            one, EditRole(role=role.role, name="Those who read")
        )  # the other was first: fairly from here
        widen = EditRole(role=role.role, scopes=("contract_data:manage:*",))
        locking = await asyncpg.connect(database.owner_dsn)
        try:
            async with locking.transaction(), asyncio.timeout(10):
                await locking.execute("select 1 from muniment.log_head for update")
                tried = await doors.do(one, widen, dry_run=True)
        finally:
            await locking.close()
        assert (("role.permissions_changed", 1),) == rehearsal(tried).kinds
        assert one.replica.position == tried.position
        assert 1 == len((await doors.do(one, widen)).records)
