"""Facts of Postgres' spans that a restoration brings back: versions, tags, branches, labels, results, deployments.

Each comes as the event that first made it, with its old date and author, so that it is what it was. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from projections import access, spans, things
from projections.branches import BranchVersion
from projections.contents import Content, content_key
from projections.deployments import Deployment, Release, place
from projections.labels import Label
from projections.results import VerificationResult
from projections.spans import Want
from projections.things import Target
from projections.versions import Tag, Version
from projections.view import View
from service.commands import packing, removals
from service.commands.grounds import Ground
from service.commands.order import Caller
from service.commands.undoing import GONE, MAY_NOT, OTHERWISE, Plan, Side, drawn
from service.events import Event
from service.events.branches import VersionPutOnBranch
from service.events.deletions import FactsRestored, LeftOut, RestorableEvent, RestoredFact
from service.events.deployments import (
    DeploymentEnded,
    DeploymentRecorded,
    ReleaseRecorded,
    ReleaseSupportEnded,
)
from service.events.labels import LabelAdded
from service.events.results import VerificationPublished
from service.events.versions import VersionCreated, VersionTagged
from service.vocabulary import ApplicationId, DeploymentId, PrincipalId, ReleaseId, ResultId

Fact = Version | Tag | BranchVersion | Label | VerificationResult | Deployment | Release
NOUNS: Final = (Version, Tag, BranchVersion, Label, VerificationResult, Deployment, Release)
"""In the order in which they come back: what others refer to first. A branch comes back with its versions."""
_RESULTS_FEW: Final = 2_000
"""Results up to which each one's content is read by its key."""
_FRAME_BYTES: Final = 330  # a time, an author, three ids, a digest and the framing; every text is added


def wants(sides: Mapping[ApplicationId, Side], facts: Iterable[Fact]) -> tuple[Want, ...]:
    """What is there now of the applications whose facts are to come back, and of the contents that were verified."""
    alive = [side.lives.id for side in sides.values() if side.lives is not None]
    theirs = (spans.of_application(fact, one) for one in alive for fact in NOUNS)
    return (*theirs, *_contents(sides, [one for one in facts if isinstance(one, VerificationResult)]))


def _contents(sides: Mapping[ApplicationId, Side], results: Sequence[VerificationResult]) -> tuple[Want, ...]:
    """Of few results the contents by their keys; of many, whatever their pairs hold."""
    many = len(results) > _RESULTS_FEW
    found: dict[str, None] = {}
    for one in results:
        consumer, provider = sides[one.consumer], sides[one.provider]
        if consumer.lives is not None and provider.lives is not None:
            found[content_key(consumer.id, provider.id, "" if many else one.digest)] = None
    if many:
        return tuple(spans.under(Content, pair) for pair in found)
    return (spans.by_key(Content, *found),) if found else ()


def plan_facts(
    plan: Plan, facts: Iterable[Fact], sides: dict[ApplicationId, Side], view: View, caller: Caller, seed: str
) -> list[RestoredFact]:
    """The rows of what comes back. What the caller may not bring back, or cannot be, the plan lists as left out."""
    rights, there, ground = _Rights(view, caller), _There(view), Ground(plan, view)
    made = {side.id for side in plan.made}
    rows: list[RestoredFact] = []
    left: dict[tuple[str, str, str], int] = {}
    for fact in _in_order(facts):
        side = sides[fact.application]
        if any(one.lives is None and one.id not in made for one in _sides_of(fact, sides)):
            why: str | None = GONE
        elif (why := rights.against(fact, side)) is None:
            moved = _moved(fact, sides, seed)
            found = there.same(moved, side)
            if found is None and ground.holds(fact, sides):
                rows += _rows(moved)
                continue
            why = GONE if found is None else None if found else OTHERWISE
        if why is not None:
            key = (fact.noun, fact.application, why)
            left[key] = left.get(key, 0) + 1
    for (noun, application, why), number in left.items():
        name = sides[ApplicationId(application)].was.name
        plan.left_out.append(LeftOut(noun=noun, id=application, name=name, application=name, why=why))
        plan.not_restored += number
    return rows


def children(rows: Iterable[RestoredFact]) -> Iterator[Event]:
    """The records that say what is here again, split at 32 KiB."""
    for piece in packing.packed(rows, _bytes_of, removals.PIECE_BYTES_MAX):
        yield FactsRestored(facts=piece)


def _bytes_of(row: RestoredFact) -> int:
    texts = (value for value in msgspec.structs.astuple(row.event) if isinstance(value, str))
    return _FRAME_BYTES + sum(2 * len(text.encode()) for text in texts if len(text) != 36)


