"""Trying webhooks over HTTP: what is really sent, what is answered and recorded, and who may."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests import postgres, receiver, service
from tests.receiver import Receiver
from tests.service import BASE_URL, Answer, Client, Running

VALUE = "planted-value-4711-of-a-secret"
PASSWORD = "planted-password-4712"


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path) -> AsyncIterator[Running]:
    """A service whose webhooks may reach loopback."""
    async with service.running(
        database, tmp_path, MUNIMENT_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8", MUNIMENT_WEBHOOKS="send"
    ) as started:
        yield started


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    """Who gets what is sent."""
    async with receiver.listening() as listening:
        yield listening


async def published(client: Client, consumer: str = "Foo", provider: str = "Bar", version: str = "1") -> None:
    """A contract of the two."""
    path = f"/pacts/provider/{provider}/consumer/{consumer}/version/{quote(version, safe='')}"
    answer = await client.put(path, {"interactions": [], "version": version})
    assert 201 == answer.status, answer.text


async def secret(running: Running, name: str = "Token", value: str = VALUE, **more: object) -> str:
    """The id of a secret that was made."""
    body = {"name": name, "description": "", "value": value, **more}
    answer = await running.admin.post("/secrets", body)
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


def described(url: str, **more: Any) -> dict[str, Any]:
    """A webhook that draws on a secret everywhere, and has a password of its own."""
    request = {
        "method": "POST",
        "url": f"{url}/job/${{user.Token}}?v=${{pactbroker.consumerVersionNumber}}",
        "headers": {"X-Key": "a ${user.Token}", "Authorization-Extra": PASSWORD},
        "body": {
            "event": "${pactbroker.eventName}",
            "who": "${pactbroker.consumerName}",
            "t": "${user.Token}",
        },
        "username": "me",
        "password": PASSWORD,
    }
    return {"description": "build", "events": [{"name": "contract_published"}], "request": request, **more}


async def saved(running: Running, document: dict[str, Any]) -> str:
    """The id of a webhook that was made."""
    answer = await running.admin.post("/webhooks", document)
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


async def trail(running: Running) -> list[dict[str, Any]]:
    """The newest records, newest first."""
    answer = await running.admin.get("/audit?sort=-timestamp")
    return list(answer.json["events"])


def require_no_value(answer: Answer) -> None:
    """Nothing of a secret or a password is in the answer."""
    for planted in (VALUE, PASSWORD):
        assert planted not in answer.text
        assert planted not in str(answer.headers)


async def test_a_saved_webhook_is_sent_once_and_recorded(running: Running, there: Receiver) -> None:
    """Section 4.6: 200 with success, logs and request; the newest contract fills it in; nobody is told a secret."""
    await secret(running)
    await published(running.admin, version="1")
    await published(running.admin, version="2/β")
    webhook = await saved(
        running, described(there.url(""), consumer={"name": "Foo"}, provider={"name": "Bar"})
    )
    there.answers = [204]
    answer = await running.admin.post(f"/webhooks/{webhook}/execute")
    assert 200 == answer.status, answer.text
    [got] = there.got
    assert f"/job/{VALUE}?v=2%2F%CE%B2" == got.target
    assert {"event": "test", "who": "Foo", "t": VALUE} == json.loads(got.body)
    assert (f"a {VALUE}", PASSWORD) == (got.headers["X-Key"], got.headers["Authorization-Extra"])
    assert got.headers["Authorization"].startswith("Basic ")
    require_no_value(answer)
    document = answer.json
    assert document["success"] is True
    assert 204 == document["response"]["status"]
    assert {
        "method": "POST",
        "url": f"{there.url('')}/job/${{user.Token}}?v=2/β",
        "headers": {"X-Key": "a ${user.Token}", "Authorization-Extra": "**********"},
        "body": {"event": "test", "who": "Foo", "t": "${user.Token}"},
    } == document["request"]
    assert f"INFO: Attempt 1: POST {there.url('')}\n" in document["logs"]
    assert "Status 204 after" in document["logs"]
    links = document["_links"]
    assert f"{BASE_URL}/webhooks/{webhook}" == links["webhook"]["href"]
    assert f"{BASE_URL}/webhooks/{webhook}/execute" == links["try-again"]["href"]
    logs = await running.admin.get(links["pb:logs"]["href"])
    assert document["logs"] == logs.text
    assert got.headers["Muniment-Delivery"] in links["pb:logs"]["href"]
    assert running.position - 1 == answer.position
    executed, ordered = (await trail(running))[:2]
    assert ("webhook.executed", "webhook.test_ordered") == (executed["kind"], ordered["kind"])


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_test_that_fails_is_told_and_not_tried_again(
    running: Running, there: Receiver, status: int
) -> None:
    """200 all the same, success false, with the status; nothing is owed afterwards."""
    webhook = await saved(running, {"request": {"method": "POST", "url": there.url("/x")}})
    there.answers = [status]
    answer = await running.admin.post(f"/webhooks/{webhook}/execute", {})
    assert (200, False, status) == (answer.status, answer.json["success"], answer.json["response"]["status"])
    assert answer.json["error"]["code"] == ("redirect" if status == 302 else "status")
    assert "ERROR: Webhook execution failed" in answer.json["logs"]
    deliveries = (await running.admin.get(f"/webhooks/{webhook}/deliveries")).json["_embedded"]["deliveries"]
    assert [("failure", 1, 0, "user")] == [
        (one["status"], one["attemptsMade"], one["attemptsRemaining"], one["triggerType"])
        for one in deliveries
    ]
    assert 1 == len(there.got)


async def test_an_unsaved_webhook_is_sent_with_stand_ins(running: Running, there: Receiver) -> None:
    """As the open-source broker does where nothing was published: what a request would look like can be seen."""
    await secret(running)
    answer = await running.admin.post("/webhooks/execute", described(there.url("")))
    assert 200 == answer.status, answer.text
    [got] = there.got
    assert f"/job/{VALUE}?v=gggghhhhjjjjkkkkllll66667777888899990000" == got.target
    assert "placeholder-consumer" == json.loads(got.body)["who"]
    assert PASSWORD == got.headers["Authorization-Extra"]
    require_no_value(answer)
    assert "webhook" not in answer.json["_links"]
    assert [] == (await running.admin.get("/webhooks")).json["_embedded"]["webhooks"]
    logs = await running.admin.get(answer.json["_links"]["pb:logs"]["href"])
    assert f"POST {there.url('')}\n" in logs.text


async def test_a_webhook_for_results_is_tried_with_one(running: Running, there: Receiver) -> None:
    """One that waits for verifications shows a verification: the newest there is, else one that succeeded."""
    body = "${pactbroker.githubVerificationStatus} ${pactbroker.providerVersionNumber}"
    events = [{"name": "provider_verification_published"}]
    request = {"method": "POST", "url": there.url("/"), "body": body}
    assert 201 == (await running.admin.post("/pacticipants", {"name": "Bar"})).status
    webhook = await saved(running, {"provider": {"name": "Bar"}, "events": events, "request": request})
    await running.admin.post(f"/webhooks/{webhook}/execute")
    await published(running.admin)
    await running.admin.post(f"/webhooks/{webhook}/execute")
    digest = (await running.admin.get("/pacts/provider/Bar/consumer/Foo/latest")).json["digest"]
    path = f"/pacts/provider/Bar/consumer/Foo/pact-version/{digest}/verification-results"
    result = await running.admin.post(path, {"success": False, "providerApplicationVersion": "7"})
    assert 201 == result.status, result.text
    await running.admin.post(f"/webhooks/{webhook}/execute")
    stand_in = b"success aaaabbbbccccddddeeeeffff1111222233334444"
    bodies = [one.body for one in there.got if one.headers["Muniment-Attempt"]]
    assert [stand_in, stand_in] == bodies[:2]
    assert b"failure 7" in bodies


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/request"),
        ({"request": {"method": "POST"}}, "/request/url"),
        (
            {"request": {"method": "POST", "url": "https://x.example/", "password": "**********"}},
            "/request/password",
        ),
        (
            {
                "request": {
                    "method": "POST",
                    "url": "https://x.example/",
                    "headers": {"Authorization": "**********"},
                }
            },
            "/request/headers/Authorization",
        ),
        (
            {"request": {"method": "POST", "url": "https://x.example/${user.Elsewhere}"}},
            "/request/url",
        ),
        (
            {"request": {"method": "POST", "url": "https://x.example/"}, "consumer": {"name": "No"}},
            "/consumer/name",
        ),
    ],
)
async def test_what_could_not_be_saved_is_not_tried(running: Running, body: Any, pointer: str) -> None:
    """400 with where the fault is, and no order in the record: a secret of elsewhere, asterisks, no request at all."""
    team = await running.team("A")
    await secret(running, "Elsewhere", teamUuid=team)
    before = running.position
    headers = {"Accept": "application/problem+json"}
    answer = await running.admin.post("/webhooks/execute", body, headers=headers)
    assert 400 == answer.status, answer.text
    assert [f"#{pointer}"] == [one["pointer"] for one in answer.json["errors"]]
    assert before == running.position


async def test_a_target_that_is_denied_is_told(running: Running) -> None:
    """Nothing private is reached by trying either; the order and its outcome are in the record."""
    body = {"request": {"method": "POST", "url": "http://169.254.169.254/latest/meta-data"}}
    answer = await running.admin.post("/webhooks/execute", body)
    assert (200, False, "target_denied") == (
        answer.status,
        answer.json["success"],
        answer.json["error"]["code"],
    )
    assert "response" not in answer.json
    assert "webhook.executed" == (await trail(running))[0]["kind"]


async def test_what_cannot_be_sent_is_told_without_its_value(running: Running, there: Receiver) -> None:
    """A secret with a line break belongs in no header: nothing is sent, and the answer says no more than that."""
    await secret(running, value=f"{VALUE}\nX-Other: 1")
    webhook = await saved(running, described(there.url("")))
    answer = await running.admin.post(f"/webhooks/{webhook}/execute")
    assert (200, "bad_request") == (answer.status, answer.json["error"]["code"])
    require_no_value(answer)
    assert [] == there.got


async def test_an_unknown_name_is_sent_as_it_is_and_told(running: Running, there: Receiver) -> None:
    """Open point 12: it passes when it is saved and stays unresolved; whoever tries it sees which."""
    request = {"method": "POST", "url": there.url("/"), "body": "${user.Unknown} ${pactbroker.odd}"}
    answer = await running.admin.post("/webhooks/execute", {"request": request})
    assert ["pactbroker.odd", "user.Unknown"] == answer.json["unresolved"]
    assert "Nothing stands for ${pactbroker.odd}, ${user.Unknown}" in answer.json["logs"]
    assert b"${user.Unknown} ${pactbroker.odd}" == there.got[0].body


async def test_a_rotated_secret_is_sent_with_its_new_value(running: Running, there: Receiver) -> None:
    """A value is looked up when it is sent (section 3.7)."""
    made = await secret(running)
    webhook = await saved(
        running, {"request": {"method": "POST", "url": there.url("/"), "body": "${user.Token}"}}
    )
    await running.admin.post(f"/webhooks/{webhook}/execute")
    body = {"name": "Token", "description": "", "value": "another"}
    assert 200 == (await running.admin.put(f"/secrets/{made}", body)).status
    await running.admin.post(f"/webhooks/{webhook}/execute")
    assert [VALUE.encode(), b"another"] == [one.body for one in there.got]


class TestRights:
    async def test_who_manages_it_may_try_it(self, running: Running, there: Receiver) -> None:
        """`execute` is the right to manage it (section 3.7); a read-only token orders nothing."""
        here, elsewhere = await running.team("A"), await running.team("B")
        role = await running.role("hooks", "webhook:manage:team")
        mine = await running.system_account("mine", roles=[role], teams=[here])
        other = await running.system_account("other", roles=[role], teams=[elsewhere])
        request = {"method": "POST", "url": there.url("/")}
        webhook = await saved(running, {"teamUuid": here, "request": request})
        path = f"/webhooks/{webhook}/execute"
        unsaved = {"teamUuid": here, "request": request}
        assert [200, 403, 403] == [
            (await mine.post(path)).status,
            (await other.post(path)).status,
            (await mine.read_only().post(path)).status,
        ]
        assert [200, 403, 403] == [
            (await mine.post("/webhooks/execute", unsaved)).status,
            (await other.post("/webhooks/execute", unsaved)).status,
            (await mine.read_only().post("/webhooks/execute", unsaved)).status,
        ]
        assert 400 == (await mine.post("/webhooks/execute", {"request": request})).status
        assert 404 == (await mine.post("/webhooks/0b1e7d5e-0000-4000-8000-000000000000/execute")).status
        assert 2 == len(there.got)

    async def test_a_team_tries_with_its_own_secrets(self, running: Running, there: Receiver) -> None:
        """An unsaved webhook draws on what a saved one of its team would (seed 003)."""
        here = await running.team("A")
        await secret(running, "Token", "of the team", teamUuid=here)
        await secret(running, "Token", "of none")
        request = {"method": "POST", "url": there.url("/"), "body": "${user.Token}"}
        await running.admin.post("/webhooks/execute", {"teamUuid": here, "request": request})
        await running.admin.post("/webhooks/execute", {"request": request})
        assert [b"of the team", b"of none"] == [one.body for one in there.got]

    async def test_a_contract_that_the_caller_may_not_read_stays_out(
        self, running: Running, there: Receiver
    ) -> None:
        """Trying a webhook tells nobody of contracts that are not theirs to read: stand-ins are sent."""
        await published(running.admin)
        role = await running.role("hooks", "webhook:manage:*")
        blind = await running.system_account("blind", roles=[role], teams=[])
        request = {"method": "POST", "url": there.url("/"), "body": "${pactbroker.consumerVersionNumber}"}
        webhook = await saved(running, {"consumer": {"name": "Foo"}, "request": request})
        await running.admin.post(f"/webhooks/{webhook}/execute")
        await blind.post(f"/webhooks/{webhook}/execute")
        assert [b"1", b"gggghhhhjjjjkkkkllll66667777888899990000"] == [one.body for one in there.got]


async def test_a_repeated_request_sends_nothing_again(running: Running, there: Receiver) -> None:
    """Under one Idempotency-Key it is sent once, and both are told what came of it."""
    webhook = await saved(running, {"request": {"method": "POST", "url": there.url("/")}})
    headers = {"Idempotency-Key": "k1"}
    first, second = [
        await running.admin.post(f"/webhooks/{webhook}/execute", {}, headers=headers) for _ in range(2)
    ]
    assert 1 == len(there.got)
    assert first.json["success"] is True
    assert (first.json, first.position) == (second.json, second.position)
    assert 204 == (await running.admin.delete(f"/webhooks/{webhook}")).status
    third = await running.admin.post(f"/webhooks/{webhook}/execute", {}, headers=headers)
    assert first.json["logs"] == third.json["logs"]
    body = {"request": {"method": "POST", "url": there.url("/"), "password": PASSWORD}}
    unsaved = [
        (await running.admin.post("/webhooks/execute", body, headers={"Idempotency-Key": "k2"})).json
        for _ in range(2)
    ]
    assert unsaved[0] == unsaved[1]
    assert 2 == len(there.got)


async def test_nothing_is_tried_while_webhooks_are_held(database: postgres.Database, tmp_path: Path) -> None:
    """A copy of the service that must not send (MUNIMENT_WEBHOOKS=hold) says so, and records no order."""
    async with service.running(database, tmp_path, MUNIMENT_WEBHOOKS="hold") as running:
        body = {"request": {"method": "POST", "url": "https://ci.example.org/"}}
        webhook = await saved(running, {**body, "events": [{"name": "contract_published"}]})
        before = running.position
        for path in ("/webhooks/execute", f"/webhooks/{webhook}/execute"):
            answer = await running.admin.post(path, body)
            assert 422 == answer.status, answer.text
            assert "MUNIMENT_WEBHOOKS" in answer.text
        assert before == running.position
