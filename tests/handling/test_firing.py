"""Which webhooks fire: against a naive model of any history, by exactly what an order reads, and within bounds."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from projections.deliveries import Delivery, Owed
from projections.spans import Fact, Shelf, Want
from service import errors
from service.commands import Command
from service.commands.contracts import DeleteContract
from service.events.webhooks import WebhookDeleted, WebhookEdited, WebhookSettings, WebhooksTriggered
from service.log import recorded
from service.orders import Outcome
from service.vocabulary import EnvironmentId, WebhookId
from tests import facts, given
from tests.firing import World, fired
from tests.given import Account
from tests.handling.naive_firing import Hook, Model, Named, Pact, Told

EVENTS = (
    "contract_published",
    "contract_requiring_verification_published",
    "contract_content_changed",
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
)
CONSUMERS, PROVIDERS, LABELS = ("Foo", "Baz"), ("Bar", "Foo"), ("async", "old")
APPLICATIONS = tuple(dict.fromkeys((*CONSUMERS, *PROVIDERS)))
ENVIRONMENTS = ("test", "production")
consumers = st.sampled_from(("Foo", "Foo", "Foo", "Baz"))
providers = st.sampled_from(("Bar", "Bar", "Bar", "Foo"))
"""One pair more often than others: what meets nothing proves little."""
numbers, contents = st.sampled_from(("1", "2")), st.sampled_from(("a", "b"))
marks = st.sampled_from(("main", "dev"))
environments = st.sampled_from(ENVIRONMENTS)


def named(names: tuple[str, ...]) -> st.SearchStrategy[Named]:
    return st.one_of(
        st.just(("any", "")),
        st.tuples(st.just("name"), st.sampled_from(names)),
        st.tuples(st.just("label"), st.sampled_from(LABELS)),
    )


wanted = st.frozensets(st.sampled_from(EVENTS), min_size=1)


class AnyFiring(RuleBasedStateMachine):
    """Webhooks, and everything that they may wait for or select by, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Account(), *APPLICATIONS)
        self.model = Model()
        self.hooks: list[WebhookId] = []
        self.environments: dict[str, EnvironmentId] = {
            name: self.world.account.environment(name) for name in ENVIRONMENTS
        }

    # -- webhooks ----------------------------------------------------------------------------------------

    @initialize(watching=st.sampled_from((True, True, True, False)))
    def somebody_watches(self, watching: bool) -> None:
        """Mostly one webhook waits for everything, so that nothing happens unseen."""
        for provider in PROVIDERS:
            self.main_branch(provider, "main")
        if watching:
            self.a_webhook(frozenset(EVENTS), ("any", ""), ("any", ""), enabled=True, of_team=False)

    @rule(
        events=wanted,
        consumer=named(CONSUMERS),
        provider=named(PROVIDERS),
        enabled=st.sampled_from((True, True, False)),
        of_team=st.booleans(),
    )
    def a_webhook(
        self, events: frozenset[str], consumer: Named, provider: Named, enabled: bool, of_team: bool
    ) -> None:
        account = self.world.account
        team = account.team(f"Team {len(self.hooks)}") if of_team else None
        self.hooks.append(facts.webhook(account, team=team))
        self.model.hooks.append(Hook(len(self.hooks) - 1, True, frozenset(), ("any", ""), ("any", "")))
        self.changed(len(self.hooks) - 1, events, consumer, provider, enabled=enabled)

    @rule(
        number=st.integers(0, 5),
        events=wanted,
        consumer=named(CONSUMERS),
        provider=named(PROVIDERS),
        enabled=st.booleans(),
    )
    def another_webhook(
        self, number: int, events: frozenset[str], consumer: Named, provider: Named, enabled: bool
    ) -> None:
        there = [one.number for one in self.model.hooks]
        if there:
            self.changed(there[number % len(there)], events, consumer, provider, enabled=enabled)

    def changed(
        self, number: int, events: frozenset[str], consumer: Named, provider: Named, *, enabled: bool
    ) -> None:
        account = self.world.account
        held = account.now.webhook(self.hooks[number]).settings
        after = WebhookSettings(
            description="",
            enabled=enabled,
            events=tuple(sorted(events)),  # type: ignore[arg-type]  # of EVENTS
            consumer=self.world.id(consumer[1]) if consumer[0] == "name" else None,
            consumer_label=consumer[1] if consumer[0] == "label" else None,
            provider=self.world.id(provider[1]) if provider[0] == "name" else None,
            provider_label=provider[1] if provider[0] == "label" else None,
        )
        facts.happened(account, WebhookEdited(webhook=self.hooks[number], before=held, after=after))
        place = next(place for place, one in enumerate(self.model.hooks) if one.number == number)
        self.model.hooks[place] = Hook(number, enabled, events, consumer, provider)

    @rule(number=st.integers(0, 5))
    def a_webhook_less(self, number: int) -> None:
        if self.model.hooks:
            gone = self.model.hooks.pop(number % len(self.model.hooks))
            held = self.world.account.now.webhook(self.hooks[gone.number])
            facts.happened(
                self.world.account,
                WebhookDeleted(webhook=held.id, settings=held.settings, request=held.request, team=held.team),
            )

    # -- what they wait for ------------------------------------------------------------------------------

    @rule(
        consumer=consumers,
        version=numbers,
        pacts=st.dictionaries(providers, contents, min_size=1),
        tags=st.lists(marks, unique=True),
        branch=st.none() | marks,
    )
    def published(
        self, consumer: str, version: str, pacts: dict[str, str], tags: list[str], branch: str | None
    ) -> None:
        self.expect(
            self.world.publication(pacts, version, consumer, tags, branch),
            [
                one
                for provider, content in pacts.items()
                for one in self.model.published(Pact(consumer, provider, version, content), tags)
            ],
        )
        self.was_tagged(consumer, version, tags)
        for provider, content in pacts.items():
            self.model.publish(Pact(consumer, provider, version, content))
        if branch:
            self.on_branch(consumer, branch, version)

    @rule(consumer=consumers, provider=providers, version=numbers, content=contents)
    def put(self, consumer: str, provider: str, version: str, content: str) -> None:
        order = given.publish(self.world.account.fresh, consumer, provider, version, content)
        pact = Pact(consumer, provider, version, content)
        self.expect(order, self.model.published(pact, ()))
        self.model.publish(pact)

    @rule(number=st.integers(0, 5), version=numbers, success=st.booleans())
    def verified(self, number: int, version: str, success: bool) -> None:
        if not self.model.pacts:
            return
        consumer, provider, _, content = self.model.pacts[number % len(self.model.pacts)]
        order = self.world.result(content, version, success=success, consumer=consumer, provider=provider)
        self.expect(order, self.model.verified(consumer, provider, version, success=success))
        self.model.results.append((consumer, provider, content, version))

    def expect(self, order: Command, told: list[Told]) -> None:
        """It fires what the model says, by what it reads alone as by all that there is."""
        account = self.world.account
        draft = account.drafter.draft(read(account, order))
        answer = draft.take(account.order(order))
        draft.undo()
        assert not isinstance(answer, errors.MunimentError), answer
        by_reading = fired([record.data for record in answer.records])
        by_all = fired(account.do(order))
        for found in (by_reading, by_all):
            assert sorted(
                (event, version or "", tuple(sorted(why)), tuple(self.hooks[one] for one in hooks))
                for event, version, why, hooks in told
            ) == sorted(
                (event, version or "", tuple(sorted(why)), hooks) for event, version, why, hooks in found
            )

    # -- what it depends on ------------------------------------------------------------------------------

    @rule(consumer=consumers, version=numbers, provider=providers)
    def deleted(self, consumer: str, version: str, provider: str) -> None:
        held = self.world.account.now.contract_of(self.world.id(consumer), self.world.id(provider), version)
        if held is not None:
            gone = next(one for one in self.model.pacts if one[:3] == (consumer, provider, version))
            assert [] == fired(self.world.account.do(DeleteContract(contract=held.id)))
            self.model.delete(gone)

    @rule(application=st.sampled_from(APPLICATIONS), label=st.sampled_from(LABELS))
    def labelled(self, application: str, label: str) -> None:
        self.world.label(label, application=application)
        self.model.labels.append((application, label))

    @rule(application=st.sampled_from(APPLICATIONS), version=numbers, tag=marks)
    def tagged(self, application: str, version: str, tag: str) -> None:
        assert [] == self.world.tag(version, tag, application=application)
        self.was_tagged(application, version, [tag])

    def was_tagged(self, application: str, version: str, tags: Iterable[str]) -> None:
        new = [tag for tag in tags if tag not in self.model.tags_of(application, version)]
        self.model.tags += [(application, version, tag) for tag in new]

    @rule(application=providers, version=numbers, branch=marks)
    def put_on_branch(self, application: str, version: str, branch: str) -> None:
        assert [] == self.world.branch(version, branch, application=application)
        self.on_branch(application, branch, version)

    def on_branch(self, application: str, branch: str, version: str) -> None:
        if (application, branch, version) not in self.model.branches:
            self.model.branches.append((application, branch, version))

    @rule(application=providers, branch=marks)
    def main_branch(self, application: str, branch: str) -> None:
        self.world.main(branch, application=application)
        self.model.main[application] = branch

    @rule(application=providers, version=numbers, environment=environments, released=st.booleans())
    def in_use(self, application: str, version: str, environment: str, released: bool) -> None:
        self.put_on_branch(application, version, "dev")  # a version must be there
        place = self.environments[environment]
        row = (application, version, environment)
        if released:
            self.world.release(version, place, application=application)
            self.model.released = [one for one in self.model.released if one != row] + [row]
        else:
            self.world.deploy(version, place, application=application)
            here = [one for one in self.model.deployed if (one[0], one[2]) == (application, environment)]
            self.model.deployed = [one for one in self.model.deployed if one not in here] + [row]


