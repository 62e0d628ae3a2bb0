"""Dry runs, `?dry_run=true`: what an order would do to who may do what, and the header that names it afterwards.

The order itself is authorised, decided, folded and guarded where every order is (`service.drafting`), and taken back:
whatever refuses the real one refuses this one, in the same words.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from projections.effects import Group
from projections.powers import API_ACCESS, Power
from projections.view import View
from service.commands.cautions import Caution, Weighed
from service.http import breathing, documents, foretold, leaving, responses
from service.http.edge import Call
from service.http.responses import Document
from service.orders import Outcome, Rehearsal
from service.queries import effects
from service.vocabulary import PrincipalId, Thing

HEADER: Final = "Muniment-Effect"
EFFECTS_TOLD_MAX: Final = 20
"""How many are named in one header: an invitation of many is an order for each of them."""


async def answer(call: Call, outcomes: Sequence[Outcome]) -> web.Response:
    """What the orders of a request would have recorded, and done; nothing of it was."""
    tried = [one.rehearsal for one in outcomes if one.rehearsal is not None]
    call.progress.position = max(one.position for one in outcomes)
    document: Document = {
        "dryRun": True,
        "position": call.progress.position,
        "would": [{"kind": kind, "records": records} for kind, records in _kinds(tried)],
        "effect": await drawn(call, call.edge.replica.now(), [one.weighed for one in tried]),
        "_links": {"self": responses.link(responses.here(call))},
    }
    for one in tried:
        if one.foretold is not None:  # a bulk deletion is the one order of its request
            document.update(await foretold.drawn(call, call.edge.replica.now(), one.foretold))
        if one.left is not None:
            document["leaves"] = await leaving.leaves(call, call.edge.replica.now(), one.left)
    return responses.hal(call, document)


def tell_effects(call: Call, answer: web.StreamResponse) -> None:
    """Say in a header where what the request did to who may do what can be read."""
    told = [responses.href(call.edge, "effects", one) for one in call.progress.effects[:EFFECTS_TOLD_MAX]]
    if told and not answer.prepared:
        answer.headers[HEADER] = ", ".join(told)


async def drawn(call: Call, view: View, weighed: Sequence[Weighed]) -> Document:
    """Effects as one document. People are named where the caller may read them; `view` says what they are called."""
    groups = [group for one in weighed for group in one.effect.groups]
    named = [one for group in groups for one in group.principals]
    people = await breathing.each(named, lambda one: _principal(call, view, one))
    found, at = [], 0
    for group in groups:
        found.append(_group(group, people[at : at + len(group.principals)]))
        at += len(group.principals)
    cautions = [_caution(call, view, caution) for one in weighed for caution in one.cautions]
    return {"groups": found, "warnings": cautions}


def _kinds(tried: Sequence[Rehearsal]) -> list[tuple[str, int]]:
    """What all of them would record, each kind once, in the order in which they first come."""
    counted: dict[str, int] = {}
    for one in tried:
        for kind, records in one.kinds:
            counted[kind] = counted.get(kind, 0) + records
    return list(counted.items())


def _group(group: Group, principals: list[Document]) -> Document:
    return {
        "principals": principals,
        "numberOfPrincipals": group.number,
        "gains": [_power(power) for power in group.gains],
        "loses": [_power(power) for power in group.losses],
    }


def _power(power: Power) -> Document:
    found: Document = {"permission": power.permission}
    if power.permission == API_ACCESS:
        found["description"] = "Access to the API, which is a flag of a role"
    if power.team is not None:
        found["team"] = {"uuid": power.team, "name": power.team_name}
    if power.things:
        found["on"] = [_thing(thing) for thing in power.things]
        found["numberOfThings"] = power.number
    if power.still:
        found["still"] = list(power.still)
    return found


def _thing(thing: Thing) -> Document:
    """A system account that came under a team has no name here: it is sealed like a person's."""
    named = {"name": thing.name} if thing.name else {}
    return {"type": thing.type, "uuid": thing.id, **named}


def _principal(call: Call, view: View, principal_id: PrincipalId) -> Document:
    found: Document = {"uuid": principal_id}
    principal = view.last_principal(principal_id)
    if principal is not None and call.may_read(principal):
        found["name"] = view.text(principal.name) or documents.FORGOTTEN
    return found


def _caution(call: Call, view: View, caution: Caution) -> Document:
    found: Document = {"code": caution.code}
    if caution.team is not None:
        found["team"] = {"uuid": caution.team, "name": caution.team_name}
    if caution.principal is not None:
        found["principal"] = _principal(call, view, caution.principal)
    if caution.scopes:
        found |= {"numberOfRoles": caution.roles, "permissions": list(caution.scopes)}
    if call.principal is not None and caution.principal == call.principal.id:
        who = "you"
    else:
        who = found.get("principal", {}).get("name", "one account")
    return {**found, "sentence": effects.sentence(caution, who)}
