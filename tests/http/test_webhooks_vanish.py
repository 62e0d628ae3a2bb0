"""Webhooks that vanish with an application or an integration, over HTTP: told before, gone after, named by the undo."""

from typing import Any

from service.log import verify
from tests.service import Answer, Client, Running

FOO_BAR = "/pacts/provider/Bar/consumer/Foo"
KEY = "a-key-in-the-path"
"""Stands in every webhook's address, of which the record knows nothing but the host."""


async def company(running: Running) -> dict[str, str]:
    """Foo and Bar have a contract; a team's webhook names both, one of no team Bar alone, and one is for any."""
    assert 201 == (await running.admin.put(f"{FOO_BAR}/version/1", {})).status
    team = await running.team("A")
    foo, bar = {"name": "Foo"}, {"name": "Bar"}
    return {
        "both": await webhook(running.admin, "both", teamUuid=team, consumer=foo, provider=bar),
        "one": await webhook(running.admin, "one", provider=bar),
        "any": await webhook(running.admin, "any"),
        "team": team,
    }


async def webhook(client: Client, description: str, **fields: Any) -> str:
    body = {
        "description": description,
        "events": [{"name": "contract_published"}],
        "request": {"method": "POST", "url": f"https://ci.example.org/{KEY}", "password": "hunter2"},
        **fields,
    }
    answer = await client.post("/webhooks", body)
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


async def rows(running: Running) -> int:
    """How many values stand in the vault."""
    async with running.app.reader.connection() as connection:
        return int(await connection.fetchval("select count(*) from vault"))


async def statuses(running: Running, ids: dict[str, str]) -> dict[str, int]:
    names = ("both", "one", "any")
    return {name: (await running.admin.get(f"/webhooks/{ids[name]}")).status for name in names}


async def newest(running: Running, kind: str) -> Any:
    return (await running.admin.get(f"/audit?kind={kind}&sort=-timestamp&pageSize=1")).json["events"][0]


async def test_an_application_takes_its_webhooks_along(running: Running) -> None:
    """A dry run names them, they are gone with what they sent, the trail says why, and the effect says it again."""
    ids = await company(running)
    tried = (await running.admin.delete("/pacticipants/Bar?dry_run=true")).json["vanishes"]["webhooks"]
    named = [
        {"uuid": ids["both"], "description": "both", "consumer": "Foo", "provider": "Bar"},
        {"uuid": ids["one"], "description": "one", "provider": "Bar"},
    ]
    assert {"number": 2, "first": named} == tried
    before = await rows(running)
    done = await running.admin.delete("/pacticipants/Bar")
    assert 204 == done.status
    assert {"both": 404, "one": 404, "any": 200} == await statuses(running, ids)
    assert before - 4 == await rows(running)  # of each what it sends, and the password by itself
    told = await newest(running, "webhook.deleted")
    assert "webhook" in told["sentence"]
    event = (await newest(running, "application.deleted"))["uuid"]
    assert event == told["correlation"]
    effect = (await running.admin.get(f"/effects/{event}")).json
    assert tried == effect["vanished"]["webhooks"]
    trail = await running.admin.get("/audit?touches=application:Bar&kind=webhook.deleted")
    assert 2 == len(trail.json["events"]), trail.text


async def test_what_a_webhook_is_called_is_told_to_who_may_manage_it(running: Running) -> None:
    """Open point 15: whoever deletes the application is told which webhooks go; only managers read their names."""
    ids = await company(running)
    scopes = ("contract_data:manage:*", "contract_data:bulk_delete:*")
    sally = await running.person("Sally", roles=[await running.role("Deletes", *scopes)], teams=[])
    billy = await running.person(
        "Billy", roles=[await running.role("Both", *scopes, "webhook:manage:team")], teams=[ids["team"]]
    )

    async def told(client: Client) -> dict[str, bool]:
        tried = await client.delete("/pacticipants/Bar?dry_run=true")
        assert 200 == tried.status, tried.text
        assert KEY not in tried.text
        return {one["uuid"]: "description" in one for one in tried.json["vanishes"]["webhooks"]["first"]}

    assert {ids["both"]: False, ids["one"]: False} == await told(sally)
    assert {ids["both"]: True, ids["one"]: False} == await told(billy)
    assert 204 == (await sally.delete("/pacticipants/Bar")).status


