"""Every key that the service uses, derived from the secrets in MUNIMENT_KEY (HKDF-SHA-256, RFC 5869).

Each purpose has a key of its own, so what one of them gives away says nothing about another. The secrets themselves
stand outside the database: a copy of the database alone opens no seal and no vault row, and signs nothing.

The first secret is the account's for good: tokens are digested, files and cursors MAC'd by it. Later ones take over
sealing and sign as well, each from the record that adds it (`key.added`): all replicas change over at one position.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from service import errors
from service.log import checkpoint
from service.vocabulary import KeyId, VaultRef

MASTER_BYTES = 32
NONCE_BYTES = 12
_TAG_BYTES = 16
_FIRST = b"\x01"
"""Before each wrapped key and each vault row that stands under the first secret."""
_LATER = b"\x02"
"""The same under a later one, whose fingerprint of 4 bytes follows."""
_FINGERPRINT_BYTES = 4


class _Generation:
    """What one secret yields, of what a later one can take over. `prefix` begins everything that is sealed under it."""

    __slots__ = ("fingerprint", "prefix", "signing", "vault", "wrap")

    def __init__(self, master: bytes, *, first: bool) -> None:
        if len(master) != MASTER_BYTES:
            raise errors.Invalid(
                f"MUNIMENT_KEY must be {MASTER_BYTES} bytes, not {len(master)}.", "MUNIMENT_KEY"
            )
        fingerprint = _derive(master, b"key-fingerprint")[:_FINGERPRINT_BYTES]
        self.fingerprint = fingerprint.hex()
        self.prefix = _FIRST if first else _LATER + fingerprint
        self.signing = _derive(master, b"checkpoint-signing")
        self.wrap = AESGCM(_derive(master, b"person-key-wrap"))
        self.vault = AESGCM(_derive(master, b"vault"))


class Keys:
    """The derived keys. Build it with `Keys.derived`; its repr shows nothing."""

    __slots__ = ("_by_prefix", "_fingerprint", "_generations", "_mac", "_sealing", "_token", "key_check")

    def __init__(self, master: bytes, *later: bytes) -> None:
        self._generations = [_Generation(master, first=True)]
        self._generations += [_Generation(one, first=False) for one in later]
        if len({one.fingerprint for one in self._generations}) != len(self._generations):
            raise errors.Invalid("MUNIMENT_KEY holds the same key twice.", "MUNIMENT_KEY")
        self._by_prefix = {one.prefix: one for one in self._generations}
        self._sealing = self._generations[0]
        self._token = _derive(master, b"token-digest")
        self._fingerprint = _derive(master, b"fingerprint")
        self._mac = _derive(master, b"mac")
        self.key_check = _derive(master, b"key-check")
        """Stands in log_head, so that a service with another key is told so and writes nothing it could not read."""

    @classmethod
    def derived(cls, master: bytes, *later: bytes) -> "Keys":
        """The keys of these secrets, oldest first. Raises Invalid for another length, or the same one twice."""
        return cls(master, *later)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """What tells the secrets apart, 8 hexadecimal digits each, the oldest first. It gives nothing away."""
        return tuple(one.fingerprint for one in self._generations)

    @property
    def sealing(self) -> bytes:
        """How everything begins that is sealed from now on."""
        return self._sealing.prefix

    def seal_under(self, fingerprint: str) -> None:
        """Seal under this secret from now on. Raises Broken, with what would help, where it is not at hand."""
        self._sealing = self._generation(fingerprint)

    def token_digest(self, value: str) -> str:
        """Hex HMAC-SHA-256 of a token's value or an invitation's code: what events hold in its place."""
        return hmac.digest(self._token, value.encode(), "sha256").hex()

    def fingerprint(self, body: bytes) -> bytes:
        """32 bytes that two equal request bodies share; keyed, so that a short body cannot be guessed from it."""
        return hmac.digest(self._fingerprint, body, "sha256")

    def mac(self, purpose: str, body: bytes) -> bytes:
        """32 bytes that prove we wrote `body` for `purpose`: cursors, local files. Compare by hmac.compare_digest."""
        label = purpose.encode()
        return hmac.digest(self._mac, len(label).to_bytes(2, "big") + label + body, "sha256")

    def wrap(self, key_id: KeyId, raw: bytes, nonce: bytes | None = None) -> bytes:
        """A person's key as the person_key table holds it; it opens only under its id. The nonce is never reused."""
        return _box(self._sealing.wrap, self.sealing, key_id, raw, nonce)

    def unwrap(self, key_id: KeyId, wrapped: bytes) -> bytes:
        """The person's key, 32 bytes. Raises Broken for a row that was moved, changed or wrapped by another key."""
        under, rest = self._under(wrapped, f"the key {key_id}")
        return _open(under.wrap, key_id, rest, f"the key {key_id}")

    def seal_vault(self, ref: VaultRef, plaintext: bytes, nonce: bytes | None = None) -> bytes:
        """A vault row's ciphertext; it opens only under its own ref. The nonce is never reused."""
        return _box(self._sealing.vault, self.sealing, ref, plaintext, nonce)

    def open_vault(self, ref: VaultRef, ciphertext: bytes) -> bytes:
        """What the vault row `ref` holds. Raises Broken for one that was moved, changed or sealed by another key."""
        under, rest = self._under(ciphertext, f"the vault row {ref}")
        return _open(under.vault, ref, rest, f"the vault row {ref}")

    def signer(self, origin: str, fingerprint: str = "") -> checkpoint.Signer:
        """Who signs this account's checkpoints by the first secret, or by a later one. The same gives the same signer.

        Raises Broken where the secret is not at hand.
        """
        one = self._generation(fingerprint) if fingerprint else self._generations[0]
        return checkpoint.Signer(origin, Ed25519PrivateKey.from_private_bytes(one.signing))

    def _generation(self, fingerprint: str) -> _Generation:
        found = next((one for one in self._generations if one.fingerprint == fingerprint), None)
        if found is None:
            raise errors.Broken(_lacking(fingerprint))
        return found

    def _under(self, boxed: bytes, what: str) -> tuple[_Generation, bytes]:
        """The secret under which something was sealed, and what follows the name of it."""
        length = len(_FIRST) if boxed[:1] == _FIRST else len(_LATER) + _FINGERPRINT_BYTES
        found = self._by_prefix.get(boxed[:length])
        if found is not None and len(boxed) >= length + NONCE_BYTES + _TAG_BYTES:
            return found, boxed[length:]
        if boxed[:1] == _LATER and len(boxed) > length:
            raise errors.Broken(_lacking(boxed[1:length].hex()))
        raise errors.Broken(f"What is stored for {what} has a form that this release does not know.")

    def __repr__(self) -> str:
        return "Keys(…)"


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"muniment/1/" + purpose).derive(master)


def _lacking(fingerprint: str) -> str:
    return (
        f"This account's key {fingerprint} is missing in MUNIMENT_KEY here. Put it behind the others, separated by a"
        " comma (in the data directory's key file: on a line of its own), and start again."
    )


def _box(cipher: AESGCM, prefix: bytes, name: str, plaintext: bytes, nonce: bytes | None) -> bytes:
    drawn = os.urandom(NONCE_BYTES) if nonce is None else nonce
    return prefix + drawn + cipher.encrypt(drawn, plaintext, name.encode())


def _open(cipher: AESGCM, name: str, rest: bytes, what: str) -> bytes:
    nonce, sealed = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    try:
        return cipher.decrypt(nonce, sealed, name.encode())
    except InvalidTag as failure:
        raise errors.Broken(
            f"What is stored for {what} does not open: it was changed or moved, or MUNIMENT_KEY is another one."
        ) from failure
