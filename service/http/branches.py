"""/pacticipants/{name}/branches: an application's branches and the versions on them (section 4.7)."""

from collections.abc import Collection, Sequence
from typing import Final

from aiohttp import web

from projections import spans
from projections.applications import Application
from projections.branches import Branch, BranchVersion
from projections.spans import keyed
from projections.view import View
from service import errors
from service.commands.branches import (
    DeleteBranch,
    DeleteBranches,
    PutOnBranch,
    TakeOffBranch,
    branch_name,
)
from service.commands.versions import number
from service.events.branches import BranchesDeleted, VersionPutOnBranch
from service.http import (
    applications,
    breathing,
    edge,
    pagination,
    repeats,
    requests,
    responses,
    version_documents,
    versions,
)
from service.http.edge import Call
from service.http.responses import Document
from service.queries import versions as asking
from service.vocabulary import ApplicationId, email_key

KEPT_MAX: Final = 1_000
"""Branches that one request may name as those to be kept."""


async def listed(call: Call) -> web.Response:
    """GET /pacticipants/{name}/branches?q=&page=&size=: the newest first."""
    view, application = await versions.readable(call)
    wanted = email_key(call.asked("q") or "")
    every, _ = await call.span_page(view, spans.of_application(Branch, application.id))
    found = await breathing.kept(every, lambda one: wanted in email_key(one.name))
    rows, counted, links = pagination.cut(call, found)
    links["pb:branches"] = [
        {**responses.link(_address(call, application, one.name)), "name": one.name} for one in rows
    ]
    heads = await _heads(call, view, application, rows)
    drawn = await breathing.drawn(rows, lambda one: _document(call, application, one, heads))
    embedded = {"branches": drawn}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /pacticipants/{name}/branches/{branch}: one branch; as it was, with `as_of`."""
    view, application = await versions.readable(call)
    key = keyed(application.id, branch_name(call.path("branch")))
    branch = (await call.spans(view, spans.by_key(Branch, key))).get(Branch, key)
    if branch is None:
        raise errors.NotFound(f"No branch with name '{call.path('branch')}' found for '{application.name}'")
    heads = await _heads(call, view, application, [branch])
    return responses.hal(call, _document(call, application, branch, heads))


async def deleted(call: Call) -> web.Response:
    """DELETE /pacticipants/{name}/branches/{branch}: 204; the versions on it stay."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        application = applications.named(call.view, call.path("name"))
        await requests.handle(
            call, DeleteBranch(application=application.id, branch=call.path("branch")), body
        )
    return responses.nothing()


async def all_deleted(call: Call) -> web.Response:
    """DELETE /pacticipants/{name}/branches?exclude[]=: all but the main branch and those to be kept; 202 with a notice.

    They are gone when this is answered; the status is a Pact Broker's, which deletes them later.
    """
    body = await requests.body(call)
    kept = tuple(call.request.query.getall("exclude[]", [])) + tuple(call.request.query.getall("exclude", []))
    if len(kept) > KEPT_MAX:
        raise errors.Invalid(f"At most {KEPT_MAX} branches can be named.", "exclude[]")
    outcome = await repeats.answered(call)
    if outcome is None:
        application = applications.named(call.view, call.path("name"))
        command = DeleteBranches(application=application.id, keeping=kept)
        outcome = await requests.handle(call, command, body)
    view, application = versions.meant(call, outcome)
    gone = [record.data for record in outcome.records if isinstance(record.data, BranchesDeleted)]
    left, _ = await call.span_page(view, spans.of_application(Branch, application.id))
    count = gone[0].branches if gone else 0
    text = (
        f"Deleted {count} {'branch' if count == 1 else 'branches'} of pacticipant {application.name}."
        f" Remaining branches: {', '.join(sorted(one.name for one in left)) or 'none'}"
    )
    return responses.hal(call, {"notices": [{"type": "success", "text": text}]}, 202)


async def version_shown(call: Call) -> web.Response:
    """GET /pacticipants/{name}/branches/{branch}/versions/{version}: whether the version is on it."""
    view, application = await versions.readable(call)
    found = await _membership(call, view, application)
    if found is None:
        raise errors.NotFound(
            f"No version '{call.path('version')}' found on branch '{call.path('branch')}' of '{application.name}'"
        )
    return responses.hal(call, _membership_document(call, application, found))


async def version_put(call: Call) -> web.Response:
    """PUT /pacticipants/{name}/branches/{branch}/versions/{version}: 201, or 200 where it is there already.

    The branch, the version, and the application, are made with it if they are not here yet.
    """
    body = await requests.body(call)
    command = PutOnBranch(
        application=applications.spelt(call, call.path("name")),
        application_id=ApplicationId(call.edge.fresh.id()),
        branch=call.path("branch"),
        version=call.path("version"),
    )
    outcome = await requests.handle(call, command, body)
    view, application = versions.meant(call, outcome)
    found = await _membership(call, view, application)
    assert found is not None, "it was put there at this very position"
    drawn = _membership_document(call, application, found)
    return versions.made_or_there(call, outcome, drawn, VersionPutOnBranch)


async def version_removed(call: Call) -> web.Response:
    """DELETE /pacticipants/{name}/branches/{branch}/versions/{version}: 204; both stay."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        application = applications.named(call.view, call.path("name"))
        command = TakeOffBranch(
            application=application.id, branch=call.path("branch"), version=call.path("version")
        )
        await requests.handle(call, command, body)
    return responses.nothing()


async def _membership(call: Call, view: View, application: Application) -> BranchVersion | None:
    key = keyed(application.id, branch_name(call.path("branch")), number(call.path("version")))
    return (await call.spans(view, spans.by_key(BranchVersion, key))).get(BranchVersion, key)


def _membership_document(call: Call, application: Application, found: BranchVersion) -> Document:
    place = version_documents.branch_version_address(call, application, found.branch, found.version)
    version = version_documents.address(call, application, found.version)
    return {
        "createdAt": edge.iso(found.created_at),
        "_links": {
            "self": responses.link(place, "Branch version"),
            "pb:branch": {
                **responses.link(_address(call, application, found.branch), "Branch"),
                "name": found.branch,
            },
            "pb:version": {**responses.link(version, "Version"), "name": found.version},
        },
    }


async def _heads(
    call: Call, view: View, application: Application, branches: Sequence[Branch]
) -> dict[str, str]:
    async with call.edge.reader.connection() as connection:
        names = [one.name for one in branches]
        return await asking.heads(connection, view.position, application.id, names)


def _document(call: Call, application: Application, branch: Branch, heads: Collection[str]) -> Document:
    """A branch. One that lost its last version has no latest one to point to."""
    place = _address(call, application, branch.name)
    links = {
        "self": responses.link(place, "Branch"),
        "pb:versions": responses.link(f"{place}/versions", "Versions on the branch"),
    }
    if branch.name in heads:
        latest = f"{place}/latest-version"
        links["pb:latest-version"] = responses.link(latest, "Latest version for branch")
    return {"name": branch.name, "createdAt": edge.iso(branch.created_at), "_links": links}


def _address(call: Call, application: Application, branch: str) -> str:
    return responses.href(call.edge, "pacticipants", application.name, "branches", branch)
