"""`muniment rebuild --check`: the log replayed on two ways, and compared with what a running service holds.

The service is the one at BASE_URL. Without one that answers, or without a token to ask it by, only the replays are
compared, which is said; whoever hands over a token means the service, and is told it as an error.
"""

import os
from pathlib import Path
from typing import Final

import aiohttp
import click
import msgspec

from projections import digest, rebuild, span_rows
from projections.rebuild import Check
from service import data_directory, errors
from service.cli import opening, options, output
from service.cli.main import ALLOWED, DENIED
from service.http import served
from service.settings import Settings

TOKEN: Final = "MUNIMENT_TOKEN"  # noqa: S105  # A variable's name, not a token.
_CONNECT_SECONDS_MAX: Final = 3.0
_ANSWER_SECONDS_MAX: Final = 300.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the service says of itself."""

    account: str
    position: int
    parts: dict[str, str]


async def check(token_file: Path | None) -> tuple[Check, Answer | None, str]:
    """What the replays came to, what the service said, and a sentence about it, in which it says why it was not asked.

    Raises what keeps the service from being asked where a token was handed over for it.
    """
    settings = options.settings().settings
    token, meant = _token(settings, token_file)
    answer, told = None, f"The service at {settings.base_url} was not asked: there is no token for it."
    if token is not None:
        try:
            answer = await _asked(settings.base_url, token)
        except (errors.Unavailable, errors.Refused) as failure:
            if meant:
                raise
            told = failure.sentence
    async with opening.opened() as app:
        head = app.replica.head
        if answer is not None and head is not None and answer.account != head.account:
            told = f"The service at {settings.base_url} serves another account."
            if meant:
                raise errors.Refused("another_account", told)
            answer = None
        connection = await app.connected("rebuild")
        try:
            with output.progress("Replaying") as tell:
                claimed = rebuild.Served(position=answer.position, parts=answer.parts) if answer else None
                found = await rebuild.check(connection, app.replica.directory, tell, claimed)
            with output.waiting("Comparing the spans"):
                if await span_rows.differ(connection):
                    found = msgspec.structs.replace(found, differing=(*found.differing, "spans"))
        finally:
            await connection.close()
    return found, answer, _verdict(settings, found, answer) if answer else told


def report(found: Check, answer: Answer | None, told: str, as_json: bool) -> int:
    """Print what a check found, and return its exit code."""
    differing = sorted({*found.differing, *found.served_differing})
    if as_json:
        output.json(
            {
                "same": not differing,
                "position": found.position,
                "digest": found.digest,
                "differing": differing,
                "served": _document(found, answer) if answer else None,
            }
        )
        if not answer:
            output.words(told)
    else:
        click.echo(found.digest)
        output.words(
            f"Replayed {found.position} records: once as a start does, and once with every page folded, taken back and"
            " folded again; and the spans anew. "
            + (
                f"They differ in: {', '.join(found.differing)}. "
                if found.differing
                else "All give the same state. "
            )
            + told
        )
    return DENIED if differing else ALLOWED


def _document(found: Check, answer: Answer) -> dict[str, object]:
    return {
        "position": answer.position,
        "digest": digest.whole(answer.parts),
        "differing": list(found.served_differing),
    }


def _verdict(settings: Settings, found: Check, answer: Answer) -> str:
    what = f"What {settings.base_url} serves at position {answer.position}"
    if found.served_differing:
        differing = ", ".join(found.served_differing)
        return f"{what} differs from the log's replay in: {differing}."
    return f"{what} is the same as the log's replay."


def _token(settings: Settings, file: Path | None) -> tuple[str | None, bool]:
    """The token to ask by, and whether it was handed over for this; the first Administrator's is merely at hand."""
    if file is not None:
        return file.read_text().strip(), True
    if given := os.environ.get(TOKEN):
        return given, True
    try:
        return (settings.data_dir / data_directory.TOKEN_FILE).read_text().strip(), False
    except OSError:
        return settings.admin_token, False


async def _asked(base_url: str, token: str) -> Answer:
    """What the service at the address holds.

    Raises Unavailable where none of ours answers, Refused where it does not tell this token.
    The token is shown to nobody who did not say before that it is one of ours.
    """
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            async with session.get(f"{base_url}/healthz", allow_redirects=False) as alive:
                if alive.status != 200 or "Muniment-Position" not in alive.headers:
                    raise errors.Unavailable(f"What answers at {base_url} is no Muniment.")
            headers = {"Authorization": f"Bearer {token}"}
            address = base_url + served.PATH
            async with session.get(address, headers=headers, allow_redirects=False) as answer:
                status, octets = answer.status, await answer.read()
    except aiohttp.ClientSSLError as failure:
        raise errors.Unavailable(
            f"The certificate of {base_url} is not trusted here; SSL_CERT_FILE names who signed it."
        ) from failure
    except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
        raise errors.Unavailable(f"No service answers at {base_url}.") from failure
    if status in (401, 403):
        raise errors.Refused(
            "not_asked", f"The service at {base_url} tells this token nothing: it needs audit:read."
        )
    try:
        if status == 200:
            return msgspec.json.decode(octets, type=Answer)
    except msgspec.MsgspecError:
        pass
    raise errors.Unavailable(f"The service at {base_url} does not say what it holds (status {status}).")
