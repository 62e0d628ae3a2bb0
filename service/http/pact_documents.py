"""A contract as clients of a Pact Broker read it: its own members, then ours with what can be done next.

A link is shown to who may follow it, and only where it leads somewhere (sections 4.1 and 4.3).
"""

from typing import Final

import msgspec

from projections import things
from projections.applications import Application
from projections.contracts import Contract
from projections.view import View
from service.http import applications, edge, responses
from service.http.edge import PATHS, Call
from service.http.responses import Document

MANAGE: Final = "contract_data:manage"
WEBHOOKS: Final = "webhook:manage"
_CONTENT: Final = "/pacts/provider/{}/consumer/{}/pact-version/{}"
_RESULTS: Final = f"{_CONTENT}/verification-results"
_TRIGGERED: Final = "triggered-webhooks"
VERSION: Final = "/pacticipants/{}/versions/{}"
TAG: Final = f"{VERSION}/tags/{{}}"
_Members = dict[str, msgspec.Raw]
"""An object's members as they were written: what nobody asks about need not be read."""


def document(call: Call, view: View, contract: Contract, octets: bytes) -> bytes:
    """The encoded document. The vault keeps the exact bytes, whose digest the record holds."""
    members: dict[str, object] = dict(msgspec.json.decode(octets, type=_Members))
    members["createdAt"] = edge.iso(contract.created_at)
    if contract.updated_at != contract.created_at:
        members["updatedAt"] = edge.iso(contract.updated_at)
    members["uuid"], members["digest"] = contract.id, contract.digest
    members["_links"] = links(call, view, contract)
    return msgspec.json.encode(members)


def links(call: Call, view: View, contract: Contract) -> Document:
    """What the document leads to, the newest contract of the pair first among the «latest» ones: clients take it."""
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    base, served = call.edge.settings.base_url, call.request.app[PATHS]
    manages = [call.may_order(MANAGE, things.of_application(side)) for side in (consumer, provider)]
    place, pair = _places(call, consumer, provider)
    content = f"{pair}/pact-version/{contract.digest}"
    found: Document = {"self": _self(pair, consumer, provider, contract)}
    if manages[0] or applications.readable(call, consumer):  # who may change it may read it
        found["pb:consumer"] = named(place, "Consumer", consumer.name)
        if VERSION in served:
            version = f"{place}/versions/{responses.escaped(contract.version)}"
            found["pb:consumer-version"] = named(version, "Consumer version", contract.version)
    if manages[1] or applications.readable(call, provider):
        found["pb:provider"] = named(applications.address(call, provider), "Provider", provider.name)
    if _CONTENT in served:
        found["pb:pact-version"] = named(content, "Pact content version permalink", contract.digest)
    found["pb:latest-pact-version"] = responses.link(f"{pair}/latest", "Latest version of this pact")
    found["pb:all-pact-versions"] = responses.link(f"{pair}/versions", "All versions of this pact")
    tagged = responses.link(f"{pair}/latest/{{tag}}", "Latest tagged version of this pact", templated=True)
    found["pb:latest-tagged-pact-version"] = tagged
    if TAG in served and manages[0]:
        found |= _tagging(f"{place}/versions/{responses.escaped(contract.version)}")
    if _RESULTS in served and manages[1]:
        found["pb:publish-verification-results"] = responses.link(
            f"{content}/verification-results", "Publish verification results"
        )
    if f"{_RESULTS}/latest" in served:
        found["pb:latest-verification-results"] = responses.link(f"{content}/verification-results/latest")
    if call.may_somewhere(WEBHOOKS):
        found |= _webhooks(call, consumer, provider)
    found |= triggered(call, f"{pair}/version/{responses.escaped(contract.version)}", "pact")
    found["curies"] = [{"name": "pb", "href": f"{base}/doc/pb/{{rel}}", "templated": True}]
    return found


def self_link(call: Call, view: View, contract: Contract) -> Document:
    """Where the contract of this consumer version is found, under the name that a Pact Broker has for it."""
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    return _self(pair_address(call, consumer, provider), consumer, provider, contract)


def title(view: View, contract: Contract) -> str:
    """What a Pact Broker calls a contract."""
    return _title(view.application(contract.consumer), view.application(contract.provider), contract)


def address(call: Call, view: View, contract: Contract) -> str:
    """Where the contract of this consumer version is found."""
    place: str = self_link(call, view, contract)["href"]
    return place


def pair_address(call: Call, consumer: Application, provider: Application) -> str:
    """What the addresses of everything between the two begin with."""
    return _places(call, consumer, provider)[1]


def triggered(call: Call, place: str, what: str) -> Document:
    """The way to what the publication of this contract or result triggered, for who may manage any webhook."""
    if not call.may_somewhere(WEBHOOKS):
        return {}
    title = f"Webhooks triggered by the publication of this {what}"
    return {"pb:triggered-webhooks": responses.link(f"{place}/{_TRIGGERED}", title)}


def named(place: str, title: str, name: str) -> Document:
    """A link that says the name of what it leads to."""
    return {"href": place, "title": title, "name": name}


def _places(call: Call, consumer: Application, provider: Application) -> tuple[str, str]:
    """The consumer's address and the pair's."""
    base, escaped = call.edge.settings.base_url, responses.escaped(consumer.name)
    pair = f"{base}/pacts/provider/{responses.escaped(provider.name)}/consumer/{escaped}"
    return f"{base}/pacticipants/{escaped}", pair


def _self(pair: str, consumer: Application, provider: Application, contract: Contract) -> Document:
    place = f"{pair}/version/{responses.escaped(contract.version)}"
    return named(place, "Pact", _title(consumer, provider, contract))


def _title(consumer: Application, provider: Application, contract: Contract) -> str:
    return f"Pact between {consumer.name} ({contract.version}) and {provider.name}"


def _webhooks(call: Call, consumer: Application, provider: Application) -> Document:
    sides = ("provider", provider.name, "consumer", consumer.name)
    return {
        "pb:pact-webhooks": responses.link(
            responses.href(call.edge, "webhooks", *sides),
            f"Webhooks for the pact between {consumer.name} and {provider.name}",
        ),
        "pb:consumer-webhooks": responses.link(
            responses.href(call.edge, "webhooks", *sides[2:]),
            f"Webhooks for all pacts with consumer {consumer.name}",
        ),
    }


def _tagging(version: str) -> Document:
    return {
        "pb:tag-prod-version": responses.link(
            f"{version}/tags/prod", "PUT to this resource to tag this consumer version as 'production'"
        ),
        "pb:tag-version": responses.link(
            f"{version}/tags/{{tag}}", "PUT to this resource to tag this consumer version", templated=True
        ),
    }
