"""What a provider is to verify: POST /pacts/provider/{provider}/for-verification, which is a question (section 3.4)."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from aiohttp import web

from projections import things, verified
from projections.applications import Application
from projections.branches import BranchVersion
from projections.contents import content_key
from projections.deployments import Deployment, Release
from projections.versions import Tag
from projections.view import View
from service import errors
from service.http import breathing, contract_lists, notices, pact_documents, requests, responses
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.log.connect import Connection
from service.queries import verifiable
from service.queries.verifiable import Consumer, Place, Selected, Selector, Where
from service.vocabulary import ApplicationId, line

SELECTORS_MAX: Final = 100
_BRANCHING: Final = (
    "latest",
    "tag",
    "fallbackTag",
    "branch",
    "fallbackBranch",
    "matchingBranch",
    "mainBranch",
)
_PLACING: Final = ("environment", "deployed", "released", "deployedOrReleased")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's question: what it selects, and for which branch or tags of its own a content is pending or not."""

    selectors: tuple[Selector, ...] = ()
    branch: str = ""
    tags: tuple[str, ...] = ()
    pending: bool = False


async def listed(call: Call) -> web.Response:
    """POST /pacts/provider/{provider}/for-verification: the contents to verify, each once, with why.

    Raises Invalid for a selector that selects nothing or contradicts itself, and for an unknown environment.
    """
    return await _answer(call, asked(await requests.body(call)))


async def usual(call: Call) -> web.Response:
    """GET of the same: what a question without selectors selects. Clients look there before they ask."""
    return await _answer(call, Asked())


def asked(body: Body) -> Asked:
    """The question of a body. Raises Invalid."""
    branch = _line(body, "providerVersionBranch")
    selectors = (
        tuple(body.objects("consumerVersionSelectors"))
        if body.given("consumerVersionSelectors") is not None
        else ()
    )
    if len(selectors) > SELECTORS_MAX:
        raise errors.Invalid(
            f"There are more than {SELECTORS_MAX} selectors.", body.pointer("consumerVersionSelectors")
        )
    return Asked(
        selectors=tuple(_selector(one, branch) for one in selectors),
        branch=branch,
        tags=tuple(dict.fromkeys(body.texts("providerVersionTags"))),
        pending=body.flag("includePendingStatus", default=False) or False,
    )


def _selector(body: Body, branch: str) -> Selector:
    """One selector. Raises Invalid where it selects nothing, or two things at once."""
    matching = body.flag("matchingBranch", default=False)
    if matching and not branch:
        raise errors.Invalid(
            "This needs the provider's branch: providerVersionBranch.", body.pointer("matchingBranch")
        )
    given = [field for field in (*_BRANCHING, *_PLACING) if body.given(field) not in (None, False)]
    if not given or given in (["fallbackTag"], ["fallbackBranch"]):
        raise errors.Invalid("This selector selects nothing.", body.pointer("").removesuffix("/"))
    _require_one_way(body, given)
    both = body.flag("deployedOrReleased", default=False)
    return Selector(
        consumer=_line(body, "consumer"),
        latest=body.flag("latest", default=False) or False,
        tag=_line(body, "tag"),
        fallback_tag=_line(body, "fallbackTag"),
        branch=branch if matching else _line(body, "branch"),
        fallback_branch=_line(body, "fallbackBranch"),
        main_branch=body.flag("mainBranch", default=False) or False,
        deployed=both or body.flag("deployed", default=False) or False,
        released=both or body.flag("released", default=False) or False,
        environment=_line(body, "environment"),
    )


def _require_one_way(body: Body, given: Sequence[str]) -> None:
    """Raise Invalid for fields that exclude or need each other, as a Pact Broker's do."""
    branching, placing = set(given) & set(_BRANCHING), set(given) & set(_PLACING)
    ways = branching & {"tag", "branch", "matchingBranch", "mainBranch"}
    if (branching and placing) or len(ways) > 1 or len(placing - {"environment"}) > 1:
        raise errors.Invalid(f"These exclude each other: {', '.join(given)}.", body.pointer(given[0]))
    for fallback, needed in (("fallbackTag", "tag"), ("fallbackBranch", "branch")):
        if fallback in given and needed not in given:
            raise errors.Invalid(f"This needs {needed}.", body.pointer(fallback))
    if "fallbackTag" in given and "latest" not in given:
        raise errors.Invalid("This needs latest.", body.pointer("fallbackTag"))
    if ways - {"tag"} and body.flag("latest") is False:
        raise errors.Invalid("Of a branch only the latest can be selected.", body.pointer("latest"))


