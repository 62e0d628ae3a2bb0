"""What docs/webhooks.md tells somebody to type works as it stands there."""

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final

from service.settings import WEBHOOK_RETRY_SECONDS
from tests import postgres, receiver
from tests.webhooks import serving

PAGE: Final = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
_COMMAND: Final = re.compile(r"^\$ (curl (?:.*\\\n)*.*)$", re.MULTILINE)


async def test_the_first_webhook_of_the_page_is_made_and_sent(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Typed one after the other, its commands make a secret and a webhook, and send it with the secret's value."""
    statuses: list[int] = []
    answer: dict[str, Any] = {}
    async with (
        receiver.listening() as there,
        serving.running(database, tmp_path) as service,
    ):
        for method, path, body in _commands():
            text = body.replace("https://ci.example.org", there.url("").rstrip("/"))
            got = await service.admin.ask(method, path, json=json.loads(text) if text else None)
            statuses.append(got.status)
            answer = got.json
        (arrived,) = await there.count(1)
    assert [201, 201, 200] == statuses
    assert answer["success"] is True
    assert "/build/placeholder-provider" == arrived.target
    assert "Bearer what the receiver wants to see" == arrived.headers["Authorization"]


def test_the_page_says_how_long_is_tried() -> None:
    """Who reads for how long a receiver may be away is not told less than the default delays come to."""
    assert "seven more within an hour and twenty minutes" in PAGE
    assert 7 == len(WEBHOOK_RETRY_SECONDS)
    assert 75 * 60 < sum(WEBHOOK_RETRY_SECONDS) <= 80 * 60


def _commands() -> list[tuple[str, str, str]]:
    """(method, path, body or nothing) of each command that the page shows."""
    found = []
    for command in _COMMAND.findall(PAGE):
        words = shlex.split(command.replace("\\\n", " "))
        (url,) = (word for word in words if word.startswith("$URL/"))
        body = words[words.index("-d") + 1] if "-d" in words else ""
        found.append((words[words.index("-X") + 1], url.removeprefix("$URL"), body))
    return found
