"""Nobody is locked out: every way there is refused (seed 000), and the glass can be broken."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from projections import access, things
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, CI_CD
from service.commands import Command
from service.commands.account import BreakGlass
from service.commands.organization import ChangeOrganizationAdministrator
from service.commands.preferences import ChangePreferences, Wanted
from service.commands.roles import DeleteRole, EditRole
from service.commands.tokens import RegenerateToken
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.events.users import UserCreated
from service.vocabulary import PrincipalId, RoleId, TokenId
from tests import given
from tests.given import Account

Way = Callable[[Account, PrincipalId], Command]


@pytest.fixture
def account() -> Account:
    return Account()


def read_write(account: Account, principal: str) -> TokenId:
    tokens = (account.now.token(token) for token in account.principal(principal).tokens)
    return next(token.id for token in tokens if not token.read_only)


def edit_the_role(account: Account, last: PrincipalId) -> Command:
    return EditRole(role=RoleId(ADMINISTRATOR), scopes=("role:manage:*", "contract_data:manage:*"))


def empty_the_role(account: Account, last: PrincipalId) -> Command:
    return EditRole(role=RoleId(ADMINISTRATOR), scopes=())


def disable(account: Account, last: PrincipalId) -> Command:
    return EditUser(principal=last, active=False)


def delete(account: Account, last: PrincipalId) -> Command:
    return DeleteUser(principal=last)


def take_the_role(account: Account, last: PrincipalId) -> Command:
    return ChangeRoles(principal=last, how="remove", roles=(ADMINISTRATOR,))


def replace_the_roles(account: Account, last: PrincipalId) -> Command:
    return ChangeRoles(principal=last, how="replace", roles=(given.VIEWER,))


def let_the_token_expire(account: Account, last: PrincipalId) -> Command:
    return RegenerateToken(
        token=read_write(account, last),
        new=account.fresh.token(),
        expires_at=account.clock.at + timedelta(days=30),
    )


@pytest.mark.parametrize(
    "way",
    [
        edit_the_role,
        empty_the_role,
        disable,
        delete,
        take_the_role,
        replace_the_roles,
        let_the_token_expire,
    ],
)
def test_the_last_way_back_cannot_be_taken(account: Account, way: Way) -> None:
    """What would leave nobody able to undo it is refused with the way out; beside a second such person it is done."""
    # May manage people, and so take everything from Kevin, but not roles: not enough to undo it.
    other = account.person("Other", roles=[people_only(account)])
    by = account.kevin if way in (edit_the_role, empty_the_role, let_the_token_expire) else other
    length = len(account.log)
    with pytest.raises(errors.Refused, match="break-glass") as caught:
        account.do(way(account, account.kevin), by)
    assert "would_lock_out" == caught.value.reason
    assert length == len(account.log)
    account.person("Second", roles=[account.role("Owner", "user:manage:*", "role:manage:*")])
    assert account.do(way(account, account.kevin), by)


def people_only(account: Account) -> RoleId:
    return account.role("People", "user:manage:*", "token:manage:own")


def test_a_custom_role_that_carries_the_last_way_back_cannot_be_deleted(account: Account) -> None:
    """The guard looks at what holds, not at the role's name."""

    owner = account.role("Owner", "user:manage:*", "role:manage:*", "token:manage:own")
    second = account.person("Second", roles=[owner])
    account.do(ChangeRoles(principal=account.kevin, how="remove", roles=(ADMINISTRATOR,)), second)
    with pytest.raises(errors.Refused) as caught:
        account.do(DeleteRole(role=owner), second)
    assert "would_lock_out" == caught.value.reason


@pytest.mark.parametrize("lacking", ["disabled", "Guest alone", "no token", "an expiring token"])
def test_who_cannot_act_is_no_way_back(account: Account, lacking: str) -> None:
    """A second Administrator on paper does not count: without access, token or life nobody could undo anything."""
    second = account.person("Second", roles=[ADMINISTRATOR])
    third = account.person("Third", roles=[people_only(account)])
    match lacking:
        case "disabled":
            account.do(EditUser(principal=second, active=False))
        case "Guest alone":
            dumb = given.role(account.fresh, "Without API", "user:manage:*", "role:manage:*")
            from msgspec.structs import replace

            account.do(replace(dumb, api_access=False))
            account.do(ChangeRoles(principal=second, how="replace", roles=(dumb.role, given.GUEST)))
        case "no token":
            account.do(DeleteUser(principal=second))
            invited = given.invite(account.fresh, "Tokenless")
            account.do(invited)
            account.do(ChangeRoles(principal=invited.new.id, how="add", roles=(ADMINISTRATOR,)))
        case "an expiring token":
            account.do(
                RegenerateToken(
                    token=read_write(account, second),
                    new=account.fresh.token(),
                    expires_at=account.clock.at + timedelta(days=1),
                ),
                second,
            )
        case _:
            raise AssertionError(lacking)
    with pytest.raises(errors.Refused) as caught:
        account.do(EditUser(principal=account.kevin, active=False), third)
    assert "would_lock_out" == caught.value.reason


