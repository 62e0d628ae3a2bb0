"""What only a contract broker can answer: whether contracts agree, and so whether something can be deployed."""

from typing import Final

from aiohttp import web

from service import errors
from service.http.edge import Call

READ: Final = "contract_data:read"
SENTENCE: Final = (
    "Muniment is no contract broker: it records who published and deployed what, and compares no contracts. Ask your "
    "broker whether this can be deployed."
)


async def asked(call: Call) -> web.Response:
    """GET /matrix and GET /can-i-deploy: a sentence, for whoever may read contracts (section 3.4).

    The status is 422 because clients of a broker print no sentence of a 404 and ask again after a 5xx.
    """
    call.require_somewhere(READ)
    raise errors.Refused("no_contract_broker", SENTENCE)
