"""Preferences: sections 3.1, 3.2, 3.8 and 3.9 of the vendor's rules, seeds 001, 002 and 004."""

from typing import Any

import pytest

from projections import expiry, newcomers, preferences
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, DEFAULT_TEAM, TEAM_ADMINISTRATOR, USER
from service.commands.order import Caller
from service.commands.preferences import (
    BANNER_LENGTH_MAX,
    CONTACTS_MAX,
    ChangePersonalPreferences,
    ChangePreferences,
    Wanted,
)
from service.commands.roles import DeleteRole, EditRole
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.tokens import RegenerateToken
from service.commands.users import RedeemInvitation
from service.events import Event
from service.events.preferences import (
    Expiry,
    PersonalPreferenceChanged,
    PreferenceChanged,
    PreferenceContactsChanged,
)
from service.log import recorded
from service.vocabulary import PrincipalId, RoleId, TeamId
from tests import given
from tests.given import Account


def prefer(account: Account, by: PrincipalId | None = None, **values: Any) -> list[Event]:
    """Change preferences of the account, by Kevin unless another does."""
    wanted = tuple(Wanted(name, value) for name, value in values.items())
    return account.do(ChangePreferences(wanted=wanted, key=account.fresh.key()), by)


def prefer_own(account: Account, by: PrincipalId, **values: Any) -> list[Event]:
    wanted = tuple(Wanted(name, value) for name, value in values.items())
    return account.do(ChangePersonalPreferences(wanted=wanted), by)


def test_every_preference_has_a_default(account: Account) -> None:
    """Section 3.9: expiry is off, nobody is named, AI is on (seed 001 gives the User role `ai:*`)."""
    held = {name: account.now.preference(name) for name in preferences.SYSTEM}
    off = dict.fromkeys(preferences.SYSTEM)
    assert {**off, "consolidateLoginsByEmail": False, "aiEnabled": True} == held


def test_a_change_records_before_and_after(account: Account) -> None:
    """Several are one order, a fact each; what is so already is none; the past is asked about as it was."""
    position = account.now.position
    expiry = Expiry(value=90, period="days")
    assert [
        PreferenceChanged(name="tokenExpiry", before=None, after=expiry),
        PreferenceChanged(name="consolidateLoginsByEmail", before=False, after=True),
    ] == prefer(account, tokenExpiry={"value": 90, "period": "days"}, consolidateLoginsByEmail=True)
    assert [] == prefer(account, tokenExpiry={"value": 90, "period": "days", "more": 1}, aiEnabled=True)
    assert [PreferenceChanged(name="tokenExpiry", before=expiry, after=None)] == prefer(
        account, tokenExpiry=None
    )
    assert account.replica.view(position).preference("tokenExpiry") is None
    assert expiry == account.replica.view(position + 1).preference("tokenExpiry")


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("nothing", True, ""),
        ("aiEnabled", None, "/value"),
        ("aiEnabled", 1, "/value"),
        ("tokenExpiry", 90, "/value"),
        ("tokenExpiry", {"value": 1.5, "period": "days"}, "/value/value"),
        ("tokenExpiry", {"value": True, "period": "days"}, "/value/value"),
        ("tokenExpiry", {"value": 0, "period": "days"}, "/value/value"),
        ("tokenExpiry", {"value": 121, "period": "months"}, "/value/value"),
        ("tokenExpiry", {"value": 1, "period": "years"}, "/value/period"),
        ("tokenExpiry", {"value": 1}, "/value/period"),
        ("tokenExpiry", {"value": 1, "period": ["days"]}, "/value/period"),
        ("staticBanner", ["a"], "/value"),
        ("staticBanner", "a" * (BANNER_LENGTH_MAX + 1), "/value"),
        ("announcementBanner", "\u202egnalf", "/value"),
        ("defaultRole", "Viewer", "/value"),
        ("defaultRole", DEFAULT_TEAM, "/value"),
        ("defaultRole", TEAM_ADMINISTRATOR, "/value"),
        ("defaultTeam", USER, "/value"),
        ("operationalContacts", "a@example.org", "/value"),
        ("operationalContacts", ["a@example.org", "b"], "/value/1"),
        ("operationalContacts", ["a@example.org", "A@example.org"], "/value/1"),
        ("operationalContacts", [f"a{n}@example.org" for n in range(CONTACTS_MAX + 1)], "/value"),
    ],
)
def test_what_a_preference_cannot_hold_is_told_with_its_place(
    account: Account, name: str, value: Any, pointer: str
) -> None:
    """A wrong name, type or bound: nothing is changed, not even what stood beside it and was right."""
    with pytest.raises(errors.Invalid) as caught:
        prefer(account, None, consolidateLoginsByEmail=True, **{name: value})
    assert pointer == caught.value.pointer
    assert account.now.preference("consolidateLoginsByEmail") is False


