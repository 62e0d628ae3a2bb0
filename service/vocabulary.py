"""The words every layer shares: ids, scopes, permissions, bounded text, sealed text.

Text is checked here once, for bodies, paths, headers and settings alike: NFC, no control characters, no lone
surrogates, bounded. An id is a canonical lower-case UUID as a string: it is compared, hashed and looked up
far more often than it is taken apart, and a string caches its hash where `uuid.UUID` does not.
"""

import re
import sys
import unicodedata
from datetime import datetime
from typing import NewType, Protocol, TypeVar, cast

import msgspec

from service import errors

PrincipalId = NewType("PrincipalId", str)
RoleId = NewType("RoleId", str)
TeamId = NewType("TeamId", str)
TokenId = NewType("TokenId", str)
ApplicationId = NewType("ApplicationId", str)
ContractId = NewType("ContractId", str)
ResultId = NewType("ResultId", str)
EnvironmentId = NewType("EnvironmentId", str)
DeploymentId = NewType("DeploymentId", str)
ReleaseId = NewType("ReleaseId", str)
SecretId = NewType("SecretId", str)
WebhookId = NewType("WebhookId", str)
DeliveryId = NewType("DeliveryId", str)
"""One request that a webhook owes, through all its attempts."""
ResourceId = NewType("ResourceId", str)
"""A registered thing of an organisation's own type."""
AliasId = NewType("AliasId", str)
ChangeId = NewType("ChangeId", str)
"""A change that a proxy was told to let through."""
InvitationId = NewType("InvitationId", str)
EventId = NewType("EventId", str)
KeyId = NewType("KeyId", str)
VaultRef = NewType("VaultRef", str)
Scope = NewType("Scope", str)
"""A grant as a client spelt it: `contract_data:manage:team`. Canonical only inside the evaluator (aliases)."""
Instant = datetime
"""Always aware, always UTC, to the microsecond."""

NAME_LENGTH_MAX = 255
TEXT_LENGTH_MAX = 1_000
EMAIL_LENGTH_MAX = 254
REASON_LENGTH_MAX = 2_000
URL_LENGTH_MAX = 2_000
HEADER_LENGTH_MAX = 512

_Text = TypeVar("_Text", bound=str)
_REFUSED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Control, format and surrogate characters and line breaks: what cannot be seen could make two names look like one."""
_JOINERS = "\u200c\u200d"
"""Format characters without which some scripts cannot be written."""
_KEPT = "\n\r\t" + _JOINERS
"""What may stand in a text of several lines that is kept as it came."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


class _Interning(Protocol):
    def __call__(self, text: _Text, /) -> _Text: ...


interned = cast("_Interning", sys.intern)
"""The one object for all equal ids: what is kept of a million records names the same few things again and again."""


def uuid_text(text: object, pointer: str = "") -> str:
    """The canonical spelling of a UUID, or Invalid. Upper case is accepted, braces and missing dashes are not."""
    if isinstance(text, str) and len(text) == 36 and _UUID.fullmatch(lowered := text.lower()):
        return lowered
    raise errors.Invalid("This is not a UUID.", pointer)


def is_uuid(text: str) -> bool:
    """Whether the text could be an id; says nothing about whether such a thing exists."""
    return len(text) == 36 and _UUID.fullmatch(text.lower()) is not None


def name(text: object, pointer: str = "", what: str = "name", length_max: int = NAME_LENGTH_MAX) -> str:
    """One line of text that names a thing, NFC, trimmed, 1 to `length_max` characters, or Invalid."""
    cleaned = line(text, pointer, what, length_max)
    if not cleaned.strip(_JOINERS):
        raise errors.Invalid(f"The {what} must not be empty.", pointer)
    if cleaned in (".", ".."):  # no client could ever ask for its path
        raise errors.Invalid(f"The {what} must not be {cleaned!r}.", pointer)
    return cleaned


