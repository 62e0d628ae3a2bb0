"""nginx and Caddy before a program that knows no permissions: Debian's own, by the page's words, this service deciding.

The program is a stub that notes whatever reaches it. What reached it is held against what may, the answers against the
decisions, and the record against both.
"""

import asyncio
import os
import shlex
import signal
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from service import demo
from tests import receiver
from tests.judges import acts, company, fronts, gate, probes, tools
from tests.judges.company import Company
from tests.judges.fronts import Places
from tests.judges.gate import Gate
from tests.judges.proofs import Proofs, Wrong, require
from tests.judges.tools import Tools
from tests.torture import served

TABLE: Final = "pact-broker"
_TABLE_FILE: Final = Path(__file__).parents[2] / "service" / "catalogue" / "examples" / "pact-broker.toml"
_ROLES: Final = {
    "reporter": ("access:evaluate:*",),
    "owner": ("contract_data:manage:own",),
    "publisher": ("contract_data:manage:*",),
    "member": ("contract_data:manage:team",),
}
"""System accounts beside the company's, by what their role holds."""
_SLOW_SECONDS: Final = 30.0
_AGAIN: Final = 30
"""So many answers are enough where a proxy asks again."""
_BROKEN: Final = (500, 502, 503, 504, 404, 302, 400, 403, 401)
"""Answers of a service that are no yes."""


async def nginx(proofs: Proofs, found: Tools) -> None:
    """Debian's nginx, with auth_request."""
    await judged("nginx", tools.program(found.nginx), fronts.shown("nginx"), proofs)


async def caddy(proofs: Proofs, found: Tools) -> None:
    """Debian's Caddy, with forward_auth."""
    await judged("caddy", tools.program(found.caddy), fronts.shown("caddyfile"), proofs)


async def judged(proxy: str, program: str, text: str, proofs: Proofs) -> None:
    """Prove every probe through this proxy with this configuration, and that the record holds them and nothing else."""
    async with company.opened(proxy) as ours, receiver.listening() as broker:
        await peopled(ours)
        places = Places(
            service=ours.service.port,
            broker=broker.port,
            token=ours.tokens["reporter"],
            directory=_made(ours.directory / proxy),
        )
        began = await ours.position()
        async with fronts.running(proxy, program, text, places) as front, _reporting(proxy, ours, front.log):
            at = Gate(ours, front, broker)
            for probe in probes.probes():
                with proofs.of(probe.claim):
                    await at.tried(probe)
            for claim, proving in probes.READINGS.items():
                with proofs.of(claim):
                    await proving(at)
            with proofs.of("who published an application's first contract is its creator"):
                await _is_creator(ours)
            await _closed(proxy, program, text, proofs, at)
            with proofs.of("this judge finds out the same configuration without what asks"):
                await _finds_out(proxy, program, fronts.unguarded(text), at, places)
        with proofs.of("GET /audit names exactly these changes, and each denial with the missing permission"):
            acts.compared(at.acts, await ours.trail(began), counted=False)
        with proofs.of("so does muniment audit, with how often each was denied"):
            acts.compared(at.acts, await ours.stopped(began), counted=True)


async def peopled(ours: Company) -> None:
    """The table adopted, and whoever the probes need beside the company."""
    table = tomllib.loads(_TABLE_FILE.read_text("utf-8"))
    answer = await ours.ask(demo.ADMINISTRATOR, "PUT", f"/admin/route-tables/{TABLE}", table)
    if answer.status != 200:
        raise Wrong(f"The table was not adopted: {answer.status} {answer.text}")
    for name, scopes in _ROLES.items():
        permissions = [{"scope": one} for one in scopes]
        role = await company.made(ours, "/admin/roles", name=name.capitalize(), permissions=permissions)
        await company.account(ours, name, [role])
    await company.made(ours, "/pacticipants", name="Qux")


@asynccontextmanager
async def _reporting(proxy: str, ours: Company, log: Path) -> AsyncIterator[None]:
    """Whoever reports from the access log, by the page's own command, where the proxy does not report by itself."""
    if proxy != "caddy":
        yield
        return
    line = fronts.shown("sh").replace("/var/log/caddy/broker.json", shlex.quote(str(log)))
    log.touch()
    environ = {
        "PATH": f"{Path(served.MUNIMENT).parent}:{os.environ['PATH']}",
        "BASE_URL": ours.url,
        "MUNIMENT_TOKEN": ours.tokens["reporter"],
        "MUNIMENT_DATA_DIR": str(ours.service.data_dir),
    }
    process = await asyncio.create_subprocess_exec("sh", "-c", line, env=environ, start_new_session=True)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _is_creator(ours: Company) -> None:
    answer = await ours.ask(demo.ADMINISTRATOR, "GET", "/pacticipants/Newer")
    require(answer.status == 200, f"There is no application Newer: {answer.status}")
    answer = await ours.ask(demo.ADMINISTRATOR, "GET", "/pacticipants/Failing")
    require(answer.status == 404, f"What was not made is there all the same: {answer.status} {answer.text}")


async def _closed(proxy: str, program: str, text: str, proofs: Proofs, at: Gate) -> None:
    """The same proxy before a service that is not what it should be: nothing passes, whatever is wrong with it."""
    told = [("GET", "/pacticipants"), ("PUT", probes.FOO), ("GET", "/css/x.css")]
    async with receiver.listening() as service:
        places = Places(
            service=service.port,
            broker=at.broker.port,
            token="nobody's",
            directory=_made(at.company.directory / "closed"),
        )
        async with fronts.running(proxy, program, text, places) as front:
            closed = Gate(at.company, front, at.broker)
            with proofs.of("a service that answers anything but yes lets nothing through"):
                for status in _BROKEN:
                    service.answers += [status] * len(told)
                    for method, target in told:
                        await closed.stopped_at(f"{method} {target}", f"the service answered {status}")
            with proofs.of("a service that breaks off lets nothing through"):
                service.answers += [_broken_off] * _AGAIN
                for method, target in told:
                    await closed.stopped_at(f"{method} {target}", "the service broke off")
                service.answers.clear()
            with proofs.of("a service that is slow lets nothing through"):
                service.answers += [_slow] * _AGAIN
                await asyncio.gather(
                    *(closed.refused(f"{method} {target}", "the service was slow") for method, target in told)
                )
                closed.nothing_reached("the service was slow")
                service.answers.clear()
            with proofs.of("that proxy does let through where the service says yes"):
                await closed.let_through("GET /css/x.css")
        places = gate.moved(places, served.free_port())
        async with fronts.running(proxy, program, text, places) as front:
            closed = Gate(at.company, front, at.broker)
            with proofs.of("a service that is down lets nothing through"):
                for method, target in told:
                    await closed.stopped_at(f"{method} {target}", "the service was down")


async def _finds_out(proxy: str, program: str, text: str, at: Gate, places: Places) -> None:
    """Raise Wrong unless every probe that must not pass is found to have passed here."""
    places = gate.elsewhere(places, _made(at.company.directory / "unguarded"))
    async with fronts.running(proxy, program, text, places) as front:
        for probe in probes.probes():
            if probe.reaches:
                continue
            try:
                await Gate(at.company, front, at.broker).tried(probe)
            except Wrong:
                continue
            raise Wrong(f"{probe.claim}: it passed, and nothing was said.")


async def _slow(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(_SLOW_SECONDS)
    return web.Response(status=200)


async def _broken_off(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None, "it is connected"
    request.transport.abort()
    return web.Response(status=200)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory
