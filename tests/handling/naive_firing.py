"""When a webhook fires, told once more and naively: lists that are searched from end to end, without ids or spans."""

from collections.abc import Iterable
from typing import NamedTuple

Named = tuple[str, str]
"""How a side is selected: ("any", ""), ("name", …) or ("label", …)."""
Told = tuple[str, str | None, tuple[str, ...], tuple[int, ...]]
"""The event, the version of the provider and why it matters, and the webhooks by their numbers."""


class Hook(NamedTuple):
    """A webhook as whoever made it would tell it."""

    number: int
    enabled: bool
    events: frozenset[str]
    consumer: Named
    provider: Named


class Pact(NamedTuple):
    """What a version has with a provider."""

    consumer: str
    provider: str
    version: str
    content: str


class Model:
    """Everything that plays a part, in the order in which it came."""

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self.labels: list[tuple[str, str]] = []
        self.pacts: list[Pact] = []
        self.tags: list[tuple[str, str, str]] = []
        self.branches: list[tuple[str, str, str]] = []
        self.main: dict[str, str] = {}
        self.deployed: list[tuple[str, str, str]] = []
        self.released: list[tuple[str, str, str]] = []
        self.results: list[tuple[str, str, str, str]] = []

    def published(self, now: Pact, tags: Iterable[str]) -> list[Told]:
        """What fires on a publication, which is not in the lists yet."""
        found: list[tuple[str, str | None, tuple[str, ...]]] = [("contract_published", None, ())]
        for version, why in self.in_use(now.provider).items():
            if (now.consumer, now.provider, now.content, version) not in self.results:
                found.append(("contract_requiring_verification_published", version, tuple(why)))
        if self.changes(now, set(tags)):
            found.append(("contract_content_changed", None, ()))
        return self.of_hooks(found, now.consumer, now.provider)

    def verified(self, consumer: str, provider: str, version: str, *, success: bool) -> list[Told]:
        """What fires on a result."""
        outcome = "provider_verification_succeeded" if success else "provider_verification_failed"
        return self.of_hooks(
            [("provider_verification_published", version, ()), (outcome, version, ())], consumer, provider
        )

    def of_hooks(
        self, found: list[tuple[str, str | None, tuple[str, ...]]], consumer: str, provider: str
    ) -> list[Told]:
        told = []
        for event, version, why in found:
            hooks = tuple(
                one.number
                for one in self.hooks
                if one.enabled
                and event in one.events
                and self.selects(one.consumer, consumer)
                and self.selects(one.provider, provider)
            )
            if hooks:
                told.append((event, version, why, hooks))
        return told

    def selects(self, named: Named, application: str) -> bool:
        how, what = named
        if how == "any":
            return True
        return what == application if how == "name" else (application, what) in self.labels

    def changes(self, now: Pact, tags: set[str]) -> bool:
        same = [one for one in self.pacts if one[:3] == now[:3]]
        if same:
            return same[0].content != now.content
        tags = tags | self.tags_of(now.consumer, now.version)
        earlier = [one for one in self.pacts if one[:2] == now[:2]]
        if not tags:
            untagged = [one for one in earlier if not self.tags_of(one.consumer, one.version)]
            return not untagged or untagged[-1].content != now.content
        for tag in tags:
            tagged = [one for one in earlier if tag in self.tags_of(one.consumer, one.version)]
            if not tagged or tagged[-1].content != now.content:
                return True
        return False

    def tags_of(self, application: str, version: str) -> set[str]:
        return {tag for named, number, tag in self.tags if (named, number) == (application, version)}

    def in_use(self, provider: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        main = self.main.get(provider)
        on_main = [version for named, branch, version in self.branches if (named, branch) == (provider, main)]
        tagged = [version for named, version, tag in self.tags if (named, tag) == (provider, main)]
        if main and (on_main or tagged):
            found[(on_main or tagged)[-1]] = ["latest from main branch"]
        for how, listed in (("deployed", self.deployed), ("released", self.released)):
            for named, version, environment in listed:
                if named == provider:
                    why = found.setdefault(version, [])
                    if f"{how} in {environment}" not in why:
                        why.append(f"{how} in {environment}")
        return found

    def publish(self, now: Pact) -> None:
        """It is so from now on; published again it keeps its place."""
        for place, one in enumerate(self.pacts):
            if one[:3] == now[:3]:
                self.pacts[place] = now
                if one.content != now.content and not self.held(one):
                    self.results = [
                        row for row in self.results if row[:3] != (one.consumer, one.provider, one.content)
                    ]
                return
        self.pacts.append(now)

    def delete(self, gone: Pact) -> None:
        self.pacts.remove(gone)
        if not self.held(gone):
            self.results = [
                row for row in self.results if row[:3] != (gone.consumer, gone.provider, gone.content)
            ]

    def held(self, pact: Pact) -> bool:
        """Whether anybody of the pair still has the content."""
        return any(one[:2] == pact[:2] and one.content == pact.content for one in self.pacts)
