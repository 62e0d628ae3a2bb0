"""When tokens were last used (section 3.8): approximate, kept beside the record, never in the way of a request."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from service.commands.users import DeleteUser
from service.log import token_use
from service.vocabulary import PrincipalId, TokenId
from tests import postgres, service
from tests.handling import doors
from tests.service import Client, Running

LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def items(client: Client, path: str = "/settings/tokens") -> list[Any]:
    answer = await client.get(path)
    assert 200 == answer.status, answer.text
    found: list[Any] = answer.json["_embedded"]["items"]
    return found


async def keep(running: Running) -> None:
    """What upkeep does each minute."""
    connection = await running.app.connected("test")
    await running.app.uses.keep(connection, running.app.replica.now())
    await connection.close()


async def test_a_token_that_was_presented_says_when(running: Running) -> None:
    """Section 3.8: before it is kept and after; one that nobody presented, or that did not work, says nothing."""
    sally = await running.person("Sally")
    other = await running.system_account("robot")
    before = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  # a test may read the clock
    writing: Any = None
    for _ in range(2):
        read_only, writing = await items(sally)
        assert "lastUsed" not in read_only
        assert before <= datetime.fromisoformat(writing["lastUsed"])
        await keep(running)
        assert not running.app.uses.any
    one = await sally.get(writing["_links"]["self"]["href"])
    assert before <= datetime.fromisoformat(one.json["lastUsed"])
    assert 401 == (await running.client("mun_nobody").get("/user")).status
    unused = await items(running.admin, f"/admin/system-accounts/{other.id}/tokens")
    assert [False, False] == ["lastUsed" in item for item in unused]
    then = await items(sally, f"/settings/tokens?as_of={running.position}")
    assert [False, False] == ["lastUsed" in item for item in then]


async def test_of_two_replicas_the_latest_use_counts(database: postgres.Database, tmp_path: Path) -> None:
    """Whoever writes last does not decide: an older use is no news."""
    async with (
        doors.opened(database, tmp_path / "one", open_account=True, follow=True) as one,
        doors.opened(database, tmp_path / "two", follow=True) as two,
    ):
        await two.replica.wait_for(one.replica.position, 5)
        token = one.replica.now().principal(doors.kevin(one)).tokens[0]
        connection = await one.connected("test")
        for app, minutes in ((one, 5), (two, 3)):
            app.uses.note(token, LONG_AGO + timedelta(minutes=minutes))
            await app.uses.keep(connection, app.replica.now())
        assert {token: LONG_AGO + timedelta(minutes=5)} == await token_use.latest(connection, [token])
        await connection.close()


async def test_a_stop_keeps_what_was_noted(database: postgres.Database, tmp_path: Path) -> None:
    """A replica that is told to stop loses nothing; nothing of it is in the log."""
    async with service.running(database, tmp_path) as running:
        assert 200 == (await running.admin.get("/user")).status
        position, (token,) = running.position, running.app.uses._noted  # its only bearer so far
    connection = await asyncpg.connect(database.owner_dsn)
    assert 1 == await connection.fetchval("select count(*) from muniment.token_use where token = $1", token)
    assert position == await connection.fetchval("select max(position) from muniment.log")
    await connection.close()


async def test_what_cannot_be_kept_stays_noted(running: Running) -> None:
    """A fault while it is kept costs nothing but the delay."""
    await running.admin.get("/user")
    connection = await running.app.connected("test")
    await connection.close()
    with contextlib.suppress(asyncpg.InterfaceError):
        await running.app.uses.keep(connection, running.app.replica.now())
    assert running.app.uses.any


async def test_nothing_is_kept_of_tokens_that_are_gone(running: Running) -> None:
    """A deleted principal's tokens leave no trace beside the record; one that is unknown here may be another's new."""
    sally = await running.person("Sally")
    tokens = running.app.replica.now().principal(sally.id).tokens
    unknown = TokenId("ffffffff-0000-4000-8000-000000000000")
    await sally.get("/user")
    await keep(running)
    await sally.get("/user")
    await doors.do(running.app, DeleteUser(principal=PrincipalId(sally.id)))
    connection = await running.app.connected("test")
    await token_use.keep(connection, {unknown: LONG_AGO})
    await keep(running)
    assert {unknown} == set(await token_use.latest(connection, [*tokens, unknown]))
    await connection.close()
