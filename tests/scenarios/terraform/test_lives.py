"""Every resource's life over the wire: made, read, planned without a difference, changed, planned again, taken away."""

from urllib.parse import unquote

import msgspec
import pytest

from tests.scenarios.terraform.client import Failed
from tests.scenarios.terraform.conftest import Runs
from tests.scenarios.terraform.core import Block, Configuration, Ref, Run
from tests.scenarios.terraform.people import ADMINISTRATOR
from tests.service import Running

USER = "e9282e22-416b-11ea-a16e-57ee1bb61d18"
CI_CD = "c1878b8e-d09e-11ea-8fde-af02c4677eb7"
VIEWER = "9fa50562-a42b-4771-aa8e-4bb3d623ae60"

AROUND: Configuration = {
    "pact_application.api": {"name": "GraphQL API"},
    "pact_application.ui": {"name": "Admin/UI"},
    "pact_user.homer": {"name": "Homer", "email": "Homer@Example.org", "roles": [USER]},
    "pact_user.bender": {"name": "Bender Rodríguez", "type": "system"},
    "pact_team.cartoons": {"name": "Cartoons"},
}
"""What the others refer to; it stays as it is."""
HOMER, BENDER = Ref("pact_user.homer", "uuid"), Ref("pact_user.bender", "uuid")
API, UI = Ref("pact_application.api", "name"), Ref("pact_application.ui", "name")
CARTOONS = Ref("pact_team.cartoons", "uuid")

LIVES: dict[str, tuple[Block, Block]] = {
    "pact_application.own": (
        {"name": "naïve, 50% & more", "repository_url": "github.com/foo/ui"},
        {"name": "naïve, 50% & more", "repository_url": "github.com/foo/web", "display_name": "The UI"},
    ),
    "pact_pacticipant.own": (
        {"name": "older", "main_branch": "master"},
        {"name": "older", "main_branch": "main"},
    ),
    "pact_role.own": (
        {"name": "Special", "scopes": ["user:invite:*", "environment:read:team*", "secret:manage:team"]},
        {"name": "More special", "scopes": ["user:invite", "authentication_settings:manage"]},
    ),
    "pact_team.own": (
        {"name": "Futurama", "pacticipants": [API, UI], "users": [BENDER], "administrators": [HOMER]},
        {"name": "Futurama II", "pacticipants": [UI], "users": [HOMER, BENDER], "administrators": [HOMER]},
    ),
    "pact_user.own": (
        {"name": "Marge", "email": "Marge.S@Example.org", "active": True, "roles": [USER, VIEWER]},
        {"name": "Marge Simpson", "email": "Marge.S@Example.org", "active": False, "roles": [CI_CD]},
    ),
    "pact_user.system": (
        {"name": "Röbot", "email": "Robot+1@Example.org", "type": "system", "roles": [CI_CD]},
        {"name": "Røbot", "email": "Robot+1@Example.org", "type": "system", "active": False, "roles": []},
    ),
    "pact_token.own": (
        {"type": "read-only", "name": "Local"},
        {"type": "read-only", "name": "Elsewhere"},
    ),
    "pact_environment.own": (
        {"name": "uat", "display_name": "User acceptance", "production": False, "teams": [CARTOONS]},
        {"name": "prod", "display_name": "Production", "production": True, "teams": []},
    ),
    "pact_secret.own": (
        {"name": "BuildToken", "description": "of CI\n", "value": "first", "team": CARTOONS},
        {"name": "BuildKey", "description": "of\tCI & more\n", "value": "second\n", "team": CARTOONS},
    ),
    "pact_secret.alone": (
        {"name": "BuildToken", "description": "", "value": "first"},
        {"name": "BuildToken", "description": "", "value": "first", "team": CARTOONS},
    ),
    "pact_webhook.own": (
        {
            "description": "Build\n",
            "webhook_consumer": {"name": UI},
            "webhook_provider": {"name": API},
            "events": ["provider_verification_failed", "contract_content_changed"],
            "request": {
                "url": "https://ci.example.org/job/${pactbroker.providerName}?token=${user.BuildToken}&x=1",
                "method": "POST",
                "username": "jenkins",
                "password": "first",
                "headers": {"X-lower-UPPER": "a", "Authorization": "Bearer ${user.BuildToken}"},
                "body": '{"b": [1.0, 1e3, "<ü>"],  "a": {"${user.A}": null}}',
            },
            "team": CARTOONS,
        },
        {
            "description": "Build it",
            "webhook_consumer": {"name": UI},
            "webhook_provider": {"name": API},
            "events": ["contract_published"],
            "request": {
                "url": "http://other.example.org:8080/${user.Job}",
                "method": "POST",
                "password": "second",
                "headers": {"x-lower-upper": "a"},
                "body": "<xml/>",
            },
            "team": CARTOONS,
        },
    ),
    "pact_webhook.alone": (
        {
            "events": ["contract_content_changed"],
            "request": {"url": "https://ci.example.org", "method": "POST"},
        },
        {
            "events": ["contract_content_changed"],
            "request": {"url": "https://ci.example.org/", "method": "POST", "headers": {"A": "b"}},
        },
    ),
    "pact_authentication.own": (
        {"github_organizations": ["zebra", "Apes"], "google_domains": ["Example.org", "an.example.org"]},
        {"github_organizations": ["Apes"], "google_domains": ["an.example.org", "Example.org"]},
    ),
}
"""What each resource is made as, and what it becomes by an update."""
READABLE = [f"pact_{kind}.own" for kind in ("application", "role", "team", "environment", "authentication")]
"""Those of which every attribute is read back (section 5.2)."""


