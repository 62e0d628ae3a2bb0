"""AuthZEN 1.0, pages of a search: pinned to the position of the first, whatever is written beside it meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.scenarios.test_authzen import Played, Thing, adopt, alias, register
from tests.scenarios.test_authzen import played as played  # noqa: PLC0414  # a fixture, used by name
from tests.service import Running

MANY = 40


@asynccontextmanager
async def written_beside(played: Played) -> AsyncIterator[None]:
    """Things come, go and change hands, the catalogue ends and returns, people come, are shut out and let in."""
    running, done = played.running, asyncio.Event()
    people = {name: await _id_of(running, person.alias) for name, person in played.scenario.people.items()}

    async def writing() -> None:
        for number in range(1, 1_000):
            if done.is_set():
                return
            await register(running, Thing(type="record", name=f"late-{number}", owner="Anna"), people, {})
            held = [one.id for one in running.app.replica.now().resources_of_type("record")]
            await running.admin.delete(f"/admin/resources/{held[number % 7]}")
            await running.admin.patch(f"/admin/resources/{held[-3]}", {"owner": None})
            await alias(running, people["Boris"], f"boris-{number}")
            active = {"active": number % 2 == 0}
            await running.admin.put(f"/admin/users/{people['Clara']}", {"name": "Clara", **active})
            await running.person(f"Late {number}")
            if number % 3 == 0:
                gone = await running.admin.delete("/admin/catalogues/records")
                assert 200 == gone.status, gone.text
                await adopt(running, played.scenario)

    task = asyncio.create_task(writing())
    try:
        yield
    finally:
        done.set()
        await task


async def _id_of(running: Running, text: str) -> str:
    found = running.app.replica.now().principal_with_alias(text)
    assert found is not None
    return found.id


@pytest.mark.parametrize("played", ["records"], indirect=True)
@pytest.mark.parametrize(
    ("sought", "body"),
    [
        ("resource", {"subject": {"type": "user", "id": "anna"}, "resource": {"type": "record"}}),
        ("resource", {"subject": {"type": "user", "id": "elif"}, "resource": {"type": "record"}}),
        ("subject", {"subject": {"type": "user"}, "resource": {"type": "record", "id": "many-7"}}),
    ],
)
async def test_pages_are_one_moment_s_while_everything_changes(
    played: Played, sought: str, body: dict[str, Any]
) -> None:
    """They neither miss nor repeat, each is of the first one's position, and its total is true."""
    running, asker = played.running, played.asker
    people = {"Elif": await _id_of(running, "elif")}
    for number in range(MANY):
        await register(running, Thing(type="record", name=f"many-{number}", owner="Elif"), people, {})
    path, asked = f"/access/v1/search/{sought}", {**body, "action": {"name": "view"}}
    whole = (await asker.post(path, asked)).json["results"]
    position, limit = running.position, 3 if sought == "resource" else 1
    async with written_beside(played):
        page = await asker.post(f"{path}?as_of={position}", {**asked, "page": {"limit": limit}})
        found, told = list(page.json["results"]), [(page.json["page"]["total"], page.position)]
        while token := page.json["page"]["next_token"]:
            before = running.position
            while running.position == before:
                await asyncio.sleep(0.001)
            page = await asker.post(path, {**asked, "page": {"token": token}})
            assert 200 == page.status, page.text
            assert len(page.json["results"]) == page.json["page"]["count"] <= limit
            found += page.json["results"]
            told.append((page.json["page"]["total"], page.position))

    assert len(whole) > limit
    assert whole == found
    assert {(len(whole), position)} == set(told)
    assert position < running.position
