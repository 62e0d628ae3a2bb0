"""/history/{event}: what one deletion removed, and its undoing, which publishes that again (seed 002)."""

import asyncio
from collections import Counter
from typing import Final

import msgspec
from aiohttp import web

from projections import things
from projections.view import View
from service import errors
from service.commands.deletions import RestoreDeletion, restore_deletion
from service.events.contracts import RemovedContract
from service.events.deletions import DeletionRestored, LeftOut
from service.events.teams import TeamApplicationsChanged
from service.http import breathing, edge, rehearsals, requests, responses
from service.http.edge import Call
from service.http.responses import Document
from service.orders import Outcome
from service.queries import deletions, moments
from service.queries.deletions import Deletion

SHOWN_MAX: Final = 100
"""How many of each kind a document names; all of them stand in the trail."""
_LARGE: Final = 500
"""Contracts from which on it is found out beside the event loop whether they could come back."""
_BECAUSE: Final = {
    "may_not": "you may not change it",
    "gone": "it is not here any more, or what it belongs to is not",
    "otherwise": "something else has its place",
    "destroyed": "what it sent left the vault with it: it has to be made anew",
}


async def shown(call: Call) -> web.Response:
    """GET /history/{event}: what the deletion removed, and whether that could be published again by now.

    For whoever could restore it, may read every application, or may read the trail.
    """
    call.require_only()
    deletion = await _deletion(call)
    command = deletion.order(call.edge.fresh.id())
    view = call.edge.replica.now()
    needs = command.needs(view, call.caller)
    reaches = all(call.may(need.action, need.target) for need in needs)
    if not reaches and not _reads(call):
        call.require("contract_data:read", things.anything("application"))
    links = {
        "self": responses.link(responses.href(call.edge, "history", deletion.event)),
        "muniment:event": responses.link(responses.href(call.edge, "audit", deletion.event)),
    }
    if reaches and not call.caller.read_only:
        restore = responses.href(call.edge, "history", deletion.event, "restore")
        links["muniment:restore"] = responses.link(restore)
    document = {
        "event": deletion.event,
        "position": deletion.position,
        "kind": deletion.of,
        "recordedAt": edge.iso(deletion.recorded_at),
        "removed": await _removed(deletion, view.at(deletion.position - 1)),
        "restorable": await _restorable(call, command, view, reaches=reaches),
        "_links": links,
    }
    return responses.hal(call, document)


async def restored(call: Call) -> web.Response:
    """POST /history/{event}/restore: publish it again, all of it or nothing. 200, also where all of it is here."""
    body = await requests.body(call)
    deletion = await _deletion(call)
    order = await requests.order(call, deletion.order(call.edge.fresh.id()), body)
    try:
        outcome = await requests.handle_order(call, msgspec.structs.replace(order, causation=deletion.event))
    except errors.Forbidden as denied:
        raise _untold(call, denied) from None
    except requests.Rehearsed as tried:
        return responses.hal(call, await _tried(call, deletion, tried.outcomes[0]))
    if not any(isinstance(one.data, TeamApplicationsChanged) for one in outcome.records):
        call.progress.effects.clear()  # it is about nobody's rights, so there is nothing to read about them
    return responses.hal(call, _document(call, deletion, outcome))


def told(call: Call, parent: DeletionRestored | None) -> Document:
    """What a restoration brings back, or would, and what it leaves out. None: all of it is here already."""
    if parent is None:
        return {"restored": {"applications": 0, "contracts": 0, "facts": 0}, "alreadyThere": True}
    return {
        "restored": {
            "applications": parent.applications,
            "contracts": parent.contracts,
            "facts": parent.facts,
        },
        "alreadyThere": False,
        "leftOut": {
            "number": parent.not_restored,
            "first": [_left_out(call, one) for one in parent.left_out[:SHOWN_MAX]],
        },
    }


def _reads(call: Call) -> bool:
    """Whether the caller may read what any deletion removed, whoever's it was."""
    return call.may("audit:read", things.anything("audit")) or call.may(
        "contract_data:read", things.anything("application")
    )


def _untold(call: Call, denied: errors.Forbidden) -> errors.Forbidden:
    """A refusal without the application's name for who may not read it: they named a record, by its number maybe."""
    if denied.on is None or _reads(call) or call.may_name("application", denied.on[1]):
        return denied
    return errors.Forbidden("The permission contract_data:manage is missing.", "contract_data:manage")


