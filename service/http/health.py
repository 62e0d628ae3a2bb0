"""Whether the process lives, and whether it can serve. Neither says anything about anybody."""

from aiohttp import web

from service import errors
from service.http import responses
from service.http.edge import Call


async def alive(call: Call) -> web.Response:
    """The process answers. It asks nobody else, so that a database away restarts no healthy process."""
    return responses.hal(call, {"ok": True})


async def heartbeat(call: Call) -> web.Response:
    """The same, in a Pact Broker's shape."""
    return responses.hal(call, {"ok": True, "_links": {"self": responses.link(responses.here(call))}})


async def ready(call: Call) -> web.Response:
    """Whether requests should be sent here. Raises Unavailable, so 503, while this replica must not or cannot serve.

    The verdict is the vigil's, of the last two seconds: it is there at once, also while the database hangs.
    """
    vigil = call.edge.vigil
    if why_not := vigil.why_not():
        raise errors.Unavailable(why_not, 2)
    head = vigil.last.position if vigil.last else 0
    return responses.hal(call, {"ready": True, "position": call.edge.replica.position, "head": head})
