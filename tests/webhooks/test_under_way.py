"""What is under way while the lead changes is not sent by anybody else meanwhile."""

import asyncio
from pathlib import Path

from aiohttp import web

from service import deliveries, leading
from tests import postgres, receiver
from tests.webhooks import serving


class Slow:
    """An answer that comes once the test lets it."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def __call__(self, _request: web.Request) -> web.Response:
        await self.over.wait()
        return web.Response()


async def test_whoever_stops_keeps_the_lead_until_nothing_is_under_way(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Another replica that took over before would send the very same request beside it."""
    slow = Slow()
    async with (
        receiver.listening() as there,
        serving.running(database, tmp_path / "one") as one,
        serving.running(database, tmp_path / "two") as two,
    ):
        await serving.until(lambda: one.app.deliveries.leads)
        await serving.webhook(two.admin, there.url())
        there.answers = [slow]
        await serving.publish(two.admin, "1")
        await there.count(1)
        stopping = asyncio.create_task(one.app.deliveries.stop())
        await asyncio.sleep(2 * leading.ASK_SECONDS)
        assert not two.app.deliveries.leads
        slow.over.set()
        await stopping
        await serving.until(lambda: two.app.deliveries.leads)
        (attempt,) = await serving.recorded(database, 1)
        await asyncio.sleep(2 * deliveries.LOOK_SECONDS)
        assert 1 == len(there.got)
    assert attempt.success


async def test_whoever_leads_again_goes_on_with_what_is_under_way(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Its session was lost, and its requests were not: none of them is sent a second time beside the first."""
    slow = Slow()
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        await serving.webhook(running.admin, there.url())
        there.answers = [slow]
        await serving.publish(running.admin, "1")
        await there.count(1)
        before = running.app.deliveries.owing
        await serving.execute(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'muniment/webhooks'",
        )
        await serving.until(lambda: running.app.deliveries.owing not in (None, before))
        await asyncio.sleep(4 * deliveries.LOOK_SECONDS)
        assert 1 == len(there.got)
        slow.over.set()
        (attempt,) = await serving.recorded(database, 1)
        owing = running.app.deliveries.owing
        assert owing is not None
        await serving.until(lambda: len(owing) == 0)
        assert 1 == len(there.got)
    assert attempt.success


async def test_a_receiver_that_did_not_answer_is_asked_by_one_request_at_a_time(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Until it answers: then by four again, and never by more."""

    async def away(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    first, later = Slow(), Slow()
    environment = {"MUNIMENT_WEBHOOK_RETRY_SECONDS": "none"}
    async with (
        receiver.listening() as there,
        serving.running(database, tmp_path, **environment) as running,
    ):
        await serving.webhook(running.admin, there.url())
        there.answers = [away, first, *[later] * 6]
        await serving.publish(running.admin, "0")
        await serving.recorded(database, 1)
        for number in range(1, 8):
            await serving.publish(running.admin, str(number))
        await there.count(2)
        await asyncio.sleep(2 * deliveries.LOOK_SECONDS)
        assert 2 == len(there.got)
        first.over.set()
        await there.count(2 + deliveries.AT_ONCE_HOST_MAX)
        await asyncio.sleep(2 * deliveries.LOOK_SECONDS)
        assert 6 == len(there.got)
        later.over.set()
        attempts = await serving.recorded(database, 8)
    assert ["connection"] + [""] * 7 == [one.problem for one in attempts]
