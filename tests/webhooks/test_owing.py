"""In which order what is owed is sent: each webhook in turn, each delivery once at a time, and none forgotten."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from hypothesis import given as each
from hypothesis import strategies as st

from projections.deliveries import Owed
from service.events import webhooks as events
from service.events.webhooks import Delivery
from service.log.recorded import Actor, Folded
from service.owing import Owing
from service.vocabulary import ApplicationId, DeliveryId, EventId, WebhookId
from tests.given import START

CONSUMER = ApplicationId("foo")


def everybody(_webhook: WebhookId) -> bool:
    return True


def owed(delivery: str, webhook: str = "hook", due: float = 0, attempts: int = 0) -> Owed:
    return Owed(
        id=DeliveryId(delivery),
        webhook=WebhookId(webhook),
        consumer=CONSUMER,
        attempts=attempts,
        due_at=at(due),
        triggered_at=START,
    )


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def taken(owing: Owing, seconds: float = 0) -> list[str]:
    """All that is handed out at a moment, in its order."""
    found: list[str] = []
    while (one := owing.take(at(seconds), everybody)) is not None:
        found.append(one.id)
    return found


def record(
    position: int, event: events.WebhooksTriggered | events.WebhookExecuted | events.WebhookDeliveryAbandoned
) -> Folded:
    return Folded(
        position=position,
        id=EventId(f"e{position}"),
        recorded_at=at(position),
        actor=Actor(system="test"),
        data=event,
    )


def executed(delivery: str, attempt: int, next_at: datetime | None) -> events.WebhookExecuted:
    return events.WebhookExecuted(
        delivery=DeliveryId(delivery),
        webhook=WebhookId("hook"),
        event="contract_published",
        attempt=attempt,
        success=False,
        status=500,
        problem="status",
        sent_at=START,
        milliseconds=1,
        response_bytes=0,
        next_at=next_at,
    )


def triggered(*deliveries: str) -> events.WebhooksTriggered:
    return events.WebhooksTriggered(
        event="contract_published",
        consumer=CONSUMER,
        provider=ApplicationId("bar"),
        consumer_version="1",
        deliveries=tuple(Delivery(DeliveryId(one), WebhookId("hook")) for one in deliveries),
    )


def test_a_webhook_that_owes_much_holds_up_no_other() -> None:
    """A thousand older requests of one webhook come in turn with the single one of another."""
    owing = Owing([*(owed(f"{n:04}", "busy", -1000) for n in range(1_000)), owed("single", "calm")])
    assert "single" in taken(owing)[:2]


def test_a_webhook_whose_receiver_is_full_is_passed_over() -> None:
    """What cannot be sent now waits, and what stands behind it does not."""
    owing = Owing([owed("a", "full"), owed("b", "other"), owed("c", "other")])
    found = [owing.take(START, lambda webhook: webhook != "full") for _ in range(3)]
    assert ["b", "c", None] == [one and one.id for one in found]
    assert ["a"] == taken(owing)


def test_what_is_not_due_waits() -> None:
    """Of one webhook what is due first comes first; nothing comes before its time."""
    owing = Owing([owed("later", due=60), owed("now"), owed("soon", due=10)])
    assert [["now"], ["soon"], [], ["later"]] == [taken(owing, seconds) for seconds in (0, 10, 59, 60)]


def test_nothing_is_handed_out_twice_before_it_is_settled() -> None:
    """Not even where the record of its attempt, or the very same request, is taken in meanwhile."""
    owing = Owing([owed("a")])
    assert ["a"] == taken(owing)
    owing.put(owed("a"))
    owing.fold(record(7, executed("a", 1, at(5))))
    assert [] == taken(owing, 100)
    owing.settled(DeliveryId("a"), 7)
    owing.reached(6)
    assert [] == taken(owing, 100)
    owing.reached(7)
    assert [[], ["a"]] == [taken(owing, seconds) for seconds in (4, 5)]


def test_what_was_sent_for_the_last_time_is_gone() -> None:
    """Also where its record comes before its sender knows that it is there, and where it was given up."""
    owing = Owing()
    owing.fold(record(1, triggered("a", "b")))
    assert ["a", "b"] == taken(owing, 1)
    owing.fold(record(2, executed("a", 1, None)))
    gone = events.WebhookDeliveryAbandoned(
        delivery=DeliveryId("b"), webhook=WebhookId("hook"), attempts=0, because="deleted"
    )
    owing.fold(record(3, gone))
    for delivery in ("a", "b"):
        owing.settled(DeliveryId(delivery), 3)
    owing.reached(3)
    assert [] == taken(owing, 100)
    assert 0 == len(owing)


def test_what_could_not_be_sent_is_handed_out_again() -> None:
    """Put back, it is due as it was; put back twice, it comes once."""
    owing = Owing([owed("a")])
    assert ["a"] == taken(owing)
    owing.put_back(DeliveryId("a"))
    owing.put_back(DeliveryId("a"))
    assert ["a"] == taken(owing)
    owing.put_back(DeliveryId("unknown"))
    assert [] == taken(owing)


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abcdef"), st.sampled_from(["trigger", "fail", "end", "take", "settle", "back"])
    ),
    max_size=60,
)


@each(STEPS)
def test_any_history_leaves_what_the_log_says(steps: Iterable[tuple[str, str]]) -> None:
    """Whatever is taken, settled and put back between the records: in the end all that is owed is handed out, once."""
    owing = Owing()
    log: dict[str, int] = {}
    handed: Counter[str] = Counter()
    position = 0
    for delivery, step in steps:
        position += 1
        match step:
            case "trigger" if delivery not in log:
                log[delivery] = 0
                owing.fold(record(position, triggered(delivery)))
            case "fail" if delivery in log:
                log[delivery] += 1
                owing.fold(record(position, executed(delivery, log[delivery], at(position))))
            case "end" if delivery in log:
                del log[delivery]
                owing.fold(record(position, executed(delivery, 9, None)))
            case "take":
                one = owing.take(at(position), everybody)
                if one is not None:
                    assert not handed[one.id]
                    handed[one.id] += 1
            case "settle" if handed[delivery]:
                owing.settled(DeliveryId(delivery), position)
                handed[delivery] = 0
                owing.reached(position)
            case "back" if handed[delivery]:
                handed[delivery] = 0
                owing.put_back(DeliveryId(delivery))
            case _:
                pass
    for delivery in [one for one, count in handed.items() if count]:
        owing.put_back(DeliveryId(delivery))
    assert log == {str(one.id): one.attempts for one in owing}
    assert sorted(log) == sorted(taken(owing, position))


def test_a_record_of_another_kind_changes_nothing() -> None:
    """The log is followed by kinds, yet whatever comes is taken in without harm."""
    owing = Owing([owed("a")])
    before = msgspec.json.encode(list(owing))
    owing.fold(record(5, executed("other", 1, at(9))))
    assert before == msgspec.json.encode(list(owing))