async def _deletion(call: Call) -> Deletion:
    async with call.edge.reader.connection() as connection:
        deletion = await deletions.deletion_of(connection, call.path("event"))
    await call.edge.replica.wait_for(deletion.position, moments.WAIT_SECONDS_MAX)
    return deletion


async def _tried(call: Call, deletion: Deletion, outcome: Outcome) -> Document:
    """What a dry run says: what would be recorded and come back, and who would gain what by it."""
    rehearsal = outcome.rehearsal
    assert rehearsal is not None, "only a dry run is answered so"
    call.progress.position = outcome.position
    return {
        "dryRun": True,
        "deletion": deletion.event,
        "position": outcome.position,
        "would": [{"kind": kind, "records": records} for kind, records in rehearsal.kinds],
        **told(call, rehearsal.restored),
        "effect": await rehearsals.drawn(call, call.edge.replica.now(), [rehearsal.weighed]),
        "_links": {"self": responses.link(responses.here(call))},
    }


def _document(call: Call, deletion: Deletion, outcome: Outcome) -> Document:
    parent = next((one for one in outcome.records if isinstance(one.data, DeletionRestored)), None)
    links = {"muniment:deletion": responses.link(responses.href(call.edge, "history", deletion.event))}
    if parent is not None:
        links["muniment:event"] = responses.link(responses.href(call.edge, "audit", parent.id))
    found = parent.data if parent is not None else None
    assert found is None or isinstance(found, DeletionRestored), "it was chosen by its type"
    return {
        "deletion": deletion.event,
        "event": parent.id if parent is not None else None,
        "position": outcome.position,
        **told(call, found),
        "_links": links,
    }


def _left_out(call: Call, one: LeftOut) -> Document:
    """A team that the caller may not read has no name here, nor a webhook that others manage; of a kind of fact its
    application alone says which."""
    named: Document = {}
    if one.noun == "team" and one.name and call.may_name("team", one.id):
        named = {"name": one.name}
    elif one.noun == "webhook" and call.may("webhook:manage", things.anything("webhook")):
        named = {"description": one.name}
    return {
        "type": one.noun,
        "uuid": one.id,
        **named,
        "application": one.application,
        "because": _BECAUSE[one.why],
    }


async def _removed(deletion: Deletion, before: View) -> Document:
    """How much of each kind there was, and what the first of it were called."""
    names: dict[str, str] = {}

    def name(application: str) -> str:
        if application not in names:
            found = before.application_or_none(application)
            names[application] = found.name if found is not None else application
        return names[application]

    def contract(one: RemovedContract) -> Document:
        return {"consumer": name(one.consumer), "provider": name(one.provider), "version": one.version}

    counted = await asyncio.to_thread(Counter, (one.noun for one in deletion.facts))
    webhooks = {"webhooks": {"number": len(deletion.webhooks)}} if deletion.webhooks else {}
    return {
        "applications": {
            "number": len(deletion.applications),
            "first": [{"uuid": one, "name": name(one)} for one in deletion.applications[:SHOWN_MAX]],
        },
        **{_kind(noun): {"number": number} for noun, number in counted.items()},
        **webhooks,
        "contracts": {
            "number": len(deletion.contracts),
            "first": await breathing.drawn(deletion.contracts[:SHOWN_MAX], contract),
        },
    }


def _kind(noun: str) -> str:
    """`verification_result` as a member's name: verificationResults."""
    first, *rest = f"{noun}s".replace("branchs", "branches").split("_")
    return first + "".join(word.capitalize() for word in rest)


async def _restorable(call: Call, command: RestoreDeletion, view: View, *, reaches: bool) -> Document:
    """Whether the same order would be carried out now, and if not, why."""
    if not reaches:
        return {"now": False, "because": "It takes the right to publish for every consumer that it is about."}
    large = command.removes(view, _LARGE) >= _LARGE
    wants = await asyncio.to_thread(command.reads, view) if large else command.reads(view)
    view = view.beside(await call.spans(view, *wants))
    try:
        if large:
            events = await asyncio.to_thread(restore_deletion, command, view, call.caller)
        else:
            events = restore_deletion(command, view, call.caller)
    except (errors.Refused, errors.NotFound) as refusal:
        return {"now": False, "because": refusal.sentence}
    return {"now": bool(events), **({} if events else {"because": "All of it is here already."})}
