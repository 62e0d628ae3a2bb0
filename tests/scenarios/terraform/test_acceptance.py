"""The vendor's acceptance story (section 5.4): apply A, apply B, destroy; and A once more over what was left.

Its webhook is left out. The vendor's own run passes on exit codes; here every apply is followed by a plan.
"""

from typing import Any

from tests.scenarios.terraform.core import Configuration, Ref, Run
from tests.scenarios.terraform.people import ADMINISTRATOR
from tests.service import Running

CI_CD = "c1878b8e-d09e-11ea-8fde-af02c4677eb7"
VIEWER = "9fa50562-a42b-4771-aa8e-4bb3d623ae60"
USER = "e9282e22-416b-11ea-a16e-57ee1bb61d18"
CLASSIC_SCOPES = [
    "contract_data:bulk_delete:*",
    "contract_data:manage:*",
    "contract_data:read:*",
    "read_token:manage:own",
    "role:manage:*",
    "role:read:*",
    "secret:manage:*",
    "system_account:manage:*",
    "system_account:read:*",
    "team:manage:*",
    "team:read:*",
    "token:manage:own",
    "user:invite",
    "user:manage:*",
    "user:read:*",
    "webhook:manage:*",
]
HOMER, BENDER = Ref("pact_user.homer", "uuid"), Ref("pact_user.bender", "uuid")
EXAMPLE, GRAPHQL = Ref("pact_pacticipant.example", "name"), Ref("pact_pacticipant.graphql", "name")

A: Configuration = {
    "pact_pacticipant.example": {"name": "pactflow-example-consumer-7", "display_name": "Example"},
    "pact_pacticipant.ui": {
        "name": "AdminUI-7",
        "repository_url": "github.com/foo/admin",
        "display_name": "UI",
    },
    "pact_pacticipant.graphql": {"name": "GraphQLAPI-7", "repository_url": "github.com/foo/api"},
    "pact_team.simpsons": {"name": "Simpsons-7", "users": [HOMER]},
    "pact_team.futurama": {
        "name": "Futurama-7",
        "pacticipants": [GRAPHQL, EXAMPLE],
        "users": [BENDER],
        "administrators": [HOMER],
    },
    "pact_team.cartoons": {"name": "Cartoons-7", "users": [BENDER, HOMER]},
    "pact_user.homer": {
        "name": "Homer Simpson",
        "email": "Homer.Simpson+7@example.org",
        "active": True,
        "roles": [CI_CD, VIEWER, USER, Ref("pact_role.special", "uuid"), ADMINISTRATOR],
    },
    "pact_user.bender": {
        "name": "Bender Rodríguez",
        "email": "bender+7@example.org",
        "type": "system",
        "active": True,
    },
    "pact_role.special": {"name": "specialrole-7", "scopes": CLASSIC_SCOPES},
    "pact_environment.staging": {
        "name": "staging7",
        "display_name": "Staging",
        "production": False,
        "teams": [Ref("pact_team.simpsons", "uuid")],
    },
    "pact_secret.jenkins": {
        "name": "JenkinsTriggerBuildToken7",
        "description": "API token to trigger Jenkins builds",
        "value": "super secret thing",
        "team": Ref("pact_team.simpsons", "uuid"),
    },
    "pact_authentication.authentication": {
        "github_organizations": ["DiUS", "pactflow"],
        "google_domains": ["dius.example.org", "pactflow.example.org"],
    },
}
B: Configuration = {
    **A,
    "pact_pacticipant.example": {"name": "pactflow-example-consumer-7"},
    "pact_pacticipant.ui": {"name": "AdminUI-7", "repository_url": "github.com/foo/admin"},
    "pact_team.simpsons": {"name": "The Simpsons-7", "users": [HOMER]},
    "pact_team.futurama": {
        "name": "Planet Express-7",
        "pacticipants": [GRAPHQL],
        "users": [],
        "administrators": [HOMER],
    },
    "pact_team.cartoons": {"name": "Toons-7", "users": [BENDER, HOMER]},
    "pact_user.homer": {
        **A["pact_user.homer"],
        "name": "Homer J. Simpson",
        "roles": [Ref("pact_role.special", "uuid")],
    },
    "pact_user.bender": {**A["pact_user.bender"], "name": "Bender Bending Rodríguez"},
    "pact_environment.staging": {**A["pact_environment.staging"], "name": "staging7b"},
    "pact_secret.jenkins": {
        **A["pact_secret.jenkins"],
        "description": "API token to trigger any build",
        "value": "another secret thing",
    },
}


async def test_the_acceptance_story(running: Running, run: Run) -> None:
    """A and then B leave nothing to do but the display names, which this provider cannot take away again (5.4): it
    leaves an empty field out, and a PATCH keeps what it does not name (open point 5)."""
    await run.apply(A)
    assert {} == await run.plan(A)
    assert ("Bender Rodríguez", "bender+7@example.org", True, 1) == await person(running, run, "bender")
    assert ["pactflow-example-consumer-7", "GraphQLAPI-7"] == await applications(running, run, "futurama")

    await run.apply(B)
    differences = {
        "pact_pacticipant.example": {"display_name": ("Example", "")},
        "pact_pacticipant.ui": {"display_name": ("UI", "")},
    }
    assert differences == {one: dict(change.differences) for one, change in (await run.plan(B)).items()}
    assert ["GraphQLAPI-7"] == await applications(running, run, "futurama")
    assert [] == await members(running, run, "futurama")
    assert ["Team Administrator", "specialrole-7"] == sorted(await roles(running, run, "homer"))

    left = {one: run.state[one].id for one in ("pact_user.homer", "pact_user.bender")}
    await run.destroy()
    for user in left.values():
        document = (await running.admin.get(f"/admin/users/{user}")).json
        assert document["active"] is False
        assert ([], []) == (document["_embedded"]["roles"], document["_embedded"]["teams"])

    await run.apply(A)
    assert {} == await run.plan(A)
    assert left == {one: run.state[one].id for one in left}
    assert ("Homer Simpson", "Homer.Simpson+7@example.org", True, 0) == await person(running, run, "homer")
    await run.destroy()


async def document(running: Running, run: Run, address: str) -> Any:
    kind = "users" if address.startswith("pact_user.") else "teams"
    answer = await running.admin.get(f"/admin/{kind}/{run.state[address].id}")
    assert 200 == answer.status, answer.text
    return answer.json


async def person(running: Running, run: Run, who: str) -> tuple[str, str, bool, int]:
    found = await document(running, run, f"pact_user.{who}")
    return found["name"], found["email"], found["active"], found["type"]


async def roles(running: Running, run: Run, who: str) -> list[str]:
    found = await document(running, run, f"pact_user.{who}")
    return [role["name"] for role in found["_embedded"]["roles"]]


async def applications(running: Running, run: Run, team: str) -> list[str]:
    found = await document(running, run, f"pact_team.{team}")
    return sorted((one["name"] for one in found["_embedded"]["pacticipants"]), reverse=True)


async def members(running: Running, run: Run, team: str) -> list[str]:
    found = await document(running, run, f"pact_team.{team}")
    return [one["name"] for one in found["_embedded"]["members"]]
