"""What webhooks sent and owe, as of a position: lists, and the log of one delivery in words."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from projections import span_reading, span_rows
from projections.deliveries import Attempt, Delivery, State
from service.log.connect import Connection
from service.sending import Attempted
from service.vocabulary import ApplicationId, WebhookId

NOT_YET: Final = "Webhook has not executed yet. Please retry in a few seconds."
"""The open-source broker's sentence, which its clients may wait for."""
PROBLEMS: Final = {
    "status": "this status is no success: only 2xx is",
    "redirect": "the receiver redirects elsewhere, which is not followed",
    "target_denied": "the address is none that webhooks may reach: it is not public, and not in"
    " MUNIMENT_WEBHOOK_ALLOWED_NETWORKS",
    "connection": "the receiver could not be reached, or broke off",
    "tls": "no secure connection came about: the receiver's certificate or its protocol is not accepted",
    "timeout": "the receiver did not answer in time",
    "dns": "the host's name has no address",
    "bad_request": "the request cannot be sent once it is filled in",
    "vault": "a part of the request is not in the vault, or does not open",
}
"""What an attempt's code for a failure means (`service.sending.PROBLEMS`)."""
Tried = Attempt | Attempted
_DECODER: Final = msgspec.json.Decoder(Delivery)


async def of_webhook(
    connection: Connection,
    position: int,
    webhook: WebhookId,
    state: State | None = None,
    *,
    skip: int = 0,
    size: int | None = None,
) -> tuple[list[Delivery], int]:
    """A page of a webhook's deliveries, the newest first, and how many there are in all. Raises Unavailable."""
    await span_reading.reach(connection, position)
    asked = (position, webhook, state or "")
    total: int = await connection.fetchval(span_rows.statement("deliveries_count"), *asked)
    rows = await connection.fetch(
        span_rows.statement("deliveries_page"), *asked, skip, total if size is None else size
    )
    return [_DECODER.decode(row["value"]) for row in rows], total


async def of_versions(
    connection: Connection,
    position: int,
    consumer: ApplicationId,
    provider: ApplicationId,
    versions: Sequence[str],
) -> list[Delivery]:
    """What contracts of a pair brought about in these versions of its consumer, the newest first."""
    await span_reading.reach(connection, position)
    rows = await connection.fetch(
        span_rows.statement("spans_of_versions"), position, consumer, [Delivery.noun], list(versions)
    )
    found = [_DECODER.decode(row["value"]) for row in rows]
    return [one for one in reversed(found) if one.provider == provider]


async def latest(
    connection: Connection,
    position: int,
    consumer: ApplicationId,
    provider: ApplicationId,
    webhooks: Sequence[WebhookId],
) -> list[Delivery]:
    """Each of these webhooks' latest delivery for a pair, one a kind of event, the oldest first. Tests do not count."""
    if not webhooks:
        return []
    await span_reading.reach(connection, position)
    rows = await connection.fetch(
        span_rows.statement("deliveries_latest"), position, consumer, provider, list(webhooks)
    )
    return [_DECODER.decode(row["value"]) for row in rows]


def log(delivery: Delivery, where: Sequence[str], held: str = "") -> str:
    """Every attempt of a delivery in words, and what comes next. `where` each went: `POST https://ci.example.org`.

    `held` says why nothing is sent from here (`service.holding`): else who reads it would wait for what never comes.

    Nothing of it comes from the receiver but a status and a number of bytes.
    """
    attempts = zip(delivery.attempts, where, strict=True)
    text = "".join(lines(number, attempt, place) for number, (attempt, place) in enumerate(attempts, start=1))
    if delivery.state == "abandoned":
        return f"{text}The webhook is deleted or disabled: this is not sent any more.\n"
    if held and delivery.state == "owed":
        before = text or f"{NOT_YET}\n"
        return f"{before}Nothing is sent from here: {held}\n"
    if not text:
        return NOT_YET
    if delivery.next_at is not None:
        return f"{text}The next attempt is due at {_time(delivery.next_at)}.\n"
    return text


def lines(number: int, attempt: Tried, where: str) -> str:
    """One attempt in words, each line with its time."""
    began = _time(attempt.sent_at)
    ended = _time(attempt.sent_at + timedelta(milliseconds=attempt.milliseconds))
    found = [f"[{began}] INFO: Attempt {number}: {where}"]
    if attempt.unresolved:
        names = ", ".join(f"${{{name}}}" for name in attempt.unresolved)
        found.append(f"[{began}] WARN: Nothing stands for {names}: sent as it is written")
    if attempt.status is not None:
        octets = "" if attempt.response_bytes is None else f", {attempt.response_bytes} bytes"
        found.append(f"[{ended}] INFO: Status {attempt.status} after {attempt.milliseconds} ms{octets}")
    if attempt.success:
        found.append(f"[{ended}] INFO: Webhook execution succeeded")
    else:
        found.append(f"[{ended}] ERROR: Webhook execution failed: {problem(attempt.problem)}")
    return "".join(f"{line}\n" for line in found)


def problem(code: str) -> str:
    """What a code for a failure means."""
    return PROBLEMS.get(code, code)


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
