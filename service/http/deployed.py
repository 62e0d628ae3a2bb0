"""Deployed and released versions as documents, and the links that lead from a version to them."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from projections import spans
from projections.applications import Application
from projections.deployments import Deployment, Release
from projections.spans import Shelf, Want
from projections.view import View
from service.http import applications, documents, environments, responses
from service.http.edge import Call, iso
from service.http.responses import Document

Held = TypeVar("Held", Deployment, Release)


def document(call: Call, view: View, one: Deployment | Release, *, whole: bool = False) -> Document:
    """A deployed or released version with its application and version; the whole of it with the environment too."""
    return {
        "uuid": one.id,
        **_own(one),
        **documents.times(one.created_at, one.updated_at),
        "_embedded": _embedded(call, view, one, whole=whole),
        "_links": {"self": responses.link(address(call, one))},
    }


def address(call: Call, one: Deployment | Release) -> str:
    """Where the deployment or release is found."""
    noun = "deployed-versions" if isinstance(one, Deployment) else "released-versions"
    return responses.href(call.edge, noun, one.id)


def newest_first(held: Iterable[Held]) -> list[Held]:
    """By when they were recorded, which no two were at the same instant."""
    return sorted(held, key=lambda one: one.created_at, reverse=True)


def wants(application: Application, number: str) -> tuple[Want, ...]:
    """What `links` takes to be on the shelf."""
    return tuple(spans.of_version(fact, application.id, number) for fact in (Deployment, Release))


def links(call: Call, view: View, shelf: Shelf, application: Application, number: str) -> Document:
    """The links of a version's document: where its deployments and releases are recorded, and those that are.

    Clients look an environment up by its name among them, so they hold those that the caller may read and no others;
    there may be none.
    """
    seen = [one for one in documents.by_name(view.environments()) if environments.readable(call, one)]
    shown = {one.id: one.display_name for one in seen}
    place = ("pacticipants", application.name, "versions", number)

    def recording(noun: str, verb: str) -> list[Document]:
        return [
            {
                "title": f"Record {verb} to {one.display_name}",
                "name": one.name,
                "href": responses.href(call.edge, *place, noun, "environment", one.id),
            }
            for one in seen
        ]

    def recorded(held: Sequence[Deployment | Release], verb: str) -> list[Document]:
        return [
            {
                "title": f"Version {verb} to {shown[one.environment]}",
                "name": shown[one.environment],
                "href": address(call, one),
                **_state(one),
            }
            for one in held
            if one.environment in shown
        ]

    deployments = newest_first(shelf.of_version(Deployment, application.id, number))
    releases = newest_first(shelf.of_version(Release, application.id, number))
    return {
        "pb:record-deployment": recording("deployed-versions", "deployment"),
        "pb:record-release": recording("released-versions", "release"),
        "pb:deployed-environments": recorded(deployments, "deployed"),
        "pb:released-environments": recorded(releases, "released"),
    }


def _own(one: Deployment | Release) -> Document:
    """What is its own. `target` is what older clients call the instance."""
    if isinstance(one, Deployment):
        ended = {} if one.ended_at is None else {"undeployedAt": iso(one.ended_at)}
        current = one.ended_at is None
        return {
            "currentlyDeployed": current,
            "target": one.instance,
            "applicationInstance": one.instance,
            **ended,
        }
    ended = {} if one.support_ended_at is None else {"supportEndedAt": iso(one.support_ended_at)}
    return {"currentlySupported": one.support_ended_at is None, **ended}


def _state(one: Deployment | Release) -> Document:
    """As the links of a version say it."""
    if isinstance(one, Release):
        return {"currently_supported": one.support_ended_at is None}
    instance = {} if one.instance is None else {"application_instance": one.instance}
    return {"currently_deployed": one.ended_at is None, **instance}


def _embedded(call: Call, view: View, one: Deployment | Release, *, whole: bool) -> Document:
    application = view.application(one.application)
    place = responses.href(call.edge, "pacticipants", application.name, "versions", one.version)
    version = {"title": "Version", "name": one.version, "href": place}
    found: Document = {
        "pacticipant": {
            "name": application.name,
            "_links": {"self": responses.link(applications.address(call, application))},
        },
        "version": {"number": one.version, "_links": {"self": version}},
    }
    if whole:
        found["environment"] = environments.document(call, view, view.environment(one.environment))
    return found