def read(account: Account, order: Command) -> Shelf:
    """What the door reads for an order, in both goes, and nothing else."""
    found = Shelf()
    for reads in ("reads", "reads_then"):
        asked = getattr(type(order), reads, None)
        view = account.now.beside(found)
        wants: tuple[Want, ...] = asked(order, view) if asked else ()
        for want in wants:
            for fact in _asked_for(account.shelf.everything(), want):
                found.put(fact)
        for want in wants:
            found.read(want)
    return found


def _asked_for(stored: Iterable[Fact], want: Want) -> list[Fact]:
    of_noun: list[Any] = [one for one in stored if one.noun == want.fact.noun]
    if want.keys:
        return [one for one in of_noun if one.key in want.keys]
    found = [
        one
        for one in of_noun
        if (not want.application or one.application == want.application)
        and (not want.version or one.version == want.version)
        and (not want.place or one.place == want.place)
        and one.place.startswith(want.prefix)
    ]
    return sorted(found, key=lambda one: one.created_at)[-1:] if want.newest else found


TestAnyFiring = AnyFiring.TestCase
TestAnyFiring.settings = settings(
    max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)


# -- bounds, batches and refusals ----------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    """Foo and Bar, which know nothing of each other yet."""
    return World(Account(), "Foo", "Bar")


