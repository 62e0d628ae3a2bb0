"""Section 3.7 and seed 003: whose webhooks somebody makes, sees, replaces, moves and deletes; in any small world."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as random_worlds
from hypothesis import strategies as st

from service import errors
from service.commands.teams import DeleteTeam
from service.commands.webhook_contents import STARS
from service.commands.webhooks import CreateWebhook, DeleteWebhook, EditWebhook
from service.events.webhooks import WebhookCreated
from service.vocabulary import PrincipalId, TeamId
from tests import given
from tests.given import Account
from tests.projections.naive import Model
from tests.service import Answer, Client, Running

Order = CreateWebhook | EditWebhook | DeleteWebhook
SCOPES = ("webhook:manage:*", "webhook:manage:team", "secret:manage:*")
SECRET_NAMES = ("key", "token", "KEY")
NOWHERE = TeamId("00000000-0000-4000-8000-000000000000")
SENT = {"method": "POST", "url": "https://ci.example.org/build?key=x9-planted"}
HOOK: dict[str, Any] = {"description": "Build", "request": SENT}


class World:
    """Two teams and one that was deleted, somebody with some scopes in some, and secrets and webhooks wherever."""

    def __init__(
        self, scopes: list[str], belongs: list[int], secrets: list[tuple[int, int]], webhooks: list[int]
    ) -> None:
        self.account = Account()
        gone = self.account.team("Gone")
        self.teams: list[TeamId | None] = [self.account.team("A"), self.account.team("B"), gone, None]
        mine = [team for index in belongs if (team := self.teams[index]) is not None]
        role = self.account.role("Under test", *scopes)
        self.sally = self.account.person("Sally", roles=[role], teams=mine)
        for name, place in sorted(set(secrets)):
            self.account.secret(SECRET_NAMES[name], self.teams[place])
        self.webhooks: list[str] = [self.account.webhook(team=self.teams[place]) for place in webhooks]
        self.account.do(DeleteTeam(team=gone))
        self.webhooks.append("an-id-that-a-client-chose")
        self.teams.append(NOWHERE)

    def order(self, kind: str, index: int, names: list[str], place: int | None) -> Order:
        """An order about something of this world; what it sends draws on the names."""
        team = msgspec.UNSET if place is None else self.teams[place]
        webhook = self.webhooks[index % len(self.webhooks)]
        of = None if isinstance(team, msgspec.UnsetType) else team
        made = given.webhook(self.account.fresh, team=of, body=[f"${{user.{name}}}" for name in names])
        match kind:
            case "create":
                return made
            case "replace":
                return EditWebhook(
                    webhook=webhook,
                    new=made.webhook,
                    settings=made.settings,
                    request=made.request,
                    values=made.values,
                    team=team,
                )
            case _:
                return DeleteWebhook(webhook=webhook)

    def asked(self, order: Order, by: PrincipalId) -> str:
        """What comes of it: `done`, or the code of what refuses it."""
        try:
            self.account.do(order, by)
        except errors.MunimentError as refusal:
            return refusal.code
        return "done"


class Told:
    """The rule in plain words, by the naive model's people, and by webhooks and secrets in lists of its own."""

    def __init__(self, world: World) -> None:
        self.model, self._world, self._seen = Model(), world, 0
        self._called: dict[str, str] = {}
        self.webhooks: dict[str, str | None] = {}

    def catch_up(self) -> None:
        """Know what was recorded meanwhile."""
        for record in self._world.account.log[self._seen :]:
            self.model.apply(record.data)
            if isinstance(record.data, WebhookCreated):
                self._called[record.data.webhook] = record.data.given or record.data.webhook
        self._seen = len(self._world.account.log)
        self.webhooks = {self._called[one]: team for one, (_, team, _) in self.model.webhooks.items()}

    def reaches(self, who: str, team: str | None) -> bool:
        alive = set() if team is None else {team} & set(self.model.teams)
        return self.model.may(who, "webhook:manage", "", alive, None)

    def outcome(self, who: str, order: Order, names: list[str]) -> str:
        """What must come of an order."""
        if isinstance(order, CreateWebhook) or (
            isinstance(order, EditWebhook) and order.webhook not in self.webhooks
        ):
            return self._made(who, order.team or None, names)
        if order.webhook not in self.webhooks:
            return "not_found"
        held = self.webhooks[order.webhook]
        if not self.reaches(who, held):
            return "forbidden"
        if isinstance(order, DeleteWebhook):
            return "done"
        team = held if isinstance(order.team, msgspec.UnsetType) else order.team
        if team != held and not self.reaches(who, team):
            return "forbidden"
        return self._saved(team, names)

    def _made(self, who: str, team: str | None, names: list[str]) -> str:
        if self.reaches(who, team):
            return self._saved(team, names)
        scopes = [
            scope for one, role in self.model.holds if one == who for scope in self.model.roles[role][1]
        ]
        return "invalid" if team is None and "webhook:manage:team" in scopes else "forbidden"

    def _saved(self, team: str | None, names: list[str]) -> str:
        if team is not None and team not in self.model.teams:
            return "invalid"
        usable = [
            (name, of) for key, (name, of, _) in self.model.secrets.items() if key not in self.model.conflicts
        ]
        for name in names:
            places = {of for known, of in usable if known == name}
            if places and team not in places:
                return "invalid"
        return "done"


