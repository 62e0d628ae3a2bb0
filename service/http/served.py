"""GET /diagnostic/status/digest: what this replica holds, as digests, for comparing with a replay of the log.

`muniment rebuild --check` asks it, so that what is served is checked, and not only what another process would serve.
"""

from aiohttp import web

from projections import digest, things
from service.http import responses
from service.http.edge import Call

PATH = "/diagnostic/status/digest"


async def digested(call: Call) -> web.Response:
    """`{account, position, digest, parts}`: one digest for each table and index, exact at the position.

    It needs audit:read: whether two moments differ in a part is something about the part.
    """
    call.require("audit:read", things.anything("audit"))
    position, parts = await call.edge.replica.digested()
    call.progress.position = position
    opening = call.edge.replica.directory.opened
    document = {
        "account": opening.account if opening else "",
        "position": position,
        "digest": digest.whole(parts),
        "parts": parts,
    }
    return responses.hal(call, document)
