"""From a publication to the receiver: what is owed is sent, tried again, recorded, and never lost."""

import asyncio
import contextlib
import socket
import time
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from structlog import testing

from projections import owed_reading
from service import carrying, deliveries, leading, sending
from service.cli import webhooks
from service.events.webhooks import WebhookDeliveryAbandoned, WebhooksTriggered
from service.log.recorded import Foldable
from service.metrics import Metrics
from service.owing import Owing
from service.queries import outgoing
from service.sending import Attempted
from service.settings import from_environment
from tests import postgres, receiver
from tests.given import START
from tests.handling import doors
from tests.webhooks import serving


async def test_what_is_owed_is_sent_and_recorded(database: postgres.Database, tmp_path: Path) -> None:
    """The receiver gets the request with its delivery's id; the record says what came of it, by the service itself."""
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        webhook = await serving.webhook(running.admin, there.url("/build?key=k"))
        await serving.publish(running.admin, "1")
        (got,) = await there.count(1)
        (attempt,) = await serving.recorded(database, 1)
        (owed,) = (one for one in await serving.told(database) if isinstance(one, WebhooksTriggered))
    assert ("POST", "/build?key=k", b'{"at":"1"}') == (got.method, got.target, got.body)
    assert "application/json" == got.headers["Content-Type"]
    assert owed.deliveries[0].delivery == got.headers["Muniment-Delivery"] == attempt.delivery
    assert ("1", 1) == (got.headers["Muniment-Attempt"], attempt.attempt)
    assert (webhook, True, 200, "", None) == (
        attempt.webhook,
        attempt.success,
        attempt.status,
        attempt.problem,
        attempt.next_at,
    )


async def test_a_failure_is_tried_again_as_often_as_the_settings_say(
    database: postgres.Database, tmp_path: Path
) -> None:
    """500, then success ends it; 500 for ever ends after the last retry (section 3.7). One delivery, counted on."""
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        await serving.webhook(running.admin, there.url())
        there.answers = [500, 503, 200, 500, 500, 500]
        await serving.publish(running.admin, "1")
        await serving.recorded(database, 3)
        await serving.publish(running.admin, "2")
        attempts = await serving.recorded(database, 6)
        owing = running.app.deliveries.owing
        assert owing is not None
        await serving.until(lambda: len(owing) == 0)
    assert [1, 2, 3] * 2 == [one.attempt for one in attempts]
    assert [500, 503, 200, 500, 500, 500] == [one.status for one in attempts]
    assert [False, False, True, False, False, False] == [one.success for one in attempts]
    assert [True, True, False, True, True, False] == [one.next_at is not None for one in attempts]
    assert 2 == len({one.delivery for one in attempts})
    assert [str(one.attempt) for one in attempts] == [one.headers["Muniment-Attempt"] for one in there.got]
    assert [one.delivery for one in attempts] == [one.headers["Muniment-Delivery"] for one in there.got]


async def test_a_denied_target_is_no_accident(database: postgres.Database, tmp_path: Path) -> None:
    """It is recorded and not tried again, nor told to the log with its address."""
    environment = {"MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": ""}
    with testing.capture_logs() as lines:
        async with (
            receiver.listening() as there,
            serving.running(database, tmp_path, **environment) as running,
        ):
            await serving.webhook(running.admin, there.url("/planted-path"))
            await serving.publish(running.admin, "1")
            (attempt,) = await serving.recorded(database, 1)
    assert ("target_denied", None, None) == (attempt.problem, attempt.status, attempt.next_at)
    assert [] == there.got
    assert "planted" not in repr(lines)
    assert str(there.port) not in repr(lines)


async def test_retries_survive_a_restart(database: postgres.Database, tmp_path: Path) -> None:
    """The next attempt is due when the record says so, whoever is there then, and has the same delivery id."""
    environment = {"MUNIMENT_WEBHOOK_RETRY_SECONDS": "2"}
    async with receiver.listening() as there:
        async with serving.running(database, tmp_path, **environment) as running:
            await serving.webhook(running.admin, there.url())
            there.answers = [500]
            await serving.publish(running.admin, "1")
            (first,) = await serving.recorded(database, 1)
        async with serving.running(database, tmp_path, **environment):
            first, second = await serving.recorded(database, 2)
    assert (first.delivery, 2, True) == (second.delivery, second.attempt, second.success)
    assert first.next_at is not None
    assert first.next_at <= second.sent_at
    assert 2 == (first.next_at - first.sent_at).seconds


