"""The people's keys, by the log: every living principal's is there and opens, and no destroyed one is."""

from collections.abc import Iterator

from service import errors
from service.events.people import PersonForgotten
from service.events.system_accounts import SystemAccountCreated
from service.events.users import PrincipalDeleted, UserCreated
from service.log import sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.recorded import Recorded
from service.vocabulary import KeyId, PrincipalId

_NAMED_MAX = 50
"""Findings that are told one by one; the rest is counted, since a lost table would fill a terminal."""


class Named:
    """Every key that a principal's creation named, with its position, until the principal is deleted.

    Beside them, every key that a forgetting destroyed.
    """

    def __init__(self) -> None:
        self._destroyed: dict[KeyId, int] = {}
        self._named: dict[PrincipalId, tuple[int, KeyId]] = {}

    def take(self, record: Recorded) -> None:
        """Follow the log by one record."""
        match event := record.data:
            case UserCreated() | SystemAccountCreated():
                self._named[event.principal] = (record.position, event.key)
            case PrincipalDeleted():
                self._named.pop(event.principal, None)
            case PersonForgotten():
                self._destroyed.update(dict.fromkeys(event.keys, record.position))
            case _:
                pass  # what other events seal stands under these keys, or under one of a reason's own

    async def disagreements(self, connection: Connection, keys: Keys) -> list[tuple[int, str]]:
        """The (position, sentence) of every key that is gone or does not open, in the order of their positions."""
        rows = await connection.fetch(sql.text("every_person_key"))
        found = list(self._judged({row["key"]: row["wrapped"] for row in rows}, keys))
        if len(found) <= _NAMED_MAX:
            return found
        position, _ = found[_NAMED_MAX]
        further = (
            f"From position {position} on the keys of {len(found) - _NAMED_MAX} more principals are gone."
        )
        return [*found[:_NAMED_MAX], (position, further)]

    def _judged(self, held: dict[KeyId, bytes], keys: Keys) -> Iterator[tuple[int, str]]:
        for key, position in self._destroyed.items():
            if key in held:
                yield (
                    position,
                    f"The key {key}, which position {position} says was destroyed, is there: a forgotten person can be"
                    " read again.",
                )
        for principal, (position, key) in self._named.items():
            if key not in held:
                yield (
                    position,
                    f"The key of the principal {principal}, made at position {position}, is gone, and no record says"
                    " that it was destroyed: nothing sealed under it can be read.",
                )
                continue
            try:
                keys.unwrap(key, held[key])
            except errors.Broken as failure:
                yield position, failure.sentence
