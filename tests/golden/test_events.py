"""Golden samples: what was recorded once is readable for ever, and means the same."""

import pytest

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


def test_the_samples_themselves_never_change() -> None:
    """One number over the whole file: it may only change by lines that were added for new kinds."""
    text = samples.FILE.read_bytes()
    assert text.count(b"\n") == len(GOLDEN)
    assert "4529d3f714ba18eb23254d5145a495c710593d8716cc4cd225b0bba51ff17938" == merkle.leaf_hash(text).hex()
