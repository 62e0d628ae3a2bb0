"""Which contracts a provider is to verify: selectors of consumers' versions, and what each of them selects. Pure.

The selectors are a Pact Broker's (consumer version selectors). What they select is put together by content: a content
that several consumer versions share is verified once, and says why for each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from projections.contracts import Contract
from service.vocabulary import ApplicationId

Place = frozenset[tuple[ApplicationId, str]]
NOWHERE: Place = frozenset()


class Selector(msgspec.Struct, frozen=True, kw_only=True):
    """One selector, as it was checked: what it leaves open is empty or false.

    `branch` is the provider's own where `matching` said so. Without `deployed` or `released` an environment means both.
    """

    consumer: str = ""
    latest: bool = False
    tag: str = ""
    fallback_tag: str = ""
    branch: str = ""
    fallback_branch: str = ""
    main_branch: bool = False
    deployed: bool = False
    released: bool = False
    environment: str = ""

    @property
    def of_environment(self) -> bool:
        return self.deployed or self.released or bool(self.environment)


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """One consumer of the provider, with the contracts between the two, the newest first."""

    id: ApplicationId
    name: str
    main_branch: str
    contracts: Sequence[Contract]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Which consumers' versions are where: by tag, by branch, and by environment (an empty name: not to be told)."""

    tagged: Mapping[str, Place] = {}
    on_branch: Mapping[str, Place] = {}
    deployed: Mapping[str, Place] = {}
    released: Mapping[str, Place] = {}


class Reason(msgspec.Struct, frozen=True):
    """Why a content is among them: in a few words, which clients name a test by, and in a sentence's part."""

    short: str
    long: str


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """One content to verify, by the newest contract that was selected for it."""

    consumer: Consumer
    contract: Contract
    reasons: tuple[Reason, ...]


def selected(consumer: Consumer, selectors: Sequence[Selector], where: Where) -> list[Selected]:
    """The contents of a consumer that the selectors select, each once; without selectors the usual ones.

    Usually that is what is on the consumer's main branch (failing that, its newest contract), deployed and released.
    """
    by_digest: dict[str, tuple[Contract, dict[Reason, None]]] = {}
    for selector in selectors or _usual(consumer, where):
        if selector.consumer and selector.consumer != consumer.name:
            continue
        for contract, reason in _selects(consumer, selector, where):
            newest, reasons = by_digest.setdefault(contract.digest, (contract, {}))
            reasons[reason] = None
            if contract.created_at > newest.created_at:
                by_digest[contract.digest] = (contract, reasons)
    return [
        Selected(consumer=consumer, contract=contract, reasons=tuple(reasons))
        for contract, reasons in by_digest.values()
    ]


def tags(selectors: Iterable[Selector], consumers: Iterable[Consumer]) -> set[str]:
    """The tags that it takes to answer."""
    asked = {tag for one in selectors for tag in (one.tag, one.fallback_tag)}
    return (asked | {one.main_branch for one in consumers}) - {""}


def branches(selectors: Iterable[Selector], consumers: Iterable[Consumer]) -> set[str]:
    """The branches that it takes to answer."""
    asked = {branch for one in selectors for branch in (one.branch, one.fallback_branch)}
    return (asked | {one.main_branch for one in consumers}) - {""}


def _usual(consumer: Consumer, where: Where) -> tuple[Selector, ...]:
    main = consumer.main_branch
    first = Selector(latest=True)
    if main and any(_held(consumer, where.on_branch.get(main, NOWHERE))):
        first = Selector(main_branch=True)
    elif main and any(_held(consumer, where.tagged.get(main, NOWHERE))):
        first = Selector(tag=main, latest=True)
    return (first, Selector(deployed=True), Selector(released=True))


def _selects(consumer: Consumer, selector: Selector, where: Where) -> Iterator[tuple[Contract, Reason]]:
    if selector.of_environment:
        yield from _in_environments(consumer, selector, where)
    elif selector.tag:
        yield from _tagged(consumer, selector, where)
    elif selector.main_branch or selector.branch:
        yield from _on_branch(consumer, selector, where)
    else:
        of = selector.consumer or "a consumer"
        for contract in consumer.contracts[:1]:
            yield contract, _reason("latest", f"latest version of {of} that has a contract with it", contract)


def _tagged(consumer: Consumer, selector: Selector, where: Where) -> Iterator[tuple[Contract, Reason]]:
    whose = f"versions of {selector.consumer}" if selector.consumer else "consumer versions"
    found = _held(consumer, where.tagged.get(selector.tag, NOWHERE))
    if not selector.latest:
        for contract in found:
            short = f"one of {f'{selector.consumer} ' if selector.consumer else ''}{selector.tag}"
            yield contract, _reason(short, f"all {whose} tagged '{selector.tag}'", contract)
        return
    version = f"version of {selector.consumer}" if selector.consumer else "version"
    if (newest := next(found, None)) is not None:
        tag = selector.tag
        yield newest, _reason(f"latest with tag {tag}", f"latest {version} tagged '{tag}'", newest)
    elif selector.fallback_tag:
        tag = selector.fallback_tag
        instead = f"(fallback, since there is none tagged '{selector.tag}')"
        for contract in _newest(_held(consumer, where.tagged.get(tag, NOWHERE))):
            long = f"latest {version} tagged '{tag}' {instead}"
            yield contract, _reason(f"latest with tag {tag}", long, contract)


def _on_branch(consumer: Consumer, selector: Selector, where: Where) -> Iterator[tuple[Contract, Reason]]:
    version = f"version of {selector.consumer}" if selector.consumer else "version"
    branch = consumer.main_branch if selector.main_branch else selector.branch
    newest = next(_held(consumer, where.on_branch.get(branch, NOWHERE)), None) if branch else None
    if newest is not None and selector.main_branch:
        yield (
            newest,
            _reason("latest from main branch", f"latest {version} from the main branch '{branch}'", newest),
        )
    elif newest is not None:
        yield (
            newest,
            _reason(f"latest from branch {branch}", f"latest {version} from branch '{branch}'", newest),
        )
    elif selector.fallback_branch:
        instead = selector.fallback_branch
        for contract in _newest(_held(consumer, where.on_branch.get(instead, NOWHERE))):
            long = f"latest {version} from branch '{instead}' (fallback, since there is none from '{branch}')"
            yield contract, _reason(f"latest from branch {instead}", long, contract)


def _in_environments(
    consumer: Consumer, selector: Selector, where: Where
) -> Iterator[tuple[Contract, Reason]]:
    both = not selector.deployed and not selector.released
    whose = f"version of {selector.consumer}" if selector.consumer else "consumer version"
    for wanted, places, short, long in (
        (both or selector.deployed, where.deployed, "deployed to", "deployed to"),
        (both or selector.released, where.released, "released in", "released and supported in"),
    ):
        if not wanted:
            continue
        for environment, place in places.items():
            if selector.environment in ("", environment):
                called = environment or "an environment"
                for contract in _held(consumer, place):
                    yield contract, _reason(f"{short} {called}", f"{whose} {long} {called}", contract)


def _held(consumer: Consumer, place: Place) -> Iterator[Contract]:
    """The contracts of the consumer's versions at a place, the newest first."""
    return (one for one in consumer.contracts if (consumer.id, one.version) in place)


def _newest(contracts: Iterator[Contract]) -> list[Contract]:
    return [one for one in (next(contracts, None),) if one is not None]


def _reason(short: str, long: str, contract: Contract) -> Reason:
    return Reason(short, f"{long} ({contract.version})")
