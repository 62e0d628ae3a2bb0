import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service import errors
from service.log import checkpoint, merkle, reader
from tests.log import records
from tests.log.conftest import Log

SPEC_VERIFIER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
ROOT = merkle.leaf_hash(b"root")


def test_the_spec_s_verifier_key_is_read() -> None:
    """The vector of C2SP signed-note: its key id fits its name and key, so ours are computed as everybody's are."""
    note = records.SIGNER.sign(1, ROOT)
    with pytest.raises(errors.Broken, match=r"not of example\.com/foo"):
        checkpoint.verify(note, SPEC_VERIFIER)
    for wrong in (
        SPEC_VERIFIER.replace("530d903a", "530d903b"),
        SPEC_VERIFIER.replace("/foo", "/bar"),
        "x",
        "",
    ):
        with pytest.raises(errors.Invalid):
            checkpoint.verify(note, wrong)


def test_a_note_says_what_was_signed() -> None:
    """Origin, size and root come back, the verifier's line is the spec's form, and signing repeats itself."""
    note = records.SIGNER.sign(70_000, ROOT)
    read = checkpoint.verify(note, records.SIGNER.verifier)
    assert (records.SIGNER.origin, 70_000, ROOT) == (read.origin, read.size, read.root)
    assert note == records.SIGNER.sign(70_000, ROOT)
    assert f"{records.SIGNER.origin}\n70000\n{base64.b64encode(ROOT).decode()}\n" == read.text
    assert note.startswith(f"{read.text}\n— {records.SIGNER.origin} ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("70000", "70001"),
        ("muniment.test/account\n70000", "muniment.test/other\n70000"),
        ("— muniment", "— another"),
    ],
)
def test_a_changed_note_is_not_believed(old: str, new: str) -> None:
    """Size, origin and signer cannot be exchanged under a signature."""
    note = records.SIGNER.sign(70_000, ROOT).replace(old, new)
    with pytest.raises(errors.Broken):
        checkpoint.verify(note, records.SIGNER.verifier)


def test_another_key_under_the_same_name_is_not_believed() -> None:
    """The key id tells keys apart, and a forged key id does not help."""
    forger = checkpoint.Signer(records.SIGNER.origin, Ed25519PrivateKey.generate())
    with pytest.raises(errors.Broken, match="no signature"):
        checkpoint.verify(forger.sign(1, ROOT), records.SIGNER.verifier)
    forged = checkpoint.parse(forger.sign(1, ROOT)).signatures[0].signature
    own_id = checkpoint.parse(records.SIGNER.sign(1, ROOT)).signatures[0].key
    text = checkpoint.parse(forger.sign(1, ROOT)).text
    note = f"{text}\n— {forger.origin} {base64.b64encode(own_id + forged).decode()}\n"
    with pytest.raises(errors.Broken, match="false"):
        checkpoint.verify(note, records.SIGNER.verifier)


def test_signatures_of_witnesses_are_kept() -> None:
    """A note with further signature lines is read whole; only the verifier's own is judged."""
    note = (
        records.SIGNER.sign(5, ROOT) + f"— witness.example {base64.b64encode(b'kkkk' + b's' * 72).decode()}\n"
    )
    read = checkpoint.verify(note, records.SIGNER.verifier)
    assert ("witness.example", b"kkkk", b"s" * 72) == (
        read.signatures[1].name,
        read.signatures[1].key,
        read.signatures[1].signature,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        "origin\n01\nAAAA\n\n— a AAAAAAA=\n",
        "origin\n1\nAAAA\n\n— a AAAAAAA=\n",
        "o\n1\nAAAA\n\nsigned\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """A leading zero, a short root or a malformed line is no checkpoint."""
    with pytest.raises(errors.Invalid):
        checkpoint.parse(text)


def test_an_origin_is_one_word() -> None:
    """Spaces and plus signs would make notes and verifier keys ambiguous."""
    for origin in ("", "two words", "a+b", "a\nb"):
        with pytest.raises(errors.Invalid):
            records.KEYS.signer(origin)


async def test_checkpoints_never_go_backwards(log: Log) -> None:
    """A replica that lags publishes nothing below what is there; the latest is the largest."""
    assert None is await checkpoint.latest(log.service)
    empty = await reader.head(log.service)
    assert None is await checkpoint.publish(log.service, empty, records.SIGNER)
    first = await records.appended(log.service, empty, [records.renamed()] * 3)
    second = await records.appended(log.service, first, [records.renamed()] * 4)
    note = await checkpoint.publish(log.service, second, records.SIGNER)
    for head in (first, second):
        await checkpoint.publish(log.service, head, records.SIGNER)
    assert [7] == [row["size"] for row in await log.service.fetch("select size from checkpoint")]
    assert note == await checkpoint.latest(log.service)
    assert note is not None
    leaves = [row.leaf for row in await reader.page(log.service, 0, 100)]
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert frontier.root() == checkpoint.verify(note, records.SIGNER.verifier).root