@pytest.mark.parametrize("address", LIVES)
async def test_a_resource_is_made_changed_and_taken_away(run: Run, address: str) -> None:
    """After a create and after an update a plan finds nothing to do, and names only what was changed (section 5.3)."""
    made, changed = LIVES[address]
    await run.apply({**AROUND, address: made})
    assert {} == await run.plan({**AROUND, address: made})
    known = run.state[address]
    expected = {name for name in {*made, *changed} if made.get(name) != changed.get(name)}
    planned = await run.apply({**AROUND, address: changed})
    assert {address: ("update", expected)} == {
        one: (change.action, set(change.differences)) for one, change in planned.items()
    }
    assert known.id == run.state[address].id
    assert {} == await run.plan({**AROUND, address: changed})
    await run.apply(AROUND)
    assert {} == await run.plan(AROUND)
    await run.destroy()
    assert {} == run.state


@pytest.mark.parametrize("address", READABLE)
async def test_what_is_imported_needs_no_change(run: Run, address: str) -> None:
    """`terraform import` knows no more than an id: a read tells every field that a plan compares."""
    made, _ = LIVES[address]
    await run.apply({**AROUND, address: made})
    run.state[address] = msgspec.structs.replace(run.state[address], attributes={})
    assert {} == await run.plan({**AROUND, address: made})


@pytest.mark.parametrize("address", READABLE[:-1])
async def test_what_was_taken_away_is_missing(run: Run, address: str) -> None:
    """A thing that somebody else deleted is 404 to the next plan, which the provider reports as an error (5.1)."""
    made, _ = LIVES[address]
    await run.apply({**AROUND, address: made})
    known = run.state[address]
    await run.apply(AROUND)
    run.state[address] = known
    with pytest.raises(Failed) as missing:
        await run.plan({**AROUND, address: made})
    assert 404 == missing.value.status


async def test_an_imported_secret_lacks_its_value_alone(running: Running, run: Run) -> None:
    """The value is not read back (section 5.2): a plan after an import would set it, and an apply does, once."""
    made, _ = LIVES["pact_secret.own"]
    await run.apply({**AROUND, "pact_secret.own": made})
    run.state["pact_secret.own"] = msgspec.structs.replace(run.state["pact_secret.own"], attributes={})
    planned = await run.plan({**AROUND, "pact_secret.own": made})
    assert {"pact_secret.own": ("update", {"value": ("", "first")})} == {
        one: (change.action, dict(change.differences)) for one, change in planned.items()
    }
    await run.apply({**AROUND, "pact_secret.own": made})
    assert {} == await run.plan({**AROUND, "pact_secret.own": made})


async def test_an_imported_webhook_lacks_its_password_alone(run: Run) -> None:
    """What is shown as asterisks is not read back (section 5.2); everything else of a webhook is."""
    made, _ = LIVES["pact_webhook.own"]
    await run.apply({**AROUND, "pact_webhook.own": made})
    run.state["pact_webhook.own"] = msgspec.structs.replace(run.state["pact_webhook.own"], attributes={})
    (change,) = (await run.plan({**AROUND, "pact_webhook.own": made})).values()
    ((name, (here, wanted)),) = change.differences.items()
    assert ("request", "", "first") == (name, here.pop("password"), wanted.pop("password"))
    assert here == wanted


async def test_a_hidden_header_that_is_written_out_stays_a_difference(run: Run) -> None:
    """It comes back as asterisks, which the provider takes for its value (section 5.2)."""
    _, alone = LIVES["pact_webhook.alone"]
    request = {**alone["request"], "headers": {"Authorization": "Bearer written-out"}}
    webhook = {"pact_webhook.own": {**alone, "request": request}}
    await run.apply({**AROUND, **webhook})
    for _ in range(2):
        (change,) = (await run.apply({**AROUND, **webhook})).values()
        ((name, (here, wanted)),) = change.differences.items()
        assert ("request", {"Authorization": "**********"}) == (name, here["headers"])
        assert request["headers"] == wanted["headers"]


async def test_a_secrets_team_is_not_taken_away_by_leaving_it_out(run: Run) -> None:
    """An empty team is never sent, and what is not sent stays (section 7, point 4): it remains a difference."""
    _, teamed = LIVES["pact_secret.alone"]
    alone, _ = LIVES["pact_secret.alone"]
    await run.apply({**AROUND, "pact_secret.own": teamed})
    for _ in range(2):
        changes = await run.apply({**AROUND, "pact_secret.own": alone})
        assert [{"team"}] == [set(change.differences) for change in changes.values()]


