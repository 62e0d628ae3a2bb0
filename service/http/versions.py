"""/pacticipants/{name}/versions: an application's versions (section 4.7). Their tags: `tags`."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from projections import spans
from projections.applications import Application
from projections.branches import Branch, BranchVersion
from projections.spans import keyed
from projections.versions import Tag, Version
from projections.view import View
from service import errors
from service.commands.branches import branch_name
from service.commands.versions import DeleteVersion, DescribeVersion, number, tag_name
from service.events.applications import ApplicationCreated
from service.events.versions import VersionCreated
from service.http import (
    applications,
    breathing,
    deployed,
    pagination,
    problems,
    repeats,
    requests,
    responses,
    version_documents,
)
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.queries import versions as asking
from service.vocabulary import ApplicationId


async def listed(call: Call) -> web.Response:
    """GET /pacticipants/{name}/versions?page=&size=: the newest first."""
    view, application = await readable(call)
    return await _list(call, view, application, spans.of_application(Version, application.id))


async def on_branch(call: Call) -> web.Response:
    """GET /pacticipants/{name}/branches/{branch}/versions: those on a branch, what was put there last first."""
    view, application = await readable(call)
    branch = branch_name(call.path("branch"))
    shelf = await call.spans(view, spans.by_key(Branch, keyed(application.id, branch)))
    if shelf.get(Branch, keyed(application.id, branch)) is None:
        raise errors.NotFound(f"No branch with name '{branch}' found")
    return await _list(call, view, application, spans.at_place(BranchVersion, branch, application.id))


async def with_tag(call: Call) -> web.Response:
    """GET /pacticipants/{name}/tags/{tag}/versions: those that carry a tag, what was tagged last first."""
    view, application = await readable(call)
    wanted = spans.at_place(Tag, tag_name(call.path("tag")), application.id)
    return await _list(call, view, application, wanted)


async def shown(call: Call) -> web.Response:
    """GET /pacticipants/{name}/versions/{version}: one version; as it was, with `as_of`."""
    view, application = await readable(call)
    wanted = number(call.path("version"))
    return await _one(call, view, application, await _found(call, view, application, wanted), wanted)


async def latest(call: Call) -> web.Response:
    """GET /pacticipants/{name}/latest-version: the one that came last."""
    view, application = await readable(call)
    found, _ = await call.span_page(view, spans.of_application(Version, application.id), size=1)
    return await _one(call, view, application, found[0] if found else None, "latest")


async def latest_tagged(call: Call) -> web.Response:
    """GET /pacticipants/{name}/latest-version/{tag}: of those that carry the tag the one that came last."""
    view, application = await readable(call)
    tag = tag_name(call.path("tag"))
    async with call.edge.reader.connection() as connection:
        found = await asking.latest_tagged(connection, view.position, application.id, tag)
    return await _one(call, view, application, found, f"latest {tag}")


async def latest_on_branch(call: Call) -> web.Response:
    """GET /pacticipants/{name}/branches/{branch}/latest-version: the one that was put there last."""
    view, application = await readable(call)
    branch = branch_name(call.path("branch"))
    last, _ = await call.span_page(view, spans.at_place(BranchVersion, branch, application.id), size=1)
    found = await _found(call, view, application, last[0].version) if last else None
    return await _one(call, view, application, found, f"latest on {branch}")


async def described(call: Call) -> web.Response:
    """PUT /pacticipants/{name}/versions/{version}: what the body lacks is taken away; tags only where it names some.

    201 where it is new. The application is made with it if it is not here yet.
    """
    if call.request.content_type == "application/merge-patch+json":
        raise problems.Unfit(415, "A PUT replaces: send application/json, or PATCH a part.")
    body = await requests.body(call)
    return await _described(call, body, body.optional_text("buildUrl"))


async def patched(call: Call) -> web.Response:
    """PATCH /pacticipants/{name}/versions/{version}: what the body lacks stays, null takes away."""
    body = await requests.body(call)
    return await _described(call, body, body.text_if_named("buildUrl"))


async def deleted(call: Call) -> web.Response:
    """DELETE /pacticipants/{name}/versions/{version}: with its contracts and results; 204."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        application = applications.named(call.view, call.path("name"))
        command = DeleteVersion(application=application.id, version=call.path("version"))
        await requests.handle(call, command, body)
    return responses.nothing()


