"""People, and what system accounts share with them: sections 3.1, 3.10 and 3.13 of the vendor's rules."""

from datetime import timedelta

import msgspec
import pytest

from service import errors
from service.catalogue.compiled import ADMINISTRATOR, DEFAULT_TEAM, TEAM_ADMINISTRATOR, USER
from service.commands.external import External
from service.commands.order import Caller
from service.commands.users import ChangeRoles, DeleteUser, EditUser, InviteUser, RedeemInvitation
from service.events.tokens import TokenIssued, TokenRevoked
from service.events.users import (
    InvitationIssued,
    PrincipalDeleted,
    PrincipalDisabled,
    PrincipalEmailChanged,
    PrincipalEnabled,
    PrincipalExternalIdsChanged,
    PrincipalNamesChanged,
    PrincipalRenamed,
    PrincipalRolesChanged,
)
from service.log import recorded
from service.vocabulary import PrincipalId, RoleId
from tests import given
from tests.given import CONSOLE, Account

CODE = Caller(code=True)


def redeem(account: Account, invited: InviteUser) -> RedeemInvitation:
    return RedeemInvitation(digest=invited.invitation.digest, tokens=account.fresh.tokens())


def test_a_new_person_is_a_user_in_the_default_team_with_an_invitation(account: Account) -> None:
    """Section 3.1: role User, the Default team; a code that is valid for 7 days gives the first credential."""
    command = given.invite(account.fresh, "Sally")
    made = account.do(command)
    kinds = [recorded.kind_of(event) for event in made]
    assert ["user.created", "principal.roles_changed", "team.members_changed", "invitation.issued"] == kinds
    sally = account.principal(command.new.id)
    assert ((USER,), (DEFAULT_TEAM,), (), True) == (sally.roles, sally.teams, sally.tokens, sally.active)
    assert ("Sally", "sally@example.org") == (account.now.text(sally.name), account.now.text(sally.email))


def test_redeeming_a_code_gives_two_tokens_once(account: Account) -> None:
    """The code works one time; the records are the person's own doing, at nobody's permission but the code's."""
    invited = given.invite(account.fresh, "Sally")
    account.do(invited)
    outcome = account.handle(redeem(account, invited), CODE)
    assert [False, True] == sorted(
        record.data.read_only for record in outcome.records if isinstance(record.data, TokenIssued)
    )
    assert {invited.new.id} == {record.actor.principal for record in outcome.records}
    with pytest.raises(errors.Unauthenticated):
        account.do(redeem(account, invited), CODE)


def test_a_code_expires_after_seven_days(account: Account) -> None:
    """On the last second it works, on the next it does not, and the sentence says what to do."""
    late, just = given.invite(account.fresh, "Late"), given.invite(account.fresh, "Just")
    account.do(late)
    account.do(just)
    account.clock.advance(timedelta(days=7).total_seconds() - 1)
    account.do(redeem(account, just), CODE)
    account.clock.advance(2)
    with pytest.raises(errors.Unauthenticated, match="expired"):
        account.do(redeem(account, late), CODE)


def test_inviting_again_replaces_the_code(account: Account) -> None:
    """Section 3.10: a second invitation restarts the seven days; the older code is dead from then on."""
    first = given.invite(account.fresh, "Sally")
    account.do(first)
    second = given.invite(account.fresh, "Sally")
    made = account.do(second)
    assert [True] == [isinstance(event, InvitationIssued) for event in made]
    with pytest.raises(errors.Unauthenticated):
        account.do(redeem(account, first), CODE)
    assert account.do(redeem(account, second), CODE)


def test_inviting_somebody_who_is_in_changes_nothing(account: Account) -> None:
    """Section 3.10: an address that exists simply works, whatever its case; it gets no second code."""
    sally = account.person("Sally")
    again = msgspec.structs.replace(given.invite(account.fresh, "Sally"), email="SALLY@Example.ORG")
    assert [] == account.do(again)
    account.do(EditUser(principal=sally, active=False))
    assert [PrincipalEnabled(principal=sally)] == account.do(given.invite(account.fresh, "Sally"))


