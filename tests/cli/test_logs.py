"""What the service says of itself: to programs as lines of JSON, to people on a terminal, and of nobody to either."""

import json
import os
import pty
import select
import subprocess
import time
import urllib.request
from pathlib import Path

from tests import postgres, service
from tests.cli.test_serve import MUNIMENT, Served, asked, environ, served

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
EMAIL = "kevin.sesame@example.org"


def lines(running: Served) -> list[dict[str, object]]:
    return [json.loads(line) for line in running.said.splitlines()]


def test_every_line_is_json_with_time_and_level_and_names_its_request(
    database: postgres.Database, tmp_path: Path
) -> None:
    """A request is found again by its own id, and by its trace where it is part of one; a query is never logged."""
    ours = environ(
        tmp_path / "data", database, MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN, MUNIMENT_ADMIN_EMAIL=EMAIL
    )
    with served(ours) as running:
        address = running.ready()
        headers = {
            "Authorization": f"Bearer {service.ADMIN_TOKEN}",
            "X-Request-ID": "sesame-1",
            "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
        }
        request = urllib.request.Request(f"{address}/admin/users?email={EMAIL}", headers=headers)  # noqa: S310  # ours
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # Our own address.
        asked(f"{address}/user", service.ADMIN_TOKEN)
        asked(f"{address}/readyz", "")
        body = {"name": "Sally", "email": "sally.sesame@example.org"}
        asked(f"{address}/admin/users/invite-user", service.ADMIN_TOKEN, body)
        assert 0 == running.stop()
    said = lines(running)
    assert [] == [line for line in said if not {"timestamp", "level", "event"} <= line.keys()]
    requests = [line for line in said if line["event"] == "request"]
    assert [("sesame-1", TRACE)] == [(line["request"], line["trace"]) for line in requests if "trace" in line]
    assert all(line["request"] for line in requests)
    assert [] == [
        line for line in requests if line["path"] == "/readyz"
    ]  # all is well: nobody needs to read it
    for secret in (service.ADMIN_TOKEN, EMAIL, "sally.sesame", "Sally"):
        assert secret not in running.said
    for file in (tmp_path / "data").iterdir():
        assert file.suffix or file.read_text().strip() not in running.said


def test_people_on_a_terminal_get_words(database: postgres.Database, tmp_path: Path) -> None:
    """LOG_FORMAT=auto looks at stderr: on a terminal there is no JSON, and LOG_FORMAT=json is JSON there too."""
    ours = environ(tmp_path / "data", database)
    shown = on_a_terminal(ours, "Muniment is ready at")
    assert "Muniment is ready at http://127.0.0.1:" in shown
    assert "{" not in shown
    assert '{"' in on_a_terminal(ours | {"LOG_FORMAT": "json"}, '"event": "ready"')


def on_a_terminal(environ: dict[str, str], until: str) -> str:
    """What `serve` shows on a terminal, from its start to its end; it is stopped when it shows `until`."""
    ours, theirs = pty.openpty()
    started = subprocess.Popen([*MUNIMENT, "serve"], env=environ, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    shown, deadline = "", time.monotonic() + 60
    try:
        while until not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([ours], [], [], 1.0)[0]:
                shown += os.read(ours, 65_536).decode()
        started.terminate()
        while select.select([ours], [], [], 20.0)[0]:
            try:
                shown += os.read(ours, 65_536).decode()
            except OSError:  # nobody holds the other end any more
                break
        assert 0 == started.wait(20)
    finally:
        started.kill()
        started.wait()
        os.close(ours)
    return shown
