"""Deployed and released versions over HTTP, as clients of a broker record and read them (sections 3.5, 4.4 and 4.6)."""

import asyncio
import itertools
from typing import Any

import pytest

from service.events.deployments import DeploymentRecorded
from service.log import recorded
from tests.http.test_bad_input import MISSING, require_refusal
from tests.service import BASE_URL, Answer, Running

HAL = "application/hal+json;charset=utf-8"


class Place:
    """Foo with versions 1 and 2, Bar with 1, and the environment test."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.admin = running.admin
        self.test = ""

    async def made(self) -> "Place":
        for consumer, version in (("Foo", "1"), ("Foo", "2"), ("Bar", "1")):
            path = f"/pacts/provider/Qux/consumer/{consumer}/version/{version}"
            assert 201 == (await self.admin.put(path, {})).status
        body = {"name": "test", "displayName": "The test", "production": False}
        self.test = (await self.admin.post("/environments", body)).json["uuid"]
        return self

    def path(self, noun: str, version: str = "1", application: str = "Foo") -> str:
        return f"/pacticipants/{application}/versions/{version}/{noun}-versions/environment/{self.test}"

    async def deploy(self, version: str = "1", application: str = "Foo", **body: object) -> Answer:
        return await self.admin.post(self.path("deployed", version, application), body)

    async def release(self, version: str = "1", application: str = "Foo") -> Answer:
        return await self.admin.post(self.path("released", version, application), {})

    async def current(self, query: str = "", noun: str = "deployed-versions/currently-deployed") -> list[Any]:
        answer = await self.admin.get(f"/environments/{self.test}/{noun}{query}")
        assert 200 == answer.status, answer.text
        (embedded,) = answer.json["_embedded"].values()
        return [
            (one["_embedded"]["pacticipant"]["name"], one["_embedded"]["version"]["number"])
            for one in embedded
        ]


@pytest.fixture
async def place(running: Running) -> Place:
    return await Place(running).made()


async def test_a_deployment_is_recorded_as_a_broker_records_it(place: Place) -> None:
    """201 with its place and the whole document, in the shape that clients read."""
    made = await place.deploy(applicationInstance="blue", target="blue")
    assert (201, HAL) == (made.status, made.headers["Content-Type"])
    where = made.headers["Location"]
    assert f"{BASE_URL}/deployed-versions/{made.json['uuid']}" == where
    assert (True, "blue", "blue") == tuple(
        made.json[field] for field in ("currentlyDeployed", "applicationInstance", "target")
    )
    assert "undeployedAt" not in made.json
    embedded = made.json["_embedded"]
    assert ("Foo", "1", "test") == (
        embedded["pacticipant"]["name"],
        embedded["version"]["number"],
        embedded["environment"]["name"],
    )
    assert made.json == (await place.admin.get(where)).json
    told = await place.admin.get("/audit?kind=deployment.recorded")
    assert {"application", "environment", "deployment"} == {
        one["type"] for one in told.json["events"][0]["touches"]
    }


async def test_a_second_deployment_replaces_the_first(place: Place) -> None:
    """Section 3.5: of the same instance alone; both stay to be read, and the record names the one replaced."""
    first, second = await place.deploy("1"), await place.deploy("2")
    blue = await place.deploy("1", applicationInstance="blue")
    ended = await place.admin.get(first.headers["Location"])
    then = await place.admin.get(f"{first.headers['Location']}?as_of={first.position}")
    assert [False, True] == [one.json["currentlyDeployed"] for one in (ended, then)]
    assert "undeployedAt" in ended.json
    assert [("Foo", "1"), ("Foo", "2")] == await place.current()
    told = await place.admin.get("/audit?kind=deployment.recorded&sort=-timestamp")
    sentence = told.json["events"][1]["sentence"]
    assert "the deployment of version 2 of the application Foo to test, in place of version 1" in sentence
    assert [second.json["uuid"]] == [
        one["uuid"]
        for one in (await place.admin.get(place.path("deployed", "2"))).json["_embedded"]["deployedVersions"]
    ]
    both = (await place.admin.get(place.path("deployed", "1"))).json["_embedded"]["deployedVersions"]
    assert [blue.json["uuid"], first.json["uuid"]] == [one["uuid"] for one in both]


async def test_repeating_a_deployment_answers_with_the_one_that_is_there(place: Place) -> None:
    """As a broker does: 201 with the same Location, and nothing is recorded."""
    first, again = await place.deploy(), await place.deploy(target="")
    assert (201, first.headers["Location"], first.json) == (
        again.status,
        again.headers["Location"],
        again.json,
    )
    assert first.position == again.position == place.running.position


async def test_a_deployment_repeated_under_its_key_is_the_same(place: Place) -> None:
    """Even when another took its place meanwhile, and when its application is called otherwise by then."""
    key = {"Idempotency-Key": "once"}
    path = place.path("deployed")
    first = await place.admin.post(path, {}, headers=key)
    await place.deploy("2")
    assert 200 == (await place.admin.patch("/pacticipants/Foo", {"name": "Foot"})).status
    again = await place.admin.post(path, {}, headers=key)
    assert (201, first.json["uuid"], True) == (
        again.status,
        again.json["uuid"],
        again.json["currentlyDeployed"],
    )


async def test_what_is_deployed_is_asked_by_application_and_instance(place: Place) -> None:
    """An empty instance asks for what is deployed as none; an application that is not there has nothing."""
    await place.deploy("1")
    await place.deploy("2", applicationInstance="blue")
    await place.deploy("1", "Bar")
    for query, expected in (
        ("", [("Bar", "1"), ("Foo", "2"), ("Foo", "1")]),
        ("?pacticipant=Foo", [("Foo", "2"), ("Foo", "1")]),
        ("?pacticipant=Foo&applicationInstance=blue", [("Foo", "2")]),
        ("?pacticipant=Foo&target=blue", [("Foo", "2")]),
        ("?pacticipant=Foo&applicationInstance=", [("Foo", "1")]),
        ("?pacticipant=Nobody", []),
        ("?size=2&page=2", [("Foo", "1")]),
    ):
        assert expected == await place.current(query), query


async def test_undeploying_ends_a_deployment(place: Place) -> None:
    """Twice is once; it is listed no longer as current and still among all there ever were."""
    first = await place.deploy()
    where = first.headers["Location"]
    merge = {"Content-Type": "application/merge-patch+json"}
    ended = await place.admin.ask("PATCH", where, json={"currentlyDeployed": False}, headers=merge)
    again = await place.admin.ask("PATCH", where, json={"currentlyDeployed": False}, headers=merge)
    assert (200, False, ended.json) == (ended.status, ended.json["currentlyDeployed"], again.json)
    assert ended.position == again.position
    assert [] == await place.current()
    assert [("Foo", "1")] == await place.current(noun="deployed-versions")
    assert [("Foo", "1")] == await place.current(f"?as_of={first.position}")


async def test_releases_stand_beside_each_other(place: Place) -> None:
    """201 for a new one, 200 with the same place for one that was there; supported until it ends, and again then."""
    first, second, again = await place.release("1"), await place.release("2"), await place.release("1")
    where = first.headers["Location"]
    assert [201, 201, 200] == [one.status for one in (first, second, again)]
    assert f"{BASE_URL}/released-versions/{first.json['uuid']}" == where == again.headers["Location"]
    supported = "released-versions/currently-supported"
    assert [("Foo", "2"), ("Foo", "1")] == await place.current(noun=supported)
    assert [("Foo", "1")] == await place.current("?pacticipant=Foo&version=1", supported)
    ended = await place.admin.patch(where, {"currentlySupported": False})
    assert (200, False) == (ended.status, ended.json["currentlySupported"])
    assert "supportEndedAt" in ended.json
    assert [("Foo", "2")] == await place.current(noun=supported)
    assert [("Foo", "2"), ("Foo", "1")] == await place.current(noun="released-versions")
    back = await place.release("1")
    assert (200, True, where) == (back.status, back.json["currentlySupported"], back.headers["Location"])
    listed = (await place.admin.get(place.path("released"))).json["_embedded"]["releasedVersions"]
    assert [back.json["uuid"]] == [one["uuid"] for one in listed]


async def test_what_is_not_there_is_404(place: Place) -> None:
    """Application, version, environment, deployment, release: nothing is made by recording, and nothing recorded."""
    before = place.running.position
    for noun in ("deployed", "released"):
        good = place.path(noun)
        for path in (
            place.path(noun, "3"),
            place.path(noun, application="Nobody"),
            good.replace(place.test, MISSING),
            good.replace(place.test, "test"),
        ):
            require_refusal(await place.admin.post(path, {}), 404)
            require_refusal(await place.admin.get(path), 404)
        for one in (MISSING, "no-id"):
            require_refusal(await place.admin.get(f"/{noun}-versions/{one}"), 404)
        for listed in ("", "/currently-deployed" if noun == "deployed" else "/currently-supported"):
            require_refusal(await place.admin.get(f"/environments/{MISSING}/{noun}-versions{listed}"), 404)
    require_refusal(
        await place.admin.patch(f"/deployed-versions/{MISSING}", {"currentlyDeployed": False}), 404
    )
    require_refusal(
        await place.admin.patch(f"/released-versions/{MISSING}", {"currentlySupported": False}), 404
    )
    assert before == place.running.position


async def test_there_is_no_way_back(place: Place) -> None:
    """As a broker says: 422 for true; a body that does not say what to end is 400."""
    deployed, released = await place.deploy(), await place.release()
    for made, field in ((deployed, "currentlyDeployed"), (released, "currentlySupported")):
        where = made.headers["Location"]
        require_refusal(await place.admin.patch(where, {field: True}), 422)
        require_refusal(await place.admin.patch(where, {}), 400)
        require_refusal(await place.admin.patch(where, {field: "no"}), 400)


async def test_lists_hold_what_may_be_read(place: Place) -> None:
    """The environment must be readable; of what is there, the applications that the caller may read."""
    team = await place.running.team("A", pacticipantNames=["Foo"], environmentUuids=[place.test])
    await place.deploy("1")
    other = await place.deploy("1", "Bar")
    role = await place.running.role("Narrow", "contract_data:manage:team", "environment:read:team")
    sally = await place.running.person("Sally", roles=[role], teams=[team])
    blind = await place.running.person(
        "Blind", roles=[await place.running.role("Reads data", "contract_data:read:*")], teams=[]
    )
    path = f"/environments/{place.test}/deployed-versions/currently-deployed"
    listed = (await sally.get(path)).json["_embedded"]["deployedVersions"]
    assert ["Foo"] == [one["_embedded"]["pacticipant"]["name"] for one in listed]
    require_refusal(await sally.get(other.headers["Location"]), 403)
    for hidden in (path, other.headers["Location"], place.path("deployed")):
        require_refusal(await blind.get(hidden), 403)


async def test_deleting_an_environment_takes_its_records(place: Place) -> None:
    """Section 4.6: they are gone, and read as of before; a dry run says beforehand which records there would be."""
    deployed, released = await place.deploy(), await place.release()
    await place.deploy("2")
    before = place.running.position
    tried = await place.admin.delete(f"/environments/{place.test}?dry_run=true")
    assert [
        {"kind": "environment.deleted", "records": 1},
        {"kind": "deployments.removed", "records": 1},
        {"kind": "releases.removed", "records": 1},
    ] == tried.json["would"]
    assert before == place.running.position
    assert 204 == (await place.admin.delete(f"/environments/{place.test}")).status
    for made in (deployed, released):
        require_refusal(await place.admin.get(made.headers["Location"]), 404)
        assert 200 == (await place.admin.get(f"{made.headers['Location']}?as_of={before}")).status
    told = await place.admin.get(f"/audit?kind=deployments.removed,releases.removed&touches={place.test}")
    assert {"deployments.removed", "releases.removed"} == {one["kind"] for one in told.json["events"]}
    again = await place.admin.post("/environments", {"name": "test", "production": False})
    place.test = again.json["uuid"]
    assert [] == await place.current()


async def test_who_asks_whether_something_may_be_deployed_names_the_environment(place: Place) -> None:
    """AuthZEN: with `environment` both conditions are judged, and the answer names the one that is missing."""
    team = await place.running.team("A", pacticipantNames=["Foo"])
    role = await place.running.role("Pipeline", "deployment_and_release:record:team", "environment:read:*")
    sally = await place.running.person("Sally", roles=[role], teams=[team])

    async def asked(action: str = "deployment_and_release:record", **properties: str) -> dict[str, Any]:
        question = {
            "subject": {"type": "user", "id": sally.id},
            "action": {"name": action},
            "resource": {"type": "application", "id": "Foo", "properties": properties},
        }
        answer = await place.admin.post("/access/v1/explanation", question)
        decided = await place.admin.post("/access/v1/evaluation", question)
        assert answer.json["decision"] is decided.json["decision"]
        found: dict[str, Any] = answer.json
        return found

    assert (await asked())["decision"]
    apart = await asked(environment="test")
    assert (False, "deployment_and_release:record on Foo") == (apart["decision"], apart["missing"])
    assert any("together with the environment " in one for one in apart["sentences"])
    await place.admin.put(
        f"/environments/{place.test}", {"name": "test", "production": False, "teamUuids": [team]}
    )
    together = await asked(environment=place.test)
    assert together["decision"]
    assert {"deployment_and_release:record:team", "environment:read:*"} == {
        one["scope"] for one in together["grants"]
    }
    assert not (await asked(environment="nowhere"))["decision"]
    assert (await asked("contract_data:read", environment="test"))["conflicts"]
    why = (
        f"/access/v1/why?subject=user:{sally.id}&action=deployment_and_release:record"
        "&resource=application:Foo&environment=test"
    )
    assert (await place.admin.get(why)).json["decision"]


async def test_a_version_says_where_it_is_and_where_it_can_be_recorded(place: Place) -> None:
    """Clients look the environment up by name among its links; there are those that the caller may read."""
    deployed, released = await place.deploy(applicationInstance="blue"), await place.release()
    links = (await place.admin.get("/pacticipants/Foo/versions/1")).json["_links"]
    for noun, relation in (("deployed", "pb:record-deployment"), ("released", "pb:record-release")):
        assert [("test", f"{BASE_URL}{place.path(noun)}")] == [
            (one["name"], one["href"]) for one in links[relation]
        ]
    assert [("The test", deployed.headers["Location"], True, "blue")] == [
        (one["name"], one["href"], one["currently_deployed"], one["application_instance"])
        for one in links["pb:deployed-environments"]
    ]
    assert [("The test", released.headers["Location"], True)] == [
        (one["name"], one["href"], one["currently_supported"]) for one in links["pb:released-environments"]
    ]
    role = await place.running.role("Reads data", "contract_data:read:*")
    blind = await place.running.person("Blind", roles=[role], teams=[])
    hidden = (await blind.get("/pacticipants/Foo/versions/1")).json["_links"]
    assert [[], [], [], []] == [
        hidden[f"pb:{relation}"]
        for relation in (
            "record-deployment",
            "record-release",
            "deployed-environments",
            "released-environments",
        )
    ]


async def test_of_many_who_deploy_at_once_one_is_current(place: Place) -> None:
    """Whatever lands in one batch: each replaces the one before it, and none is replaced twice or by nobody."""
    await asyncio.gather(*(place.deploy(str(1 + number % 2)) for number in range(30)))
    assert 1 == len(await place.current())
    async with place.running.app.reader.connection() as connection:
        entries = await connection.fetch(
            "select entry from log where kind = 'deployment.recorded' order by position"
        )
    records = [recorded.decode(row["entry"]).data for row in entries]
    deployments = [one for one in records if isinstance(one, DeploymentRecorded)]
    assert [None, *(one.deployment for one in deployments[:-1])] == [one.replaces for one in deployments]
    assert all(one.version != two.version for one, two in itertools.pairwise(deployments))
    assert 1 < len(deployments)
