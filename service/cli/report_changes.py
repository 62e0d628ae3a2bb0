"""`muniment report-changes`: what became of changes behind a proxy, told to the service from the proxy's access log."""

import http.client
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import click

from service import errors
from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

PATH: Final = "/authz/v1/forward/reports"
TOKEN: Final = "MUNIMENT_TOKEN"  # noqa: S105  # A variable's name, not a token.
_ANSWER_SECONDS_MAX: Final = 30.0
_PAUSE_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
"""Between one try and the next; the last one again and again."""
_NOT_ALLOWED: Final = (401, 403)
_TRY_LATER: Final = 429
_STATUSES: Final = range(100, 600)
_CADDY: Final = "X-Authz-Change"


@click.command(name="report-changes")
def report_changes() -> int:
    """Read a proxy's access log from standard input, and report the changes in it. Exit 1: some were not taken.

    A line is Caddy's JSON, or {"change": "…", "status": 201}; lines without a change are passed over. The service is
    the one at BASE_URL, the token that in MUNIMENT_TOKEN, which needs access:evaluate. While the service is away the
    same report is tried again; saying the same twice changes nothing.
    """
    token = os.environ.get(TOKEN, "")
    if not token:
        raise errors.Invalid(f"{TOKEN} must hold the token to report with.", TOKEN)
    base_url = options.settings().settings.base_url
    counted = Counter(taken=0, refused=0)
    for change, status in reports(sys.stdin):
        counted["taken" if _taken(base_url, token, change, status) else "refused"] += 1
    output.words(f"Reported: {counted['taken']}; refused: {counted['refused']}.")
    return DENIED if counted["refused"] else ALLOWED


def reports(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The changes with their statuses, of the lines that hold them.

    A status that is none, as a proxy writes for a client that went away, says nothing of the change.
    """
    from service.vocabulary import is_uuid  # what it imports would make help slow

    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if not isinstance(document, dict):
            continue
        change, status = _change(document), document.get("status")
        if isinstance(status, str) and status.isascii() and status.isdigit():
            status = int(status)
        if isinstance(change, str) and is_uuid(change) and type(status) is int and status in _STATUSES:
            yield change, status


def _change(document: dict[str, Any]) -> object:
    if "change" in document:
        return document["change"]
    headers = document.get("resp_headers")
    values = headers.get(_CADDY) if isinstance(headers, dict) else None
    return values[0] if isinstance(values, list) and len(values) == 1 else None


def _taken(base_url: str, token: str, change: str, status: int) -> bool:
    """Report one until somebody answers who decides. Whether it was taken; a refusal is told on stderr.

    Raises Refused where the token may not report: it could report nothing else either.
    """
    tried = 0
    while True:
        try:
            answered, text = _answer(base_url, token, {"change": change, "status": status})
            why = f"it answered {answered}"
        except (OSError, http.client.HTTPException) as failure:
            answered, text, why = 503, "", str(failure) or type(failure).__name__
        if answered in _NOT_ALLOWED:
            raise errors.Refused("not_taken", f"{base_url} takes no reports from this token: {text}")
        if answered < 500 and answered != _TRY_LATER:
            if answered != 200:
                output.words(output.plain(f"{change} was refused with {answered}: {text}"))
            return answered == 200
        if not tried:
            output.words(f"{base_url} takes no report now, and is tried again: {why}.")
        time.sleep(_PAUSE_SECONDS[min(tried, len(_PAUSE_SECONDS) - 1)])
        tried += 1


def _answer(base_url: str, token: str, body: dict[str, object]) -> tuple[int, str]:
    where = urlsplit(base_url)
    made = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = made(where.netloc, timeout=_ANSWER_SECONDS_MAX)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", where.path.rstrip("/") + PATH, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()
