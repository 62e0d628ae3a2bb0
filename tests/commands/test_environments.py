"""Environments: section 3.2 and 3.5 of the vendor's rules."""

import msgspec
import pytest

from projections import things
from service import errors
from service.commands.environments import CreateEnvironment, DeleteEnvironment, EditEnvironment
from service.commands.people import ForgetPerson
from service.commands.preferences import ChangePreferences, Wanted
from service.events.applications import Change
from service.events.environments import (
    EnvironmentContactsChanged,
    EnvironmentCreated,
    EnvironmentDeleted,
    EnvironmentEdited,
)
from service.events.teams import TeamEnvironmentsChanged
from service.log.recorded import kind_of
from service.vocabulary import EnvironmentId, Personal
from tests import given
from tests.given import CONSOLE, Account


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


ANN = {"name": "Ann", "details": {"emailAddress": "ann@example.org", "hours": {"from": 9}}}


def contacts(account: Account, environment: EnvironmentId) -> str | None:
    """What a reader is shown."""
    return account.now.text(account.now.environment(environment).contacts)


def test_contacts_are_sealed_and_told_before_and_after(account: Account) -> None:
    """Section 4.4: they name people, so the record holds them under a key of their own, as it does what they were."""
    new = given.environment(account.fresh, "test")
    key = account.fresh.key()
    made = account.do(msgspec.structs.replace(new, contacts=[ANN], key=key))[1]
    assert isinstance(made, EnvironmentContactsChanged)
    assert (key.id, None) == (made.key, made.before)
    assert msgspec.json.encode([ANN]).decode() == contacts(account, new.environment)
    later = account.fresh.key()
    edit = EditEnvironment(environment=new.environment, contacts=[{"name": "Ben", "more": 1}], key=later)
    changed = account.do(edit)[0]
    assert isinstance(changed, EnvironmentContactsChanged)
    assert changed.before is not None
    assert (later.id, key.id) == (changed.key, changed.before.key)
    assert '[{"name":"Ben"}]' == contacts(account, new.environment)
    assert [] == account.do(edit)
    assert [] == account.do(EditEnvironment(environment=new.environment, name="test"))
    gone = account.do(EditEnvironment(environment=new.environment, contacts=[], key=account.fresh.key()))[0]
    assert isinstance(gone, EnvironmentContactsChanged)
    assert (None, None) == (gone.key, gone.after)
    assert contacts(account, new.environment) is None
    assert [] == account.do(EditEnvironment(environment=new.environment, contacts=None))


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ("Ann", "/contacts"),
        (["Ann"], "/contacts/0"),
        ([ANN, {"details": {}}], "/contacts/1/name"),
        ([{"name": "two\nlines"}], "/contacts/0/name"),
        ([{"name": "Ann", "details": "ann@example.org"}], "/contacts/0/details"),
        ([{"name": "Ann", "details": {"a": [[[[[[[[1]]]]]]]]}}], "/contacts/0/details"),
        ([ANN] * 21, "/contacts"),
        ([{"name": "Ann", "details": {"a": "x" * 8_192}}], "/contacts"),
    ],
)
def test_what_is_no_list_of_contacts_is_refused(account: Account, wanted: object, pointer: str) -> None:
    """A name of one line, and details of bounded size and depth, so that every record fits and can be searched."""
    environment = account.environment("test")
    with pytest.raises(errors.Invalid) as caught:
        account.do(EditEnvironment(environment=environment, contacts=wanted, key=account.fresh.key()))
    assert pointer == caught.value.pointer


def test_whoever_is_forgotten_is_no_contact_any_more(account: Account) -> None:
    """Every list that ever held an address of theirs is unreadable, at any moment; who else is named stays."""
    sally = account.person("Sally")
    theirs = {"name": "S.", "details": {"mail": ["SALLY@example.org"]}}
    places = [account.environment(name) for name in ("a", "b", "c")]
    for place, wanted in zip(places, ([theirs, ANN], [ANN], [theirs]), strict=True):
        account.do(EditEnvironment(environment=place, contacts=wanted, key=account.fresh.key()))
    account.do(DeleteEnvironment(environment=places[2]))
    position = account.now.position
    made = account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    assert [kind_of(one) for one in made].count("environment.contacts_changed") == 1
    only_ann = msgspec.json.encode([ANN]).decode()
    assert [only_ann, only_ann] == [contacts(account, place) for place in places[:2]]
    then = account.replica.view(position)
    assert [None, only_ann] == [then.text(then.environment(place).contacts) for place in places[:2]]


def test_what_a_forgetting_left_of_several_lists_is_sealed_again_as_a_whole(account: Account) -> None:
    """Several lists share a key then; when one of them loses another person the rest must not be lost with it."""
    sally, ann = account.person("Sally"), account.person("Ann")
    theirs = {"name": "Sally", "details": {"mail": "sally@example.org"}}
    ben = {"name": "Ben"}
    places = [account.environment(name) for name in ("a", "b")]
    for place, wanted in zip(places, ([theirs, ANN], [theirs, ben]), strict=True):
        account.do(EditEnvironment(environment=place, contacts=wanted, key=account.fresh.key()))
    both = (Wanted("operationalContacts", ["sally@example.org", "night@example.org"]),)
    account.do(ChangePreferences(wanted=both, key=account.fresh.key()))
    for person in (sally, ann):
        account.do(ForgetPerson(principal=person, key=account.fresh.key()), CONSOLE)
    assert [None, '[{"name":"Ben"}]'] == [contacts(account, place) for place in places]
    held = account.now.preference("operationalContacts")
    assert isinstance(held, Personal)
    assert "night@example.org" == account.now.text(held)
