"""System accounts: seeds 000 and 003, section 3.1 and quirk Q9 of the vendor's rules."""

import msgspec
import pytest

from projections import things
from projections.things import Target
from service import errors
from service.catalogue.compiled import CI_CD, DEFAULT_TEAM
from service.commands.system_accounts import CreateSystemAccount
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.events.tokens import TokenIssued
from service.log import recorded
from service.vocabulary import PrincipalId, TeamId, Thing
from tests import given
from tests.given import Account


def test_a_system_account_has_its_tokens_the_ci_role_and_a_team(account: Account) -> None:
    """Section 3.1: CI/CD, the Default team, and two tokens that work at once."""
    command = CreateSystemAccount(new=account.fresh.principal(), tokens=account.fresh.tokens(), name="Robot")
    made = account.do(command)
    assert [False, True] == sorted(event.read_only for event in made if isinstance(event, TokenIssued))
    robot = account.principal(command.new.id)
    assert ("system_account", (CI_CD,), (DEFAULT_TEAM,)) == (robot.type, robot.roles, robot.teams)
    token = account.now.token_with_digest(account.drafter.replica.keys.token_digest(_value(command)))
    assert robot.id == (token and token.principal)


def _value(command: CreateSystemAccount) -> str:
    return command.tokens.read_write.value.text()


def test_a_named_team_takes_the_place_of_the_default_one(account: Account) -> None:
    """Whoever names a team means that one."""
    team = account.team("A")
    command = given.system_account(account.fresh, "Robot", team)
    account.do(command)
    assert (team,) == account.principal(command.new.id).teams
    with pytest.raises(errors.Invalid):
        account.do(given.system_account(account.fresh, "Robot", TeamId(account.fresh.id())))


def test_an_inactive_one_may_be_made(account: Account) -> None:
    """What is made disabled cannot act before it is enabled."""
    command = msgspec.structs.replace(given.system_account(account.fresh, "Robot"), active=False)
    assert "principal.disabled" in [recorded.kind_of(event) for event in account.do(command)]
    assert not account.principal(command.new.id).active


def test_a_team_s_manager_makes_them_for_the_own_team_alone(account: Account) -> None:
    """Seed 003 and Q9: with `system_account:manage:team` a team must be named, and it must be one's own."""
    mine, other = account.team("Mine"), account.team("Other")
    sally = account.person("Sally", teams=[mine])
    assert account.do(given.system_account(account.fresh, "Robot", mine), sally)
    for team in (None, other):
        with pytest.raises(errors.Forbidden) as caught:
            account.do(given.system_account(account.fresh, "Robot", team), sally)
        assert caught.value.missing.startswith("system_account:manage")


def test_a_team_s_manager_changes_and_deletes_those_of_the_own_team(account: Account) -> None:
    """Q9: update and delete within one's own teams; never a person, never another team's."""
    mine, other = account.team("Mine"), account.team("Other")
    sally = account.person("Sally", teams=[mine])
    robot, stranger = account.robot("Robot", teams=[mine]), account.robot("Stranger", teams=[other])
    billy = account.person("Billy", teams=[mine])
    assert account.do(EditUser(principal=robot, name="Rob"), sally)
    for principal in (stranger, billy):
        with pytest.raises(errors.Forbidden):
            account.do(EditUser(principal=principal, name="Rob"), sally)
    assert account.do(DeleteUser(principal=robot), sally)


def test_an_address_is_optional_and_its_own(account: Account) -> None:
    """A system account may have none; if it has one, nobody else has it."""
    robot = account.robot("Robot")
    account.do(EditUser(principal=robot, email="kevin2@example.org"))
    assert account.do(EditUser(principal=robot, email=""))
    with pytest.raises(errors.Refused) as caught:
        account.do(
            msgspec.structs.replace(given.system_account(account.fresh, "Other"), email="KEVIN@example.org")
        )
    assert "email_taken" == caught.value.reason


