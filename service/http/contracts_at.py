"""Below /pacts/provider/{provider}/consumer/{consumer}, an integration's contracts by tag and by branch."""

from aiohttp import web

from projections import spans
from projections.applications import Application
from projections.branches import BranchVersion
from projections.contracts import Contract
from projections.versions import Tag
from projections.view import View
from service.http import contracts
from service.http.edge import Call
from service.vocabulary import name


async def tagged(call: Call) -> web.Response:
    """GET …/tag/{tag}?page=&size=: of every version that carries the tag."""
    view = (await call.moment()).view
    pair = contracts.pair_of(view, call)
    tag = name(call.path("tag"), "tag", "tag")
    shelf = await call.spans(view, spans.at_place(Tag, tag, pair[0].id))
    numbers = {one.version for one in shelf.at_place(Tag, tag, pair[0].id)}
    held = _of_versions(view, pair, numbers)
    return await contracts.listed(call, view, pair, held, f"The versions with tag '{tag}'")


async def on_branch(call: Call) -> web.Response:
    """GET …/branch/{branch}?page=&size=: of every version on the branch."""
    return await _on_branch(call, newest=False)


async def newest_on_branch(call: Call) -> web.Response:
    """GET …/branch/{branch}/latest/versions: of the newest version on the branch, in a list."""
    return await _on_branch(call, newest=True)


async def on_main_branch(call: Call) -> web.Response:
    """GET …/branch/versions?page=&size=: of every version on the consumer's main branch."""
    return await _on_branch(call, newest=False)


async def newest_on_main_branch(call: Call) -> web.Response:
    """GET …/branch/latest/versions: of the newest version on the consumer's main branch, in a list."""
    return await _on_branch(call, newest=True)


async def latest_on_branch(call: Call) -> web.Response:
    """GET …/branch/{branch}/latest: the contract of the newest version on the branch."""
    view = (await call.moment()).view
    pair = contracts.pair_of(view, call)
    branch = name(call.path("branch"), "branch", "branch")
    return await contracts.newest(call, view, await _of_branch(call, view, pair, branch))


async def _on_branch(call: Call, *, newest: bool) -> web.Response:
    """Without a branch in the path it is the main one; a consumer that has none has nothing there."""
    view = (await call.moment()).view
    pair = contracts.pair_of(view, call)
    given = call.request.match_info.get("branch")
    branch = pair[0].main_branch if given is None else name(given, "branch", "branch")
    held = [] if branch is None else await _of_branch(call, view, pair, branch)
    if newest:
        held = sorted(held, key=lambda one: one.created_at)[-1:]
    which = "The newest version" if newest else "The versions"
    where = "the main branch" if given is None else f"branch '{branch}'"
    return await contracts.listed(call, view, pair, held, f"{which} on {where}")


async def _of_branch(
    call: Call, view: View, pair: tuple[Application, Application], branch: str
) -> list[Contract]:
    shelf = await call.spans(view, spans.at_place(BranchVersion, branch, pair[0].id))
    return _of_versions(
        view, pair, {one.version for one in shelf.at_place(BranchVersion, branch, pair[0].id)}
    )


def _of_versions(view: View, pair: tuple[Application, Application], numbers: set[str]) -> list[Contract]:
    return [one for one in view.contracts_of(pair[0].id, pair[1].id) if one.version in numbers]