def test_everybody_reads_and_few_change(account: Account) -> None:
    """Section 3.9: a change takes system_preference:manage."""
    sally = account.person("Sally")
    with pytest.raises(errors.Forbidden, match="system_preference:manage"):
        prefer(account, sally, staticBanner="Hello")


def test_the_contacts_are_sealed_under_a_key_of_their_own(account: Account) -> None:
    """Addresses lead to people: the record holds a seal, and destroying its key forgets this one list."""
    made = prefer(account, operationalContacts=["ops@example.org", "Zoë@example.org"])
    assert [PreferenceContactsChanged] == [type(event) for event in made]
    assert b"example.org" not in recorded.encode(account.log[-1])
    first = account.now.preference("operationalContacts")
    assert "ops@example.org\nZoë@example.org" == account.now.text(first)  # type: ignore[arg-type]  # a list is sealed
    prefer(account, operationalContacts=["night@example.org"])
    changed = account.log[-1].data
    assert isinstance(changed, PreferenceContactsChanged)
    assert changed.before is not None
    assert changed.after is not None
    assert changed.before.key != changed.after.key
    account.replica.person_keys.forget(changed.after.key)
    assert account.now.text(account.now.preference("operationalContacts")) is None  # type: ignore[arg-type]  # as above
    assert [PreferenceContactsChanged(key=None, before=None, after=None)] == prefer(
        account, operationalContacts=[]
    )
    assert [] == prefer(account, operationalContacts=[])


