"""Section 1.2: how grants are evaluated."""

import pytest

from projections.things import Target, anything, of_application
from service.catalogue.loader import shipped
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.commands.users import ChangeRoles
from service.vocabulary import PrincipalId, TeamId, Thing
from tests.given import Account
from tests.rules import deeds
from tests.service import Running

ADMINISTRATOR = "cf75d7c2-416b-11ea-af5e-53c3b1a4efd8"
READS = [
    (action.name, read) for action in shipped().actions for read in action.implies if read.endswith(":read")
]


def _may(account: Account, who: str, action: str, *, team: str = "", owner: str = "") -> bool:
    """Whether somebody may do that to a thing of a team, or of an owner."""
    type_ = next(one.types[0] for one in shipped().actions if one.name == action)
    teams = (TeamId(team),) if team else ()
    target = Target(Thing(type_, team or "1"), teams, PrincipalId(owner) if owner else None)
    return account.may(who, action, target)


def test_rights_add_up_over_all_roles() -> None:
    """Section 1.2, rule 1: a principal may what any of the roles gives; no role takes anything away."""
    account = Account()
    reading, none = account.role("Reads roles", "role:read:*"), account.role("Nothing")
    inviting = account.role("Invites", "user:invite")
    sally = account.person("Sally", roles=[reading, none, inviting], teams=[])
    assert account.may(sally, "role:read", anything("role"))
    assert account.may(sally, "user:invite", anything("user"))
    assert not account.may(sally, "role:manage", anything("role"))
    account.do(ChangeRoles(principal=sally, how="remove", roles=(inviting,)))
    assert account.may(sally, "role:read", anything("role"))
    assert not account.may(sally, "user:invite", anything("user"))


@pytest.mark.parametrize(
    "scope",
    [
        "role",
        "role:read",
        "role:read:*:*",
        "!role:read:*",
        "-role:read:*",
        "*",
        "*:*:*",
        "role:*:*",
        "role:read:* ",
        "ROLE:READ:*",
        "",
    ],
)
async def test_a_scope_has_its_form_and_there_is_no_negation(running: Running, scope: str) -> None:
    """Section 1.2, rule 1: `resource:action:extent` as catalogued; nothing else is taken, above all no «not»."""
    answer = await running.admin.post("/admin/roles", {"name": "x", "permissions": [{"scope": scope}]})
    assert 400 == answer.status


@pytest.mark.parametrize(("manage", "read"), READS)
def test_managing_includes_reading_at_the_same_extent(manage: str, read: str) -> None:
    """Section 1.2, rule 2: of all, of the team's or of one's own; and reading never includes managing."""
    scopes = {one.scope for one in shipped().permissions}
    for extent in ("*", "team", "own"):
        if f"{manage}:{extent}" not in scopes:
            continue
        account = Account()
        mine, other = account.team("Mine"), account.team("Other")
        sally = account.person("Sally", roles=[account.role("Manages", f"{manage}:{extent}")], teams=[mine])
        reached = {
            "team": _may(account, sally, read, team=mine),
            "other": _may(account, sally, read, team=other),
            "own": _may(account, sally, read, owner=sally),
        }
        assert {one: extent in ("*", one) for one in reached} == reached
    if f"{read}:*" in scopes:
        account = Account()
        reader = account.person("Reader", roles=[account.role("Reads", f"{read}:*")], teams=[])
        assert not _may(account, reader, manage)


async def test_an_administrator_reads_everything_without_a_read_scope(running: Running) -> None:
    """Section 1.2, rule 2: the Administrator's list has no read scope, and every list and thing can be read."""
    role = (await running.admin.get(f"/admin/roles/{ADMINISTRATOR}")).json
    assert [] == [one["scope"] for one in role["permissions"] if ":read" in one["scope"]]
    world = await deeds.world(running)
    for name, request in deeds.DEEDS.items():
        if name.startswith(("list ", "see ")) and "<own" not in request:
            assert 200 == (await world.does(running.admin, request)).status, name


def test_everything_includes_the_team_and_own_is_another_matter() -> None:
    """Section 1.2, rule 3: `*` reaches what `team` reaches; `own` neither includes the team's nor is included."""
    account = Account()
    mine = account.team("Mine")
    somebody = account.person("Somebody", teams=[])

    def reaches(*scopes: str) -> tuple[bool, bool]:
        name = f"P{len(account.log)}"
        who = account.person(name, roles=[account.role(name, *scopes)], teams=[mine])
        target = Target(Thing("application", "1"), (mine,), somebody)
        return (
            account.may(who, "contract_data:manage", target),
            _may(account, who, "contract_data:manage", owner=who),
        )

    assert (True, True) == reaches("contract_data:manage:*")
    assert (True, False) == reaches("contract_data:manage:team")
    assert (False, True) == reaches("contract_data:manage:own")
    assert (True, True) == reaches("contract_data:manage:own", "contract_data:manage:team")


