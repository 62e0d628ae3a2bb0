"""What webhooks sent and owe over HTTP: logs and lists, by whoever manages the webhook now."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres, receiver, service
from tests.receiver import Receiver
from tests.service import BASE_URL, Client, Running

PAIR = "/pacts/provider/Bar/consumer/Foo"
EVERY_EVENT = [{"name": "contract_published"}, {"name": "provider_verification_published"}]


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path) -> AsyncIterator[Running]:
    """A service whose webhooks may reach loopback, and that tries again only after an hour."""
    async with service.running(
        database,
        tmp_path,
        MUNIMENT_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8",
        MUNIMENT_WEBHOOKS="send",
        MUNIMENT_WEBHOOK_RETRY_SECONDS="3600,3600",
    ) as started:
        yield started


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    """Who gets what is sent."""
    async with receiver.listening() as listening:
        yield listening


async def published(client: Client, version: str = "1") -> str:
    """The digest of a contract of Foo with Bar."""
    answer = await client.put(f"{PAIR}/version/{version}", {"interactions": [], "version": version})
    assert 201 == answer.status, answer.text
    return str(answer.json["digest"])


async def verified(client: Client, digest: str) -> str:
    """Where the result is found."""
    path = f"{PAIR}/pact-version/{digest}/verification-results"
    answer = await client.post(path, {"success": True, "providerApplicationVersion": "5"})
    assert 201 == answer.status, answer.text
    return answer.headers["Location"].removeprefix(BASE_URL)


async def saved(running: Running, url: str, **more: Any) -> str:
    """The id of a webhook for everything."""
    document = {"events": EVERY_EVENT, "request": {"method": "POST", "url": url}, **more}
    answer = await running.admin.post("/webhooks", document)
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


async def triggered(client: Client, path: str) -> list[Any]:
    """The triggered webhooks of a list."""
    answer = await client.get(path)
    assert 200 == answer.status, answer.text
    return list(answer.json["_embedded"]["triggeredWebhooks"])


async def recorded(running: Running, webhook: str, attempts: int) -> list[Any]:
    """A webhook's deliveries once so many attempts are recorded."""
    for _ in range(600):
        answer = await running.admin.get(f"/webhooks/{webhook}/deliveries")
        rows = list(answer.json["_embedded"]["deliveries"])
        if sum(one["attemptsMade"] for one in rows) >= attempts:
            return rows
        await asyncio.sleep(0.05)
    raise AssertionError(f"no {attempts} attempts came")


async def test_what_a_contract_and_a_result_brought_about_is_listed(
    running: Running, there: Receiver
) -> None:
    """The open-source broker's lists (section 4.6): of a version's contract both, of a result what it triggered."""
    webhook = await saved(running, there.url("/hook"))
    digest = await published(running.admin)
    result = await verified(running.admin, digest)
    await published(running.admin, "2")
    await recorded(running, webhook, 3)
    of_version = await triggered(running.admin, f"{PAIR}/version/1/triggered-webhooks")
    of_result = await triggered(running.admin, f"{result}/triggered-webhooks")
    assert ["provider_verification_published", "contract_published"] == [
        one["eventName"] for one in of_version
    ]
    assert of_version[:1] == of_result
    shown = of_version[1]
    assert {
        "name": f"POST 127.0.0.1:{there.port}",
        "status": "success",
        "state": "succeeded",
        "attemptsMade": 1,
        "attemptsRemaining": 0,
        "triggerType": "resource_creation",
        "consumerName": "Foo",
        "providerName": "Bar",
        "consumerVersionNumber": "1",
    }.items() <= shown.items()
    assert f"{BASE_URL}/webhooks/{webhook}" == shown["_links"]["pb:webhook"]["href"]
    assert f"{BASE_URL}/triggered-webhooks/{shown['uuid']}/logs" == shown["_links"]["pb:logs"]["href"]
    for path in (f"{PAIR}/version/9", f"{PAIR}/pact-version/{digest}/verification-results/999999"):
        assert 404 == (await running.admin.get(f"{path}/triggered-webhooks")).status


