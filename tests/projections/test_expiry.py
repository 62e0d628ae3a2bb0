"""When a token ends (section 3.8): by its own date or by the preference, which is evaluated and never copied."""

from datetime import UTC, datetime, timedelta

import pytest

from projections import expiry
from projections.view import View
from service.commands.tokens import RegenerateToken
from service.events.preferences import Expiry
from service.vocabulary import PrincipalId, TokenId
from tests.commands.test_preferences import prefer
from tests.given import Account

DAY = timedelta(days=1)
THIRTY = {"value": 30, "period": "days"}


@pytest.fixture
def account() -> Account:
    return Account()


def read_write(account: Account, principal: PrincipalId) -> TokenId:
    tokens = (account.now.token(token) for token in account.principal(principal).tokens)
    return next(token.id for token in tokens if not token.read_only)


def ends(view: View, token: TokenId) -> datetime | None:
    return expiry.ends_at(view, view.token(token))


def wait(account: Account, days: int) -> None:
    account.clock.advance(days * 86_400)


@pytest.mark.parametrize(
    ("value", "period", "end"),
    [
        (36, "hours", datetime(2024, 2, 1, 21, tzinfo=UTC)),
        (30, "days", datetime(2024, 3, 1, 9, tzinfo=UTC)),
        (2, "weeks", datetime(2024, 2, 14, 9, tzinfo=UTC)),
        (1, "months", datetime(2024, 2, 29, 9, tzinfo=UTC)),
        (13, "months", datetime(2025, 2, 28, 9, tzinfo=UTC)),
        (11, "months", datetime(2024, 12, 31, 9, tzinfo=UTC)),
        (120, "months", datetime(2034, 1, 31, 9, tzinfo=UTC)),
    ],
)
def test_a_period_is_counted_by_the_calendar(value: int, period: str, end: datetime) -> None:
    """A month later is the same day of that month at the same time (UTC), or its last day where it has none such."""
    assert end == expiry.after(datetime(2024, 1, 31, 9, tzinfo=UTC), Expiry(value=value, period=period))


def test_expiry_is_off_by_default(account: Account) -> None:
    """Section 3.8: nothing ends a token until somebody wants it."""
    token = read_write(account, account.kevin)
    wait(account, 4_000)
    assert ends(account.now, token) is None
    assert not expiry.expired(account.now, account.now.token(token))


def test_switching_it_on_ends_no_token_at_once(account: Account) -> None:
    """Every token there is has a full period from then on, however old it is; a younger one from its own value on."""
    robot = account.robot("Robot")
    old, renewed = read_write(account, account.kevin), read_write(account, robot)
    wait(account, 1_000)
    prefer(account, tokenExpiry=THIRTY)
    since = account.now.preference_or_none("tokenExpiry")
    assert since is not None
    assert since.changed_at + 30 * DAY == ends(account.now, old)
    wait(account, 10)
    account.do(RegenerateToken(token=renewed, new=account.fresh.token()))
    assert account.now.token(renewed).updated_at + 30 * DAY == ends(account.now, renewed)
    wait(account, 20)
    assert expiry.expired(account.now, account.now.token(old))
    assert not expiry.expired(account.now, account.now.token(renewed))


def test_changing_it_begins_anew_and_switching_it_off_takes_it_away(account: Account) -> None:
    """The period counts from the preference's change too; without it nothing ends; the past stays as it was."""
    token = read_write(account, account.kevin)
    prefer(account, tokenExpiry=THIRTY)
    first, then = ends(account.now, token), account.now.position
    wait(account, 29)
    prefer(account, tokenExpiry={"value": 2, "period": "days"})
    assert account.clock.at + 2 * DAY == ends(account.now, token)
    prefer(account, tokenExpiry=None)
    assert ends(account.now, token) is None
    past = account.replica.view(then)
    assert first == ends(past, token)
    assert ends(account.replica.view(then - 1), token) is None


def test_what_has_ended_stays_ended(account: Account) -> None:
    """A longer period, none, or one anew brings no lapsed value back to life: it may lie in some old log."""
    lapsed, renewed = read_write(account, account.robot("Robot")), read_write(account, account.robot("Other"))
    prefer(account, tokenExpiry=THIRTY)
    wait(account, 20)
    account.do(RegenerateToken(token=renewed, new=account.fresh.token()))
    wait(account, 11)
    for wanted in ({"value": 300, "period": "days"}, None, THIRTY):
        prefer(account, tokenExpiry=wanted)
        assert expiry.expired(account.now, account.now.token(lapsed))
        assert not expiry.expired(account.now, account.now.token(renewed))
    account.do(RegenerateToken(token=lapsed, new=account.fresh.token()))
    assert not expiry.expired(account.now, account.now.token(lapsed))


def test_the_earlier_end_counts(account: Account) -> None:
    """A token's own date and the preference: whichever comes first, and the longer of the two takes nothing away."""
    token = read_write(account, account.kevin)
    robot = read_write(account, account.robot("Robot"))
    soon, late = account.clock.at + 3 * DAY, account.clock.at + 300 * DAY
    account.do(RegenerateToken(token=robot, new=account.fresh.token(), expires_at=soon))
    prefer(account, tokenExpiry=THIRTY)
    assert soon == ends(account.now, robot)
    account.do(RegenerateToken(token=robot, new=account.fresh.token(), expires_at=late))
    by_preference = ends(account.now, robot)
    assert by_preference is not None
    assert by_preference < late
    prefer(account, tokenExpiry=None)
    assert (late, None) == (ends(account.now, robot), ends(account.now, token))