def many(world: World, number: int) -> list[WebhookId]:
    return [facts.webhook(world.account) for _ in range(number)]


def triggered(outcome: Outcome) -> list[WebhooksTriggered]:
    return [record.data for record in outcome.records if isinstance(record.data, WebhooksTriggered)]


def test_what_a_thousand_webhooks_owe_is_split_into_records_that_fit(world: World) -> None:
    """A record holds what fits into an entry, each webhook stands in one of them, and ids are never drawn twice."""
    hooks = many(world, 1_000)
    outcome = world.account.handle(given.publish(world.account.fresh, "Foo", "Bar"))
    found = triggered(outcome)
    deliveries = [one for event in found for one in event.deliveries]

    assert 3 == len(found)
    assert hooks == [one.webhook for one in deliveries]
    assert 1_000 == len({one.delivery for one in deliveries})
    assert all(len(recorded.encode(one)) < recorded.ENTRY_BYTES_MAX for one in outcome.records)
    assert 1_000 == len(world.account.shelf.every(Owed)) == len(world.account.shelf.every(Delivery))


def test_more_than_one_order_may_owe_is_refused_in_words(world: World) -> None:
    """A publication that would have too many requests sent is refused, and nothing of it is done."""
    many(world, 101)
    before = world.account.now.position
    with pytest.raises(errors.Refused, match="more than 20,000 requests of webhooks") as refusal:
        world.publish_all({f"Bar {number}": "a" for number in range(199)})

    assert "too_many_webhooks" == refusal.value.reason
    assert before == world.account.now.position
    assert 198 == len(world.publish_all({f"Bar {number}": "a" for number in range(198)}))


