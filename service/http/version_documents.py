"""A version of an application as a document, with what it has: its tags, branches and contracts."""

from collections.abc import Sequence
from typing import Final

from projections.applications import Application
from projections.branches import BranchVersion
from projections.versions import Tag, Version
from projections.view import View
from service.commands import versions as deciding
from service.http import applications, documents, responses
from service.http.edge import Call
from service.http.responses import Document
from service.queries import versions as asking

_VERIFIED: Final = "latest-verification-results-where-pacticipant-is-consumer"


class VersionDocuments:
    """Versions of one application at one moment."""

    def __init__(self, call: Call, view: View, application: Application, beside: asking.Beside) -> None:
        self._call = call
        self._view = view
        self._application = application
        self._beside = beside

    def version(self, version: Version, place: str = "") -> Document:
        """One version; `place` is where it was asked for, if that is not its own address."""
        number = version.version
        on = [self._branch_version(one) for one in self._beside.branches.get(number, ())]
        tags = [self._tag(one) for one in self._beside.tags.get(number, ())]
        found: Document = {"number": number}
        if version.build_url is not None:
            found["buildUrl"] = version.build_url
        return {
            **found,
            **documents.times(version.created_at, version.updated_at),
            "_embedded": {"branches": on, "branchVersions": on, "tags": tags},
            "_links": self._links(number, place),
        }

    def _links(self, number: str, place: str) -> Document:
        call, application = self._call, self._application
        here = address(call, application, number)
        return {
            "self": {**responses.link(place or here, "Version"), "name": number},
            "pb:pacticipant": {
                **responses.link(applications.address(call, application), "Pacticipant"),
                "name": application.name,
            },
            "pb:tag": responses.link(
                f"{here}/tags/{{tag}}",
                "Get, create or delete a tag for this pacticipant version",
                templated=True,
            ),
            **self._contracts(number),
        }

    def _contracts(self, number: str) -> Document:
        """The way to each contract that it has as a consumer, and to what providers made of them."""
        call, view, consumer = self._call, self._view, self._application
        found = []
        for contract in deciding.contracts_of(view, consumer.id, number):
            provider = view.application(contract.provider)
            segments = ("provider", provider.name, "consumer", consumer.name, "version", number)
            place = responses.link(responses.href(call.edge, "pacts", *segments), "Pact")
            found.append({**place, "name": f"Pact between {consumer.name} ({number}) and {provider.name}"})
        found.sort(key=lambda link: str(link["name"]).casefold())
        links: Document = {"pb:pact-versions": found}
        if found:
            segments = ("verification-results", "consumer", consumer.name, "version", number, "latest")
            title = "Latest verification results for consumer version"
            links[f"pb:{_VERIFIED}"] = responses.link(responses.href(call.edge, *segments), title)
        return links

    def _tag(self, tag: Tag) -> Document:
        place = tag_address(self._call, self._application, tag)
        return {"name": tag.name, "_links": {"self": {**responses.link(place, "Tag"), "name": tag.name}}}

    def _branch_version(self, on: BranchVersion) -> Document:
        place = branch_version_address(self._call, self._application, on.branch, on.version)
        return {
            "name": on.branch,
            "latest": self._beside.heads.get(on.branch) == on.version,
            "_links": {"self": {**responses.link(place, "Branch version"), "name": on.branch}},
        }


async def of(
    call: Call, view: View, application: Application, versions: Sequence[Version]
) -> VersionDocuments:
    """What draws these versions. Raises Unavailable when Postgres is away."""
    numbers = [one.version for one in versions]
    async with call.edge.reader.connection() as connection:
        beside = await asking.beside(connection, view.position, application.id, numbers)
    return VersionDocuments(call, view, application, beside)


def address(call: Call, application: Application, number: str) -> str:
    """Where a version is found."""
    return responses.href(call.edge, "pacticipants", application.name, "versions", number)


def tag_address(call: Call, application: Application, tag: Tag) -> str:
    """Where a version's tag is found."""
    segments = ("pacticipants", application.name, "versions", tag.version, "tags", tag.name)
    return responses.href(call.edge, *segments)


def branch_version_address(call: Call, application: Application, branch: str, number: str) -> str:
    """Where a version on a branch is found."""
    segments = ("pacticipants", application.name, "branches", branch, "versions", number)
    return responses.href(call.edge, *segments)
