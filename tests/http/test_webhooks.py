"""/webhooks over HTTP: the shapes of sections 4.4 and 4.6, what is hidden, and what is refused (section 3.7)."""

from typing import Any

import pytest

from service.commands.webhook_contents import STARS
from service.commands.webhooks import TRIGGERS
from tests.http.test_bad_input import MISSING
from tests.service import BASE_URL, Answer, Client, Running

HAL = "application/hal+json;charset=utf-8"
URL = "https://ci.example.org/build?key=planted-in-the-query"


def request(**fields: Any) -> dict[str, Any]:
    return {"method": "POST", "url": URL, **fields}


def webhook(**fields: Any) -> dict[str, Any]:
    return {"description": "Build", "request": request(), **fields}


async def made(client: Client, **fields: Any) -> Any:
    answer = await client.post("/webhooks", webhook(**fields))
    assert 201 == answer.status, answer.text
    return answer.json


def pointers(answer: Answer) -> list[str]:
    return list(answer.json["errors"])


@pytest.fixture
async def admin(running: Running) -> Client:
    for name in ("Foo", "Bar"):
        assert 201 == (await running.admin.post("/pacticipants", {"name": name})).status
    return running.admin


async def test_a_webhook_is_made_shown_replaced_and_deleted(admin: Client) -> None:
    """Sections 4.4 and 4.6: 201 with its place, the whole document each time, 204, and 404 from then on."""
    answer = await admin.post("/webhooks", webhook(consumer={"name": "Foo"}, provider={"name": "Bar"}))
    assert (201, HAL) == (answer.status, answer.headers["Content-Type"])
    found = answer.json
    place = f"{BASE_URL}/webhooks/{found['uuid']}"
    assert place == answer.headers["Location"] == found["_links"]["self"]["href"]
    links = found.pop("_links")
    assert f"{BASE_URL}/webhooks/provider/Bar/consumer/Foo" == links["pb:pact-webhooks"]["href"]
    assert {"pb:consumer", "pb:provider", "pb:webhooks"} <= set(links)
    assert {
        "uuid": found["uuid"],
        "description": "Build",
        "enabled": True,
        "consumer": {"name": "Foo"},
        "provider": {"name": "Bar"},
        "events": [{"name": "contract_content_changed"}],
        "request": request(),
        "createdAt": found["createdAt"],
    } == found
    assert found == {k: v for k, v in (await admin.get(place)).json.items() if k != "_links"}
    changed = await admin.put(place, webhook(description="Other", enabled=False, provider={"label": "web"}))
    assert 200 == changed.status
    assert ("Other", False, {"label": "web"}) == tuple(
        changed.json[field] for field in ("description", "enabled", "provider")
    )
    assert "consumer" not in changed.json
    assert changed.json == (await admin.get(place)).json
    assert 204 == (await admin.delete(place)).status
    assert 404 == (await admin.get(place)).status
    assert 404 == (await admin.delete(place)).status


async def test_a_request_comes_back_as_it_was_given(admin: Client) -> None:
    """Section 5.2: the order and case of headers, and the body's every value, are what Terraform compares."""
    body = {"b": [1, 1.5, None, True, {"ü": "${user.X}"}], "a": 12345678901234567890123}
    given = request(
        headers={"x-LOWER": "1", "Content-Type": "application/json", "A": "ü"[:0]},
        body=body,
        username="${user.Name}",
    )
    found = await made(admin, request=given)
    assert given == found["request"]
    assert list(given["headers"]) == list(found["request"]["headers"])
    for text in ('<xml "foo"="bar">${pactbroker.pactUrl}</xml>', [1, 2], False, 0):
        assert text == (await made(admin, request=request(body=text)))["request"]["body"]


