"""Whose keys were destroyed, kept beside the database: a copy of it that is older than a forgetting has them again.

Every replica that folds a `person.forgotten` adds to this list, and a restore destroys the keys on it before anything
is served. It only ever grows, holds ids alone, and carries a MAC, so that nobody adds or removes one without
MUNIMENT_KEY.
"""

import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from service import errors
from service.log import durable
from service.log.keys import Keys
from service.vocabulary import KeyId, PrincipalId

_PURPOSE = "forgotten"


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """The destroyed keys of one account's people, by whose they were."""

    account: str
    people: dict[PrincipalId, tuple[KeyId, ...]]

    def keys(self) -> list[KeyId]:
        """Every destroyed key."""
        return [key for keys in self.people.values() for key in keys]


class _File(msgspec.Struct, frozen=True):
    forgotten: msgspec.Raw
    mac: str


def encode(forgotten: Forgotten, keys: Keys) -> bytes:
    """The list as a file holds it, with its MAC."""
    body = msgspec.json.encode(forgotten)
    return msgspec.json.encode(_File(msgspec.Raw(body), keys.mac(_PURPOSE, body).hex()))


def decode(octets: bytes, keys: Keys, source: str) -> Forgotten:
    """The list in a file. Raises Broken, naming the source, for one that was not written under this MUNIMENT_KEY."""
    try:
        file = msgspec.json.decode(octets, type=_File)
        if hmac.compare_digest(file.mac, keys.mac(_PURPOSE, bytes(file.forgotten)).hex()):
            return msgspec.json.decode(bytes(file.forgotten), type=Forgotten)
    except msgspec.DecodeError:
        pass  # the sentence below says it
    raise errors.Broken(
        f"The list of forgotten people in {source} was changed or written under another MUNIMENT_KEY."
    )


def recall(path: Path, keys: Keys) -> Forgotten | None:
    """The list that is kept there, or None. Raises Broken as `decode` does."""
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        return None
    return decode(octets, keys, str(path))


def remember(path: Path, account: str, people: Mapping[PrincipalId, tuple[KeyId, ...]], keys: Keys) -> None:
    """Add to the list that is kept there. Another account's is replaced: it says nothing about this one.

    Raises OSError when the directory cannot be written, Broken for a list that was not written under this MUNIMENT_KEY.
    """
    kept = recall(path, keys)
    here = kept.people if kept is not None and kept.account == account else {}
    whole = united([here, people])
    if kept is None or whole != kept.people or kept.account != account:
        durable.replace(path, encode(Forgotten(account=account, people=whole), keys))


def united(lists: Iterable[Mapping[PrincipalId, tuple[KeyId, ...]]]) -> dict[PrincipalId, tuple[KeyId, ...]]:
    """Everybody on any of the lists, with every key."""
    found: dict[PrincipalId, tuple[KeyId, ...]] = {}
    for people in lists:
        for principal, keys in people.items():
            found[principal] = tuple(sorted({*found.get(principal, ()), *keys}))
    return found
