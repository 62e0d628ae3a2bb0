"""AuthZEN's evaluation where nothing need be waited for: the questions that say who, what and to which thing.

Whatever takes more to read or to answer is left to `authzen.evaluation`, and the decisions are the same: both are the
evaluator's.
"""

from typing import Final

from service.http import authzen, decoding, requests
from service.http.authzen_asked import JSON
from service.http.edge import Call
from service.queries import moments
from service.queries.moments import Moment

_DIGITS_MAX: Final = 10**18
"""What a position has fewer digits than; a longer number is told to be none."""


def evaluation(call: Call) -> bytes | None:
    """The decision, or None where `authzen.evaluation` has to tell."""
    if not _asks_plainly(call) or call.request.content_type != JSON:
        return None
    octets = requests.at_hand(call)
    document = decoding.swiftly(octets) if octets else None
    if type(document) is not dict:
        return None
    moment = _moment(call, document.get("context"))
    if moment is None:
        return None
    try:
        subject, action, resource = document["subject"], document["action"], document["resource"]
        if "properties" in subject or "properties" in action or "properties" in resource:
            return None
        decision = call.edge.evaluators.plainly(
            call.view,
            moment.view,
            subject["type"],
            subject["id"],
            action["name"],
            resource["type"],
            resource["id"],
        )
    except (KeyError, TypeError):
        return None  # something is missing or is nothing that it could be: who reads it all says what
    if decision is None:
        return None
    call.progress.moment = moment
    return authzen.DECIDED[decision]


def _asks_plainly(call: Call) -> bool:
    """Whether the caller may know no more than the decision. Raises Forbidden where it may not even ask."""
    known = call.edge.evaluators.clients(call.view)
    plainly = known.get(call.me)
    if plainly is None:
        call.require("access:evaluate", authzen.ACCESS)
        plainly = known[call.me] = not call.may("access:explain", authzen.ACCESS)
    return plainly


def _moment(call: Call, context: object) -> Moment | None:
    """The moment that the context names by a position, or now; None where it says anything else."""
    if not context:
        return Moment(call.view) if context is None or context == {} else None
    if type(context) is not dict or len(context) != 1:
        return None
    position = context.get("as_of")
    if type(position) is not int or not 0 <= position < _DIGITS_MAX:
        return None
    return moments.at_position(call.edge.replica, position)