async def readable(call: Call) -> tuple[View, Application]:
    """The moment asked about, and the path's application, which the caller may read. Raises NotFound, Forbidden."""
    view = (await call.moment()).view
    application = applications.named(view, call.path("name"))
    applications.require_readable(call, application)
    return view, application


def made_or_there(call: Call, outcome: Outcome, drawn: Document, made: type[msgspec.Struct]) -> web.Response:
    """201 with the document of what the order made, as an event of that kind says; 200 where it was there already."""
    if any(isinstance(record.data, made) for record in outcome.records):
        return responses.created(call, drawn, drawn["_links"]["self"]["href"])
    return responses.hal(call, drawn)


def meant(call: Call, outcome: Outcome) -> tuple[View, Application]:
    """The application in the path, by the end of an order that may have made it."""
    view = call.edge.replica.view(outcome.position)
    for record in outcome.records:
        if isinstance(record.data, ApplicationCreated):
            return view, view.application(record.data.application)
        if (made := getattr(record.data, "application", None)) is not None:
            return view, view.application(made)
    return view, applications.named(view, call.path("name"))


async def _described(call: Call, body: Body, build_url: str | msgspec.UnsetType | None) -> web.Response:
    command = DescribeVersion(
        application=applications.spelt(call, call.path("name")),
        application_id=ApplicationId(call.edge.fresh.id()),
        version=call.path("version"),
        build_url=build_url,
        tags=_tags(body),
    )
    outcome = await requests.handle(call, command, body)
    view, application = meant(call, outcome)
    version = await _found(call, view, application, number(call.path("version")))
    assert version is not None, "it was described at this very position"
    drawn = await _drawn(call, view, application, version)
    return made_or_there(call, outcome, drawn, VersionCreated)


def _tags(body: Body) -> tuple[str, ...] | None:
    """The names of the tags in a body: each a text, or an object with a name, as its own document shows it."""
    given = body.given("tags")
    if given is None:
        return None
    if isinstance(given, list) and all(isinstance(one, dict) for one in given):
        return tuple(one.text("name") for one in body.objects("tags"))
    return body.texts("tags")


async def _found(call: Call, view: View, application: Application, wanted: str) -> Version | None:
    key = keyed(application.id, wanted)
    return (await call.spans(view, spans.by_key(Version, key))).get(Version, key)


async def _one(
    call: Call, view: View, application: Application, version: Version | None, wanted: str
) -> web.Response:
    if version is None:
        raise errors.NotFound(f"No version '{wanted}' found for pacticipant '{application.name}'")
    return responses.hal(call, await _drawn(call, view, application, version, responses.here(call)))


async def _drawn(
    call: Call, view: View, application: Application, version: Version, place: str = ""
) -> Document:
    """One version as it stands alone: with where it is deployed and released, and where that can be recorded."""
    found = (await version_documents.of(call, view, application, [version])).version(version, place)
    shelf = await call.spans(view, *deployed.wants(application, version.version))
    found["_links"] |= deployed.links(call, view, shelf, application, version.version)
    return found


async def _list(call: Call, view: View, application: Application, wanted: spans.Want) -> web.Response:
    """A page of versions, by what says in which order: themselves, their tags, or their places on a branch."""
    page = pagination.asked(call)
    size = page.size if page else None
    found, total = await call.span_page(view, wanted, number=page.number if page else 1, size=size)
    versions: Sequence[Version] = found
    if wanted.fact is not Version:
        keys = [keyed(application.id, one.version) for one in found]
        shelf = await call.spans(view, spans.by_key(Version, *keys)) if keys else None
        named = [shelf.get(Version, key) for key in keys] if shelf else []
        versions = [one for one in named if one is not None]
    drawer = await version_documents.of(call, view, application, versions)
    counted, links = pagination.around(call, page, total)
    links["pb:pacticipant"] = responses.link(applications.address(call, application), application.name)
    links["pb:versions"] = await breathing.drawn(
        versions,
        lambda one: responses.link(version_documents.address(call, application, one.version), one.version),
    )
    embedded = {"versions": await breathing.drawn(versions, drawer.version)}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})
