"""`muniment serve`: from the settings to a service that answers, and back down without leaving anything behind."""

import asyncio
import contextlib
import errno
import importlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

import click

from service.cli import output

if TYPE_CHECKING:  # imported when serving starts, so that help stays fast
    from service.app import App
    from service.settings import Loaded

PACT_BROKER_PORT: Final = 9292
"""Taken most likely by a Pact Broker, whose default it is as well as ours."""
_DRAIN_SECONDS_MAX: Final = 30.0
"""How long requests in flight may take to finish once the service was told to stop."""
_START_SECONDS_MAX: Final = 10.0
"""How long a start that is under way may go on once the service was told to stop."""


@click.command()
@click.option(
    "--demo", is_flag=True, help="Serve a demo in a data directory of its own, with a story played in it."
)
@click.option("--host", metavar="ADDRESS", help="The address to listen on (HOST).")
@click.option("--port", metavar="NUMBER", help="The port to listen on (PORT); 0 chooses a free one.")
def serve(demo: bool, host: str | None, port: str | None) -> None:
    """Serve the account over HTTP until SIGTERM or Ctrl-C. The first start on an empty log opens the account."""
    environ = _environ(HOST=host, PORT=port)
    listening = _listen(_loaded(environ))
    # The port is known from here on, also where the system chose it, and it goes into every link.
    loaded = _loaded({**environ, "PORT": str(listening.getsockname()[1])})
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(loaded, listening, demo=demo))


async def _serve(loaded: "Loaded", listening: socket.socket, *, demo: bool) -> None:
    from service import app as application
    from service.cli import demonstration, logs

    settings = demonstration.settings(loaded.settings) if demo else loaded.settings
    logs.serving(settings)
    for warning in loaded.warnings:
        logs.announce(settings, f"{logs.WARNING} {warning}", "settings")
    stopping = _stop_signals()
    began = application.clock()
    with output.progress("Replaying the log") as tell:
        opening = application.opened(settings, open_account=True, follow=True, progress=tell)
        app = await _finished_or_stopped(opening.__aenter__(), stopping)
    if app is None:
        return
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_exit(opening)
        for notice in app.notices:
            logs.announce(settings, notice, "notice")
        if stopping.is_set():
            return
        if demo:
            demonstration.require(app, began)
        await stack.enter_async_context(_answering(app, listening))
        if demo:
            await demonstration.shown(app, began, quiet=loaded.sources["LOG_LEVEL"] == "default")
        logs.announce(settings, f"Muniment is ready at {settings.base_url}", "ready", url=settings.base_url)
        await stopping.wait()
        logs.announce(settings, "Stopping: requests in flight are finished first.", "stopping")


@contextlib.asynccontextmanager
async def _answering(app: "App", listening: socket.socket) -> AsyncIterator[None]:
    """Answer on the socket for as long as the context lasts; then finish what is in flight."""
    from aiohttp import web

    from service.http import wire
    from service.http.edge import Edge

    edge = Edge(
        settings=app.settings,
        keys=app.keys,
        fresh=app.fresh,
        replica=app.replica,
        handler=app.handler,
        reader=app.reader,
        vigil=app.vigil,
        release=app.release,
    )
    runner = wire.runner(edge, shutdown_timeout=_DRAIN_SECONDS_MAX)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


def _environ(**given: str | None) -> dict[str, str]:
    """The environment with what the command line says in its place; an option beats X and X_FILE alike."""
    chosen = {name: value for name, value in given.items() if value is not None}
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in chosen}
    return {**kept, **chosen}


def _loaded(environ: dict[str, str]) -> "Loaded":
    from service.settings import from_environment

    return from_environment(environ)


def _listen(loaded: "Loaded") -> socket.socket:
    """The listening socket, taken before anything else is started. Raises Invalid with what would help."""
    from service import errors

    host, port = loaded.settings.host, loaded.settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=512)
    except socket.gaierror as failure:
        raise errors.Invalid(
            f"HOST is {host}, which is no address of this machine: {failure.strerror}."
        ) from failure
    except OSError as failure:
        raise errors.Invalid(_why_not(failure, host, port)) from failure


def _why_not(failure: OSError, host: str, port: int) -> str:
    other = "Choose another by PORT or --port; 0 takes a free one."
    match failure.errno:
        case errno.EADDRINUSE:
            broker = f"; a Pact Broker uses {PACT_BROKER_PORT} too" if port == PACT_BROKER_PORT else ""
            return f"Port {port} on {host} is taken by another program{broker}. {other}"
        case errno.EACCES:
            return f"Port {port} may only be opened by root. {other}"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine. HOST or --host names another, such as 127.0.0.1."
        case _:
            return f"Nothing can listen on {host}, port {port}: {failure.strerror}."


def _stop_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. A second one ends the process at once, as it would any other."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        stopping.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return stopping


async def _finished_or_stopped(work: Any, stopping: asyncio.Event) -> Any:
    """What the work yields, or None where it went on for long after the service was told to stop.

    Starting Postgres half and leaving would leave it behind; so a start is ended only when it takes unusually long.
    """
    running, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({running}, timeout=_START_SECONDS_MAX)
        if running.done():
            return running.result()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return None
    finally:
        stopped.cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
