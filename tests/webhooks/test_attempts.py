"""What an attempt holds that comes after others: the webhook and its secrets as they are, the occasion as it was."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests import postgres, receiver
from tests.receiver import Receiver
from tests.service import Client
from tests.webhooks import serving


class Waiting:
    """An answer that fails, once the test has changed what it changes."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def __call__(self, _request: web.Request) -> web.Response:
        await self.over.wait()
        return web.Response(status=500)


async def secret(client: Client, value: str, **more: Any) -> str:
    made = await client.post("/secrets", {"name": "Token", "value": value, **more})
    assert 201 == made.status, made.text
    return str(made.json["uuid"])


def keys(there: Receiver) -> list[str]:
    return [one.headers["X-Key"] for one in there.got]


async def test_each_attempt_takes_the_secrets_and_the_webhook_as_they_are(
    database: postgres.Database, tmp_path: Path
) -> None:
    """One that was rotated meanwhile is sent with its new value, to where the webhook goes by now."""
    waiting = Waiting()
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        token = await secret(running.admin, "before")
        request = {"headers": {"X-Key": "${user.Token}"}}
        webhook = await serving.webhook(running.admin, there.url("/first"), request=request)
        there.answers = [waiting]
        await serving.publish(running.admin, "1")
        await there.count(1)
        rotated = await running.admin.put(f"/secrets/{token}", {"name": "Token", "value": "after"})
        assert 200 == rotated.status, rotated.text
        document = {
            "events": [{"name": "contract_published"}],
            "request": {"method": "POST", "url": there.url("/second"), **request},
        }
        edited = await running.admin.put(f"/webhooks/{webhook}", document)
        assert 200 == edited.status, edited.text
        waiting.over.set()
        await there.count(2)
    assert ["before", "after"] == keys(there)
    assert ["/first", "/second"] == [one.target for one in there.got]
    assert 1 == len({one.headers["Muniment-Delivery"] for one in there.got})


async def test_each_attempt_tells_of_the_occasion_as_it_was(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Tags, labels and names that came after the record that brought it about are in no later attempt."""
    waiting = Waiting()
    told = "${pactbroker.consumerName} ${pactbroker.consumerVersionTags} ${pactbroker.consumerLabels}"
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        await serving.webhook(running.admin, there.url(), request={"body": {"told": told}})
        there.answers = [waiting]
        await serving.publish(running.admin, "1")
        await there.count(1)
        for path in ("versions/1/tags/late", "labels/late"):
            made = await running.admin.put(f"/pacticipants/Foo/{path}", {})
            assert 201 == made.status, made.text
        renamed = await running.admin.patch("/pacticipants/Foo", {"name": "Renamed"})
        assert 200 == renamed.status, renamed.text
        waiting.over.set()
        await there.count(2)
    assert [b'{"told":"Foo  "}'] * 2 == [one.body for one in there.got]


@pytest.mark.parametrize(("clash", "sent"), [(False, "of the team"), (True, "${user.Token}")])
async def test_a_team_that_is_deleted_leaves_its_webhooks_its_secrets_and_no_others(
    database: postgres.Database, tmp_path: Path, clash: bool, sent: str
) -> None:
    """Section 3.7, open point 13: they go on as they did; where the name was taken already, nothing stands for it."""
    waiting = Waiting()
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        made = await running.admin.post("/admin/teams", {"name": "Gone"})
        assert 201 == made.status, made.text
        team = {"teamUuid": str(made.json["uuid"])}
        if clash:
            await secret(running.admin, "of nobody")
        await secret(running.admin, "of the team", **team)
        request = {"headers": {"X-Key": "${user.Token}"}}
        await serving.webhook(running.admin, there.url(), request=request, **team)
        there.answers = [waiting]
        await serving.publish(running.admin, "1")
        await there.count(1)
        assert 204 == (await running.admin.delete(f"/admin/teams/{team['teamUuid']}")).status
        waiting.over.set()
        await there.count(2)
    assert ["of the team", sent] == keys(there)
