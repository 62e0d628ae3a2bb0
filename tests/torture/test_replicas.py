"""The short versions of what scripts/torture does to two replicas and to the database that they share."""

import pytest

from tests.torture import away, denied, disk_full, forked, newer, replicas, snapshotted
from tests.torture.ground import short


@pytest.mark.slow
async def test_a_frozen_replica_harms_nobody() -> None:
    """Two that write share the log fairly, a frozen one holds the other up for seconds at most, and both agree."""
    with short("replicas", rounds=1) as ground:
        await replicas.run(ground)


@pytest.mark.slow
async def test_without_the_database_what_is_known_is_told() -> None:
    """Writes are 503, reads and questions go on with position and age, and readiness follows within two seconds."""
    with short("away", rounds=1) as ground:
        await away.run(ground)


@pytest.mark.slow
async def test_a_full_disk_loses_nothing() -> None:
    """Writes are 503 while there is no room, reads go on, and with room again all is as before."""
    with short("disk_full", rounds=1) as ground:
        await disk_full.run(ground)


@pytest.mark.slow
async def test_an_older_copy_is_served_by_nobody_until_its_loss_is_recorded() -> None:
    """Running replicas stop, a start refuses, `muniment restored` says what was lost, and then all follow."""
    with short("forked", rounds=1) as ground:
        await forked.run(ground)


@pytest.mark.slow
async def test_a_record_of_an_unknown_kind_is_never_skipped() -> None:
    """Replicas stop before it and say which release wrote it, at the next start too."""
    with short("newer", rounds=1) as ground:
        await newer.run(ground)


@pytest.mark.slow
async def test_a_snapshot_that_was_killed_while_it_was_written_does_no_harm() -> None:
    """A start goes on from what this release kept of this log, replays everything else, and serves the log's fold."""
    with short("snapshotted", rounds=1) as ground:
        await snapshotted.run(ground)


@pytest.mark.slow
async def test_a_flood_of_denials_leaves_a_few_records() -> None:
    """The bot is told to wait, nobody else pays for it, and the few records say how often it was refused."""
    with short("denied", rounds=1) as ground:
        await denied.run(ground)
