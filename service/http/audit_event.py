"""One record as a document: the vendor's fields first, so that its consumers need no change, then this service's.

Names are those of the record's own moment; what was sealed is opened here, or says that it was forgotten.
"""

from typing import Any

import msgspec

from projections import trail
from service.events.account import CatalogueAdopted
from service.events.attempts import AttemptDenied
from service.http import responses
from service.http.edge import Call
from service.http.responses import Document
from service.log import recorded, seal
from service.log.reader import Row
from service.log.recorded import Authority, Recorded
from service.queries.changed import Changed
from service.queries.changes import changes
from service.queries.names import Names
from service.queries.sentences import sentence
from service.vocabulary import Thing


def event(call: Call, row: Row) -> Document:
    """The record as the trail shows it."""
    record = recorded.decode(row.entry)
    names = Names(call.edge.replica.directory, call.edge.replica.people, record.position)
    return {
        **_vendors(record, names),
        "position": record.position,
        "kind": recorded.kind_of(record.data),
        "outcome": trail.DENIED if isinstance(record.data, AttemptDenied) else trail.DONE,
        "sentence": sentence(record, names),
        "actor": _actor(record, names),
        "authority": [_authority(one, names) for one in record.authority],
        "missing": record.data.missing if isinstance(record.data, AttemptDenied) else None,
        "reason": names.text(record, "reason", record.reason),
        "ticket": record.ticket or None,
        "touches": [_thing(thing, names) for thing in record.touches],
        "changes": [_changed(one) for one in changes(record, names)],
        "correlation": record.correlation or record.id,
        "causation": record.causation,
        "request": record.source.request or None,
        "traceparent": record.source.traceparent or None,
        "rule": record.rule,
        "catalogue": record.catalogue,
        "release": record.release,
        "_links": {"self": responses.link(responses.href(call.edge, "audit", record.id))},
    }


def proof(row: Row) -> Document:
    """What a verifier needs: the entry's exact text, whose SHA-256 behind a zero byte is the leaf at `leafIndex`."""
    return {"entry": row.entry, "leaf": row.leaf.hex(), "leafIndex": row.position - 1}


def _vendors(record: Recorded, names: Names) -> Document:
    """The fields that the vendor documents, and those that it is known to have (section 6)."""
    who = record.actor.principal
    agent = names.text(record, "user_agent", record.source.user_agent)
    return {
        "uuid": record.id,
        "timestamp": record.recorded_at.isoformat(timespec="microseconds"),
        "type": recorded.kind_of(record.data),
        "userUuid": who,
        "userName": names.person_name(who) if who else None,
        "user_email": names.email(who) if who else None,
        "tokenUuid": record.actor.token,
        "ipAddress": names.text(record, "address", record.source.address),
        "payload": {"userAgent": agent, "params": _parameters(record, names)},
    }


def _parameters(record: Recorded, names: Names) -> dict[str, Any]:
    """The event's own fields; a person's text in the clear, a catalogue by its number."""
    shown: dict[str, Any] = msgspec.to_builtins(record.data)
    for field in seal.sealed_fields(type(record.data)):
        if shown.get(field) is not None:
            shown[field] = names.text(record, field, getattr(record.data, field))
    if isinstance(record.data, CatalogueAdopted):
        shown["catalogue"] = record.data.catalogue.number
    shown.pop("kind", None)
    return shown


def _actor(record: Recorded, names: Names) -> Document:
    found, kind = trail.actor_of(record)
    behalf = record.actor.on_behalf_of
    return {
        "kind": kind,
        "uuid": found if kind == "principal" else None,
        "name": names.actor(record),
        "onBehalfOf": behalf,
        "system": record.actor.system or None,
    }


def _authority(authority: Authority, names: Names) -> Document:
    """Why it was allowed: the permission, on what, and the grant that gave it, named as it was."""
    role, team = authority.role, authority.team
    return {
        "needed": authority.needed,
        "on": _thing(authority.on, names) if authority.on else None,
        "source": authority.source,
        "scope": authority.scope or None,
        "role": {"uuid": role, "name": names.role(role)} if role else None,
        "team": {"uuid": team, "name": names.team(team)} if team else None,
    }


def _thing(thing: Thing, names: Names) -> Document:
    return {"type": thing.type, "id": thing.id, "name": names.thing(thing)}


def _changed(changed: Changed) -> Document:
    found: Document = {"field": changed.field}
    if changed.added or changed.removed:
        found["added"] = [msgspec.to_builtins(one) for one in changed.added]
        found["removed"] = [msgspec.to_builtins(one) for one in changed.removed]
    if changed.before is not None or changed.after is not None:
        found["before"], found["after"] = changed.before, changed.after
    return found
