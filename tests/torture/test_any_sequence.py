"""The short version of what scripts/torture does with any sequence of what can happen."""

import pytest

from tests import postgres
from tests.torture import any_sequence


@pytest.mark.slow
def test_served_state_is_the_logs_fold_is_the_naive_model(postgres_server: postgres.Server) -> None:
    """Through retries, crashes, restarts, snapshots and lost replies, at every position of every history."""
    any_sequence.tried(postgres_server, examples=3, steps=30, derandomize=True)