async def test_hidden_values_are_asterisks_and_asterisks_keep_them(running: Running, admin: Client) -> None:
    """Section 3.7: the password, and headers matching authorization or token, unless they draw on something."""
    headers = {"Authorization": "Bearer planted-1", "X-Auth-Token": "planted-2", "X-Plain": "seen"}
    found = await made(admin, request=request(headers=headers, password="planted-3", username="me"))
    hidden = {"Authorization": STARS, "X-Auth-Token": STARS, "X-Plain": "seen"}
    assert (hidden, STARS) == (found["request"]["headers"], found["request"]["password"])
    before = running.position
    place = f"/webhooks/{found['uuid']}"
    again = await admin.put(place, webhook(request=found["request"]))
    assert (200, before) == (again.status, running.position)
    without = {name: value for name, value in found["request"].items() if name != "password"}
    assert STARS == (await admin.put(place, webhook(request=without))).json["request"]["password"]
    assert before == running.position
    drawn = request(headers={"Authorization": "Bearer ${user.Token}"}, password="${user.P}")
    shown = await made(admin, request=drawn)
    assert drawn == shown["request"]
    kept = await admin.put(f"/webhooks/{shown['uuid']}", webhook(request=request(headers=drawn["headers"])))
    assert "${user.P}" == kept.json["request"]["password"]
    gone = await admin.put(place, webhook(request=request(password=None)))
    assert request() == gone.json["request"]


async def test_asterisks_for_nothing_are_refused(admin: Client) -> None:
    """Asterisks stand for a value that there is: nobody means to send ten asterisks."""
    assert ["request.password"] == pointers(
        await admin.post("/webhooks", webhook(request=request(password=STARS)))
    )
    found = await made(admin, request=request(headers={"Authorization": "a"}))
    place = f"/webhooks/{found['uuid']}"
    other = await admin.put(place, webhook(request=request(headers={"X-Token": STARS})))
    assert (400, ["request.headers.X-Token"]) == (other.status, pointers(other))
    spelt = await admin.put(place, webhook(request=request(headers={"authorization": STARS})))
    assert {"authorization": STARS} == spelt.json["request"]["headers"]


@pytest.mark.parametrize(
    ("pointer", "fields"),
    [
        ("request", {"request": None}),
        ("request", {"request": "x"}),
        ("request.method", {"request": {"url": URL}}),
        ("request.method", {"request": request(method="GET")}),
        ("request.url", {"request": {"method": "POST"}}),
        ("request.url", {"request": request(url="ftp://example.org")}),
        ("request.url", {"request": request(url="https:///path")}),
        ("request.url", {"request": request(url="${user.Url}")}),
        ("request.url", {"request": request(url="https://me:pw@example.org")}),
        ("request.url", {"request": request(url="https://example.org/a b")}),
        ("request.url", {"request": request(url="https://example.org/${other.X}")}),
        ("request.url", {"request": request(url="https://example.org:70000/")}),
        ("request.url", {"request": request(url="https://exa_mple.org:x/")}),
        ("request.url", {"request": request(url="https://example.org/" + "x" * 2_000)}),
        ("request.headers", {"request": request(headers=["a"])}),
        ("request.headers", {"request": request(headers={"a b": "1"})}),
        ("request.headers.X", {"request": request(headers={"X": "1\r\nY: 2"})}),
        ("request.headers.X", {"request": request(headers={"X": 1})}),
        ("request.headers.x", {"request": request(headers={"X": "1", "x": "2"})}),
        ("request.headers.Content-Length", {"request": request(headers={"Content-Length": "1"})}),
        ("request.headers.Muniment-Delivery", {"request": request(headers={"Muniment-Delivery": "1"})}),
        ("request.headers", {"request": request(headers={f"H{n}": "" for n in range(41)})}),
        ("request.username", {"request": request(username="a:b")}),
        ("request.password", {"request": request(password="a\nb")}),
        ("request.password", {"request": request(password=5)}),
        ("request.body", {"request": request(body="x" * 32_769)}),
        ("request", {"request": request(body=[f"${{user.n{n}}}" for n in range(51)])}),
        ("events", {"events": []}),
        ("events", {"events": "contract_published"}),
        ("events.0.name", {"events": [{}]}),
        ("events.1.name", {"events": [{"name": "contract_published"}, {"name": "contract_deleted"}]}),
        ("enabled", {"enabled": "yes"}),
        ("consumer", {"consumer": {}}),
        ("consumer.label", {"consumer": {"name": "Foo", "label": "web"}}),
        ("provider.name", {"provider": {"name": "Nobody"}}),
        ("description", {"description": "x" * 256}),
        ("teamUuid", {"teamUuid": "nothing"}),
        ("teamUuid", {"teamUuid": MISSING}),
    ],
)
async def test_what_is_wrong_is_refused_with_its_place(
    running: Running, admin: Client, pointer: str, fields: dict[str, Any]
) -> None:
    """Section 4.2: 400 with a pointer, whatever the open-source broker refuses or HTTP could not carry."""
    before = running.position
    answer = await admin.post("/webhooks", webhook(**fields))
    assert (400, [pointer], before) == (answer.status, pointers(answer), running.position)