def test_a_disabled_person_is_invited_back_as_asked_for(account: Account) -> None:
    """Section 5.3, point 6: the same user, enabled or not as requested, under the name and spelling given now."""
    sally = account.person("Sally", roles=[])
    account.do(EditUser(principal=sally, active=False))
    again = msgspec.structs.replace(
        given.invite(account.fresh, "Sally"), name="Sal", email="SALLY@Example.ORG", active=False
    )
    assert [PrincipalRenamed, PrincipalEmailChanged] == [type(event) for event in account.do(again)]
    assert not account.principal(sally).active
    assert [PrincipalEnabled(principal=sally)] == account.do(msgspec.structs.replace(again, active=True))
    assert () == account.principal(sally).roles


SCIM_RIGHTS = ("user:invite:*", "user:manage:*")


def test_external_ids_are_set_by_who_provisions_and_by_nobody_else(account: Account) -> None:
    """Scope 37: beside inviting and managing it takes `user:manage_scim_attributes:*`, which only SCIM's role has."""
    robot = account.robot("SCIM", roles=[given.SCIM])
    manager = account.person("Manager", roles=[account.role("Manages", *SCIM_RIGHTS)])
    outside = External(id="00u1", username="sally@idp")
    command = msgspec.structs.replace(given.invite(account.fresh, "Sally"), precreated=True, external=outside)
    with pytest.raises(errors.Forbidden, match="manage_scim_attributes"):
        account.do(command, manager)
    made = account.do(command, robot)
    assert [True] == [isinstance(event, PrincipalExternalIdsChanged) for event in made[1:2]]
    found = account.now.principal_with_external_id("00u1")
    assert found == account.now.principal_with_external_username("SALLY@idp")
    assert command.new.id == (found and found.id)
    assert account.now.principal_with_external_id("00U1") is None
    again = EditUser(principal=command.new.id, name="Sal", external=outside)
    assert [PrincipalRenamed] == [type(event) for event in account.do(again, manager)]
    for changed in (External(id="00u2"), External(username="")):
        edit = EditUser(principal=command.new.id, external=changed)
        with pytest.raises(errors.Forbidden, match="manage_scim_attributes"):
            account.do(edit, manager)
        assert account.do(edit, robot)
    assert account.now.principal_with_external_username("sally@idp") is None
    assert account.now.principal_with_external_id("00u1") is None


def test_external_ids_are_one_person_s_and_no_system_account_s(account: Account) -> None:
    """Two people under one external id could not be told apart; a system account is known to no identity provider."""
    sally, billy, robot = account.person("Sally"), account.person("Billy"), account.robot("Robot")
    account.do(EditUser(principal=sally, external=External(id="00u1", username="sally")), CONSOLE)
    for external, pointer in (
        (External(id="00u1"), "/externalIdpId"),
        (External(username="SALLY"), "/externalIdpUsername"),
    ):
        with pytest.raises(errors.Refused) as caught:
            account.do(EditUser(principal=billy, external=external), CONSOLE)
        assert ("external_id_taken", pointer) == (caught.value.reason, caught.value.pointer)
    with pytest.raises(errors.Invalid):
        account.do(EditUser(principal=robot, external=External(id="00u2")), CONSOLE)
    account.do(DeleteUser(principal=sally))
    assert account.do(EditUser(principal=billy, external=External(id="00u1")), CONSOLE)


def test_who_may_only_invite_gets_no_power_over_those_who_are_here(account: Account) -> None:
    """Inviting is no way to take over an account: no new code, no enabling, without `user:manage:*`."""
    inviter = account.person("Inviter", roles=[account.role("Inviter", "user:invite")])
    waiting = given.invite(account.fresh, "Waiting")
    account.do(waiting)
    account.do(EditUser(principal=waiting.new.id, active=False))
    assert [] == account.do(given.invite(account.fresh, "Waiting"), inviter)
    assert account.do(given.invite(account.fresh, "Another"), inviter)


