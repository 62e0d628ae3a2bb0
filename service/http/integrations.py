"""/integrations: pairs of a consumer and a provider with a contract between them (section 4.7)."""

from collections.abc import Container, Iterable
from typing import Final

import msgspec
from aiohttp import web

from projections.applications import Application
from projections.contracts import Integration, integration_id
from projections.teams import Team
from projections.view import View
from service import errors
from service.http import (
    applications,
    breathing,
    edge,
    pagination,
    preferences,
    responses,
    rights,
)
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import ApplicationId, email_key

_ALL: Final = "all"
_DEFAULT: Final = "default"


class Side(msgspec.Struct, frozen=True, gc=False):
    """An application as every integration shows it that it takes part in: looked up, judged and encoded once."""

    application: Application
    segment: str
    """Its name in a path."""
    sorted: str
    """Its name where lists are ordered: whatever its case."""
    matches: bool
    readable: bool
    deletable: bool
    """Whether the caller may delete what it is the consumer of, with the very token that was presented."""
    document: msgspec.Raw


class Row(msgspec.Struct, frozen=True, gc=False):
    """An integration with both its applications, which live at the same moment."""

    integration: Integration
    consumer: Side
    provider: Side

    @property
    def matches(self) -> bool:
        """Whether either side has a name that was asked for."""
        return self.consumer.matches or self.provider.matches

    @property
    def readable(self) -> bool:
        """An integration is read from either of its sides (section 3.4)."""
        return self.consumer.readable or self.provider.readable


async def listed(call: Call) -> web.Response:
    """GET /integrations?q=&view=&page=&size=: those of which the caller may read a side.

    `view=default` shows those of the team that the caller chose as their view (`defaultTeamView`, seed 002), and all
    where no such choice holds. Whoever does not ask for it gets every one: a program that deletes, checks or counts
    must not be told less because of what somebody likes to look at.
    """
    view = (await call.moment()).view
    return await _list(call, view, _chosen(call, view))


async def of_team(call: Call) -> web.Response:
    """GET /integrations/team/{uuid}?q=&page=&size=: those in which one of the team's applications takes part."""
    view = (await call.moment()).view
    return await _list(call, view, view.team(call.path_id()))


async def network(call: Call) -> web.Response:
    """GET /pacticipant/{name}/network: whatever one application consumes, and whoever consumes it."""
    view = (await call.moment()).view
    application = applications.named(view, call.path("name"))
    applications.require_readable(call, application)
    rows = Rows(call, view)
    found = await breathing.each(view.integrations_of(application.id), rows.row)
    drawn = await breathing.drawn(sorted(filter(None, found), key=_order), rows.document)
    links = {
        "self": responses.link(responses.here(call)),
        "pb:pacticipant": responses.link(applications.address(call, application), application.name),
    }
    return responses.hal(call, {"integrations": drawn, "_links": links})


class Rows:
    """Draws integrations of one view for one caller. Of what it knows of an application it looks up nothing twice."""

    def __init__(self, call: Call, view: View, wanted: str = "") -> None:
        self._call = call
        self._view = view
        self._wanted = email_key(wanted)
        self._reads = rights.Right(call, applications.READ)
        self._deletes = rights.Right(call, "contract_data:bulk_delete", orders=True)
        self._sides: dict[ApplicationId, Side | None] = {}
        self._base = f"{call.edge.settings.base_url}/"

    def row(self, integration: Integration) -> Row | None:
        """The integration, or None where a side is gone: in the middle of a bulk deletion it counts no more."""
        consumer, provider = self._side(integration.consumer), self._side(integration.provider)
        return None if consumer is None or provider is None else Row(integration, consumer, provider)

    def document(self, row: Row) -> Document:
        """An integration. Only who may delete it finds the way to: clients read a missing link as «not permitted»."""
        integration, consumer, provider = row.integration, row.consumer, row.provider
        between = f"provider/{provider.segment}/consumer/{consumer.segment}"
        links: Document = {"pb:latest-pact-version": {"href": f"{self._base}pacts/{between}/latest"}}
        if consumer.deletable:
            names = f"{consumer.application.name} and {provider.application.name}"
            links["pb:delete_integration"] = {
                "href": f"{self._base}integrations/{between}",
                "title": f"Delete the integration between {names}",
            }
        return {
            "id": integration_id(integration.consumer, integration.provider),
            "consumer": consumer.document,
            "provider": provider.document,
            "contracts": integration.contracts,
            "createdAt": edge.iso(integration.created_at),
            "_links": links,
        }

    def _side(self, application: ApplicationId) -> Side | None:
        try:
            return self._sides[application]
        except KeyError:
            found = self._view.application_or_none(application)
            side = self._sides[application] = None if found is None else self._drawn(found)
            return side

    def _drawn(self, application: Application) -> Side:
        readable = self._reads.on(application.id)
        address = applications.address(self._call, application)
        links: Document = {"self": responses.link(address, application.name)} if readable else {}
        shown = {"uuid": application.id, "name": application.name, "_links": links}
        return Side(
            application=application,
            segment=responses.escaped(application.name),
            sorted=application.name.casefold(),
            matches=self._wanted in email_key(application.name),
            readable=readable,
            deletable=self._deletes.on(application.id),
            document=msgspec.Raw(msgspec.json.encode(shown)),
        )


def _order(row: Row) -> tuple[str, str]:
    return row.consumer.sorted, row.provider.sorted


def _chosen(call: Call, view: View) -> Team | None:
    """The team whose integrations `?view=` asks for; None for all. Raises Invalid for a view that there is not."""
    match call.asked("view"):
        case None | "all":
            return None
        case "default":
            return preferences.team_view(view, call.me)
        case _:
            raise errors.Invalid(f"There is no such view; there are: {_ALL}, {_DEFAULT}.", "view")


async def _list(call: Call, view: View, team: Team | None) -> web.Response:
    call.require_somewhere(applications.READ)
    rows = Rows(call, view, call.asked("q") or "")
    found = await _found(rows, view, team)
    found.sort(key=_order)
    shown, counted, links = pagination.cut(call, found)
    drawn = await breathing.drawn(shown, rows.document)
    links |= _beside(call, view, team)
    named = {} if team is None else {"team": _named(call, team)}
    return responses.hal(call, {"_embedded": {"integrations": drawn}, **counted, **named, "_links": links})


def _named(call: Call, team: Team) -> Document:
    return {"uuid": team.id, **({"name": team.name} if call.may_name("team", team.id) else {})}


def _beside(call: Call, view: View, team: Team | None) -> Document:
    """From a team's integrations the way to all of them, and from all to those of the team that the caller chose."""
    if team is not None:
        return {"pb:integrations": responses.link(responses.href(call.edge, "integrations"), "Integrations")}
    chosen = preferences.team_view(view, call.me)
    if chosen is None:
        return {}
    place = responses.href(call.edge, "integrations", "team", chosen.id)
    return {"pf:integrations": responses.link(place, chosen.name)}


async def _found(rows: Rows, view: View, team: Team | None) -> list[Row]:
    """The rows of those integrations, of the team's or of all, whose names match and that the caller may read."""
    ours: Container[str] | None = None
    if team is not None:
        ours = {one.id for one in view.team_applications(team.id)}
    every: Iterable[Integration] = view.integrations()
    found: list[Row] = []

    def look(one: Integration) -> None:
        if ours is not None and one.consumer not in ours and one.provider not in ours:
            return
        row = rows.row(one)
        if row is not None and row.matches and row.readable:
            found.append(row)

    await breathing.each(every, look)
    return found
