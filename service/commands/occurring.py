"""What a publication of a contract is to those who wait for it, by a Pact Broker's rules (section 3.7). Pure.

Its content may be another one than before, and some versions of the provider may have yet to verify it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, Protocol

import msgspec

from projections import deployments, spans
from projections.branches import BranchVersion
from projections.contracts import Contract
from projections.deployments import Deployment, Release
from projections.results import VerificationResult
from projections.spans import Want, keyed
from projections.versions import Tag
from projections.view import View
from service.commands import versions
from service.events.webhooks import Trigger
from service.vocabulary import ApplicationId, name

UNTAGGED_LOOKED_AT: Final = 30
"""Contracts of a pair, the newest first, among which the one before is looked for that has no tag."""
TAGGED_LOOKED_AT: Final = 100
"""And among which one is looked for that has a tag; of several tags each among its share of these."""
_DESCRIPTIONS_BYTES_MAX: Final = 4_096
Pair = tuple[ApplicationId, ApplicationId]


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A contract that is published: by new ids where the order makes an application, with the tags that it gives.

    `held` is the digest of what the version has with the provider already, `digest` of what it has afterwards.
    """

    consumer: ApplicationId
    provider: ApplicationId
    version: str
    tags: tuple[str, ...] = ()
    held: str | None = None
    digest: str = ""

    @property
    def pair(self) -> Pair:
        return self.consumer, self.provider

    def having(self, digest: str) -> "Publication":
        """The same, with the content that the version has afterwards."""
        return msgspec.structs.replace(self, digest=digest)