async def _answer(call: Call, wanted: Asked) -> web.Response:
    view = (await call.moment()).view
    provider = contract_lists.provider_of(call, view)
    consumers = await contract_lists.consumers_of(call, view, provider)
    environments = _environments(call, view)
    unknown = {one.environment for one in wanted.selectors} - {"", *environments}
    if unknown:
        raise errors.Invalid(f"There is no environment {min(unknown)!r}.", "/consumerVersionSelectors")
    async with call.edge.reader.connection() as connection:
        where = await _where(connection, view, consumers, wanted.selectors, environments)
        of_each = await breathing.each(
            consumers, lambda one: verifiable.selected(one, wanted.selectors, where)
        )
        found = [one for several in of_each for one in several]
        passed = await _passed(connection, view, provider, found, wanted)
    pacts = await breathing.drawn(found, lambda one: _entry(call, view, provider, one, wanted, passed))
    links = {"self": responses.link(responses.here(call), "Pacts to be verified")}
    return responses.hal(call, {"_embedded": {"pacts": pacts}, "_links": links})


async def _where(
    connection: Connection,
    view: View,
    consumers: Sequence[Consumer],
    selectors: Sequence[Selector],
    environments: Mapping[str, Sequence[str]],
) -> Where:
    """Where the consumers' versions are, as far as the selectors ask."""
    ids = [one.id for one in consumers]

    async def at(noun: str, named: Mapping[str, Sequence[str]]) -> dict[str, Place]:
        every = [place for places in named.values() for place in places]
        found = await verified.versions_at(connection, view.position, noun, every, ids)
        return {name: frozenset().union(*(found[one] for one in places)) for name, places in named.items()}

    placed = environments if not selectors or any(one.of_environment for one in selectors) else {}
    main = [] if selectors and not any(one.main_branch for one in selectors) else consumers
    tags = {tag: (tag,) for tag in verifiable.tags(selectors, () if selectors else consumers)}
    branches = {branch: (branch,) for branch in verifiable.branches(selectors, main)}
    return Where(
        tagged=await at(Tag.noun, tags),
        on_branch=await at(BranchVersion.noun, branches),
        deployed=await at(Deployment.noun, placed),
        released=await at(Release.noun, placed),
    )


async def _passed(
    connection: Connection, view: View, provider: Application, found: Sequence[Selected], wanted: Asked
) -> dict[str, set[str]]:
    """By branch or tag of the provider (or "" where it named neither), the contents that such a version passed."""
    if not wanted.pending:
        return {}
    contents = [_content(provider.id, one) for one in found]
    noun = BranchVersion.noun if wanted.branch else Tag.noun if wanted.tags else ""
    places = (wanted.branch,) if wanted.branch else wanted.tags or ("",)
    return {
        place: await verified.passed(connection, view.position, contents, noun, place) for place in places
    }


def _entry(
    call: Call,
    view: View,
    provider: Application,
    one: Selected,
    wanted: Asked,
    passed: Mapping[str, set[str]],
) -> Document:
    consumer = view.application(one.consumer.id)
    place = f"{pact_documents.pair_address(call, consumer, provider)}/pact-version/{one.contract.digest}"
    pending = [name for name, contents in passed.items() if _content(provider.id, one) not in contents]
    status = (
        notices.Status(provider=provider.name, branch=wanted.branch, tags=wanted.tags, pending=tuple(pending))
        if wanted.pending
        else None
    )
    properties = {"pending": bool(pending)} if wanted.pending else {}
    return {
        "shortDescription": ", ".join(reason.short for reason in one.reasons),
        "verificationProperties": {**properties, "notices": notices.drawn(place, one.reasons, status)},
        "_links": {"self": {"href": place, "name": pact_documents.title(view, one.contract)}},
    }


def _content(provider: ApplicationId, one: Selected) -> str:
    return content_key(one.consumer.id, provider, one.contract.digest)


def _environments(call: Call, view: View) -> dict[str, list[str]]:
    """The environments' ids by name; those that the caller may not see have none."""
    found: dict[str, list[str]] = {}
    for one in view.environments():
        current = call.judged_in.environment_or_none(one.id)
        seen = current is not None and call.may("environment:read", things.of_environment(current))
        found.setdefault(one.name if seen else "", []).append(one.id)
    return found


def _line(body: Body, field: str) -> str:
    return line(body.optional_text(field) or "", body.pointer(field), "name")
