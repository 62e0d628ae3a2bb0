"""`muniment route-table report`: a proxy's access log, line by line, as reports of what came of authorised changes."""

import http.client
import json
import select
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from service import errors
from service.cli import output

BATCH_MAX: Final = 100
PATH: Final = "/authz/v1/forward/reports"
_HEADER: Final = "x-authz-change"
_SECONDS_MAX: Final = 30.0
_PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Before each further try, and then always the last: a report that is late is as good, and one that is lost is none."""


@click.command()
@click.option("--url", required=True, metavar="URL", help="Where Muniment answers, as the proxy reaches it.")
@click.option(
    "--token-file",
    required=True,
    type=click.Path(path_type=Path),
    help="Holds the token of who reports, which needs access:evaluate.",
)
def report(url: str, token_file: Path) -> None:
    """Report what came of authorised changes, from lines of JSON on standard input, until they end.

    Each line is {"change": …, "status": …}, as nginx writes it, or an access log's line of Caddy. Others are skipped.

    For example: tail -n 0 -F /var/log/nginx/changes.log | muniment route-table report --url http://127.0.0.1:8000 …
    """
    token = token_file.read_text(encoding="utf-8").strip()
    count = 0
    for batch in _batches():
        _send(url, token, batch)
        count += len(batch)
    output.words(f"{count} change{'' if count == 1 else 's'} reported.")


def reported(line: str) -> dict[str, object] | None:
    """The report that a line of an access log is, or None for one of a request that was no change."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    change, status = document.get("change"), document.get("status")
    headers = document.get("resp_headers")
    if isinstance(headers, dict):
        values = next((it for name, it in headers.items() if name.lower() == _HEADER), None)
        change = values[0] if isinstance(values, list) and len(values) == 1 else None
    if not isinstance(change, str) or not change or not isinstance(status, int | str):
        return None
    return {"change": change, "status": status}


def _batches() -> Iterator[list[dict[str, object]]]:
    """The reports as they come in, as many together as have arrived."""
    batch: list[dict[str, object]] = []
    for line in sys.stdin:
        found = reported(line)
        if found is not None:
            batch.append(found)
        if batch and (len(batch) == BATCH_MAX or not _more()):
            yield batch
            batch = []
    if batch:
        yield batch


def _more() -> bool:
    """Whether another line may be there at once; what was read ahead counts as none, and goes one by one."""
    try:
        return bool(select.select([sys.stdin], [], [], 0)[0])
    except (OSError, ValueError):  # what is no file can be read, and not waited for
        return False


def _send(url: str, token: str, batch: list[dict[str, object]]) -> None:
    """Have a batch recorded, however long the service is away. One that it refuses is taken apart, and told."""
    tries = 0
    while True:
        status, text = _posted(url, token, {"reports": batch} if len(batch) > 1 else batch[0])
        if status == 200:
            return
        if status in (401, 403):
            raise errors.Refused("no_right", f"{url} does not take reports under this token: {text}")
        if 400 <= status < 500 and status != 429:
            if len(batch) == 1:
                output.words(f"{batch[0]['change']} was not taken ({status}): {text}")
                return
            for one in batch:
                _send(url, token, [one])
            return
        output.words(f"{url} takes no reports now ({text}); trying again.")
        time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        tries += 1


def _posted(url: str, token: str, document: object) -> tuple[int, str]:
    """(status, the answer's first line); status 0 where nothing answered."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise errors.Invalid("--url must be an address that begins with http:// or https://.", "--url")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=_SECONDS_MAX, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_SECONDS_MAX)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", parts.path.rstrip("/") + PATH, json.dumps(document), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace").partition("\n")[0][:300]
    except (OSError, http.client.HTTPException) as failure:
        return 0, str(failure) or type(failure).__name__
    finally:
        connection.close()
