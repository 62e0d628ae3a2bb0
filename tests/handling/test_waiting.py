"""Orders that wait: in their order, within a bound, and never longer than whoever gave them was promised."""

import asyncio

import pytest

from service import errors, waiting
from service.commands.order import Caller
from service.commands.roles import EditRole
from service.orders import Order, Outcome
from service.vocabulary import RoleId
from service.waiting import Waiting


def order(name: str) -> Order:
    return Order(command=EditRole(role=RoleId("r"), name=name), caller=Caller())


def names(pendings: list[waiting.Pending]) -> list[object]:
    return [getattr(pending.order.command, "name", None) for pending in pendings]


def never(_order: Order) -> bool:
    return False


async def given(queue: Waiting, *wanted: str) -> list[asyncio.Task[waiting.Answer]]:
    """The orders, in the queue."""
    tasks = [asyncio.create_task(queue.give(order(name))) for name in wanted]
    await asyncio.sleep(0)
    return tasks


async def test_orders_are_taken_in_the_order_in_which_they_came() -> None:
    """First come, first decided; what did not fit into a batch is the first of the next."""
    queue = Waiting()
    tasks = await given(queue, "a", "b", "c", "d")
    taken, apart = queue.take(3, never)
    assert (["a", "b", "c"], False) == (names(taken), apart)
    queue.put_back(taken[1:])
    again, _ = queue.take(9, never)
    assert ["b", "c", "d"] == names(again)
    for pending in [taken[0], *again]:
        pending.future.set_result(Outcome(position=1))
    assert [1] * 4 == [getattr(answer, "position", None) for answer in await asyncio.gather(*tasks)]


async def test_a_large_order_goes_alone_and_keeps_its_place() -> None:
    """What came before it goes before it, what came after it goes after it."""
    queue = Waiting()
    tasks = await given(queue, "a", "large", "b")

    def large(one: Order) -> bool:
        return getattr(one.command, "name", "") == "large"

    assert [(["a"], False), (["large"], True), (["b"], False)] == [
        (names(taken), apart) for taken, apart in (queue.take(9, large) for _ in range(3))
    ]
    for task in tasks:
        task.cancel()


async def test_an_order_that_was_given_up_is_never_taken() -> None:
    """Whoever hung up before the batch began finds nothing done."""
    queue = Waiting()
    gone, _kept = await given(queue, "gone", "kept")
    gone.cancel()
    await asyncio.sleep(0)
    assert ["kept"] == names(queue.take(9, never)[0])
    _kept.cancel()


async def test_whoever_waited_long_enough_is_told_what_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not done while its batch had not begun; unknown once it was sent. Neither waits for ever."""
    monkeypatch.setattr(waiting, "ANSWER_SECONDS_MAX", 0.02)
    monkeypatch.setattr(waiting, "_LOOK_SECONDS", 0.01)
    queue = Waiting()
    begun, queued = await given(queue, "begun", "queued")
    queue.take(1, never)[0][0].begun = True
    unknown, certain = await asyncio.gather(begun, queued)
    assert isinstance(unknown, errors.OutcomeUnknown)
    assert errors.Unavailable is type(certain)
    assert ([], False) == queue.take(9, never)


async def test_a_full_queue_refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than can be answered in time is not taken in at all."""
    monkeypatch.setattr(waiting, "QUEUE_ORDERS_MAX", 2)
    queue = Waiting()
    tasks = await given(queue, "a", "b")
    with pytest.raises(errors.Unavailable, match="nothing was done"):
        await queue.give(order("c"))
    for task in tasks:
        task.cancel()
