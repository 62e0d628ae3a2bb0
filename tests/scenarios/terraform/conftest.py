"""A run of the provider against the running service, as its first Administrator."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from tests import service
from tests.scenarios.terraform.client import Client
from tests.scenarios.terraform.core import PARALLELISM, Run
from tests.service import Running

Runs = Callable[..., Run]
"""Makes a run with a state and a client of its own: `runs()`, `runs(parallelism=1)`, `runs(token=…)`."""


@pytest.fixture
async def runs(running: Running) -> AsyncIterator[Runs]:
    """Every run speaks to the host with a base path, which the provider's client drops."""
    async with aiohttp.ClientSession() as session:

        def make(parallelism: int = PARALLELISM, token: str = service.ADMIN_TOKEN) -> Run:
            return Run(Client(session, f"{running.root}dropped/base/path", token), parallelism)

        yield make


@pytest.fixture
def run(runs: Runs) -> Run:
    """One run, ten operations at a time."""
    return runs()
