"""Organization Administrator: seed 001 and section 3.13 of the vendor's rules."""

import pytest

from service import errors
from service.catalogue.compiled import CI_CD, USER
from service.commands.order import Caller
from service.commands.organization import ChangeOrganizationAdministrator
from service.commands.users import ChangeRoles
from service.events.users import InvitationRevoked, PrincipalRolesChanged
from service.vocabulary import PrincipalId, RoleId
from tests import given
from tests.given import CONSOLE, ORGANIZATION_ADMINISTRATOR, Account

ROLE = RoleId(ORGANIZATION_ADMINISTRATOR)


def change(principal: PrincipalId, *, granted: bool) -> ChangeOrganizationAdministrator:
    return ChangeOrganizationAdministrator(principal=principal, granted=granted)


def test_it_is_given_and_taken_at_the_console(account: Account) -> None:
    """Section 3.13: the system gives it, also to somebody with no other role, and it leaves every other role alone."""
    sally = account.person("Sally", roles=[])
    made = account.do(change(sally, granted=True), CONSOLE)
    assert [PrincipalRolesChanged(principal=sally, added=(ROLE,))] == made
    assert [] == account.do(change(sally, granted=True), CONSOLE)
    account.do(ChangeRoles(principal=sally, how="add", roles=(CI_CD,)))
    made = account.do(change(sally, granted=False), CONSOLE)
    assert [PrincipalRolesChanged(principal=sally, removed=(ROLE,))] == made
    assert [] == account.do(change(sally, granted=False), CONSOLE)
    assert (CI_CD,) == account.principal(sally).roles


def test_nobody_within_the_account_gives_or_takes_it(account: Account) -> None:
    """Seed 001: it cannot be assigned from within; an Administrator and the service itself are refused alike."""
    sally = account.person("Sally")
    for by in (account.kevin, Caller(system="some start"), Caller(code=True)):
        for granted in (True, False):
            with pytest.raises((errors.Forbidden, errors.Unauthenticated)):
                account.do(change(sally, granted=granted), by)


def test_only_a_person_that_lives_has_it(account: Account) -> None:
    """Seed 001: it is a role for users; a system account gets none, and nobody unknown either."""
    with pytest.raises(errors.Refused) as caught:
        account.do(change(account.robot("Robot"), granted=True), CONSOLE)
    assert "not_a_person" == caught.value.reason
    with pytest.raises(errors.NotFound):
        account.do(change(PrincipalId(account.fresh.id()), granted=True), CONSOLE)


def test_replacing_roles_neither_adds_nor_drops_it(account: Account) -> None:
    """Section 3.13: PUT roles must neither add nor drop it; naming it where it is held is harmless, elsewhere 400."""
    sally, billy = account.person("Sally"), account.person("Billy")
    account.do(change(sally, granted=True), CONSOLE)
    for roles in ((), (USER,), (USER, ROLE)):
        account.do(ChangeRoles(principal=sally, how="replace", roles=roles))
        assert ROLE in account.principal(sally).roles
    assert [] == account.do(ChangeRoles(principal=sally, how="remove", roles=(ROLE,)))
    assert [] == account.do(ChangeRoles(principal=sally, how="add", roles=(ROLE,)))
    for how in ("replace", "add"):
        with pytest.raises(errors.Invalid) as caught:
            account.do(ChangeRoles(principal=billy, how=how, roles=(ROLE,)))
        assert "/roles/0" == caught.value.pointer


def test_an_open_code_of_somebody_who_may_only_invite_dies_with_the_grant(account: Account) -> None:
    """Whoever may only invite must not redeem the code of somebody who may more by then."""
    inviter = account.person("Inviter", roles=[account.role("Inviter", "user:invite")])
    command = given.invite(account.fresh, "Sally")
    account.do(command, inviter)
    made = account.do(change(command.new.id, granted=True), CONSOLE)
    assert [PrincipalRolesChanged, InvitationRevoked] == [type(event) for event in made]
