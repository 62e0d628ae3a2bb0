"""Ids and secrets that are about to exist. Randomness comes from the composition root; nothing else draws any."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

from service.commands.order import NewInvitation, NewKey, NewPrincipal, NewToken, TokenPair
from service.log.keys import MASTER_BYTES, Keys
from service.vocabulary import EventId, InvitationId, KeyId, PrincipalId, Secret, TokenId, VaultRef

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_BITS = ~(0xF << 76 | 0x3 << 62)
_TIMED_ID = 0x7 << 76 | 0x2 << 62
_RANDOM_ID = 0x4 << 76 | 0x2 << 62
_DRAWN_OCTETS = 4_096
"""Randomness for ids is drawn for many at once: a call of the system for each would cost more than the id."""
TOKEN_BYTES = 32
"""A token is 256 random bits: a fast keyed digest of it is safe, where a password would need a slow one."""


class Fresh:
    """Draws what a command needs for what it will make. `octets(n)` returns n random bytes."""

    def __init__(self, keys: Keys, octets: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._octets = octets
        self._drawn = b""
        self._used = 0

    def id(self) -> str:
        """A random id (UUID version 4)."""
        digits = f"{self._number(16) & _RANDOM_BITS | _RANDOM_ID:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def event_id(self, at: datetime) -> EventId:
        """A time-ordered id (UUID version 7, RFC 9562) for a record of this instant; Postgres 15 makes none."""
        since = at - _EPOCH
        milliseconds = (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
        number = milliseconds << 80 | self._number(10)
        number = number & _RANDOM_BITS | _TIMED_ID
        digits = f"{number:032x}"  # by hand: uuid.UUID would cost more than all of the above
        return EventId(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")

    def master_key(self) -> bytes:
        """A later key for MUNIMENT_KEY."""
        return self._octets(MASTER_BYTES)

    def _number(self, octets: int) -> int:
        """A random number of so many octets, for an id. Secrets are drawn one by one."""
        if self._used + octets > len(self._drawn):
            self._drawn, self._used = self._octets(_DRAWN_OCTETS), 0
        self._used += octets
        return int.from_bytes(self._drawn[self._used - octets : self._used], "big")

    def principal(self) -> NewPrincipal:
        """Who is about to exist, with a sealing key of their own."""
        return NewPrincipal(id=PrincipalId(self.id()), key=KeyId(self.id()), raw_key=Secret(self._octets(32)))

    def key(self) -> NewKey:
        """A sealing key for one text."""
        return NewKey(id=KeyId(self.id()), raw_key=Secret(self._octets(32)))

    def token(self, value: str | None = None) -> NewToken:
        """A token's value about to work; drawn unless one is given (the first Administrator's)."""
        drawn = value or "mun_" + base64.urlsafe_b64encode(self._octets(TOKEN_BYTES)).decode().rstrip("=")
        return NewToken(
            id=TokenId(self.id()),
            ref=self.ref(),
            value=Secret(drawn),
            digest=self._keys.token_digest(drawn),
        )

    def tokens(self, read_write: str | None = None) -> TokenPair:
        """The two tokens that every principal has."""
        return TokenPair(read_only=self.token(), read_write=self.token(read_write))

    def ref(self) -> VaultRef:
        """A name for a vault row, which says nothing about what it holds."""
        return VaultRef(self.id())

    def invitation(self) -> NewInvitation:
        """A one-time code about to be issued; `code` says it, as often as it has to be shown."""
        new = InvitationId(self.id())
        return NewInvitation(id=new, digest=self.code_digest(self.code(new)))

    def code(self, invitation: str) -> str:
        """The one-time code of an invitation: 128 bits, derived under MUNIMENT_KEY, so that it is stored nowhere."""
        derived = self._keys.mac("invitation", invitation.encode())[:16]
        text = base64.b32encode(derived).decode().rstrip("=")
        return "-".join(text[start : start + 5] for start in range(0, len(text), 5))

    def code_digest(self, code: str) -> str:
        """What the record holds of a code. Case, spaces and dashes are a person's own business."""
        cleaned = "".join(character for character in code.upper() if character.isalnum())
        return self._keys.token_digest(f"code:{cleaned}")
