"""Tokens: section 3.8 of the vendor's rules."""

from datetime import timedelta

import pytest

from service import errors
from service.commands.tokens import RegenerateToken
from service.events.tokens import TokenRegenerated
from service.vocabulary import PrincipalId, TokenId
from tests.given import Account


def tokens(account: Account, principal: PrincipalId) -> dict[bool, TokenId]:
    """The two tokens of a principal: {read only: id}."""
    return {
        (token := account.now.token(one)).read_only: token.id for one in account.principal(principal).tokens
    }


def test_regenerating_keeps_the_token_and_ends_its_value_at_once(account: Account) -> None:
    """The id stays; the old value's digest finds nobody, the new one's finds the owner; both stand in the record."""
    sally = account.person("Sally")
    token = account.now.token(tokens(account, sally)[False])
    new = account.fresh.token()
    made = account.do(RegenerateToken(token=token.id, new=new), sally)
    assert [
        TokenRegenerated(
            token=token.id, principal=sally, digest=new.digest, value=new.ref, value_before=token.value
        )
    ] == made
    assert account.now.token_with_digest(token.digest) is None
    found = account.now.token_with_digest(new.digest)
    assert token.id == (found and found.id)


def test_an_expiry_is_data_and_lies_in_the_future(account: Account) -> None:
    """The record holds when it will end; a moment that has passed is a mistake."""
    sally = account.person("Sally")
    token = tokens(account, sally)[True]
    soon = account.clock.at + timedelta(hours=1)
    account.do(RegenerateToken(token=token, new=account.fresh.token(), expires_at=soon), sally)
    assert soon == account.now.token(token).expires_at
    past = account.clock.at - timedelta(seconds=1)
    with pytest.raises(errors.Invalid):
        account.do(RegenerateToken(token=token, new=account.fresh.token(), expires_at=past), sally)
    account.do(RegenerateToken(token=token, new=account.fresh.token()), sally)
    assert account.now.token(token).expires_at is None


@pytest.mark.parametrize(
    ("scope", "read_only", "read_write"),
    [
        ("token:manage:own", True, True),
        ("read_token:manage:own", True, False),
        ("user:manage:*", False, False),
    ],
)
def test_whose_token_may_be_regenerated_by_its_owner(
    account: Account, scope: str, read_only: bool, read_write: bool
) -> None:
    """Scopes 20 and 21: `read_token:manage:own` reaches the read-only one alone."""
    sally = account.person("Sally", roles=[account.role("Own", scope)])
    for kind, allowed in ((True, read_only), (False, read_write)):
        command = RegenerateToken(token=tokens(account, sally)[kind], new=account.fresh.token())
        if allowed:
            assert account.do(command, sally)
        else:
            with pytest.raises(errors.Forbidden):
                account.do(command, sally)


def test_nobody_regenerates_another_person_s_token(account: Account) -> None:
    """Not even an Administrator: a person's token speaks for the person."""
    sally = account.person("Sally")
    with pytest.raises(errors.Forbidden) as caught:
        account.do(RegenerateToken(token=tokens(account, sally)[False], new=account.fresh.token()))
    assert caught.value.missing.startswith("token:manage")


def test_a_system_account_s_token_takes_managing_system_accounts_everywhere(account: Account) -> None:
    """A team's manager could otherwise speak for an account that may do more than they may."""
    robot = account.robot("Robot")
    sally = account.person("Sally")
    command = RegenerateToken(token=tokens(account, robot)[False], new=account.fresh.token())
    with pytest.raises(errors.Forbidden):
        account.do(command, sally)
    with pytest.raises(errors.Forbidden):
        account.do(command, robot)
    assert account.do(command)


def test_an_unknown_token_is_not_found(account: Account) -> None:
    """An id that is no token's names nothing."""
    with pytest.raises(errors.NotFound):
        account.do(RegenerateToken(token=TokenId(account.fresh.id()), new=account.fresh.token()))
