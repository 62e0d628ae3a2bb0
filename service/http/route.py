"""What one line of the API's table says: method, path, who answers, and what the server needs to know before."""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from aiohttp import web

from service.http.edge import Call
from service.http.requests import BODY_BYTES_MAX

Surface = Callable[[Call], Awaitable[web.StreamResponse]]
AtOnce = Callable[[Call], bytes | None]


class Route(msgspec.Struct, frozen=True):
    """One method on one path. `auth`: `token` needs one, `optional` takes one, `none` looks at none.

    `while_stopped` answers who names nobody also where the replica has stopped and everything else is 503.
    `gone` answers 410 where a deleted thing is asked for, `body_bytes_max` is the most bytes that a body may have.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "ANY"]
    path: str
    surface: Surface
    summary: str
    auth: Literal["token", "optional", "none"] = "token"
    gone: bool = False
    while_stopped: bool = False
    body_bytes_max: int = BODY_BYTES_MAX
    asks: bool = False
    """A question, though its method is POST: it makes no order that could record who was denied."""
    rehearses: bool = False
    """Takes `?dry_run=true`, and says afterwards what came of it (`Muniment-Effect`): whatever changes who may do what.
    Everywhere else `dry_run` is refused, since ignoring it would do what was only to be tried."""
    bounded: bool = False
    """An answer that somebody acts on: 503 where what is held here is older than MUNIMENT_STALENESS_SECONDS_MAX."""

    proxied: bool = False
    """A proxy asks, about another request: whose method and query are not this one's, and to which every answer but 200
    is a no (`forward_answers`)."""
    at_once: AtOnce | None = None
    """The surface where it need not wait: the JSON of its answer, 200, or None where it has to. It changes nothing."""

    @property
    def changes(self) -> bool:
        """Whether it makes an order."""
        return self.method != "GET" and not self.asks
