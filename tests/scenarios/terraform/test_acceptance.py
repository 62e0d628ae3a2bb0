"""The vendor's acceptance story (section 5.4): apply A, apply B, destroy; and A once more over what was left.

The vendor's own run passes on exit codes; here every apply is followed by a plan.
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
SIMPSONS = Ref("pact_team.simpsons", "uuid")
EXAMPLE, GRAPHQL = Ref("pact_pacticipant.example", "name"), Ref("pact_pacticipant.graphql", "name")
VALUE = "super secret thing"
PASSWORD = "password1"  # the one of the vendor's story

A: Configuration = {
    "pact_secret.jenkins": {
        "name": "JenkinsTriggerToken7",
        "description": "API token to trigger Jenkins builds",
        "value": VALUE,
        "team": SIMPSONS,
    },
    "pact_webhook.ui_changed": {
        "description": "Trigger an API build when the UI changes 7",
        "team": SIMPSONS,
        "webhook_provider": {"name": "GraphQLAPI-7"},
        "webhook_consumer": {"name": "AdminUI-7"},
        "request": {
            "url": "https://foo.com/some/endpoint",
            "method": "POST",
            "username": "test",
            "password": PASSWORD,
            "headers": {"X-Content-Type": "application/json"},
            "body": '{\n  "pact": "${pactbroker.pactUrl}"\n}\n',
        },
        "events": ["contract_content_changed", "contract_published"],
        "depends_on": ["pact_pacticipant.ui", "pact_pacticipant.graphql"],
    },
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
        "teams": [SIMPSONS],
    },
    "pact_authentication.authentication": {
        "github_organizations": ["DiUS", "pactflow"],
        "google_domains": ["dius.example.org", "pactflow.example.org"],
    },
}
B: Configuration = {
    **A,
    "pact_secret.jenkins": {
        **A["pact_secret.jenkins"],
        "description": "API token to trigger Jenkins builds (updated)",
    },
    "pact_webhook.ui_changed": {
        **A["pact_webhook.ui_changed"],
        "description": "Trigger an API build when the UI changes 7 (updated)",
    },
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
    "pact_environment.staging": {
        **A["pact_environment.staging"],
        "name": "staging",
        "display_name": "Staging Environment new",
    },
}
TOGETHER = ("pact_secret.jenkins", "pact_webhook.ui_changed", "pact_environment.staging")
"""What belongs to the team Simpsons."""
PLACES = {"pact_secret": "secrets", "pact_webhook": "webhooks", "pact_environment": "environments"}


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
    assert ["The Simpsons-7"] * 3 == [await team_of(running, run, one) for one in TOGETHER]

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


async def test_what_belongs_to_a_team_together_goes_before_it(running: Running, run: Run) -> None:
    """Secret, webhook and environment of one team (5.2-5.4): made after it, unlike anything else changed by B, and
    taken away before the team and the applications that the webhook names, which would take it along."""
    await run.apply(A)
    ids = {one: run.state[one].id for one in (*TOGETHER, "pact_team.simpsons")}
    planned = await run.apply(B)
    changed = {one: (planned[one].action, set(planned[one].differences)) for one in TOGETHER}
    assert {
        "pact_secret.jenkins": ("update", {"description"}),
        "pact_webhook.ui_changed": ("update", {"description"}),
        "pact_environment.staging": ("update", {"name", "display_name"}),
    } == changed
    assert ids == {one: run.state[one].id for one in ids}

    before = len(run.client.exchanges)
    await run.destroy()
    away = [one.path for one in run.client.exchanges[before:] if one.method == "DELETE"]
    places = [f"/{PLACES[one.partition('.')[0]]}/{ids[one]}" for one in TOGETHER]
    last = min(away.index(f"/admin/teams/{ids['pact_team.simpsons']}"), away.index("/pacticipants/AdminUI-7"))
    assert set(places) <= set(away[:last])
    for place in places:
        assert 404 == (await running.admin.get(place)).status


async def test_what_is_secret_is_known_to_the_configuration_alone(running: Running, run: Run) -> None:
    """No answer tells a value or a password; a plan finds no difference all the same, and a change of either is one
    that the state alone shows (section 5.2)."""
    await run.apply(A)
    secret = await running.admin.get(f"/secrets/{run.state['pact_secret.jenkins'].id}")
    webhook = await running.admin.get(f"/webhooks/{run.state['pact_webhook.ui_changed'].id}")
    assert (200, 200) == (secret.status, webhook.status)
    assert VALUE not in secret.text
    assert PASSWORD not in webhook.text
    assert "**********" == webhook.json["request"]["password"]
    other = {**A, "pact_secret.jenkins": {**A["pact_secret.jenkins"], "value": "another"}}
    assert {"pact_secret.jenkins": {"value": (VALUE, "another")}} == {
        one: change.differences for one, change in (await run.apply(other)).items()
    }
    assert {} == await run.plan(other)
    await run.destroy()


async def test_a_team_that_somebody_else_deleted_leaves_its_things_to_be_found(
    running: Running, run: Run
) -> None:
    """Drift: what the team had is there still, of no team; once the team is made anew a plan moves it there (3.2)."""
    await run.apply(A)
    ids = {one: run.state[one].id for one in TOGETHER}
    team = run.state.pop("pact_team.simpsons")
    assert 204 == (await running.admin.delete(f"/admin/teams/{team.id}")).status
    planned = await run.apply(A)
    moved = {one: ("update", {"teams" if "environment" in one else "team"}) for one in TOGETHER}
    assert moved == {
        one: (planned[one].action, set(planned[one].differences)) for one in planned if one in TOGETHER
    }
    assert ids == {one: run.state[one].id for one in TOGETHER}
    assert ["Simpsons-7"] * 3 == [await team_of(running, run, one) for one in TOGETHER]
    assert {} == await run.plan(A)
    await run.destroy()


async def test_a_webhook_that_went_with_its_application_is_made_again(running: Running, run: Run) -> None:
    """Drift: deleting an application takes the webhooks that name it, and the provider makes anew what is gone."""
    await run.apply(A)
    before = run.state["pact_webhook.ui_changed"].id
    assert 204 == (await running.admin.delete("/pacticipants/AdminUI-7")).status
    del run.state[
        "pact_pacticipant.ui"
    ]  # whoever repairs this by hand tells Terraform so (`terraform state rm`)
    planned = await run.apply(A)
    assert {"pact_pacticipant.ui": "create", "pact_webhook.ui_changed": "create"} == {
        one: change.action for one, change in planned.items()
    }
    assert before != run.state["pact_webhook.ui_changed"].id
    assert {} == await run.plan(A)
    await run.destroy()


async def team_of(running: Running, run: Run, address: str) -> str:
    """The name of the team that something belongs to."""
    place = PLACES[address.partition(".")[0]]
    answer = await running.admin.get(f"/{place}/{run.state[address].id}")
    assert 200 == answer.status, answer.text
    team = answer.json["teamUuid"] if place != "environments" else answer.json["teamUuids"][0]
    return str((await running.admin.get(f"/admin/teams/{team}")).json["name"])


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
