"""The octets of a directory: what is read is what was written, for any history, and goes on as it would have."""

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from projections import access, digest, snapshot_body, snapshot_parts, things
from projections.directory import Directory
from projections.people import People
from projections.snapshot_parts import Unusable
from projections.view import View
from service.commands.authentication import ChangeAuthentication
from service.events.preferences import Expiry
from service.log import recorded
from service.log.recorded import Recorded
from tests.commands.test_preferences import prefer, prefer_own
from tests.given import Account
from tests.projections import test_any_history
from tests.projections.naive import answers_of
from tests.projections.test_digest import FACTS, folded


def through_octets(directory: Directory) -> Directory:
    """Written, cut into parts, put together and read."""
    stored = [snapshot_parts.packed(part) for part in snapshot_parts.cut(snapshot_body.encode(directory))]
    parts = (snapshot_parts.unpacked(part, snapshot_parts.digest(part)) for part in stored)
    return snapshot_body.decode(snapshot_parts.sections(parts))


class Interrupted(test_any_history.AnyHistory):
    """Any sequence of orders, with a snapshot in the middle of what came of it."""

    def teardown(self) -> None:
        """A directory that was read answers and goes on as the one that was written, at every position."""
        log = [recorded.decode(recorded.encode(record)) for record in self.account.log]
        half = len(log) // 2
        replayed = folded_records(log[:half])
        resumed = through_octets(replayed)
        assert () == digest.differing(digest.parts(replayed), digest.parts(resumed))
        resumed.begin()
        for record in log[half:]:
            replayed.apply(record)
            resumed.apply(record)
        assert () == digest.differing(digest.parts(replayed), digest.parts(resumed))
        people = People(lambda _: None)
        for record in log:
            expected = View(replayed, people, record.position, record.recorded_at)
            actual = View(resumed, people, record.position, record.recorded_at)
            assert answers_of(expected) == answers_of(actual)
        resumed.undo()
        resumed.keep()
        assert digest.digest(folded_records(log[:half])) == digest.digest(resumed)


Interrupted.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestInterrupted = Interrupted.TestCase


def test_preferences_and_settings_come_back() -> None:
    """Every version of them, whatever their type, and what they change about who may do what."""
    account = Account()
    sally = account.person("Sally")
    team = account.team("A", members=[sally])
    prefer(account, tokenExpiry={"value": 1, "period": "months"}, operationalContacts=["ops@example.org"])
    prefer(account, aiEnabled=False, staticBanner="Hello", defaultTeam=team)
    prefer(account, tokenExpiry={"value": 90, "period": "days"}, operationalContacts=[], defaultTeam=None)
    prefer_own(account, sally, defaultTeamView=team, tokenExpiryAlert=False)
    account.do(ChangeAuthentication(google_email_domains=("example.org",), github_organizations=None))
    served = account.replica.directory
    resumed = through_octets(served)
    assert () == digest.differing(digest.parts(served), digest.parts(resumed))
    now = View(resumed, account.replica.people, resumed.position, account.clock.at)
    assert Expiry(value=90, period="days") == now.preference("tokenExpiry")
    assert ("example.org",) == now.authentication().google_email_domains
    assert not access.may(now, sally, "ai:generation:code", things.anything("ai"))


def folded_records(log: list[Recorded]) -> Directory:
    """The log folded from its first record."""
    directory = Directory()
    for record in log:
        directory.apply(record)
    return directory


def test_an_empty_directory_is_written_and_read() -> None:
    """Before the first record there is nothing, and nothing is what is read."""
    assert digest.parts(Directory()) == digest.parts(through_octets(Directory()))


def test_what_is_shared_stays_shared() -> None:
    """Memory after a start is that after a replay: a text that stands in many places stands there once."""
    read = through_octets(folded(*FACTS))
    role = next(iter(read.roles))
    held = read.roles[role].value
    assert held is not None
    assert role is held.id
    assert role is read.role_names["Tester"].value


def test_an_unknown_value_is_told() -> None:
    """What nobody said how to write is a TypeError, not a snapshot that lacks it."""
    directory = folded(*FACTS)
    directory.roles[next(iter(directory.roles))].value = object()  # type: ignore[assignment]  # just such a value
    with pytest.raises(TypeError, match="nobody said how to write a object"):
        list(snapshot_body.encode(directory))


def test_a_set_with_values_is_told() -> None:
    """A table of another shape than any before is a TypeError too."""
    directory = folded(*FACTS)
    directory.members["a team"] = {"somebody": 1}  # type: ignore[index,dict-item]  # just such a table
    with pytest.raises(TypeError, match="its sets hold values"):
        list(snapshot_body.encode(directory))


@pytest.mark.parametrize("part", sorted(set(vars(Directory())) - {"_journal"}))
def test_no_part_is_left_out(part: str) -> None:
    """Every table of the directory is in the outline; one that is added later is too."""
    outline = msgspec.msgpack.decode(next(snapshot_body.encode(Directory())), type=snapshot_body.Outline)
    assert part in [table.name for table in outline.tables]


def test_sections_of_any_length_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section may end where a part ends, fill many of them, or be empty."""
    monkeypatch.setattr(snapshot_parts, "PART_BYTES", 10)
    whole = [b"", b"ab", b"c" * 100, b"", b"d" * 12, b"e"]
    cut = list(snapshot_parts.cut(whole))
    assert {10} == {len(part) for part in cut[:-1]}
    read = snapshot_parts.sections(iter(cut))
    assert whole == [next(read) for _ in whole]


def test_only_the_named_part_is_unpacked() -> None:
    """A part that is missing, or another one, is refused before anything of it is looked at."""
    stored = snapshot_parts.packed(b"state")
    assert b"state" == snapshot_parts.unpacked(stored, snapshot_parts.digest(stored))
    with pytest.raises(Unusable, match="changed"):
        snapshot_parts.unpacked(stored[:-1], snapshot_parts.digest(stored))
    with pytest.raises(Unusable, match="missing"):
        snapshot_parts.unpacked(None, snapshot_parts.digest(stored))
