"""A request that was answered before under its Idempotency-Key, and the parts of one that makes several orders."""

import hashlib

import msgspec

from service import authorise
from service.http import requests
from service.http.edge import Call
from service.log import reader, recorded
from service.orders import Order, Outcome
from service.queries import moments


async def answered(call: Call) -> Outcome | None:
    """What this very request came to before under its Idempotency-Key, or None where it is new.

    For surfaces that look names up before they have an order: what the first request renamed or deleted is not
    found under its name any more. The door looks again, since two may arrive at once. A read-only token gets none.
    Raises Refused for a key of another request.
    """
    key, fingerprint = await requests.identified(call)
    if not key or call.caller.principal is None or call.caller.read_only or not call.caller.api_access:
        return None
    async with call.edge.reader.connection() as connection:
        row = (await reader.idempotent(connection, call.caller.principal, [key])).get(key)
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise authorise.key_reused()
        count = row.last_position - row.first_position + 1
        stored = await reader.page(connection, row.first_position - 1, count)
    await call.edge.replica.wait_for(row.last_position, moments.WAIT_SECONDS_MAX)
    records = tuple(recorded.decode(one.entry) for one in stored)
    return requests.reached(call, Outcome(position=row.last_position, records=records, replayed=True))


def part_of(order: Order, part: str) -> Order:
    """The order as one of several of its request, which has one key for all; an empty part is the request itself."""
    if not part or not order.idempotency_key:
        return order
    key = hashlib.sha256(f"{order.idempotency_key}\n{part}".encode()).hexdigest()
    return msgspec.structs.replace(order, idempotency_key=key)