async def test_authentication_lists_are_cleared_by_null(running: Running, run: Run) -> None:
    """Destroying pact_authentication sends nulls, and a plan of its own would find nothing left (section 5.2)."""
    made, _ = LIVES["pact_authentication.own"]
    place = "/admin/tenant/authentication-settings"
    await run.apply({"pact_authentication.own": made})
    answer = await running.admin.get(place)
    assert "application/json;charset=utf-8" == answer.headers["Content-Type"]
    providers = answer.json["authenticationProviders"]
    assert made["google_domains"] == providers["Google"]["emailDomains"]
    assert made["github_organizations"] == providers["GitHub"]["githubOrganizations"]
    await run.destroy()
    providers = (await running.admin.get(place)).json["authenticationProviders"]
    assert not providers["Google"]["emailDomains"]
    assert not providers["GitHub"]["githubOrganizations"]


async def test_the_older_way_to_administrator(running: Running, run: Run) -> None:
    """pact_role_v1 gives and takes Administrator beside what the user has; both answers are the user (section 4.5)."""
    configuration: Configuration = {
        "pact_user.homer": AROUND["pact_user.homer"],
        "pact_role_v1.own": {"role": "administrator", "user": HOMER},
    }
    await run.apply(configuration)
    homer = run.state["pact_user.homer"].id
    assert ["Administrator", "User"] == await roles(running, homer)
    assert {} == await run.plan(configuration)
    await run.apply({"pact_user.homer": AROUND["pact_user.homer"]})
    assert ["User"] == await roles(running, homer)
    await run.apply(configuration)
    await run.destroy()
    assert [] == await roles(running, homer)


async def test_a_write_token_changes_itself_and_goes_on_with_the_new_value(
    running: Running, runs: Runs
) -> None:
    """Regenerating one's own read/write token answers 201 with the value that works from then on (section 3.8)."""
    robot = await running.system_account("Robot", roles=[ADMINISTRATOR])
    run = runs(token=robot.token)
    await run.apply({"pact_token.own": {"type": "read-write", "name": "CI"}})
    assert robot.token == run.state["pact_token.own"].attributes["value"]
    renamed: Configuration = {"pact_token.own": {"type": "read-write", "name": "CI of this year"}}
    await run.apply(renamed)
    assert {} == await run.plan(renamed)
    assert run.client.token == run.state["pact_token.own"].attributes["value"]
    assert robot.token != run.client.token
    assert 401 == (await robot.get("/user")).status
    await run.destroy()
    assert 200 == (await running.client(run.client.token).get("/user")).status


@pytest.mark.parametrize(
    "name", ["foo bar", "naïve/Ünï, 50%", "a%20b", "100%25", "a+b&c=d", "ﬁ;x?y#z", "%41"]
)
async def test_a_name_that_is_escaped_twice_is_its_own(running: Running, run: Run, name: str) -> None:
    """Whatever an application is called, the doubly escaped name finds it, and not what it would be decoded.

    An application that is called as another's name is escaped would be found first: exact names win (section 5.1).
    """
    if (decoded := unquote(name)) != name:
        assert 201 == (await running.admin.post("/pacticipants", {"name": decoded})).status
    before: Configuration = {"pact_application.own": {"name": name, "main_branch": "main"}}
    after: Configuration = {"pact_application.own": {"name": name, "main_branch": "trunk"}}
    for configuration in (before, after):
        await run.apply(configuration)
        assert {} == await run.plan(configuration)
    await run.destroy()
    left = (await running.admin.get("/pacticipants")).json["_embedded"]["pacticipants"]
    assert name not in [one["name"] for one in left]
    assert all("mainBranch" not in one for one in left)


async def roles(running: Running, user: str) -> list[str]:
    """The names of the roles that somebody holds."""
    document = (await running.admin.get(f"/admin/users/{user}")).json
    return [role["name"] for role in document["_embedded"]["roles"]]


async def test_a_team_that_changes_keeps_its_environments(run: Run) -> None:
    """pact_team never sends environments: they are pact_environment's, and stay through its PUT (section 5.3)."""
    environment = {"name": "uat", "display_name": "UAT", "production": False, "teams": [CARTOONS]}
    before: Configuration = {**AROUND, "pact_environment.uat": environment}
    after: Configuration = {**before, "pact_team.cartoons": {"name": "Toons", "users": [HOMER]}}
    await run.apply(before)
    assert ["pact_team.cartoons"] == list(await run.apply(after))
    assert {} == await run.plan(after)


async def test_a_list_is_emptied_by_leaving_it_out(running: Running, run: Run) -> None:
    """Applications and administrators are never sent empty, users are: all three are gone afterwards (open point 3)."""
    made, _ = LIVES["pact_team.own"]
    await run.apply({**AROUND, "pact_team.own": made})
    await run.apply({**AROUND, "pact_team.own": {"name": "Futurama"}})
    team = (await running.admin.get(f"/admin/teams/{run.state['pact_team.own'].id}")).json["_embedded"]
    assert ([], [], []) == (team["administrators"], team["pacticipants"], team["members"])
