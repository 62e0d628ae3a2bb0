"""The collector while a long log is loaded: off for that long, and for no longer."""

import gc

import pytest

from projections import loading
from projections.loading import _LONG


def test_a_load_that_fails_leaves_the_collector_on() -> None:
    """What was loaded in part is garbage, and is collected like any other."""
    frozen = gc.get_freeze_count()
    seen = []

    def load() -> None:
        seen.append(gc.isenabled())
        raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"), loading.uncollected(_LONG):
        load()
    assert ([False], True) == (seen, gc.isenabled())
    assert gc.get_freeze_count() <= frozen


def test_a_load_within_a_load_leaves_the_collector_to_the_outer_one() -> None:
    """Whoever put the collector off is the one who lets it go on."""
    seen = []
    with loading.uncollected(_LONG):
        with loading.uncollected(_LONG):
            seen.append(gc.isenabled())
        seen.append(gc.isenabled())
    seen.append(gc.isenabled())
    assert [False, False, True] == seen


def test_a_short_load_is_collected_as_usual() -> None:
    """A few records are not worth keeping garbage for."""
    with loading.uncollected(_LONG - 1):
        assert gc.isenabled()
