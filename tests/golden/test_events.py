"""Golden samples: what was recorded once is readable for ever, and means the same."""

import msgspec
import pytest

from service.events.attempts import AttemptDenied
from service.log import merkle, recorded
from tests.golden import samples

GOLDEN = samples.golden()


def test_every_kind_has_a_sample_and_no_sample_lost_its_kind() -> None:
    """A new kind gets a line (`python -m tests.golden.samples`); a kind that ever was stays readable."""
    assert set(samples.kinds()) == set(GOLDEN)


@pytest.mark.parametrize("kind", sorted(GOLDEN))
def test_a_stored_text_is_read_and_written_the_same(kind: str) -> None:
    """The stored bytes decode into this release's structs and encode to the same bytes: no field was lost or moved."""
    entry = GOLDEN[kind]
    record = recorded.decode(entry)
    assert kind == recorded.kind_of(record.data)
    assert type(record.data) is samples.kinds()[kind]
    assert entry == recorded.encode(record)


@pytest.mark.parametrize("kind", sorted(GOLDEN))
def test_every_field_of_a_kind_stands_in_its_sample(kind: str) -> None:
    """A field that was added later shows here: the sample lacks it, and a new shape is a new kind."""
    record = recorded.decode(GOLDEN[kind])
    assert samples.sample(samples.kinds()[kind], record.position) == record


@pytest.mark.parametrize("kind", sorted(GOLDEN))
def test_what_folds_read_stands_before_where_a_text_is_cut(kind: str) -> None:
    """Of every kind a text that is cut behind its event folds as the whole text does."""
    assert_folds_alike(GOLDEN[kind].decode())


def test_nothing_that_somebody_wrote_is_taken_for_the_end_of_an_event() -> None:
    """Text that looks like what stands behind an event is escaped where it is recorded, and cuts nothing."""
    sample = samples.sample(AttemptDenied, 7)
    hostile = {"a": recorded.BEHIND, "source": "{", recorded.BEHIND: "}"}
    denied = msgspec.structs.replace(sample.data, arguments=hostile)
    assert_folds_alike(recorded.encode(msgspec.structs.replace(sample, data=denied)).decode())


def assert_folds_alike(entry: str) -> None:
    """The text, and the same text cut as a load cuts it, are the same to folds."""
    front, behind, _ = entry.partition(recorded.BEHIND)
    assert behind
    whole = recorded.decode_to_fold(entry)
    assert [msgspec.structs.replace(whole, reason=None)] == recorded.decode_all_to_fold(front + "}", 0, 1)


def test_the_samples_themselves_never_change() -> None:
    """One number over the whole file: it may only change by lines that were added for new kinds."""
    text = samples.FILE.read_bytes()
    assert text.count(b"\n") == len(GOLDEN)
    assert "397a35e532bb3a182d0286c00fb489608f6eb0e814a9d45fc75229db551a25cb" == merkle.leaf_hash(text).hex()
