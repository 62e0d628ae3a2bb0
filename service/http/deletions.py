"""DELETE under /pacts and /integrations: bulk deletions (section 3.6), all of which take `?dry_run=true`."""

from aiohttp import web

from service import errors
from service.commands.integrations import (
    DeleteBranchContracts,
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
    DeleteTaggedContracts,
)
from service.http import applications, repeats, requests, responses
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import ApplicationId


async def contracts(call: Call) -> web.Response:
    """DELETE /pacts/provider/{provider}/consumer/{consumer}/versions: every contract of the integration. 204."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        consumer, provider = _pair(call)
        command = DeleteIntegrationContracts(consumer=consumer, provider=provider)
        await requests.handle(call, command, body)
    return responses.nothing()


async def tagged_contracts(call: Call) -> web.Response:
    """DELETE …/consumer/{consumer}/tag/{tag}: those of versions with the tag. 200 with links, as a Pact Broker."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        consumer, provider = _pair(call)
        command = DeleteTaggedContracts(consumer=consumer, provider=provider, tag=call.path("tag"))
        await requests.handle(call, command, body)
    return responses.hal(call, _left(call))


async def branch_contracts(call: Call) -> web.Response:
    """DELETE …/consumer/{consumer}/branch/{branch}: those of versions on the branch. 200 with links."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        consumer, provider = _pair(call)
        command = DeleteBranchContracts(consumer=consumer, provider=provider, branch=call.path("branch"))
        await requests.handle(call, command, body)
    return responses.hal(call, _left(call))


async def integration(call: Call) -> web.Response:
    """DELETE /integrations/provider/{provider}/consumer/{consumer}: with what then stands alone. 204."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        consumer, provider = _pair(call)
        await requests.handle(call, DeleteIntegration(consumer=consumer, provider=provider), body)
    return responses.nothing()


async def integrations(call: Call) -> web.Response:
    """DELETE /integrations: all contract data there is. 204."""
    await requests.handle(call, DeleteIntegrations(), await requests.body(call))
    return responses.nothing()


def _pair(call: Call) -> tuple[ApplicationId, ApplicationId]:
    consumer = applications.named(call.view, call.path("consumer"))
    return consumer.id, applications.named(call.view, call.path("provider")).id


def _left(call: Call) -> Document:
    """The links of a Pact Broker's answer: the index, and the newest contract that is left, if one is."""
    view = call.edge.replica.now()
    links: Document = {"index": responses.link(responses.href(call.edge))}
    try:
        consumer, provider = (applications.named(view, call.path(one)) for one in ("consumer", "provider"))
    except errors.NotFound:  # this was answered before, and one of them was deleted since
        return {"_links": links}
    if view.integration_or_none(consumer.id, provider.id) is not None:
        segments = ("pacts", "provider", provider.name, "consumer", consumer.name, "latest")
        latest = responses.href(call.edge, *segments)
        links["pb:latest-pact-version"] = responses.link(latest, "Latest pact")
    return {"_links": links}
