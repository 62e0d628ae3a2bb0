"""Who makes a call: the principal whose token it carries, and where it comes from."""

import asyncio
import ipaddress
import math
import re
import time
from datetime import datetime, timedelta
from typing import Final

import msgspec
from aiohttp import web

from projections import access, expiry, preferences
from projections.principals import Principal
from projections.tokens import Token
from projections.view import View
from service import errors
from service.commands.order import Caller
from service.http import limits
from service.http.edge import Call, Edge, iso
from service.orders import Origin
from service.settings_values import Network
from service.vocabulary import HEADER_LENGTH_MAX

_BEARER: Final = re.compile(r"bearer +([\x21-\x7e]{1,1024}) *", re.IGNORECASE)
_REQUEST_ID: Final = re.compile(r"[\x20-\x7e]{1,255}")
_FIELD_VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]+")
"""What may stand in a header at all (RFC 9110, section 5.5): no control character but a tab, and no bytes but text."""
_TRACEPARENT: Final = re.compile(
    r"((?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(?:(?<!^00.{53})-.*)?"
)
"""W3C Trace Context, section 3.2: ff is no version, zeros are no ids, and only later versions than 00 say more."""
_FORWARDED_MAX: Final = 50
KNOWN_MAX: Final = 1_000
ALERT: Final = timedelta(days=7)
"""How long before its end the bearer of a token is told of it (section 3.8)."""
_RENEWED: Final = {
    "user": "A token is regenerated before it ends; afterwards the operator gives its owner a new code.",
    "system_account": "Who manages the system account regenerates it.",
}
DIGEST: Final = web.RequestKey("digest", str)
LOOK_SECONDS_MIN: Final = 0.2
LOOK_SECONDS_MAX: Final = 2.0


def remembered(edge: Edge, strangers: "Strangers", request: web.Request) -> tuple["Known", View] | None:
    """The caller of a request where its token was asked about before and nothing has changed since; else None.

    Raises Unauthenticated without a token.
    """
    digest = _digest(edge, request)
    found, view = strangers.known.get(digest), edge.replica.now()
    return (found, view) if found is not None and found.holds(view) else None


async def caller(edge: Edge, strangers: "Strangers", request: web.Request) -> tuple["Known", View]:
    """The caller of a request, and the view in which it was found.

    Raises Throttled for a token that is unknown, where too many from that address did not work.
    Raises Unauthenticated without a token that works: unknown, replaced, or its principal disabled or deleted, all in
    the same words. That it expired is told to who presents the right value, and to nobody else. A caller without access
    to the API (seed 001) may order nothing and read nothing; its orders go on to the door, which records the attempt.
    """
    digest = _digest(edge, request)
    view = edge.replica.now()
    if (known := strangers.known.get(digest)) is not None and known.holds(view):
        return known, view
    token = view.token_with_digest(digest)
    if token is None:
        strangers.failures.require(limits.network(address_of(edge, request)))
        await strangers.look(edge)
        view = edge.replica.now()
        token = view.token_with_digest(digest)
    try:
        known = _known(view, digest, token)
    except errors.Unauthenticated:
        strangers.failures.spend(limits.network(address_of(edge, request)))
        raise
    if len(strangers.known) >= KNOWN_MAX:
        strangers.known.clear()
    strangers.known[digest] = known
    return known, view


def _known(view: View, digest: str, token: Token | None) -> "Known":
    """Whose token it is. Raises Unauthenticated as `caller` does."""
    principal = view.principal_or_none(token.principal) if token else None
    if token is None or principal is None or not principal.active:
        raise errors.Unauthenticated("This token does not work: it is unknown, replaced or disabled.")
    ends = expiry.ends_at(view, token)
    if ends is not None and ends <= view.instant:
        raise errors.Unauthenticated(f"This token expired at {iso(ends)}. {_RENEWED[principal.type]}")
    found = Caller(
        principal=principal.id,
        token=token.id,
        digest=digest,
        read_only=token.read_only,
        api_access=access.api_access(view, principal),
    )
    return Known(view.position, ends, found, principal)


class Known(msgspec.Struct, frozen=True):
    """Who a token's bearer was found to be at a position."""

    position: int
    expires_at: datetime | None
    caller: Caller
    principal: Principal

    def holds(self, view: View) -> bool:
        """Whether it is still so: nothing was recorded since, and the token has not expired."""
        return self.position == view.position and (self.expires_at is None or self.expires_at > view.instant)


def alert(known: "Known", view: View) -> str:
    """When the caller's token ends, where that is so soon that its owner wants to be told; otherwise empty."""
    ends = known.expires_at
    if ends is None or ends - view.instant > ALERT:
        return ""
    wanted = view.personal_preference(known.principal.id, preferences.TOKEN_EXPIRY_ALERT)
    return iso(ends) if wanted is not False else ""