def test_a_code_dies_when_its_account_comes_to_hold_more_than_its_issuer_may_give(account: Account) -> None:
    """Whoever may only invite knows the code: an Administrator's role given meanwhile must not reach them."""
    inviter = account.person("Inviter", roles=[account.role("Inviter", "user:invite")])
    invited = given.invite(account.fresh, "Boss")
    account.do(invited, inviter)
    account.do(ChangeRoles(principal=invited.new.id, how="add", roles=(ADMINISTRATOR,)))
    with pytest.raises(errors.Unauthenticated):
        account.do(redeem(account, invited), CODE)


def test_a_disabled_or_deleted_person_s_code_is_dead(account: Account) -> None:
    """No credential is given to somebody who may not act."""
    for end in (EditUser(principal=PrincipalId(""), active=False), DeleteUser(principal=PrincipalId(""))):
        invited = given.invite(account.fresh, f"Gone{account.replica.position}")
        account.do(invited)
        account.do(msgspec.structs.replace(end, principal=invited.new.id))
        with pytest.raises(errors.Unauthenticated):
            account.do(redeem(account, invited), CODE)


@pytest.mark.parametrize("name", ["", "   ", "\x00", "a\nb", "x" * 256, "\ud800"])
def test_a_name_must_be_a_line_of_text(account: Account, name: str) -> None:
    """Bounded, without control characters: names go into sentences, tables and headers."""
    with pytest.raises(errors.Invalid):
        account.do(msgspec.structs.replace(given.invite(account.fresh, "x"), name=name))


@pytest.mark.parametrize(
    "email", ["", "nobody", "@example.org", "a b@example.org", "a@b@c", "a@" + "b" * 300]
)
def test_an_address_must_look_like_one(account: Account, email: str) -> None:
    """What is no address is refused before anything is made."""
    with pytest.raises(errors.Invalid):
        account.do(msgspec.structs.replace(given.invite(account.fresh, "x"), email=email))


def test_an_edit_records_each_field_that_changed(account: Account) -> None:
    """Names and addresses stand sealed, before and after; what stays is no fact."""
    sally = account.person("Sally")
    made = account.do(
        EditUser(principal=sally, name="Sarah", email="s@example.net", first_name="S", last_name="")
    )
    assert [PrincipalRenamed, PrincipalEmailChanged, PrincipalNamesChanged] == [type(event) for event in made]
    held = account.principal(sally)
    texts = [account.now.text(one) for one in (held.name, held.email, held.first_name, held.last_name)]
    assert ["Sarah", "s@example.net", "S", None] == texts
    assert [] == account.do(EditUser(principal=sally, name="Sarah", email="s@example.net", first_name="S"))


def test_an_address_belongs_to_one_account(account: Account) -> None:
    """Compared without case; a person cannot be without one."""
    sally, billy = account.person("Sally"), account.person("Billy")
    with pytest.raises(errors.Refused) as caught:
        account.do(EditUser(principal=billy, email="SALLY@example.org"))
    assert "email_taken" == caught.value.reason
    with pytest.raises(errors.Invalid):
        account.do(EditUser(principal=billy, email=""))
    assert account.do(EditUser(principal=sally, email="Sally@example.org"))


def test_disabling_and_enabling_keeps_roles_and_teams(account: Account) -> None:
    """Section 3.10: it can be enabled again, with everything it had."""
    sally = account.person("Sally")
    before = account.principal(sally)
    assert [PrincipalDisabled(principal=sally)] == account.do(EditUser(principal=sally, active=False))
    assert [] == account.do(EditUser(principal=sally, active=False))
    assert [PrincipalEnabled(principal=sally)] == account.do(EditUser(principal=sally, active=True))
    after = account.principal(sally)
    assert (before.roles, before.teams, before.tokens) == (after.roles, after.teams, after.tokens)


