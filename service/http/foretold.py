"""What a bulk deletion takes and leaves, as a document: of a dry run, or of a deletion that was done.

Whoever may delete something is told what it is; what a webhook is called, though, only who may manage it. Of what stays
only that is named which the caller may read.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from projections import things
from projections.contracts import Contract, Integration
from projections.view import View
from service.commands.foretelling import (
    Foretold,
    KeptApplication,
    KeptVersion,
    RemovedApplication,
    RemovedWebhook,
    Row,
    Staying,
    Vanished,
)
from service.events.branches import RemovedBranch, RemovedBranchVersion
from service.events.contracts import RemovedContract
from service.events.deployments import RemovedDeployment, RemovedRelease
from service.events.labels import RemovedLabel
from service.events.results import RemovedResult
from service.events.versions import RemovedTag, RemovedVersion
from service.http import applications, breathing
from service.http.edge import Call
from service.http.responses import Document
from service.queries import wording
from service.vocabulary import Thing


async def drawn(call: Call, view: View, told: Foretold) -> Document:
    """`vanishes` and `stays`, in which `view` says what everything is called."""
    return {
        "vanishes": await vanishes(call, view, told.vanishes),
        "stays": await _stays(call, view, told.stays),
    }


async def vanishes(call: Call, view: View, gone: Iterable[Vanished]) -> Document:
    """Every kind of which something vanishes: how many, and the first of them. `view` still has them."""
    named = Named(view, call)
    return {
        one.kind: {
            "number": one.number,
            "first": await breathing.drawn(one.rows, lambda row: _row(named, row)),
        }
        for one in gone
    }


class Named:
    """What things are called at a moment; each is looked up once, since the same few stand in every row."""

    def __init__(self, view: View, call: Call) -> None:
        self._view = view
        self._call = call
        self._applications: dict[str, str] = {}
        self._environments: dict[str, str] = {}

    def application(self, application: str) -> str:
        """Its name, or its id where it is not known."""
        found = self._applications.get(application)
        if found is None:
            held = self._view.application_or_none(application)
            found = self._applications[application] = held.name if held else application
        return found

    def environment(self, environment: str) -> str:
        """Its name, or its id where it is not known."""
        found = self._environments.get(environment)
        if found is None:
            held = self._view.environment_or_none(environment)
            found = self._environments[environment] = held.name if held else environment
        return found

    def pair(self, between: Any) -> Document:
        """Consumer and provider of whatever is between two applications."""
        return {
            "consumer": self.application(between.consumer),
            "provider": self.application(between.provider),
        }

    def webhook(self, row: RemovedWebhook) -> Document:
        """A webhook by its id, with the applications that it names; who may not manage it reads no more of it."""
        held = self._view.webhook_by_own_id(row.webhook)
        found: Document = {"uuid": row.webhook if held is None else held.shown_id}
        of_team = things.Target(Thing("webhook", row.webhook), things.teams_of(row.team))
        if self._call.may("webhook:manage", of_team):
            found["description"] = row.settings.description
        sides = (("consumer", row.settings.consumer), ("provider", row.settings.provider))
        return found | {side: self.application(one) for side, one in sides if one is not None}


async def _stays(call: Call, view: View, stays: Staying) -> Document:
    named = Named(view, call)

    def side(application: str) -> bool:
        held = view.application_or_none(application)
        return held is not None and applications.readable(call, held)

    def between(one: Contract | Integration) -> bool:
        return side(one.consumer) or side(one.provider)

    found: Document = {}
    if stays.number_of_applications:
        shown = await breathing.kept(stays.applications, lambda one: side(one.application))
        found["applications"] = await _part(
            shown, stays.number_of_applications, lambda one: _kept_application(named, one)
        )
    if stays.number_of_integrations:
        others = await breathing.kept(stays.integrations, between)
        found["integrations"] = await _part(
            others, stays.number_of_integrations, lambda one: {**named.pair(one), "contracts": one.contracts}
        )
    if stays.number_of_contracts:
        contracts = await breathing.kept(stays.contracts, between)
        found["contracts"] = await _part(
            contracts, stays.number_of_contracts, lambda one: {**named.pair(one), "version": one.version}
        )
    if stays.number_of_versions:
        versions = await breathing.kept(stays.versions, lambda one: side(one.application))
        found["versions"] = await _part(
            versions, stays.number_of_versions, lambda one: _kept_version(named, one)
        )
    return found


async def _part(rows: Iterable[Any], number: int, draw: Callable[[Any], Document]) -> Document:
    return {"number": number, "first": await breathing.drawn(rows, draw)}


def _kept_application(named: Named, one: KeptApplication) -> Document:
    """An application, and why it stays: what still refers to it, or else that it is not what is deleted."""
    because = []
    if one.integrations:
        because.append(f"takes part in {wording.counted(one.integrations, 'other integration')}")
    if one.versions:
        because.append(f"has {wording.counted(one.versions, 'version')} in use")
    if one.webhooks:
        because.append(f"is named by {wording.counted(one.webhooks, 'webhook')}")
    return {
        "uuid": one.application,
        "name": named.application(one.application),
        "because": wording.listed(because) or "it is not what this deletes",
    }


def _kept_version(named: Named, one: KeptVersion) -> Document:
    reasons = [
        text for text, holds in (("a contract", one.contract), ("a verification result", one.result)) if holds
    ]
    return {
        "application": named.application(one.application),
        "version": one.version,
        "because": f"has {' and '.join(reasons)} in another integration",
    }


def _row(named: Named, row: Row) -> Document:
    return _ROWS[type(row)](named, row)


def _of_version(named: Named, row: Any) -> Document:
    return {"application": named.application(row.application), "version": row.version}


def _in_environment(named: Named, row: Any, id_: str) -> Document:
    return {"uuid": id_, **_of_version(named, row), "environment": named.environment(row.environment)}


_ROWS: Final[dict[type[msgspec.Struct], Callable[[Named, Any], Document]]] = {
    RemovedApplication: lambda _, row: {"uuid": row.application, "name": row.name},
    RemovedContract: lambda named, row: {"uuid": row.contract, **named.pair(row), "version": row.version},
    RemovedResult: lambda named, row: {
        "uuid": row.result,
        **named.pair(row),
        "providerVersion": row.version,
        "number": row.number,
    },
    RemovedVersion: _of_version,
    RemovedTag: lambda named, row: {**_of_version(named, row), "tag": row.tag},
    RemovedBranch: lambda named, row: {
        "application": named.application(row.application),
        "branch": row.branch,
    },
    RemovedBranchVersion: lambda named, row: {**_of_version(named, row), "branch": row.branch},
    RemovedLabel: lambda named, row: {"application": named.application(row.application), "label": row.label},
    RemovedDeployment: lambda named, row: _in_environment(named, row, row.deployment),
    RemovedRelease: lambda named, row: _in_environment(named, row, row.release),
    RemovedWebhook: lambda named, row: named.webhook(row),
}
