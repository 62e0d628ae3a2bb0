"""`rebuild --check`: the log's replay against what a running service holds."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgres, service
from tests.service import Running

MUNIMENT = str(Path(sys.executable).with_name("muniment"))


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path) -> AsyncIterator[Running]:
    async with service.running(database, tmp_path / "serving") as started:
        yield started


async def check(
    running: Running, database: postgres.Database, place: Path, *arguments: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, which knows the service by BASE_URL."""
    ours = {
        "DATABASE_URL": database.service_dsn,
        "MUNIMENT_DATA_DIR": str(place),
        "MUNIMENT_KEY": service.KEY,
        "BASE_URL": str(running.root).rstrip("/"),
        **more,
    }
    return await asyncio.to_thread(
        subprocess.run,
        [MUNIMENT, "rebuild", "--check", *arguments],
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_what_is_served_is_the_replay(
    running: Running, database: postgres.Database, tmp_path: Path
) -> None:
    """The service is asked by the token in the environment, in a file, or by the one in the data directory."""
    await running.role("Rotator", "secret:manage:team")
    kept = tmp_path / "console"
    kept.mkdir()
    for file in (tmp_path / "token", kept / "admin-token"):
        file.write_text(f"{service.ADMIN_TOKEN}\n")
    by_variable = await check(running, database, tmp_path, "--json", MUNIMENT_TOKEN=service.ADMIN_TOKEN)
    by_file = await check(running, database, tmp_path, "--json", "--token-file", str(tmp_path / "token"))
    at_hand = await check(running, database, kept, "--json")
    for ran in (by_variable, by_file, at_hand):
        assert (0, "") == (ran.returncode, ran.stderr)
        document: Any = json.loads(ran.stdout)
        assert (True, []) == (document["same"], document["differing"])
        served = {"position": running.position, "digest": document["digest"], "differing": []}
        assert served == document["served"]


async def test_a_service_that_holds_something_else_is_found(
    running: Running, database: postgres.Database, tmp_path: Path
) -> None:
    """A part of the memory that is not what the log yields is named, and the exit code is 1."""
    await running.role("Rotator", "secret:manage:team")
    running.app.replica.directory.role_names.pop("Rotator")
    ran = await check(running, database, tmp_path, MUNIMENT_TOKEN=service.ADMIN_TOKEN)
    assert 1 == ran.returncode
    assert (
        f"serves at position {running.position} differs from the log's replay in: role_names." in ran.stderr
    )
    ran = await check(running, database, tmp_path, "--json", MUNIMENT_TOKEN=service.ADMIN_TOKEN)
    assert 1 == ran.returncode
    assert ["role_names"] == json.loads(ran.stdout)["served"]["differing"]


async def test_without_a_service_the_replays_are_compared(
    running: Running, database: postgres.Database, tmp_path: Path
) -> None:
    """Nobody to ask, or no token at hand: it says so, and compares what it can."""
    (tmp_path / "admin-token").write_text("mun_of-another-account\n")
    refused = await check(running, database, tmp_path)
    nobody = await check(running, database, tmp_path, BASE_URL="http://127.0.0.1:9")
    no_token = await check(running, database, tmp_path / "elsewhere")
    told = (
        "tells this token nothing",
        "No service answers at http://127.0.0.1:9.",
        "there is no token for it",
    )
    for ran, words in zip((refused, nobody, no_token), told, strict=True):
        assert 0 == ran.returncode
        assert words in ran.stderr
        assert "All give the same state." in ran.stderr


async def test_who_hands_over_a_token_means_the_service(
    running: Running, database: postgres.Database, tmp_path: Path
) -> None:
    """Where a check by a program cannot ask the service it was given a token for, it does not pass for a check."""
    refused = await check(running, database, tmp_path, MUNIMENT_TOKEN="mun_unknown")
    nobody = await check(running, database, tmp_path, BASE_URL="http://127.0.0.1:9", MUNIMENT_TOKEN="mun_x")
    assert (4, 5) == (refused.returncode, nobody.returncode)