class Publishing(Protocol):
    """An order to publish one contract."""

    @property
    def consumer(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def consumer_id(self) -> ApplicationId: ...
    @property
    def provider_id(self) -> ApplicationId: ...
    @property
    def version(self) -> str: ...
    def held(self, view: View) -> Contract | None: ...


class Occurrence(NamedTuple):
    """An event that webhooks may wait for, and of which version of the provider, where there is one to tell."""

    event: Trigger
    provider_version: str | None = None
    descriptions: tuple[str, ...] = ()


def publication(order: Publishing, view: View, tags: tuple[str, ...] = ()) -> Publication:
    """What an order publishes, with the tags that it gives beside. Raises Invalid."""
    consumer, provider = name(order.consumer), name(order.provider)
    first = view.application_named(consumer)
    second = view.application_named(provider) if provider != consumer else first
    consumer_id = first.id if first else order.consumer_id
    new_id = consumer_id if provider == consumer else order.provider_id
    held = order.held(view)
    return Publication(
        consumer=consumer_id,
        provider=second.id if second else new_id,
        version=versions.number(order.version, "/version"),
        tags=tuple(versions.tag_names(tags)),
        held=held.digest if held else None,
    )


def occurrences(view: View, publication: Publication, event: Trigger) -> list[Occurrence]:
    """The publication as this event: not at all, once, or once for each version of the provider."""
    match event:
        case "contract_requiring_verification_published":
            in_use = _in_use(view, publication.provider)
            return [
                Occurrence(event, version, _bounded(descriptions))
                for version, descriptions in in_use.items()
                if not _was_verified(view, publication, version)
            ]
        case "contract_content_changed":
            return [Occurrence(event)] if _changed(view, publication) else []
        case _:
            return [Occurrence(event)]


def reads(view: View, publication: Publication, event: Trigger) -> Iterator[Want]:
    """What has to be read first to know whether the publication is this event."""
    match event:
        case "contract_requiring_verification_published":
            yield from _in_use_wanted(view, publication.provider)
        case "contract_content_changed":
            if publication.held is None and is_here(view, publication.consumer):
                yield spans.of_version(Tag, publication.consumer, publication.version)
        case _:
            pass  # it always is


def reads_then(view: View, publication: Publication, event: Trigger) -> Iterator[Want]:
    """And what besides, once the view's shelf holds that. Raises NotRead."""
    match event:
        case "contract_requiring_verification_published":
            for version in _in_use(view, publication.provider):
                yield spans.of_version(VerificationResult, publication.provider, version)
        case "contract_content_changed":
            if publication.held is None:
                yield from _earlier_wanted(view, publication)
        case _:
            pass  # it always is


def is_here(view: View, application: ApplicationId) -> bool:
    """Whether the application is here: of one that is about to be made there are no facts."""
    return view.application_or_none(application) is not None


def _changed(view: View, publication: Publication) -> bool:
    """Whether the content is another one than before, as a Pact Broker compares it.

    Published over what the version has: than that. Else than the newest contract of the two whose version carries the
    same tag, for any of its tags; without tags, than the newest whose version has none. With none before: it is.
    Branches play no part in it.
    """
    if publication.held is not None:
        return publication.held != publication.digest
    tags = _own_tags(view, publication)
    if not tags:
        return _differs(publication, _untagged_before(view, publication))
    return any(_differs(publication, _tagged_before(view, publication, tag, len(tags))) for tag in tags)


def _differs(publication: Publication, before: Contract | None) -> bool:
    return before is None or before.digest != publication.digest


def _own_tags(view: View, publication: Publication) -> list[str]:
    """The tags of the version: those that it has, and those that the same order gives it."""
    held: list[Tag] = []
    if is_here(view, publication.consumer):
        held = view.shelf.of_version(Tag, publication.consumer, publication.version)
    return list(dict.fromkeys((*(one.name for one in held), *publication.tags)))


def _untagged_before(view: View, publication: Publication) -> Contract | None:
    consumer = publication.consumer
    return next(
        (
            one
            for one in _newest(view, publication, UNTAGGED_LOOKED_AT)
            if not view.shelf.of_version(Tag, consumer, one.version)
        ),
        None,
    )


def _tagged_before(view: View, publication: Publication, tag: str, tags: int) -> Contract | None:
    consumer = publication.consumer
    return next(
        (
            one
            for one in _newest(view, publication, TAGGED_LOOKED_AT // tags)
            if view.shelf.get(Tag, keyed(consumer, one.version, tag)) is not None
        ),
        None,
    )


def _earlier_wanted(view: View, publication: Publication) -> Iterator[Want]:
    """What `_untagged_before` or `_tagged_before` look at."""
    consumer, tags = publication.consumer, _own_tags(view, publication)
    if not tags:
        for one in _newest(view, publication, UNTAGGED_LOOKED_AT):
            yield spans.of_version(Tag, consumer, one.version)
        return
    earlier = list(_newest(view, publication, TAGGED_LOOKED_AT // len(tags)))
    if earlier:
        yield spans.by_key(Tag, *(keyed(consumer, one.version, tag) for one in earlier for tag in tags))


def _newest(view: View, publication: Publication, many: int) -> Iterator[Contract]:
    return islice(view.newest_contracts(*publication.pair), many)


# -- who has yet to verify it --------------------------------------------------------------------------------


def _in_use(view: View, provider: ApplicationId) -> dict[str, list[str]]:
    """The provider's versions that matter, and why: the latest of its main branch, the deployed and the released.

    Where no version is on the main branch, the one that was tagged last with its name.
    """
    application, shelf = view.application_or_none(provider), view.shelf
    if application is None:
        return {}
    found: dict[str, list[str]] = {}
    if main := application.main_branch:
        newest = shelf.newest_at(BranchVersion, main, provider) or shelf.newest_at(Tag, main, provider)
        if newest is not None:
            found[newest.version] = ["latest from main branch"]
    for fact, how in ((Deployment, "deployed"), (Release, "released")):
        for environment in view.environments():
            for one in shelf.at_place(fact, deployments.place(environment.id), provider):
                why = found.setdefault(one.version, [])
                if (description := f"{how} in {environment.name}") not in why:
                    why.append(description)
    return found


def _in_use_wanted(view: View, provider: ApplicationId) -> Iterator[Want]:
    application = view.application_or_none(provider)
    if application is None:
        return
    if main := application.main_branch:
        yield spans.newest_at(BranchVersion, main, provider)
        yield spans.newest_at(Tag, main, provider)
    for environment in view.environments():
        yield spans.at_place(Deployment, deployments.place(environment.id), provider)
        yield spans.at_place(Release, deployments.place(environment.id), provider)


def _was_verified(view: View, publication: Publication, version: str) -> bool:
    """Whether the provider's version has any result for the content: a failure is an answer as well."""
    return any(
        one.digest == publication.digest and one.consumer == publication.consumer
        for one in view.shelf.of_version(VerificationResult, publication.provider, version)
    )


def _bounded(descriptions: Sequence[str]) -> tuple[str, ...]:
    """As many as fit beside the deliveries: a version may be deployed to any number of environments."""
    left, found = _DESCRIPTIONS_BYTES_MAX, []
    for one in descriptions:
        left -= len(msgspec.json.encode(one))
        if left < 0:
            break
        found.append(one)
    return tuple(found)
