"""Every order that there is, at every id that there is, by somebody who wants more: nobody comes to hold more by it."""

import json
import re
from collections.abc import Iterator

import msgspec
import pytest

from projections import access, excess, things
from projections.view import View
from service.http import routes
from service.http.route import Route
from tests.given import TEST_MAINTAINER, VIEWER
from tests.http import todos
from tests.http.test_roles import ADMINISTRATOR, CI_CD, USER
from tests.service import Client, Running

NOUNS = ("/admin/", "/settings/", "/preferences/", "/environments", "/invitations")
VALUE = re.compile(r'"value": ?"(mun_[^"]+)"')
EVIL = "user:manage:*"


class World(msgspec.Struct):
    """Everything that an order can be about, and who tries."""

    climber: Client
    ids: dict[str, str]
    known: set[str]
    """The token values that the climber was ever shown, its own aside."""
    things: tuple[str, ...] = ()
    """Registered things, each with a side that is not the climber's."""


WHO: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a User": ((USER,), ()),
    "a Test Maintainer": ((TEST_MAINTAINER,), ()),
    "a Viewer": ((VIEWER,), ()),
    "CI": ((CI_CD,), ("token:manage:own",)),
    "a team's manager of accounts": ((), ("system_account:manage:team", "token:manage:own", "user:read:*")),
    "a team's manager of things": (
        (),
        (
            "resource:manage:team",
            "resource:manage:own",
            "todo:delete:team",
            "todo:delete:own",
            "todo:read:own",
        ),
    ),
    "who sets preferences": ((), ("system_preference:manage:*", "environment:manage:*", "token:manage:own")),
}
"""Predefined roles and further scopes of whoever tries; each administers their team as well."""


@pytest.mark.parametrize("who", sorted(WHO))
async def test_nobody_climbs(running: Running, who: str) -> None:
    """No order raises what its giver may, directly or by a token that the answers show (seeds 000 and 002)."""
    world = await _world(running, *WHO[who])
    climber = world.climber.id
    before, reached = _held(running, climber), _reached(running, world)
    others = _others(running.app.replica.now(), climber)
    tried = 0
    for method, path, body in _orders(world):
        answer = await world.climber.ask(method, path, json=body)
        assert answer.status < 500, (method, path, answer.text)
        _learn(running, world, answer.text)
        tried += 1
    assert tried > 500
    after = _held(running, climber)
    assert after <= before, after - before
    assert _reached(running, world) <= reached
    view = running.app.replica.now()
    assert view.principal_with_alias("climber") is None
    made = {(one.id, CI_CD) for one in view.principals() if one.type == "system_account"}
    assert _others(view, climber) <= others | made
    me = view.principal(climber)
    for value in world.known:
        token = view.token_with_digest(running.app.keys.token_digest(value))
        if token is not None and token.principal != me.id:
            account = view.principal(token.principal)
            assert excess.excess(view, account, me.id, reading=token.read_only) is None


async def _world(running: Running, roles: tuple[str, ...], scopes: tuple[str, ...]) -> World:
    """Two teams, the climber in and over the first, and in each somebody and a system account that may more."""
    mine, other = await running.team("Mine"), await running.team("Other")
    await todos.adopted(running)
    held = [*roles, *([await running.role("More", *scopes)] if scopes else [])]
    climber = await running.person("Climber", roles=held, teams=[mine])
    await running.admin.put(f"/admin/teams/{mine}", {"name": "Mine", "administratorUuids": [climber.id]})
    ids = {"mine": mine, "other": other, "custom": await running.role("Custom"), "me": climber.id}
    ids |= {
        "administrator": ADMINISTRATOR,
        "user role": USER,
        "kevin": (await running.admin.get("/user")).json["uuid"],
    }
    for name, team, strong in (("strong", mine, True), ("weak", mine, False), ("far", other, True)):
        roles_ = [ADMINISTRATOR] if strong else []
        account = await running.system_account(name, roles=roles_, teams=[team])
        ids[name] = account.id
        tokens = (await running.admin.get(f"/admin/system-accounts/{account.id}/tokens")).json
        ids[f"token of {name}"] = tokens["_embedded"]["items"][1]["uuid"]
        ids[f"person {name}"] = (await running.person(f"Person {name}", roles=roles_, teams=[team])).id
    body = {"name": "test", "production": False, "teamUuids": [other]}
    ids["environment"] = (await running.admin.post("/environments", body)).json["uuid"]
    sides: tuple[dict[str, object], ...] = (
        {},
        {"teamUuids": [other]},
        {"teamUuids": [mine, other]},
        {"teamUuids": [mine], "owner": ids["person weak"]},
        {"owner": ids["person far"]},
    )
    things_ = [await todos.todo(running.admin, str(n), **one) for n, one in enumerate(sides)]
    ids |= {f"thing {n}": one for n, one in enumerate(things_)}
    return World(climber, ids, set(), tuple(map(str, range(len(things_)))))


