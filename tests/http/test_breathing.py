"""Long lists let others have their turn, and others' writes do not break them."""

import asyncio
import threading
import time

import msgspec

from service.http import breathing
from tests.service import Running


async def test_whoever_else_waits_gets_a_turn_while_a_list_is_drawn() -> None:
    """The event loop is held for a few milliseconds at a time, however long the list is."""
    turns: list[float] = []

    async def waiting() -> None:
        while True:
            turns.append(time.monotonic())
            await asyncio.sleep(0)

    def slow(row: int) -> dict[str, int]:
        time.sleep(0.001)
        return {"row": row}

    other = asyncio.create_task(waiting())
    drawn = await breathing.drawn(range(100), slow)
    other.cancel()

    assert [{"row": row} for row in range(100)] == msgspec.json.decode(msgspec.json.encode(drawn))
    assert len(turns) >= 100 / (breathing.HELD_SECONDS_MAX / 0.001) / 2


async def test_a_list_of_a_moment_is_read_to_its_end_while_others_write(running: Running) -> None:
    """What is made while a list is read is not in it, and does not break it."""
    await running.admin.post("/pacticipants", {"name": "Foo"})
    view = running.app.replica.now()
    reading = [view.applications(), view.principals(), view.teams()]
    first = [next(one) for one in reading]
    await running.admin.post("/pacticipants", {"name": "Bar"})
    await running.admin.post("/admin/system-accounts", {"name": "robot"})
    await running.team("A")

    assert 3 == len(first)
    assert [0, 0, 0] == [len(list(one)) for one in reading]


async def test_a_large_body_is_read_beside_the_event_loop() -> None:
    """A contract may be 10 MiB: whoever else waits is answered meanwhile. What is small is read at once."""
    here = threading.get_ident()
    assert here == await breathing.beside(breathing.LARGE_BYTES - 1, threading.get_ident)
    assert here != await breathing.beside(breathing.LARGE_BYTES, threading.get_ident)
