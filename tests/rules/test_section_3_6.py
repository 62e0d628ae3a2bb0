"""Section 3.6: bulk deletion, every row of its table and every rule beneath it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from service.catalogue.compiled import DEFAULT_TEAM
from service.orders import Outcome
from tests.handling import naive_deletion
from tests.handling.naive_deletion import Fact
from tests.handling.test_foretold import Played
from tests.service import Client, Running

WORLD: tuple[tuple[Any, ...], ...] = (
    ("publish", "Foo", "Bar", "1", '{"a": 1}', "main"),
    ("publish", "Foo", "Bar", "2", '{"a": 2}', "feat"),
    ("publish", "Foo", "Baz", "3", '{"a": 3}', "main"),
    ("verify", "Foo", "Bar", '{"a": 1}', "b1"),
    ("verify", "Foo", "Bar", '{"a": 2}', "b2"),
    ("verify", "Foo", "Baz", '{"a": 3}', "z1"),
    ("tag", "Foo", "1", "prod"),
    ("tag", "Foo", "3", "prod"),
    ("tag", "Bar", "b1", "prod"),
    ("tag", "Bar", "b3", "only tagged"),
    ("branch", "Bar", "b1", "main"),
    ("label", "Foo", "web"),
    ("label", "Bar", "core"),
    ("deploy", "Foo", "1", "production"),
    ("deploy", "Foo", "3", "production"),
    ("deploy", "Bar", "b1", "production"),
    ("release", "Bar", "b2", "production"),
    ("release", "Baz", "z1", "production"),
    ("webhook", "Foo", "Bar"),
    ("webhook", "Foo", ""),
    ("webhook", "", "Baz"),
    ("webhook", "Baz", "Foo"),
)
"""Foo has contracts with Bar and with Baz; both verified them, and everything that a version can have is there."""

KINDS: dict[str, tuple[tuple[str, ...], dict[str, set[Fact]]]] = {
    "all pacts of an integration": (
        ("contracts", "Foo", "Bar"),
        {
            "contracts": {("Foo", "Bar", "1"), ("Foo", "Bar", "2")},
            "verificationResults": {("Foo", "Bar", "b1"), ("Foo", "Bar", "b2")},
        },
    ),
    "pacts with a tag": (
        ("tagged", "Foo", "Bar", "prod"),
        {"contracts": {("Foo", "Bar", "1")}, "verificationResults": {("Foo", "Bar", "b1")}},
    ),
    "pacts of a branch": (
        ("on branch", "Foo", "Bar", "feat"),
        {"contracts": {("Foo", "Bar", "2")}, "verificationResults": {("Foo", "Bar", "b2")}},
    ),
    "an integration": (
        ("integration", "Foo", "Bar"),
        {
            "applications": {("Bar",)},
            "contracts": {("Foo", "Bar", "1"), ("Foo", "Bar", "2")},
            "verificationResults": {("Foo", "Bar", "b1"), ("Foo", "Bar", "b2")},
            "versions": {("Foo", "1"), ("Foo", "2"), ("Bar", "b1"), ("Bar", "b2"), ("Bar", "b3")},
            "tags": {("Foo", "1", "prod"), ("Bar", "b1", "prod"), ("Bar", "b3", "only tagged")},
            "branches": {("Bar", "main")},
            "branchVersions": {("Foo", "1", "main"), ("Foo", "2", "feat"), ("Bar", "b1", "main")},
            "labels": {("Bar", "core")},
            "deployments": {("Foo", "1", "production"), ("Bar", "b1", "production")},
            "releases": {("Bar", "b2", "production")},
            "webhooks": {("Foo", "Bar")},
        },
    ),
    "an application that consumes": (
        ("application", "Foo"),
        {
            "applications": {("Foo",)},
            "contracts": {("Foo", "Bar", "1"), ("Foo", "Bar", "2"), ("Foo", "Baz", "3")},
            "verificationResults": {("Foo", "Bar", "b1"), ("Foo", "Bar", "b2"), ("Foo", "Baz", "z1")},
            "versions": {("Foo", "1"), ("Foo", "2"), ("Foo", "3")},
            "tags": {("Foo", "1", "prod"), ("Foo", "3", "prod")},
            "branches": {("Foo", "main"), ("Foo", "feat")},
            "branchVersions": {("Foo", "1", "main"), ("Foo", "2", "feat"), ("Foo", "3", "main")},
            "labels": {("Foo", "web")},
            "deployments": {("Foo", "1", "production"), ("Foo", "3", "production")},
            "webhooks": {("Foo", "Bar"), ("Foo", ""), ("Baz", "Foo")},
        },
    ),
    "an application that provides": (
        ("application", "Bar"),
        {
            "applications": {("Bar",)},
            "contracts": {("Foo", "Bar", "1"), ("Foo", "Bar", "2")},
            "verificationResults": {("Foo", "Bar", "b1"), ("Foo", "Bar", "b2")},
            "versions": {("Bar", "b1"), ("Bar", "b2"), ("Bar", "b3")},
            "tags": {("Bar", "b1", "prod"), ("Bar", "b3", "only tagged")},
            "branches": {("Bar", "main")},
            "branchVersions": {("Bar", "b1", "main")},
            "labels": {("Bar", "core")},
            "deployments": {("Bar", "b1", "production")},
            "releases": {("Bar", "b2", "production")},
            "webhooks": {("Foo", "Bar")},
        },
    ),
}
"""What each kind takes of that world. What is not named here stays: every cell of the table, both columns."""


def without_ids(facts: dict[str, set[Fact]]) -> dict[str, set[Fact]]:
    """Results, deployments and the like without the ids that no table can name; kinds that are empty left out."""
    width = {"verificationResults": 3, "deployments": 3, "releases": 3, "webhooks": 2}
    return {kind: {one[: width.get(kind)] for one in found} for kind, found in facts.items() if found}


def played() -> Played:
    found = Played()
    for step in WORLD:
        found.step(step)
    return found


def deleted(world: Played, deletion: Sequence[str]) -> dict[str, set[Fact]]:
    """What is there no more after the deletion."""
    before = world.facts()
    answer = world.account.batch([world.account.order(world.command(deletion))])[0]
    assert isinstance(answer, Outcome)
    assert {answer.records[0].id} == {one.correlation for one in answer.records[1:]}
    return naive_deletion.taken(before, world.facts())


@pytest.mark.parametrize("kind", KINDS)
def test_a_bulk_deletion_removes_what_its_row_says_and_keeps_the_rest(kind: str) -> None:
    """Section 3.6, the table: what each kind removes, and that it keeps everything else."""
    deletion, removes = KINDS[kind]
    assert removes == without_ids(deleted(played(), deletion))


def test_deleting_everything_removes_everything() -> None:
    """Section 3.6: all of the above for all; no application is left that anything could refer to."""
    world = played()
    world.account.application("Lonely")
    world.names[world.account.now.application_named("Lonely").id] = "Lonely"  # type: ignore[union-attr]  # just made
    before = world.facts()
    assert before == deleted(world, ("everything",))
    assert not any(world.facts().values())


def test_a_webhook_for_any_application_stays_when_everything_goes() -> None:
    """Section 3.6: it names none of those that vanish; whoever publishes next fires it as before."""
    world = played()
    world.step(("webhook", "", ""))
    deleted(world, ("everything",))
    assert {"webhooks": {("", "")}} == without_ids(world.facts())


@pytest.mark.parametrize("sides", [("Bar", ""), ("", "Bar"), ("Bar", "Foo"), ("Baz", "Bar")])
def test_an_application_that_a_webhook_names_is_no_orphan(sides: tuple[str, str]) -> None:
    """Section 3.6, the orphan test: no versions, no pacts on either side and no webhooks but the pair's own."""
    for steps, stays in (((), False), ((("webhook", *sides),), True)):
        world = Played()
        for step in (("publish", "Foo", "Bar", "1", "{}", None), ("webhook", "Foo", "Bar"), *steps):
            world.step(step)
        deleted(world, ("integration", "Foo", "Bar"))
        assert stays is (("Bar",) in world.facts()["applications"])
        assert len(steps) == len(world.facts()["webhooks"])


