"""What Postgres' spans say beyond keys and lists: who is where, what was verified last, and by whom with success."""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from projections import span_reading, span_rows
from projections.results import VerificationResult
from service.log.connect import Connection
from service.vocabulary import ApplicationId

Placed = dict[str, set[tuple[ApplicationId, str]]]
"""By place, which versions of which applications are there."""
_DECODER: Final = msgspec.json.Decoder(VerificationResult)


async def latest(
    connection: Connection, position: int, contents: Collection[str]
) -> dict[str, VerificationResult]:
    """The newest result of each of these contents that has any, at a position."""
    await span_reading.reach(connection, position)
    rows = await connection.fetch(
        span_rows.statement("span_latest_at"), position, VerificationResult.noun, list(contents)
    )
    return {row["place"]: _DECODER.decode(row["value"]) for row in rows}


async def versions_at(
    connection: Connection,
    position: int,
    noun: str,
    places: Iterable[str],
    applications: Iterable[ApplicationId],
) -> Placed:
    """Which versions of the applications are at these places (a tag, a branch, an environment), at a position."""
    await span_reading.reach(connection, position)
    found: Placed = {place: set() for place in places}
    if not found:
        return found
    rows = await connection.fetch(
        span_rows.statement("span_versions_at"), position, noun, list(found), list(applications)
    )
    for row in rows:
        found[row["place"]].add((ApplicationId(str(row["application"])), row["version"]))
    return found


async def passed(
    connection: Connection, position: int, contents: Collection[str], noun: str = "", place: str = ""
) -> set[str]:
    """Which contents a version of their provider passed: any version, or one at a place (a branch, a tag)."""
    await span_reading.reach(connection, position)
    rows = await connection.fetch(
        span_rows.statement("verified_contents"), position, list(contents), noun, place
    )
    return {row["place"] for row in rows}
