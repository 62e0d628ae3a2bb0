"""Reading what organisations write themselves: TOML files, or the same shape as JSON, and the structs they must be.

What is of another shape is refused here, with the place.
"""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from importlib import resources
from typing import Any, Final, TypeVar

import msgspec

from service import errors

T = TypeVar("T")
FILE_BYTES_MAX: Final = 256 * 1024
"""A file may hold comments beside what is adopted, which is bounded more narrowly."""
_EXAMPLES: Final = resources.files("service.catalogue") / "examples"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*").fullmatch
_PLACE: Final = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def toml(octets: bytes) -> object:
    """What a TOML file says, its times as texts.

    Raises Invalid: with the line where it is no TOML, with the place for a time that is none without its offset.
    """
    if len(octets) > FILE_BYTES_MAX:
        raise errors.Invalid(f"A file has at most {FILE_BYTES_MAX // 1024} KiB.")
    try:
        return _plain(tomllib.loads(octets.decode()), "")
    except UnicodeDecodeError as failure:
        raise errors.Invalid(f"The file is not UTF-8 (byte {failure.start}).") from failure
    except tomllib.TOMLDecodeError as failure:
        raise errors.Invalid(f"The file is not TOML: {failure}.") from failure
    except RecursionError as failure:
        raise errors.Invalid("The file is nested too deeply.") from failure
    except ValueError as failure:  # a date that is none, or a number of thousands of digits
        raise errors.Invalid("The file holds a date or a number that is out of bounds.") from failure


def converted(document: object, kind: type[T]) -> T:
    """The document as what it must be. Raises Invalid with the place of what is none of it."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as failure:
        found = _PLACE.fullmatch(str(failure))
        assert found is not None, "the pattern takes any text"
        said, path = found["said"].replace("`", ""), found["path"] or ""
        raise errors.Invalid(f"{said}.", _pointer(path)) from failure


def example(name: str) -> bytes | None:
    """The file of this name that ships, without its ending; None where none does."""
    file = _EXAMPLES / f"{name}.toml"
    return file.read_bytes() if _NAME(name) and file.is_file() else None


def examples() -> Iterator[tuple[str, bytes]]:
    """Every file that ships, by its name without its ending, in the order of the names."""
    for file in sorted(_EXAMPLES.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml"), file.read_bytes()


def _plain(value: Any, pointer: str) -> Any:
    """TOML's own times as the texts that conditions compare. Raises Invalid for one without an offset."""
    match value:
        case dict():
            return {key: _plain(one, f"{pointer}/{key}") for key, one in value.items()}
        case list():
            return [_plain(one, f"{pointer}/{index}") for index, one in enumerate(value)]
        case datetime() if value.tzinfo is not None:
            return value.isoformat().replace("+00:00", "Z")
        case datetime() | date() | time():
            raise errors.Invalid(
                "A time needs its date and its offset from UTC, as in 2026-01-31T12:00:00Z.", pointer
            )
        case _:
            return value


def _pointer(path: str) -> str:
    """`.actions[3].extents` as a JSON pointer."""
    steps = (name or number for name, number in _STEP.findall(path))
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
