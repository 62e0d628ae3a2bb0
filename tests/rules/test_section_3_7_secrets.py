"""Section 3.7 and seed 003: whose secrets somebody makes, sees, rotates, moves and deletes; in any small world."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as random_worlds
from hypothesis import strategies as st

from service import errors
from service.commands.secrets import CreateSecret, DeleteSecret, EditSecret
from service.commands.teams import DeleteTeam
from service.vocabulary import PrincipalId, SecretId, TeamId
from tests import given
from tests.given import Account
from tests.projections.naive import Model
from tests.service import Answer, Client, Running

Order = CreateSecret | EditSecret | DeleteSecret
MANAGE = "secret:manage"
SCOPES = ("secret:manage:*", "secret:manage:team", "secret:read:team", "webhook:manage:*")
SECRET_NAMES = ("key", "token", "KEY")
NOWHERE = TeamId("00000000-0000-4000-8000-000000000000")
KEY = {"name": "key", "value": "x9-planted"}


class World:
    """Two teams and one that was deleted, somebody with some scopes in some of them, and secrets wherever."""

    def __init__(self, scopes: list[str], belongs: list[int], held: list[tuple[int, int]]) -> None:
        self.account = Account()
        gone = self.account.team("Gone")
        self.teams: list[TeamId | None] = [self.account.team("A"), self.account.team("B"), gone, None]
        mine = [team for index in belongs if (team := self.teams[index]) is not None]
        role = self.account.role("Under test", *scopes)
        self.sally = self.account.person("Sally", roles=[role], teams=mine)
        self.secrets: list[SecretId] = []
        for name, place in sorted(set(held)):
            self.secrets.append(self.account.secret(SECRET_NAMES[name], self.teams[place]))
        self.account.do(DeleteTeam(team=gone))
        self.teams.append(NOWHERE)

    def order(self, kind: str, index: int, name: str | None, place: int | None) -> Order:
        """An order about something of this world."""
        team = msgspec.UNSET if place is None else self.teams[place]
        secret = (
            self.secrets[index % len(self.secrets)] if self.secrets else SecretId(self.account.fresh.id())
        )
        match kind:
            case "create":
                of = None if isinstance(team, msgspec.UnsetType) else team
                return given.secret(self.account.fresh, name or "new", of)
            case "edit":
                return EditSecret(secret=secret, name=name, team=team)
            case "rotate":
                value = given.new_value(self.account.fresh, "next")
                return EditSecret(secret=secret, name=name, team=team, value=value)
            case _:
                return DeleteSecret(secret=secret)

    def asked(self, order: Order, by: PrincipalId) -> str:
        """What comes of it: `done`, or the code of what refuses it."""
        try:
            self.account.do(order, by)
        except errors.MunimentError as refusal:
            return refusal.code
        return "done"


def told(model: Model, who: str, order: Order) -> str:
    """The rule in plain words: what must come of an order of secrets, by the state that the naive model has."""

    def reaches(team: str | None) -> bool:
        return model.may(who, MANAGE, "", set() if team is None else {team} & set(model.teams), None)

    if isinstance(order, CreateSecret):
        if not reaches(order.team):
            only_teams = any(
                "secret:manage:team" in model.roles[role][1] for one, role in model.holds if one == who
            )
            return "invalid" if order.team is None and only_teams else "forbidden"
        return _made(model, order.team, order.name)
    if order.secret not in model.secrets:
        return "not_found"
    name, held, _ = model.secrets[order.secret]
    if not reaches(held):
        return "forbidden"
    if isinstance(order, DeleteSecret):
        return "done"
    team = held if isinstance(order.team, msgspec.UnsetType) else order.team
    wanted = order.name or name
    if team != held and not reaches(team):
        return "forbidden"
    return "done" if (wanted, team) == (name, held) else _made(model, team, wanted)


def _made(model: Model, team: str | None, name: str) -> str:
    if team is not None and team not in model.teams:
        return "invalid"
    taken = [
        one for one, held in model.secrets.items() if held[:2] == (name, team) and one not in model.conflicts
    ]
    assert len(taken) <= 1, "two secrets share a name"
    return "refused" if taken else "done"


few = st.integers(min_value=0, max_value=6)
worlds = st.builds(
    World,
    st.lists(st.sampled_from(SCOPES), max_size=2, unique=True),
    st.lists(st.integers(min_value=0, max_value=1), max_size=2, unique=True),
    st.lists(
        st.tuples(st.integers(min_value=0, max_value=2), st.integers(min_value=0, max_value=3)), max_size=5
    ),
)
orders = st.lists(
    st.tuples(
        st.sampled_from(("create", "edit", "rotate", "delete")),
        few,
        st.none() | st.sampled_from(SECRET_NAMES),
        st.none() | st.integers(min_value=0, max_value=4),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@random_worlds(world=worlds, drawn=orders)
def test_who_may_do_what_with_which_secret_in_any_world(world: World, drawn: list[Any]) -> None:
    """Section 3.7: made, changed, rotated, moved and deleted by exactly whom the rule told naively says."""
    model, seen = Model(), 0
    for kind, index, name, place, by_kevin in drawn:
        order = world.order(kind, index, name, place)
        for record in world.account.log[seen:]:
            model.apply(record.data)
        seen = len(world.account.log)
        who = world.account.kevin if by_kevin else world.sally
        expected = told(model, who, order)
        assert expected == world.asked(order, who), (kind, name, place, by_kevin)
        if expected == "done" and isinstance(order, CreateSecret):
            world.secrets.append(order.secret)


async def holder(running: Running, scope: str, *teams: str) -> Client:
    role = await running.role(f"role of {scope}", scope)
    return await running.person(scope.replace(":", " "), roles=[role], teams=list(teams))


async def made(client: Client, name: str, team: str | None) -> str:
    answer = await client.post("/secrets", {**KEY, "name": name, **({"teamUuid": team} if team else {})})
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


def fields(answer: Answer) -> list[str]:
    """Which fields a 400 is about."""
    assert 400 == answer.status, answer.text
    return list(answer.json["errors"])


async def test_who_manages_their_teams_secrets_assigns_each_to_one(running: Running) -> None:
    """Section 3.7, seed 003: «must assign a secret to a team»: none is a missing field, one not theirs is denied."""
    mine, other = await running.team("Mine"), await running.team("Other")
    sally = await holder(running, "secret:manage:team", mine)
    assert ["teamUuid"] == fields(await sally.post("/secrets", KEY))
    assert ["teamUuid"] == fields(await sally.post("/secrets", {**KEY, "teamUuid": None}))
    for team in (other, NOWHERE):
        assert 403 == (await sally.post("/secrets", {**KEY, "teamUuid": team})).status
    answer = await sally.post("/secrets", {**KEY, "teamUuid": mine})
    assert (201, mine) == (answer.status, answer.json["teamUuid"])


async def test_who_manages_all_secrets_may_leave_the_team_out(running: Running) -> None:
    """Section 3.7, seed 003: «may choose not to assign a secret to any team»; and to any team, member or not."""
    other = await running.team("Other")
    kevin = await holder(running, "secret:manage:*")
    for team in (None, other):
        secret = await made(kevin, "key", team)
        assert 200 == (await kevin.put(f"/secrets/{secret}", {"value": "y", "description": "z"})).status
        assert team == (await kevin.get(f"/secrets/{secret}")).json.get("teamUuid")
        assert 204 == (await kevin.delete(f"/secrets/{secret}")).status
    assert ["teamUuid"] == fields(await kevin.post("/secrets", {**KEY, "teamUuid": NOWHERE}))


async def test_a_teams_secret_is_only_its_members(running: Running) -> None:
    """Section 3.7: another team's and no team's are neither seen nor changed; who leaves the team keeps nothing."""
    mine, other = await running.team("Mine"), await running.team("Other")
    sally = await holder(running, "secret:manage:team", mine)
    places = {team: f"/secrets/{await made(running.admin, 'key', team)}" for team in (mine, other, None)}
    for team, place in places.items():
        statuses = [
            (await sally.get(place)).status,
            (await sally.put(place, {"value": "y"})).status,
            (await sally.put(place, {"name": "renamed"})).status,
        ]
        assert [200 if team == mine else 403] * 3 == statuses, team
    listed = (await sally.get("/secrets")).json["_embedded"]["secrets"]
    assert ["renamed"] == [one["name"] for one in listed]
    assert 204 == (await running.admin.delete(f"/admin/teams/{mine}/users/{sally.id}")).status
    assert 403 == (await sally.put(places[mine], {"value": "z"})).status
    assert [] == (await sally.get("/secrets")).json["_embedded"]["secrets"]


async def test_administering_a_team_gives_none_of_its_secrets(running: Running) -> None:
    """Section 3.7: they are managed by its members with the permission; its administrators need both like anybody."""
    role = await running.role("Managing", "secret:manage:team")
    lead = await running.person("Lead", roles=[role], teams=[])
    team = await running.team("Led", administratorUuids=[lead.id])
    secret = await made(running.admin, "key", team)
    assert 403 == (await lead.get(f"/secrets/{secret}")).status
    assert 403 == (await lead.post("/secrets", {**KEY, "name": "other", "teamUuid": team})).status
    assert 200 == (await running.admin.post(f"/admin/teams/{team}/users", {"users": [lead.id]})).status
    assert 200 == (await lead.put(f"/secrets/{secret}", {"value": "y"})).status


async def test_a_move_takes_the_right_over_both_sides(running: Running) -> None:
    """Section 3.7: into a team that is not one's own, out of it and out of every team is denied and told as such."""
    a, b, other = await running.team("A"), await running.team("B"), await running.team("Other")
    sally = await holder(running, "secret:manage:team", a, b)
    secret = await made(running.admin, "key", a)
    theirs = await made(running.admin, "theirs", other)
    nobodys = await made(running.admin, "nobodys", None)
    moved = await sally.put(f"/secrets/{secret}", {"teamUuid": b})
    assert (200, b) == (moved.status, moved.json["teamUuid"])
    before = running.position
    for one, team in ((secret, other), (secret, None), (theirs, a), (nobodys, a)):
        denied = await sally.put(f"/secrets/{one}", {"teamUuid": team})
        assert 403 == denied.status
        assert "Missing: secret:manage" in denied.text
    attempts = (await running.admin.get("/audit?outcome=denied&pageSize=100")).json["events"]
    tried = [one["payload"]["params"]["arguments"] for one in attempts if one["position"] > before]
    assert {secret, theirs, nobodys} == {one["secret"] for one in tried}
    assert b == (await running.admin.get(f"/secrets/{secret}")).json["teamUuid"]
    for team in (other, None):  # who manages all moves it anywhere
        put = await running.admin.put(f"/secrets/{secret}", {"teamUuid": team})
        assert (200, team) == (put.status, put.json.get("teamUuid"))


