"""Grants under a condition: one answer from every way of asking, given away and told like any other right."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as over
from hypothesis import strategies as st

from projections import access, effects, things
from projections.excess import excess
from service.catalogue import conditions
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands import Command
from service.commands.roles import EditRole
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import ChangeRoles, EditUser
from service.vocabulary import PrincipalId, TeamId
from tests import own_types
from tests.given import Account
from tests.projections.naive import Model

SOFT: dict[str, Any] = {"action": {"properties": {"soft": True}}}
HARD: dict[str, Any] = {"action": {"properties": {"soft": False}}}


@pytest.fixture
def account() -> Account:
    """With the records, and no team that everybody is in."""
    found = Account()
    own_types.adopt(found, own_types.RECORDS)
    found.team("Another")
    found.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    return found


# -- deciding --------------------------------------------------------------------------------------------


def test_a_grant_says_under_which_condition_and_a_miss_says_why_not(account: Account) -> None:
    """The record names the role's scope with its condition as the authority; what was near names what was missing."""
    role = account.role("Soft", "record:delete:own?soft", "record:write:*?unarchived")
    sally = account.person("Sally", [role])
    own_types.register(account, "record", "hers", sally)
    target = things.of_resource(next(iter(account.now.resources())))
    given = access.grant(account.now, sally, "record:delete", target, SOFT)
    assert given is not None
    assert (role, "record:delete:own?soft", "own", "soft") == (
        given.role,
        given.scope,
        given.extent,
        given.condition,
    )
    verdict = access.explain(account.now, sally, "record:delete", target, HARD)
    assert (False, 1) == (verdict.allowed, len(verdict.near_misses))
    assert "The condition 'soft' needs action.properties.soft" in verdict.near_misses[0].why
    theirs = things.about_to_exist("record", "theirs", account.kevin)
    missed = access.explain(account.now, sally, "record:delete", theirs, SOFT).near_misses
    assert ["The principal does not own the thing."] == [one.why for one in missed]


def test_a_question_without_a_request_meets_no_condition(account: Account) -> None:
    """What the service asks of itself brings no properties: nothing of its own API is given under a condition."""
    role = account.role(
        "Bound", "role:manage:*?soft", "contract_data:manage:*?unarchived", "team:manage:*?large"
    )
    sally = account.person("Sally", [role])
    foo = account.application("Foo")
    application = account.now.application(foo)
    for action, target in (
        ("role:manage", things.anything("role")),
        ("contract_data:manage", things.of_application(application)),
        ("team:manage", things.anything("team")),
    ):
        assert not access.may(account.now, sally, action, target)
        assert not access.may(account.now, sally, action, target, conditions.NO_FACTS)
        assert access.grant(account.now, sally, action, target) is None
        assert not access.explain(account.now, sally, action, target).allowed
    assert access.may(account.now, sally, "role:manage", things.anything("role"), SOFT)


def test_what_is_given_plainly_asks_no_condition(account: Account) -> None:
    """Roles are additive: a condition narrows its own grant and no other."""
    roles = [account.role("Bound", "record:write:*?soft"), account.role("Plain", "record:write:own")]
    sally = account.person("Sally", roles)
    own_types.register(account, "record", "hers", sally)
    own_types.register(account, "record", "theirs", account.kevin)
    answers = [
        access.may(account.now, sally, "record:write", things.of_resource(one), facts)
        for one in account.now.resources()
        for facts in (SOFT, HARD)
    ]
    assert [True, True, True, False] == answers


# -- given away ------------------------------------------------------------------------------------------


def beyond(account: Account, robot: PrincipalId, other: PrincipalId, *, reading: bool = False) -> str:
    """What the robot may beyond the other, or nothing."""
    found = excess(account.now, account.principal(robot), other, reading=reading)
    return f"{found.action} {found.where}" if found else ""


def test_a_right_under_a_condition_is_a_right_that_a_token_gives_away(account: Account) -> None:
    """Where a gateway asks with the token the condition may hold: who lacks the very grant is not shown it."""
    bound, plain = account.role("Bound", "record:write:*?soft"), account.role("Plain", "record:write:*")
    other = account.role("Other", "record:write:*?large")
    robot = account.robot("Robot", [bound])
    assert "record:read under the condition soft" == beyond(account, robot, account.person("Nobody", [other]))
    assert "" == beyond(account, robot, account.person("Same", [bound]))
    assert "" == beyond(account, robot, account.person("More", [plain]))
    shut_out = account.person("Gone", [plain])
    account.do(EditUser(principal=shut_out, active=False))
    assert beyond(account, robot, shut_out)
    assert "record:read under the condition soft" == beyond(
        account, robot, account.person("Reader", [other]), reading=True
    )


def test_a_right_under_a_condition_in_teams_counts_team_by_team(account: Account) -> None:
    """The same grant reaches further for who is in more teams."""
    bound, team = account.role("Bound", "record:read:team?soft"), account.team("A")
    robot, sally = account.robot("Robot", [bound], [team]), account.person("Sally", [bound], [])
    assert "record:read under the condition soft" == beyond(account, robot, sally)
    account.do(ChangeMembers(team=team, how="add", members=(sally,)))
    assert "" == beyond(account, robot, sally)


def test_a_right_under_a_condition_on_ones_own_is_on_what_the_account_owns(account: Account) -> None:
    """Who holds the same grant owns other things: the account's are beyond them."""
    bound = account.role("Bound", "record:write:own?soft")
    robot, sally = account.robot("Robot", [bound]), account.person("Sally", [bound])
    assert "" == beyond(account, robot, sally)
    own_types.register(account, "record", "its", robot)
    assert "record:read under the condition soft" == beyond(account, robot, sally)


