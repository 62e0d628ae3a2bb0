"""Configuration, state, plan, apply and destroy: what Terraform itself does with a provider.

A plan reads everything that the state knows and compares it with the configuration. An apply makes a plan and carries
it out, ten operations at a time and in the order that references ask for. Whatever fails ends the run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any, Final, Literal, NamedTuple

import msgspec

from tests.scenarios.terraform import people, places, secrets, webhooks
from tests.scenarios.terraform.client import Client
from tests.scenarios.terraform.schema import UNKNOWN, Attributes, Data, Resource, Unknown

PARALLELISM: Final = 10
RESOURCES: Final[Mapping[str, Resource]] = {
    "pact_application": places.Application(),
    "pact_pacticipant": places.Application(),
    "pact_team": places.Team(),
    "pact_environment": places.Environment(),
    "pact_authentication": places.Authentication(),
    "pact_user": people.User(),
    "pact_role": people.Role(),
    "pact_role_v1": people.AdministratorRole(),
    "pact_token": people.Token(),
    "pact_secret": secrets.Secret(),
    "pact_webhook": webhooks.Webhook(),
}
Action = Literal["create", "update", "replace", "delete"]


class Ref(NamedTuple):
    """A reference to another block's attribute, as `pact_team.simpsons.uuid` is."""

    address: str
    attribute: str


Block = Mapping[str, Any]
"""A resource's attributes as they are written: a text, a flag, a list of texts, a block, or references for texts.

Beside them `depends_on`, a list of addresses.
"""
Configuration = Mapping[str, Block]
"""Blocks by their address, `pact_team.simpsons`."""


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """What the state knows of one thing."""

    id: str
    attributes: Attributes
    depends_on: frozenset[str]


