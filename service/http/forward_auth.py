"""/authz/v1/forward: may the request pass that a proxy asks about? And afterwards: what came of a change.

Who asks is who made the request, with its own token in Authorization, which the proxy hands on. Reading is decided and
recorded nowhere; a change is recorded as authorised before the answer is given.
"""

import re
from typing import Final

import msgspec
from aiohttp import web

from projections import things
from service import errors
from service.catalogue.route_tables import RouteTable
from service.commands.changes import AuthoriseChange, ReportChange, Request
from service.commands.route_tables import REGISTERED_MAX
from service.events.changes import ChangeReported
from service.http import (
    authenticate,
    forward_answers,
    forward_sources,
    freshness,
    repeats,
    requests,
    responses,
)
from service.http.edge import DENIALS, Call
from service.http.forward_sources import Asked
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Order
from service.queries import forwarding
from service.queries.forwarding import Mapped
from service.vocabulary import ApplicationId, ChangeId, uuid_text

REPORTS_MAX: Final = 1_000
_NOBODY: Final = "This needs a token: Authorization: Bearer <token>."
_STATUS: Final = re.compile(r"[1-5][0-9]{2}").fullmatch


async def asked(call: Call) -> web.Response:
    """ANY /authz/v1/forward/{mode}/{table}: 200, or one of the refusals of `forward_answers`.

    Behind the table stands, in the mode of Envoy, the path that is asked about.
    """
    freshness.require_fresh(call.edge)
    mode, table = call.path("mode"), call.path("table")
    question = forward_sources.read(call.request, mode, table)
    found = _mapped(call, call.view.route_table(table), question)
    caller = call.caller.principal
    if found.match.route.public:
        return forward_answers.allowed(caller or "", call.view.position)
    if caller is None:
        raise errors.Unauthenticated(_NOBODY)
    request = Request(mode, question.method, found.segments, question.host)
    if found.match.route.change:
        return await _change(call, found, request)
    forwarding.require(call.view, caller, found, request)
    return forward_answers.allowed(caller, call.view.position)


async def reported(call: Call) -> web.Response:
    """POST /authz/v1/forward/reports: `{change, status}`, or `{"reports": […]}` of many.

    A report whose change is empty is of a request that was none, and says nothing.
    """
    body = await requests.body(call)
    call.require("access:evaluate", things.anything("access"))
    if not body.has("reports"):
        return responses.made(call, msgspec.json.encode(await _report(call, body)), responses.JSON)
    every = list(body.objects("reports"))
    if len(every) > REPORTS_MAX:
        raise errors.Invalid(f"There are more than {REPORTS_MAX} reports.", "/reports")
    found = [await _report(call, one, str(number)) for number, one in enumerate(every)]
    return responses.made(call, msgspec.json.encode({"reports": found}), responses.JSON)


def _mapped(call: Call, table: RouteTable, question: Asked) -> Mapped:
    """The route of a request. Who is nobody is not told which routes there are: raises Unauthenticated then."""
    try:
        return forwarding.mapped(table, question.method, question.target)
    except (errors.Forbidden, errors.Invalid) as failure:
        if call.caller.principal is None:
            raise errors.Unauthenticated(_NOBODY) from failure
        raise


async def _change(call: Call, found: Mapped, request: Request) -> web.Response:
    """Have a change recorded as authorised; who may not is denied at the door, where that is recorded too."""
    denials, token = call.request.app[DENIALS], call.caller.token or ""
    denials.require(token)
    command = AuthoriseChange(
        change=ChangeId(call.edge.fresh.id()),
        table=found.table.name,
        request=request,
    )
    try:
        outcome = await call.edge.handler.handle(
            Order(command=command, caller=call.caller, origin=authenticate.origin(call))
        )
    except errors.Forbidden:
        denials.spend(token)
        raise
    call.progress.position = outcome.position
    return forward_answers.allowed(call.caller.principal or "", outcome.position, command.change)


async def _report(call: Call, body: Body, part: str = "") -> Document:
    """Have one report recorded. `part` tells it from the others of its request, which has one key for all."""
    change = body.text("change")
    if not change:
        return {"change": None}
    command = ReportChange(
        change=ChangeId(uuid_text(change, body.pointer("change"))),
        status=_status(body),
        applications=tuple(ApplicationId(call.edge.fresh.id()) for _ in range(REGISTERED_MAX)),
    )
    order = repeats.part_of(await requests.order(call, command, body), part)
    outcome = await requests.handle_order(call, order)
    made = [one.data for one in outcome.records if isinstance(one.data, ChangeReported)]
    return {
        "change": command.change,
        "status": command.status,
        "recorded": bool(made),
        "applications": [one for event in made for one in event.made],
    }


def _status(body: Body) -> int:
    """The status, as a number or as the text of one: what a proxy's variable holds."""
    given = body.given("status")
    if isinstance(given, str) and _STATUS(given):
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    raise errors.Invalid("A status is a number from 100 to 599.", body.pointer("status"))