async def test_one_of_two_replicas_sends(database: postgres.Database, tmp_path: Path) -> None:
    """Whichever is asked to publish; when the one that sends is gone, the other goes on within seconds."""
    async with receiver.listening() as there, contextlib.AsyncExitStack() as stack:
        one = serving.running(database, tmp_path / "one")
        first = await stack.enter_async_context(one)
        await serving.until(lambda: first.app.deliveries.leads)
        other = await stack.enter_async_context(serving.running(database, tmp_path / "other"))
        await serving.webhook(other.admin, there.url())
        for number in range(10):
            await serving.publish(other.admin if number % 2 else first.admin, str(number))
        await serving.recorded(database, 10)
        assert (True, False) == (first.app.deliveries.leads, other.app.deliveries.leads)
        await first.app.deliveries.stop()
        await serving.publish(other.admin, "last")
        await serving.recorded(database, 11)
        assert (False, True) == (first.app.deliveries.leads, other.app.deliveries.leads)
    assert 11 == len(there.got)
    assert 11 == len({one.headers["Muniment-Delivery"] for one in there.got})


async def test_whoever_loses_the_lead_stops_sending(database: postgres.Database, tmp_path: Path) -> None:
    """A session that was ended leads nobody: another takes over, and everything is sent by one or the other."""
    async with (
        receiver.listening() as there,
        serving.running(database, tmp_path / "one") as one,
        serving.running(database, tmp_path / "two") as two,
    ):
        await serving.webhook(one.admin, there.url())
        leads = [one.app.deliveries, two.app.deliveries]
        for number in range(3):
            await serving.until(lambda: sum(each.leads for each in leads) == 1)
            await serving.execute(
                database,
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'muniment/webhooks'",
            )
            await serving.publish(one.admin, str(number))
            await serving.recorded(database, number + 1)
    assert {"0", "1", "2"} == {one.body.decode()[7:-2] for one in there.got}


async def test_the_database_may_be_away_between_sending_and_recording(
    database: postgres.Database, tmp_path: Path, postgres_server: postgres.Server
) -> None:
    """What came of it is told again until it is taken: one request, one record."""
    answering = asyncio.Event()

    async def slow(_request: web.Request) -> web.StreamResponse:
        await answering.wait()
        return web.Response(status=202)

    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        await serving.webhook(running.admin, there.url())
        there.answers = [slow]
        await serving.publish(running.admin, "1")
        await there.count(1)
        async with postgres.away(database, postgres_server):
            answering.set()
            await asyncio.sleep(2 * carrying.AGAIN_SECONDS)
        (attempt,) = await serving.recorded(database, 1)
        await serving.publish(running.admin, "2")
        await serving.recorded(database, 2)
    assert (True, 202) == (attempt.success, attempt.status)
    assert 2 == len(there.got)


async def test_what_was_sent_and_not_recorded_is_sent_again(
    database: postgres.Database, tmp_path: Path
) -> None:
    """At least once: cut off in between, the next one sends the same delivery and the same attempt."""
    answering = asyncio.Event()

    async def never(_request: web.Request) -> web.StreamResponse:
        await answering.wait()
        return web.Response()

    async with receiver.listening() as there:
        async with serving.running(database, tmp_path / "one") as first:
            await serving.webhook(first.admin, there.url())
            there.answers = [never]
            await serving.publish(first.admin, "1")
            await there.count(1)
            first.app.deliveries._ending = True
            for flight in list(first.app.deliveries._flights):
                flight.cancel()
        async with serving.running(database, tmp_path / "two"):
            one, again = await there.count(2)
            (attempt,) = await serving.recorded(database, 1)
        answering.set()
    for header in ("Muniment-Delivery", "Muniment-Attempt"):
        assert one.headers[header] == again.headers[header]
    assert (attempt.delivery, 1) == (one.headers["Muniment-Delivery"], attempt.attempt)


