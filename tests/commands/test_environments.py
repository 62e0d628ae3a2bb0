"""Environments: section 3.2 and 3.5 of the vendor's rules."""

import pytest

from projections import things
from service import errors
from service.commands.environments import CreateEnvironment, DeleteEnvironment, EditEnvironment
from service.events.applications import Change
from service.events.environments import EnvironmentCreated, EnvironmentDeleted, EnvironmentEdited
from service.events.teams import TeamEnvironmentsChanged
from service.vocabulary import EnvironmentId
from tests import given
from tests.given import Account


def test_an_environment_is_attached_to_teams_from_either_side(account: Account) -> None:
    """Section 3.2: the environment's side and the team's side make the same fact."""
    a, b = account.team("A"), account.team("B")
    environment = EnvironmentId(account.fresh.id())
    command = CreateEnvironment(environment=environment, name="production", production=True, teams=(a,))
    assert [
        EnvironmentCreated(
            environment=environment, name="production", display_name="production", production=True
        ),
        TeamEnvironmentsChanged(team=a, added=(environment,)),
    ] == account.do(command)
    assert [
        TeamEnvironmentsChanged(team=a, removed=(environment,)),
        TeamEnvironmentsChanged(team=b, added=(environment,)),
    ] == account.do(EditEnvironment(environment=environment, teams=(b,)))
    assert [environment] == [one.id for one in account.now.team_environments(b)]


def test_an_edit_records_before_and_after(account: Account) -> None:
    """A field that is not named stays, and an edit into itself is no fact."""
    environment = account.environment("test")
    edit = EditEnvironment(environment=environment, name="staging", display_name="Staging", production=True)
    assert [
        EnvironmentEdited(
            environment=environment,
            changes=(
                Change(field="name", before="test", after="staging"),
                Change(field="display_name", before="test", after="Staging"),
                Change(field="production", before="false", after="true"),
            ),
        )
    ] == account.do(edit)
    assert [] == account.do(edit)
    held = account.now.environment(environment)
    assert ("staging", "Staging", True) == (held.name, held.display_name, held.production)


@pytest.mark.parametrize("name", ["", "two words", "tab\there", "x" * 256])
def test_a_name_is_one_word(account: Account, name: str) -> None:
    """Environment names stand in URLs and commands."""
    with pytest.raises(errors.Invalid):
        account.do(given.environment(account.fresh, name))


def test_a_name_is_taken_once(account: Account) -> None:
    """Unique while it lives."""
    first = account.environment("test")
    other = account.environment("production")
    for command in (
        given.environment(account.fresh, "test"),
        EditEnvironment(environment=other, name="test"),
    ):
        with pytest.raises(errors.Refused) as caught:
            account.do(command)
        assert "name_taken" == caught.value.reason
    assert [EnvironmentDeleted(environment=first, name="test")] == account.do(
        DeleteEnvironment(environment=first)
    )
    assert account.do(EditEnvironment(environment=other, name="test"))


def test_an_unknown_team_cannot_have_it(account: Account) -> None:
    """The place of the mistake is named."""
    with pytest.raises(errors.Invalid) as caught:
        account.do(given.environment(account.fresh, "test", [account.team("A"), account.fresh.id()]))
    assert "/teamUuids/1" == caught.value.pointer


def test_seeing_and_managing_are_two_permissions(account: Account) -> None:
    """Seed 001: a User sees the environments of their teams and changes none."""
    team = account.team("A")
    sally = account.person("Sally", teams=[team])
    mine, other = account.environment("production", [team]), account.environment("test")
    sees = [
        account.may(sally, "environment:read", things.of_environment(account.now.environment(one)))
        for one in (mine, other)
    ]
    assert [True, False] == sees
    for command in (
        given.environment(account.fresh, "mine"),
        EditEnvironment(environment=mine, name="mine"),
        DeleteEnvironment(environment=mine),
    ):
        with pytest.raises(errors.Forbidden) as caught:
            account.do(command, sally)
        assert caught.value.missing.startswith("environment:manage")
