"""/pacticipants: applications, under the name that a Pact Broker gives them on the wire (section 4.7)."""

from typing import Final
from urllib.parse import quote, unquote

from aiohttp import web

from projections import things
from projections.applications import Application
from projections.things import Target
from projections.view import View
from service import errors
from service.commands.applications import CreateApplication, DeleteApplication, EditApplication
from service.events.applications import ApplicationCreated, ApplicationEdited
from service.http import (
    application_documents,
    breathing,
    documents,
    pagination,
    problems,
    repeats,
    requests,
    responses,
    rights,
)
from service.http.edge import Call
from service.http.requests import Body
from service.orders import Outcome
from service.vocabulary import ApplicationId, Thing, email_key, name

READ: Final = "contract_data:read"
_UNESCAPED_IN_PATHS: Final = "$&+=:@"
"""What Terraform's provider leaves as it is in a segment of a path, beside letters, digits and `-_.~`."""


async def listed(call: Call) -> web.Response:
    """GET /pacticipants?q=&page=&size=: those that the caller may read, by name."""
    view = (await call.moment()).view
    call.require_somewhere(READ)
    wanted = email_key(call.asked("q") or "")
    reads = rights.Right(call, READ)

    def shown(one: Application) -> bool:
        matches = wanted in email_key(one.name) or wanted in email_key(one.display_name or "")
        return matches and reads.on(one.id)

    found = await breathing.kept(view.applications(), shown)
    rows, counted, links = pagination.cut(call, documents.by_name(found))
    labels: application_documents.Labels | None
    try:
        labels = await application_documents.labelled(call, view)
    except errors.Unavailable:  # the applications themselves are held here
        labels = None
    drawn = {
        "pacticipants": await breathing.drawn(rows, lambda one: application_documents.line(call, one, labels))
    }
    # At its top as well, where a Pact Broker had the list first and the newer of its command lines still reads it.
    return responses.hal(call, {"_embedded": drawn, **drawn, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /pacticipants/{name}: one application; as it was, with `as_of`."""
    view = (await call.moment()).view
    application = named(view, call.path("name"))
    require_readable(call, application)
    return await _answer(call, view, application)


async def created(call: Call) -> web.Response:
    """POST /pacticipants: 201 with the application."""
    body = await requests.body(call)
    return await _created(call, body, body.text("name"))


async def replaced(call: Call) -> web.Response:
    """PUT /pacticipants/{name}: what the body lacks is taken away. A missing application is 404."""
    if call.request.content_type == "application/merge-patch+json":
        raise problems.Unfit(415, "A PUT replaces: send application/json, or PATCH a part.")
    body = await requests.body(call)
    if (before := await repeats.answered(call)) is not None:
        return await _outcome(call, before)
    application = named(call.view, call.path("name"))
    command = EditApplication(
        application=application.id,
        name=body.optional_text("name") or application.name,
        display_name=body.optional_text("displayName"),
        repository_url=body.optional_text("repositoryUrl"),
        main_branch=body.optional_text("mainBranch"),
    )
    return await _edited(call, command, body)


async def patched(call: Call) -> web.Response:
    """PATCH /pacticipants/{name}: what the body lacks stays, null takes away. A missing application is made: 201."""
    body = await requests.body(call)
    if (before := await repeats.answered(call)) is not None:
        return await _outcome(call, before)
    application = _found(call.view, call.path("name"))
    if application is None:
        try:
            return await _created(call, body, _wanted(call, body))
        except errors.Refused as refusal:  # somebody else was first to make it: then this changes it
            application = _found(call.edge.replica.now(), call.path("name"))
            if refusal.reason != "name_taken" or application is None:
                raise
    command = EditApplication(
        application=application.id,
        name=body.optional_text("name") or application.name,
        display_name=body.text_if_named("displayName"),
        repository_url=body.text_if_named("repositoryUrl"),
        main_branch=body.text_if_named("mainBranch"),
    )
    return await _edited(call, command, body)


async def deleted(call: Call) -> web.Response:
    """DELETE /pacticipants/{name}: with every contract it takes part in, which is a bulk deletion then."""
    body = await requests.body(call)
    if await repeats.answered(call) is not None:
        return responses.nothing()
    application = named(call.view, call.path("name"))
    command = DeleteApplication(application=application.id)
    await requests.handle(call, command, body, ("application", application.id))
    return responses.nothing()


def named(view: View, text: str) -> Application:
    """The application with this name. Raises NotFound in a Pact Broker's words."""
    found = _found(view, text)
    if found is None:
        raise errors.NotFound(f"No pacticipant with name '{text}' found")
    return found


def readable(call: Call, application: Application) -> bool:
    """Whether the caller may read it, judged now."""
    return call.may(READ, current_target(call, application))


def require_readable(call: Call, application: Application) -> None:
    """Raise Forbidden unless the caller may read it, judged now."""
    call.require(READ, current_target(call, application))


def current_target(call: Call, application: Application) -> Target:
    """The application as it decides now; one that was deleted since belongs to no team and nobody."""
    current = call.judged_in.application_or_none(application.id)
    if current is None:
        return Target(Thing("application", application.id))
    return things.of_application(current)


def address(call: Call, application: Application) -> str:
    """Where the application is found."""
    return application_documents.address(call, application)


def spelt(call: Call, text: str) -> str:
    """The name of the application that is meant, if it is here; otherwise the text, for one that is made."""
    try:
        return named(call.view, text).name
    except errors.NotFound:
        return text


def _found(view: View, text: str) -> Application | None:
    """By its name; a name that was escaped twice, as Terraform's provider does, is found too (section 5.1)."""
    exact = view.application_named(name(text, "name", "name"))
    decoded = _decoded(text)
    if exact is not None or decoded is None:
        return exact
    return view.application_named(name(decoded, "name", "name"))


def _decoded(text: str) -> str | None:
    """What the text is once more decoded, or None where nobody who escapes a name would have written it.

    Escaping gives the text back, by the one rule or the other: so `%2F` is a slash, but `%41` is no A.
    """
    decoded = unquote(text)
    if decoded == text or text not in (quote(decoded, safe=""), quote(decoded, safe=_UNESCAPED_IN_PATHS)):
        return None
    return decoded


def _wanted(call: Call, body: Body) -> str:
    """The name that a patch makes an application under: the path's, once more decoded where the body says so."""
    spelt = call.path("name")
    given = body.optional_text("name")
    return given if given is not None and given == _decoded(spelt) else spelt


async def _created(call: Call, body: Body, wanted: str) -> web.Response:
    command = CreateApplication(
        application=ApplicationId(call.edge.fresh.id()),
        name=wanted,
        display_name=body.optional_text("displayName"),
        repository_url=body.optional_text("repositoryUrl"),
        main_branch=body.optional_text("mainBranch"),
    )
    return await _outcome(call, await requests.handle(call, command, body))


async def _edited(call: Call, command: EditApplication, body: Body) -> web.Response:
    outcome = await requests.handle(call, command, body, ("application", command.application))
    return await _outcome(call, outcome, command.application)


async def _outcome(call: Call, outcome: Outcome, edited: str = "") -> web.Response:
    """201 with the application that was made, or 200 with the one that was edited; `edited` where nothing changed."""
    view = call.edge.replica.view(outcome.position)
    for record in outcome.records:
        if isinstance(record.data, ApplicationCreated):
            application = view.application(record.data.application)
            version = view.version("application", application.id)
            drawn = application_documents.document(call, application)
            return responses.created(call, drawn, drawn["_links"]["self"]["href"], version)
        if isinstance(record.data, ApplicationEdited):
            edited = record.data.application
    return await _answer(call, view, view.application(edited))


async def _answer(call: Call, view: View, application: Application) -> web.Response:
    version = view.version("application", application.id)
    beside = await application_documents.beside(call, view, application)
    return responses.hal(call, application_documents.document(call, application, beside), version=version)
