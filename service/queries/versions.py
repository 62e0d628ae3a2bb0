"""Questions about versions, their branches and labels that only Postgres can answer, as of a position."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from projections import span_reading, span_rows
from projections.branches import BranchVersion
from projections.versions import Tag, Version
from service.log.connect import Connection
from service.vocabulary import ApplicationId

_BESIDE: Final[dict[str, type[Any]]] = {one.noun: one for one in (Tag, BranchVersion)}


class Beside(msgspec.Struct, kw_only=True):
    """What versions of one application have, by their numbers, oldest first. `heads`: each branch's latest version."""

    tags: dict[str, list[Tag]] = {}
    branches: dict[str, list[BranchVersion]] = {}
    heads: dict[str, str] = {}


async def beside(
    connection: Connection, position: int, application: ApplicationId, numbers: Sequence[str]
) -> Beside:
    """What these versions have, as it was at the position. Raises Unavailable."""
    await span_reading.reach(connection, position)
    kept: dict[str, dict[str, list[Any]]] = {noun: {} for noun in _BESIDE}
    rows = await connection.fetch(
        span_rows.statement("spans_of_versions"), position, application, list(_BESIDE), list(numbers)
    )
    for row in rows:
        fact = msgspec.json.decode(row["value"], type=_BESIDE[row["noun"]])
        kept[row["noun"]].setdefault(fact.version, []).append(fact)
    tags, branches = kept[Tag.noun], kept[BranchVersion.noun]
    named = {one.branch for held in branches.values() for one in held}
    latest = await heads(connection, position, application, named)
    return Beside(tags=tags, branches=branches, heads=latest)


async def heads(
    connection: Connection, position: int, application: ApplicationId, branches: Iterable[str]
) -> dict[str, str]:
    """The number of the version that was put last on each branch that has any. Raises Unavailable."""
    wanted = sorted(branches)
    if not wanted:
        return {}
    await span_reading.reach(connection, position)
    rows = await connection.fetch(span_rows.statement("branch_heads"), position, application, wanted)
    return {row["branch"]: row["version"] for row in rows}


async def latest_tagged(
    connection: Connection, position: int, application: ApplicationId, tag: str
) -> Version | None:
    """Of the versions that carry the tag the one that came last. Raises Unavailable."""
    await span_reading.reach(connection, position)
    value = await connection.fetchval(
        span_rows.statement("latest_tagged_version"), position, application, tag
    )
    return None if value is None else msgspec.json.decode(value, type=Version)


async def labels(connection: Connection, position: int) -> dict[ApplicationId, list[str]]:
    """The labels of every application that carries any, by name. Raises Unavailable."""
    await span_reading.reach(connection, position)
    found: dict[ApplicationId, list[str]] = {}
    for row in await connection.fetch(span_rows.statement("labels_in_use"), position):
        found.setdefault(ApplicationId(row["application"]), []).append(row["label"])
    return found