def _digest(edge: Edge, request: web.Request) -> str:
    """The digest of the token in the header, worked out once for each request. Raises Unauthenticated without one."""
    found: str | None = request.get(DIGEST)
    if found is None:
        found = request[DIGEST] = edge.keys.token_digest(_presented(request))
    return found


def _presented(request: web.Request) -> str:
    """The token in the header. Raises Unauthenticated where there is none, or none that anybody could have."""
    headers = request.headers.getall("Authorization", ())
    if len(headers) > 1:
        raise errors.Unauthenticated("There is more than one Authorization header: whose request is it?")
    header = headers[0] if headers else ""
    if not header:
        raise errors.Unauthenticated("This needs a token: Authorization: Bearer <token>.")
    found = _BEARER.fullmatch(header)
    if found is None:
        raise errors.Unauthenticated("The Authorization header must be: Bearer <token>.")
    return found[1]


class Strangers:
    """A look at the log's head for a token that is unknown here: another replica may just have issued it.

    A look begins at most once in LOOK_SECONDS_MIN, however many strangers knock; who comes meanwhile waits for
    the next one, so that a fresh token works at its first use and a flood of false ones costs five queries a second.
    """

    def __init__(self, failures: limits.Buckets) -> None:
        self.failures = failures
        """How often each address presented what did not work."""
        self.known: dict[str, Known] = {}
        """Whom the digests of tokens belong to. Who asks often is looked up once for each position."""
        self._last = -math.inf
        self._next: asyncio.Task[None] | None = None

    async def look(self, edge: Edge) -> None:
        """Wait, within bounds, until this replica is where the log is; a slow database is no error here."""
        if self._next is None:
            self._next = asyncio.create_task(self._look(edge), name="muniment stranger")
        await asyncio.wait({self._next})

    async def _look(self, edge: Edge) -> None:
        await asyncio.sleep(max(0.0, self._last + LOOK_SECONDS_MIN - time.monotonic()))
        self._last = time.monotonic()
        self._next = None  # who comes from here on may have been let in after this look
        try:
            head = await edge.reader.head()
            await edge.replica.wait_for(head.position, LOOK_SECONDS_MAX)
        except errors.Unavailable:
            return  # the token stays unknown, which is the safe answer


def origin(call: Call) -> Origin:
    """Where a call comes from, each part bounded and harmless; what is not well-formed is left out."""
    request = call.request
    agent = request.headers.get("User-Agent", "")
    if not agent.isprintable():
        agent = "".join(one for one in agent if one.isprintable())
    return Origin(
        address=address_of(call.edge, request),
        user_agent=agent[:HEADER_LENGTH_MAX],
        request=call.id,
        traceparent=found[1] if (found := traceparent(request)) else "",
    )


def address_of(edge: Edge, request: web.BaseRequest) -> str:
    """The address of the client that a request comes from."""
    forwarded = request.headers.getall("X-Forwarded-For", [])
    return address(request.remote or "", forwarded, edge.settings.trusted_proxies)


def address(peer: str, forwarded: list[str], trusted: tuple[Network, ...]) -> str:
    """The client's address: the right-most one that no trusted proxy has, since anybody may write the rest."""
    if not forwarded or not trusted:
        return peer
    claimed = [one.strip() for header in forwarded for one in header.split(",")][-_FORWARDED_MAX:]
    nearest = peer
    while _trusted(nearest, trusted) and claimed:
        candidate = claimed.pop().strip("[]")
        if _parsed(candidate) is None:
            break
        nearest = candidate
    return nearest


def request_ids(edge: Edge, request: web.BaseRequest) -> tuple[str, str]:
    """The id by which logs and records know the request, and the one that its answer carries.

    Both are the client's own, to the letter (AuthZEN 1.0: the answer MUST carry the identical value). Where that is no
    line of visible ASCII, or a long one, only the answer carries it, and the request is known by a new one.
    """
    given = request.headers.get("X-Request-ID", "")
    if _REQUEST_ID.fullmatch(given):
        return given, given
    made = edge.fresh.id()
    return made, given if _FIELD_VALUE.fullmatch(given) else made


def traceparent(request: web.BaseRequest) -> re.Match[str] | None:
    """The one well-formed traceparent (W3C Trace Context): group 1 is to be handed on, `trace` is its id."""
    if "traceparent" not in request.headers:
        return None
    given = request.headers.getall("traceparent")
    return _TRACEPARENT.fullmatch(given[0].strip()) if len(given) == 1 else None


def _trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    parsed = _parsed(text)
    return parsed is not None and any(parsed in network for network in trusted)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