def test_results_of_a_content_that_another_version_holds_stay() -> None:
    """Section 3.6: a result belongs to a content; while a version of the pair still has it nothing of it vanishes."""
    world = Played()
    for version, branch in (("1", "main"), ("2", "feat")):
        world.step(("publish", "Foo", "Bar", version, "{}", branch))
    world.step(("verify", "Foo", "Bar", "{}", "b1"))
    assert {"contracts": {("Foo", "Bar", "1")}} == without_ids(
        deleted(world, ("on branch", "Foo", "Bar", "main"))
    )
    assert {("Foo", "Bar", "b1")} == without_ids(deleted(world, ("on branch", "Foo", "Bar", "feat")))[
        "verificationResults"
    ]


def test_an_integration_keeps_what_takes_part_in_another() -> None:
    """Section 3.6: a version with a contract or a result elsewhere stays with all it has, and so its application."""
    world = Played()
    for step in (
        ("publish", "Foo", "Bar", "1", "{}", None),
        ("publish", "Foo", "Baz", "1", "{}", None),
        ("publish", "Baz", "Bar", "7", "[]", None),
        ("verify", "Foo", "Bar", "{}", "b1"),
        ("verify", "Baz", "Bar", "[]", "b1"),
        ("tag", "Foo", "1", "prod"),
        ("deploy", "Bar", "b1", "production"),
    ):
        world.step(step)
    gone = without_ids(deleted(world, ("integration", "Foo", "Bar")))
    assert {
        "contracts": {("Foo", "Bar", "1")},
        "verificationResults": {("Foo", "Bar", "b1")},
    } == gone


