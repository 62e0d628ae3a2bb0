"""Every key that the service uses, derived from the one secret MUNIMENT_KEY (HKDF-SHA-256, RFC 5869).

Each purpose has a key of its own, so what one of them gives away says nothing about another. The secret itself
stands outside the database: a copy of the database alone opens no seal and no vault row, and signs nothing.
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
_VERSION = b"\x01"
"""Before each wrapped key and each vault row: which derivation it stands under, so that a later one can follow."""


class Keys:
    """The derived keys. Build it with `Keys.derived`; its repr shows nothing."""

    __slots__ = ("_fingerprint", "_mac", "_signing", "_token", "_vault", "_wrap", "key_check")

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_BYTES:
            raise errors.Invalid(
                f"MUNIMENT_KEY must be {MASTER_BYTES} bytes, not {len(master)}.", "MUNIMENT_KEY"
            )
        self._token = _derive(master, b"token-digest")
        self._fingerprint = _derive(master, b"fingerprint")
        self._mac = _derive(master, b"mac")
        self._signing = _derive(master, b"checkpoint-signing")
        self._wrap = AESGCM(_derive(master, b"person-key-wrap"))
        self._vault = AESGCM(_derive(master, b"vault"))
        self.key_check = _derive(master, b"key-check")
        """Stands in log_head, so that a service with another key is told so and writes nothing it could not read."""

    @classmethod
    def derived(cls, master: bytes) -> "Keys":
        """The keys of a 32-byte secret, the same ones each time. Raises Invalid for another length."""
        return cls(master)

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
        return _box(self._wrap, key_id, raw, nonce)

    def unwrap(self, key_id: KeyId, wrapped: bytes) -> bytes:
        """The person's key, 32 bytes. Raises Broken for a row that was moved, changed or wrapped by another key."""
        return _open(self._wrap, key_id, wrapped, "the key")

    def seal_vault(self, ref: VaultRef, plaintext: bytes, nonce: bytes | None = None) -> bytes:
        """A vault row's ciphertext; it opens only under its own ref. The nonce is never reused."""
        return _box(self._vault, ref, plaintext, nonce)

    def open_vault(self, ref: VaultRef, ciphertext: bytes) -> bytes:
        """What the vault row `ref` holds. Raises Broken for one that was moved, changed or sealed by another key."""
        return _open(self._vault, ref, ciphertext, "the vault row")

    def signer(self, origin: str) -> checkpoint.Signer:
        """Who signs this account's checkpoints; the same master key gives the same signer."""
        return checkpoint.Signer(origin, Ed25519PrivateKey.from_private_bytes(self._signing))

    def __repr__(self) -> str:
        return "Keys(…)"


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"muniment/1/" + purpose).derive(master)


def _box(cipher: AESGCM, name: str, plaintext: bytes, nonce: bytes | None) -> bytes:
    drawn = os.urandom(NONCE_BYTES) if nonce is None else nonce
    return _VERSION + drawn + cipher.encrypt(drawn, plaintext, name.encode())


def _open(cipher: AESGCM, name: str, boxed: bytes, what: str) -> bytes:
    if boxed[:1] != _VERSION or len(boxed) < 1 + NONCE_BYTES + _TAG_BYTES:
        raise errors.Broken(f"What is stored for {what} {name} has a form that this release does not know.")
    nonce, rest = boxed[1 : 1 + NONCE_BYTES], boxed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, rest, name.encode())
    except InvalidTag as failure:
        raise errors.Broken(
            f"What is stored for {what} {name} does not open: it was changed or moved, or MUNIMENT_KEY is another one."
        ) from failure
