"""Section 1.1: the forty scopes. Whoever holds one alone may do what it says, and nothing beside it."""

import re
from typing import Any

import pytest

from projections import access
from projections.things import Target
from service.catalogue.loader import shipped
from service.http import matrix, routes
from service.vocabulary import PrincipalId, TeamId, Thing
from tests.given import SCIM, Account
from tests.rules import deeds
from tests.service import Running

AI = (
    "ai:generation:openapi",
    "ai:generation:code",
    "ai:generation:request-response",
    "ai:generation:test-template",
)
EVERYWHERE, TEAM, OWN = ("own", "team", "other"), ("team",), ("own",)

REACHES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ai:*": (EVERYWHERE, AI),
    "ai:generation:*": (EVERYWHERE, AI),
    "ai:generation:openapi": (EVERYWHERE, AI[:1]),
    "ai:generation:code": (EVERYWHERE, AI[1:2]),
    "ai:generation:request-response": (EVERYWHERE, AI[2:3]),
    "ai:generation:test-template": (EVERYWHERE, AI[3:]),
    "authentication_settings:manage:*": (EVERYWHERE, ("authentication_settings:manage",)),
    "contract_data:bulk_delete:*": (EVERYWHERE, ("contract_data:bulk_delete",)),
    "contract_data:bulk_delete:team": (TEAM, ("contract_data:bulk_delete",)),
    "contract_data:bulk_delete:own": (OWN, ("contract_data:bulk_delete",)),
    "contract_data:manage:*": (EVERYWHERE, ("contract_data:manage", "contract_data:read")),
    "contract_data:manage:team": (TEAM, ("contract_data:manage", "contract_data:read")),
    "contract_data:manage:own": (OWN, ("contract_data:manage", "contract_data:read")),
    "contract_data:read:*": (EVERYWHERE, ("contract_data:read",)),
    "deployment_and_release:record:*": (EVERYWHERE, ("deployment_and_release:record",)),
    "deployment_and_release:record:team": (TEAM, ("deployment_and_release:record",)),
    "environment:manage:*": (EVERYWHERE, ("environment:manage", "environment:read")),
    "environment:read:*": (EVERYWHERE, ("environment:read",)),
    "environment:read:team": (TEAM, ("environment:read",)),
    "read_token:manage:own": (OWN, ("read_token:manage",)),
    "token:manage:own": (OWN, ("token:manage", "read_token:manage")),
    "role:manage:*": (EVERYWHERE, ("role:manage", "role:read")),
    "role:read:*": (EVERYWHERE, ("role:read",)),
    "secret:manage:*": (EVERYWHERE, ("secret:manage", "secret:read")),
    "secret:manage:team": (TEAM, ("secret:manage", "secret:read")),
    "secret:read:team": (TEAM, ("secret:read",)),
    "system_account:manage:*": (EVERYWHERE, ("system_account:manage", "system_account:read")),
    "system_account:manage:team": (TEAM, ("system_account:manage", "system_account:read")),
    "system_account:read:*": (EVERYWHERE, ("system_account:read",)),
    "system_account:read:team": (TEAM, ("system_account:read",)),
    "system_preference:manage:*": (EVERYWHERE, ("system_preference:manage",)),
    "team:manage:*": (EVERYWHERE, ("team:manage", "team:read")),
    "team:read:*": (EVERYWHERE, ("team:read",)),
    "user:invite": (EVERYWHERE, ("user:invite",)),
    "user:manage:*": (EVERYWHERE, ("user:manage", "user:read")),
    "user:read:*": (EVERYWHERE, ("user:read",)),
    "webhook:manage:*": (EVERYWHERE, ("webhook:manage",)),
    "webhook:manage:team": (TEAM, ("webhook:manage",)),
}
"""How far each scope that a custom role may hold reaches, alone, and with which actions."""

