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
_PAIR: Final = "/pacts/provider/{}/consumer/{}"
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
    base = call.edge.settings.base_url
    pair = pair_address(call, consumer, provider)
    version = responses.href(call.edge, "pacticipants", consumer.name, "versions", contract.version)
    content = f"{pair}/pact-version/{contract.digest}"
    found: Document = {"self": self_link(call, view, contract)}
    for relation, side in (("pb:consumer", consumer), ("pb:provider", provider)):
        if applications.readable(call, side):
            place = applications.address(call, side)
            found[relation] = named(place, relation[3:].capitalize(), side.name)
    served = call.request.app[PATHS]
    if "pb:consumer" in found and VERSION in served:
        found["pb:consumer-version"] = named(version, "Consumer version", contract.version)
    if f"{_PAIR}/pact-version/{{}}" in served:
        found["pb:pact-version"] = named(content, "Pact content version permalink", contract.digest)
    found["pb:latest-pact-version"] = responses.link(f"{pair}/latest", "Latest version of this pact")
    found["pb:all-pact-versions"] = responses.link(f"{pair}/versions", "All versions of this pact")
    if f"{_PAIR}/latest/{{}}" in served:
        tagged = responses.link(
            f"{pair}/latest/{{tag}}", "Latest tagged version of this pact", templated=True
        )
        found["pb:latest-tagged-pact-version"] = tagged
    if TAG in served and call.may_order(MANAGE, things.of_application(consumer)):
        found["pb:tag-prod-version"] = responses.link(
            f"{version}/tags/prod", "PUT to this resource to tag this consumer version as 'production'"
        )
        found["pb:tag-version"] = responses.link(
            f"{version}/tags/{{tag}}", "PUT to this resource to tag this consumer version", templated=True
        )
    results = f"{_PAIR}/pact-version/{{}}/verification-results"
    if results in served and call.may_order(MANAGE, things.of_application(provider)):
        found["pb:publish-verification-results"] = responses.link(
            f"{content}/verification-results", "Publish verification results"
        )
    if f"{results}/latest" in served:
        found["pb:latest-verification-results"] = responses.link(f"{content}/verification-results/latest")
    found["curies"] = [{"name": "pb", "href": f"{base}/doc/pb/{{rel}}", "templated": True}]
    return found


def self_link(call: Call, view: View, contract: Contract) -> Document:
    """Where the contract of this consumer version is found, under the name that a Pact Broker has for it."""
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    place = responses.href(
        call.edge, "pacts", "provider", provider.name, "consumer", consumer.name, "version", contract.version
    )
    return named(place, "Pact", f"Pact between {consumer.name} ({contract.version}) and {provider.name}")


def pair_address(call: Call, consumer: Application, provider: Application) -> str:
    """What the addresses of everything between the two begin with."""
    return responses.href(call.edge, "pacts", "provider", provider.name, "consumer", consumer.name)


def named(place: str, title: str, name: str) -> Document:
    """A link that says the name of what it leads to."""
    return {"href": place, "title": title, "name": name}
