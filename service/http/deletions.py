"""DELETE under /pacts and /integrations: bulk deletions (section 3.6), all of which take `?dry_run=true`."""

from aiohttp import web

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
from service.orders import Outcome
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
    outcome = await repeats.answered(call)
    if outcome is None:
        consumer, provider = _pair(call)
        command = DeleteTaggedContracts(consumer=consumer, provider=provider, tag=call.path("tag"))
        outcome = await requests.handle(call, command, body)
    return responses.hal(call, _left(call, outcome))


async def branch_contracts(call: Call) -> web.Response:
    """DELETE …/consumer/{consumer}/branch/{branch}: those of versions on the branch. 200 with links."""
    body = await requests.body(call)
    outcome = await repeats.answered(call)
    if outcome is None:
        consumer, provider = _pair(call)
        command = DeleteBranchContracts(consumer=consumer, provider=provider, branch=call.path("branch"))
        outcome = await requests.handle(call, command, body)
    return responses.hal(call, _left(call, outcome))


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


def _left(call: Call, outcome: Outcome) -> Document:
    """The links of a Pact Broker's answer: the index, and the newest contract that was left then, if one was."""
    view = call.edge.replica.view(outcome.position)
    links: Document = {"index": responses.link(responses.href(call.edge))}
    consumer, provider = (applications.named(view, call.path(one)) for one in ("consumer", "provider"))
    if view.integration_or_none(consumer.id, provider.id) is not None:
        segments = ("pacts", "provider", provider.name, "consumer", consumer.name, "latest")
        latest = responses.href(call.edge, *segments)
        links["pb:latest-pact-version"] = responses.link(latest, "Latest pact")
    return {"_links": links}