BOUND = ("team:manage:{uuid}", "user:manage_scim_attributes:*")
NOT_HELD_HERE = (
    "ai",
    "deployment_and_release",
    "system_preference",
    "authentication_settings",
)
SEE_ROLES = (
    *("list roles", "list permissions", "see a role", "list catalogues", "see a catalogue"),
    *("list route tables", "see a route table"),
)
SEE_TEAMS = (
    "list teams",
    "see a team",
    "see a team at its other address",
    "see its members",
    "see a member",
    "see a member at the other address",
)
SEE_APPLICATIONS = (
    "list applications",
    "list labels",
    "list applications with a label",
    "list integrations",
    "list our team's integrations",
    "list the newest contracts",
    "see what is usually verified",
    "ask what is to be verified",
    *(deed for deed in deeds.DEEDS if deed.startswith("list a provider's contracts")),
)
SEE_OUR_ACCOUNT = ("list principals", "see our account", "see the aliases of our account")
SEE_ACCOUNTS = (*SEE_OUR_ACCOUNT, "see their account", "see the aliases of their account")

IN_AN_ENVIRONMENT = (
    "list the current deployments",
    "list the deployments",
    "list the supported releases",
    "list the releases",
)
SEE_OUR_ENVIRONMENT = (
    "list environments",
    "see our environment",
    *(f"{what} of ours environment" for what in IN_AN_ENVIRONMENT),
)
SEE_ENVIRONMENTS = (
    *SEE_OUR_ENVIRONMENT,
    "see their environment",
    *(f"{what} of theirs environment" for what in IN_AN_ENVIRONMENT),
)


def _of(whose: str, *what: str) -> tuple[str, ...]:
    return tuple(f"{one} of {whose}" for one in what)


SEE_VERSIONS = (
    "see its versions",
    "see a version",
    "see its newest version",
    "see a tag",
    "see versions with a tag",
    "see the newest version with a tag",
    "see its branches",
    "see a branch",
    "see the newest version on a branch",
    "see versions on a branch",
    "see a version on a branch",
    "see a label",
)
MANAGE_VERSIONS = (
    "describe a version",
    "change a version",
    "tag a version",
    "untag a version",
    "put a version on a branch",
    "take a version off a branch",
    "delete a branch",
    "delete most branches",
    "delete a version",
    "label it",
    "take a label",
)
SEE = (
    *SEE_VERSIONS,
    "see the application",
    "see the network",
    "see the contract",
    "see what the contract set off",
    "see what a result set off",
    "see what is sent for the two",
    "see the newest contract",
    "see the newest tagged contract",
    "see its tagged contracts",
    "see its contracts on a branch",
    "see the newest of a branch",
    "list the newest of a branch",
    "see its contracts on the main branch",
    "list the newest of the main branch",
    "see every version's contract",
    "see a deletion",
    "see the content",
    "see the content with a note",
    "see a result",
    "see a result with a note",
    "see the newest result",
    "see the newest result of a version",
    "see the results of a version",
)
_NEW_WEBHOOK = ("make a webhook", "try a webhook")
MANAGE = (
    *SEE,
    *MANAGE_VERSIONS,
    "replace the application",
    "change the application",
    "delete the unused application",
    "publish a contract",
    "merge a contract",
    "publish the newer way",
    "restore what was deleted",
    "publish a result",
    "publish a result with a note",
    "delete a result",
    "delete one contract",
)
WIPE = (
    "bulk delete the contracts",
    "bulk delete what has a tag",
    "bulk delete what is of a branch",
    "delete the integration",
)
ALL = ("ours", "theirs", "hers")

