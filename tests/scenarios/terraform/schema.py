"""What a resource declares, what a difference is, and what a resource's calls are given to read and to set."""

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
"""An instance's values: a text, a flag, or a tuple of texts each."""


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute. Computed ones are the service's; the others are what the configuration says, or nothing."""

    kind: Literal["text", "flag", "set", "list"] = "text"
    required: bool = False
    computed: bool = False
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