async def test_the_status_of_a_pair_is_each_webhooks_latest(running: Running, there: Receiver) -> None:
    """One a webhook and kind of event, with how many succeeded and failed, and the way to the logs of the failed."""
    there.answers = [500, 204]
    webhook = await saved(running, there.url("/hook"))
    await published(running.admin, "1")
    await recorded(running, webhook, 1)
    failing = await running.admin.get(f"{PAIR}/webhooks/status")
    assert {"successful": 0, "failed": 0, "retrying": 1} == failing.json["summary"]
    [one] = failing.json["_embedded"]["triggeredWebhooks"]
    assert ("retrying", 1, 2) == (one["status"], one["attemptsMade"], one["attemptsRemaining"])
    assert [one["_links"]["pb:logs"]["href"]] == [
        link["href"] for link in failing.json["_links"]["pb:error-logs"]
    ]
    await published(running.admin, "2")
    await recorded(running, webhook, 2)
    better = await running.admin.get(f"{PAIR}/webhooks/status")
    assert {"successful": 1, "failed": 0} == better.json["summary"]
    assert f"{BASE_URL}{PAIR}/version/2" == better.json["_links"]["pb:pact-version"]["href"]
    assert f"{BASE_URL}{PAIR}/webhooks" == better.json["_links"]["pb:pact-webhooks"]["href"]
    then = await running.admin.get(f"{PAIR}/webhooks/status?as_of={failing.position}")
    assert failing.json["summary"] == then.json["summary"]


async def test_a_webhooks_deliveries_are_paged_and_filtered(running: Running, there: Receiver) -> None:
    """Newest first, a hundred a page unless asked otherwise, by state, and as of an earlier moment."""
    there.answers = [500]
    webhook = await saved(running, there.url("/hook"))
    for version in "123":
        await published(running.admin, version)
        await there.count(int(version))
    await recorded(running, webhook, 3)
    path = f"/webhooks/{webhook}/deliveries"
    page = (await running.admin.get(f"{path}?page=1&size=2")).json
    assert ["3", "2"] == [one["consumerVersionNumber"] for one in page["_embedded"]["deliveries"]]
    assert {"number": 1, "size": 2, "totalElements": 3, "totalPages": 2} == page["page"]
    rest = (await running.admin.get(page["_links"]["next"]["href"])).json
    assert ["1"] == [one["consumerVersionNumber"] for one in rest["_embedded"]["deliveries"]]
    states = {
        state: len((await running.admin.get(f"{path}?state={state}")).json["_embedded"]["deliveries"])
        for state in ("owed", "succeeded", "failed", "abandoned")
    }
    assert {"owed": 1, "succeeded": 2, "failed": 0, "abandoned": 0} == states
    [owed] = (await running.admin.get(f"{path}?state=owed")).json["_embedded"]["deliveries"]
    assert {"code": "status", "message": "this status is no success: only 2xx is"} == owed["attempts"][0][
        "problem"
    ]
    assert "nextAttemptAt" in owed
    assert 400 == (await running.admin.get(f"{path}?state=odd")).status
    assert 400 == (await running.admin.get(f"{path}?sate=owed")).status
    made = running.app.replica.view(2).position
    assert 404 == (await running.admin.get(f"{path}?as_of={made}")).status


async def test_the_log_tells_every_attempt_in_words(running: Running, there: Receiver) -> None:
    """GET /triggered-webhooks/{uuid}/logs: text, with where it went as it was then, and when it is tried again."""
    there.answers = [500]
    webhook = await saved(running, there.url("/hook?key=planted-key"))
    await published(running.admin)
    [one] = await recorded(running, webhook, 1)
    elsewhere = {"events": EVERY_EVENT, "request": {"method": "POST", "url": "https://ci.example.org/"}}
    assert 200 == (await running.admin.put(f"/webhooks/{webhook}", elsewhere)).status
    path = f"/triggered-webhooks/{one['uuid']}/logs"
    text = await running.admin.get(path)
    assert "text/plain;charset=utf-8" == text.headers["Content-Type"]
    began, status, failed, due = text.text.splitlines()
    assert began.endswith(f"INFO: Attempt 1: POST http://127.0.0.1:{there.port}")
    assert "INFO: Status 500 after" in status
    assert failed.endswith("ERROR: Webhook execution failed: this status is no success: only 2xx is")
    assert due.startswith("The next attempt is due at 2")
    assert "planted-key" not in text.text
    document = (await running.admin.get(path, headers={"Accept": "application/hal+json"})).json
    assert ("contract_published", "Foo", "Bar") == tuple(
        document[field] for field in ("eventName", "consumerName", "providerName")
    )
    assert [False] == [execution["success"] for execution in document["executions"]]
    assert (
        404
        == (await running.admin.get("/triggered-webhooks/0b1e7d5e-0000-4000-8000-000000000000/logs")).status
    )


