"""/labels, /pacticipants/label/{label} and /pacticipants/{name}/labels/{label} (section 4.7)."""

from aiohttp import web

from projections import spans
from projections.applications import Application
from projections.labels import Label
from projections.spans import keyed
from projections.view import View
from service import errors
from service.commands.labels import AddLabel, RemoveLabel, label_name
from service.events.labels import LabelAdded
from service.http import (
    application_documents,
    applications,
    breathing,
    documents,
    edge,
    pagination,
    repeats,
    requests,
    responses,
    rights,
    versions,
)
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import ApplicationId


async def listed(call: Call) -> web.Response:
    """GET /labels?page=&size=: every label of the applications that the caller may read, by name."""
    view = (await call.moment()).view
    call.require_somewhere(applications.READ)
    labels = await application_documents.labelled(call, view)
    reads = rights.Right(call, applications.READ)
    readable = await breathing.kept(labels, lambda one: _lives(view, one) and reads.on(one))
    found = sorted({label for one in readable for label in labels[one]})
    rows, counted, links = pagination.cut(call, found)
    embedded = {"labels": [{"name": label} for label in rows]}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def pacticipants(call: Call) -> web.Response:
    """GET /pacticipants/label/{label}?page=&size=: those that carry it, as far as the caller may read them."""
    view = (await call.moment()).view
    call.require_somewhere(applications.READ)
    wanted = label_name(call.path("label"))
    labels = await application_documents.labelled(call, view)
    reads = rights.Right(call, applications.READ)
    carrying = [one for one, held in labels.items() if wanted in held]
    living = [one for each in carrying if (one := view.application_or_none(each)) is not None]
    found = await breathing.kept(living, lambda one: reads.on(one.id))
    rows, counted, links = pagination.cut(call, documents.by_name(found))
    drawn = await breathing.drawn(rows, lambda one: application_documents.line(call, one, labels))
    return responses.hal(call, {"_embedded": {"pacticipants": drawn}, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /pacticipants/{name}/labels/{label}: the label, where the application carries it."""
    view, application = await versions.readable(call)
    label = await _found(call, view, application)
    if label is None:
        raise errors.NotFound(f"No label '{call.path('label')}' found on '{application.name}'")
    return responses.hal(call, _document(call, application, label))


async def put(call: Call) -> web.Response:
    """PUT /pacticipants/{name}/labels/{label}: 201, or 200 where the application carries it already.

    The application is made with it if it is not here yet.
    """
    body = await requests.body(call)
    command = AddLabel(
        application=applications.spelt(call, call.path("name")),
        application_id=ApplicationId(call.edge.fresh.id()),
        label=call.path("label"),
    )
    outcome = await requests.handle(call, command, body)
    view, application = versions.meant(call, outcome)
    label = await _found(call, view, application)
    assert label is not None, "it was given at this very position"
    drawn = _document(call, application, label)
    return versions.made_or_there(call, outcome, drawn, LabelAdded)


async def deleted(call: Call) -> web.Response:
    """DELETE /pacticipants/{name}/labels/{label}: 204."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        application = applications.named(call.view, call.path("name"))
        await requests.handle(call, RemoveLabel(application=application.id, label=call.path("label")), body)
    return responses.nothing()


def _lives(view: View, application: ApplicationId) -> bool:
    return view.application_or_none(application) is not None


async def _found(call: Call, view: View, application: Application) -> Label | None:
    key = keyed(application.id, label_name(call.path("label")))
    return (await call.spans(view, spans.by_key(Label, key))).get(Label, key)


def _document(call: Call, application: Application, label: Label) -> Document:
    place = responses.href(call.edge, "pacticipants", application.name, "labels", label.name)
    pacticipant = applications.address(call, application)
    return {
        "name": label.name,
        "createdAt": edge.iso(label.created_at),
        "_links": {
            "self": {**responses.link(place, "Label"), "name": label.name},
            "pacticipant": {**responses.link(pacticipant, "Pacticipant"), "name": application.name},
        },
    }
