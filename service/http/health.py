"""Whether the process lives, and whether it can serve. Neither says anything about anybody."""

import asyncio

from aiohttp import web

from service import errors
from service.http import responses
from service.http.edge import Call
from service.log import reader

READY_SECONDS_MAX = 2.0


async def alive(call: Call) -> web.Response:
    """The process answers. It asks nobody else, so that a database away restarts no healthy process."""
    return responses.hal(call, {"ok": True})


async def heartbeat(call: Call) -> web.Response:
    """The same, in a Pact Broker's shape."""
    return responses.hal(call, {"ok": True, "_links": {"self": responses.link(responses.here(call))}})


async def ready(call: Call) -> web.Response:
    """Whether requests should be sent here. Raises Unavailable, so 503, while this replica must not or cannot serve."""
    replica = call.edge.replica
    if replica.stopped:
        raise errors.Unavailable(f"This replica has stopped: {replica.stopped}", 30)
    try:
        async with asyncio.timeout(READY_SECONDS_MAX), call.edge.reader.connection() as connection:
            head = await reader.head(connection)
    except TimeoutError as failure:
        raise errors.Unavailable("The database does not answer.", 2) from failure
    return responses.hal(call, {"ready": True, "position": replica.position, "head": head.position})