async def test_the_method_may_be_another_where_the_account_allows_it(admin: Client) -> None:
    """Section 3.7: POST only, by default; in whatever case."""
    found = await made(admin, request=request(method="post"))
    assert "post" == found["request"]["method"]


async def test_templates_may_stand_behind_the_host(running: Running, admin: Client) -> None:
    """Where requests go is written out, as in the open-source broker: no value has a say in it."""
    url = "https://ci.example.org:8443/x/${pactbroker.consumerName}?t=${user.T}"
    found = await made(admin, request=request(url=url))
    assert url == found["request"]["url"]
    created = (await admin.get("/audit?sort=-timestamp&pageSize=1")).json["events"][0]
    assert "https://ci.example.org:8443" in created["sentence"]
    for host in ("${user.Host}", "ci.${user.Host}.org", "ci.example.org:${user.Port}", "${user.Url}"):
        refused = await admin.post("/webhooks", {"request": request(url=f"https://{host}/x")})
        assert 400 == refused.status, refused.text


async def test_all_events_may_be_waited_for(admin: Client) -> None:
    """Section 3.7 names six; each is kept once, in the order that was given."""
    given = [{"name": one} for one in reversed(TRIGGERS)]
    assert given == (await made(admin, events=[*given, given[0]]))["events"]


async def test_put_makes_a_webhook_under_the_id_that_its_client_chose(
    running: Running, admin: Client
) -> None:
    """201 for an unknown id, 200 from then on; an id that was used before names a new webhook, not the old one."""
    place = "/webhooks/my-pipelines-webhook_1"
    answer = await admin.put(place, webhook())
    assert (201, f"{BASE_URL}{place}") == (answer.status, answer.headers["Location"])
    assert "my-pipelines-webhook_1" == answer.json["uuid"]
    before = running.position
    assert 200 == (await admin.put(place, webhook())).status
    assert before == running.position
    assert 204 == (await admin.delete(place)).status
    assert 404 == (await admin.get(place)).status
    again = await admin.put(place, webhook(description="Next"))
    assert (201, "Next") == (again.status, (await admin.get(place)).json["description"])
    assert [place] == [
        one["href"].removeprefix(BASE_URL)
        for one in (await admin.get("/webhooks")).json["_links"]["pb:webhooks"]
    ]
    for short in ("short", "template-variables", "x" * 129, "no!-no!-no!-no!-no!"):
        assert 400 == (await admin.put(f"/webhooks/{short}", webhook())).status
    known = "2e4bf0e6-b0cf-451f-b05b-69048955f019"
    assert known == (await admin.put(f"/webhooks/{known}", webhook())).json["uuid"]
    assert 200 == (await admin.get(f"/webhooks/{known.upper()}")).status


async def test_a_precondition_keeps_a_webhook_from_being_made(admin: Client) -> None:
    """Who decided on how a webhook is does not make another one where it is gone, nor overwrite what changed."""
    found = await made(admin)
    place = f"/webhooks/{found['uuid']}"
    tag = (await admin.get(place)).headers["ETag"]
    assert 200 == (await admin.put(place, webhook(description="1"), headers={"If-Match": tag})).status
    assert 412 == (await admin.put(place, webhook(description="2"), headers={"If-Match": tag})).status
    assert 412 == (await admin.delete(place, headers={"If-Match": tag})).status
    assert 204 == (await admin.delete(place)).status
    assert 404 == (await admin.put(place, webhook(), headers={"If-Match": "*"})).status


async def test_a_repeated_order_is_answered_again(running: Running, admin: Client) -> None:
    """An Idempotency-Key makes one webhook, however often it is sent, and never a different one."""
    headers = {"Idempotency-Key": "one"}
    first = await admin.post("/webhooks", webhook(), headers=headers)
    before = running.position
    second = await admin.post("/webhooks", webhook(), headers=headers)
    assert (201, first.json["uuid"], before) == (second.status, second.json["uuid"], running.position)
    other = await admin.post("/webhooks", webhook(description="Other"), headers=headers)
    assert 422 == other.status