DONE: dict[str, tuple[str, ...]] = {
    "authentication_settings:manage:*": ("see who may sign in", "change who may sign in"),
    "system_preference:manage:*": ("change a preference", "change preferences"),
    "contract_data:bulk_delete:*": (*(d for w in ALL for d in _of(w, *WIPE)), "delete every integration"),
    "contract_data:bulk_delete:team": _of("ours", *WIPE),
    "contract_data:bulk_delete:own": _of("hers", *WIPE),
    "contract_data:manage:*": (
        *SEE_APPLICATIONS,
        "make an application",
        *(deed for whose in ALL for deed in _of(whose, *MANAGE)),
    ),
    "contract_data:manage:team": (*SEE_APPLICATIONS, *_of("ours", *MANAGE)),
    "contract_data:manage:own": (*SEE_APPLICATIONS, "make an application", *_of("hers", *MANAGE)),
    "contract_data:read:*": (*SEE_APPLICATIONS, *(deed for whose in ALL for deed in _of(whose, *SEE))),
    "environment:manage:*": (
        *SEE_ENVIRONMENTS,
        "make an environment",
        "change our environment",
        "delete our environment",
    ),
    "environment:read:*": SEE_ENVIRONMENTS,
    "environment:read:team": SEE_OUR_ENVIRONMENT,
    "read_token:manage:own": (
        "list the own tokens",
        "see the own read-only token",
        "renew the own read-only token",
    ),
    "token:manage:own": (
        "list the own tokens",
        "see the own read-only token",
        "see the own read/write token",
        "renew the own read-only token",
        "renew the own read/write token",
    ),
    "role:manage:*": (
        *SEE_ROLES,
        *("make a role", "change a role", "delete a role", "reset the roles"),
        *("adopt a route table", "withdraw a route table"),
        *("adopt a catalogue", "withdraw a catalogue"),
    ),
    "role:read:*": SEE_ROLES,
    "secret:manage:*": tuple(deed for deed in deeds.DEEDS if "secret" in deed),
    "secret:manage:team": (
        "list secrets",
        "make a secret of our team",
        *(f"{deed} ours secret" for deed in ("see", "describe", "rotate", "move into our team", "delete")),
    ),
    "secret:read:team": ("list secrets", "see ours secret"),
    "system_account:manage:*": (
        *SEE_ACCOUNTS,
        "change our account",
        "change their account",
        "name our account otherwise",
        "name their account otherwise",
        "list the tokens of our account",
        "list the tokens of their account",
        "renew the token of our account",
        "renew the token of their account",
        "give our account a role",
        "give their account a role",
        "delete our account",
        "delete their account",
        "make an account for our team",
        "make an account for their team",
        "make an account for no team",
    ),
    "system_account:manage:team": (
        *SEE_OUR_ACCOUNT,
        "change our account",
        "list the tokens of our account",
        "renew the token of our account",
        "delete our account",
        "make an account for our team",
    ),
    "system_account:read:*": SEE_ACCOUNTS,
    "system_account:read:team": SEE_OUR_ACCOUNT,
    "team:manage:*": (
        *SEE_TEAMS,
        "make a team",
        "change a team",
        "add a member",
        "replace the members",
        "patch the members",
        "remove some members",
        "remove a member",
        "delete a team",
    ),
    "team:read:*": SEE_TEAMS,
    "user:invite": ("invite a person", "invite people"),
    "user:manage:*": (
        "list principals",
        "see a person",
        "see a person's role",
        "see a person's aliases",
        "name a person otherwise",
        "change a person",
        "give a person a role",
        "take a person's role",
        "replace a person's roles",
        "give the older administrator's role",
        "take the older administrator's role",
        "delete a person",
    ),
    "user:read:*": ("list principals", "see a person", "see a person's role", "see a person's aliases"),
    "webhook:manage:*": tuple(deed for deed in deeds.DEEDS if "webhook" in deed),
    "webhook:manage:team": (
        *(deed for deed in deeds.DEEDS if deed.startswith(("list webhooks", "list the webhooks of"))),
        "see what webhooks of our team may draw on",
        *(deed for deed in deeds.DEEDS if deed.startswith(_NEW_WEBHOOK) and "of our team" in deed),
        *(f"{deed} ours webhook" for deed in ("see", "describe", "move into our team", "delete", "try")),
        *(f"{deed} ours webhook" for deed in ("see what was sent for", "read the log of")),
    ),
}
"""What each scope does over HTTP, of all `deeds.DEEDS`; a scope that is not listed does none but what anybody may."""

