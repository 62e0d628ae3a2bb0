"""Section 3.6 as plain sets: what each kind of bulk deletion takes, said once more without looking at how it is done.

Applications stand under their names, everything else under the names that make it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

Fact = tuple[str, ...]
KINDS = (
    "applications",
    "contracts",
    "verificationResults",
    "versions",
    "tags",
    "branches",
    "branchVersions",
    "labels",
    "deployments",
    "releases",
    "webhooks",
)


class World(msgspec.Struct, kw_only=True):
    """What there is. A contract is (consumer, provider, version) with its digest; a result has its content's."""

    applications: set[Fact] = msgspec.field(default_factory=set)
    contracts: dict[Fact, str] = msgspec.field(default_factory=dict)
    results: dict[Fact, tuple[str, str, str, str]] = msgspec.field(default_factory=dict)
    """By id: consumer, provider, digest, the provider's version."""
    versions: set[Fact] = msgspec.field(default_factory=set)
    tags: set[Fact] = msgspec.field(default_factory=set)
    branches: set[Fact] = msgspec.field(default_factory=set)
    members: set[Fact] = msgspec.field(default_factory=set)
    """Application, version, branch."""
    labels: set[Fact] = msgspec.field(default_factory=set)
    deployments: set[Fact] = msgspec.field(default_factory=set)
    """Application, version, environment, id."""
    releases: set[Fact] = msgspec.field(default_factory=set)
    webhooks: set[Fact] = msgspec.field(default_factory=set)
    """Consumer and provider, each empty where none is named, and id."""

    def everything(self) -> dict[str, set[Fact]]:
        """All there is, kind by kind; a result is named by its pair, the provider's version and its id."""
        return {
            "applications": set(self.applications),
            "contracts": set(self.contracts),
            "verificationResults": {(c, p, v, id_) for (id_,), (c, p, _, v) in self.results.items()},
            "versions": set(self.versions),
            "tags": set(self.tags),
            "branches": set(self.branches),
            "branchVersions": set(self.members),
            "labels": set(self.labels),
            "deployments": set(self.deployments),
            "releases": set(self.releases),
            "webhooks": set(self.webhooks),
        }

    # -- what each kind takes ----------------------------------------------------------------------------

    def contracts_of(self, consumer: str, provider: str, versions: Iterable[str] | None = None) -> None:
        """All pacts of an integration, or those of some versions: with the results of what nobody then holds."""
        of_pair = {one for one in self.contracts if one[:2] == (consumer, provider)}
        going = of_pair if versions is None else {one for one in of_pair if one[2] in set(versions)}
        still_held = {self.contracts[one] for one in of_pair - going}
        lost = {self.contracts[one] for one in going} - still_held
        for one in going:
            del self.contracts[one]
        for id_, (c, p, digest, _) in list(self.results.items()):
            if (c, p) == (consumer, provider) and (versions is None or digest in lost):
                del self.results[id_]

    def tagged(self, consumer: str, provider: str, tag: str) -> None:
        """Pacts with a tag."""
        self.contracts_of(consumer, provider, {v for a, v, t in self.tags if (a, t) == (consumer, tag)})

    def on_branch(self, consumer: str, provider: str, branch: str) -> None:
        """Pacts of a branch."""
        self.contracts_of(consumer, provider, {v for a, v, b in self.members if (a, b) == (consumer, branch)})

    def integration(self, consumer: str, provider: str) -> None:
        """An integration: its pacts, results and webhooks, versions without either, applications without anything."""
        self.contracts_of(consumer, provider)
        self.webhooks -= {one for one in self.webhooks if one[:2] == (consumer, provider)}
        for side in (consumer, provider):
            with_contract = {(a, v) for a, _, v in self.contracts}
            with_result = {(p, v) for _, p, _, v in self.results.values()}
            for version in {one for one in self.versions if one[0] == side} - with_contract - with_result:
                self._version(version)
            named = (one[:2] for one in (*self.contracts, *self.webhooks))
            if not any(one[0] == side for one in self.versions) and not any(side in pair for pair in named):
                self._leave(side)

    def application(self, name: str) -> None:
        """An application with everything that names it."""
        for one in [one for one in self.contracts if name in one[:2]]:
            del self.contracts[one]
        for id_, (c, p, _, _) in list(self.results.items()):
            if name in (c, p):
                del self.results[id_]
        for version in {one for one in self.versions if one[0] == name}:
            self._version(version)
        self.webhooks -= {one for one in self.webhooks if name in one[:2]}
        self._leave(name)

    def all(self) -> None:
        """Everything."""
        for (name,) in list(self.applications):
            self.application(name)

    def _version(self, version: Fact) -> None:
        self.versions.discard(version)
        for facts in (self.tags, self.members, self.deployments, self.releases):
            facts -= {one for one in facts if one[:2] == version}

    def _leave(self, name: str) -> None:
        self.applications.discard((name,))
        for facts in (self.branches, self.labels):
            facts -= {one for one in facts if one[0] == name}


def taken(before: dict[str, set[Fact]], after: dict[str, set[Fact]]) -> dict[str, set[Fact]]:
    """What is there no more."""
    assert all(after[kind] <= before[kind] for kind in KINDS)
    return {kind: before[kind] - after[kind] for kind in KINDS}


def copied(world: World) -> World:
    """The same world, to be changed by itself."""
    found: Any = {field: type(value)(value) for field, value in msgspec.structs.asdict(world).items()}
    return World(**found)