@pytest.mark.parametrize(
    ("scopes", "gives", "denies"),
    [
        (("contract_data:manage:*",), "contract_data:manage", "contract_data:bulk_delete"),
        (("contract_data:bulk_delete:*",), "contract_data:bulk_delete", "contract_data:manage"),
        (("contract_data:bulk_delete:*",), "contract_data:bulk_delete", "contract_data:read"),
        (("user:manage:*", "user:read:*", "user:invite"), "user:manage", "system_account:manage"),
        (("user:manage:*", "user:read:*", "user:invite"), "user:read", "system_account:read"),
        (("system_account:manage:*",), "system_account:manage", "user:manage"),
        (("system_account:manage:*",), "system_account:read", "user:read"),
    ],
)
def test_what_never_implies_what(scopes: tuple[str, ...], gives: str, denies: str) -> None:
    """Section 1.2, rule 4: managing is no bulk deletion, people are no system accounts, nor the other way round."""
    account = Account()
    sally = account.person("Sally", roles=[account.role("Alone", *scopes)], teams=[])
    assert _may(account, sally, gives)
    assert not _may(account, sally, denies)


def test_only_ai_scopes_reach_by_prefix() -> None:
    """Section 1.2, rule 5: `ai:*` covers all below it; the last `*` of any other scope is how far it reaches."""
    account = Account()
    sally = account.person("Sally", roles=[account.role("AI", "ai:*")], teams=[])
    features = [action.name for action in shipped().actions if action.name.startswith("ai:")]
    assert all(_may(account, sally, feature) for feature in features)
    billy = account.person("Billy", roles=[account.role("Reads", "contract_data:read:*")], teams=[])
    covered = [one.name for one in shipped().actions if _may(account, billy, one.name)]
    assert ["contract_data:read"] == covered


@pytest.mark.parametrize(
    "scope", ["contract_data:*", "user:*", "team:*", "system_account:*", "ai:generation"]
)
async def test_a_prefix_of_other_scopes_is_none(running: Running, scope: str) -> None:
    """Section 1.2, rule 5: outside AI there is no scope for everything below a prefix."""
    answer = await running.admin.post("/admin/roles", {"name": "x", "permissions": [{"scope": scope}]})
    assert 400 == answer.status


def test_a_team_counts_while_one_belongs_to_it() -> None:
    """Section 1.2, rule 6: the roles are the same everywhere; the teams are those of the moment of the decision."""
    account = Account()
    mine, other = account.team("Mine"), account.team("Other")
    sally = account.person("Sally", roles=[account.role("Team", "contract_data:manage:team")], teams=[])

    def reached() -> list[str]:
        return [team for team in (mine, other) if _may(account, sally, "contract_data:manage", team=team)]

    assert [] == reached()
    account.do(ChangeMembers(team=mine, how="add", members=(sally,)))
    assert [mine] == reached()
    account.do(ChangeMembers(team=other, how="add", members=(sally,)))
    assert [mine, other] == reached()
    account.do(ChangeMembers(team=mine, how="remove", members=(sally,)))
    assert [other] == reached()
    account.do(DeleteTeam(team=other))
    assert [] == reached()


def test_a_things_team_counts_while_it_belongs_to_it() -> None:
    """Section 1.2, rule 6: an application is of the teams that hold it at the moment of the decision."""
    account = Account()
    foo = account.application("Foo")
    mine = account.team("Mine", [foo])
    sally = account.person("Sally", roles=[account.role("Team", "contract_data:manage:team")], teams=[mine])
    assert account.may(sally, "contract_data:manage", of_application(account.now.application(foo)))
    account.do(EditTeam(team=mine, applications=()))
    assert not account.may(sally, "contract_data:manage", of_application(account.now.application(foo)))


async def test_a_missing_ai_permission_is_named(running: Running) -> None:
    """Section 1.2, rule 7: whoever asks why is told the very permission that is missing."""
    sally = await running.person("Sally", roles=[await running.role("Other", "ai:generation:openapi")])
    body = {
        "subject": {"type": "user", "id": sally.id},
        "action": {"name": "ai:generation:code"},
        "resource": {"type": "ai", "id": "generation"},
    }
    answer = (await running.admin.post("/access/v1/evaluation", body)).json
    assert not answer["decision"]
    assert "ai:generation:code" in answer["context"]["reason_admin"]["en"]