NAMES_NO_TEAM: dict[str, tuple[str, ...]] = {
    "secret:manage:team": ("make a secret of no team",),
    "webhook:manage:team": tuple(
        deed for deed in deeds.DEEDS if deed.startswith(_NEW_WEBHOOK) and "of no team" in deed
    ),
}
"""What each scope is told to name a team for: 400 at /teamUuid, since it gives that in teams (section 7, point 14)."""

LABELS = """\
ai:*  ~All AI features  Ai
ai:generation:*  ~All test generation  Ai
ai:generation:openapi  ~Generate from OpenAPI  Ai
ai:generation:code  ~Generate from code  Ai
ai:generation:request-response  ~Generate from request/response  Ai
ai:generation:test-template  ~Use a test template  Ai
authentication_settings:manage:*  Manage authentication settings  Authentication Settings
contract_data:bulk_delete:*  Can bulk delete all contract data  Contract Data
contract_data:bulk_delete:team  Can bulk delete team contract data  Contract Data
contract_data:bulk_delete:own  Bulk delete own contract data  Contract Data
contract_data:manage:*  Manage all contract data  Contract Data
contract_data:manage:team  Manage team's contract data  Contract Data
contract_data:manage:own  Manage own contract data  Contract Data
contract_data:read:*  View all contract data  Contract Data
deployment_and_release:record:*  Record deployments and releases  Deployment And Release
deployment_and_release:record:team  Record deployments and releases for your team  Deployment And Release
environment:manage:*  Manage deployment environments  Environment
environment:read:*  View deployment environments  Environment
environment:read:team  View deployment environments for a team  Environment
read_token:manage:own  Manage own read only API tokens  Token
token:manage:own  Manage own API tokens  Token
role:manage:*  ~Manage roles  Role
role:read:*  ~View all roles  Role
secret:manage:*  ~Manage all secrets  Secret
secret:manage:team  ~Manage team secrets  Secret
secret:read:team  ~View team secrets  Secret
system_account:manage:*  ~Manage all system accounts  System Account
system_account:manage:team  ~Manage team system accounts  System Account
system_account:read:*  ~View all system accounts  System Account
system_account:read:team  ~View team system accounts  System Account
system_preference:manage:*  ~Manage system preferences  System Preference
team:manage:*  ~Manage all teams  Team
team:manage:{uuid}  ~Manage team {name}  Team
team:read:*  ~View all teams  Team
user:invite  ~Invite users  User
user:manage:*  ~Manage all users  User
user:manage_scim_attributes:*  ~Manage SCIM attributes  User
user:read:*  ~View all users  User
webhook:manage:*  ~Manage all webhooks  Webhook
webhook:manage:team  ~Manage team webhooks  Webhook
"""
"""Scope, label, group. A label behind `~` is ours, in the style of the others."""


@pytest.mark.parametrize("scope", sorted(REACHES))
def test_a_scope_alone_decides_what_it_says(scope: str) -> None:
    """Section 1.1: of every action, on one's own, one's team's and another's things, it gives these and no more."""
    account = Account()
    mine, others = account.team("Mine"), account.team("Others")
    somebody = account.person("Somebody", roles=[], teams=[others])
    sally = account.person("Sally", roles=[account.role("Alone", scope)], teams=[mine])
    found = {
        (extent, action)
        for action, extent, target in _questions(sally, somebody, mine, others)
        if access.may(account.now, sally, action, target)
    }
    extents, actions = REACHES[scope]
    assert {(extent, action) for extent in extents for action in actions} == found


@pytest.mark.parametrize("scope", sorted(REACHES))
async def test_a_scope_alone_does_what_it_says_over_http(running: Running, scope: str) -> None:
    """Section 1.1: of everything that can be tried it does these, and is denied all else with a 403."""
    world = await deeds.world(running, scope)
    wanted = (*DONE.get(scope, ()), *deeds.ANYBODY)
    told = NAMES_NO_TEAM.get(scope, ())
    for deed in told:
        answer = await world.tries(deed)
        assert (400, ["teamUuid"]) == (answer.status, list(answer.json["errors"])), answer.text
    done, denied = await world.outcomes(wanted)
    assert set(wanted) == done
    assert set(deeds.DEEDS) - done - set(told) == denied


