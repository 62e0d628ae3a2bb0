"""Every kind of event is folded somewhere."""

from typing import get_args

from projections.directory import Directory
from service.events import Event


def test_every_kind_of_event_is_folded() -> None:
    """An event that nobody says how to fold would stop every replica; one that is no event any longer is no fold."""
    assert set(get_args(Event)) == set(Directory.folds)
