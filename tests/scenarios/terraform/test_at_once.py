"""Ten calls in flight: no conflict, no failure, and what comes of it is what comes of one call after the other."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from tests import postgres, service
from tests.scenarios.terraform.client import Client, Exchange
from tests.scenarios.terraform.conftest import Runs
from tests.scenarios.terraform.core import Configuration, Ref, Run
from tests.service import Running

LATER = frozenset({"createdAt", "updatedAt", "expiresAt"})


def forty(suffix: str = "", *, changed: bool = False) -> Configuration:
    """Forty resources of six kinds that refer to each other; `changed` changes something of each.

    Every team has people, system accounts and applications of others too, so that calls at once meet in them.
    """
    found: dict[str, Any] = {}
    now = " II" if changed else ""
    shift = 3 if changed else 1
    for one in range(10):
        branch = "trunk" if changed else "main"
        found[f"pact_application.a{one}"] = {"name": f"App {one}{suffix}", "main_branch": branch}
    for one in range(6):
        scopes = ["team:read:*", "user:read:*", *(["webhook:manage:team"] if changed else [])]
        found[f"pact_role.r{one}"] = {"name": f"Role {one}{suffix}{now}", "scopes": scopes}
    for one in range(12):
        address = f"person{one}{suffix}@example.org"
        found[f"pact_user.u{one}"] = {
            "name": f"Person {one}{suffix}{now}",
            "email": address,
            "type": "system" if one % 3 == 2 else "user",
            "active": not changed or one % 4 != 0,
            "roles": [Ref(f"pact_role.r{(one + shift * step) % 6}", "uuid") for step in range(2)],
        }
    for one in range(8):
        found[f"pact_team.t{one}"] = {
            "name": f"Team {one}{suffix}{now}",
            "users": [Ref(f"pact_user.u{(one + shift * step) % 12}", "uuid") for step in range(4)],
            "administrators": [Ref(f"pact_user.u{3 * ((one + shift) % 4)}", "uuid")],
            "pacticipants": [
                Ref(f"pact_application.a{(one + shift * step) % 10}", "name") for step in range(3)
            ],
        }
    for one in range(4):
        found[f"pact_environment.e{one}"] = {
            "name": f"env{one}{suffix}{'x' if changed else ''}",
            "display_name": f"Environment {one}",
            "production": one == 0,
            "teams": [Ref(f"pact_team.t{(one + shift * step) % 8}", "uuid") for step in range(3)],
        }
    assert 40 == len(found)
    return found


async def test_ten_at_once_come_to_the_same_as_one_after_the_other(
    make_database: Callable[..., postgres.Database], tmp_path: Path
) -> None:
    """Forty resources made, changed and destroyed by ten calls in flight and, elsewhere, by one: documents and
    recorded facts are the same, and no call was refused or failed.

    So they are where every other call goes to another replica: each sees what the other has acknowledged.
    """
    in_turn = await _lived(make_database(), [tmp_path / "in turn"], parallelism=1)
    at_once = await _lived(make_database(), [tmp_path / "at once"], parallelism=10)
    assert in_turn == at_once
    balanced = await _lived(make_database(), [tmp_path / "one", tmp_path / "two"], parallelism=10)
    assert in_turn == balanced


async def test_two_configurations_are_applied_at_once(running: Running, runs: Runs) -> None:
    """Two people apply different configurations whose teams share people and applications: neither is refused, and
    both find afterwards what they asked for."""
    shared = runs()
    common: Configuration = {
        "pact_user.homer": {"name": "Homer", "email": "homer@example.org"},
        "pact_application.ui": {"name": "UI"},
    }
    await shared.apply(common)
    homer = shared.state["pact_user.homer"].id
    mine, yours = runs(), runs()
    for changed in (False, True):
        wanted = [_sharing(forty(name, changed=changed), homer) for name in ("-mine", "-yours")]
        await asyncio.gather(*(run.apply(one) for run, one in zip((mine, yours), wanted, strict=True)))
        for run, one in zip((mine, yours), wanted, strict=True):
            assert {} == await run.plan(one)
    assert {} == await shared.plan(common)
    await asyncio.gather(mine.destroy(), yours.destroy())
    assert {} == await shared.plan(common)
    document = (await running.admin.get(f"/admin/users/{homer}")).json
    assert ["Default"] == [team["name"] for team in document["_embedded"]["teams"]]
    for run in (mine, yours):
        _none_failed(run.client.exchanges)


def _sharing(configuration: Configuration, homer: str) -> Configuration:
    """The configuration, its teams with somebody and something that another configuration manages."""
    return {
        address: {**block, "users": [*block["users"], homer], "pacticipants": [*block["pacticipants"], "UI"]}
        if address.startswith("pact_team.")
        else block
        for address, block in configuration.items()
    }


async def _lived(database: postgres.Database, data_dirs: list[Path], parallelism: int) -> list[Any]:
    """What stood after each phase of forty resources' life, and how many facts of each kind were recorded.

    There is one replica for each data directory.
    """
    found: list[Any] = []
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        started = [await stack.enter_async_context(service.running(database, one)) for one in data_dirs]
        running, roots = started[0], [str(one.root) for one in started]
        run = Run(Client(session, roots[0], service.ADMIN_TOKEN, *roots[1:]), parallelism)
        phases: tuple[Configuration, ...] = (forty(), forty(changed=True), {})
        for configuration in phases:
            await run.apply(configuration)
            assert {} == await run.plan(configuration)
            found.append(await _what_stands(running))
        async with running.app.reader.connection() as connection:
            rows = await connection.fetch("select kind from log where actor is not null")
        found.append(Counter(row["kind"] for row in rows))
        _none_failed(run.client.exchanges)
        assert parallelism == max(one.under_way for one in run.client.exchanges)
    return found


def _none_failed(exchanges: list[Exchange]) -> None:
    assert {200, 201, 204} == {one.status for one in exchanges}


async def _what_stands(running: Running) -> Any:
    """Every document there is, with names for ids."""
    admin = running.admin
    lists = {
        "/admin/roles": ("_embedded", "roles"),
        "/admin/users": ("users",),
        "/admin/teams": ("teams",),
        "/pacticipants": ("_embedded", "pacticipants"),
        "/environments": ("_embedded", "environments"),
    }
    found: dict[str, list[Any]] = {}
    for path, place in lists.items():
        document = (await admin.get(path)).json
        for step in place:
            document = document[step]
        found[path] = [(await admin.get(one["_links"]["self"]["href"])).json for one in document]
    names = {one["uuid"]: one["name"] for documents in found.values() for one in documents}
    text = json.dumps(found)
    for uuid, name in names.items():
        text = text.replace(uuid, f"<{name}>")
    return _comparable(json.loads(text))


def _comparable(document: Any) -> Any:
    """Without times, and without the ids by which lists are ordered and by which a team's own scope is told."""
    match document:
        case {"scope": scope}:
            return scope
        case dict():
            return {name: _comparable(one) for name, one in document.items() if name not in LATER}
        case list():
            return sorted(map(_comparable, document), key=json.dumps)
        case _:
            return document