def test_a_disabled_one_is_made_again_under_its_address(account: Account) -> None:
    """Section 5.3, point 6: Terraform «deletes» by disabling and creates again; what leaked meanwhile stays dead."""
    role, team = account.role("Rotator"), account.team("A")
    first = msgspec.structs.replace(
        given.system_account(account.fresh, "Robot"), email="robot@example.org", active=True
    )
    account.do(first)
    account.do(ChangeRoles(principal=first.new.id, how="replace", roles=(role,)))
    account.do(EditUser(principal=first.new.id, active=False))
    again = msgspec.structs.replace(
        given.system_account(account.fresh, "Röbot"), email="Robot@example.org", team=team
    )
    kinds = [recorded.kind_of(event) for event in account.do(again)]
    assert ["token.regenerated"] * 2 == kinds[:2]
    robot = account.principal(first.new.id)
    assert account.now.principal_or_none(again.new.id) is None
    assert (True, (role,), "Röbot", "Robot@example.org") == (
        robot.active,
        robot.roles,
        account.now.text(robot.name),
        account.now.text(robot.email),
    )
    assert {team, DEFAULT_TEAM} == set(robot.teams)
    digest = account.drafter.replica.keys.token_digest
    assert account.now.token_with_digest(digest(_value(first))) is None
    found = account.now.token_with_digest(digest(_value(again)))
    assert robot.id == (found and found.principal)
    with pytest.raises(errors.Refused) as caught:
        account.do(again)
    assert "email_taken" == caught.value.reason


def test_making_one_again_takes_the_right_to_manage_it(account: Account) -> None:
    """It is an edit of that account, whatever it is called: nobody takes over another team's by its address."""
    mine, other = account.team("Mine"), account.team("Other")
    sally = account.person("Sally", teams=[mine])
    commands = []
    for team in (mine, other):
        first = msgspec.structs.replace(
            given.system_account(account.fresh, "Robot", team), email=f"{team}@example.org"
        )
        account.do(first)
        account.do(EditUser(principal=first.new.id, active=False))
        commands.append(
            msgspec.structs.replace(given.system_account(account.fresh, "Robot"), email=first.email)
        )
    assert account.do(commands[0], sally)
    for team_named in (None, mine):
        with pytest.raises(errors.Forbidden):
            account.do(msgspec.structs.replace(commands[1], team=team_named), sally)


def test_a_disabled_person_s_address_is_no_system_account_s(account: Account) -> None:
    """One kind of principal never turns into the other."""
    sally = account.person("Sally")
    account.do(EditUser(principal=sally, active=False))
    with pytest.raises(errors.Refused) as caught:
        account.do(
            msgspec.structs.replace(given.system_account(account.fresh, "Robot"), email="sally@example.org")
        )
    assert "email_taken" == caught.value.reason


def test_the_secrets_updater_may_do_one_thing_in_one_team(account: Account) -> None:
    """Seed 000, word for word: only `secret:manage:team`, only one team; every other scope is denied it."""
    special, other = account.team("SomeSpecialTeam"), account.team("Other")
    rotator = account.role("Secret Rotator", "secret:manage:team")
    updater = account.robot("SecretsUpdater", roles=[rotator], teams=[special])
    allowed = _allowed(account, updater, special, other)
    assert {("secret:manage", "team"), ("secret:read", "team")} == allowed


def _allowed(account: Account, who: PrincipalId, mine: TeamId, other: TeamId) -> set[tuple[str, str]]:
    found = set()
    for action in account.now.compiled.catalogue.actions:
        for type_ in action.types:
            reaches = {
                "own": Target(Thing(type_, "1"), (), who),
                "team": Target(Thing(type_, "2"), (mine,), account.kevin),
                "other": Target(Thing(type_, "3"), (other,), account.kevin),
                "none": Target(Thing(type_, "4"), (), account.kevin),
                "all": things.anything(type_),
            }
            for reach, target in reaches.items():
                if account.may(who, action.name, target):
                    found.add((action.name, reach))
    return found
