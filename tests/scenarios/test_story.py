"""The seeds' own stories, told over HTTP on real Postgres: teams, a denied publication, a blunder, a rotated secret."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from service import demo, demo_play
from service.catalogue.compiled import DEFAULT_TEAM
from service.catalogue.loader import shipped
from tests import service
from tests.given import TEST_MAINTAINER
from tests.service import Client, Running

MANAGE = "contract_data:manage"
FORBIDDEN = (
    "Forbidden. Either you are using a read only token for a request that requires a write token (the most likely "
    "cause), or you do not have the required permissions."
)
"""Seed 002's sentence, word for word."""
PACT: dict[str, Any] = {"interactions": []}
APPLICATIONS = ("Foo", "Bar", "Baz")


async def two_teams(running: Running, *, without_default: bool) -> tuple[Client, Client]:
    """Seed 002: team A owns Foo and Bar and has Sally, team B owns Bar and Baz and has Billy."""
    for name in APPLICATIONS:
        assert 201 == (await running.admin.post("/pacticipants", {"name": name})).status
    sally = await running.person("Sally", roles=[TEST_MAINTAINER])
    billy = await running.person("Billy", roles=[TEST_MAINTAINER])
    for name, applications, member in (("A", ["Foo", "Bar"], sally), ("B", ["Bar", "Baz"], billy)):
        team = await running.team(name, pacticipantNames=applications)
        assert 200 == (await running.admin.put(f"/admin/teams/{team}/users", {"users": [member.id]})).status
    if without_default:
        assert 204 == (await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    return sally, billy


async def may(running: Running, subject: str, action: str, type_: str, one: str, **context: object) -> bool:
    body: dict[str, Any] = {
        "subject": {"type": "user", "id": subject},
        "action": {"name": action},
        "resource": {"type": type_, "id": one},
    }
    if team := context.pop("team", None):
        body["resource"]["properties"] = {"team": team}
    if context:
        body["context"] = context
    answer = await running.admin.post("/access/v1/evaluation", body)
    assert 200 == answer.status, answer.text
    return bool(answer.json["decision"])


async def managed_by(running: Running, who: str) -> list[str]:
    return [name for name in APPLICATIONS if await may(running, who, MANAGE, "application", name)]


async def trail(running: Running, query: str) -> list[dict[str, Any]]:
    answer = await running.admin.get(f"/audit?{query}")
    assert 200 == answer.status, answer.text
    return list(answer.json["events"])


async def test_each_team_manages_its_own_applications(running: Running) -> None:
    """Seed 002's table, access rights: Sally Foo and Bar, Billy Bar and Baz, Kevin all."""
    sally, billy = await two_teams(running, without_default=True)
    kevin = (await running.admin.get("/user")).json["uuid"]
    assert ["Foo", "Bar"] == await managed_by(running, sally.id)
    assert ["Bar", "Baz"] == await managed_by(running, billy.id)
    assert list(APPLICATIONS) == await managed_by(running, kevin)
    # What is answered is what is done.
    for client, application, status in (
        (sally, "Baz", 403),
        (billy, "Baz", 200),
        (running.admin, "Baz", 200),
    ):
        edited = await client.patch(f"/pacticipants/{application}", {"mainBranch": f"of {client.id}"})
        assert status == edited.status, edited.text


async def test_with_the_default_team_everybody_manages_everything(running: Running) -> None:
    """Seed 002, «for secure setups, you may wish to remove the default team»: while it is there, `why` names it."""
    sally, _ = await two_teams(running, without_default=False)
    assert list(APPLICATIONS) == await managed_by(running, sally.id)
    why = await running.admin.get(
        f"/access/v1/why?subject={sally.id}&action={MANAGE}&resource=application:Baz"
    )
    assert why.json["decision"]
    assert ["Default"] == [grant["team"]["name"] for grant in why.json["grants"]]
    assert any("'Default'" in sentence for sentence in why.json["sentences"])


async def test_sally_cannot_publish_for_baz(running: Running) -> None:
    """403 with the seed's sentence and what is missing; nothing is published, and the attempt is in the trail."""
    sally, _ = await two_teams(running, without_default=True)
    answer = await sally.put("/pacts/provider/Bar/consumer/Baz/version/1.0.0", PACT)
    assert (403, f"{FORBIDDEN} Missing: contract_data:manage on Baz.") == (answer.status, answer.text)
    assert 404 == (await running.admin.get("/pacts/provider/Bar/consumer/Baz/version/1.0.0")).status
    attempt, *others = await trail(running, "outcome=denied&sort=-timestamp")
    assert [] == others
    assert ("attempt.denied", "denied", sally.id) == (
        attempt["kind"],
        attempt["outcome"],
        attempt["userUuid"],
    )
    assert "contract_data:manage on Baz" == attempt["missing"]
    baz = (await running.admin.get("/pacticipants/Baz")).json["uuid"]
    assert [attempt] == await trail(running, f"touches={baz}&kind=attempt.denied")


async def test_matt_deletes_the_wrong_integration(running: Running) -> None:
    """Seed 002's blunder: who, when, with which grant, what vanished, who could have; repaired, and not again."""
    sally, _ = await two_teams(running, without_default=True)
    cleaner = await running.role("Cleaner", "contract_data:bulk_delete:*")
    matt = await running.person("Matt", roles=[cleaner], teams=[])
    for version in ("1.0.0", "1.1.0"):
        published = await sally.put(f"/pacts/provider/Bar/consumer/Foo/version/{version}", PACT)
        assert 201 == published.status, published.text
    await asyncio.sleep(1.1)  # the question is about a second before
    deleted = await matt.delete(
        "/integrations/provider/Bar/consumer/Foo", headers={"Muniment-Reason": "the test integration"}
    )
    assert 204 == deleted.status, deleted.text
    assert 404 == (await sally.get("/pacts/provider/Bar/consumer/Foo/version/1.0.0")).status

    parent = (await trail(running, "kind=integration.deleted"))[0]
    children = await trail(running, f"kind=contracts.removed&actor=user:{matt.id}")
    assert (matt.id, "Matt", "the test integration") == (
        parent["userUuid"],
        parent["userName"],
        parent["reason"],
    )
    grant = parent["authority"][0]
    assert ("contract_data:bulk_delete", "contract_data:bulk_delete:*") == (grant["needed"], grant["scope"])
    assert cleaner in str(grant)
    assert [parent["correlation"]] == [child["correlation"] for child in children]
    assert ["1.0.0", "1.1.0"] == sorted(gone[3] for gone in children[0]["payload"]["params"]["contracts"])
    then = datetime.fromisoformat(parent["timestamp"]) - timedelta(seconds=1)

    async def could_have(who: str, as_of: str) -> bool:
        return await may(running, who, "contract_data:bulk_delete", "integration", "Foo/Bar", as_of=as_of)

    assert await could_have(matt.id, then.isoformat())
    assert not await could_have(sally.id, then.isoformat())
    able = await running.admin.get(
        "/access/v1/who?action=contract_data:bulk_delete&resource=integration:Foo/Bar"
        f"&as_of={then.isoformat().replace('+', '%2B')}"
    )
    assert {"Administrator", "Matt"} == {principal["name"] for principal in able.json["principals"]}

    again = await sally.put("/pacts/provider/Bar/consumer/Foo/version/1.1.0", PACT)
    assert 201 == again.status, again.text
    body = {"name": "Cleaner", "permissions": [{"scope": "contract_data:read:*"}]}
    assert 200 == (await running.admin.put(f"/admin/roles/{cleaner}", body)).status
    refused = await matt.delete("/integrations/provider/Bar/consumer/Foo")
    assert (
        403,
        f"{FORBIDDEN} Missing: contract_data:bulk_delete on Foo/Bar. What decides is the consumer Foo.",
    ) == (
        refused.status,
        refused.text,
    )
    assert 200 == (await sally.get("/pacts/provider/Bar/consumer/Foo/version/1.1.0")).status
    assert await could_have(matt.id, then.isoformat())


async def test_the_secrets_updater_is_denied_every_scope_but_one(running: Running) -> None:
    """Seed 000: stripped of every other role and of the Default team, it manages one team's secrets and no more."""
    special, other = await running.team("SomeSpecialTeam"), await running.team("Other")
    rotator = await running.role("Secret Rotator", "secret:manage:team")
    updater = await running.system_account("SecretsUpdater", roles=[rotator], teams=[special])
    allowed = set()
    for action in shipped().actions:
        for type_ in action.types:
            for team in (special, other, None):
                if await may(running, updater.id, action.name, type_, "some-thing", team=team):
                    allowed.add((action.name, type_, team))
    # Managing secrets includes viewing them (seed 000).
    assert {("secret:manage", "secret", special), ("secret:read", "secret", special)} == allowed
    for method, path in (("POST", "/admin/roles"), ("POST", "/pacticipants"), ("POST", "/admin/teams")):
        assert 403 == (await updater.ask(method, path, json={"name": "Mine", "permissions": []})).status


async def test_the_demo_is_played_by_its_own_people(running: Running) -> None:
    """What `serve --demo` plays is this story; every step of it comes out as it says."""

    async def ask(request: demo_play.Request) -> demo_play.Answer:
        client = running.client(request.token or None)
        headers = {"Muniment-Reason": request.reason} if request.reason else {}
        answer = await client.ask(request.method, request.path, json=request.body, headers=headers)
        return demo_play.Answer(status=answer.status, text=answer.text, position=answer.position)

    played = await demo_play.play(demo.STORY, ask, demo.ADMINISTRATOR, service.ADMIN_TOKEN)
    assert {"sally", "billy", "matt"} <= set(played.ids)
    assert sorted(played.marks.values()) == list(played.marks.values())