async def test_a_receiver_that_is_away_holds_up_no_other(database: postgres.Database, tmp_path: Path) -> None:
    """Forty requests wait for one that never answers; those to another arrive meanwhile."""
    environment = {"MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": "60"}
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        async with (
            receiver.listening() as there,
            serving.running(database, tmp_path, **environment) as running,
        ):
            await serving.webhook(running.admin, f"http://127.0.0.1:{silent.getsockname()[1]}/")
            for number in range(40):
                await serving.publish(running.admin, str(number))
            await serving.until(lambda: len(running.app.deliveries._flights) == deliveries.AT_ONCE_HOST_MAX)
            await serving.webhook(running.admin, there.url())
            await serving.publish(running.admin, "another")
            (got,) = await there.count(1, seconds=10)
            assert b'{"at":"another"}' == got.body
            running.app.deliveries._ending = True
            for flight in list(running.app.deliveries._flights):
                flight.cancel()


async def test_a_stop_waits_for_what_is_under_way(database: postgres.Database, tmp_path: Path) -> None:
    """Nothing new begins, and what is answered within the time is recorded before the end."""

    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.Response()

    async with receiver.listening() as there:
        async with serving.running(database, tmp_path) as running:
            await serving.webhook(running.admin, there.url())
            there.answers = [slow]
            await serving.publish(running.admin, "1")
            await there.count(1)
        (attempt,) = await serving.executed(database)
    assert attempt.success
    assert attempt.milliseconds >= 1_000