known = st.sampled_from(
    [scope for scope in own_types.SCOPES if scope.startswith(("record:", "note:")) and "nothing" not in scope]
)
requests: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {
            "subject": {"properties": {"department": department}},
            "action": {"properties": {"soft": soft}},
            "resource": {"properties": {"status": status, "department": "Legal", "size": size}},
        }
        for department in ("Legal", "Sales")
        for soft in (True, False)
        for status in ("active", "archived")
        for size in (1, 10)
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@over(st.data())
def test_nothing_is_gained_on_own_things_by_a_token_that_may_be_shown(data: st.DataObject) -> None:
    """In any small company, whatever a request says: if nothing exceeds, the other may all that the account may.

    And deciding, naming the grant and explaining agree with a naive reading throughout.
    """
    account, draw = Account(), data.draw
    own_types.adopt(account, own_types.RECORDS)
    account.team("Another")
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    compiled = account.now.compiled
    scopes = [scope for scope in draw(st.lists(known, max_size=5)) if compiled.known(scope)]
    more = [scope for scope in draw(st.lists(known, max_size=5)) if compiled.known(scope)]
    roles = [account.role("X", *scopes), account.role("Y", *{*scopes, *more})]
    teams = [account.team("A"), account.team("B")]
    robot, sally = account.robot("Robot", roles[:1]), account.person("Sally", roles[1:])
    for team in teams:
        members = draw(st.sets(st.sampled_from((robot, sally))))
        account.do(ChangeMembers(team=team, how="add", members=tuple(sorted(members))))
    for number in range(draw(st.integers(min_value=1, max_value=4))):
        owner = draw(st.sampled_from((None, robot, sally)))
        of = draw(st.sets(st.sampled_from(teams)))
        type_ = draw(st.sampled_from(("record", "note")))
        own_types.register(account, type_, str(number), owner, tuple(sorted(of)))
    account.do(DeleteTeam(team=teams[1])) if draw(st.booleans()) else None
    model = Model()
    for record in account.log:
        model.apply(record.data)
    view, request = account.now, draw(requests)
    questions = [
        (action, held)
        for held in view.resources()
        for action in compiled.owned_by
        if held.type in compiled.actions[action].types
    ]
    for who in (robot, sally):
        for action, held in questions:
            target = things.of_resource(held)
            expected = model.may_own(
                who, action, {str(team) for team in held.teams} & model.teams.keys(), held.owner, request
            )
            assert expected == access.may(view, who, action, target, request)
            assert expected == access.explain(view, who, action, target, request).allowed
            assert expected == (access.grant(view, who, action, target, request) is not None)
    theirs, mine = (
        {(a, r.id) for a, r in questions if access.may(view, who, a, things.of_resource(r), request)}
        for who in (robot, sally)
    )
    if not beyond(account, robot, sally):
        assert theirs <= mine
    if not beyond(account, robot, sally, reading=True):
        assert {one for one in theirs if one[0].endswith(":read")} <= mine


# -- who gains what --------------------------------------------------------------------------------------


def gained(account: Account, command: Command) -> tuple[list[str], list[str]]:
    """What somebody gains and loses by an order that reaches one person."""
    before = account.now
    outcome = account.handle(command)
    found = effects.effect(before, account.now, [one.data for one in outcome.records])
    assert 1 >= len(found.groups)
    gains = [one.permission for group in found.groups for one in group.gains]
    return gains, [one.permission for group in found.groups for one in group.losses]


def test_who_gains_a_right_under_a_condition_is_told_it_with_the_condition(account: Account) -> None:
    """By a role, and by what a role holds; what another role still gives is no loss."""
    role = account.role("Bound", "record:write:*?soft")
    sally = account.person("Sally", [], [])
    change = ChangeRoles(principal=sally, how="add", roles=(role,))
    gains, losses = gained(account, change)
    assert (["record:write:*?soft"], []) == ([one for one in gains if "?" in one], losses)
    assert (["record:write:*?large"], ["record:write:*?soft"]) == gained(
        account, EditRole(role=role, scopes=("record:write:*?large",))
    )
    second = account.role("Second", "record:write:*?large")
    account.do(ChangeRoles(principal=sally, how="add", roles=(second,)))
    assert ([], []) == gained(account, ChangeRoles(principal=sally, how="remove", roles=(second,)))


def test_who_joins_a_team_gains_in_it_what_a_condition_allows(account: Account) -> None:
    """The team's own line, with the condition behind it; who leaves loses it."""
    role, team = account.role("Bound", "record:read:team?soft"), account.team("A")
    sally = account.person("Sally", [role], [])
    joined = gained(account, ChangeMembers(team=team, how="add", members=(sally,)))
    assert ([f"record:read:{team}?soft"], []) == joined
    left = gained(account, ChangeMembers(team=team, how="remove", members=(sally,)))
    assert ([], [f"record:read:{team}?soft"]) == left


def test_who_is_shut_out_loses_what_a_condition_allowed(account: Account) -> None:
    """Nobody disabled holds anything, and who returns has it back."""
    sally = account.person("Sally", [account.role("Bound", "record:write:*?soft")], [])
    assert "record:write:*?soft" in gained(account, EditUser(principal=sally, active=False))[1]
    assert "record:write:*?soft" in gained(account, EditUser(principal=sally, active=True))[0]
