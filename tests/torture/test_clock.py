"""A clock that is wrong, injected; scripts/torture does the same to a real service by faketime."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service import app as composition
from service import errors
from tests import given, postgres
from tests.handling import doors


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "behind"])
async def test_nothing_is_recorded_at_a_wrong_time(
    database: postgres.Database, tmp_path: Path, off: timedelta
) -> None:
    """A write is refused with a sentence about the clock, a question is answered, and all heals with the clock."""
    now = timedelta()

    def clock() -> datetime:
        return composition.clock() + now

    async with doors.opened(database, tmp_path, open_account=True, clock=clock) as app:
        # The newest record is old enough by then that no time right after it would do either.
        await doors.do(app, given.role(app.fresh, "before"))
        await asyncio.sleep(6.0 if off < timedelta() else 0.0)
        now, position = off, app.replica.position
        with pytest.raises(errors.Unavailable, match="This machine's clock is"):
            await doors.do(app, given.role(app.fresh, "while it is wrong"))
        assert position == app.replica.position
        assert app.replica.now().role_named("before") is not None
        now = timedelta()
        await doors.do(app, given.role(app.fresh, "after"))
