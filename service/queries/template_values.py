"""What stands behind the names in a webhook's request: secrets as they are now, variables as it was when it fired.

A secret is looked up at the moment of sending, by what the webhook may use then: one that was rotated meanwhile is
sent with its new value, and one that was moved away is not sent. The variables are those of the open-source broker, as
of the record that brought the delivery about, however much later it is sent.
"""

import asyncio
import base64
from collections.abc import Callable, Collection, Iterable
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from projections import span_reading, spans, verified
from projections.applications import Application
from projections.branches import BranchVersion
from projections.contents import content_key
from projections.contracts import Contract
from projections.deliveries import Delivery
from projections.deployments import Deployment
from projections.labels import Label
from projections.results import VerificationResult
from projections.spans import Shelf, Want, keyed
from projections.versions import Tag, Version
from projections.view import View
from service import errors
from service.commands import placeholders
from service.log.connect import Connection
from service.log.keys import Keys
from service.queries import vault
from service.queries.reading import Reader
from service.vocabulary import ApplicationId, Secret, TeamId

USER: Final = f"{placeholders.USER}."
BROKER: Final = f"{placeholders.BROKER}."
TRIES_MAX: Final = 3
"""How often a value is looked for that left the vault just then: each time another took its place."""
FOLLOWED_SECONDS: Final = 0.3
"""Between two tries: within so long this replica usually knows what another one recorded."""
_DEPLOYED: Final = "currentlyDeployedProviderVersionNumber"
_LISTED: Final = ", "
_OUTCOMES: Final = {
    "githubVerificationStatus": ("pending", "success", "failure"),
    "bitbucketVerificationStatus": ("INPROGRESS", "SUCCESSFUL", "FAILED"),
    "azureDevOpsVerificationStatus": ("pending", "succeeded", "failed"),
    "gitlabVerificationStatus": ("pending", "success", "failed"),
}
"""What each calls a verification that is yet to come, one that succeeded and one that failed."""


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is sent about. `result` decides the statuses, and the provider's version unless one is named."""

    event: str
    consumer: Application
    provider: Application
    contract: Contract | None
    consumer_version: str
    provider_version: str = ""
    descriptions: tuple[str, ...] = ()
    result: VerificationResult | None = None
    of_result: bool = False
    """Whether a result brought it about, not a contract."""


async def secrets_for(
    reader: Reader,
    keys: Keys,
    now: Callable[[], View],
    whose: tuple[TeamId | None, TeamId | None],
    names: Iterable[str],
) -> dict[str, Secret]:
    """The secrets among the names (`user.Token`) that a webhook may use now, with their values, read at one stroke.

    `whose`: the webhook's team, and the deleted one that it was left by (`Webhook.left`). A name that it may not use is
    absent, as one is that there is none for. Raises Unavailable, and Broken for a row that does not open.
    """
    wanted = [name for name in names if name.startswith(USER)]
    if not wanted:
        return {}
    for _ in range(TRIES_MAX):
        view = now()
        found = {name: view.secret_for(*whose, name.removeprefix(USER)) for name in wanted}
        refs = {name: secret.value for name, secret in found.items() if secret is not None}
        opened = await vault.bodies(reader, keys, list(refs.values()))
        if set(refs.values()) <= set(opened):
            return {name: Secret(_text(opened[ref])) for name, ref in refs.items()}
        await asyncio.sleep(FOLLOWED_SECONDS)  # rotated just then
        view = now()
        if found == {name: view.secret_for(*whose, name.removeprefix(USER)) for name in wanted}:
            raise errors.Broken("A secret's value is not in the vault: `muniment verify` says more.")
    raise errors.Unavailable("A secret is being rotated; try again.", 1)


async def variables(
    connection: Connection, view: View, delivery: Delivery, base_url: str, names: Collection[str]
) -> dict[str, Secret]:
    """The variables among the names (`pactbroker.pactUrl`) as they were when the delivery came about.

    `view` is that moment's, the position of the delivery. What nobody names is not read.
    """
    if not any(name.startswith(BROKER) for name in names):
        return {}
    return await told(connection, view, await _occasion(connection, view, delivery), base_url, names)


async def told(
    connection: Connection, view: View, occasion: Occasion, base_url: str, names: Collection[str]
) -> dict[str, Secret]:
    """The variables among the names as of a view's position, about this occasion."""
    shelf = await span_reading.shelf(connection, view.position, wants(occasion))
    found = of(occasion, shelf, base_url)
    if f"{BROKER}{_DEPLOYED}" in names:
        environments = [one.id for one in sorted(view.environments(), key=lambda one: one.name)]
        placed = await verified.versions_at(
            connection, view.position, Deployment.noun, environments, [occasion.provider.id]
        )
        versions = (version for place in environments for _, version in sorted(placed[place]))
        found[_DEPLOYED] = _LISTED.join(dict.fromkeys(versions))
    return named(found, names)


def named(found: dict[str, str], names: Collection[str]) -> dict[str, Secret]:
    """Of these variables those among the names, by which a template calls them."""
    return {f"{BROKER}{name}": Secret(value) for name, value in found.items() if f"{BROKER}{name}" in names}


def wants(occasion: Occasion) -> tuple[Want, ...]:
    """What has to be read to tell the variables of an occasion."""
    consumer, provider = occasion.consumer.id, occasion.provider.id
    found = [spans.of_application(Label, consumer), spans.of_application(Label, provider)]
    for application, version in ((consumer, occasion.consumer_version), (provider, _verifying(occasion))):
        if version:
            found.append(spans.of_version(Tag, application, version))
            found.append(spans.of_version(BranchVersion, application, version))
    if occasion.consumer_version:
        found.append(spans.by_key(Version, keyed(consumer, occasion.consumer_version)))
    return tuple(found)