@pytest.mark.parametrize("scope", [one for one in sorted(REACHES) if one.startswith(NOT_HELD_HERE)])
async def test_a_scope_on_what_is_not_held_here_is_asked_about(running: Running, scope: str) -> None:
    """Section 1.1: for a thing that another service holds, AuthZEN answers by the thing's team and owner as asked."""
    mine, other = await running.team("Mine"), await running.team("Other")
    sally = await running.person("Sally", roles=[await running.role("Alone", scope)], teams=[mine])
    properties = {"own": {"owner": sally.id}, "team": {"team": mine}, "other": {"team": other}}
    found = set()
    for action in shipped().actions:
        if not action.name.startswith(NOT_HELD_HERE) or action.types == ("application",):
            continue
        for extent, said in properties.items():
            body = _question(sally.id, action.name, action.types[0], said)
            answer = await running.admin.post("/access/v1/evaluation", body)
            assert 200 == answer.status, answer.text
            if answer.json["decision"]:
                found.add((extent, action.name))
    extents, actions = REACHES[scope]
    asked = [action for action in actions if not action.startswith("deployment")]
    assert {(extent, action) for extent in extents for action in asked} == found


async def test_recording_a_deployment_is_asked_about_by_application(running: Running) -> None:
    """Section 1.1, rows 15 and 16: `*` for any application, `team` for the team's; neither gives anything else."""
    world = await deeds.world(running, "deployment_and_release:record:team")

    async def recordable() -> list[str]:
        found = []
        for whose in ("ours", "theirs", "hers"):
            body = _question(world.sally.id, "deployment_and_release:record", "application", {})
            body["resource"]["id"] = whose
            if (await running.admin.post("/access/v1/evaluation", body)).json["decision"]:
                found.append(whose)
        return found

    assert ["ours"] == await recordable()
    wide = await running.role("Wide", "deployment_and_release:record:*")
    await running.admin.put(f"/admin/users/{world.sally.id}/roles", {"roles": [wide]})
    assert ["ours", "theirs", "hers"] == await recordable()


async def test_administering_one_team_gives_that_team_alone(running: Running) -> None:
    """Section 1.1, row 33: name, administrators, members, applications, environments of the one team; not its end."""
    world = await deeds.world(running, "user:read:*")
    team = await running.team("Led", administratorUuids=[world.sally.id])
    place = f"/admin/teams/{team}"
    body = {
        "name": "Led well",
        "administratorUuids": [world.sally.id, world.ids["billy"]],
        "pacticipantNames": ["ours"],
        "environmentUuids": [world.ids["ours environment"]],
    }
    changed = await world.sally.put(place, body)
    assert 200 == changed.status, changed.text
    assert "Led well" == changed.json["name"]
    assert [1, 1, 2] == [
        len(changed.json["_embedded"][what]) for what in ("environments", "pacticipants", "administrators")
    ]
    assert 200 == (await world.sally.put(f"{place}/users", {"users": [world.ids["billy"]]})).status
    for denied in ("make a team", "change a team", "see a team", "add a member", "delete a team"):
        assert 403 == (await world.tries(denied)).status, denied
    assert 403 == (await world.sally.delete(place)).status


@pytest.mark.parametrize(
    "scope", ["team:manage:{uuid}", "team:manage:<mine>", "user:manage_scim_attributes:*"]
)
async def test_a_role_bound_scope_is_refused_elsewhere(running: Running, scope: str) -> None:
    """Section 1.1, rows 33 and 37: no role's body may name them, neither a new one's nor a predefined one's."""
    team = await running.team("Mine")
    body = {"name": "Bound", "permissions": [{"scope": scope.replace("<mine>", team)}]}
    assert 400 == (await running.admin.post("/admin/roles", body)).status
    role = await running.role("Custom")
    assert 400 == (await running.admin.put(f"/admin/roles/{role}", body)).status
    user = "e9282e22-416b-11ea-a16e-57ee1bb61d18"
    assert 400 == (await running.admin.put(f"/admin/roles/{user}", body)).status


