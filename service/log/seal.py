"""Sealing what leads to people: AES-256-GCM under a key per person, bound to one record and one field.

A command's event carries a person's text as `Clear`; here every one becomes a `Sealed` before the record is encoded. A
key that is destroyed takes every text under it along: the record keeps standing, its proof keeps holding, and
only the words are gone. Snapshots and timelines hold seals, never texts, so destroying the key suffices.
"""

import base64
import binascii
import os
import types
import typing
import uuid
from collections.abc import Iterable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service import errors
from service.events import Event
from service.log import sql
from service.log.connect import Connection
from service.log.keys import NONCE_BYTES, Keys
from service.vocabulary import Clear, EventId, KeyId, Personal, Sealed, interned

KEY_BYTES = 32
_CIPHERS_MAX = 4_096
"""Ciphers kept ready: one costs more to set up than to use, and takes more memory than all else about a person."""


class PersonKeys:
    """The living person keys, in memory. A key that is not here opens nothing: it was destroyed, or never was.

    What the database holds stays wrapped until it is needed: most people of a large account are not, for days.
    """

    __slots__ = ("_ciphers", "_keys", "_raw", "_wrapped")

    def __init__(self) -> None:
        self._raw: dict[KeyId, bytes] = {}
        self._wrapped: dict[KeyId, bytes] = {}
        self._keys: Keys | None = None
        self._ciphers: dict[KeyId, AESGCM] = {}

    def put(self, key_id: KeyId, raw: bytes) -> None:
        """Take in a key of 32 bytes."""
        if len(raw) != KEY_BYTES:
            raise ValueError(f"a person key has {KEY_BYTES} bytes, not {len(raw)}")
        self.forget(key_id)
        self._raw[key_id] = raw

    def get(self, key_id: KeyId) -> bytes | None:
        """The key's 32 bytes, or None when it was destroyed or is not known yet. Raises Broken for a foreign row."""
        raw = self._raw.get(key_id)
        if raw is None and self._keys is not None and (wrapped := self._wrapped.get(key_id)) is not None:
            raw = self._raw[key_id] = self._keys.unwrap(key_id, wrapped)
            self._wrapped.pop(key_id, None)
        return raw

    def cipher(self, key_id: KeyId) -> AESGCM | None:
        """The key, ready for use. None and Broken as for `get`."""
        cipher = self._ciphers.get(key_id)
        if cipher is None and (raw := self.get(key_id)) is not None:
            if len(self._ciphers) >= _CIPHERS_MAX:
                self._ciphers.clear()
            cipher = self._ciphers[key_id] = AESGCM(raw)
        return cipher

    def forget(self, key_id: KeyId) -> None:
        """From here on nothing under this key can be read. Forgetting an unknown key is harmless."""
        self._raw.pop(key_id, None)
        self._wrapped.pop(key_id, None)
        self._ciphers.pop(key_id, None)

    def __len__(self) -> int:
        return len(self._raw) + len(self._wrapped)

    def __repr__(self) -> str:
        return f"PersonKeys({len(self)} keys)"

    async def load(self, connection: Connection, keys: Keys) -> None:
        """Make this the keys that the database holds, no more, no fewer."""
        rows = await connection.fetch(sql.text("every_person_key"))
        self._raw.clear()
        self._ciphers.clear()
        self._keys, self._wrapped = keys, {interned(row["key"]): row["wrapped"] for row in rows}

    async def load_some(self, connection: Connection, keys: Keys, key_ids: Iterable[KeyId]) -> None:
        """Take in these keys, as a follower does for records that another replica wrote. Missing rows stay missing."""
        self._keys = keys
        for key_id, wrapped in await connection.fetch(sql.text("some_person_keys"), list(key_ids)):
            self.forget(key_id)
            self._wrapped[key_id] = wrapped


def new_person_key() -> tuple[KeyId, bytes]:
    """A fresh key with its id, for a new person or for one reason."""
    return KeyId(str(uuid.uuid4())), os.urandom(KEY_BYTES)