async def test_a_dry_run_makes_nothing(running: Running, admin: Client) -> None:
    """What it would record is told, and nothing of it is done."""
    before = running.position
    answer = await admin.post("/webhooks?dry_run=true", webhook())
    assert [{"kind": "webhook.created", "records": 1}] == answer.json["would"]
    assert (before, []) == (running.position, (await admin.get("/webhooks")).json["_embedded"]["webhooks"])


async def test_the_list_has_links_and_documents_and_pages(running: Running, admin: Client) -> None:
    """Section 4.6: the open-source broker's links beside the vendor's `_embedded`."""
    ids = [
        (await made(admin, description=f"{n}", consumer={"name": "Foo"} if n else None))["uuid"]
        for n in range(3)
    ]
    found = (await admin.get("/webhooks")).json
    assert ids == [one["uuid"] for one in found["_embedded"]["webhooks"]]
    assert "A webhook for all pacts with consumer Foo" == found["_links"]["pb:webhooks"][1]["title"]
    assert f"{BASE_URL}/webhooks" == found["_links"]["pb:create"]["href"]
    page = (await admin.get("/webhooks?page=2&size=2")).json
    assert (ids[2:], 3) == (
        [one["uuid"] for one in page["_embedded"]["webhooks"]],
        page["page"]["totalElements"],
    )
    sally = await running.person("sally", roles=[await running.role("Hooks", "webhook:manage:*")])
    reading = (await sally.read_only().get("/webhooks")).json
    assert "pb:create" not in reading["_links"]
    assert [False] * 3 == ["pb:execute" in one["_links"] for one in reading["_embedded"]["webhooks"]]
    ordering = (await sally.get("/webhooks")).json
    assert "pb:create" in ordering["_links"]
    assert [True] * 3 == ["pb:execute" in one["_links"] for one in ordering["_embedded"]["webhooks"]]


async def test_webhooks_are_listed_and_made_for_the_sides_of_an_integration(admin: Client) -> None:
    """The open-source broker's other addresses: those that name just these applications, and none for those."""
    paths = {
        "/webhooks/provider/Bar/consumer/Foo": ({"name": "Foo"}, {"name": "Bar"}),
        "/pacts/provider/Bar/consumer/Foo/webhooks": ({"name": "Foo"}, {"name": "Bar"}),
        "/webhooks/provider/Bar": (None, {"name": "Bar"}),
        "/webhooks/consumer/Foo": ({"name": "Foo"}, None),
    }
    for path, (consumer, provider) in paths.items():
        answer = await admin.post(path, webhook(description=path))
        assert 201 == answer.status
        assert (consumer, provider) == (answer.json.get("consumer"), answer.json.get("provider"))
    for path in paths:
        listed = (await admin.get(path)).json["_embedded"]["webhooks"]
        expected = list(paths)[:2] if "provider/Bar/consumer/Foo" in path else [path]
        assert expected == [one["description"] for one in listed]
    other = await admin.post("/webhooks/provider/Bar/consumer/Foo", webhook(consumer={"name": "Bar"}))
    assert (400, ["consumer"]) == (other.status, pointers(other))
    assert 404 == (await admin.get("/webhooks/provider/Nobody")).status
    assert 404 == (await admin.post("/webhooks/consumer/Nobody", webhook())).status


async def test_as_of_before_the_record_is_all_there_is(admin: Client) -> None:
    """What was sent left the vault when it was replaced: of the past it is told where it went."""
    found = await made(admin)
    place = f"/webhooks/{found['uuid']}"
    then = (await admin.get(place)).position
    assert (
        200
        == (await admin.put(place, webhook(description="Other", request=request(url="https://x.org")))).status
    )
    past = (await admin.get(f"{place}?as_of={then}")).json
    assert ("Build", {"method": "POST", "url": "https://ci.example.org", "superseded": True}) == (
        past["description"],
        past["request"],
    )


