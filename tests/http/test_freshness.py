"""Two replicas on one log, and a client that writes to one and reads from the other."""

import asyncio
from pathlib import Path

from tests import postgres
from tests.service import ADMIN_TOKEN, running


async def test_what_one_replica_acknowledged_the_other_shows(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Clients of the platform never say `at_least`; a read after a write sees it all the same, on any replica."""
    async with running(database, tmp_path / "a") as first, running(database, tmp_path / "b") as second:
        for number in range(20):
            writer, other = (first, second) if number % 2 else (second, first)
            made = await writer.admin.post("/admin/teams", {"name": f"Team {number}"})
            assert 201 == made.status, made.text
            seen = await other.admin.get(f"/admin/teams/{made.json['uuid']}")
            assert (200, True) == (seen.status, seen.position >= made.position)


async def test_many_readers_share_one_look(database: postgres.Database, tmp_path: Path) -> None:
    """However many read at once, every one of them sees what was written before it asked."""
    async with running(database, tmp_path / "a") as first, running(database, tmp_path / "b") as second:
        made = await first.admin.post("/admin/teams", {"name": "A"})
        answers = await asyncio.gather(
            *(second.client(ADMIN_TOKEN).get(f"/admin/teams/{made.json['uuid']}") for _ in range(50))
        )
        assert {200} == {answer.status for answer in answers}
