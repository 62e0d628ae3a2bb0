"""AuthZEN's evaluation where nothing need be waited for: the questions that say who, what and to which thing.

Whatever takes more to read or to answer is left to `authzen.evaluation`, and the decisions are the same: both are the
evaluator's.
"""

from service.http import authzen, decoding, requests
from service.http.authzen_asked import JSON
from service.http.edge import Call
from service.queries import moments


def evaluation(call: Call) -> bytes | None:
    """The decision, or None where `authzen.evaluation` has to tell."""
    call.require("access:evaluate", authzen.ACCESS)
    if call.request.content_type != JSON or call.may("access:explain", authzen.ACCESS):
        return None
    octets = requests.at_hand(call)
    document = decoding.swiftly(octets) if octets else None
    if type(document) is not dict:
        return None
    try:
        subject, action, resource = document["subject"], document["action"], document["resource"]
        if "properties" in subject or "properties" in action or "properties" in resource:
            return None
        asked = subject["type"], subject["id"], action["name"], resource["type"], resource["id"]
    except (KeyError, TypeError):
        return None
    as_of = _as_of(document.get("context"))
    moment = None if as_of is None else moments.at_hand(call.edge.replica, as_of or None)
    if moment is None:
        return None
    decision = call.edge.evaluators.at(moment.view, call.view.position).plainly(*asked)
    if decision is None:
        return None
    call.progress.moment = moment
    return authzen.DECIDED[decision]


def _as_of(context: object) -> str | None:
    """The position that the context names, empty for now; None where it says anything else."""
    if context is None or context == {}:
        return ""
    if type(context) is not dict or len(context) != 1:
        return None
    position = context.get("as_of")
    return str(position) if type(position) is int and position >= 0 else None