# -- over HTTP -------------------------------------------------------------------------------------------

FOO_BAR = "/pacts/provider/Bar/consumer/Foo"
ROUTES = {
    "contracts": (f"{FOO_BAR}/versions", 204),
    "tagged": (f"{FOO_BAR}/tag/prod", 200),
    "on branch": (f"{FOO_BAR}/branch/main", 200),
    "integration": ("/integrations/provider/Bar/consumer/Foo", 204),
    "application": ("/pacticipants/Foo", 204),
    "everything": ("/integrations", 204),
}
EXTENTS: dict[str, Callable[[str], bool]] = {
    "contract_data:bulk_delete:*": lambda _: True,
    "contract_data:bulk_delete:team": lambda kind: kind != "everything",
    "contract_data:bulk_delete:own": lambda kind: kind != "everything",
}


async def somebody(running: Running, *scopes: str, owns: bool, member: bool) -> Client:
    """Somebody of these scopes alone, in whose team Foo is or who made it; Foo has a contract with Bar and a tag."""
    other = await running.team("Other")
    assert 204 == (await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    maker = await running.role("Makes", "contract_data:manage:own")
    sally = await running.person("Sally", roles=[maker], teams=[])
    for name in ("Foo", "Bar"):
        client = sally if owns and name == "Foo" else running.admin
        assert 201 == (await client.post("/pacticipants", {"name": name})).status
    mine = await running.team("Mine", pacticipantNames=["Foo"] if member else [])
    await running.admin.put(f"/admin/teams/{mine}/users", {"users": [sally.id]})
    await running.admin.put(f"/admin/teams/{other}", {"name": "Other", "pacticipantNames": ["Bar"]})
    body = {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}}
    assert 201 == (await running.admin.put(f"{FOO_BAR}/version/1", body)).status
    tested = await running.role("Under test", *scopes)
    given = await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [tested]})
    assert 204 == given.status
    return sally


@pytest.mark.parametrize("kind", ROUTES)
@pytest.mark.parametrize("extent", EXTENTS)
@pytest.mark.parametrize("near", [True, False], ids=["within", "beyond"])
async def test_the_extent_is_the_consumers(running: Running, kind: str, extent: str, near: bool) -> None:
    """Section 3.6, extent test: `*`, or `team` and the consumer in one's team, or `own` and the consumer one's own."""
    own = extent.endswith(":own")
    scopes = [extent]
    if kind == "application":  # which itself must pass W
        scopes.append(extent.replace("bulk_delete", "manage") if near else "contract_data:manage:*")
    sally = await somebody(running, *scopes, owns=own and near, member=not own and near)
    path, status = ROUTES[kind]
    allowed = EXTENTS[extent](kind) and (near or extent.endswith("*"))
    answer = await sally.delete(path)
    assert (status if allowed else 403) == answer.status, answer.text
    left = await running.admin.get(f"{FOO_BAR}/latest")
    assert (200 if not allowed or kind in ("tagged", "on branch") else 404) == left.status


