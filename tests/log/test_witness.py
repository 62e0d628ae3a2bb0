"""What this machine saw, and what it then refuses."""

from pathlib import Path

import msgspec
import pytest

from service import errors
from service.events.account import LogRestored
from service.log import checkpoint, merkle, reader, witness, writer
from service.log.reader import Head
from service.log.witness import Seen
from tests.log import forging, records
from tests.log.conftest import Log

SIZE = 300
"""One whole tile and a part; a checkpoint at 280."""


async def filled(log: Log) -> Head:
    """A log with an opening and a checkpoint."""
    head = await reader.head(log.service)
    head = await records.appended(log.service, head, [records.opened(head)])
    head = await records.appended(log.service, head, [records.renamed()] * 279)
    await checkpoint.publish(log.service, head, records.SIGNER)
    return await records.appended(log.service, head, [records.renamed()] * (SIZE - 280))


async def seen_at_head(log: Log, path: Path, signed: int = 0) -> Seen:
    """What a machine remembers that looks at the log as it stands now, through its file."""
    head = await reader.head(log.service)
    row = await reader.entry_at(log.service, head.position)
    witness.remember(path, head, b"" if row is None else row.leaf, records.KEYS, signed)
    seen = witness.recall(path, records.KEYS)
    assert seen is not None
    return seen


async def refused(log: Log, seen: Seen | None) -> str:
    """The sentence with which the log is refused."""
    with pytest.raises(errors.Broken) as failure:
        await witness.require_no_fork(log.service, seen)
    return failure.value.sentence


async def test_a_log_that_only_grew_is_accepted(log: Log, tmp_path: Path) -> None:
    """What was seen is there, and the tree that comes back is the head's, so that signing goes on from it."""
    await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen", signed=280)
    head = await records.appended(log.service, await reader.head(log.service), [records.renamed()] * 7)
    proven = await witness.require_no_fork(log.service, seen)
    assert (head.frontier, 280, "") == (proven.tree.encode(), proven.signed, proven.doubt)


async def test_an_empty_log_is_accepted(log: Log) -> None:
    """Before the first start there is nothing to have been seen."""
    proven = await witness.require_no_fork(log.service, None)
    assert (0, 0, "") == (proven.tree.size, proven.signed, proven.doubt)


@pytest.mark.parametrize("position", [5, 270, 290])
async def test_rewritten_history_is_refused(log: Log, tmp_path: Path, position: int) -> None:
    """Record, leaf, tiles and head forged, checkpoints deleted: the root in the file still betrays it."""
    await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen")
    await forging.rewrite(log.owner, position, "Tester", "Teller")
    await log.owner.execute("delete from checkpoint")
    sentence = await refused(log, seen)
    assert sentence.startswith("A record up to position 300 is another one than when it was seen from here.")
    assert "muniment restored" in sentence


async def test_rewritten_history_below_a_checkpoint_is_refused_by_who_never_saw_it(log: Log) -> None:
    """A machine that is new here holds the log against the newest signed checkpoint."""
    await filled(log)
    await forging.rewrite(log.owner, 5, "Tester", "Teller")
    assert "not that of the signed checkpoint" in await refused(log, None)


@pytest.mark.parametrize("change", ["entry = replace(entry, 'Tester', 'Teller')", "leaf = sha256('x')"])
async def test_a_text_that_does_not_make_the_head_s_root_is_refused(log: Log, change: str) -> None:
    """Texts count, not the leaves stored beside them, which the same hand can change."""
    await filled(log)
    await log.owner.execute("set session_replication_role = replica")
    await log.owner.execute(f"update log set {change} where position = 290")  # noqa: S608  # a test's own text
    if "leaf" in change:  # the text is what it was, and `verify` names the leaf
        await witness.require_no_fork(log.service, None)
    else:
        assert "Run `muniment verify`" in await refused(log, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("note = replace(note, '280', '281')", "signature of the checkpoint at size 281 is false"),
        ("note = 'nothing'", "cannot be read"),
    ],
)
async def test_a_forged_checkpoint_is_refused(log: Log, change: str, said: str) -> None:
    """The newest checkpoint is signed by the key that record 1 names, or nothing is served."""
    await filled(log)
    await log.owner.execute("set session_replication_role = replica")
    await log.owner.execute(f"update checkpoint set {change}")  # noqa: S608  # a test's own text
    assert said in await refused(log, None)


