"""Secrets and webhooks as they are true at a moment: whose they are, what finds them, and what may draw on what."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given as each
from hypothesis import strategies as st

from projections import deliveries, digest, snapshot_body, webhooks
from projections.deliveries import Delivery, Owed
from projections.directory import Directory
from projections.people import People
from projections.secrets import Secret
from projections.view import View
from service.events import Event
from service.events import secrets as secret_events
from service.events import webhooks as webhook_events
from service.events.applications import Change
from service.events.teams import TeamCreated, TeamDeleted
from service.log.recorded import Actor, Recorded
from service.vocabulary import (
    ApplicationId,
    DeliveryId,
    EventId,
    PrincipalId,
    SecretId,
    TeamId,
    VaultRef,
    WebhookId,
)

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
A, B = TeamId("a"), TeamId("b")
FOO, BAR = ApplicationId("foo"), ApplicationId("bar")
HOOK, ONE, TWO = WebhookId("hook"), SecretId("one"), SecretId("two")
TEAMS = st.sampled_from([None, A, B])
REQUEST = webhook_events.WebhookRequest(
    method="POST",
    destination="https://ci.example.org",
    references=("Token",),
    content=VaultRef("c"),
    mark="m",
)
SETTINGS = webhook_events.WebhookSettings(
    description="Build", enabled=True, events=("contract_published",), consumer=FOO
)


class Account:
    """Events folded one after the other."""

    def __init__(self, *events: Event) -> None:
        self.directory = Directory()
        self.take(*events)

    def take(self, *events: Event) -> None:
        for event in events:
            self.directory.apply(record(event, self.directory.position + 1))

    def at(self, position: int) -> View:
        return View(self.directory, People(lambda _: None), position, AT)

    @property
    def now(self) -> View:
        return self.at(self.directory.position)


def record(event: Event, position: int = 1) -> Recorded:
    return Recorded(
        v=1,
        position=position,
        id=EventId(f"e{position}"),
        recorded_at=AT.replace(microsecond=position),
        rule=1,
        catalogue=1,
        release="0",
        actor=Actor(principal=PrincipalId("sally")),
        data=event,
    )


def secret(one: SecretId = ONE, name: str = "Token", team: TeamId | None = A) -> secret_events.SecretCreated:
    return secret_events.SecretCreated(
        secret=one, name=name, description="", team=team, value=VaultRef(f"v-{one}")
    )


def moved(
    one: SecretId, name: str, before: TeamId | None, after: TeamId | None, **more: bool
) -> secret_events.SecretMoved:
    return secret_events.SecretMoved(secret=one, name=name, team_before=before, team=after, **more)


def webhook(
    given: str = "", settings: webhook_events.WebhookSettings = SETTINGS, team: TeamId | None = A
) -> webhook_events.WebhookCreated:
    return webhook_events.WebhookCreated(
        webhook=HOOK, given=given, settings=settings, request=REQUEST, team=team
    )


def test_a_secret_is_found_by_its_name_within_its_team() -> None:
    """Names are unique within a team: the same name in another team, or in none, is another secret."""
    account = Account(secret(), secret(TWO, team=None))
    view = account.now
    found = [view.secret_named(team, "Token") for team in (A, None, B)]
    assert [ONE, TWO, None] == [one.id if one else None for one in found]
    account.take(moved(ONE, "Token", A, B))
    found = [account.now.secret_named(team, "Token") for team in (A, None, B)]
    assert [None, TWO, ONE] == [one.id if one else None for one in found]
    assert [ONE, None] == [
        one and one.id for one in (view.secret_named(A, "Token"), view.secret_named(B, "Token"))
    ]


def test_a_conflicting_secret_serves_nobody_until_it_is_renamed_or_moved() -> None:
    """Open point 13: it is kept and never takes the other one's place; a new name or another team ends the conflict."""
    for ending in (
        secret_events.SecretEdited(
            secret=ONE, changes=(Change(field="name", before="Token", after="Other"),)
        ),
        moved(ONE, "Token", None, B),
    ):
        account = Account(secret(), secret(TWO, team=None))
        account.take(moved(ONE, "Token", A, None, team_deleted=True, conflicting=True))
        assert account.now.secret(ONE).conflicting
        assert account.now.secret_for(None, A, "Token") is None
        named = account.now.secret_named(None, "Token")
        assert named is not None
        assert TWO == named.id
        account.take(ending)
        kept = account.now.secret(ONE)
        assert not kept.conflicting
        assert account.now.secret_named(kept.team, kept.name) == kept
        assert VaultRef("v-one") == kept.value


