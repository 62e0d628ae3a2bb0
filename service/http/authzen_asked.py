"""What AuthZEN's requests say: who, what, to which thing, in which circumstances, and as of which moment.

All of its surfaces read their questions here, so that a question means the same on each of them.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from projections.view import View
from service import errors
from service.http import decoding, parameters, requests
from service.http.edge import Call
from service.queries import moments
from service.queries.access import Answer, Question
from service.queries.evaluating import TEXT_LENGTH_MAX, Evaluator
from service.vocabulary import line

JSON: Final = "application/json"
Entity = Mapping[str, Any]
"""A JSON object of the request: a subject, an action, a resource, or a context."""
_NOTHING: Final[Entity] = {}
_MOMENT: Final = ("as_of", "at_least")


class Parts(msgspec.Struct, frozen=True, gc=False):
    """The entities that a question is made of, as they were sent; None for one that is absent or null."""

    subject: Entity | None = None
    action: Entity | None = None
    resource: Entity | None = None
    context: Entity | None = None


NO_PARTS: Final = Parts()


async def document(call: Call, long_list: str = "") -> dict[str, Any]:
    """The request's object; a member that may be a very long list is named, and read in pieces.

    Raises Invalid, which is 400, also for a wrong type of content and for a parameter that is not known.
    """
    call.require_only(*parameters.MOMENT)
    if call.request.content_type != JSON:
        raise errors.Invalid(f"The body must be {JSON}, and its Content-Type say so.", "Content-Type")
    octets = await requests.raw(call)
    if not octets:
        raise errors.Invalid("The body must be an object.")
    found = await (decoding.with_long_list(octets, long_list) if long_list else decoding.document(octets))
    if not isinstance(found, dict):
        raise errors.Invalid("The body must be an object.")
    return found


def parts(document: Entity, pointer: str = "", defaults: Parts = NO_PARTS) -> Parts:
    """The entities of one question; those that it does not say itself are the default's, whole. Raises Invalid."""
    subject, action = _object(document, "subject", pointer), _object(document, "action", pointer)
    resource, context = _object(document, "resource", pointer), _object(document, "context", pointer)
    return Parts(
        defaults.subject if subject is None else subject,
        defaults.action if action is None else action,
        defaults.resource if resource is None else resource,
        defaults.context if context is None else context,
    )


def one_of(item: object, pointer: str, defaults: Parts) -> Parts:
    """The entities of one question of several. Raises Invalid, also where it is about another moment than they are."""
    if type(item) is not dict:
        raise errors.Invalid("This must be an object.", pointer)
    found = parts(item, pointer, defaults)
    own, whole = found.context or _NOTHING, defaults.context or _NOTHING
    for name in _MOMENT:
        if own is not whole and own.get(name) is not None and own.get(name) != whole.get(name):
            raise errors.Invalid(
                f"All evaluations of a call are about one moment: {name} belongs into the query or the outer context.",
                f"{pointer}/context/{name}",
            )
    return found


def require_readable(defaults: Parts) -> None:
    """Raise Invalid where an entity that is there says too little or is of another shape."""
    for name, entity, fields in (
        ("subject", defaults.subject, ("type", "id")),
        ("action", defaults.action, ("name",)),
        ("resource", defaults.resource, ("type", "id")),
    ):
        if entity is not None:
            _object(entity, "properties", "", name)
            for field in fields:
                _text(entity, field, "", name)


