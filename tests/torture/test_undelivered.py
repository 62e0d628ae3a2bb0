"""What is said of lost deliveries can be said: each kind of broken promise is found."""

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from service.events.webhooks import Delivery, WebhookExecuted, WebhooksTriggered
from service.vocabulary import ApplicationId, DeliveryId, WebhookId
from tests.given import START
from tests.receiver import Got
from tests.torture import undelivered

HOOK = WebhookId("hook")
OWED = WebhooksTriggered(
    event="contract_published",
    consumer=ApplicationId("foo"),
    provider=ApplicationId("bar"),
    consumer_version="1",
    deliveries=(Delivery(DeliveryId("one"), HOOK),),
)
DONE = WebhookExecuted(
    delivery=DeliveryId("one"),
    webhook=HOOK,
    event="contract_published",
    attempt=1,
    success=True,
    status=200,
    problem="",
    sent_at=START,
    milliseconds=1,
    response_bytes=0,
)


def arrived(delivery: str) -> Got:
    headers = CIMultiDictProxy(CIMultiDict({"Muniment-Delivery": delivery, "Muniment-Attempt": "1"}))
    return Got(method="POST", target="/", headers=headers, body=b"")


def found(*log: WebhooksTriggered | WebhookExecuted, got: tuple[str, ...] = ("one",)) -> list[str]:
    return undelivered.violations(list(log), [arrived(one) for one in got], ["1"], HOOK)


def test_nothing_is_said_where_every_promise_was_kept() -> None:
    """Sent twice and recorded once is what was promised."""
    assert [] == found(OWED, DONE)
    assert [] == found(OWED, DONE, got=("one", "one"))


def test_every_broken_promise_is_found() -> None:
    """Not owed, not arrived, not recorded, recorded twice, recorded as a failure at the end, and invented."""
    twice = msgspec.structs.replace(DONE, attempt=2)
    failed = msgspec.structs.replace(DONE, success=False)
    broken = [
        found(DONE),
        found(OWED, DONE, got=()),
        found(OWED),
        found(OWED, DONE, DONE),
        found(OWED, DONE, twice),
    ]
    broken += [found(OWED, failed), found(OWED, DONE, got=("one", "other"))]
    assert [] == [index for index, one in enumerate(broken) if not one]