def test_rotating_changes_the_value_alone() -> None:
    """A secret that was rotated is the same one, under the same name, and knows where its new value stands."""
    account = Account(secret())
    account.take(
        secret_events.SecretRotated(secret=ONE, value=VaultRef("new"), value_before=VaultRef("v-one"))
    )
    before, after = account.at(1).secret(ONE), account.now.secret(ONE)
    assert (VaultRef("v-one"), VaultRef("new")) == (before.value, after.value)
    assert msgspec.structs.replace(after, value=before.value, updated_at=before.updated_at) == before


@each(
    webhook_team=TEAMS,
    webhook_left=TEAMS,
    secret_team=TEAMS,
    secret_left=TEAMS,
    conflicting=st.booleans(),
)
def test_a_webhook_draws_on_its_own_teams_secrets_alone(
    webhook_team: TeamId | None,
    webhook_left: TeamId | None,
    secret_team: TeamId | None,
    secret_left: TeamId | None,
    conflicting: bool,
) -> None:
    """Seed 003: the same team, or none on both sides. Beyond a team's deletion only what came along from that team."""
    held = Secret(
        id=ONE,
        name="Token",
        description="",
        team=secret_team,
        value=VaultRef("v"),
        left=secret_left,
        conflicting=conflicting,
        creator=None,
        created_at=AT,
        updated_at=AT,
    )
    together = secret_team == webhook_team and webhook_left in (None, secret_left)
    assert (together and not conflicting) == webhooks.may_use(webhook_team, webhook_left, held)


def test_a_deleted_teams_webhook_reaches_no_secret_that_it_did_not_reach() -> None:
    """Its own secret goes on serving it; one of no team with a name that it mentions does not, until it is trusted."""
    account = Account(
        TeamCreated(team=A, name="A", default=False), secret(), secret(TWO, "Wide", None), webhook()
    )
    account.take(
        moved(ONE, "Token", A, None, team_deleted=True),
        webhook_events.WebhookMoved(webhook=HOOK, team_before=A, team=None, team_deleted=True),
        TeamDeleted(team=A, name="A", default=False),
    )

    def reached() -> list[str]:
        view = account.now
        held = view.webhook(HOOK)
        found = (view.secret_for(held.team, held.left, name) for name in ("Token", "Wide"))
        return [one.name for one in found if one is not None]

    assert ["Token"] == reached()
    account.take(webhook_events.WebhookTrusted(webhook=HOOK, left=A))
    assert ["Token", "Wide"] == reached()


def test_a_webhook_is_found_by_its_id_and_by_the_one_that_its_client_chose() -> None:
    """What a client calls it works as long as it lives, and goes to another webhook only after that."""
    account = Account(webhook(given="a-chosen-id-of-mine"))
    assert HOOK == account.now.webhook("a-chosen-id-of-mine").id == account.now.webhook(HOOK).id
    account.take(
        webhook_events.WebhookDeleted(webhook=HOOK, settings=SETTINGS, request=REQUEST, team=A),
        msgspec.structs.replace(webhook(given="a-chosen-id-of-mine"), webhook=WebhookId("next")),
    )
    assert WebhookId("next") == account.now.webhook("a-chosen-id-of-mine").id
    assert HOOK == account.at(1).webhook("a-chosen-id-of-mine").id


def test_webhooks_are_found_by_the_applications_that_they_name() -> None:
    """On either side; one that names none is found among those, and an edit moves it."""
    account = Account(webhook())
    assert [HOOK] == [one.id for one in account.now.webhooks_naming(FOO)]
    assert [] == account.now.webhooks_without_name()
    other = msgspec.structs.replace(SETTINGS, consumer=None, consumer_label="web", provider=BAR)
    account.take(webhook_events.WebhookEdited(webhook=HOOK, before=SETTINGS, after=other))
    assert [[], [HOOK]] == [[one.id for one in account.now.webhooks_naming(it)] for it in (FOO, BAR)]
    anybody = msgspec.structs.replace(other, provider=None)
    account.take(webhook_events.WebhookEdited(webhook=HOOK, before=other, after=anybody))
    assert [] == account.now.webhooks_naming(BAR)
    assert [HOOK] == [one.id for one in account.now.webhooks_without_name()]
    assert [HOOK] == [one.id for one in account.at(1).webhooks_naming(FOO)]


