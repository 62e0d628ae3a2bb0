"""Signed checkpoints: what the log's whole content was at a size, in a form that foreign programs verify.

A checkpoint is a C2SP signed note (signed-note/v1.0.0) whose text is a tlog-checkpoint: origin, size, root. It
is signed by Ed25519, as tlog-tiles demands of a log that witnesses may watch. Notes of others (cosignatures of
witnesses) may follow on further lines and are kept.

A checkpoint is published after the commit that it covers, by any replica, keyed by its size: publishing
twice is harmless, and a replica that lags never publishes below what is there. A crash between a commit and
its checkpoint loses nothing, because the next one covers it too.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service import errors
from service.log import merkle, reader, sql
from service.log.connect import Connection

_ED25519 = b"\x01"
_SIGNATURE_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Signature(msgspec.Struct, frozen=True):
    """One signature line: who, which of its keys (4 bytes), and the bytes that the key's kind defines."""

    name: str
    key: bytes
    signature: bytes


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a note says. `text` is what was signed: everything up to and including its last line feed."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[Signature, ...]


class Signer:
    """Signs the checkpoints of one origin. `verifier` is the line that foreign programs are configured with."""

    __slots__ = ("_key", "_key_id", "origin", "verifier")

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        if (
            not origin
            or "+" in origin
            or any(character.isspace() or ord(character) < 0x20 for character in origin)
        ):
            raise errors.Invalid("A log's origin is one word without spaces and plus signs.", "origin")
        public = key.public_key().public_bytes_raw()
        self._key = key
        self._key_id = _key_id(origin, public)
        self.origin = origin
        self.verifier = f"{origin}+{self._key_id.hex()}+{_base64(_ED25519 + public)}"

    def sign(self, size: int, root: bytes) -> str:
        """The note for the log's first `size` records. Signing the same again gives the same text."""
        text = f"{self.origin}\n{size}\n{_base64(root)}\n"
        return f"{text}\n— {self.origin} {_base64(self._key_id + self._key.sign(text.encode()))}\n"

    def __repr__(self) -> str:
        return f"Signer({self.origin!r})"


def parse(note: str) -> Checkpoint:
    """What a note says, unverified. Raises Invalid for a text that is no checkpoint."""
    text, blank, lines = note.rpartition("\n\n")
    text += "\n"
    body = text.split("\n")
    if not blank or len(body) < 4 or not body[0] or not _SIZE.fullmatch(body[1]) or not lines.endswith("\n"):
        raise errors.Invalid("This is not a checkpoint (C2SP tlog-checkpoint).")
    signatures = []
    for line in lines.removesuffix("\n").split("\n"):
        matched = _SIGNATURE_LINE.fullmatch(line)
        blob = _decoded(matched[2]) if matched else b""
        if not matched or len(blob) < 5:
            raise errors.Invalid("A signature line of the checkpoint cannot be read (C2SP signed-note).")
        signatures.append(Signature(matched[1], blob[:4], blob[4:]))
    root = _decoded(body[2])
    if len(root) != merkle.HASH_BYTES:
        raise errors.Invalid("The root in the checkpoint is not a SHA-256.")
    return Checkpoint(origin=body[0], size=int(body[1]), root=root, text=text, signatures=tuple(signatures))


def verify(note: str, verifier: str) -> Checkpoint:
    """What a note says, once the verifier's own signature on it was checked.

    Raises Invalid for a text that is no checkpoint or no verifier key, Broken when the signature is missing or
    false, or when the checkpoint speaks of another origin than the verifier's name.
    """
    name, public = _verifier(verifier)
    read = parse(note)
    if read.origin != name:
        raise errors.Broken(f"The checkpoint is of {read.origin}, not of {name}.")
    key_id = _key_id(name, public.public_bytes_raw())
    own = [signed for signed in read.signatures if signed.name == name and signed.key == key_id]
    if not own:
        raise errors.Broken(f"The checkpoint at size {read.size} carries no signature of {name} by its key.")
    for signed in own:
        try:
            public.verify(signed.signature, read.text.encode())
        except InvalidSignature as failure:
            raise errors.Broken(f"The signature of the checkpoint at size {read.size} is false.") from failure
    return read


def signed(size: int, root: bytes, signers: Sequence[Signer]) -> str:
    """The note with a signature of each, one below the other: whoever knows one of the keys can verify it."""
    notes = [signer.sign(size, root) for signer in signers]
    return notes[0] + "".join(note.rpartition("\n\n")[2] for note in notes[1:])


async def publish(connection: Connection, head: reader.Head, *signers: Signer) -> str | None:
    """Sign the committed head and store the note, unless one of its size or a later one is stored already.

    Returns the note, or None for an empty log. The caller makes sure that the log names the signers' verifiers:
    the one of `log.opened` first, the newest one that was added behind it.
    """
    if head.position == 0:
        return None
    note = signed(head.position, merkle.Frontier.decode(head.frontier).root(), signers)
    await connection.execute(sql.text("publish_checkpoint"), head.position, note)
    return note


async def latest(connection: Connection) -> str | None:
    """The note of the largest size, as it was published, or None before the first."""
    note: str | None = await connection.fetchval(sql.text("latest_checkpoint"))
    return note


def _verifier(text: str) -> tuple[str, Ed25519PublicKey]:
    name, _, rest = text.partition("+")
    hashed, _, encoded = rest.partition("+")
    blob = _decoded(encoded)
    if not name or len(blob) != 33 or blob[:1] != _ED25519 or _key_id(name, blob[1:]).hex() != hashed:
        raise errors.Invalid("This is not an Ed25519 verifier key (C2SP signed-note: name+hash+base64).")
    return name, Ed25519PublicKey.from_public_bytes(blob[1:])


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
