"""The short version of what scripts/torture does to processes."""

import pytest

from tests.torture import killed
from tests.torture.ground import short


@pytest.mark.slow
async def test_nothing_acknowledged_is_lost_by_a_kill() -> None:
    """After kill -9 of the service, of Postgres, of both and of a backend every acknowledged action is there once."""
    with short("killed", rounds=4) as ground:
        await killed.run(ground)
