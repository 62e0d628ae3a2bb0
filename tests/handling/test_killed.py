"""The embedded server is killed under writers: what was acknowledged is there when it is back."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from service import app as composition
from service import embedded_postmaster
from service.log import recorded
from service.settings import from_environment
from tests import service
from tests.handling.test_door import roles_made, write


@pytest.mark.slow
async def test_killing_postgres_under_writers_loses_nothing_acknowledged(data_dir: Path) -> None:
    """After kill -9 of Postgres the service starts it again, and every acknowledged order is in the log once."""
    settings = from_environment(
        {
            "MUNIMENT_DATA_DIR": str(data_dir),
            "MUNIMENT_KEY": service.KEY,
            "MUNIMENT_ADMIN_TOKEN": service.ADMIN_TOKEN,
        }
    ).settings
    acknowledged: dict[str, int] = {}
    async with composition.opened(settings, open_account=True) as app:

        async def lifelong(writer: int) -> None:
            for n in range(12):
                await write(app, f"role {writer}-{n}", acknowledged, f"key {writer}-{n}")

        async def kill() -> None:
            while len(acknowledged) < 32:
                await asyncio.sleep(0.005)
            postmaster = embedded_postmaster.claimed(data_dir / "postgres")
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)

        await asyncio.gather(kill(), *(lifelong(n) for n in range(16)))
        connection = await app.connected("read")
        try:
            rows = await connection.fetch("select entry from log order by position")
        finally:
            await connection.close()
    assert 12 * 16 == len(acknowledged)
    assert acknowledged == roles_made([recorded.decode(row["entry"]) for row in rows])
