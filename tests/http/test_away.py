"""Postgres away: changes are refused for now, reads and questions go on with their position and age, and all heals."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from service.http import routes
from tests import postgres, service
from tests.http.test_bad_input import require_refusal
from tests.service import Answer, Running

QUESTION = {
    "subject": {"type": "user", "id": "admin@example.org"},
    "action": {"name": "contract_data:manage"},
    "resource": {"type": "application", "id": "Foo"},
}
PACT = {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": []}
WAIT_SECONDS = 20.0


async def until(asked: Callable[[], Awaitable[Answer]], true: Callable[[Answer], bool]) -> Answer:
    """The first answer of which it is true."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not true(answer := await asked()):
            await asyncio.sleep(0.1)
        return answer


async def test_reads_and_questions_go_on_with_position_and_age(
    running: Running, database: postgres.Database, postgres_server: postgres.Server
) -> None:
    """What is held here is still answered, at once, and each answer says how old it may be; then it is back."""
    made = await running.admin.post("/pacticipants", {"name": "Foo"})
    team = await running.team("A")
    before = running.position

    async def role() -> Answer:
        return await running.admin.get("/admin/roles")

    async with postgres.away(database, postgres_server):
        await until(role, lambda answer: "Muniment-Age" in answer.headers)
        began = time.monotonic()
        for path in (
            "/pacticipants/Foo",
            "/admin/users",
            f"/admin/teams/{team}",
            "/user",
            "/integrations",
            "/",
        ):
            answer = await running.admin.get(path)
            assert (200, before) == (answer.status, answer.position), path
            assert int(answer.headers["Muniment-Age"]) >= 1
        past = await running.admin.get(f"/pacticipants/Foo?as_of={made.position}")
        assert (200, made.position) == (past.status, past.position)
        asked = await running.admin.post("/access/v1/evaluation", QUESTION)
        assert (200, True) == (asked.status, asked.json["decision"])
        assert int(asked.headers["Muniment-Age"]) >= 1
        assert time.monotonic() - began < 8, "a read must not wait for a head that nobody can learn"
    assert (
        "Muniment-Age" not in (await until(role, lambda answer: "Muniment-Age" not in answer.headers)).headers
    )
    healed = await until(
        lambda: running.admin.post("/admin/teams", {"name": "B"}), lambda answer: answer.status == 201
    )
    assert before + 1 == healed.position


async def test_every_change_is_refused_for_now_and_nothing_is_done(
    running: Running, database: postgres.Database, postgres_server: postgres.Server
) -> None:
    """503 with Retry-After on every route that makes an order, reading the trail included; later all is as before."""
    admin = running.admin
    team, role = await running.team("A"), await running.role("Rotator", "secret:manage:team")
    sally = await running.person("Sally")
    await admin.post("/pacticipants", {"name": "Foo"})
    account = await running.system_account("Robot")
    token = (await sally.get("/settings/tokens")).json["_embedded"]["items"][0]["_links"]["self"]["href"]
    before = running.position
    calls: dict[tuple[str, str], object] = {
        ("POST", "/admin/roles"): {"name": "x", "permissions": []},
        ("PUT", f"/admin/roles/{role}"): {"name": "y", "permissions": []},
        ("DELETE", f"/admin/roles/{role}"): None,
        ("POST", "/admin/teams"): {"name": "B"},
        ("PUT", f"/admin/teams/{team}"): {"name": "C"},
        ("DELETE", f"/admin/teams/{team}"): None,
        ("PUT", f"/admin/teams/{team}/users"): {"users": [sally.id]},
        ("POST", f"/admin/teams/{team}/users"): {"users": [sally.id]},
        ("POST", "/admin/users/invite-user"): {"name": "Z", "email": "z@example.org", "active": True},
        ("PUT", f"/admin/users/{sally.id}"): {"active": False},
        ("PUT", f"/admin/users/{sally.id}/roles"): {"roles": [role]},
        ("DELETE", f"/admin/users/{sally.id}"): None,
        ("POST", "/admin/system-accounts"): {"name": "R2"},
        ("DELETE", f"/admin/users/{account.id}"): None,
        ("POST", f"{token}/regenerate"): {},
        ("POST", "/pacticipants"): {"name": "Bar"},
        ("PATCH", "/pacticipants/Foo"): {"displayName": "F"},
        ("DELETE", "/pacticipants/Foo"): None,
        ("PUT", "/pacts/provider/Bar/consumer/Foo/version/1"): PACT,
        ("POST", "/environments"): {"name": "test", "displayName": "T", "production": False},
        ("POST", "/invitations/redeem"): {"code": "AAAAA-BBBBB"},
        ("GET", "/audit"): None,
    }
    async with postgres.away(database, postgres_server):
        for (method, path), body in calls.items():
            asker = sally if "/settings/" in path else admin
            for headers in ({}, {"Idempotency-Key": f"k {path}".replace(" ", "-")}):
                answer = await asker.ask(method, path, json=body, headers=headers)
                assert 503 == answer.status, f"{method} {path}: {answer.status} {answer.text}"
                assert int(answer.headers["Retry-After"]) >= 1
                assert "reference" in answer.json["error"]
    await until(lambda: admin.post("/admin/teams", {"name": "After"}), lambda answer: answer.status == 201)
    assert before + 1 == running.position


@pytest.mark.parametrize("age", ["1"])
async def test_a_question_is_not_answered_from_what_is_too_old(
    database: postgres.Database, tmp_path: Path, postgres_server: postgres.Server, age: str
) -> None:
    """Beyond the bound every question is 503, never yes; other reads go on, and the end of the outage ends it."""
    async with service.running(database, tmp_path, MUNIMENT_STALENESS_SECONDS_MAX=age) as running:

        async def asked() -> Answer:
            return await running.admin.post("/access/v1/evaluation", QUESTION)

        assert 200 == (await asked()).status
        async with postgres.away(database, postgres_server):
            refused = await until(asked, lambda answer: answer.status != 200)
            require_refusal(refused, 503)
            assert "2" == refused.headers["Retry-After"]
            for route in (route for route in routes.ROUTES if route.bounded):
                answer = await running.admin.ask(route.method, route.path, json=QUESTION)
                assert 503 == answer.status, route.path
            assert 200 == (await running.admin.get("/admin/roles")).status
        assert 200 == (await until(asked, lambda answer: answer.status == 200)).status


def test_every_question_is_bounded() -> None:
    """Whatever AuthZEN and its neighbours answer is something that somebody acts on."""
    paths = {route.path for route in routes.ROUTES if route.path.startswith("/access/v1/")}
    assert paths == {route.path for route in routes.ROUTES if route.bounded}