State = dict[str, Instance]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is about to do with one thing, and which attributes differ: what is, what is wanted."""

    action: Action
    differences: Mapping[str, tuple[Any, Any]] = {}


Plan = dict[str, Change]
"""The changes by address; empty where what is there is what is wanted."""


class Run:
    """A state that lives through plans and applies, all of them through one client."""

    def __init__(self, client: Client, parallelism: int = PARALLELISM) -> None:
        self.client = client
        self.state: State = {}
        self._parallelism = parallelism

    async def plan(self, configuration: Configuration) -> Plan:
        """Read everything that is known, then compare. Raises Failed for a thing that is gone."""
        await self._at_once(dict.fromkeys(self.state, self._refreshed), {})
        changes: Plan = {
            address: Change(action="delete") for address in self.state if address not in configuration
        }
        for address in _in_order(configuration):
            change = self._compared(address, configuration[address], changes)
            if change is not None:
                changes[address] = change
        return changes

    async def apply(self, configuration: Configuration) -> Plan:
        """Make it so; returns the plan that was carried out. Raises what the first call that failed raised."""
        changes = await self.plan(configuration)
        steps: dict[str, Callable[[str], Awaitable[None]]] = {}
        after: dict[str, set[str]] = {}
        for address, change in changes.items():
            if change.action in ("delete", "replace"):
                steps[f"away {address}"] = self._deleted
                after[f"away {address}"] = {
                    f"away {other}" for other, one in self.state.items() if address in one.depends_on
                }
            if change.action != "delete":
                block = configuration[address]
                steps[f"made {address}"] = self._making(block, change.action)
                # What it hung on goes first, as in Terraform: an update may find that it is gone already.
                before = self.state[address].depends_on if address in self.state else frozenset[str]()
                after[f"made {address}"] = {f"made {other}" for other in _references(block)} | {
                    f"away {other}" for other in {*before, address}
                }
        await self._at_once(steps, after)
        return changes

    async def destroy(self) -> None:
        """Take everything away again."""
        await self.apply({})
        assert not self.state

    # -- one thing -----------------------------------------------------------------------------------------

    async def _refreshed(self, address: str) -> None:
        known = self.state[address]
        data = Data(known.attributes, id_=known.id)
        await _resource(address).read(self.client, data)
        if not data.id:  # it is gone, as the provider says of webhooks alone
            del self.state[address]
            return
        self.state[address] = msgspec.structs.replace(known, attributes=data.attributes)

    async def _deleted(self, step: str) -> None:
        address = step.partition(" ")[2]
        known = self.state[address]
        await _resource(address).delete(self.client, Data(known.attributes, id_=known.id))
        del self.state[address]

    def _making(self, block: Block, action: Action) -> Callable[[str], Awaitable[None]]:
        async def make(step: str) -> None:
            address = step.partition(" ")[2]
            resource, known = _resource(address), self.state.get(address)
            wanted = self._resolved(address, block, {})
            if action == "update" and known is not None:
                data = Data({**known.attributes, **wanted}, known.attributes, known.id)
                await resource.update(self.client, data)
            else:
                data = Data(wanted)
                await resource.create(self.client, data)
            self.state[address] = Instance(
                id=data.id, attributes=data.attributes, depends_on=frozenset(_references(block))
            )

        return make

    # -- comparing -----------------------------------------------------------------------------------------

    def _compared(self, address: str, block: Block, changes: Plan) -> Change | None:
        schema, known = _resource(address).schema, self.state.get(address)
        wanted = self._resolved(address, block, changes)
        if known is None:
            return Change(action="create")
        differences = {}
        for name, value in wanted.items():
            here = schema[name].wanted(known.attributes.get(name))
            if isinstance(value, Unknown) or here != value:
                differences[name] = (here, value)
        if not differences:
            return None
        anew = any(schema[name].forces_new for name in differences)
        return Change(action="replace" if anew else "update", differences=differences)

    def _resolved(self, address: str, block: Block, changes: Plan) -> dict[str, Any]:
        """What a block asks for, references looked up; UNKNOWN where a plan is about to make what is referred to."""
        schema = _resource(address).schema
        missing = {name for name, one in schema.items() if one.required} - set(block)
        assert not missing, f"{address} lacks {missing}"
        assert set(block) <= {*schema, "depends_on"}, f"{address} has more than {set(schema)}"
        return {
            name: attribute.wanted(self._looked_up(block.get(name), changes))
            for name, attribute in schema.items()
            if not attribute.computed and not (attribute.kept and name not in block)
        }

    def _looked_up(self, value: Any, changes: Plan) -> Any:
        match value:
            case Ref():
                about_to_be = changes.get(value.address)
                if about_to_be is not None and about_to_be.action != "update":
                    return UNKNOWN
                if about_to_be is not None and value.attribute in about_to_be.differences:
                    return about_to_be.differences[value.attribute][1]
                return self.state[value.address].attributes[value.attribute]
            case list() | tuple():
                return tuple(self._looked_up(one, changes) for one in value)
            case dict():
                return {name: self._looked_up(one, changes) for name, one in value.items()}
            case _:
                return value

    # -- many things ---------------------------------------------------------------------------------------

    async def _at_once(
        self, steps: Mapping[str, Callable[[str], Awaitable[None]]], after: Mapping[str, Iterable[str]]
    ) -> None:
        """Take every step once those before it are done, at most so many at a time."""
        bound = asyncio.Semaphore(self._parallelism)
        done = {step: asyncio.Event() for step in steps}

        async def take(step: str) -> None:
            for other in after.get(step, ()):
                if other in done:
                    await done[other].wait()
            async with bound:
                await steps[step](step)
            done[step].set()

        try:
            async with asyncio.TaskGroup() as group:
                for step in steps:
                    group.create_task(take(step))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from failures


def _resource(address: str) -> Resource:
    return RESOURCES[address.partition(".")[0]]


def _references(block: Block) -> set[str]:
    return {one.address for one in _within(block)} | set(block.get("depends_on", ()))


def _within(value: Any) -> Iterator[Ref]:
    """Every reference in a value, within lists and blocks too."""
    match value:
        case Ref():
            yield value
        case dict():
            yield from _within(list(value.values()))
        case list() | tuple():
            for one in value:
                yield from _within(one)
        case _:
            pass  # a text or a flag refers to nothing


def _in_order(configuration: Configuration) -> list[str]:
    """The addresses, each behind those that it refers to."""
    graph = {address: _references(block) for address, block in configuration.items()}
    return list(TopologicalSorter(graph).static_order())