def test_undoing_takes_secrets_and_webhooks_back_whole() -> None:
    """A batch that was not committed leaves no name, no index and no version behind."""
    account = Account(TeamCreated(team=A, name="A", default=False), secret())
    before = digest.parts(account.directory)
    account.directory.begin()
    account.take(
        secret(TWO, "Second"),
        moved(ONE, "Token", A, B),
        webhook(given="a-chosen-id-of-mine"),
        webhook_events.WebhookMoved(webhook=HOOK, team_before=A, team=B),
    )
    account.directory.undo()
    account.directory.keep()
    assert before == digest.parts(account.directory)


def test_a_snapshot_holds_secrets_and_webhooks() -> None:
    """Written and read, they are what they were, at every position, and no value is among them."""
    sealed = msgspec.structs.replace(REQUEST, sealed=(webhook_events.SealedValue("password", VaultRef("p")),))
    account = Account(secret(), msgspec.structs.replace(webhook(given="chosen-by-a-client"), request=sealed))
    account.take(moved(ONE, "Token", A, B))
    read = snapshot_body.decode(iter(list(snapshot_body.encode(account.directory))))
    assert digest.parts(account.directory) == digest.parts(read)
    view = View(read, People(lambda _: None), 1, AT)
    assert A == view.secret(ONE).team
    assert sealed == View(read, People(lambda _: None), 3, AT).webhook(HOOK).request


def test_what_is_owed_is_there_until_it_was_sent_for_the_last_time() -> None:
    """An attempt that will be repeated moves the time; success, the last attempt and giving up each end it."""
    delivery = DeliveryId("d")
    triggered = webhook_events.WebhooksTriggered(
        event="contract_published",
        consumer=FOO,
        provider=BAR,
        consumer_version="1",
        deliveries=(webhook_events.Delivery(delivery, HOOK),),
    )
    owed = deliveries.fold_owed(None, triggered, record(triggered), delivery)
    assert isinstance(owed, Owed)
    later = AT.replace(hour=10)
    again = executed(delivery, next_at=later)
    retried = deliveries.fold_owed(owed, again, record(again, 2), delivery)
    assert retried is not None
    assert (1, later) == (retried.attempts, retried.due_at)
    abandoned = webhook_events.WebhookDeliveryAbandoned(
        delivery=delivery, webhook=HOOK, attempts=1, because="deleted"
    )
    for last in (executed(delivery, success=True), executed(delivery), abandoned):
        assert deliveries.fold_owed(retried, last, record(last, 3), delivery) is None


def test_a_delivery_keeps_every_attempt() -> None:
    """What was sent and what came of it can be asked for good: each attempt in order, and how it stands."""
    delivery = DeliveryId("d")
    triggered = webhook_events.WebhooksTriggered(
        event="provider_verification_failed",
        consumer=FOO,
        provider=BAR,
        consumer_version="1",
        provider_version="7",
        deliveries=(webhook_events.Delivery(delivery, HOOK),),
    )
    found = deliveries.fold(None, triggered, record(triggered, 5), delivery)
    assert isinstance(found, Delivery)
    assert ("owed", 5, "7", HOOK) == (found.state, found.position, found.provider_version, found.place)
    steps = (
        (executed(delivery, next_at=AT), "owed"),
        (executed(delivery, success=True, status=200), "succeeded"),
    )
    for number, (event, state) in enumerate(steps, 1):
        found = deliveries.fold(found, event, record(event, 5 + number), delivery)
        assert found is not None
        assert (state, number) == (found.state, len(found.attempts))
    assert [500, 200] == [one.status for one in found.attempts]


def executed(
    delivery: DeliveryId, *, success: bool = False, status: int = 500, next_at: datetime | None = None
) -> webhook_events.WebhookExecuted:
    return webhook_events.WebhookExecuted(
        delivery=delivery,
        webhook=HOOK,
        event="contract_published",
        attempt=1,
        success=success,
        status=status,
        problem="" if success else "status",
        sent_at=AT,
        milliseconds=3,
        response_bytes=0,
        next_at=next_at,
    )
