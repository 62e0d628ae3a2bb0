"""Section 3.7: the six events of webhooks, and for which applications a webhook fires."""

from typing import Any

import msgspec
import pytest

from service.commands.contracts import DeleteContract
from service.commands.deployments import EndSupport
from service.commands.teams import DeleteTeam
from service.events.webhooks import WebhookEdited, WebhooksTriggered
from service.log import recorded
from service.vocabulary import WebhookId
from tests import facts
from tests.firing import Fired, World
from tests.given import Account

CONTRACT_EVENTS = (
    "contract_published",
    "contract_requiring_verification_published",
    "contract_content_changed",
)
RESULT_EVENTS = (
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
)
REQUIRING = "contract_requiring_verification_published"


@pytest.fixture
def world() -> World:
    """Foo and Bar, which know nothing of each other yet."""
    return World(Account(), "Foo", "Bar")


def hook(world: World, *events: str, **settings: Any) -> WebhookId:
    """A webhook of no team that waits for these events."""
    return facts.webhook(world.account, events=events, **settings)


def names(found: list[Fired]) -> list[str]:
    return [event for event, *_ in found]


def changed(found: list[Fired]) -> bool:
    return "contract_content_changed" in names(found)


def versions(found: list[Fired]) -> dict[str | None, tuple[str, ...]]:
    """Of what has yet to be verified, by whom and why."""
    return {version: why for event, version, why, _ in found if event == REQUIRING}


def test_every_publication_is_one_even_of_what_is_there_already(world: World) -> None:
    """Section 3.7, contract_published: by PUT and POST, of new, changed and unchanged content; changed content once."""
    waiting = hook(world, "contract_published", "contract_content_changed")
    both = [("contract_published", None, (), (waiting,)), ("contract_content_changed", None, (), (waiting,))]

    assert both == world.publish("a")
    assert both[:1] == world.publish("a")
    assert both == world.publish("b")
    assert both[:1] == world.publish_all({"Bar": "b"})
    assert both[:1] == world.publish_all({"Bar": "b"}, "2")
    assert [*both, *both] == world.publish_all({"Bar": "c", "Baz": "c"}, "3")


def test_what_fires_is_told_with_its_contract_and_follows_its_cause(world: World) -> None:
    """Section 3.7: the record of what is owed stands behind its cause in one order, and names contract and versions."""
    waiting = hook(world, "contract_published")
    records = world.account.handle(world.publication({"Bar": "a"}, "7", branch="main")).records
    triggered = records[-1].data
    assert isinstance(triggered, WebhooksTriggered)
    contract = world.account.now.contract_of(world.id("Foo"), world.id("Bar"), "7")

    assert contract is not None
    assert (world.id("Foo"), world.id("Bar"), "7") == (
        triggered.consumer,
        triggered.provider,
        triggered.consumer_version,
    )
    assert (contract.id, None, None) == (triggered.contract, triggered.result, triggered.provider_version)
    assert [waiting] == [one.webhook for one in triggered.deliveries]
    assert records[0].id == records[-1].correlation
    assert "webhooks.triggered" == recorded.kind_of(triggered)


def test_content_changes_against_the_newest_without_tags(world: World) -> None:
    """Section 3.7, contract_content_changed: without tags against the newest without; branches play no part in it."""
    hook(world, "contract_content_changed")

    assert changed(world.publish_all({"Bar": "a"}, "1", branch="main"))
    assert not changed(world.publish_all({"Bar": "a"}, "2", branch="feat/x"))
    assert changed(world.publish_all({"Bar": "b"}, "3", branch="feat/x"))
    assert changed(world.publish_all({"Bar": "a"}, "4", branch="main"))
    assert changed(world.publish_all({"Bar": "b"}, "5", tags=["dev"]))
    assert not changed(world.publish("a", "6"))


