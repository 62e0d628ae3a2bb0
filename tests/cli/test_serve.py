"""`serve`: from a command line to a service that answers, and down again."""

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.cli import demonstration, listening
from tests import postgres, service

MUNIMENT = (str(Path(sys.executable).with_name("muniment")),)
ROOT = Path(__file__).parents[2]
READY_SECONDS_MAX = 60.0


class Served:
    """A service in a process of its own. `said` is its stderr so far."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.said = ""

    def ready(self) -> str:
        """The address, once it answers."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while '"event": "ready"' not in self.said:
            assert time.monotonic() < deadline, self.said
            self.listen(1.0)
        line = next(line for line in self.said.splitlines() if '"event": "ready"' in line)
        return str(json.loads(line)["url"])

    def listen(self, seconds: float = 0.0) -> None:
        """Take in what it said meanwhile, waiting a little for something if there is nothing."""
        assert self.process.stderr is not None
        if select.select([self.process.stderr], [], [], seconds)[0]:
            read = os.read(self.process.stderr.fileno(), 65_536)
            assert read, self.said
            self.said += read.decode()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        _, rest = self.process.communicate(timeout=60)
        self.said += rest.decode()
        return self.process.returncode


@contextmanager
def served(environ: dict[str, str], *arguments: str) -> Iterator[Served]:
    """`muniment serve`, ended with the test however that ends."""
    started = subprocess.Popen(
        [*MUNIMENT, "serve", *arguments], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield Served(started)
    finally:
        if started.poll() is None:
            started.kill()
            started.communicate()


def environ(data_dir: Path, database: postgres.Database | None = None, **more: str) -> dict[str, str]:
    """An environment with our settings and nobody else's; the port is the system's choice."""
    ours = {"MUNIMENT_DATA_DIR": str(data_dir), "PORT": "0", "PATH": os.environ["PATH"], **more}
    if database is not None:
        ours |= {"DATABASE_URL": database.service_dsn, "MUNIMENT_MIGRATE_URL": database.owner_dsn}
    return ours


def muniment(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Another command, in a process of its own."""
    return subprocess.run([*MUNIMENT, *arguments], env=environ, capture_output=True, text=True, check=False)


def asked(address: str, token: str, body: object = None) -> Any:
    """The document that the service answers with."""
    data = None if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    request = urllib.request.Request(address, data, headers)  # noqa: S310  # Our own address.
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # As above.
        return json.loads(answer.read())


def test_a_port_that_is_taken(database: postgres.Database, tmp_path: Path) -> None:
    """One sentence that says so and how to choose another; exit 2, nothing made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = muniment(environ(tmp_path / "data", database), "serve", "--port", str(port))
    assert 2 == ran.returncode
    assert (
        f"muniment: Port {port} on 127.0.0.1 is taken by another program. Choose another by PORT or --port; 0 takes a "
        "free one.\n"
    ) == ran.stderr
    assert not (tmp_path / "data").exists()


def test_a_pact_brokers_port_that_is_taken() -> None:
    """Where it is the port that a Pact Broker has by default, the sentence says so."""
    taken = OSError(errno.EADDRINUSE, "Address already in use")
    assert "by another program; a Pact Broker uses 9292 too. Choose" in listening._why_not(
        taken, "127.0.0.1", 9292, "HOST", "PORT"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_ours(tmp_path: Path, host: str) -> None:
    """Exit 2 with a sentence about HOST."""
    ran = muniment(environ(tmp_path / "data"), "serve", "--host", host)
    assert 2 == ran.returncode
    assert "HOST" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_start_and_the_end(database: postgres.Database, tmp_path: Path, number: int) -> None:
    """It migrates, opens the account, says where the token is, answers to it, and ends with 0 on either signal."""
    with served(environ(tmp_path / "data", database)) as running:
        address = running.ready()
        token = (tmp_path / "data" / "admin-token").read_text().strip()
        assert str(tmp_path / "data" / "admin-token") in running.said
        assert token not in running.said
        assert "Administrator" == asked(f"{address}/user", token)["name"]
        assert 0 == running.stop(number)


def test_a_late_token_and_a_misspelt_name_are_warnings(database: postgres.Database, tmp_path: Path) -> None:
    """MUNIMENT_ADMIN_TOKEN counts at the first start; a different value later is told, and changes nothing.

    In the log both are of the level warning, so that LOG_LEVEL=warning keeps them.
    """
    first = environ(tmp_path / "data", database, MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN)
    with served(first) as running:
        running.ready()
        running.stop()
    with served(
        first | {"MUNIMENT_ADMIN_TOKEN": service.ADMIN_TOKEN[::-1], "MUNIMENT_DATADIR": "x"}
    ) as running:
        address = running.ready()
        lines = [json.loads(line) for line in running.said.splitlines()]
        warned = [line["sentence"].split(" ")[1] for line in lines if line["level"] == "warning"]
        assert ["MUNIMENT_DATADIR", "MUNIMENT_ADMIN_TOKEN"] == warned
        assert "Administrator" == asked(f"{address}/user", service.ADMIN_TOKEN)["name"]
        running.stop()


def test_commands_beside_a_running_service(database: postgres.Database, tmp_path: Path) -> None:
    """What is ordered at the console is served at once, and what is served is seen at the console."""
    ours = environ(tmp_path / "data", database, MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN)
    with served(ours) as running:
        address = running.ready()
        invited = json.loads(muniment(ours, "invite", "Sally", "sally@example.org", "--json").stdout)
        redeemed = asked(f"{address}/invitations/redeem", "", {"code": invited["code"]})
        token = next(one["value"] for one in redeemed["_embedded"]["items"] if not one["readOnly"])
        assert "Sally" == asked(f"{address}/user", token)["name"]
        assert 1 == muniment(ours, "can", "sally", "role:manage", "role:*").returncode
        assert 0 == muniment(ours, "verify").returncode
        assert 0 == running.stop()


@pytest.mark.slow
def test_the_demo(data_dir: Path) -> None:
    """A first start on embedded Postgres plays the whole story; what it says to try next works and answers."""
    ours = environ(data_dir)
    with served(ours, "--demo") as running:
        address = running.ready()
        assert '"event": "request"' not in running.said.partition("Try next")[0]
        tries = [line for line in running.said.splitlines() if line.startswith("  MUNIMENT_DATA_DIR=")]
        answers = [
            subprocess.run(["bash", "-c", one], env=ours, capture_output=True, text=True, check=False)
            for one in tries  # As they are pasted.
        ]
        assert [1, 0, 0] == [answer.returncode for answer in answers], answers
        assert "contract_data:manage on Baz is missing" in answers[0].stdout
        assert "Matt deleted the integration Foo/Bar" in answers[2].stdout
        tokens = json.loads((data_dir / "demo" / "demo.json").read_text())["tokens"]
        assert "Sally" == asked(f"{address}/user", tokens["sally"])["name"]
        assert 0 == running.stop()
    with served(ours, "--demo") as again:
        again.ready()
        assert "The demo was played before" in again.said
        assert 0 == again.stop()
    assert not (data_dir / "demo" / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("directory", "typed"),
    [
        (ROOT, "scripts/muniment"),
        (ROOT.parent, f"{ROOT.name}/scripts/muniment"),
        (ROOT / "docs", f"{ROOT}/scripts/muniment"),
    ],
)
def test_what_to_try_next_works_as_typed(directory: Path, typed: str) -> None:
    """From a checkout the commands name its own script, by the path that fits where the service was started."""
    assert typed == demonstration.program(directory)


def test_the_checkouts_own_command() -> None:
    """scripts/muniment runs any command with its arguments and its exit code."""
    ran = subprocess.run(
        [ROOT / "scripts" / "muniment", "can", "--help"], capture_output=True, text=True, check=False
    )
    assert (0, "") == (ran.returncode, ran.stderr)
    assert ran.stdout.startswith("Usage: muniment can ")


def test_the_demo_leaves_a_log_of_somebody_else_alone(database: postgres.Database, tmp_path: Path) -> None:
    """On a log that is not empty the demo is refused with a sentence, and nothing is recorded."""
    ours = environ(tmp_path / "data", database)
    with served(ours) as running:
        running.ready()
        running.stop()
    with_key = ours | {"MUNIMENT_KEY": (tmp_path / "data" / "key").read_text().strip()}
    before = muniment(with_key, "verify", "--json").stdout
    ran = muniment(with_key, "serve", "--demo")
    assert 4 == ran.returncode
    assert "The demo needs an empty log" in ran.stderr
    assert before == muniment(with_key, "verify", "--json").stdout