def test_a_token_that_ends_by_the_preference_is_a_way_back_until_it_has_ended(account: Account) -> None:
    """Everybody's tokens end by it, so they count; one that lapsed counts no more (section 3.8)."""
    second = account.person("Second", roles=[ADMINISTRATOR])
    third = account.person("Third", roles=[people_only(account)])
    wanted = Wanted("tokenExpiry", {"value": 30, "period": "days"})
    account.do(ChangePreferences(wanted=(wanted,), key=account.fresh.key()))
    account.clock.advance(29 * 86_400)
    account.do(EditUser(principal=account.kevin, active=False), third)
    account.do(EditUser(principal=account.kevin, active=True), third)
    account.do(RegenerateToken(token=read_write(account, account.kevin), new=account.fresh.token()))
    account.clock.advance(2 * 86_400)
    assert account.principal(second).active
    with pytest.raises(errors.Refused) as caught:
        account.do(EditUser(principal=account.kevin, active=False), third)
    assert "would_lock_out" == caught.value.reason


def test_breaking_the_glass_gives_a_person_the_way_back_in(account: Account) -> None:
    """Section 3.12: at the console; enabled, Administrator again with what that needs, new tokens; all on record."""
    second = account.person("Second", roles=[ADMINISTRATOR])
    account.do(EditUser(principal=account.kevin, active=False), second)
    account.do(EditRole(role=RoleId(ADMINISTRATOR), name="Boss"), second)
    pair = account.fresh.tokens()
    outcome = account.handle(
        BreakGlass(principal=account.kevin, tokens=pair), given.CONSOLE, reason="locked out"
    )
    kevin = account.principal(account.kevin)
    assert kevin.active
    assert ADMINISTRATOR in kevin.roles
    for action in ("role:manage", "user:manage"):
        assert access.may(account.now, account.kevin, action, things.anything(action.partition(":")[0]))
    token = account.now.token_with_digest(pair.read_write.digest)
    assert token is not None
    assert (account.kevin, None) == (token.principal, token.expires_at)
    assert "break_glass.used" == outcome.records[0].data.__struct_config__.tag
    assert all(record.actor.console is not None for record in outcome.records)


def test_breaking_the_glass_mends_the_role_itself(account: Account) -> None:
    """A log that was locked out before the guard existed is mended too: the role gets back what it needs."""
    owner = account.role("Owner", "user:manage:*", "role:manage:*", "token:manage:own")
    second = account.person("Second", roles=[owner])
    account.do(EditRole(role=RoleId(ADMINISTRATOR), scopes=()), second)
    account.do(BreakGlass(principal=account.kevin, tokens=account.fresh.tokens()), given.CONSOLE)
    assert access.may(account.now, account.kevin, "role:manage", things.anything("role"))


def test_breaking_the_glass_makes_a_person_if_there_is_none(account: Account) -> None:
    """Whoever holds the console can always get in, with an account of their own."""
    new = account.fresh.principal()
    pair = account.fresh.tokens()
    made = account.do(
        BreakGlass(principal=new.id, tokens=pair, new=new, name="Rescuer", email="rescuer@example.org"),
        given.CONSOLE,
    )
    assert any(isinstance(event, UserCreated) for event in made)
    assert access.may(account.now, new.id, "user:manage", things.anything("user"))
    assert account.now.token_with_digest(pair.read_write.digest) is not None


def test_organization_administrator_is_no_way_back(account: Account) -> None:
    """Section 3.13: not counted, not even with another role's access to the API; nor is revoking it a lock-out."""
    sally = account.person("Sally", roles=[CI_CD])
    account.do(ChangeOrganizationAdministrator(principal=sally, granted=True), given.CONSOLE)
    for action in ("role:manage", "user:manage"):
        assert account.may(sally, action, things.anything(action.partition(":")[0]))
    with pytest.raises(errors.Refused) as caught:
        account.do(EditUser(principal=account.kevin, active=False), sally)
    assert "would_lock_out" == caught.value.reason
    assert account.do(ChangeOrganizationAdministrator(principal=sally, granted=False), given.CONSOLE)


def test_somebody_who_could_anyway_is_a_way_back_with_the_role_too(account: Account) -> None:
    """What the other roles give counts, whatever Organization Administrator gives beside them."""
    sally = account.person("Sally", roles=[ADMINISTRATOR])
    account.do(ChangeOrganizationAdministrator(principal=sally, granted=True), given.CONSOLE)
    assert account.do(EditUser(principal=account.kevin, active=False), sally)


def test_half_of_a_way_back_is_not_made_whole_by_organization_administrator(account: Account) -> None:
    """Section 3.13: a role that manages roles alone stays half, though both together could do everything."""
    sally = account.person("Sally", roles=[account.role("Roles", "role:manage:*")])
    account.do(ChangeOrganizationAdministrator(principal=sally, granted=True), given.CONSOLE)
    with pytest.raises(errors.Refused) as caught:
        account.do(EditUser(principal=account.kevin, active=False), sally)
    assert "would_lock_out" == caught.value.reason
