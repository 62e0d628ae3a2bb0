"""Proxies in front of a program: Debian's nginx and Caddy, each with the configuration that docs/forward-auth.md shows.

Nothing of it is changed but the addresses, the token and the place of a log; what is around it in a real installation
(/etc/nginx/nginx.conf, Caddy's own defaults) is the least that each of them starts with.
"""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.judges.proofs import Wrong
from tests.torture import served

PAGE: Final = Path(__file__).parents[2] / "docs" / "forward-auth.md"
_START_SECONDS_MAX: Final = 10.0
_NGINX: Final = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/client; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    {shown}
}}
"""
_CADDY: Final = "{{\n\tadmin off\n\tauto_https off\n}}\n{shown}"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's configuration does not know: where everybody is, who reports, and where files go."""

    service: int
    broker: int
    token: str
    directory: Path


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy that runs."""

    proxy: str
    port: int
    log: Path
    """Its access log, where its configuration has one."""


def shown(language: str) -> str:
    """The one block of the page in this language. Raises Wrong where there is not exactly one."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise Wrong(f"{PAGE.name} shows {len(found)} blocks of {language} in place of one.")
    return str(found[0])


def nginx(program: str, text: str, places: Places, port: int) -> tuple[str, ...]:
    """Write the configuration; the words that start it."""
    text = _placed(text, places, {"listen 80;": f"listen 127.0.0.1:{port};"})
    path = places.directory / "nginx.conf"
    path.write_text(_NGINX.format(directory=places.directory, shown=text))
    return program, "-e", "stderr", "-p", str(places.directory), "-c", str(path)


def caddy(program: str, text: str, places: Places, port: int) -> tuple[str, ...]:
    """Write the configuration; the words that start it."""
    mine = {":80 {": f":{port} {{\n\tbind 127.0.0.1"}
    text = _placed(text, places, mine | {"/var/log/caddy/": f"{places.directory}/"})
    path = places.directory / "Caddyfile"
    path.write_text(_CADDY.format(shown=text))
    return program, "run", "--adapter", "caddyfile", "--config", str(path)


STARTING: Final[dict[str, Callable[[str, str, Places, int], tuple[str, ...]]]] = {
    "nginx": nginx,
    "caddy": caddy,
}


def unguarded(text: str) -> str:
    """The configuration without what asks whether a request may pass. Raises Wrong where nothing in it does."""
    found = re.sub(
        r"^\s*auth_request\s.*?;$|^(\s*)forward_auth .*?\n\1\}$",
        "# not 127.0.0.1:9292",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    if found == text:
        raise Wrong("Nothing in this configuration asks whether a request may pass.")
    return found


@asynccontextmanager
async def running(proxy: str, program: str, text: str, places: Places) -> AsyncIterator[Front]:
    """A proxy with this configuration, for as long as the context lasts."""
    port = served.free_port()
    words = STARTING[proxy](program, text, places, port)
    said = places.directory / f"{proxy}.log"
    environ = {"PATH": os.environ["PATH"], "HOME": str(places.directory)}
    with said.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *words, env=environ, cwd=places.directory, stdout=file, stderr=file, start_new_session=True
        )
    try:
        await _listening(port, process, said)
        yield Front(proxy=proxy, port=port, log=places.directory / "broker.json")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _placed(text: str, places: Places, more: dict[str, str]) -> str:
    """The text with these in place of what it says. Raises Wrong where it does not say it."""
    words = {
        "127.0.0.1:9292": f"127.0.0.1:{places.service}",
        "127.0.0.1:9293": f"127.0.0.1:{places.broker}",
        **more,
    }
    for word in words:
        if word not in text:
            raise Wrong(f"The configuration says {word!r} nowhere.")
    for word, ours in words.items():
        text = text.replace(word, ours)
    return text.replace("mun_token-of-the-reporter", places.token)


async def _listening(port: int, process: asyncio.subprocess.Process, said: Path) -> None:
    until = asyncio.get_running_loop().time() + _START_SECONDS_MAX
    while asyncio.get_running_loop().time() < until:
        if process.returncode is not None:
            raise Wrong(f"It ended with {process.returncode}: {said.read_text(errors='replace')[-1500:]}")
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise Wrong(f"It does not listen after {_START_SECONDS_MAX:.0f} s.")
