"""`muniment serve`: from the settings to a service that answers, and back down without leaving anything behind."""

import asyncio
import contextlib
import gc
import importlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final

import click

from service.cli import listening, output
from service.cli.stopping import Stopping

if TYPE_CHECKING:  # imported when serving starts, so that help stays fast
    from service.app import App
    from service.operations import Operations
    from service.settings import Loaded, Settings
    from service.tls import Certificate

FLIGHT_SECONDS_MAX: Final = 30.0
"""How long requests in flight may take to finish once nothing new is accepted."""


@click.command()
@click.option(
    "--demo", is_flag=True, help="Serve a demo in a data directory of its own, with a story played in it."
)
@click.option("--host", metavar="ADDRESS", help="The address to listen on (HOST).")
@click.option("--port", metavar="NUMBER", help="The port to listen on (PORT); 0 chooses a free one.")
def serve(demo: bool, host: str | None, port: str | None) -> None:
    """Serve the account over HTTP until SIGTERM or Ctrl-C. The first start on an empty log opens the account."""
    environ = _with(dict(os.environ), HOST=host, PORT=port)
    chosen = _loaded(environ).settings
    clients = listening.on(chosen.host, chosen.port)
    # The ports are known from here on, also where the system chose them, and go into every link and line.
    environ = _with(environ, PORT=str(clients.getsockname()[1]))
    operators = None
    if chosen.ops_port is not None:
        operators = listening.for_operators(chosen.ops_host, chosen.ops_port)
        environ = _with(environ, MUNIMENT_OPS_PORT=str(operators.getsockname()[1]))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(_loaded(environ), clients, operators, demo=demo))


async def _serve(
    loaded: "Loaded", clients: socket.socket, operators: socket.socket | None, *, demo: bool
) -> None:
    from service import app as application
    from service.cli import demonstration, logs

    settings = demonstration.settings(loaded.settings) if demo else loaded.settings
    logs.serving(settings)
    for warning in loaded.warnings:
        logs.announce(settings, f"{logs.WARNING} {warning}", "settings")
    stopping = Stopping()
    began = application.clock()
    async with contextlib.AsyncExitStack() as stack:
        certificate = await stack.enter_async_context(_certificate(settings))
        operations = await stack.enter_async_context(_operations(operators))
        with output.progress("Replaying the log") as tell:
            opening = application.opened(settings, open_account=True, follow=True, progress=tell)
            app = await stopping.finished(opening.__aenter__())
        if app is None:
            return
        stack.push_async_exit(opening)
        for notice in app.notices:
            logs.announce(settings, notice, "notice")
        if stopping.told():
            return
        if demo:
            demonstration.require(app, began)
        if operations is not None:
            operations.watch(app, certificate, (application.clock() - began).total_seconds())
        await stack.enter_async_context(_answering(app, clients, certificate, operations))
        if demo:
            await demonstration.shown(app, began, quiet=loaded.sources["LOG_LEVEL"] == "default")
        ports = {} if operators is None else {"ops_port": operators.getsockname()[1]}
        logs.announce(
            settings, f"Muniment is ready at {settings.base_url}", "ready", url=settings.base_url, **ports
        )
        await stopping.wait()
        app.vigil.stopping = True  # from here on not ready, and no connection is kept
        logs.announce(settings, "Stopping: requests in flight are finished first.", "stopping")
        await stopping.drained(settings.drain_seconds)


def _collect_seldom() -> None:
    """Spare the collector what stays: the log's facts, held from the start or folded since, are never garbage.

    With its usual thresholds it looks at each of them three times and more, for a sixth of all processor time.
    """
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)


@contextlib.asynccontextmanager
async def _answering(
    app: "App", clients: socket.socket, certificate: "Certificate | None", operations: "Operations | None"
) -> AsyncIterator[None]:
    """Answer on the socket for as long as the context lasts; then finish what is in flight."""
    from service.http import wire
    from service.http.edge import Edge, unobserved

    _collect_seldom()
    edge = Edge(
        settings=app.settings,
        keys=app.keys,
        fresh=app.fresh,
        replica=app.replica,
        handler=app.handler,
        reader=app.reader,
        vigil=app.vigil,
        uses=app.uses,
        client=app.client,
        release=app.release,
        answered=unobserved if operations is None else operations.metrics.requested,
    )
    runner = wire.runner(edge, shutdown_timeout=FLIGHT_SECONDS_MAX)
    await runner.setup()
    try:
        spoken = None if certificate is None else certificate.context
        await wire.Site(runner, clients, ssl_context=spoken).start()
        if operations is not None and (server := runner.server) is not None:
            operations.metrics.connected(lambda: len(server.connections))
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _operations(operators: socket.socket | None) -> "AsyncIterator[Operations | None]":
    """What answers on the operators' port, if there is one: from now on, so that a long replay can be watched."""
    if operators is None:
        yield None
        return
    from service.operations import Operations

    operations = Operations()
    async with operations.answering(operators):
        yield operations


@contextlib.asynccontextmanager
async def _certificate(settings: "Settings") -> "AsyncIterator[Certificate | None]":
    """The certificate, if there is one, read again on SIGHUP and when it changes. Raises Invalid for a broken one."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        yield None
        return
    from service.tls import Certificate

    certificate = Certificate(settings.tls_cert_file, settings.tls_key_file)
    loop = asyncio.get_running_loop()
    # Without TLS SIGHUP keeps its meaning: the terminal is gone.
    loop.add_signal_handler(signal.SIGHUP, certificate.reload)
    watching = asyncio.create_task(certificate.watch(), name="muniment certificate")
    try:
        yield certificate
    finally:
        watching.cancel()
        loop.remove_signal_handler(signal.SIGHUP)


def _with(environ: dict[str, str], **given: str | None) -> dict[str, str]:
    """The environment with what was given in its place, which beats X and X_FILE alike."""
    chosen = {name: value for name, value in given.items() if value is not None}
    kept = {name: value for name, value in environ.items() if name.removesuffix("_FILE") not in chosen}
    return {**kept, **chosen}


def _loaded(environ: dict[str, str]) -> "Loaded":
    from service.settings import from_environment

    return from_environment(environ)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