def question(asked: Parts, evaluator: Evaluator, pointer: str = "") -> Question:
    """The question that these entities are, for this evaluator. Raises Invalid where one is missing or says too little.

    A subject of a type that is nobody here has no name in the question. Whose a thing of an own type is, is said by the
    properties that its type names; of any other by `owner` and `team`, which must then be texts.
    """
    subject = _there(asked.subject, "subject", pointer)
    action = _there(asked.action, "action", pointer)
    resource = _there(asked.resource, "resource", pointer)
    type_, named = _text(subject, "type", pointer, "subject"), _text(subject, "id", pointer, "subject")
    _object(subject, "properties", pointer, "subject")
    _object(action, "properties", pointer, "action")
    properties = _object(resource, "properties", pointer, "resource")
    resource_type, compiled = _text(resource, "type", pointer, "resource"), evaluator.view.catalogue
    if properties is None or (compiled is not None and resource_type in compiled.types):
        properties = _NOTHING
    inside = (pointer, "resource", "properties")
    return Question(
        subject=evaluator.subject(type_, named),
        action=_text(action, "name", pointer, "action"),
        resource_type=resource_type,
        resource_id=_text(resource, "id", pointer, "resource"),
        team=_optional_text(properties, "team", *inside),
        owner=_optional_text(properties, "owner", *inside),
        environment=_optional_text(properties, "environment", *inside),
        facts={
            "subject": subject,
            "action": action,
            "resource": resource,
            "context": asked.context or _NOTHING,
        },
    )


def nobody(view: View) -> tuple[Answer, tuple[str, ...]]:
    """The answer about a subject of a type that is nobody here."""
    own = sorted(view.catalogue.subject_types - {"user"}) if view.catalogue is not None else []
    also = f" (or {', '.join(own)})" if own else ""
    reason = f"Subjects here are of the types user{also}, which is any principal, and system_account."
    return Answer(decision=False, reason=reason), (reason,)


async def evaluator_of(call: Call, context: Entity | None) -> Evaluator:
    """What answers about the moment that the query or the context names; about now it remembers what others asked."""
    return call.edge.evaluators.at(call.view, await view_of(call, context))


async def view_of(call: Call, context: Entity | None) -> View:
    """What was true at the moment that the query or the context names; without one, now. Raises as `Call.moment`."""
    context = context or _NOTHING
    moment = await moments.view_of(
        call.edge.reader,
        call.edge.replica,
        _moment(call, context, "as_of"),
        _moment(call, context, "at_least"),
        age_seconds=call.edge.vigil.age_seconds(),
    )
    call.progress.moment = moment
    return moment.view


def _moment(call: Call, context: Entity, name: str) -> str | None:
    """A moment from the query or from `context`, where a position may also be a number. Not two different ones."""
    value = context.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        given: str | None = str(value)
    else:
        given = _optional_text(context, name, "", "context")
    asked = call.asked(name)
    if given is not None and asked is not None and given != asked:
        raise errors.Invalid(f"The query and the context name two moments for {name}.", name)
    return given if asked is None else asked


def _object(document: Entity, name: str, *place: str) -> Entity | None:
    """An object, or None where it is absent or null; an empty one is there.

    `place` says where the document stands: a pointer, and names below it. Only an error needs it put together.
    """
    value = document.get(name)
    if value is None or type(value) is dict:
        return value
    raise errors.Invalid(f"The field {name!r} must be an object.", "/".join((*place, name)))


def _there(entity: Entity | None, name: str, pointer: str) -> Entity:
    if entity is None:
        raise errors.Invalid(f"The field {name!r} is missing.", f"{pointer}/{name}")
    return entity


def _text(part: Entity, field: str, *place: str) -> str:
    value = part.get(field)
    if type(value) is str:
        if value.isascii() and value.isprintable() and len(value) <= TEXT_LENGTH_MAX:
            return value.strip()  # what `line` makes of most texts
        return line(value, "/".join((*place, field)), field, TEXT_LENGTH_MAX)
    what = "must be a string" if field in part else "is missing"
    raise errors.Invalid(f"The field {field!r} {what}.", "/".join((*place, field)))


def _optional_text(part: Entity, field: str, *place: str) -> str | None:
    """A text, or None where it is absent or null. As it came: what it names is looked up as it stands."""
    value = part.get(field)
    if value is None or type(value) is str:
        return value
    raise errors.Invalid(f"The field {field!r} must be a string.", "/".join((*place, field)))
