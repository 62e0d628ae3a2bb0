"""Tokens: section 3.8 of the vendor's rules."""

from datetime import timedelta

import pytest

from service import errors
from service.commands.teams import ChangeMembers
from service.commands.tokens import RegenerateToken
from service.commands.users import ChangeRoles
from service.events.attempts import AttemptDenied
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
    """Where the account, here CI/CD, may do more than the team's manager: they would speak for it (section 3.10)."""
    robot = account.robot("Robot")
    sally = account.person("Sally")
    command = RegenerateToken(token=tokens(account, robot)[False], new=account.fresh.token())
    with pytest.raises(errors.Forbidden):
        account.do(command, sally)
    with pytest.raises(errors.Forbidden):
        account.do(command, robot)
    assert account.do(command)


def test_a_team_s_manager_renews_the_tokens_of_who_may_no_more(account: Account) -> None:
    """Seed 003 within section 3.10's bound: in a shared living team, and only what gives nothing away."""
    team = account.team("A")
    manages = account.role("Manages", "system_account:manage:team", "secret:manage:team")
    sally = account.person("Sally", roles=[manages], teams=[team])
    robot = account.robot("Robot", roles=[account.role("Rotator", "secret:manage:team")], teams=[team])
    pair = tokens(account, robot)

    def renewed(*, read_only: bool) -> bool:
        try:
            return bool(account.do(RegenerateToken(token=pair[read_only], new=account.fresh.token()), sally))
        except errors.Forbidden:
            return False

    assert renewed(read_only=False)
    deploying = account.role("Records", "deployment_and_release:record:*")
    account.do(ChangeRoles(principal=robot, how="add", roles=(deploying,)))
    assert [True, False] == [renewed(read_only=True), renewed(read_only=False)]
    account.do(ChangeRoles(principal=robot, how="remove", roles=(deploying,)))
    assert renewed(read_only=False)
    account.do(ChangeMembers(team=team, how="remove", members=(robot,)))
    assert not renewed(read_only=True)


def test_a_refused_token_names_what_the_account_may(account: Account) -> None:
    """The denial says what the account may and the caller may not, and stands in the record."""
    robot, sally = account.robot("Robot"), account.person("Sally")
    command = RegenerateToken(token=tokens(account, robot)[False], new=account.fresh.token())
    with pytest.raises(errors.Forbidden) as caught:
        account.do(command, sally)
    assert "deployment_and_release:record everywhere, which the account may" == caught.value.missing
    denied = account.log[-1].data
    assert isinstance(denied, AttemptDenied)
    assert caught.value.missing == denied.missing


def test_an_unknown_token_is_not_found(account: Account) -> None:
    """An id that is no token's names nothing."""
    with pytest.raises(errors.NotFound):
        account.do(RegenerateToken(token=TokenId(account.fresh.id()), new=account.fresh.token()))
