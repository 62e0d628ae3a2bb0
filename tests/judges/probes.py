"""What is tried through a proxy before a Pact Broker: who may, who may not, and who only says so."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from aiohttp import web

from tests.judges import readings
from tests.judges.acts import READ_ONLY, Act
from tests.judges.gate import Gate, Probe
from tests.judges.proofs import require

FOO: Final = "/pacts/provider/Bar/consumer/Foo/version/1"
BAZ: Final = readings.SECRET
_NEWER: Final = "/pacts/provider/New/consumer/Newer/version/1"
_FAILING: Final = "/pacts/provider/Bar/consumer/Failing/version/1"
_ROUTE: Final = "PUT /pacts/provider/{provider}/consumer/{consumer}/version/{version} of pact-broker"
_BODY: Final = b'{"consumer":{"name":"Foo"},"provider":{"name":"Bar"},"interactions":[]}'
_LARGE: Final = b'{"interactions":"' + bytes(range(256)) * (4 * 1024 * 4) + b'"}'
_NOT_FOO: Final = "contract_data:manage on Foo"
_NOT_BAZ: Final = "contract_data:manage on Baz"


def _authorised(who: str, on: str) -> str:
    return f"{who} was allowed {_ROUTE} on {on}; whether it was made is not known until it is reported."


def _made(who: str, on: str, status: int) -> tuple[str, str]:
    made = "was made" if status < 300 else "was not made"
    change = f"the change that {who} was allowed, {_ROUTE} on {on}, {made} ({status})"
    return _authorised(who, on), f"system account Reporter reported that {change}."


async def _broken_off(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None, "it is connected"
    request.transport.abort()
    return web.Response(status=200)


def probes() -> Iterator[Probe]:
    """Everything that is tried one by one."""
    yield from _READING
    yield from _CHANGING
    yield from _OWNING
    yield from _CLAIMING


_READING: Final = (
    Probe(claim="who may read reads", who="watcher", line=f"GET {FOO}", reaches=True),
    Probe(claim="so does HEAD", who="watcher", line=f"HEAD {FOO}", reaches=True),
    Probe(claim="and a token that is read only", who="sally, reading", line=f"GET {FOO}", reaches=True),
    Probe(claim="nobody is told who to be", who="", line=f"GET {FOO}", status=401),
    Probe(claim="neither is who has an unknown token", who="?", line=f"GET {FOO}", status=401),
    Probe(claim="who may not read does not", who="builder", line=f"GET {FOO}", status=403),
    Probe(claim="what needs no token needs none", who="", line="GET /css/x.css", reaches=True),
    Probe(claim="what the table does not know is nobody's", who="kevin", line="GET /trace/x", status=403),
    Probe(claim="nor is a method of no route", who="kevin", line=f"OPTIONS {FOO}", status=403),
    Probe(claim="nor one that no table knows", who="kevin", line=f"PURGE {FOO}", status=403),
    Probe(
        claim="a program's own no is its own",
        who="watcher",
        line=f"GET {FOO}",
        program=404,
        status=404,
        reaches=True,
    ),
)
_CHANGING: Final = (
    Probe(
        claim="Sally publishes for her team, which is recorded as allowed and as made",
        who="sally",
        line=f"PUT {FOO}",
        body=_BODY,
        program=201,
        status=201,
        reaches=True,
        leaves=_made("Sally", "Foo", 201),
    ),
    Probe(
        claim="the program's refusal is reported as one",
        who="sally",
        line=f"PUT {FOO}",
        body=_BODY,
        program=409,
        status=409,
        reaches=True,
        leaves=_made("Sally", "Foo", 409),
    ),
    Probe(
        claim="what the program never answered stays allowed, and is reported as nothing",
        who="sally",
        line=f"PUT {FOO}",
        body=_BODY,
        program=_broken_off,
        status=502,
        reaches=True,
        leaves=(_authorised("Sally", "Foo"),),
    ),
    Probe(claim="Billy may not", who="billy", line=f"PUT {FOO}", body=_BODY, status=403, denied=_NOT_FOO),
    Probe(
        claim="Sally may not for Baz", who="sally", line=f"PUT {BAZ}", body=_BODY, status=403, denied=_NOT_BAZ
    ),
    Probe(
        claim="nor by a token that is read only",
        who="sally, reading",
        line=f"PUT {FOO}",
        body=_BODY,
        status=403,
        denied=READ_ONLY,
    ),
    Probe(claim="nobody may", who="", line=f"PUT {FOO}", body=_BODY, status=401),
    Probe(claim="Watcher, who reads, may not", who="watcher", line=f"PUT {FOO}", status=403, denied=_NOT_FOO),
    Probe(
        claim="nor with a body that is on its way",
        who="billy",
        line=f"PUT {FOO}",
        body=_LARGE[:100_000],
        status=403,
        denied=_NOT_FOO,
    ),
    Probe(
        claim="a contract of 4 MiB passes unharmed",
        who="publisher",
        line=f"PUT {FOO}",
        body=_LARGE,
        program=200,
        reaches=True,
        leaves=_made("system account Publisher", "Foo", 200),
    ),
    Probe(
        claim="so does one in chunks",
        who="publisher",
        line=f"PUT {FOO}",
        body=_LARGE,
        chunked=True,
        program=200,
        reaches=True,
        leaves=_made("system account Publisher", "Foo", 200),
    ),
)
_OWNING: Final = (
    Probe(
        claim="who publishes for an application that is new becomes its creator, and the provider's",
        who="owner",
        line=f"PUT {_NEWER}",
        body=_BODY,
        program=201,
        status=201,
        reaches=True,
        leaves=(
            *_made("system account Owner", "Newer and New", 201),
            "system account Reporter created the application Newer.",
            "system account Reporter created the application New.",
        ),
    ),
    Probe(
        claim="what is theirs now they may change by `own`",
        who="owner",
        line=f"PUT {_NEWER}?again",
        body=_BODY,
        reaches=True,
        leaves=_made("system account Owner", "Newer", 200),
    ),
    Probe(
        claim="and nobody else may by it",
        who="sally",
        line=f"PUT {_NEWER}",
        body=_BODY,
        status=403,
        denied="contract_data:manage on Newer",
    ),
    Probe(
        claim="nor may they what is another's",
        who="owner",
        line=f"PUT {FOO}",
        body=_BODY,
        status=403,
        denied=_NOT_FOO,
    ),
    Probe(
        claim="what the program did not take makes nobody a creator",
        who="owner",
        line=f"PUT {_FAILING}",
        body=_BODY,
        program=500,
        status=500,
        reaches=True,
        leaves=_made("system account Owner", "Failing", 500),
    ),
)


def _claiming() -> Iterator[Probe]:
    """Clients that say themselves what they ask for: it changes nothing that is decided, or that the program sees."""
    for name, value in (
        ("X-Original-URI", "/css/x.css"),
        ("X-Original-Url", "/css/x.css"),
        ("X-Original-Method", "GET"),
        ("X-Forwarded-Uri", "/css/x.css"),
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Host", "elsewhere.example.org"),
        ("X-Forwarded-Prefix", "/css"),
        ("X-Rewrite-Url", "/css/x.css"),
        ("Connection", "X-Original-URI, X-Original-Method, X-Forwarded-Uri, X-Forwarded-Method, close"),
    ):
        sent = ((name, value),) * (1 if name == "Connection" else 2)
        yield Probe(
            claim=f"nobody gets in by saying {name}", who="", line=f"GET {FOO}", headers=sent, status=401
        )
        yield Probe(
            claim=f"nobody is kept out by {name}",
            who="watcher",
            line=f"GET {FOO}",
            headers=sent,
            reaches=True,
        )
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for more in ((), (("Connection", f"{name}, close"),)):
            yield Probe(
                claim=f"no method hides behind another by {name}{', dropped on the way' if more else ''}",
                who="watcher",
                line=f"GET {FOO}",
                headers=((name, "DELETE"), *more),
                status=403,
            )
    for name in ("X-Authz-Subject", "Authorization"):
        yield Probe(
            claim=f"nobody has {name} dropped on the way",
            who="watcher",
            line=f"GET {FOO}",
            headers=(("Connection", f"{name}, close"),),
            reaches=True,
        )
    for query in ("as_of=1", "at_least=999999999", "token=x", "access_token=x", "_method=DELETE"):
        yield Probe(
            claim=f"the client's ?{query} is the program's",
            who="watcher",
            line=f"GET {FOO}?{query}",
            reaches=True,
        )


_CLAIMING: Final = tuple(_claiming())


async def _disguised_reading(at: Gate) -> None:
    """By somebody who may not read at all, past what is public, and by nobody."""
    for target in readings.DISGUISED:
        for who in ("builder", ""):
            await _kept_out(at, Probe(claim="", who=who, line=f"GET {target}"))


async def _disguised_changing(at: Gate) -> None:
    """By somebody who may change their team's and make nothing new, from what is their team's."""
    for target in readings.DISGUISED:
        await _kept_out(at, Probe(claim="", who="member", line=f"PUT {target}", body=_BODY))
    for target in readings.RECODED:
        at.acts.append(Act(claim=target, who="member", denied=_NOT_BAZ if at.recodes else ""))
        await _kept_out(at, Probe(claim="", who="member", line=f"PUT {target}", body=_BODY))
    for target, missing in readings.OTHERS.items():
        at.acts.append(Act(claim=target, who="member", denied=missing))
        await _kept_out(at, Probe(claim="", who="member", line=f"PUT {target}", body=_BODY))


async def _kept_out(at: Gate, probe: Probe) -> None:
    told = await at.sent(probe)
    at.nothing_reached(f"{probe.who or 'nobody'} asked for {probe.line!r}")
    require(told.status >= 400, f"{probe.line!r} was answered {told.status}.")


async def _plainly(at: Gate) -> None:
    for target in readings.PLAIN:
        at.acts.append(Act(claim=target, who="sally", denied=_NOT_BAZ))
        await at.stopped_at(f"PUT {target}", "Sally asked for it")


async def _harmless(at: Gate) -> None:
    for target in readings.HARMLESS:
        await at.tried(Probe(claim=target, who="watcher", line=f"GET {target}", reaches=True))


READINGS: Final[dict[str, Callable[[Gate], Awaitable[None]]]] = {
    "no path in a disguise reaches the program from who may not read": _disguised_reading,
    "nor from who may change something else": _disguised_changing,
    "the same in another of HTTP's forms is denied like itself": _plainly,
    "whatever a client of the program may well send reaches it, octet by octet": _harmless,
}
