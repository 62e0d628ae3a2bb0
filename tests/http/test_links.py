"""No link leads nowhere: whatever a document shows its reader can be followed (sections 4.1, 4.3 and 4.4)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from service.catalogue.loader import shipped
from tests import postgres, service
from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Client, Running

ORDERS: Final = {
    "pb:publish-contracts": "POST",
    "pb:publish-verification-results": "POST",
    "pb:regenerate": "POST",
    "pb:delete_integration": "DELETE",
    "pf:reset": "POST",
    "mun:evaluation": "POST",
    "mun:evaluations": "POST",
    "pb:execute": "POST",
}
"""Relations that are followed by another method than GET."""
WEBHOOKS_REQUEST: Final = {"method": "POST", "url": "https://127.0.0.1:9/build"}
OF_A_SHAPE_MAX: Final = 4
"""Links that are followed of those that differ in an id or a page alone."""
PLAIN: Final = "text/plain;charset=utf-8"
HAL: Final = "application/hal+json;charset=utf-8"
JSON: Final = "application/json;charset=utf-8"
WITH_API: Final = [role for role in shipped().roles if role.api_access and role.assignable]


async def furnished(running: Running) -> str:
    """A team that has something of everything; the id of the team."""
    admin = running.admin
    for name in ("Foo", "Bar"):
        assert 201 == (await admin.post("/pacticipants", {"name": name})).status
    path = "/pacts/provider/Bar/consumer/Foo/version/1"
    published = await admin.put(path, {"interactions": []})
    assert 201 == published.status
    results = f"/pacts/provider/Bar/consumer/Foo/pact-version/{published.json['digest']}/verification-results"
    verified = await admin.post(results, {"success": True, "providerApplicationVersion": "1"})
    assert 201 == verified.status
    for rest in ("versions/1/tags/prod", "branches/main/versions/1", "labels/web"):
        assert 201 == (await admin.put(f"/pacticipants/Foo/{rest}", {})).status
    bot = await running.system_account("bot")
    environment = await admin.post("/environments", {"name": "production", "production": True})
    for noun in ("deployed", "released"):
        place = f"/pacticipants/Foo/versions/1/{noun}-versions/environment/{environment.json['uuid']}"
        assert 201 == (await admin.post(place, {})).status
    team = await running.team(
        "A/B", pacticipantNames=["Foo"], environmentUuids=[environment.json["uuid"]], administratorUuids=[bot.id]
    )  # fmt: skip
    await admin.post(f"/admin/teams/{team}/users", {"users": [bot.id]})
    for name, of in (("key", team), ("token", None)):
        assert 201 == (await admin.post("/secrets", {"name": name, "value": "x", "teamUuid": of})).status
        webhook = {"description": name, "teamUuid": of, "request": WEBHOOKS_REQUEST, "enabled": False}
        sides = (
            {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}}
            if of
            else {"consumer": {"label": "web"}}
        )
        made = await admin.post("/webhooks", {**webhook, **sides})
        assert 201 == made.status
        assert 200 == (await admin.post(f"/webhooks/{made.json['uuid']}/execute")).status
    return team


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """The document and every object in it, at whatever depth."""
    if isinstance(document, dict):
        yield document
        document = list(document.values())
    if isinstance(document, list):
        for member in document:
            yield from objects(member)


def links(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every link of a document, by its relation."""
    for one in objects(document):
        for relation, found in one.get("_links", {}).items():
            yield from ((relation, link) for link in (found if isinstance(found, list) else [found]))


def actions(document: Any) -> Iterator[dict[str, Any]]:
    """Every `_actions` entry of a document."""
    for one in objects(document):
        yield from one.get("_actions", ())


async def crawled(client: Client, base_url: str = BASE_URL) -> dict[str, Any]:
    """Follow every link from the index on; each must answer its bearer, in the type of its kind. What was found."""
    waiting, found, shapes = [f"{base_url}/"], {}, dict[str, int]()
    while waiting:
        address = waiting.pop()
        shape = re.sub(r"[0-9a-f-]{36}|\?.*|/(?:provider|consumer|pacticipants)/[^/]+", "…", address)
        if address in found or shapes.setdefault(shape, 0) >= OF_A_SHAPE_MAX:
            continue
        shapes[shape] += 1
        assert address.startswith(f"{base_url}/"), address
        answer = await client.get(address.removeprefix(base_url))
        assert 200 == answer.status, f"{address}: {answer.status} {answer.text}"
        if address.endswith("/logs"):  # of a webhook, for people to read
            assert PLAIN == answer.headers["Content-Type"]
            continue
        assert answer.headers["Content-Type"] in (HAL, JSON), address
        found[address] = document = answer.json
        for relation, link in links(document):
            assert relation != "self" or "templated" not in link, address
            if link.get("templated"):
                assert "{" in link["href"], link
            elif relation in ORDERS:
                await require_offered(client, link["href"].removeprefix(base_url), ORDERS[relation])
            else:
                assert "{" not in link["href"], link
                waiting.append(link["href"])
        for action in actions(document):
            await require_offered(client, action["href"].removeprefix(base_url), action["method"])
    return found


async def require_offered(client: Client, path: str, method: str) -> None:
    """There is a resource at the path, and it takes the method."""
    answer = await client.ask("OPTIONS", path)
    assert method in answer.headers.get("Allow", ""), f"{method} {path}: {answer.status}"


@pytest.mark.parametrize("role", [role.name for role in WITH_API])
async def test_every_link_that_is_shown_can_be_followed(running: Running, role: str) -> None:
    """For every predefined role: from the index on, no link is 404 or 405, and none that was shown is 403."""
    team = await furnished(running)
    held = next(one.id for one in WITH_API if one.name == role)
    client = await running.person("Sally", roles=[held], teams=[team])
    found = await crawled(client)
    assert {f"{BASE_URL}/", f"{BASE_URL}/user"} <= set(found)
    reads = "team:read" in str(found[f"{BASE_URL}/user"])
    assert not reads or f"{BASE_URL}/admin/teams" in found
    await crawled(client.read_only())


async def test_every_relation_is_explained(running: Running) -> None:
    """The curies of the index lead to what each relation means, wherever it is shown (section 4.3)."""
    await furnished(running)
    found = await crawled(running.admin)
    relations = {
        relation for document in found.values() for relation, _ in links(document) if ":" in relation
    }
    (curie,) = (one for one in found[f"{BASE_URL}/"]["_links"]["curies"] if one["name"] == "pf")
    assert f"{BASE_URL}/doc/pf/{{rel}}" == curie["href"]
    assert {"pf:reset", "pf:membership", "pb:regenerate", "pb:delete_integration"} <= relations
    for relation in relations:
        answer = await running.nobody.get(f"/doc/{relation.replace(':', '/')}")
        assert (200, relation) == (answer.status, answer.text[: len(relation)])


async def test_the_administrator_of_a_team_can_follow_what_is_shown(running: Running) -> None:
    """Of one team and what is its own, with no role that reads anything."""
    await furnished(running)
    role = await running.role("Nothing")
    lead = await running.person("Lead", roles=[role], teams=[])
    production = (await running.admin.get("/environments")).json["_embedded"]["environments"][0]["uuid"]
    await running.team(
        "Led", administratorUuids=[lead.id], pacticipantNames=["Foo"], environmentUuids=[production]
    )
    found = await crawled(lead)
    assert {f"{BASE_URL}/admin/teams", f"{BASE_URL}/environments/{production}"} <= set(found)


async def test_what_actions_offer_is_permitted_and_nothing_else_is(running: Running) -> None:
    """Section 4.4: `_actions` lists what the caller may do, with a role, a team and a user."""
    team = await furnished(running)
    sally = await running.person("Sally")
    role = await running.role("Custom", "team:read:*")
    for holder in WITH_API:
        client = await running.person(f"One {holder.name}", roles=[holder.id], teams=[])
        for place in (f"/admin/roles/{role}", f"/admin/teams/{team}", f"/admin/users/{sally.id}"):
            read = await client.get(place)
            shown = read.json if read.status == 200 else {"_actions": []}
            offered = {action["name"] for action in shown["_actions"]}
            body = (await running.admin.get(place)).json
            answer = await client.put(place, body)
            assert (200 if "update" in offered else 403) == answer.status, (holder.name, place)
            if read.status == 200:
                assert [] == (await client.read_only().get(place)).json["_actions"]
            if "delete" not in offered:
                require_refusal(await client.delete(place), 403)


async def test_a_member_s_teams_lead_to_the_membership_and_the_integrations(running: Running) -> None:
    """Section 4.4: the teams in a user's document have `pf:membership` and `pf:integrations`."""
    team = await furnished(running)
    sally = await running.person("Sally", teams=[team])
    (shown,) = (await sally.get("/user")).json["_embedded"]["teams"]
    assert {"self", "pf:membership", "pf:integrations"} == set(shown["_links"])
    assert f"{BASE_URL}/teams/{team}/users/{sally.id}" == shown["_links"]["pf:membership"]["href"]
    integrations = (await sally.get(shown["_links"]["pf:integrations"]["href"])).json
    assert ["Foo"] == [one["consumer"]["name"] for one in integrations["_embedded"]["integrations"]]


async def test_links_begin_with_the_address_that_clients_use(make_database: Any, tmp_path: Path) -> None:
    """Behind a proxy and under a path of its own, every link is what clients can follow (BASE_URL)."""
    base_url = "https://example.org/platform/contracts"
    database: postgres.Database = make_database()
    async with service.running(database, tmp_path, BASE_URL=f"{base_url}/") as running:
        await furnished(running)
        found = await crawled(running.admin, base_url)
        assert f"{base_url}/admin/roles" in found
        made = await running.admin.post("/admin/roles", {"name": "x", "permissions": []})
        assert f"{base_url}/admin/roles/{made.json['uuid']}" == made.headers["Location"]
        page = (await running.admin.get("/admin/roles?page=2&size=2")).json["_links"]
        assert {f"{base_url}/admin/roles?size=2&page={n}" for n in (1, 3)} == {
            page[relation]["href"] for relation in ("previous", "next")
        }