async def test_an_application_that_a_webhook_names_says_so(running: Running) -> None:
    """The integration goes with the pair's webhook; Bar stays, since another names it, and the dry run says why."""
    ids = await company(running)
    path = "/integrations/provider/Bar/consumer/Foo"
    tried = (await running.admin.delete(f"{path}?dry_run=true")).json
    assert [ids["both"]] == [one["uuid"] for one in tried["vanishes"]["webhooks"]["first"]]
    because = {one["name"]: one["because"] for one in tried["stays"]["applications"]["first"]}
    assert {"Bar": "is named by 1 webhook"} == because
    assert 204 == (await running.admin.delete(path)).status
    assert (404, 200) == tuple(
        [(await running.admin.get(f"/pacticipants/{name}")).status for name in ("Foo", "Bar")]
    )
    assert {"both": 404, "one": 200, "any": 200} == await statuses(running, ids)


async def test_an_undo_says_which_webhooks_stay_gone(running: Running) -> None:
    """The contract is here again, the webhooks are not: said before, in the answer, and at every further try."""
    ids = await company(running)
    assert 204 == (await running.admin.delete("/pacticipants/Bar")).status
    event = (await newest(running, "application.deleted"))["uuid"]
    shown = (await running.admin.get(f"/history/{event}")).json
    assert {"number": 2} == shown["removed"]["webhooks"]
    tried = await running.admin.post(f"/history/{event}/restore?dry_run=true")
    done = await running.admin.post(f"/history/{event}/restore")
    for answer in (tried, done):
        assert 200 == answer.status, answer.text
        assert {("both", ids["both"], "Foo/Bar"), ("one", ids["one"], "Bar")} == left_out(answer)
        assert 2 == answer.json["leftOut"]["number"]
    assert 200 == (await running.admin.get(f"{FOO_BAR}/version/1")).status
    assert {"both": 404, "one": 404, "any": 200} == await statuses(running, ids)
    assert "left out 2 things" in (await newest(running, "deletion.restored"))["sentence"]
    again = await running.admin.post(f"/history/{event}/restore")
    assert 409 == again.status
    assert "webhook of Foo/Bar" in again.text
    told = (await running.admin.get(f"/history/{event}")).json["restorable"]
    assert told["now"] is False
    assert "webhook of Foo/Bar" in told["because"]


async def test_who_may_not_manage_webhooks_is_told_that_some_stay_gone(running: Running) -> None:
    """By their ids and what they named, without what they were called."""
    ids = await company(running)
    assert 204 == (await running.admin.delete("/pacticipants/Bar")).status
    event = (await newest(running, "application.deleted"))["uuid"]
    sally = await running.person("Sally", roles=[await running.role("W", "contract_data:manage:*")], teams=[])
    answer = await sally.post(f"/history/{event}/restore?dry_run=true")
    assert {("", ids["both"], "Foo/Bar"), ("", ids["one"], "Bar")} == left_out(answer)


async def test_the_record_and_the_vault_agree_afterwards(running: Running) -> None:
    """What a webhook sent leaves with it, on each of the three ways; nothing is missing and nothing left over."""
    for path in ("/pacticipants/Bar", "/integrations/provider/Bar/consumer/Foo", "/integrations"):
        await company(running)
        assert 204 == (await running.admin.delete(path)).status
        for team in (await running.admin.get("/admin/teams")).json["teams"]:
            if team["name"] == "A":
                assert 204 == (await running.admin.delete(f"/admin/teams/{team['uuid']}")).status
    connection = await running.app.connected("test")
    try:
        report = await verify.verify(connection, running.app.keys, lambda _done, _all: None)
    finally:
        await connection.close()
    assert () == tuple(report.findings)


def left_out(answer: Answer) -> set[tuple[str, str, str]]:
    """Each webhook's name, if it is told, its id, and the applications that it named."""
    return {
        (one.get("description", ""), one["uuid"], one["application"])
        for one in answer.json["leftOut"]["first"]
        if one["type"] == "webhook"
    }
