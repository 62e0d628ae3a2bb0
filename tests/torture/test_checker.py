"""The checker itself: a log that is right passes, and each way to be wrong is told."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.torture import checker
from tests.torture.checker import Acknowledged, Entry

START = datetime(2026, 11, 22, tzinfo=UTC)


def entry(position: int, request: str, *, first: bool = True) -> Entry:
    return Entry(
        position=position,
        id=f"event {position}",
        kind="application.created",
        at=START + timedelta(seconds=position),
        leaf=bytes([position]),
        request=request,
        first=first,
    )


def acknowledged(writer: str, number: int, position: int, orders: int = 1) -> Acknowledged:
    return Acknowledged(
        writer=writer, number=number, request=f"{writer}-{number}", position=position, orders=orders
    )


LOG = [
    entry(1, ""),
    entry(2, "a-1"),
    entry(3, "b-1"),
    entry(4, "b-1", first=False),
    entry(5, "a-2"),
    entry(6, "c-1"),
]
ACKNOWLEDGED = [acknowledged("a", 1, 2), acknowledged("a", 2, 5), acknowledged("b", 1, 4)]


def renumbered(log: list[Entry]) -> list[Entry]:
    """The same records without a gap, as a log would have them that lost or gained one unseen."""
    return [
        msgspec.structs.replace(one, position=position, id=f"event {position}", at=entry(position, "").at)
        for position, one in enumerate(log, 1)
    ]


def test_a_log_that_holds_what_was_acknowledged_is_right() -> None:
    """Records that nobody waits for do no harm, nor does an action that was sent and never answered."""
    assert [] == checker.violations(LOG, ACKNOWLEDGED, ["c-1", "c-2"])


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (LOG[:4] + LOG[5:], "Position 5 is missing"),
        (renumbered(LOG[:4] + LOG[5:]), "a-2 (action 2 of a) was acknowledged at position 5 and is not in"),
        (renumbered([*LOG, entry(7, "a-1")]), "a-1 (action 1 of a) was done 2 times: [2, 7]"),
        (renumbered([LOG[0], LOG[2], LOG[3], LOG[1], *LOG[4:]]), "at position 2 and stands at 4"),
        (renumbered(LOG[:3] + LOG[4:]), "b-1 (action 1 of b) was acknowledged at position 4 and stands at 3"),
        (renumbered([*LOG, entry(7, "c-1")]), "c-1, which was never acknowledged, was done 2 times"),
        ([*LOG, msgspec.structs.replace(LOG[1], position=7, at=entry(7, "").at)], "positions 2 and 7"),
        ([*LOG[:5], msgspec.structs.replace(LOG[5], at=LOG[0].at)], "is not later than the one before"),
        ([], "is not in the log"),
    ],
    ids=[
        "a gap",
        "a lost record",
        "a doubled record",
        "a moved record",
        "half an action",
        "a doubled unknown one",
        "a doubled event",
        "time runs backwards",
        "everything lost",
    ],
)
def test_a_log_that_does_not_is_told(log: list[Entry], told: str) -> None:
    """Whatever of the record was lost, doubled or moved, a sentence names it."""
    found = checker.violations(log, ACKNOWLEDGED, ["c-1", "c-2"])
    assert any(told in one for one in found), found


def test_a_writers_own_order_is_the_logs() -> None:
    """What was sent after an acknowledgement stands behind it, also where each is there once."""
    log = renumbered([LOG[4], LOG[1]])
    found = checker.violations(log, [acknowledged("a", 1, 2), acknowledged("a", 2, 1)])
    assert ["a sent action 2 after 1 was acknowledged at 2, and it stands at 1."] == found


def test_a_request_of_several_orders_is_done_once_each() -> None:
    """As many first records as it has orders, no fewer and no more."""
    log = renumbered([entry(1, "a-1"), entry(2, "a-1")])
    assert [] == checker.violations(log, [acknowledged("a", 1, 2, orders=2)])
    assert ["a-1 (action 1 of a) was done 2 times: [1, 2], not 3."] == checker.violations(
        log, [acknowledged("a", 1, 2, orders=3)]
    )


def test_a_prefix_that_changed_is_told() -> None:
    """An earlier reading is the beginning of every later one."""
    other = msgspec.structs.replace(LOG[2], leaf=b"another")
    assert [] == checker.changed(LOG[:4], LOG)
    assert ["The log ended at 6 before, and ends at 4 now."] == checker.changed(LOG, LOG[:4])
    assert 1 == len(checker.changed(LOG, [*LOG[:2], other, *LOG[3:]]))