def test_the_longest_texts_fit_a_record(account: Account) -> None:
    """Both sides at their bounds, in the characters that take most."""
    longest = [f"{'😀' * 60}{n:02}@{'é' * 180}.org" for n in range(CONTACTS_MAX)]
    for last in "xy":
        prefer(
            account,
            staticBanner='"😀' * (BANNER_LENGTH_MAX // 2 - 1) + last,
            operationalContacts=[*longest[:-1], f"{last}@example.org"],
        )
    assert 4 == len([one for one in account.log if "preference" in recorded.kind_of(one.data)])


def test_a_new_user_gets_the_preferred_role(account: Account) -> None:
    """Section 3.1, seed 004: User, unless the default role was updated; a deleted one is passed over (1.14.0)."""
    role = account.role("Tester", "contract_data:read:*")
    assert {USER} == set(account.principal(account.person("Sally")).roles)
    prefer(account, defaultRole=role)
    assert {role} == set(account.principal(account.person("Billy")).roles)
    robot = account.principal(account.robot("Robot"))
    assert role not in robot.roles
    account.do(DeleteRole(role=RoleId(role)))
    assert {USER} == set(account.principal(account.person("Matt")).roles)


def test_a_default_role_hands_out_no_power_over_people(account: Account) -> None:
    """Whoever may only invite gets the invitation's code, so a default role manages no roles, people or accounts."""
    for scope in ("role:manage:*", "user:manage:*", "system_account:manage:*"):
        elevating = account.role(scope, scope)
        with pytest.raises(errors.Refused) as caught:
            prefer(account, defaultRole=elevating)
        assert "default_role_elevates" == caught.value.reason
    with pytest.raises(errors.Refused):
        prefer(account, defaultRole=ADMINISTRATOR)
    role = account.role("Harmless", "contract_data:read:*", "system_account:manage:team")
    prefer(account, defaultRole=role)
    account.do(EditRole(role=RoleId(role), scopes=("user:manage:*",)))
    assert {USER} == set(account.principal(account.person("Sally")).roles)
    assert USER == getattr(newcomers.role(account.now), "id", None)


def test_what_newcomers_are_given_is_changed_by_who_could_give_it(account: Account) -> None:
    """The default role takes user:manage, the default team team:manage as well; what they are already takes neither."""
    max_ = account.person("Max", roles=[account.role("Preferring", "system_preference:manage:*")])
    team = account.team("A")
    with pytest.raises(errors.Forbidden, match="user:manage"):
        prefer(account, max_, defaultRole=given.VIEWER)
    with pytest.raises(errors.Forbidden, match="team:manage"):
        prefer(account, max_, defaultTeam=team)
    prefer(account, defaultRole=given.VIEWER, defaultTeam=team)
    with pytest.raises(errors.Forbidden, match="user:manage"):
        prefer(account, max_, defaultRole=None)
    assert 1 == len(prefer(account, max_, defaultRole=given.VIEWER, defaultTeam=team, staticBanner="Hello"))


def test_whoever_is_new_joins_the_preferred_team(account: Account) -> None:
    """Section 3.2: users, system accounts and applications; a deleted one is passed over for the Default team."""
    team = account.team("A")
    prefer(account, defaultTeam=team)
    for principal in (account.person("Sally"), account.robot("Robot")):
        assert (team,) == account.principal(principal).teams
    application = account.application("Foo")
    assert (team,) == account.now.application(application).teams
    account.do(DeleteTeam(team=team))
    assert (DEFAULT_TEAM,) == account.principal(account.person("Billy")).teams
    other = account.team("B")
    prefer(account, defaultTeam=other)
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    assert (other,) == account.principal(account.person("Matt")).teams
    prefer(account, defaultTeam=None)
    assert () == account.principal(account.person("Anna")).teams


def test_everybody_changes_their_own_preferences_and_nobody_elses(account: Account) -> None:
    """Seed 002: a default team view among the teams that one is in; no permission is needed, and others see theirs."""
    sally = account.person("Sally", roles=[])
    a, b = account.team("A", members=[sally]), account.team("B")
    assert [
        PersonalPreferenceChanged(principal=sally, name="defaultTeamView", before=None, after=a),
        PersonalPreferenceChanged(principal=sally, name="tokenExpiryAlert", before=True, after=False),
    ] == prefer_own(account, sally, defaultTeamView=a, tokenExpiryAlert=False)
    assert [] == prefer_own(account, sally, defaultTeamView=a)
    for value, name in ((b, "defaultTeamView"), ("A", "defaultTeamView"), (None, "tokenExpiryAlert")):
        with pytest.raises(errors.Invalid):
            prefer_own(account, sally, **{name: value})
    with pytest.raises(errors.Invalid):
        prefer_own(account, sally, aiEnabled=False)
    assert account.now.personal_preference(account.kevin, "defaultTeamView") is None
    account.do(ChangeMembers(team=a, how="remove", members=(sally,)))
    assert a == account.now.personal_preference(
        sally, "defaultTeamView"
    )  # whoever shows it says that it is over


def test_a_person_who_let_both_tokens_lapse_gets_a_code_from_the_console(account: Account) -> None:
    """Section 3.8: the owner regenerates before the end, a system account's is regenerated by who manages it, ever."""
    sally, robot = account.person("Sally"), account.robot("Robot")
    prefer(account, tokenExpiry={"value": 1, "period": "days"})
    account.clock.advance(10 * 86_400)
    for principal in (sally, robot):
        tokens = [account.now.token(token) for token in account.principal(principal).tokens]
        assert all(expiry.expired(account.now, token) for token in tokens)
    again = given.invite(account.fresh, "Sally")
    account.do(again, given.CONSOLE)
    pair = account.fresh.tokens()
    account.do(RedeemInvitation(digest=again.invitation.digest, tokens=pair), Caller(code=True))
    works = account.now.token_with_digest(pair.read_write.digest)
    assert works is not None
    assert not expiry.expired(account.now, works)
    lapsed = account.principal(robot).tokens[0]
    account.do(RegenerateToken(token=lapsed, new=account.fresh.token()))
    assert not expiry.expired(account.now, account.now.token(lapsed))