def test_a_long_list_of_environments_is_cut(world: World) -> None:
    """A version may be deployed to any number of environments: the record says as many as fit, and is made."""
    facts.webhook(world.account, events=("contract_requiring_verification_published",))
    world.branch("1", "main")
    for number in range(40):
        world.deploy("1", world.account.environment(f"{'long-' * 40}{number}"))
    [(_, version, why, _)] = world.publish("a")

    assert "1" == version
    assert 10 < len(why) < 40
    assert sum(map(len, why)) <= 4_096


def test_it_is_looked_back_so_far_and_no_further(world: World) -> None:
    """What lies further back than is looked at is as if it had never been: a build too many, and never one too few."""
    facts.webhook(world.account, events=("contract_content_changed",))
    for version, tags in (("1", ()), ("2", ("dev",))):
        assert world.publish_all({"Bar": "a"}, version, tags=tags)
    for number in range(28):
        world.publish_all({"Bar": "a"}, f"3.{number}", tags=("dev",))
    assert [] == world.publish_all({"Bar": "a"}, "4")
    for number in range(30):
        world.publish_all({"Bar": "a"}, f"5.{number}", tags=("dev",))

    assert 1 == len(world.publish_all({"Bar": "a"}, "6"))
    assert [] == world.publish_all({"Bar": "a"}, "7", tags=("dev",))


def test_each_order_of_a_batch_sees_what_the_ones_before_it_did(world: World) -> None:
    """A batch that publishes, changes, deletes and verifies fires for each order what it would alone."""
    account = world.account
    facts.webhook(account, events=EVENTS)
    world.main("main")
    world.branch("1", "main")
    orders: list[Command] = [
        given.publish(account.fresh, "Foo", "Bar", "1", "a"),
        given.publish(account.fresh, "Foo", "Bar", "2", "a"),
        world.result("a", "1"),
        given.publish(account.fresh, "Foo", "Bar", "3", "a"),
        given.publish(account.fresh, "Foo", "Bar", "3", "b"),
    ]
    answers = account.batch([account.order(one) for one in orders])
    assert all(isinstance(one, Outcome) for one in answers)
    requiring, changes = "contract_requiring_verification_published", "contract_content_changed"

    assert [
        ["contract_published", requiring, changes],
        ["contract_published", requiring],
        ["provider_verification_published", "provider_verification_succeeded"],
        ["contract_published"],
        ["contract_published", requiring, changes],
    ] == [[event.event for event in triggered(one)] for one in answers if isinstance(one, Outcome)]


def test_what_is_denied_or_only_tried_fires_nothing(world: World) -> None:
    """Of a denied attempt the attempt alone is recorded; a dry run tells what would fire, and is taken back."""
    account = world.account
    facts.webhook(account)
    nobody = account.person("Nobody", roles=[])
    command = given.publish(account.fresh, "Foo", "Bar")
    with pytest.raises(errors.Forbidden):
        account.do(command, nobody)
    assert ["attempt.denied"] == [recorded.kind_of(one.data) for one in account.log[-1:]]
    tried = account.handle(command, dry_run=True)

    assert tried.rehearsal is not None
    assert ("webhooks.triggered", 1) in tried.rehearsal.kinds
    assert [] == account.shelf.every(Owed)