def test_content_changes_against_the_newest_of_each_tag(world: World) -> None:
    """Section 3.7, contract_content_changed: with tags against the newest of each; the first of a tag changes."""
    hook(world, "contract_content_changed")
    world.publish_all({"Bar": "a"}, "1", tags=["dev"])

    assert not changed(world.publish_all({"Bar": "a"}, "2", tags=["dev"]))
    assert changed(world.publish_all({"Bar": "a"}, "3", tags=["dev", "prod"]))
    assert changed(world.publish_all({"Bar": "b"}, "4", tags=["dev"]))
    assert changed(world.publish_all({"Bar": "b"}, "5", tags=["dev", "prod"]))
    assert not changed(world.publish_all({"Bar": "b"}, "6", tags=["dev", "prod"]))
    world.tag("7", "prod")
    assert not changed(world.publish("b", "7"))
    assert changed(world.publish("b", "8"))


def test_another_pair_and_a_deleted_contract_play_no_part(world: World) -> None:
    """Section 3.7, contract_content_changed: compared with what the same two have, and have still."""
    hook(world, "contract_content_changed")
    world.publish_all({"Bar": "a", "Baz": "b"}, "1")

    assert changed(world.publish("b", "2"))
    contract = world.account.now.contract_of(world.id("Foo"), world.id("Bar"), "2")
    assert contract is not None
    world.account.do(DeleteContract(contract=contract.id))
    assert not changed(world.publish("a", "3"))


@pytest.mark.parametrize("how", ["tag", "branch"])
def test_a_tag_or_a_branch_that_comes_later_fires_nothing(world: World, how: str) -> None:
    """Section 3.7: only a publication is one; a version that is tagged, or put on a branch, afterwards is none."""
    hook(world, *CONTRACT_EVENTS)
    world.publish("a")
    later = world.tag if how == "tag" else world.branch

    assert [] == later("1", "prod", application="Foo")


def test_a_contract_requires_verification_by_every_version_in_use(world: World) -> None:
    """Section 3.7, contract_requiring_verification_published: the latest of main, deployed and released, one each."""
    waiting = hook(world, REQUIRING)
    test, production = world.account.environment("test"), world.account.environment("production")
    assert [] == world.publish("a")
    world.main("main")
    for version in ("1", "2", "3"):
        world.branch(version, "main")
    world.branch("4", "feat/x")
    world.deploy("1", test)
    world.deploy("2", test, instance="blue")
    world.deploy("2", production)
    old = world.release("4", production)
    world.release("3", production)
    ended = world.deploy("4", production, instance="green")
    world.undeploy(ended)
    found = world.publish("a", "2")

    assert {
        "3": ("latest from main branch", "released in production"),
        "1": ("deployed in test",),
        "2": ("deployed in test", "deployed in production"),
        "4": ("released in production",),
    } == versions(found)
    assert {(waiting,)} == {webhooks for *_, webhooks in found}
    world.account.do(EndSupport(release=old))
    assert {"3", "1", "2"} == set(versions(world.publish("a", "2")))


def test_whoever_has_a_result_for_the_content_has_verified_it(world: World) -> None:
    """Section 3.7, contract_requiring_verification_published: not for who has a result, be it a failure."""
    hook(world, REQUIRING)
    test = world.account.environment("test")
    world.publish("a")
    world.main("main")
    world.branch("1", "main")
    for version in ("2", "3"):
        world.branch(version, "x")
        world.deploy(version, test, instance=version)
    assert {"1", "2", "3"} == set(versions(world.publish("a", "2")))
    world.verify("a", "1")
    world.verify("a", "2", success=False)

    assert {"3"} == set(versions(world.publish("a", "3")))
    assert {"1", "2", "3"} == set(versions(world.publish("b", "4")))


def test_without_a_version_on_main_the_tag_of_its_name_tells(world: World) -> None:
    """Section 3.7, contract_requiring_verification_published: a provider that tags with its branch has a latest too."""
    hook(world, REQUIRING)
    world.main("main")
    world.tag("1", "main", application="Bar")
    world.tag("2", "main", application="Bar")
    assert {"2": ("latest from main branch",)} == versions(world.publish("a"))
    world.branch("1", "main")
    assert {"1": ("latest from main branch",)} == versions(world.publish("a"))