EventT = typing.TypeVar("EventT", bound=Event)


def seal_event(event: EventT, event_id: EventId, person_keys: PersonKeys) -> EventT:
    """The event with every `Clear` sealed for this record.

    Raises Broken when a key is not there, TypeError for a seal made for another record: copied, it could never
    be opened again, so a command must open it and put a `Clear` in its place.
    """
    sealed: dict[str, Sealed] = {}
    for field in sealed_fields(type(event)):
        value = getattr(event, field)
        if isinstance(value, Clear):
            sealed[field] = seal_text(value.plain.text, value.key, event_id, field, person_keys)
        elif value is not None and not _is_of(value, event_id, field, person_keys):
            raise TypeError(
                f"{type(event).__name__}.{field} holds a seal of another record; put a Clear there"
            )
    if not sealed:
        return event
    return msgspec.structs.replace(event, **sealed)


def seal_text(text: str, key_id: KeyId, event_id: EventId, field: str, person_keys: PersonKeys) -> Sealed:
    """One text, sealed for one field of one record. Raises Broken when the key is not there."""
    cipher = person_keys.cipher(key_id)
    if cipher is None:
        raise errors.Broken(f"The key {key_id} was destroyed: nothing more can be recorded under it.")
    nonce = os.urandom(NONCE_BYTES)
    box = nonce + cipher.encrypt(nonce, text.encode(), _bound_to(event_id, field))
    return Sealed(key=key_id, box=base64.b64encode(box).decode())


def open_sealed(personal: Personal, person_keys: PersonKeys) -> str | None:
    """The text, or None when its key was destroyed. Raises Broken for a seal that was changed or moved."""
    cipher = person_keys.cipher(personal.sealed.key)
    if cipher is None:
        return None
    try:
        box = base64.b64decode(personal.sealed.box, validate=True)
        bound_to = _bound_to(personal.event, personal.field)
        return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to).decode()
    except (InvalidTag, binascii.Error, ValueError) as failure:
        raise errors.Broken(
            f"The seal of {personal.field} in record {personal.event} does not open: it was changed or moved."
        ) from failure


_sealed_fields: dict[type, tuple[str, ...]] = {}


def sealed_fields(event_type: type) -> tuple[str, ...]:
    """The fields of an event type that hold a person's text, from its annotations.

    Raises TypeError for a seal inside a collection or another struct: it would have no field name to be bound to.
    """
    known = _sealed_fields.get(event_type)
    if known is None:
        hints = typing.get_type_hints(event_type)
        fields = {field: hints[field] for field in event_type.__struct_fields__}  # type: ignore[attr-defined]  # msgspec adds it to every struct
        for field, annotation in fields.items():
            if not _is_seal(annotation) and _mentions_seal(annotation, set()):
                raise TypeError(
                    f"{event_type.__name__}.{field} hides a Sealed: only Sealed and Sealed | None may"
                )
        known = tuple(field for field, annotation in fields.items() if _is_seal(annotation))
        _sealed_fields[event_type] = known
    return known


def _is_seal(annotation: object) -> bool:
    if annotation is Sealed:
        return True
    if not isinstance(annotation, types.UnionType) and typing.get_origin(annotation) is not typing.Union:
        return False
    return set(typing.get_args(annotation)) == {Sealed, types.NoneType}


def _mentions_seal(annotation: object, seen: set[object]) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct) and annotation not in seen:
        if issubclass(annotation, Sealed):
            return True
        seen.add(annotation)
        return any(_mentions_seal(inner, seen) for inner in typing.get_type_hints(annotation).values())
    return any(_mentions_seal(inner, seen) for inner in typing.get_args(annotation))


def _is_of(sealed: Sealed, event_id: EventId, field: str, person_keys: PersonKeys) -> bool:
    try:
        return open_sealed(Personal(event_id, field, sealed), person_keys) is not None
    except errors.Broken:
        return False


def _bound_to(event_id: EventId, field: str) -> bytes:
    return f"{event_id}/{field}".encode()
