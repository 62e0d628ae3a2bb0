"""Deletions that were undone, and what was forgotten after them, in words for the sentences of the trail."""

from typing import assert_never

from service.events import deletions as events
from service.events.branches import VersionPutOnBranch
from service.events.deployments import (
    DeploymentEnded,
    DeploymentRecorded,
    ReleaseRecorded,
    ReleaseSupportEnded,
)
from service.events.labels import LabelAdded
from service.events.results import VerificationPublished
from service.events.versions import VersionCreated, VersionTagged
from service.queries import wording
from service.queries.changed import Changed, Member, made
from service.queries.names import Names


def sentence(event: events.DeletionEvent, names: Names) -> str:
    """What somebody did, without who."""
    match event:
        case events.DeletionRestored():
            return f"restored what a deletion had removed: {_counts(event)}{_but(event)}"
        case events.ContractsRestored():
            back = contracts(event, names)
            return f"thereby published the {wording.plural('contract', back)} {wording.listed(back)} again"
        case events.FactsRestored():
            return f"thereby restored {_kinds(event)}"
        case events.ContractBodiesForgotten():
            bodies = "1 body" if len(event.bodies) == 1 else f"{len(event.bodies)} bodies"
            return f"forgot {bodies} of contracts that nothing held any longer"
        case _:
            assert_never(event)


def changes(event: events.DeletionEvent, names: Names) -> tuple[Changed, ...]:
    """What came back, was left out, or is gone for good."""
    match event:
        case events.DeletionRestored():
            left = tuple(Member(id=one.id, name=one.name) for one in event.left_out)
            return (
                *made(deletion=event.deletion),
                *((Changed(field="leftOut", removed=left),) if left else ()),
            )
        case events.ContractsRestored():
            named = zip(event.contracts, contracts(event, names), strict=True)
            back = tuple(Member(id=one.contract, name=name) for one, name in named)
            return (Changed(field="contracts", added=back),)
        case events.FactsRestored():
            return made(**{noun.replace(" ", "_"): number for noun, number in _counted(event).items()})
        case events.ContractBodiesForgotten():
            gone = tuple(Member(id=one.body, name=one.digest) for one in event.bodies)
            return (Changed(field="bodies", removed=gone),)
        case _:
            assert_never(event)


def contracts(event: events.ContractsRestored, names: Names) -> list[str]:
    """Each restored contract as `consumer/provider/version`."""
    return [f"{names.integration(one.consumer, one.provider)}/{one.version}" for one in event.contracts]


def _counts(event: events.DeletionRestored) -> str:
    counted = (
        (event.applications, "application"),
        (event.contracts, "contract"),
        (event.facts, "other fact"),
    )
    return wording.listed([wording.counted(count, noun) for count, noun in counted if count]) or "nothing"


def _but(event: events.DeletionRestored) -> str:
    if not event.not_restored:
        return ""
    return f", and left out {wording.counted(event.not_restored, 'thing')}"


def _kinds(event: events.FactsRestored) -> str:
    return wording.listed([wording.counted(number, noun) for noun, number in _counted(event).items()])


def _counted(event: events.FactsRestored) -> dict[str, int]:
    """How many of each kind, in words."""
    found: dict[str, int] = {}
    for row in event.facts:
        noun = _NOUNS[type(row.event)]
        found[noun] = found.get(noun, 0) + 1
    return found


_NOUNS: dict[type, str] = {
    VersionCreated: "version",
    VersionTagged: "tag",
    VersionPutOnBranch: "branch membership",
    LabelAdded: "label",
    VerificationPublished: "verification result",
    DeploymentRecorded: "deployment",
    DeploymentEnded: "ended deployment",
    ReleaseRecorded: "release",
    ReleaseSupportEnded: "ended release",
}