def test_a_result_is_published_and_succeeded_or_failed(world: World) -> None:
    """Section 3.7, provider_verification_…: published in any case, and one of succeeded and failed."""
    waiting = hook(world, *RESULT_EVENTS)
    world.publish("a")
    world.publish("a", "2")

    for success, event in ((True, RESULT_EVENTS[1]), (False, RESULT_EVENTS[2])):
        assert [(one, "5", (), (waiting,)) for one in (RESULT_EVENTS[0], event)] == world.verify(
            "a", "5", success=success
        )
    events = [one.data for one in world.account.log if isinstance(one.data, WebhooksTriggered)]
    newest = world.account.now.contract_of(world.id("Foo"), world.id("Bar"), "2")
    assert newest is not None
    assert {("2", newest.id)} == {(one.consumer_version, one.contract) for one in events}
    assert all(one.result is not None for one in events)


def test_a_webhook_fires_for_the_applications_that_it_selects(world: World) -> None:
    """Section 3.7: a consumer and a provider by name, by label, or any, each side for itself; in order of creation."""
    for name in ("Baz", "Qux"):
        world.account.application(name)
    world.label("async", application="Foo")
    world.label("async", application="Bar")
    foo, bar = world.id("Foo"), world.id("Bar")
    found = {
        hook(world, "contract_published", **settings): pairs
        for settings, pairs in (
            ({}, {"FooBar", "FooBaz", "QuxBar", "QuxBaz"}),
            ({"consumer": foo}, {"FooBar", "FooBaz"}),
            ({"provider": bar}, {"FooBar", "QuxBar"}),
            ({"consumer": foo, "provider": bar}, {"FooBar"}),
            ({"consumer": bar, "provider": foo}, set()),
            ({"consumer_label": "async"}, {"FooBar", "FooBaz"}),
            ({"provider_label": "async"}, {"FooBar", "QuxBar"}),
            ({"consumer_label": "async", "provider_label": "async"}, {"FooBar"}),
            ({"consumer_label": "async", "provider": bar}, {"FooBar"}),
            ({"consumer": foo, "provider_label": "async"}, {"FooBar"}),
            ({"consumer_label": "other"}, set()),
            ({"enabled": False}, set()),
        )
    }
    for consumer in ("Foo", "Qux"):
        for provider in ("Bar", "Baz"):
            expected = tuple(one for one, pairs in found.items() if consumer + provider in pairs)
            [(_, _, _, webhooks)] = world.publish("a", consumer=consumer, provider=provider)
            assert expected == webhooks


def test_a_disabled_webhook_and_another_event_fire_nothing(world: World) -> None:
    """Section 3.7: a webhook waits for its events alone, and for none while it is disabled."""
    waiting = hook(world, "contract_published")
    [settings] = [one.settings for one in world.account.now.webhooks()]
    assert [(waiting,)] == [webhooks for *_, webhooks in world.publish("a")]
    off = msgspec.structs.replace(settings, enabled=False)
    facts.happened(world.account, WebhookEdited(webhook=waiting, before=settings, after=off))
    assert [] == world.publish("b")
    other = msgspec.structs.replace(settings, events=("provider_verification_published",))
    facts.happened(world.account, WebhookEdited(webhook=waiting, before=off, after=other))
    assert [] == world.publish("c")
    assert ["provider_verification_published"] == names(world.verify("c", "1"))


def test_a_webhook_fires_whatever_team_it_is_of(world: World) -> None:
    """Section 3.7, and rule 8 of 5.3: a team's webhook may name applications of others, and fires for them."""
    team = world.account.team("Simpsons")
    waiting = hook(world, "contract_published", team=team, consumer=world.id("Foo"))
    assert [(waiting,)] == [webhooks for *_, webhooks in world.publish("a")]
    world.account.do(DeleteTeam(team=team))
    assert [(waiting,)] == [webhooks for *_, webhooks in world.publish("b")]


def test_who_comes_with_a_publication_is_selected_only_by_any(world: World) -> None:
    """Section 3.7: an application that the publication makes has no name, no label and no version in use before it."""
    waiting = hook(world, *CONTRACT_EVENTS)
    hook(world, *CONTRACT_EVENTS, consumer_label="async")
    found = world.publish_all({"Neu": "a"}, consumer="New", tags=["dev"])

    assert ["contract_published", "contract_content_changed"] == names(found)
    assert {(waiting,)} == {webhooks for *_, webhooks in found}
