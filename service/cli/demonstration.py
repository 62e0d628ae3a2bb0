"""`muniment serve --demo`: the story of service/demo.py, played once over HTTP against the service itself.

It has a data directory of its own, and refuses a log that holds anything but its own finished story, which it then
serves again unchanged. Everybody's token is kept beside it, since a demo nobody can act in shows little.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from service import data_directory, demo, demo_play, errors
from service.app import App
from service.cli import logs, output
from service.demo_play import Answer, Chapter, Played, Request, Step
from service.settings import Settings

DIRECTORY: Final = "demo"
_MEMORY: Final = "demo.json"


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the finished story left, in a file of mode 0600: which account, positions by mark, tokens by person."""

    account: str
    marks: dict[str, int]
    tokens: dict[str, str]


def settings(chosen: Settings) -> Settings:
    """The demo's settings: a directory below the account's own, and Kevin as the first Administrator."""
    return msgspec.structs.replace(chosen, data_dir=chosen.data_dir / DIRECTORY, admin_email=demo.KEVIN_EMAIL)


def require(app: App, began: datetime) -> None:
    """Raise Refused for a log that was opened before this start and is not the demo's own finished story."""
    if _opened_since(app, began) or _remembered(app) is not None:
        return
    raise errors.Refused(
        "demo_log_not_empty",
        "The demo needs an empty log, and this one holds something else than a demo that was played to its end. Remove "
        f"{app.settings.data_dir} if nothing in it is needed, or name another MUNIMENT_DATA_DIR (or MUNIMENT_SCHEMA).",
    )


async def shown(app: App, began: datetime, *, quiet: bool) -> None:
    """Play the story on a log that was opened just now, and say what to try next.

    With `quiet` only what is wrong is logged meanwhile: the story tells its requests itself.
    """
    memory = None if _opened_since(app, began) else _remembered(app)
    if memory is not None:
        output.words("The demo was played before; its log is served as it is.")
    else:
        if quiet:
            logs.quiet(app.settings)
        memory = await _play(app)
        logs.serving(app.settings)
    for line in _next_steps(app, memory):
        output.words(line)


async def _play(app: App) -> Memory:
    root = _own_address(app.settings)
    token = (
        app.settings.admin_token or (app.settings.data_dir / data_directory.TOKEN_FILE).read_text().strip()
    )
    async with aiohttp.ClientSession() as session:

        async def ask(request: Request) -> Answer:
            return await _asked(session, root, request)

        return _remember(app, await demo_play.play(demo.STORY, ask, demo.ADMINISTRATOR, token, _told()))


def _told() -> Callable[[Chapter, Step, Answer], None]:
    """Tells each chapter by its title, and of its steps those that matter: what is denied, and what has a reason."""
    told: set[str] = set()

    def tell(chapter: Chapter, step: Step, answer: Answer) -> None:
        if chapter.title not in told:
            told.add(chapter.title)
            output.words(chapter.title)
        if answer.status >= 400 or step.reason:
            because = f' ("{step.reason}")' if step.reason else ""
            output.words(f"  {step.who}: {step.method} {step.path} -> {answer.status}{because}")
            if step.says:
                output.words(f"    {answer.text.removeprefix(demo.FORBIDDEN).strip()}")

    return tell


async def _asked(session: aiohttp.ClientSession, root: str, request: Request) -> Answer:
    headers = {"Authorization": f"Bearer {request.token}"} if request.token else {}
    if request.reason:
        headers["Muniment-Reason"] = request.reason
    # Its certificate is for other names than the address that this process reaches itself by.
    async with session.request(
        request.method, root + request.path, json=request.body, headers=headers, ssl=False
    ) as response:
        return Answer(
            status=response.status,
            text=await response.text(),
            position=int(response.headers.get("Muniment-Position", 0)),
        )


def _own_address(settings: Settings) -> str:
    """Where this process reaches itself, whatever BASE_URL says to others."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    scheme = "http" if settings.tls_cert_file is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _opened_since(app: App, began: datetime) -> bool:
    return app.replica.directory.instant(1) >= began


def _remembered(app: App) -> Memory | None:
    """What the demo's own finished story left for this very account, or None."""
    try:
        memory = msgspec.json.decode((app.settings.data_dir / _MEMORY).read_bytes(), type=Memory)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return memory if memory.account == _account(app) else None


def _remember(app: App, played: Played) -> Memory:
    """Kept only once the story is at its end, so that half a story is never served as the whole."""
    memory = Memory(
        account=_account(app),
        marks=played.marks,
        tokens={person: token.text() for person, token in played.tokens.items()},
    )
    path = app.settings.data_dir / _MEMORY
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(memory)))
    beside.replace(path)
    return memory


def _account(app: App) -> str:
    opening = app.replica.directory.opened
    assert opening is not None, "the account is open"
    return opening.account


def _next_steps(app: App, memory: Memory) -> list[str]:
    """Three questions about what just happened, as they can be pasted into another terminal in this directory."""
    command = f"MUNIMENT_DATA_DIR={shlex.quote(str(app.settings.data_dir))} {program(Path.cwd())}"
    before = memory.marks["before the deletion"]
    return [
        "Try next, in another terminal:",
        f"  {command} why sally contract_data:manage application:Baz",
        f"  {command} can matt contract_data:bulk_delete integration:Foo/Bar --as-of {before}",
        f"  {command} audit --touches integration:Foo/Bar",
        f"Everybody's token for the API is in {app.settings.data_dir / _MEMORY} (mode 0600).",
    ]


def program(directory: Path) -> str:
    """How this very program is run by who stands in the directory: by a checkout's script, or by its name on PATH."""
    script = Path(__file__).parents[2] / "scripts" / "muniment"
    if script.is_file():
        near = script.is_relative_to(directory)
        return shlex.quote(str(script.relative_to(directory) if near else script))
    if shutil.which("muniment"):
        return "muniment"
    return shlex.quote(str(Path(sys.argv[0]).resolve()))
