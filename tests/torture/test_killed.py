"""The short version of what scripts/torture does to processes."""

import pytest

from tests.torture import killed, orders, repeated, undelivered
from tests.torture.ground import short


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_by_a_kill() -> None:
    """After kill -9 of the service, of Postgres, of both and of a backend every acknowledged action is there once."""
    with short("killed", rounds=3) as ground:
        await killed.run(ground)


@pytest.mark.slow
async def test_every_order_is_done_once_and_answered_the_same() -> None:
    """Retried under its key through kills, each order leaves its records once and gets its first answer again."""
    with short("repeated", rounds=2) as ground:
        await repeated.run(ground)


@pytest.mark.slow
async def test_no_delivery_is_lost_between_its_commit_and_its_receiver() -> None:
    """After kill -9 of whoever sends, and of everybody, each delivery that is owed arrives and is recorded once."""
    with short("undelivered", rounds=2) as ground:
        await undelivered.run(ground)


def test_every_order_of_the_api_is_given() -> None:
    """A new route that orders something is tortured like the others."""
    assert set() == orders.missing()
