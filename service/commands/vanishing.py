"""What a bulk deletion takes, kind by kind (section 3.6 of the vendor's rules), and the child records that name it.

Contracts, applications and webhooks are found in the view, everything else on its shelf: `reads_…` says what must be
read there. A webhook vanishes with an application that it names, and with the integration of both that it names; while
it lives, an application that it names is not left alone.
"""

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec

from projections import spans
from projections.applications import Application
from projections.branches import Branch, BranchVersion
from projections.contents import content_key
from projections.contracts import Contract
from projections.deployments import Deployment, Release
from projections.labels import Label
from projections.results import VerificationResult
from projections.versions import Tag, Version
from projections.view import View
from projections.webhooks import Webhook, named_applications
from service import errors
from service.commands import removals, removals_deployments, removals_versions, removals_webhooks
from service.events import Event
from service.vocabulary import ApplicationId

FACTS_MAX = 500_000
"""Things of all kinds that one order may remove. The append refuses a record whose time is more than five seconds
behind: what a busy machine takes to record so many must still fit."""
Pair = tuple[ApplicationId, ApplicationId]
"""Consumer and provider."""
_OF_APPLICATIONS = (Version, Tag, Branch, BranchVersion, Label, VerificationResult, Deployment, Release)


class Vanishing(msgspec.Struct, kw_only=True):
    """Everything that one order removes. `applications` are those that nothing refers to any longer."""

    contracts: list[Contract] = []
    results: list[VerificationResult] = []
    versions: list[Version] = []
    tags: list[Tag] = []
    branches: list[Branch] = []
    branch_versions: list[BranchVersion] = []
    labels: list[Label] = []
    deployments: list[Deployment] = []
    releases: list[Release] = []
    webhooks: list[Webhook] = []
    applications: list[Application] = []
    because: Literal["application", "integration"] = "application"
    """What the webhooks vanish with."""

    def __len__(self) -> int:
        return sum(len(getattr(self, kind)) for kind in self.__struct_fields__ if kind != "because")

    def children(self) -> list[Event]:
        """The child records: what refers to something comes before it. Raises Refused for more than one order bears."""
        if len(self.contracts) > removals.CONTRACTS_MAX:
            raise too_much(f"{removals.CONTRACTS_MAX:,} contracts")
        if len(self.webhooks) > removals_webhooks.WEBHOOKS_MAX:
            raise too_much(f"{removals_webhooks.WEBHOOKS_MAX:,} webhooks", "Delete some of them first")
        if len(self) > FACTS_MAX:
            raise too_much(f"{FACTS_MAX:,} things of all kinds")
        oldest_first = removals.oldest_first
        return [
            *removals_webhooks.webhooks_deleted(self.webhooks, self.because),
            *removals_deployments.deployments_removed(self.deployments),
            *removals_deployments.releases_removed(self.releases),
            *removals.results_removed(self.results),
            *removals.contracts_removed(self.contracts),
            *removals_versions.tags_removed(oldest_first(self.tags)),
            *removals_versions.branch_versions_removed(oldest_first(self.branch_versions)),
            *removals_versions.versions_removed(oldest_first(self.versions)),
            *removals_versions.branches_removed(oldest_first(self.branches)),
            *removals_versions.labels_removed(oldest_first(self.labels)),
            *removals.applications_removed(self.applications),
        ]


def of_contracts(view: View, pair: Pair, going: Collection[Contract]) -> Vanishing:
    """These contracts of a pair, and the results of contents that then nobody of the pair holds any more."""
    ids = {one.id for one in going}
    held = {one.digest for one in view.contracts_of(*pair) if one.id not in ids}
    gone = {one.digest for one in going} - held
    results = view.shelf.under(VerificationResult, content_key(*pair))
    return Vanishing(contracts=list(going), results=[one for one in results if one.digest in gone])


def of_all_contracts(view: View, pair: Pair) -> Vanishing:
    """Every contract of a pair, and every result between them."""
    results = view.shelf.under(VerificationResult, content_key(*pair))
    return Vanishing(contracts=view.contracts_of(*pair), results=results)


def of_integration(view: View, pair: Pair) -> Vanishing:
    """Contracts, results and webhooks of a pair, versions of both sides left without contract and result, and a side
    left unreferenced.

    The webhooks are those that name both sides. With a version go its tags, its places on branches, its deployments
    and releases.
    """
    found = of_all_contracts(view, pair)
    found.webhooks, found.because = webhooks_of(view, pair), "integration"
    for side in dict.fromkeys(pair):
        kept = _versions_in_use(view, side, pair)
        versions = view.shelf.of_application(Version, side)
        orphans = {one.version for one in versions if one.version not in kept}
        found.versions += [one for one in versions if one.version in orphans]
        found.tags += _of_versions(view.shelf.of_application(Tag, side), orphans)
        found.branch_versions += _of_versions(view.shelf.of_application(BranchVersion, side), orphans)
        found.deployments += _of_versions(view.shelf.of_application(Deployment, side), orphans)
        found.releases += _of_versions(view.shelf.of_application(Release, side), orphans)
        if len(orphans) == len(versions) and unreferenced(view, side, {pair}):
            found.branches += view.shelf.of_application(Branch, side)
            found.labels += view.shelf.of_application(Label, side)
            found.applications.append(view.application(side))
    return found


