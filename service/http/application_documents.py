"""An application as a document under the name that a Pact Broker gives it: a pacticipant (section 4.4)."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from projections import spans
from projections.applications import Application
from projections.labels import Label
from projections.versions import Version
from projections.view import View
from service import errors
from service.http import documents, index, responses
from service.http.edge import Call
from service.http.responses import Document
from service.queries import versions
from service.vocabulary import ApplicationId


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What Postgres keeps of an application: its labels, and the number of the version that came last."""

    labels: tuple[str, ...] = ()
    latest: str | None = None


Labels = Mapping[ApplicationId, Sequence[str]]
"""The labels of every application that carries any."""
NOTHING: Final = Beside()
"""Of an application that was just made."""


def document(call: Call, application: Application, beside: Beside | None = NOTHING) -> Document:
    """One application. Only what was set is shown: clients compare it with what they sent.

    `beside` is None where it is not known now: a document without labels says that, where an empty list would say none.
    """
    return {
        **_fields(application),
        "_embedded": {} if beside is None else _embedded(call, application, beside),
        "_links": _links(call, application),
    }


async def beside(call: Call, view: View, application: Application) -> Beside | None:
    """What Postgres keeps of the application at the view's position; None while Postgres is away."""
    try:
        shelf = await call.spans(view, spans.of_application(Label, application.id))
        last, _ = await call.span_page(view, spans.of_application(Version, application.id), size=1)
    except errors.Unavailable:
        return None  # the application itself is held here, and is shown as it is
    labels = sorted(one.name for one in shelf.of_application(Label, application.id))
    return Beside(labels=tuple(labels), latest=last[0].version if last else None)


def line(call: Call, application: Application, labels: Labels | None) -> Document:
    """An application in a list; `labels` are None where they are not known now.

    A list of thousands leads to each of them, whose own document leads on. Clients read a name for display of every
    row, be it null.
    """
    known = None if labels is None else Beside(labels=tuple(labels.get(application.id, ())))
    return {
        **_fields(application),
        "displayName": application.display_name,
        "_embedded": {} if known is None else _embedded(call, application, known),
        "_links": {"self": responses.link(address(call, application), application.name)},
    }


async def labelled(call: Call, view: View) -> Labels:
    """The labels of every application that carries any. Raises Unavailable when Postgres is away."""
    async with call.edge.reader.connection() as connection:
        return await versions.labels(connection, view.position)


def address(call: Call, application: Application) -> str:
    """Where the application is found."""
    return responses.href(call.edge, "pacticipants", application.name)


def _fields(application: Application) -> Document:
    optional = {
        "displayName": application.display_name,
        "repositoryUrl": application.repository_url,
        "mainBranch": application.main_branch,
    }
    return {
        "uuid": application.id,
        "name": application.name,
        **{field: value for field, value in optional.items() if value is not None},
        **documents.times(application.created_at, application.updated_at),
    }


def _embedded(call: Call, application: Application, beside: Beside) -> Document:
    found: Document = {"labels": [_label(call, application, one) for one in beside.labels]}
    if beside.latest is not None:
        place = responses.href(call.edge, "pacticipants", application.name, "versions", beside.latest)
        link = {**responses.link(place, "Version"), "name": beside.latest}
        found["latestVersion"] = {"number": beside.latest, "_links": {"self": link}}
    return found


def _label(call: Call, application: Application, label: str) -> Document:
    place = responses.href(call.edge, "pacticipants", application.name, "labels", label)
    return {"name": label, "_links": {"self": {**responses.link(place, "Label"), "name": label}}}


def _links(call: Call, application: Application) -> Document:
    """Where one goes from an application; each relation's own path says what follows its name."""
    links: Document = {"self": responses.link(address(call, application), application.name)}
    name = responses.escaped(application.name)
    for relation in index.OF_APPLICATION:
        href = call.edge.settings.base_url + relation.path.replace("{pacticipant}", name)
        links[relation.relation] = responses.link(href, relation.title, "{" in href)
    links["versions"] = {**links["pb:versions"], "title": "Deprecated: pb:versions"}
    return {**links, "curies": responses.curies(call.edge, "pb", "pf")}