@pytest.mark.parametrize("kind", ROUTES)
async def test_managing_everything_is_no_bulk_deletion(running: Running, kind: str) -> None:
    """Section 3.6 and 1.2: `manage` never implies `bulk_delete`, whose absence is named with the consumer."""
    sally = await somebody(running, "contract_data:manage:*", owns=True, member=True)
    path, _ = ROUTES[kind]
    plain = await sally.delete(path)
    problem = await sally.delete(path, headers={"Accept": "application/problem+json"})
    assert (403, 403) == (plain.status, problem.status)
    on = "" if kind == "everything" else " on Foo/Bar"
    assert f"Missing: contract_data:bulk_delete{on}." in plain.text
    assert f"contract_data:bulk_delete{on}" == problem.json["missing"]
    if on:
        assert "consumer Foo" in plain.text
        assert "consumer Foo" in problem.json["detail"]


async def test_one_contract_takes_no_bulk_permission(running: Running) -> None:
    """Section 3.6: a single deletion needs W on the consumer and nothing else."""
    sally = await somebody(running, "contract_data:manage:team", owns=False, member=True)
    assert 200 == (await sally.delete(f"{FOO_BAR}/version/1")).status


async def test_an_application_without_contracts_and_versions_takes_no_bulk_permission(
    running: Running,
) -> None:
    """Section 3.6: W suffices while it has neither; a version that is left takes bulk deletion, too."""
    sally = await somebody(running, "contract_data:manage:*", owns=False, member=True)
    assert 201 == (await running.admin.post("/pacticipants", {"name": "Unused"})).status
    assert 204 == (await sally.delete("/pacticipants/Unused")).status
    assert 204 == (await running.admin.delete(f"{FOO_BAR}/versions")).status
    refused = await sally.delete("/pacticipants/Foo")
    assert 403 == refused.status
    assert "Missing: contract_data:bulk_delete on Foo." in refused.text
    assert 204 == (await sally.delete("/pacticipants/Bar")).status


async def test_a_deletion_is_refused_as_a_whole_when_one_consumer_is_out_of_reach(running: Running) -> None:
    """Section 3.6: an application deleted as a provider would wipe other teams' contracts; then nothing vanishes."""
    sally = await somebody(
        running, "contract_data:manage:*", "contract_data:bulk_delete:team", owns=False, member=True
    )
    await running.admin.put("/pacts/provider/Bar/consumer/Qux/version/1", {})
    before = running.position
    refused = await sally.delete("/pacticipants/Bar")
    assert 403 == refused.status
    assert "Missing: contract_data:bulk_delete on Qux/Bar." in refused.text
    assert before + 1 == running.position  # the attempt
    assert 2 == len((await running.admin.get("/integrations")).json["_embedded"]["integrations"])


async def test_who_may_not_manage_an_application_may_not_delete_it(running: Running) -> None:
    """Section 3.6: the application itself must pass W, whatever may be deleted in bulk."""
    sally = await somebody(running, "contract_data:bulk_delete:*", owns=False, member=True)
    refused = await sally.delete("/pacticipants/Foo")
    assert 403 == refused.status
    assert "Missing: contract_data:manage on Foo." in refused.text


@pytest.mark.parametrize("kind", ROUTES)
async def test_a_dry_run_is_refused_and_allowed_as_the_deletion_is(running: Running, kind: str) -> None:
    """Section 3.6: whoever may not delete is not told what would vanish; whoever may changes nothing by asking."""
    path, _ = ROUTES[kind]
    sally = await somebody(running, "contract_data:manage:*", owns=False, member=True)
    assert 403 == (await sally.delete(f"{path}?dry_run=true")).status
    before = running.position
    tried = await running.admin.delete(f"{path}?dry_run=true")
    assert (200, True, before) == (tried.status, tried.json["dryRun"], running.position)
    assert {"vanishes", "stays"} <= set(tried.json)
