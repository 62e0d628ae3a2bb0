"""Sealing again, under the secret that is in force, what stands under an earlier one: values and people's keys.

It is the tables' owner's work, since the serving role may not change such a row, and runs beside a service. Nothing new
comes to stand under the earlier secret meanwhile: whoever appends has folded the record that changed over. A row is
changed only if it is still what was read, so one that a service deletes stays deleted. Interrupted, it goes on where it
was when it is run again.
"""

from collections.abc import Callable

import msgspec

from service import errors
from service.log import sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.vocabulary import KeyId, VaultRef

_ROWS = {"person_key": 500, "vault": 50}
"""Rows in memory at once: a contract's body may have megabytes."""
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many values and people's keys stand under the secret with this fingerprint; it is empty for the first one."""

    fingerprint: str
    values: int = 0
    people: int = 0


async def standing(connection: Connection) -> dict[str, Standing]:
    """What stands under which secret, by its fingerprint."""
    found: dict[str, Standing] = {}
    for row in await connection.fetch(sql.text("sealed_under")):
        one = found.get(row["fingerprint"], Standing(fingerprint=row["fingerprint"]))
        field = "values" if row["place"] == "vault" else "people"
        found[one.fingerprint] = msgspec.structs.replace(one, **{field: row["count"]})
    return found


async def rewrap(connection: Connection, keys: Keys, progress: Callable[[int, int], None]) -> int:
    """Seal everything again that does not stand under `keys.sealing`. Returns how many rows were changed.

    Raises Broken for a row that does not open, before it is touched, or if one is left at the end.
    """
    total = sum(one.values + one.people for one in (await standing(connection)).values())
    done = changed = 0
    for table, limit in _ROWS.items():
        after = _BEFORE_ALL
        while rows := await connection.fetch(sql.text(f"elsewhere_{table}"), after, keys.sealing, limit):
            after = rows[-1]["name"]
            before = [row["sealed"] for row in rows]
            names = [row["name"] for row in rows]
            again = [_again(table, name, sealed, keys) for name, sealed in zip(names, before, strict=True)]
            status = await connection.execute(sql.text(f"rewrap_{table}"), names, before, again)
            changed += int(status.rpartition(" ")[2])
            done += len(rows)
            progress(min(done, total), total)
    for table in _ROWS:
        if await connection.fetch(sql.text(f"elsewhere_{table}"), _BEFORE_ALL, keys.sealing, 1):
            raise errors.Broken(
                "Something still stands under an earlier key: it came there meanwhile. Run this again; if it stays, see"
                " `muniment keys show`."
            )
    return changed


def _again(table: str, name: str, sealed: bytes, keys: Keys) -> bytes:
    if table == "vault":
        ref = VaultRef(name)
        return keys.seal_vault(ref, keys.open_vault(ref, sealed))
    key = KeyId(name)
    return keys.wrap(key, keys.unwrap(key, sealed))
