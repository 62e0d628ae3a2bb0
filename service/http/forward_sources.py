"""What a proxy asks about, read from where its mode says and from nowhere else.

Each mode has its own sources of method, path and host, and never looks at another mode's: a client can send any header
through a proxy that sets others. A source that is missing or there twice is no source, and the answer is no.
"""

import re
from typing import Final

import msgspec
from aiohttp import web

from service import errors

PREFIX: Final = "/authz/v1/forward/"
REPORTS: Final = f"{PREFIX}reports"
_OVERRIDES: Final = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
"""Headers by which some programs take another method than the request's own (Rack::MethodOverride and others)."""
_METHOD: Final = re.compile(r"[A-Z]{1,32}").fullmatch
_HOST_LENGTH_MAX: Final = 255


class Sources(msgspec.Struct, frozen=True):
    """The headers of a mode; empty: the request itself says it, behind the mount's own path."""

    method: str
    target: str
    host: str = ""


_FORWARDED: Final = Sources("X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host")
MODES: Final = {
    "nginx": Sources("X-Original-Method", "X-Original-URI"),
    "traefik": _FORWARDED,
    "caddy": _FORWARDED,
    "apisix": _FORWARDED,
    "envoy": Sources("", "", "Host"),
}


class Asked(msgspec.Struct, frozen=True):
    """The request that a proxy asks about. `target` is as it stood in the request line; `host` may be empty."""

    method: str
    target: str
    host: str


def read(request: web.Request, mode: str, table: str) -> Asked:
    """What is asked about. Raises NotFound for a mode that there is not, Invalid for a source that is none.

    Raises Forbidden where the request also names another method: some program would take that one.
    """
    sources = MODES.get(mode)
    if sources is None:
        raise errors.NotFound(f"There is no mode {mode[:32]!r}; the modes are: {', '.join(MODES)}.")
    for name in _OVERRIDES:
        if name in request.headers:
            raise errors.Forbidden(f"The request asks for another method than its own, by {name}.")
    if not sources.target:
        return Asked(_method(request.method, "method"), _behind(request, mode, table), request.host)
    if request.match_info.get("path"):
        raise errors.NotFound(
            f"The mode {mode} takes the path from {sources.target}: nothing stands behind it."
        )
    host = request.headers.getall(sources.host, []) if sources.host else []
    if len(host) > 1 or any(len(one) > _HOST_LENGTH_MAX for one in host):
        raise errors.Invalid("It must be there once.", sources.host)
    return Asked(
        _method(_one(request, sources.method), sources.method),
        _one(request, sources.target),
        host[0] if host else "",
    )


def _one(request: web.Request, name: str) -> str:
    given = request.headers.getall(name, [])
    if len(given) != 1 or not given[0]:
        what = "is missing" if not any(given) else "is there more than once"
        raise errors.Invalid(f"The header {name}, from which this mode reads, {what}.", name)
    return given[0]


def _method(given: str, place: str) -> str:
    if not _METHOD(given):
        raise errors.Invalid("This is no method of HTTP.", place)
    return given


def _behind(request: web.Request, mode: str, table: str) -> str:
    """The target behind the mount's own path, octet by octet as it was sent."""
    mount = f"{PREFIX}{mode}/{table}"
    target = request.raw_path.removeprefix(mount)
    if target == request.raw_path or not target.startswith("/"):
        raise errors.Invalid(f"The path does not begin with {mount}/, as it was sent.", "path")
    return target