def line(text: object, pointer: str = "", what: str = "text", length_max: int = TEXT_LENGTH_MAX) -> str:
    """One line of text, possibly empty, NFC, trimmed, without control characters or lone surrogates."""
    if not isinstance(text, str):
        raise errors.Invalid(f"The {what} must be a string.", pointer)
    if len(text) > length_max * 4:  # bounded before the work of normalising it
        raise errors.Invalid(f"The {what} is longer than {length_max} characters.", pointer)
    if text.isascii() and text.isprintable():  # most text: nothing to normalise, nothing to refuse
        cleaned = text.strip()
        if len(cleaned) <= length_max:
            return cleaned
    cleaned = unicodedata.normalize("NFC", text).strip()
    if len(cleaned) > length_max:
        raise errors.Invalid(f"The {what} is longer than {length_max} characters.", pointer)
    for character in cleaned:
        if unicodedata.category(character) in _REFUSED and character not in _JOINERS:
            raise errors.Invalid(
                f"The {what} holds a character that is not allowed (U+{ord(character):04X}).", pointer
            )
    return cleaned


def paragraph(text: object, pointer: str = "", what: str = "text", length_max: int = TEXT_LENGTH_MAX) -> str:
    """Text of several lines: like `line`, with line feeds and tabs kept."""
    if not isinstance(text, str):
        raise errors.Invalid(f"The {what} must be a string.", pointer)
    kept = [line(part, pointer, what, length_max) for part in re.split(r"\r?\n", text.replace("\t", " "))]
    joined = "\n".join(kept).strip()
    if len(joined) > length_max:
        raise errors.Invalid(f"The {what} is longer than {length_max} characters.", pointer)
    return joined


def verbatim(text: object, pointer: str = "", what: str = "text", length_max: int = TEXT_LENGTH_MAX) -> str:
    """Text of several lines exactly as it came, for whoever compares it with what they sent (Terraform does)."""
    if not isinstance(text, str):
        raise errors.Invalid(f"The {what} must be a string.", pointer)
    if len(text) > length_max:
        raise errors.Invalid(f"The {what} is longer than {length_max} characters.", pointer)
    for character in text:
        if unicodedata.category(character) in _REFUSED and character not in _KEPT:
            raise errors.Invalid(
                f"The {what} holds a character that is not allowed (U+{ord(character):04X}).", pointer
            )
    return text


def email(text: object, pointer: str = "/email") -> str:
    """An e-mail address, kept as spelt (Terraform compares it as text); compared by `email_key`."""
    cleaned = line(text, pointer, "e-mail address", EMAIL_LENGTH_MAX)
    if not _EMAIL.fullmatch(cleaned):
        raise errors.Invalid("This is not an e-mail address.", pointer)
    return cleaned


def email_key(text: str) -> str:
    """What two spellings of one e-mail address share: they name one person, whatever their case."""
    return unicodedata.normalize("NFC", text).strip().casefold()


class Plaintext:
    """A person's text on its way from a command to its seal. msgspec cannot encode it: it cannot be logged."""

    __slots__ = ("key", "text")

    def __init__(self, text: str, key: KeyId) -> None:
        self.text = text
        self.key = key

    def __repr__(self) -> str:
        return "Plaintext(…)"


class Sealed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person's text as the record holds it: AES-256-GCM under the key `key`, which may be destroyed.

    `box` is base64 of nonce (12 bytes), ciphertext and tag. The associated data are the event's id and the
    field's name, so a seal cannot be moved to another record or another field unnoticed.
    """

    key: KeyId
    box: str


class Clear(Sealed, frozen=True, kw_only=True):
    """A field that still waits for its seal. It holds a Plaintext, so encoding it is a TypeError, not a leak."""

    plain: Plaintext


def clear(text: str, key: KeyId) -> Clear:
    """The field `text` of the person whose key is `key`, for a decide function to put into its event."""
    return Clear(key=key, box="", plain=Plaintext(text, key))


class Personal(msgspec.Struct, frozen=True, gc=False):
    """A seal together with where it stands: what it takes, beside the key, to open it later."""

    event: EventId
    field: str
    sealed: Sealed


class Thing(msgspec.Struct, frozen=True, gc=False):
    """What a record touches or a question is about: a type of the catalogue, an id, the name as it was.

    The name is empty where it would be a person's: a person's name is never copied into an index.
    """

    type: str
    id: str
    name: str = ""


class Secret:
    """A value that must not be seen by accident: it has no readable repr and msgspec cannot encode it."""

    __slots__ = ("value",)

    def __init__(self, value: str | bytes) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    def text(self) -> str:
        """The value as text."""
        return self.value if isinstance(self.value, str) else self.value.decode()

    def octets(self) -> bytes:
        """The value as bytes, for the vault."""
        return self.value.encode() if isinstance(self.value, str) else self.value