def test_deleting_a_person_revokes_their_tokens_first(account: Account) -> None:
    """Each credential's end is a fact; the values leave the vault with the same batch."""
    sally = account.person("Sally")
    tokens = account.principal(sally).tokens
    made = account.do(DeleteUser(principal=sally))
    assert {*tokens} == {event.token for event in made if isinstance(event, TokenRevoked)}
    assert PrincipalDeleted(principal=sally) == made[-1]
    with pytest.raises(errors.NotFound) as caught:
        account.do(DeleteUser(principal=sally))
    assert caught.value.gone


def test_roles_are_replaced_added_and_removed(account: Account) -> None:
    """The three ways to change a set; roles are additive, and a person may hold none."""
    sally = account.person("Sally")
    keeper = account.role("Keeper")
    for how, roles, expected in (
        ("add", (keeper,), PrincipalRolesChanged(principal=sally, added=(keeper,))),
        ("replace", (keeper,), PrincipalRolesChanged(principal=sally, removed=(RoleId(USER),))),
        ("remove", (keeper, USER), PrincipalRolesChanged(principal=sally, removed=(keeper,))),
    ):
        assert [expected] == account.do(ChangeRoles(principal=sally, how=how, roles=roles))  # type: ignore[arg-type]  # one of the three
    assert [] == account.do(ChangeRoles(principal=sally, how="replace", roles=()))


def test_nobody_changes_their_own_roles(account: Account) -> None:
    """1.22.0: singly or in bulk, the last Administrator included."""
    with pytest.raises(errors.Forbidden):
        account.do(ChangeRoles(principal=account.kevin, how="add", roles=(given.VIEWER,)))


@pytest.mark.parametrize(
    "role", [TEAM_ADMINISTRATOR, given.ORGANIZATION_ADMINISTRATOR, "9fa50562-a42b-4771-aa8e-000000000000"]
)
def test_a_role_that_only_the_system_gives_cannot_be_assigned(account: Account, role: str) -> None:
    """Seed 001: Team and Organization Administrator are not assigned directly; nor is a role that is not there."""
    sally = account.person("Sally")
    with pytest.raises(errors.Invalid) as caught:
        account.do(ChangeRoles(principal=sally, how="add", roles=(given.VIEWER, role)))
    assert "/roles/1" == caught.value.pointer
    others = tuple(f"9fa50562-a42b-4771-aa8e-{number:012d}" for number in range(9))
    with pytest.raises(errors.Invalid) as caught:
        account.do(ChangeRoles(principal=sally, how="replace", roles=(given.VIEWER, role, *others)))
    assert "/roles/1" == caught.value.pointer


def test_naming_the_computed_role_of_a_team_administrator_is_harmless(account: Account) -> None:
    """A client that sends back what it read, Team Administrator included, changes nothing."""
    lead = account.person("Lead")
    account.do(given.team(account.fresh, "A", administrators=[lead]))
    assert [] == account.do(ChangeRoles(principal=lead, how="replace", roles=(USER, TEAM_ADMINISTRATOR)))


def test_team_managers_of_system_accounts_hand_out_no_roles(account: Account) -> None:
    """RM #38: otherwise any User could make a system account of the team an Administrator, and use its token."""
    sally = account.person("Sally")
    robot = account.robot("Robot")
    with pytest.raises(errors.Forbidden) as caught:
        account.do(ChangeRoles(principal=robot, how="add", roles=(ADMINISTRATOR,)), sally)
    assert caught.value.missing.startswith("system_account:manage")


def test_people_and_system_accounts_are_managed_by_permissions_of_their_own(account: Account) -> None:
    """Section 1.2 rule 4: `user:*` never covers system accounts, and the other way round."""
    of_people = account.person("People", roles=[account.role("People", "user:manage:*")])
    of_robots = account.person("Robots", roles=[account.role("Robots", "system_account:manage:*")])
    sally, robot = account.person("Sally"), account.robot("Robot")
    for by, allowed, denied in ((of_people, sally, robot), (of_robots, robot, sally)):
        account.do(EditUser(principal=allowed, active=False), by)
        with pytest.raises(errors.Forbidden):
            account.do(EditUser(principal=denied, active=False), by)