def of_application(view: View, application: ApplicationId) -> Vanishing:
    """All that an application has and takes part in, on either side; itself it is named by the parent record."""
    found = Vanishing()
    for one in view.integrations_of(application):
        found.contracts += view.contracts_of(one.consumer, one.provider)
    results = view.shelf.under(VerificationResult, f"{application}/")
    results += view.shelf.of_application(VerificationResult, application)
    found.results = list({one.id: one for one in results}.values())
    found.webhooks = view.webhooks_naming(application)
    _take_all_of(found, view, application)
    return found


def of_everything(view: View) -> Vanishing:
    """All contract data there is: nothing is left that could refer to any application.

    A webhook that names none, but fires for all or for those with a label, is about no application in particular and
    stays.
    """
    found = Vanishing(applications=list(view.applications()))
    found.webhooks = [one for one in view.webhooks() if named_applications(one)]
    for pair in view.integrations():
        found.contracts += view.contracts_of(pair.consumer, pair.provider)
    shelf = view.shelf
    found.results = shelf.every(VerificationResult)
    found.versions, found.tags = shelf.every(Version), shelf.every(Tag)
    found.branches, found.branch_versions = shelf.every(Branch), shelf.every(BranchVersion)
    found.labels = shelf.every(Label)
    found.deployments, found.releases = shelf.every(Deployment), shelf.every(Release)
    return found


def webhooks_of(view: View, pair: Pair) -> list[Webhook]:
    """The webhooks that name both sides of an integration, each on its side."""
    of_consumer = view.webhooks_naming(pair[0])
    return [one for one in of_consumer if (one.settings.consumer, one.settings.provider) == pair]


def reads_contracts(pair: Pair) -> tuple[spans.Want, ...]:
    """What must be read to delete contracts of a pair."""
    return (spans.under(VerificationResult, content_key(*pair)),)


def reads_application(application: ApplicationId) -> tuple[spans.Want, ...]:
    """What must be read to delete whatever an application has."""
    return tuple(spans.of_application(fact, application) for fact in _OF_APPLICATIONS)


def reads_everything() -> tuple[spans.Want, ...]:
    """What must be read to delete all there is."""
    return tuple(spans.every(fact) for fact in _OF_APPLICATIONS)


def unreferenced(view: View, application: ApplicationId, vanishing: Collection[Pair]) -> bool:
    """Whether an application without versions takes part in no integration, and is named by no webhook, but those that
    vanish with these pairs."""
    pairs = ((one.consumer, one.provider) for one in view.integrations_of(application))
    naming = ((one.settings.consumer, one.settings.provider) for one in view.webhooks_naming(application))
    return all(pair in vanishing for pair in (*pairs, *naming))


def too_much(
    bound: str, instead: str = "Remove some of them first, integration by integration or one by one"
) -> errors.Refused:
    """The refusal of an order that would remove more than this."""
    return errors.Refused(
        "too_much_at_once",
        f"This would remove more than {bound} at once, which is more than one order can. {instead}; nothing was done.",
    )


def _versions_in_use(view: View, application: ApplicationId, vanishing: Pair) -> set[str]:
    """The versions of an application that have a contract or a result beside those of the vanishing pair."""
    used = {
        contract.version
        for one in view.integrations_of(application)
        if one.consumer == application and (one.consumer, one.provider) != vanishing
        for contract in view.contracts_of(one.consumer, one.provider)
    }
    results = view.shelf.of_application(VerificationResult, application)
    used.update(one.version for one in results if (one.consumer, one.provider) != vanishing)
    return used


def _take_all_of(found: Vanishing, view: View, application: ApplicationId) -> None:
    shelf = view.shelf
    found.versions += shelf.of_application(Version, application)
    found.tags += shelf.of_application(Tag, application)
    found.branches += shelf.of_application(Branch, application)
    found.branch_versions += shelf.of_application(BranchVersion, application)
    found.labels += shelf.of_application(Label, application)
    found.deployments += shelf.of_application(Deployment, application)
    found.releases += shelf.of_application(Release, application)


def _of_versions(facts: Iterable[spans.F], versions: Collection[str]) -> list[spans.F]:
    return [one for one in facts if one.version in versions]
