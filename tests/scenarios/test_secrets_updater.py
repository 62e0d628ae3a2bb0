"""Seed 000's own example, end to end: a role made for one purpose, an account that has it, a team, a rotated secret."""

from typing import Any

import pytest

from service.catalogue.compiled import DEFAULT_TEAM
from service.queries import vault
from tests.service import Answer, Client, Running

FIRST, SECOND = "x9-first-credential", "x9-second-credential"
OTHERS = "x9-what-others-keep"
ROTATED = "gave the secret BuildToken another value."


class Company:
    """SomeSpecialTeam with the secret that its webhooks use, another team with one, and a secret of no team."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.secrets: dict[str, str] = {}

    async def found(self) -> "Company":
        running = self.running
        self.special, self.another = await running.team("SomeSpecialTeam"), await running.team("Another")
        for name, value, team in (
            ("BuildToken", FIRST, self.special),
            ("TheirToken", OTHERS, self.another),
            ("FreeToken", OTHERS, None),
        ):
            body = {"name": name, "value": value, "description": "", **({"teamUuid": team} if team else {})}
            made = await running.admin.post("/secrets", body)
            assert 201 == made.status, made.text
            self.secrets[name] = made.json["uuid"]
        return self

    async def updater(self) -> Client:
        """The role, the system account that has it and nothing else, and its place in the team: by the seed's steps."""
        admin = self.running.admin
        scopes = [{"scope": "secret:manage:team"}]
        role = await admin.post("/admin/roles", {"name": "Secret Rotator Role", "permissions": scopes})
        assert 201 == role.status
        account = await admin.post("/admin/system-accounts", {"name": "SecretsUpdater"})
        assert 201 == account.status
        uuid = account.json["uuid"]
        for done in (
            await admin.put(f"/admin/users/{uuid}/roles", {"roles": [role.json["uuid"]]}),
            await admin.delete(f"/admin/teams/{DEFAULT_TEAM}/users/{uuid}"),
            await admin.post(f"/admin/teams/{self.special}/users", {"users": [uuid]}),
        ):
            assert done.status in (200, 204), done.text
        tokens = (await admin.get(f"/admin/system-accounts/{uuid}/tokens")).json["_embedded"]["items"]
        values = {one["readOnly"]: one["value"] for one in tokens}
        return self.running.client(values[False], uuid, values[True])

    async def kept(self, name: str) -> str:
        """What the vault holds of a secret."""
        app = self.running.app
        ref = app.replica.now().secret(self.secrets[name]).value
        return (await vault.body(app.reader, app.keys, ref)).decode()

    def beyond(self) -> dict[str, tuple[str, str, Any]]:
        """What the role does not give."""
        own, theirs, free = (
            f"/secrets/{self.secrets[name]}" for name in ("BuildToken", "TheirToken", "FreeToken")
        )
        role = {"name": "Mine", "permissions": [{"scope": "role:manage:*"}]}
        webhook = {
            "teamUuid": self.special,
            "events": [{"name": "contract_published"}],
            "request": {"method": "POST", "url": "https://elsewhere.example.org/${user.BuildToken}"},
        }
        return {
            "list webhooks": ("GET", "/webhooks", None),
            "send the secret elsewhere": ("POST", "/webhooks", webhook),
            "see another team's secret": ("GET", theirs, None),
            "see a secret of no team": ("GET", free, None),
            "rotate another team's secret": ("PUT", theirs, {"value": SECOND}),
            "rotate a secret of no team": ("PUT", free, {"value": SECOND}),
            "delete another team's secret": ("DELETE", theirs, None),
            "delete a secret of no team": ("DELETE", free, None),
            "make a secret for another team": (
                "POST", "/secrets", {"name": "New", "value": SECOND, "teamUuid": self.another}
            ),
            "move the own one to another team": ("PUT", own, {"teamUuid": self.another, "value": SECOND}),
            "move the own one out of every team": ("PUT", own, {"teamUuid": None, "value": SECOND}),
            "move another team's one here": ("PUT", theirs, {"teamUuid": self.special, "value": SECOND}),
            "make a role": ("POST", "/admin/roles", role),
            "join another team": ("POST", f"/admin/teams/{self.another}/users", {"users": []}),
            "list teams": ("GET", "/admin/teams", None),
            "list people": ("GET", "/admin/users", None),
            "see contracts": ("GET", "/pacticipants", None),
            "publish a contract": ("PUT", "/pacts/provider/Bar/consumer/Foo/version/1", {}),
            "see environments": ("GET", "/environments", None),
            "read the trail": ("GET", "/audit", None),
            "renew its own token": ("GET", "/settings/tokens", None),
        }  # fmt: skip


