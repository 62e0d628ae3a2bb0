"""Reading what organisations write themselves: TOML files, and the structs that their content must be."""

import re
import tomllib
from importlib import resources
from typing import Final, TypeVar

import msgspec

from service import errors

T = TypeVar("T")
_EXAMPLES: Final = resources.files("service.catalogue") / "examples"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*").fullmatch


def toml(octets: bytes) -> object:
    """What a TOML file says. Raises Invalid."""
    try:
        return tomllib.loads(octets.decode())
    except UnicodeDecodeError as failure:
        raise errors.Invalid(f"The file is not UTF-8 (byte {failure.start}).") from failure
    except tomllib.TOMLDecodeError as failure:
        raise errors.Invalid(f"The file is not TOML: {failure}.") from failure


def converted(document: object, kind: type[T]) -> T:
    """The document as what it must be. Raises Invalid with the place of what is none of it."""
    try:
        return msgspec.convert(document, kind, strict=True)
    except msgspec.ValidationError as failure:
        said, _, place = str(failure).partition(" - at `$")
        pointer = re.sub(r"[.\[]+", "/", place.rstrip("`").replace("]", ""))
        raise errors.Invalid(f"{said}.", pointer) from failure


def example(name: str) -> bytes | None:
    """The file of this name that ships, without its ending; None where none does."""
    file = _EXAMPLES / f"{name}.toml"
    return file.read_bytes() if _NAME(name) and file.is_file() else None
