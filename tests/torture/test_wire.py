"""The short version of what scripts/torture does to the network between the service and Postgres."""

import pytest

from tests.torture import wire
from tests.torture.ground import short


@pytest.mark.slow
async def test_a_network_that_cuts_and_falls_silent_makes_nothing_false() -> None:
    """Lost replies, silence and delay: done once or answered 503, asked and answered truly, healed without a hand."""
    with short("wire", rounds=2) as ground:
        await wire.run(ground)
