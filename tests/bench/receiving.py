"""A fresh process of the bench: it fetches what it is told to, and says how long that took to the last byte."""

import http.client
import json
import time
from typing import Any

from tests.bench import afresh


def received(asked: dict[str, Any]) -> dict[str, Any]:
    """One GET: its milliseconds and bytes, and how many rows a list has. Raises RuntimeError for anything but 200."""
    connection = http.client.HTTPConnection(asked["address"], timeout=60)
    try:
        began = time.perf_counter()
        connection.request("GET", asked["path"], headers={"Authorization": f"Bearer {asked['token']}"})
        answer = connection.getresponse()
        octets = answer.read()
        milliseconds = (time.perf_counter() - began) * 1_000
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{asked['path']}: {answer.status} {octets[:200]!r}")
    found: dict[str, Any] = {"ms": milliseconds, "bytes": len(octets)}
    if member := asked.get("count"):
        found["rows"] = len(json.loads(octets)["_embedded"][member])
    return found


if __name__ == "__main__":
    afresh.answer(received)
