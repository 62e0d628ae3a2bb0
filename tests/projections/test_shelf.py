"""A shelf stays true through a batch: what came last, and what comes into a list that was read."""

from datetime import UTC, datetime

import pytest

from projections import span_folds, spans
from projections.branches import BranchVersion
from projections.contents import content_key
from projections.results import VerificationResult
from projections.spans import NotRead, Shelf
from service.events import Event
from service.events.branches import VersionPutOnBranch
from service.events.results import VerificationPublished
from service.log.recorded import Actor, Folded
from service.vocabulary import ApplicationId, EventId, ResultId

FOO, BAR = ApplicationId("foo"), ApplicationId("bar")


def record_of(event: Event, second: int) -> Folded:
    """The event as it stands in the log."""
    at = datetime(2026, 11, 22, 12, 0, second, tzinfo=UTC)
    return Folded(position=second, id=EventId(str(second)), recorded_at=at, actor=Actor(), data=event)


def on_branch(at: int, version: str, application: ApplicationId = FOO) -> Folded:
    """A record that puts a version on main."""
    event = VersionPutOnBranch(application=application, branch="main", version=version)
    return record_of(event, at)


def test_what_came_last_is_known_until_somebody_comes_later() -> None:
    """Of a place of which only the newest was read, whoever comes after it has it read anew, and undone it is known."""
    first = Shelf(complete=True)
    for at, version in enumerate(("1", "2"), 1):
        span_folds.apply(first, on_branch(at, version))
    shelf = Shelf()
    with pytest.raises(NotRead):
        shelf.newest_at(BranchVersion, "main", FOO)
    shelf.put(first.at_place(BranchVersion, "main", FOO)[1])
    shelf.read(spans.newest_at(BranchVersion, "main", FOO))
    shelf.read(spans.newest_at(BranchVersion, "other", FOO))
    mark = shelf.mark()

    newest = shelf.newest_at(BranchVersion, "main", FOO)
    assert newest is not None
    assert "2" == newest.version == getattr(first.newest_at(BranchVersion, "main", FOO), "version", "")
    assert shelf.newest_at(BranchVersion, "other", FOO) is None
    span_folds.apply(shelf, on_branch(3, "3", application=BAR))
    assert newest == shelf.newest_at(BranchVersion, "main", FOO)
    span_folds.apply(shelf, on_branch(4, "4"))
    with pytest.raises(NotRead):
        shelf.newest_at(BranchVersion, "main", FOO)
    shelf.undo(mark)
    assert newest == shelf.newest_at(BranchVersion, "main", FOO)


def test_what_comes_into_a_list_is_on_it() -> None:
    """A fact whose key nobody asked for belongs to what was listed by version or place; undone it is gone."""
    by_version, by_place, neither = Shelf(), Shelf(), Shelf()
    by_version.read(spans.of_version(VerificationResult, BAR, "5"))
    by_place.read(spans.at_place(VerificationResult, content_key(FOO, BAR, "digest")))
    neither.read(spans.of_version(VerificationResult, BAR, "6"))
    event = VerificationPublished(
        result=ResultId("r"),
        consumer=FOO,
        provider=BAR,
        digest="digest",
        version="5",
        number=1,
        success=True,
    )
    for shelf in (by_version, by_place, neither):
        span_folds.apply(shelf, record_of(event, 1))

    assert [1] == [one.number for one in by_version.of_version(VerificationResult, BAR, "5")]
    assert [1] == [
        one.number for one in by_place.at_place(VerificationResult, content_key(FOO, BAR, "digest"))
    ]
    assert [] == neither.of_version(VerificationResult, BAR, "6")
    by_version.undo(0)
    assert [] == by_version.of_version(VerificationResult, BAR, "5")
