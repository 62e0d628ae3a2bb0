"""System accounts: seeds 000 and 003, section 3.1 and quirk Q9 of the vendor's rules."""

import msgspec
import pytest

from projections import things
from projections.things import Target
from service import errors
from service.catalogue.compiled import CI_CD, DEFAULT_TEAM
from service.commands.system_accounts import CreateSystemAccount
from service.commands.users import DeleteUser, EditUser
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