async def test_a_stop_leaves_owed_what_is_not_answered_in_time(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is not put off by a receiver; the next start sends it again."""
    monkeypatch.setattr(deliveries, "STOP_SECONDS_MAX", 0.5)

    async def never(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async with receiver.listening() as there:
        async with serving.running(database, tmp_path) as running:
            await serving.webhook(running.admin, there.url())
            there.answers = [never]
            await serving.publish(running.admin, "1")
            await there.count(1)
            began = time.monotonic()
        assert time.monotonic() - began < 8
        assert [] == await serving.executed(database)
        async with serving.running(database, tmp_path):
            (attempt,) = await serving.recorded(database, 1)
    assert (1, True) == (attempt.attempt, attempt.success)


async def test_a_webhook_that_is_gone_or_disabled_owes_nothing(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Between two attempts it is disabled or deleted: what is left is given up, and the record says why."""
    environment = {"MUNIMENT_WEBHOOK_RETRY_SECONDS": "2"}
    async with receiver.listening() as there, serving.running(database, tmp_path, **environment) as running:
        disabled = await serving.webhook(running.admin, there.url())
        deleted = await serving.webhook(running.admin, there.url())
        there.answers = [500, 500]
        await serving.publish(running.admin, "1")
        await serving.recorded(database, 2)
        document = (await running.admin.get(f"/webhooks/{disabled}")).json
        changed = await running.admin.put(
            f"/webhooks/{disabled}",
            {**{name: document[name] for name in ("description", "events", "request")}, "enabled": False},
        )
        assert 200 == changed.status, changed.text
        assert 204 == (await running.admin.delete(f"/webhooks/{deleted}")).status

        async def given_up() -> set[tuple[str, str]]:
            found = [one for one in await serving.told(database) if isinstance(one, WebhookDeliveryAbandoned)]
            return {(one.webhook, one.because) for one in found}

        async def both() -> bool:
            return len(await given_up()) == 2

        await serving.until(both)
        assert {(disabled, "disabled"), (deleted, "deleted")} == await given_up()
    assert 2 == len(there.got)


async def test_whoever_takes_over_the_id_of_a_deleted_webhook_is_sent_nothing_of_it(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Sections 3.7 and 4.6: another team may choose that id; what the deleted one owes is given up, not sent there."""
    environment = {"MUNIMENT_WEBHOOK_RETRY_SECONDS": "2"}
    async with (
        receiver.listening() as there,
        receiver.listening() as elsewhere,
        serving.running(database, tmp_path, **environment) as running,
    ):
        first = await serving.webhook(running.admin, there.url())
        there.answers = [500]
        await serving.publish(running.admin, "1")
        await serving.recorded(database, 1)
        assert 204 == (await running.admin.delete(f"/webhooks/{first}")).status
        role, other = await running.role("Hooks", "webhook:manage:team"), await running.team("Other")
        billy = await running.person("Billy", roles=[role], teams=[other])
        body = {"teamUuid": other, "request": {"method": "POST", "url": elsewhere.url()}}
        assert 201 == (await billy.put(f"/webhooks/{first}", body)).status

        async def given_up() -> bool:
            return any(isinstance(one, WebhookDeliveryAbandoned) for one in await serving.told(database))

        await serving.until(given_up)
        listed = (await billy.get(f"/webhooks/{first}/deliveries")).json["_embedded"]["deliveries"]
    assert ([], []) == (elsewhere.got, listed)
    assert 1 == len(there.got)


async def test_what_is_held_stays_owed(database: postgres.Database, tmp_path: Path) -> None:
    """A copy that must call nobody records what it would have sent, counts it, and sends it once it is told to."""
    async with receiver.listening() as there:
        async with serving.running(database, tmp_path, MUNIMENT_WEBHOOKS="hold") as running:
            await serving.webhook(running.admin, there.url())
            await serving.publish(running.admin, "1")
            await serving.until(lambda: len(running.app.deliveries.owing or ()) == 1)
            await asyncio.sleep(3 * deliveries.LOOK_SECONDS)
            assert "" == running.app.vigil.why_not()
        assert [] == there.got
        async with serving.running(database, tmp_path, BASE_URL="https://staging.example.org") as running:
            await serving.until(lambda: len(running.app.deliveries.owing or ()) == 1)
            await asyncio.sleep(3 * deliveries.LOOK_SECONDS)
            assert [line for line in running.app.notices if "Webhooks are held" in line]
            async with serving.running(database, tmp_path / "other") as other:
                await serving.recorded(database, 1)
                assert (False, True) == (running.app.deliveries.leads, other.app.deliveries.leads)
    assert 1 == len(there.got)


async def test_a_frozen_leader_makes_room(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres ends the session of whoever leads and says nothing for some seconds, and the lock with it."""
    monkeypatch.setattr(leading, "SILENCE_SECONDS_MAX", 1)
    monkeypatch.setattr(deliveries, "HEARTBEAT_SECONDS", 60.0)
    async with (
        receiver.listening() as there,
        serving.running(database, tmp_path / "one") as one,
    ):
        await serving.until(lambda: one.app.deliveries.leads)
        async with serving.running(database, tmp_path / "two") as two:
            await serving.until(lambda: two.app.deliveries.leads)
            await serving.webhook(two.admin, there.url())
            await serving.publish(two.admin, "1")
            await there.count(1)


async def test_an_operator_sees_what_is_owed(database: postgres.Database, tmp_path: Path) -> None:
    """Attempts by what came of them, how many are owed and since when, who sends, and whether anything is held."""
    environment = {"MUNIMENT_WEBHOOK_RETRY_SECONDS": "600"}
    async with receiver.listening() as there, serving.running(database, tmp_path, **environment) as running:
        metrics = Metrics()
        metrics.watch(running.app)
        await serving.webhook(running.admin, there.url())
        there.answers = [200, 500]
        for version in ("1", "2"):
            await serving.publish(running.admin, version)
            await serving.recorded(database, int(version))
        text, _ = await metrics.text("")
        connection = await running.app.connected("doctor")
        outcome, sentence = await webhooks.judged(running.app.settings, connection)
        held = msgspec.structs.replace(running.app.settings, webhooks="hold")
        assert "warn" == (await webhooks.judged(held, connection))[0]
        await connection.close()
    found = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.decode().splitlines()
        if line[0] != "#"
    }
    assert 1.0 == found['muniment_webhook_attempts_total{outcome="success"}']
    assert 1.0 == found['muniment_webhook_attempts_total{outcome="status"}']
    assert (1.0, 1.0, 0.0) == (
        found["muniment_webhook_owed"],
        found["muniment_webhook_leader"],
        found["muniment_webhook_held"],
    )
    assert 0.0 < found["muniment_webhook_oldest_owed_seconds"] < 60.0
    assert ("ok", "1 request is owed") == (outcome, sentence.partition(",")[0])


async def test_what_is_owed_is_taken_in_by_turns(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are served between two records, each of which may owe hundreds; and few are read at a time."""
    turn, seen = 0, []

    def passed() -> None:
        nonlocal turn
        turn += 1

    class Observed(Owing):
        def fold(self, record: Foldable) -> None:
            seen.append(turn)
            asyncio.get_running_loop().call_soon(passed)
            super().fold(record)

    monkeypatch.setattr(deliveries, "Owing", Observed)
    monkeypatch.setattr(owed_reading, "RECORDS", 2)
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        events = [{"name": "contract_published"}, {"name": "contract_content_changed"}]
        for _ in range(3):
            await serving.webhook(running.admin, there.url(), events=events)
        await serving.until(lambda: running.app.deliveries.leads)  # what was owed before is read, not folded
        for version in range(5):
            await serving.publish(running.admin, str(version))
        await serving.recorded(database, 30)
        owing = running.app.deliveries.owing
        assert owing is not None
        await serving.until(lambda: len(owing) == 0)
    assert 40 <= len(seen)
    assert sorted(set(seen)) == seen


async def test_what_fails_as_none_should_is_not_sent_again_at_once(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect after the sending does not knock at the receiver every second, and takes no place from others."""

    def defect(attempted: Attempted, _attempt: int, _delays: tuple[int, ...]) -> None:
        if attempted.status == 500:
            raise RuntimeError

    monkeypatch.setattr(carrying, "retried_at", defect)
    monkeypatch.setattr(deliveries, "AT_ONCE_MAX", 1)
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        await serving.webhook(running.admin, there.url())
        there.answers = [500]
        await serving.publish(running.admin, "1")
        await there.count(1)
        await serving.publish(running.admin, "2")
        await there.count(2)
        await asyncio.sleep(2 * carrying.AGAIN_SECONDS)
        owing = running.app.deliveries.owing
        assert owing is not None
        assert [b'{"at":"1"}', b'{"at":"2"}'] == [one.body for one in there.got]
        assert 1 == len(owing)


async def test_what_a_request_holds_is_in_no_line_of_the_log(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where it fails, not where it cannot be put together, and not where the sender itself is at fault."""
    planted = "planted-and-searched-for"

    async def defect(*_arguments: object, **_more: object) -> None:
        raise RuntimeError(planted)

    request = {
        "headers": {"X-Key": planted, "Authorization": planted},
        "body": planted,
        "username": planted,
        "password": planted,
    }
    with testing.capture_logs() as lines:
        async with receiver.listening() as there, serving.running(database, tmp_path) as running:
            await serving.webhook(running.admin, there.url(f"/{planted}"), request=request)
            there.answers = [500]
            await serving.publish(running.admin, "1")
            await serving.recorded(database, 2)
            await serving.execute(database, "delete from muniment.vault")
            await serving.publish(running.admin, "2")
            attempts = await serving.recorded(database, 5)
            monkeypatch.setattr(sending, "send", defect)
            monkeypatch.setattr(outgoing, "request", defect)
            await serving.publish(running.admin, "3")
            await serving.until(lambda: [one for one in lines if "carried out" in one["event"]])
        entries = await doors.log_of(database)
    assert [500, 200] == [one.status for one in attempts[:2]]
    assert {"vault"} == {one.problem for one in attempts[2:5]}
    assert planted in there.got[0].target
    assert planted not in repr(lines)
    assert planted not in repr(entries)


def test_a_request_is_tried_up_to_seven_times_more_with_back_off() -> None:
    """Unless a setting says otherwise: retries up to 7, ever later (section 3.7), some 75 minutes in all."""
    delays = from_environment({"HOME": "/nowhere"}, root=False).settings.webhook_retry_seconds
    assert 7 == len(delays)
    assert sorted(set(delays)) == list(delays)
    assert 75 <= sum(delays) / 60 <= 80


def test_the_schedule_is_the_settings_and_nothing_else() -> None:
    """So long after the end of each attempt as the settings say; what is written down is what happens."""
    attempted = Attempted(
        success=False,
        status=500,
        problem="status",
        sent_at=START,
        milliseconds=1_500,
        response_bytes=0,
    )
    found = [carrying.retried_at(attempted, attempt, (10, 60)) for attempt in (1, 2, 3)]
    assert [11.5, 61.5, None] == [one and (one - START).total_seconds() for one in found]
    assert carrying.retried_at(attempted, 1, ()) is None