async def test_the_past_is_read_by_the_right_of_now(running: Running, admin: Client) -> None:
    """Section 3.7: as of before, a webhook is its present team's to read; a deleted one takes the right to all."""
    here, there = await running.team("Here"), await running.team("There")
    role = await running.role("Hooks", "webhook:manage:team")
    billy = await running.person("billy", roles=[role], teams=[there])
    sally = await running.person("sally", roles=[role], teams=[here])
    moved, gone = (await made(admin, teamUuid=here))["uuid"], (await made(admin, teamUuid=here))["uuid"]
    before = running.position
    assert 200 == (await admin.put(f"/webhooks/{moved}", webhook(teamUuid=there))).status
    assert 204 == (await admin.delete(f"/webhooks/{gone}")).status
    for client, may, sees in ((sally, (403, 403), []), (billy, (200, 403), [moved])):
        for one, status in zip((moved, gone), may, strict=True):
            for path in (f"/webhooks/{one}", f"/webhooks/{one}/deliveries"):
                assert status == (await client.get(f"{path}?as_of={before}")).status
        listed = (await client.get(f"/webhooks?as_of={before}")).json["_embedded"]["webhooks"]
        assert sees == [one["uuid"] for one in listed]
    assert 200 == (await admin.get(f"/webhooks/{gone}?as_of={before}")).status


async def test_what_a_teams_webhooks_may_draw_on_is_told(running: Running, admin: Client) -> None:
    """Seed 003: team selection affects which secrets are available; a team's own, or those of none."""
    team = await running.team("A")
    for name, owner in (("Ours", team), ("Global", None)):
        body = {"name": name, "description": f"is {name}", "value": "planted", "teamUuid": owner}
        assert 201 == (await admin.post("/secrets", body)).status
    sally = await running.person(
        "sally", roles=[await running.role("Hooks", "webhook:manage:team")], teams=[team]
    )
    ours = await sally.get(f"/webhooks/template-variables?teamUuid={team}")
    assert [{"name": "Ours", "description": "is Ours", "placeholder": "${user.Ours}"}] == ours.json["secrets"]
    assert {"name", "description", "placeholder"} == set(ours.json["variables"][0])
    assert "${pactbroker.pactUrl}" in [one["placeholder"] for one in ours.json["variables"]]
    assert "planted" not in ours.text
    assert 403 == (await sally.get("/webhooks/template-variables")).status
    nobodys = (await admin.get("/webhooks/template-variables")).json["secrets"]
    assert ["Global"] == [one["name"] for one in nobodys]
    assert 404 == (await admin.get(f"/webhooks/template-variables?teamUuid={MISSING}")).status


async def test_what_a_teams_webhooks_could_draw_on_once_is_told_as_it_decides_now(
    running: Running, admin: Client
) -> None:
    """As of before, a secret that another team has now is that team's: it is not told to this one (section 3.7)."""
    here, there = await running.team("Here"), await running.team("There")
    role = await running.role("Hooks", "webhook:manage:team")
    sally = await running.person("sally", roles=[role], teams=[here])
    places = []
    for name in ("Stays", "Moves", "Goes"):
        made = await admin.post("/secrets", {"name": name, "value": "v", "teamUuid": here})
        places.append(f"/secrets/{made.json['uuid']}")
    before = running.position
    assert 200 == (await admin.put(places[1], {"teamUuid": there})).status
    assert 204 == (await admin.delete(places[2])).status
    address = f"/webhooks/template-variables?teamUuid={here}&as_of={before}"
    told = [[one["name"] for one in (await who.get(address)).json["secrets"]] for who in (sally, admin)]
    assert [["Stays"], ["Goes", "Moves", "Stays"]] == told


async def test_a_secret_in_conflict_is_not_offered_to_webhooks(running: Running, admin: Client) -> None:
    """Section 7, point 13: nothing can use it until it is renamed; the one that had the name is offered alone."""
    team = await running.team("A")
    for owner, description in ((team, "of A"), (None, "of none")):
        body = {"name": "Token", "description": description, "value": "v", "teamUuid": owner}
        assert 201 == (await admin.post("/secrets", body)).status
    assert 204 == (await admin.delete(f"/admin/teams/{team}")).status
    offered = (await admin.get("/webhooks/template-variables")).json["secrets"]
    assert ["of none"] == [one["description"] for one in offered]