async def test_secret_read_team_shows_names_and_descriptions_only(running: Running) -> None:
    """Section 3.7: those of one's teams, without a value, and nothing of them is changed or deleted."""
    mine = await running.team("Mine")
    reader = await holder(running, "secret:read:team", mine)
    secret = await made(running.admin, "key", mine)
    shown = await reader.get(f"/secrets/{secret}")
    assert {"uuid", "name", "description", "teamUuid", "createdAt", "_links"} == set(shown.json)
    assert KEY["value"] not in shown.text
    for answer in (
        await reader.post("/secrets", {**KEY, "name": "new", "teamUuid": mine}),
        await reader.post("/secrets", {**KEY, "name": "new"}),
        await reader.put(f"/secrets/{secret}", {"value": "y"}),
        await reader.put(f"/secrets/{secret}", {"description": "y"}),
        await reader.delete(f"/secrets/{secret}"),
    ):
        assert 403 == answer.status


@pytest.mark.parametrize("of_a_team", [True, False])
async def test_a_name_is_unique_within_a_team(running: Running, of_a_team: bool) -> None:
    """Section 3.7: (name, team) is unique, none being a place of its own: 409, and the first one is untouched."""
    a, b = await running.team("A"), await running.team("B")
    team = a if of_a_team else None
    first = await made(running.admin, "key", team)
    for place in {a, b, None} - {team}:
        await made(running.admin, "key", place)
    again = await running.admin.post("/secrets", {**KEY, **({"teamUuid": team} if team else {})})
    assert 409 == again.status
    before = (await running.admin.get(f"/secrets/{first}")).json
    moving = await made(running.admin, "other", b)
    for body in ({"name": "key", "teamUuid": team}, {"teamUuid": team, "name": "key", "value": "y"}):
        assert 409 == (await running.admin.put(f"/secrets/{moving}", body)).status
    assert before == (await running.admin.get(f"/secrets/{first}")).json


async def test_no_answer_has_a_value(running: Running) -> None:
    """Section 3.7: write-only. Neither who made it nor who manages all is ever told what it is."""
    secret = await made(running.admin, "key", None)
    for answer in (
        await running.admin.get(f"/secrets/{secret}"),
        await running.admin.get("/secrets"),
        await running.admin.put(f"/secrets/{secret}", {"value": KEY["value"]}),
        await running.admin.get("/audit?touches=secret:" + secret),
    ):
        assert 200 == answer.status, answer.text
        assert KEY["value"] not in answer.text
