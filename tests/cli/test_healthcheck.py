"""`muniment healthcheck`: what a container's engine is told. That it speaks TLS where the service does: test_tls.py."""

import signal
import socket
from pathlib import Path

import pytest

from tests import postgres
from tests.cli.test_serve import environ, muniment, served
from tests.cli.test_stopping import ops_port, until


def test_alive_and_ready_are_two_questions(database: postgres.Database, tmp_path: Path) -> None:
    """A service that drains lives and is not ready, and the sentence says why."""
    ours = environ(tmp_path / "data", database, MUNIMENT_OPS_PORT="0", SHUTDOWN_DRAIN_SECONDS="3600")
    with served(ours) as running:
        port = running.ready().rpartition(":")[2]
        for one in ({"PORT": port, "MUNIMENT_OPS_PORT": ""}, {"MUNIMENT_OPS_PORT": str(ops_port(running))}):
            ready = muniment(ours | one, "healthcheck", "--ready")
            assert (0, "") == (ready.returncode, ready.stderr)
        running.process.send_signal(signal.SIGTERM)
        until(lambda: muniment(ours | one, "healthcheck", "--ready").returncode == 1)
        for one in ({"PORT": port, "MUNIMENT_OPS_PORT": ""}, {"MUNIMENT_OPS_PORT": str(ops_port(running))}):
            stopping = muniment(ours | one, "healthcheck", "--ready")
            assert (1, "The service is shutting down.\n") == (stopping.returncode, stopping.stdout)
            assert 0 == muniment(ours | one, "healthcheck").returncode
        assert 0 == running.stop(signal.SIGINT)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PORT": "0"}, "PORT is 0: the system chose the service's port, and only its log names it."),
        ({"PORT": "http"}, "PORT must be a number from 0 to 65535, such as 9292."),
    ],
)
def test_what_cannot_be_asked_is_unhealthy(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
    """Exit 1 and a sentence: an engine knows no other code for «unhealthy»."""
    ran = muniment(environ(tmp_path) | settings, "healthcheck")
    assert (1, sentence + "\n", "") == (ran.returncode, ran.stdout, ran.stderr)


def test_nothing_there_is_unhealthy(tmp_path: Path) -> None:
    """The sentence says where nobody answered."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = muniment(environ(tmp_path) | {"PORT": str(port), "HOST": "0.0.0.0"}, "healthcheck")
    assert 1 == ran.returncode
    assert ran.stdout.startswith(f"Nothing answers on 127.0.0.1:{port}: ")
