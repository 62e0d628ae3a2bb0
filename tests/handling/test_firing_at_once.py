"""Publications at once, through the real door: each fires what it would alone, and all of it is owed."""

import asyncio
from pathlib import Path

import pytest

from projections import span_reading, span_rows, spans
from projections.deliveries import Delivery, Owed
from service.app import App
from service.commands.applications import EditApplication
from service.commands.branches import PutOnBranch
from service.commands.results import PublishVerification
from service.commands.webhooks import Asked, CreateWebhook, DeleteWebhook
from service.events.webhooks import WebhooksTriggered
from service.orders import Outcome
from service.vocabulary import ApplicationId, ResultId, WebhookId
from tests import given, postgres
from tests.handling import doors

REQUIRING = "contract_requiring_verification_published"
CHANGED = "contract_content_changed"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a replica keeps its files."""
    return tmp_path / "one"


def waiting(app: App, *events: str) -> CreateWebhook:
    """A webhook for any application."""
    return given.webhook(app.fresh, settings=Asked(events=events))


def fired(outcome: Outcome) -> list[tuple[str, int]]:
    """Events, and of how many webhooks."""
    return [
        (record.data.event, len(record.data.deliveries))
        for record in outcome.records
        if isinstance(record.data, WebhooksTriggered)
    ]


async def owed(app: App) -> tuple[int, int]:
    """How many requests Postgres holds as owed, and how many deliveries there are."""
    connection = await app.connected("test")
    try:
        wants = [spans.every(Owed), spans.every(Delivery)]
        shelf = await span_reading.shelf(connection, app.replica.position, wants)
        assert not await span_rows.differ(connection)
        return len(shelf.every(Owed)), len(shelf.every(Delivery))
    finally:
        await connection.close()


async def test_what_comes_and_goes_in_one_batch_is_seen_by_the_orders_behind_it(
    database: postgres.Database, place: Path
) -> None:
    """A webhook that is made in the same batch fires for the orders behind it, and one that is deleted no more."""
    async with doors.opened(database, place) as app:
        first = waiting(app, "contract_published", CHANGED)
        answers = await asyncio.gather(
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "1", "a")),
            doors.do(app, first),
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "2", "a")),
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "3", "b")),
            doors.do(app, DeleteWebhook(webhook=WebhookId(first.webhook))),
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "4", "c")),
        )
        assert [
            [],
            [],
            [("contract_published", 1)],
            [("contract_published", 1), (CHANGED, 1)],
            [],
            [],
        ] == [fired(one) for one in answers]
        assert (3, 3) == await owed(app)


async def test_forty_builds_at_once_each_owe_their_own(database: postgres.Database, place: Path) -> None:
    """Publications that wait in one queue, of one pair and of many, are each read for: none takes another's part."""
    async with doors.opened(database, place) as app:
        await doors.do(app, waiting(app, "contract_published", REQUIRING, CHANGED))
        await doors.do(app, given.publish(app.fresh, "Foo", "Bar", "0", "a"))
        bar = app.replica.now().application_named("Bar")
        assert bar is not None
        await doors.do(app, EditApplication(application=bar.id, main_branch="main"))
        new = ApplicationId(app.fresh.id())
        await doors.do(app, PutOnBranch(application="Bar", application_id=new, branch="main", version="7"))
        orders = [
            given.publish(app.fresh, "Foo", "Bar" if number % 2 else f"Bar {number}", str(number), "a")
            for number in range(1, 41)
        ]
        answers = await asyncio.gather(*(doors.do(app, one) for one in orders))
        known, unknown = (
            [("contract_published", 1), (REQUIRING, 1)],
            [("contract_published", 1), (CHANGED, 1)],
        )

        assert [known if number % 2 else unknown for number in range(1, 41)] == [
            fired(one) for one in answers
        ]
        assert (82, 82) == await owed(app)


async def test_a_result_in_the_same_batch_counts(database: postgres.Database, place: Path) -> None:
    """Whoever verified a moment ago, in an order that is not committed yet, has verified."""
    async with doors.opened(database, place) as app:
        publication = given.publish(app.fresh, "Foo", "Bar", "1", "a")
        await doors.do(app, publication)
        bar = app.replica.now().application_named("Bar")
        foo = app.replica.now().application_named("Foo")
        assert foo is not None
        assert bar is not None
        await doors.do(app, waiting(app, REQUIRING))
        await doors.do(app, EditApplication(application=bar.id, main_branch="main"))
        new = ApplicationId(app.fresh.id())
        await doors.do(app, PutOnBranch(application="Bar", application_id=new, branch="main", version="7"))
        result = PublishVerification(
            result=ResultId(app.fresh.id()),
            consumer=foo.id,
            provider=bar.id,
            digest=publication.digest,
            version="7",
            success=True,
        )
        answers = await asyncio.gather(
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "2", "a")),
            doors.do(app, result),
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "3", "a")),
            doors.do(app, PutOnBranch(application="Bar", application_id=new, branch="main", version="8")),
            doors.do(app, given.publish(app.fresh, "Foo", "Bar", "4", "a")),
        )

        assert [[(REQUIRING, 1)], [], [], [], [(REQUIRING, 1)]] == [fired(one) for one in answers]


async def test_what_is_owed_is_owed_after_a_restart(database: postgres.Database, place: Path) -> None:
    """What is owed is part of the record: whoever opens it next finds it, however the last one went."""
    async with doors.opened(database, place) as app:
        await doors.do(app, waiting(app, "contract_published"))
        await doors.do(app, given.publish(app.fresh, "Foo", "Bar", "1", "a"))
    async with doors.opened(database, place) as app:
        assert (1, 1) == await owed(app)


async def test_the_same_order_under_its_key_fires_once(database: postgres.Database, place: Path) -> None:
    """A repeat is answered with what the first one did, its webhooks too, and brings nothing about."""
    async with doors.opened(database, place) as app:
        await doors.do(app, waiting(app, "contract_published"))
        order = given.publish(app.fresh, "Foo", "Bar", "1", "a")
        answers = [await doors.do(app, order, "one-key") for _ in range(2)]
        both = await asyncio.gather(*(doors.do(app, order, "another-key") for _ in range(2)))

        assert [False, True] == [one.replayed for one in answers]
        assert [one.id for one in answers[0].records] == [one.id for one in answers[1].records]
        assert [[("contract_published", 1)]] * 4 == [fired(one) for one in (*answers, *both)]
        assert (2, 2) == await owed(app)
