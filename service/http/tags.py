"""/pacticipants/{name}/versions/{version}/tags/{tag}: the tags of a version (section 4.7)."""

from aiohttp import web

from projections import spans
from projections.applications import Application
from projections.spans import keyed
from projections.versions import Tag
from projections.view import View
from service import errors
from service.commands.versions import TagVersion, UntagVersion, number, tag_name
from service.events.versions import VersionTagged
from service.http import applications, edge, repeats, requests, responses, version_documents, versions
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import ApplicationId


async def shown(call: Call) -> web.Response:
    """GET …/tags/{tag}: the tag, where the version carries it; as it was, with `as_of`."""
    view, application = await versions.readable(call)
    tag = await _found(call, view, application)
    if tag is None:
        raise errors.NotFound(
            f"No tag '{call.path('tag')}' found on version '{call.path('version')}' of '{application.name}'"
        )
    return responses.hal(call, _document(call, application, tag))


async def put(call: Call) -> web.Response:
    """PUT …/tags/{tag}: 201, or 200 where the version carries it already.

    The version, and the application, are made with it if they are not here yet. The body says nothing more.
    """
    body = await requests.body(call)
    command = TagVersion(
        application=applications.spelt(call, call.path("name")),
        application_id=ApplicationId(call.edge.fresh.id()),
        version=call.path("version"),
        tag=call.path("tag"),
    )
    outcome = await requests.handle(call, command, body)
    view, application = versions.meant(call, outcome)
    tag = await _found(call, view, application)
    assert tag is not None, "it was given at this very position"
    drawn = _document(call, application, tag)
    return versions.made_or_there(call, outcome, drawn, VersionTagged)


async def deleted(call: Call) -> web.Response:
    """DELETE …/tags/{tag}: 204; the version stays."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        application = applications.named(call.view, call.path("name"))
        command = UntagVersion(application=application.id, version=call.path("version"), tag=call.path("tag"))
        await requests.handle(call, command, body)
    return responses.nothing()


async def _found(call: Call, view: View, application: Application) -> Tag | None:
    key = keyed(application.id, number(call.path("version")), tag_name(call.path("tag")))
    return (await call.spans(view, spans.by_key(Tag, key))).get(Tag, key)


def _document(call: Call, application: Application, tag: Tag) -> Document:
    place = version_documents.tag_address(call, application, tag)
    version = version_documents.address(call, application, tag.version)
    pacticipant = applications.address(call, application)
    return {
        "name": tag.name,
        "createdAt": edge.iso(tag.created_at),
        "_links": {
            "self": {**responses.link(place, "Tag"), "name": tag.name},
            "version": {**responses.link(version, "Version"), "name": tag.version},
            "pacticipant": {**responses.link(pacticipant, "Pacticipant"), "name": application.name},
        },
    }