async def test_what_has_not_run_yet_says_so(database: postgres.Database, tmp_path: Path) -> None:
    """The open-source broker's sentence, for whoever waits for it, and why that is in vain where webhooks are held."""
    async with service.running(database, tmp_path, MUNIMENT_WEBHOOKS="hold") as running:
        webhook = await saved(running, "https://ci.example.org/")
        await published(running.admin)
        answer = await running.admin.get(f"/webhooks/{webhook}/deliveries")
        [one] = answer.json["_embedded"]["deliveries"]
        assert ("not_run", 0, 8) == (one["status"], one["attemptsMade"], one["attemptsRemaining"])
        log = await running.admin.get(one["_links"]["pb:logs"]["href"])
        assert (
            "Webhook has not executed yet. Please retry in a few seconds.\n"
            "Nothing is sent from here: MUNIMENT_WEBHOOKS is hold.\n"
        ) == log.text


class TestRights:
    async def test_what_was_sent_is_shown_to_who_manages_the_webhook_now(
        self, running: Running, there: Receiver
    ) -> None:
        """Open point 15, by the right of now: a webhook that moved is its new team's, with all that it sent."""
        here, elsewhere = await running.team("A"), await running.team("B")
        role = await running.role("hooks", "webhook:manage:team", "contract_data:read:*")
        mine = await running.system_account("mine", roles=[role], teams=[here])
        other = await running.system_account("other", roles=[role], teams=[elsewhere])
        blind = await running.system_account("blind", roles=[await running.role("r", "contract_data:read:*")])
        webhook = await saved(running, there.url("/hook"), teamUuid=here)
        await published(running.admin)
        [one] = await recorded(running, webhook, 1)
        paths = (f"/webhooks/{webhook}/deliveries", f"/triggered-webhooks/{one['uuid']}/logs")
        lists = (f"{PAIR}/version/1/triggered-webhooks", f"{PAIR}/webhooks/status")

        async def seen(client: Client) -> tuple[list[int], list[int]]:
            answers = [await client.get(path) for path in paths]
            return [one.status for one in answers], [len(await triggered(client, path)) for path in lists]

        assert ([200, 200], [1, 1]) == await seen(mine.read_only())
        assert ([403, 403], [0, 0]) == await seen(other)
        assert ([403, 403], [0, 0]) == await seen(blind)
        moved = {
            "events": EVERY_EVENT,
            "request": {"method": "POST", "url": there.url("/hook")},
            "teamUuid": elsewhere,
        }
        assert 200 == (await running.admin.put(f"/webhooks/{webhook}", moved)).status
        assert ([403, 403], [0, 0]) == await seen(mine)
        assert ([200, 200], [1, 1]) == await seen(other)
        assert 204 == (await running.admin.delete(f"/webhooks/{webhook}")).status
        assert [403, 200] == [
            (await other.get(paths[1])).status,
            (await running.admin.get(paths[1])).status,
        ]

    async def test_names_are_shown_to_who_may_read_them(self, running: Running, there: Receiver) -> None:
        """Who manages webhooks and reads no contract data learns of a delivery neither the pair nor the version."""
        role = await running.role("hooks", "webhook:manage:*")
        blind = await running.system_account("blind", roles=[role], teams=[])
        webhook = await saved(running, there.url("/hook"))
        await published(running.admin)
        await recorded(running, webhook, 1)
        answer = await blind.get(f"/webhooks/{webhook}/deliveries")
        [one] = answer.json["_embedded"]["deliveries"]
        assert "success" == one["status"]
        assert not {"consumerName", "providerName", "consumerVersionNumber"} & set(one)
        assert 403 == (await blind.get(f"{PAIR}/version/1/triggered-webhooks")).status

    async def test_who_tried_an_unsaved_webhook_reads_its_log(
        self, running: Running, there: Receiver
    ) -> None:
        """It belongs to no team: beside who may manage every webhook, only whoever ordered it."""
        team = await running.team("A")
        role = await running.role("hooks", "webhook:manage:team")
        mine = await running.system_account("mine", roles=[role], teams=[team])
        other = await running.system_account("other", roles=[role], teams=[team])
        body = {"teamUuid": team, "request": {"method": "POST", "url": there.url("/")}}
        answer = await mine.post("/webhooks/execute", body)
        path = answer.json["_links"]["pb:logs"]["href"]
        assert [200, 403, 200] == [
            (await mine.get(path)).status,
            (await other.get(path)).status,
            (await running.admin.get(path)).status,
        ]