def _in_order(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Noun by noun, the oldest first: a decision repeats exactly, and branches keep the dates of their beginning."""
    found: dict[type[Any], list[Fact]] = {fact: [] for fact in NOUNS}
    for one in facts:
        found[type(one)].append(one)
    for alike in found.values():
        yield from removals.oldest_first(alike)


def _sides_of(fact: Fact, sides: dict[ApplicationId, Side]) -> tuple[Side, ...]:
    """The applications without which there is no such fact."""
    if isinstance(fact, VerificationResult):
        return sides[fact.provider], sides[fact.consumer]
    return (sides[fact.application],)


class _Rights:
    """What the caller may not bring back, each application and environment judged once."""

    def __init__(self, view: View, caller: Caller) -> None:
        self._view = view
        self._caller = caller
        self._manages: dict[ApplicationId, bool] = {}
        self._records: dict[tuple[str, str], str | None] = {}

    def against(self, fact: Fact, side: Side) -> str | None:
        """Why the fact stays away, or None. A deployment takes the right to record it (section 3.5), all else W."""
        if isinstance(fact, Deployment | Release):
            key = (side.id, fact.environment)
            if key not in self._records:
                self._records[key] = self._recording(side, fact.environment)
            return self._records[key]
        if side.id not in self._manages:
            self._manages[side.id] = self._may("contract_data:manage", self._target(side))
        return None if self._manages[side.id] else MAY_NOT

    def _recording(self, side: Side, environment: str) -> str | None:
        where = self._view.environment_or_none(environment)
        if where is None:
            return GONE
        both = things.of_deployment(self._target(side), where)
        may = self._may("deployment_and_release:record", both)
        return None if may and self._may("environment:read", things.of_environment(where)) else MAY_NOT

    def _target(self, side: Side) -> Target:
        if side.lives is not None:
            return things.of_application(side.lives)
        return things.about_to_exist("application", side.was.name, self._caller.principal)

    def _may(self, action: str, target: Target) -> bool:
        caller = self._caller
        if caller.console or caller.system:
            return True
        return caller.principal is not None and access.may(self._view, caller.principal, action, target)


class _There:
    """What is there already, of each application and noun looked up once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._held: dict[tuple[type, ApplicationId], dict[object, Any]] = {}

    def same(self, fact: Fact, side: Side) -> bool | None:
        """True: it is there; False: something else has its place; None: it can come back."""
        if side.lives is None:
            return None
        key = (type(fact), side.id)
        if key not in self._held:
            live = self._view.shelf.of_application(type(fact), side.id)
            self._held[key] = {_identity(one): one for one in live}
        found = self._held[key].get(_identity(fact))
        if found is None:
            return None
        dated = isinstance(fact, Deployment)
        return not dated or found.created_at == fact.created_at


def _identity(fact: Fact) -> object:
    """What makes two of them the same, whatever ids they have. Of deployments only one is current at an instance."""
    match fact:
        case Deployment() if fact.ended_at is None:
            return (place(fact.environment), fact.instance)
        case Deployment():
            return (fact.version, fact.environment, fact.instance, fact.created_at)
        case Release():
            return (fact.version, fact.environment)
        case _:
            return fact.key


def _moved(fact: Fact, sides: dict[ApplicationId, Side], seed: str) -> Fact:
    """The fact of the application that has the old one's place. What has an id of its own gets another one there."""
    new = sides[fact.application].id
    match fact:
        case VerificationResult():
            consumer = sides[fact.consumer].id
            same = (new, consumer) == (fact.provider, fact.consumer)
            id_ = fact.id if same else ResultId(drawn(seed, fact.id))
            return msgspec.structs.replace(fact, id=id_, provider=new, consumer=consumer)
        case Deployment() | Release() if new == fact.application:
            return fact
        case Deployment() | Release():
            return msgspec.structs.replace(fact, id=drawn(seed, fact.id), application=new)
        case _:
            return msgspec.structs.replace(fact, application=new)


def _rows(fact: Fact) -> list[RestoredFact]:
    """What made the fact, and what ended it where it is kept beyond its end."""
    match fact:
        case Version():
            made = VersionCreated(
                application=fact.application, version=fact.version, build_url=fact.build_url
            )
            return [_row(fact.created_at, fact.creator, made)]
        case Tag():
            tagged = VersionTagged(application=fact.application, version=fact.version, tag=fact.name)
            return [_row(fact.created_at, None, tagged)]
        case BranchVersion():
            put = VersionPutOnBranch(application=fact.application, branch=fact.branch, version=fact.version)
            return [_row(fact.created_at, None, put)]
        case Label():
            return [_row(fact.created_at, None, LabelAdded(application=fact.application, label=fact.name))]
        case VerificationResult():
            return [_row(fact.created_at, fact.publisher, _published(fact))]
        case Deployment():
            return _deployed(fact)
        case Release():
            return _released(fact)


def _published(fact: VerificationResult) -> VerificationPublished:
    return VerificationPublished(
        result=fact.id,
        consumer=fact.consumer,
        provider=fact.provider,
        digest=fact.digest,
        version=fact.version,
        number=fact.number,
        success=fact.success,
        build_url=fact.build_url,
        verifier=fact.verifier,
        verifier_version=fact.verifier_version,
    )


def _deployed(fact: Deployment) -> list[RestoredFact]:
    made = DeploymentRecorded(
        deployment=DeploymentId(fact.id),
        application=fact.application,
        version=fact.version,
        environment=fact.environment,
        instance=fact.instance,
    )
    rows = [_row(fact.created_at, fact.recorder, made)]
    if fact.ended_at is not None:
        ended = DeploymentEnded(
            deployment=DeploymentId(fact.id),
            application=fact.application,
            version=fact.version,
            environment=fact.environment,
            instance=fact.instance,
        )
        rows.append(_row(fact.ended_at, None, ended))
    return rows


def _released(fact: Release) -> list[RestoredFact]:
    place_ = {"application": fact.application, "version": fact.version, "environment": fact.environment}
    made = ReleaseRecorded(release=ReleaseId(fact.id), **place_)  # type: ignore[arg-type]  # all of them are ids
    rows = [_row(fact.created_at, fact.recorder, made)]
    if fact.support_ended_at is not None:
        ended = ReleaseSupportEnded(release=ReleaseId(fact.id), **place_)  # type: ignore[arg-type]  # as above
        rows.append(_row(fact.support_ended_at, None, ended))
    return rows


def _row(at: datetime, by: PrincipalId | None, event: RestorableEvent) -> RestoredFact:
    return RestoredFact(at=at, by=by, event=event)