async def test_the_updater_rotates_the_teams_secret_and_does_nothing_else(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seed 000: «the least set of privileges required to function»; the trail tells each step, and never a value."""
    company = await Company(running).found()
    updater = await company.updater()
    since = running.position

    listed = await updater.get("/secrets")
    assert ["BuildToken"] == [one["name"] for one in listed.json["_embedded"]["secrets"]]
    place = f"/secrets/{company.secrets['BuildToken']}"
    rotated = await updater.put(
        place,
        {"value": SECOND},
        headers={"Muniment-Reason": "Rotation of the week", "Idempotency-Key": "week-47"},
    )
    assert (200, "BuildToken", company.special) == (
        rotated.status,
        rotated.json["name"],
        rotated.json["teamUuid"],
    )
    assert SECOND == await company.kept("BuildToken")

    answers: list[Answer] = [listed, rotated]
    for what, (method, path, body) in company.beyond().items():
        answers.append(answer := await updater.ask(method, path, json=body))
        assert 403 == answer.status, (what, answer.text)
    answers.append(named := await updater.post("/secrets", {"name": "New", "value": SECOND}))
    assert (400, ["teamUuid"]) == (named.status, list(named.json["errors"]))
    answers.append(reading := await updater.read_only().put(place, {"value": FIRST}))
    assert 403 == reading.status

    assert [SECOND, OTHERS, OTHERS] == [
        await company.kept(name) for name in ("BuildToken", "TheirToken", "FreeToken")
    ]
    await _is_told(running, updater, company, since)
    shown = capsys.readouterr()
    for value in (FIRST, SECOND, OTHERS):
        assert value not in shown.out + shown.err
        assert all(value not in answer.text for answer in answers)


async def _is_told(running: Running, updater: Client, company: Company, since: int) -> None:
    """The trail: how the updater came to be, what it did by which grant, and what it was denied."""
    before = (await running.admin.get(f"/audit?touches=user:{updater.id}&pageSize=100")).json["events"]
    steps = [one["kind"] for one in before if one["position"] <= since]
    for kind in ("system_account.created", "principal.roles_changed", "team.members_changed", "token.issued"):
        assert kind in steps

    told = (await running.admin.get(f"/audit?actor=user:{updater.id}&pageSize=100")).json["events"]
    (done,) = (one for one in told if one["outcome"] == "done")
    assert ("secret.rotated", "Rotation of the week") == (done["kind"], done["reason"])
    assert done["sentence"].endswith(ROTATED)
    (grant,) = done["authority"]
    assert ("secret:manage", "secret:manage:team", "Secret Rotator Role", company.special) == (
        grant["needed"],
        grant["scope"],
        grant["role"]["name"],
        grant["team"]["uuid"],
    )
    touched = {(one["type"], one["id"]) for one in done["touches"]}
    assert {("secret", company.secrets["BuildToken"])} == touched
    assert [{"field": "value", "before": "**********", "after": "**********"}] == done["changes"]

    denied = {
        (one["missing"], one["payload"]["params"]["command"]) for one in told if one["outcome"] == "denied"
    }
    secret = {name: f"secret:manage on {one}" for name, one in company.secrets.items()}
    assert {
        (secret["TheirToken"], "edit_secret"),
        (secret["FreeToken"], "edit_secret"),
        (secret["BuildToken"], "edit_secret"),
        ("secret:manage", "create_secret"),
        ("role:manage", "create_role"),
        ("webhook:manage", "create_webhook"),
    } <= denied
    text = str(told) + str(before)
    assert all(value not in text for value in (FIRST, SECOND, OTHERS))


async def test_the_updater_loses_it_with_its_place_in_the_team(running: Running) -> None:
    """Seed 000: it may rotate what is linked to the team, as long as both belong there and it has the role."""
    company = await Company(running).found()
    updater = await company.updater()
    place = f"/secrets/{company.secrets['BuildToken']}"
    assert 200 == (await updater.put(place, {"value": SECOND})).status
    assert 204 == (await running.admin.delete(f"/admin/teams/{company.special}/users/{updater.id}")).status
    assert 403 == (await updater.put(place, {"value": FIRST})).status
    await running.admin.post(f"/admin/teams/{company.special}/users", {"users": [updater.id]})
    assert 200 == (await updater.put(place, {"value": SECOND})).status
    assert 200 == (await running.admin.put(place, {"teamUuid": company.another})).status
    assert 403 == (await updater.put(place, {"value": FIRST})).status
    assert 200 == (await running.admin.put(place, {"teamUuid": company.special})).status
    assert 204 == (await running.admin.put(f"/admin/users/{updater.id}/roles", {"roles": []})).status
    assert 403 == (await updater.put(place, {"value": FIRST})).status
    assert SECOND == await company.kept("BuildToken")
