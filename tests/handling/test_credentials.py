"""Whose order it is is settled where the order is recorded: a token that stopped working on the way gives none.

Whoever was let in waits in the queue, or was let in by a replica that had not heard of the change yet.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from projections.view import View
from service import errors
from service.catalogue.compiled import ADMINISTRATOR
from service.commands import Command
from service.commands.order import Caller
from service.commands.preferences import ChangePreferences, Wanted
from service.commands.tokens import RegenerateToken
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.events.roles import RoleCreated
from service.orders import Outcome
from service.vocabulary import PrincipalId, TokenId
from tests import given, postgres
from tests.given import Account
from tests.handling import doors


@pytest.fixture
def account() -> Account:
    return Account()


def let_in(view: View, principal: PrincipalId) -> Caller:
    """Who the edge finds when the principal's read/write token is presented."""
    token = next(one for held in view.principal(principal).tokens if not (one := view.token(held)).read_only)
    return Caller(principal=principal, token=token.id, digest=token.digest)


def _token_of(caller: Caller) -> TokenId:
    assert caller.token is not None
    return caller.token


ENDED: dict[str, Callable[[Account, Caller, PrincipalId], Command]] = {
    "replaced": lambda account, caller, _: RegenerateToken(
        token=_token_of(caller), new=account.fresh.token()
    ),
    "disabled": lambda _account, _caller, principal: EditUser(principal=principal, active=False),
    "deleted": lambda _account, _caller, principal: DeleteUser(principal=principal),
}


@pytest.mark.parametrize("how", ENDED)
def test_a_token_that_ended_before_its_order_was_recorded_records_nothing(account: Account, how: str) -> None:
    """The order behind the one that replaces its token, or ends its principal, in the very same batch is refused."""
    robot = account.robot("robot", roles=[ADMINISTRATOR])
    caller = let_in(account.now, robot)
    before = account.handle(given.role(account.fresh, "before"), caller)
    ended = account.order(ENDED[how](account, caller, robot))
    late = account.order(given.role(account.fresh, "late"), caller)
    first, second = account.batch([ended, late])
    assert isinstance(first, Outcome)
    assert isinstance(second, errors.Unauthenticated)
    assert before.records
    assert first.position == account.now.position
    assert account.now.role_named("late") is None


def test_a_token_that_expired_in_the_queue_records_nothing(account: Account) -> None:
    """Expiry is compared with the instant at which the order is recorded, not with that of its arrival."""
    robot = account.robot("robot", roles=[ADMINISTRATOR])
    expires = account.clock() + timedelta(seconds=10)
    token = _token_of(let_in(account.now, robot))
    account.do(RegenerateToken(token=token, new=account.fresh.token(), expires_at=expires))
    caller = let_in(account.now, robot)
    assert account.do(given.role(account.fresh, "in time"), caller)
    account.clock.advance(10)
    with pytest.raises(errors.Unauthenticated):
        account.do(given.role(account.fresh, "late"), caller)


def test_a_token_that_lapsed_by_the_preference_in_the_queue_records_nothing(account: Account) -> None:
    """Where an order is recorded, the preference counts as a token's own date does (section 3.8)."""
    robot = account.robot("robot", roles=[ADMINISTRATOR])
    wanted = Wanted("tokenExpiry", {"value": 1, "period": "hours"})
    account.do(ChangePreferences(wanted=(wanted,), key=account.fresh.key()))
    caller = let_in(account.now, robot)
    assert account.do(given.role(account.fresh, "in time"), caller)
    account.clock.advance(3_601)
    with pytest.raises(errors.Unauthenticated):
        account.do(given.role(account.fresh, "late"), caller)


def test_access_to_the_api_that_was_lost_in_the_queue_is_lost(account: Account) -> None:
    """Who became a mere Guest meanwhile is denied, and the attempt is recorded, as if they had come later."""
    person = account.person("Sally")
    caller = let_in(account.now, person)
    account.do(ChangeRoles(principal=person, how="replace", roles=(given.GUEST,)))
    with pytest.raises(errors.Forbidden) as caught:
        account.do(given.application(account.fresh, "late"), caller)
    assert "a role with API access" == caught.value.missing


async def test_a_replica_that_lags_does_not_record_what_a_replaced_token_orders(
    database: postgres.Database, place: Path
) -> None:
    """Let in by what a replica still holds, the order is judged by what the log says where it is recorded."""
    async with doors.opened(database, place / "a") as one, doors.opened(database, place / "b") as two:
        robot = given.system_account(one.fresh, "robot")
        await doors.do(one, robot)
        await doors.do(one, ChangeRoles(principal=robot.new.id, how="add", roles=(ADMINISTRATOR,)))
        await doors.do(two, given.role(two.fresh, "two is here"))
        caller = let_in(two.replica.now(), robot.new.id)
        await doors.do(one, RegenerateToken(token=_token_of(caller), new=one.fresh.token()))
        assert caller == let_in(two.replica.now(), robot.new.id)
        with pytest.raises(errors.Unauthenticated):
            await two.handler.handle(doors.order(two, given.role(two.fresh, "late"), caller=caller))
    made = [one.data.name for one in await doors.log_of(database) if isinstance(one.data, RoleCreated)]
    assert ["two is here"] == [name for name in made if name in ("two is here", "late")]