async def test_a_cut_tail_is_refused(log: Log, tmp_path: Path) -> None:
    """Both by who saw it and by a checkpoint that covers more than there is."""
    await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen")
    await forging.cut(log.owner, 290)
    assert "ends at position 290, but position 300 was seen" in await refused(log, seen)
    await witness.require_no_fork(log.service, None)
    note = records.SIGNER.sign(299, bytes(merkle.HASH_BYTES))
    await log.owner.execute("insert into checkpoint values (299, $1, now())", note)
    assert "a signed checkpoint covers 299" in await refused(log, None)


async def test_a_checkpoint_that_was_deleted_is_told(log: Log, tmp_path: Path) -> None:
    """Its size was remembered. The root is what it was, so the log is served, and the next one is signed."""
    await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen", signed=280)
    await log.owner.execute("alter table checkpoint disable trigger all")
    await log.owner.execute("delete from checkpoint")
    assert "of 280 records" in (await witness.require_no_fork(log.service, seen)).doubt


async def restored(log: Log, lost_from: int = 0, lost_to: int = 0) -> Head:
    """The head after a person accepted the log as it is."""
    locked = await reader.head(log.service)
    epoch = records.new_id()
    event = LogRestored(epoch_before=locked.epoch, epoch=epoch, lost_from=lost_from, lost_to=lost_to)
    async with log.service.transaction():
        head = await writer.adopt_epoch(log.service, await writer.lock(log.service), epoch)
        return await records.appended(log.service, head, [event])


async def test_a_restoration_excuses_only_what_it_says(log: Log, tmp_path: Path) -> None:
    """A new epoch is no way round: what stood before it and is not said to be lost must be what was seen."""
    await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen")
    await restored(log)
    await witness.require_no_fork(log.service, seen)
    await forging.rewrite(log.owner, 290, "Tester", "Teller")
    assert "another one than when it was seen" in await refused(log, seen)


async def test_a_loss_that_was_accepted_is_no_fork(log: Log, tmp_path: Path) -> None:
    """Who saw the lost tail goes on, once the log itself says that it is lost."""
    await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen", signed=280)
    await forging.cut(log.owner, 270)
    head = await reader.head(log.service)
    assert (271, 300) == await witness.lost(log.service, head, seen)
    await restored(log, 271, 300)
    proven = await witness.require_no_fork(log.service, seen)
    assert (271, "") == (proven.tree.size, proven.doubt)


async def test_what_is_lost(log: Log, tmp_path: Path) -> None:
    """Nothing, the record that was seen last, or somewhere in all that was seen."""
    head = await filled(log)
    seen = await seen_at_head(log, tmp_path / "seen")
    assert (0, 0) == await witness.lost(log.service, head, None)
    assert (0, 0) == await witness.lost(log.service, head, seen)
    await forging.rewrite(log.owner, 5, "Tester", "Teller")
    head = await reader.head(log.service)
    assert (1, 300) == await witness.lost(log.service, head, seen)
    await forging.rewrite(log.owner, 300, "Tester", "Teller")
    assert (300, 300) == await witness.lost(log.service, await reader.head(log.service), seen)
    assert "Position 300 is another record" in await refused(log, seen)


async def test_a_file_of_an_earlier_release_is_read(log: Log, tmp_path: Path) -> None:
    """It says nothing of a checkpoint, and everything else all the same."""
    await filled(log)
    seen = msgspec.to_builtins(await seen_at_head(log, tmp_path / "seen", signed=280))
    del seen["signed"]
    old = msgspec.json.encode(seen)
    mac = records.KEYS.mac("witness", old).hex()
    (tmp_path / "seen").write_bytes(msgspec.json.encode({"seen": msgspec.Raw(old), "mac": mac}))
    recalled = witness.recall(tmp_path / "seen", records.KEYS)
    assert recalled is not None
    assert (SIZE, 0) == (recalled.position, recalled.signed)


async def test_a_file_that_was_changed_is_refused(log: Log, tmp_path: Path) -> None:
    """Whoever may write the file cannot make it say what the log now says."""
    await filled(log)
    await seen_at_head(log, tmp_path / "seen")
    text = (tmp_path / "seen").read_text()
    (tmp_path / "seen").write_text(text.replace('"position":300', '"position":299'))
    with pytest.raises(errors.Broken, match="was changed"):
        witness.recall(tmp_path / "seen", records.KEYS)