few = st.integers(min_value=0, max_value=6)
places = st.integers(min_value=0, max_value=3)
worlds = st.builds(
    World,
    st.lists(st.sampled_from(SCOPES), max_size=2, unique=True),
    st.lists(st.integers(min_value=0, max_value=1), max_size=2, unique=True),
    st.lists(st.tuples(st.integers(min_value=0, max_value=2), places), max_size=5),
    st.lists(places, max_size=4),
)
orders = st.lists(
    st.tuples(
        st.sampled_from(("create", "replace", "replace", "delete")),
        few,
        st.lists(st.sampled_from((*SECRET_NAMES, "unknown")), max_size=2),
        st.none() | st.integers(min_value=0, max_value=4),
        st.booleans(),
    ),
    max_size=10,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@random_worlds(world=worlds, drawn=orders)
def test_who_may_do_what_with_which_webhook_in_any_world(world: World, drawn: list[Any]) -> None:
    """Section 3.7: made, replaced, moved and deleted by exactly whom the rule told naively says, and with exactly
    those secrets in what they send."""
    told = Told(world)
    for kind, index, names, place, by_kevin in drawn:
        order = world.order(kind, index, names, place)
        told.catch_up()
        who = world.account.kevin if by_kevin else world.sally
        expected = told.outcome(who, order, names)
        assert expected == world.asked(order, who), (kind, names, place, by_kevin)
        if expected == "done" and isinstance(order, CreateWebhook):
            world.webhooks.append(order.webhook)
        for (
            webhook
        ) in world.account.now.webhooks():  # nothing is ever within reach that the rule does not name
            for secret in world.account.now.secrets():
                found = world.account.now.secret_for(webhook.team, webhook.left, secret.name)
                assert found is None or (found.team == webhook.team and not found.conflicting)
                assert found is None or webhook.left in (None, found.left)


async def holder(running: Running, scope: str, *teams: str) -> Client:
    role = await running.role(f"role of {scope}", scope)
    return await running.person(scope.replace(":", " "), roles=[role], teams=list(teams))


async def made(client: Client, team: str | None, **fields: Any) -> str:
    answer = await client.post("/webhooks", {**HOOK, **fields, **({"teamUuid": team} if team else {})})
    assert 201 == answer.status, answer.text
    return f"/webhooks/{answer.json['uuid']}"


def fields(answer: Answer) -> list[str]:
    """Which fields a 400 is about."""
    assert 400 == answer.status, answer.text
    return list(answer.json["errors"])


async def test_who_manages_their_teams_webhooks_assigns_each_to_one(running: Running) -> None:
    """Section 3.7, seed 003: «must assign a webhook to a team»: none is a missing field, one not theirs is denied."""
    mine, other = await running.team("Mine"), await running.team("Other")
    sally = await holder(running, "webhook:manage:team", mine)
    for path in ("/webhooks", "/webhooks/provider/Bar/consumer/Foo"):
        for name in ("Foo", "Bar"):
            await running.admin.post("/pacticipants", {"name": name})
        assert ["teamUuid"] == fields(await sally.post(path, HOOK))
        assert ["teamUuid"] == fields(await sally.post(path, {**HOOK, "teamUuid": None}))
        for team in (other, NOWHERE):
            assert 403 == (await sally.post(path, {**HOOK, "teamUuid": team})).status
        answer = await sally.post(path, {**HOOK, "teamUuid": mine})
        assert (201, mine) == (answer.status, answer.json["teamUuid"])
    assert ["teamUuid"] == fields(await sally.put("/webhooks/an-id-of-her-own-choice", HOOK))


async def test_who_manages_all_webhooks_may_leave_the_team_out(running: Running) -> None:
    """Section 3.7, seed 003: «may choose not to assign a webhook to any team»; and to any team, member or not."""
    other = await running.team("Other")
    kevin = await holder(running, "webhook:manage:*")
    for team in (None, other):
        place = await made(kevin, team)
        assert 200 == (await kevin.put(place, {**HOOK, "description": "z"})).status
        assert team == (await kevin.get(place)).json.get("teamUuid")
        assert 204 == (await kevin.delete(place)).status
    assert ["teamUuid"] == fields(await kevin.post("/webhooks", {**HOOK, "teamUuid": NOWHERE}))


async def test_a_teams_webhook_is_only_its_members(running: Running) -> None:
    """Section 3.7 and point 15: another team's and no team's are neither seen nor changed; lists leave them out."""
    mine, other = await running.team("Mine"), await running.team("Other")
    sally = await holder(running, "webhook:manage:team", mine)
    hooks = {team: await made(running.admin, team) for team in (mine, other, None)}
    for team, place in hooks.items():
        statuses = [
            (await sally.get(place)).status,
            (await sally.put(place, {**HOOK, "description": "changed"})).status,
        ]
        assert [200 if team == mine else 403] * 2 == statuses, team
    listed = (await sally.get("/webhooks")).json
    assert ["changed"] == [one["description"] for one in listed["_embedded"]["webhooks"]]
    assert ["changed"] == [one["name"] for one in listed["_links"]["pb:webhooks"]]
    nina = await holder(running, "secret:manage:*", mine)
    assert 403 == (await nina.get("/webhooks")).status
    for place in hooks.values():
        assert 403 == (await nina.get(place)).status


async def test_a_webhooks_move_takes_the_right_over_both_sides(running: Running) -> None:
    """Section 3.7 and point 4: absent keeps the team, null clears it with `manage:*`, another takes both rights."""
    mine, second, other = [await running.team(name) for name in ("Mine", "Second", "Other")]
    sally = await holder(running, "webhook:manage:team", mine, second)
    place = await made(sally, mine)
    assert mine == (await sally.put(place, HOOK)).json["teamUuid"]
    assert 200 == (await sally.put(place, {**HOOK, "teamUuid": second})).status
    for team in (None, other):
        assert 403 == (await sally.put(place, {**HOOK, "teamUuid": team})).status
    assert "teamUuid" not in (await running.admin.put(place, {**HOOK, "teamUuid": None})).json
    assert 403 == (await sally.put(place, {**HOOK, "teamUuid": mine})).status


@pytest.mark.parametrize("part", ["url", "headers", "username", "password", "body", "deep"])
async def test_a_webhook_draws_on_its_own_places_secrets_alone(running: Running, part: str) -> None:
    """Section 3.7, seed 003, point 12: a team's secret only in its webhooks, one of none only in those of none."""
    team = await running.team("A")
    for name, owner in (("Ours", team), ("Nobodys", None)):
        body = {"name": name, "value": "x9-planted", "teamUuid": owner}
        assert 201 == (await running.admin.post("/secrets", body)).status

    def sent(name: str) -> dict[str, Any]:
        text = f"${{user.{name}}}"
        parts = {"url": f"https://x.org/{text}", "headers": {"X-A": text}, "deep": {"a": [{text: 1}]}}
        return {"request": {**SENT, "body" if part == "deep" else part: parts.get(part, text)}}

    for of, own, others in ((team, "Ours", "Nobodys"), (None, "Nobodys", "Ours")):
        for name in (own, "Unknown"):
            assert 201 == (await running.admin.post("/webhooks", {**sent(name), "teamUuid": of})).status
        answer = await running.admin.post("/webhooks", {**sent(others), "teamUuid": of})
        pointed = {"headers": "headers.X-A", "deep": "body.a.0"}.get(part, part)
        assert [f"request.{pointed}"] == fields(answer)
        place = await made(running.admin, of)
        assert 400 == (await running.admin.put(place, sent(others))).status
        moved = {**sent(own), "teamUuid": None if of else team}
        assert 400 == (await running.admin.put(place, moved)).status


async def test_hidden_values_are_in_no_answer_and_no_record(running: Running) -> None:
    """Section 3.7: passwords, and headers of authorization or token, are asterisks everywhere but in what is sent."""
    headers = {"Authorization": "x9-planted", "my-TOKEN-2": "x9-planted", "X": "${user.Key}"}
    sent = {**SENT, "url": "https://ci.example.org", "headers": headers, "password": "x9-planted"}
    place = await made(running.admin, None, request=sent)
    answers = [
        await running.admin.get(place),
        await running.admin.get("/webhooks"),
        await running.admin.put(place, {"description": "2", "request": {**sent, "method": "POST"}}),
        await running.admin.post("/webhooks?dry_run=true", {"request": sent}),
        await running.admin.get("/audit?sort=-timestamp"),
        await running.admin.delete(place),
    ]
    assert all(answer.status < 300 for answer in answers)
    assert "x9-planted" not in "".join(answer.text for answer in answers)
    assert {"Authorization": STARS, "my-TOKEN-2": STARS, "X": "${user.Key}"} == answers[0].json["request"][
        "headers"
    ]
    async with running.app.reader.connection() as connection:
        rows = await connection.fetch("select entry from log")
    assert "x9-planted" not in "".join(str(row["entry"]) for row in rows)
