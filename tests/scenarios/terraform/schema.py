"""What a resource declares, what a difference is, and what a resource's calls are given to read and to set."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Protocol

import msgspec

from tests.scenarios.terraform.client import Client


class Unknown:
    """A value that is known only once something else has been made."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()
Attributes = Mapping[str, Any]
"""An instance's values: a text, a flag, a tuple of texts, or what stands in a block, each."""


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute. Computed ones are the service's; the others are what the configuration says, or nothing.

    One that is `kept` is what the configuration says and otherwise what the service does (optional and computed).
    A `body` is a text in which JSON is compared as what it means.
    """

    kind: Literal["text", "flag", "set", "list", "block", "body"] = "text"
    required: bool = False
    computed: bool = False
    kept: bool = False
    block: Mapping[str, "Attribute"] = {}
    """What stands in a block; empty where any texts do."""
    forces_new: bool = False
    default: Any = None

    def wanted(self, value: Any) -> Any:
        """What a configuration that says `value` (None: nothing) asks for, in a form that can be compared."""
        value = self.default if value is None else value
        if isinstance(value, Unknown):
            return value
        match self.kind:
            case "set":
                parts = frozenset(value or ())
                return UNKNOWN if UNKNOWN in parts else parts
            case "list":
                return tuple(value or ())
            case "flag":
                return bool(value)
            case "text":
                return value or ""
            case "body":
                return meant(value or "")
            case "block" if self.block:
                assert set(value or ()) <= set(self.block), f"{value} has more than {set(self.block)}"
                return {name: one.wanted((value or {}).get(name)) for name, one in self.block.items()}
            case "block":
                return dict(value or {})


def meant(text: str) -> str:
    """A body that is JSON, written in one way; any other as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True)
    except ValueError:
        return text


class Data:
    """One instance in a resource's hands: what it is to be, and what it was."""

    def __init__(self, attributes: Attributes, before: Attributes | None = None, id_: str = "") -> None:
        self.id = id_
        self.attributes = dict(attributes)
        self._before = before or {}

    def text(self, name: str) -> str:
        return str(self.attributes.get(name) or "")

    def flag(self, name: str) -> bool:
        return bool(self.attributes.get(name))

    def texts(self, name: str) -> list[str]:
        return [str(one) for one in self.attributes.get(name) or ()]

    def block(self, name: str) -> dict[str, Any]:
        return dict(self.attributes.get(name) or {})

    def changed(self, name: str) -> bool:
        """Whether an update is to change it."""
        return set(self.texts(name)) != {str(one) for one in self._before.get(name) or ()}

    def set(self, **values: Any) -> None:
        self.attributes |= values

    def set_if_any(self, **values: list[str] | None) -> None:
        """Set the lists that hold something; an empty one leaves what is known as it was."""
        self.attributes |= {name: tuple(value) for name, value in values.items() if value}


class Resource(Protocol):
    """A kind of thing, with the calls that make it, read it, change it and take it away."""

    schema: ClassVar[Mapping[str, Attribute]]

    async def create(self, client: Client, data: Data) -> None: ...
    async def read(self, client: Client, data: Data) -> None: ...
    async def update(self, client: Client, data: Data) -> None: ...
    async def delete(self, client: Client, data: Data) -> None: ...