def of(occasion: Occasion, shelf: Shelf, base_url: str) -> dict[str, str]:
    """The variables of an occasion, by their names in the open-source broker; empty where it has none. Pure."""
    consumer, provider, result = occasion.consumer, occasion.provider, occasion.result
    tags = _tags(shelf, consumer.id, occasion.consumer_version)
    verifying = _verifying(occasion)
    outcome = 0 if result is None else 1 if result.success else 2
    return {
        "consumerName": consumer.name,
        "consumerVersionNumber": occasion.consumer_version,
        "consumerVersionTags": _LISTED.join(tags),
        "consumerVersionBranch": _branch_published(occasion)
        or _branch(shelf, consumer, occasion.consumer_version),
        "consumerLabels": _labels(shelf, consumer.id),
        "providerName": provider.name,
        "providerVersionNumber": verifying,
        "providerVersionTags": _LISTED.join(_tags(shelf, provider.id, verifying)),
        "providerVersionBranch": _branch(shelf, provider, verifying),
        "providerVersionDescriptions": _LISTED.join(occasion.descriptions),
        "providerLabels": _labels(shelf, provider.id),
        "pactUrl": _pact_url(occasion, tags, base_url),
        "verificationResultUrl": ""
        if result is None
        else f"{_content_url(occasion, result.digest, base_url)}/verification-results/{result.number}",
        **{name: words[outcome] for name, words in _OUTCOMES.items()},
        "eventName": occasion.event,
        "buildUrl": _build_url(occasion, shelf),
    }


async def _occasion(connection: Connection, view: View, delivery: Delivery) -> Occasion:
    """What brought the delivery about. Raises NotFound where the pair is not there at that moment."""
    assert delivery.consumer is not None, "a record that triggers names its pair"
    assert delivery.provider is not None, "a record that triggers names its pair"
    consumer, provider = view.application(delivery.consumer), view.application(delivery.provider)
    contract = view.contract_of(consumer.id, provider.id, delivery.consumer_version)
    if delivery.contract is not None and (contract is None or contract.id != delivery.contract):
        contract = view.contract(delivery.contract)
    return Occasion(
        event=delivery.event,
        consumer=consumer,
        provider=provider,
        contract=contract,
        consumer_version=delivery.consumer_version,
        provider_version=delivery.provider_version or "",
        descriptions=delivery.descriptions,
        result=await newest_result(connection, view, contract),
        of_result=delivery.result is not None,
    )


async def newest_result(
    connection: Connection, view: View, contract: Contract | None
) -> VerificationResult | None:
    """The newest result of what a contract says, by the view's position: where a result triggered, that very one."""
    if contract is None:
        return None
    place = content_key(contract.consumer, contract.provider, contract.digest)
    return (await verified.latest(connection, view.position, [place])).get(place)


def _verifying(occasion: Occasion) -> str:
    """The provider's version: the one that is named, else that of the newest result, else none."""
    return occasion.provider_version or (occasion.result.version if occasion.result else "")


def _tags(shelf: Shelf, application: ApplicationId, version: str) -> list[str]:
    held = shelf.of_version(Tag, application, version) if version else []
    return [one.name for one in sorted(held, key=lambda one: (one.created_at, one.name))]


def _branch_published(occasion: Occasion) -> str:
    """The branch that the contract itself was published with."""
    contract = occasion.contract
    return (contract.branch or "") if contract and contract.version == occasion.consumer_version else ""


def _branch(shelf: Shelf, application: Application, version: str) -> str:
    """The main branch where the version is on it, else the branch that it was put on last."""
    held = shelf.of_version(BranchVersion, application.id, version) if version else []
    if any(one.branch == application.main_branch for one in held):
        return application.main_branch or ""
    return max(held, key=lambda one: (one.created_at, one.branch)).branch if held else ""


def _labels(shelf: Shelf, application: ApplicationId) -> str:
    return _LISTED.join(sorted(one.name for one in shelf.of_application(Label, application)))


def _build_url(occasion: Occasion, shelf: Shelf) -> str:
    """Where the consumer's version was built, or of a result the build that verified."""
    if occasion.of_result:
        return (occasion.result.build_url or "") if occasion.result else ""
    version = shelf.get(Version, keyed(occasion.consumer.id, occasion.consumer_version))
    return (version.build_url or "") if version else ""


def _pact_url(occasion: Occasion, tags: list[str], base_url: str) -> str:
    """The content's address, with the note on whose behalf it is verified that a Pact Broker puts there."""
    if occasion.contract is None:
        return ""
    noted = [("cvn", occasion.consumer_version), *(("cvt[]", tag) for tag in tags), ("w", "true")]
    note = base64.urlsafe_b64encode(urlencode(noted, safe="[]").encode()).decode().rstrip("=")
    return f"{_content_url(occasion, occasion.contract.digest, base_url)}/metadata/{note}"


def _content_url(occasion: Occasion, digest: str, base_url: str) -> str:
    consumer, provider = (quote(one.name, safe="") for one in (occasion.consumer, occasion.provider))
    return f"{base_url}/pacts/provider/{provider}/consumer/{consumer}/pact-version/{digest}"


def _text(opened: bytes) -> str:
    """A value as text. What is no UTF-8, which no order lets in, is not quoted in an exception."""
    return opened.decode(errors="replace")