def test_scim_attributes_are_for_the_scim_role() -> None:
    """Section 1.1, row 37: the SCIM role sets them, an Administrator does not."""
    account = Account()
    scim = account.robot("scim", roles=[SCIM], teams=[])
    user = Target(Thing("user", "*"))
    assert account.may(scim, "user:manage_scim_attributes", user)
    assert not account.may(account.kevin, "user:manage_scim_attributes", user)


@pytest.mark.parametrize(
    "scope",
    [
        "system_preference:read:*",
        "system_preferences:read:*",
        "system:preference:read",
        "webhook:read:*",
        "webhook:read:team",
        "secret:read:*",
        "contract_data:read:team",
        "environment:manage:team",
    ],
)
async def test_a_scope_that_is_retired_or_never_was_is_refused(running: Running, scope: str) -> None:
    """Section 1.1: reading system preferences needs none any more, and these reads and extents do not exist."""
    answer = await running.admin.post("/admin/roles", {"name": "x", "permissions": [{"scope": scope}]})
    assert (400, ["permissions.0.scope"]) == (answer.status, list(answer.json["errors"]))


async def test_the_forty_scopes_have_their_labels_and_groups(running: Running) -> None:
    """Section 1.1: every scope with label, group and, for old clients, the label as `name`; ours come on top."""
    shown = (await running.admin.get("/admin/permissions")).json["permissions"]
    ours = ("audit:", "access:", "resource:")
    documented = [one for one in shown if not one["scope"].startswith(ours)]
    assert 40 == len(documented)
    wanted = [tuple(line.replace("  ~", "  ").split("  ")) for line in LABELS.splitlines()]
    assert wanted == [(one["scope"], one["label"], one["group"]) for one in documented]
    assert [one["label"] for one in shown] == [one["name"] for one in shown]
    assert len(shown) == len({one["uuid"] for one in shown})


def test_every_route_is_tried() -> None:
    """Section 1.1: what a scope does not give is only known of routes that were tried: a new one joins the deeds."""
    tried = []
    for request in deeds.DEEDS.values():
        method, path = re.findall(r"^(\S+) ((?:<[^>]*>|[^\s?])+)", request)[0]
        tried.append((method, re.sub(r"<[^>]*>", "x", path)))
    untried = [
        f"{route.method} {route.path}"
        for route in routes.ROUTES
        if route.auth != "none"
        and route.surface is not matrix.asked  # answered by a sentence alone: nothing is done there
        and not any(
            method == route.method and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", route.path), path)
            for method, path in tried
        )
    ]
    assert [] == untried


def test_every_scope_is_in_one_of_the_tables_above() -> None:
    """Section 1.1: forty scopes, each proven here; one that is added to the catalogue is proven or named as ours."""
    documented = [
        one.scope
        for one in shipped().permissions
        if not one.scope.startswith(("audit:", "access:", "resource:"))
    ]
    assert 40 == len(documented)
    assert set(documented) == set(REACHES) | set(BOUND)
    assert set(DONE) <= set(REACHES)


def _questions(
    sally: PrincipalId, somebody: PrincipalId, mine: str, others: str
) -> list[tuple[str, str, Target]]:
    found = []
    for action in shipped().actions:
        type_ = action.types[0]
        targets = {
            "own": Target(Thing(type_, "1"), (), sally),
            "team": Target(Thing(type_, mine), (TeamId(mine),), somebody),
            "other": Target(Thing(type_, others), (TeamId(others),), somebody),
        }
        found += [(action.name, extent, target) for extent, target in targets.items()]
    return found


def _question(subject: str, action: str, type_: str, properties: dict[str, str]) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": subject},
        "action": {"name": action},
        "resource": {"type": type_, "id": "one", "properties": properties},
    }