def _orders(world: World) -> Iterator[tuple[str, str, object]]:
    """Every order of people, roles, teams, accounts, tokens, preferences and environments, at every id of the world."""
    for route in sorted(routes.ROUTES, key=lambda route: (route.method == "DELETE", route.path)):
        if not route.path.startswith(NOUNS) or route.auth != "token":
            continue
        if route.method == "GET" and "tokens" not in route.path:
            continue  # of questions only those are asked whose answers could be used
        for path in _paths(route, list(world.ids.values())):
            for body in _bodies(route, world):
                yield route.method, path, body


def _paths(route: Route, ids: list[str]) -> Iterator[str]:
    filled = route.path.replace("{name}", "defaultRole")
    match filled.count("{"):
        case 0:
            yield filled
        case 1:
            yield from (re.sub(r"\{\w+\}", one, filled) for one in ids)
        case _:
            first, second = re.findall(r"\{\w+\}", filled)
            yield from (filled.replace(first, a).replace(second, b) for a in ids for b in ids)


def _bodies(route: Route, world: World) -> Iterator[object]:
    """What raises the climber, if it is listened to: one body holds the fields of every order."""
    me, mine = world.climber.id, world.ids["mine"]
    if route.method == "GET":
        yield None
        return
    if route.path.startswith("/admin/resources"):
        wanted = {
            "owner": me,
            "teamUuids": [mine],
            "joinTeamUuids": [mine],
            "leaveTeamUuids": [world.ids["other"]],
        }
        for part in ({"owner": me}, {"teamUuids": [mine]}, {"joinTeamUuids": [mine]}, wanted):
            for name in ("0", "2", "3"):
                named = {"type": "todo", "name": name, **part}
                yield {"resources": [named]} if route.path.endswith("import") else named
        return
    if route.method == "PATCH":
        yield [{"op": "add", "path": "/users", "value": {"uuid": one}} for one in (me, world.ids["far"])]
        return
    number = len(world.known) + len(json.dumps(world.ids))
    whole: dict[str, object] = {
        "name": f"New {number}",
        "email": f"new{number}@example.org",
        "users": [me],
        "roles": [ADMINISTRATOR],
        "administratorUuids": [me],
        "permissions": [{"scope": EVIL}, {"scope": "role:manage:*"}],
        "value": ADMINISTRATOR,
        "preferences": [{"name": "defaultRole", "value": ADMINISTRATOR}],
        "teamUuid": mine,
        "teamUuids": [mine],
        "production": False,
        "active": True,
        "authenticationProviders": {},
        "aliases": ["climber"],
    }
    yield whole
    if "/users" in route.path and route.method in ("PUT", "POST"):
        yield {"users": [me, world.ids["far"], world.ids["strong"]], "roles": [ADMINISTRATOR, USER]}


def _learn(running: Running, world: World, text: str) -> None:
    """Remember the tokens that an answer shows; one's own read/write token is used from then on."""
    view = running.app.replica.now()
    for value in VALUE.findall(text):
        token = view.token_with_digest(running.app.keys.token_digest(value))
        if token is not None and token.principal == world.climber.id:
            if not token.read_only:
                world.climber.token = value
        else:
            world.known.add(value)


def _reached(running: Running, world: World) -> set[tuple[str, str]]:
    """What the climber may do to the things, under whatever id they are known by now."""
    view, me = running.app.replica.now(), world.climber.id
    actions = ("todo:read", "todo:delete", "resource:manage")
    found = ((name, view.resource_named("todo", name)) for name in world.things)
    return {
        (name, action)
        for name, one in found
        for action in actions
        if one is not None and access.may(view, me, action, things.of_resource(one))
    }


def _held(running: Running, principal: str) -> set[str]:
    """What somebody may, by permission and extent; the things of the own team are theirs to bring in (section 3.2)."""
    view = running.app.replica.now()
    me = view.principal(principal)
    roles = {f"role {role.id} {scope}" for role in view.roles_of(me) for scope in role.scopes}
    return roles | {f"administers {team}" for team in me.administers} | {f"team {team}" for team in me.teams}


def _others(view: View, climber: str) -> set[tuple[str, str]]:
    """Who else holds which role, and who administers what."""
    found: set[tuple[str, str]] = set()
    for one in view.principals():
        if one.id != climber:
            found |= {(one.id, role.id) for role in view.roles_of(one)}
            found |= {(one.id, f"administers {team}") for team in one.administers}
    return found
