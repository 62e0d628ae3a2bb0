"""Reads an organisation's own catalogue, from the TOML file that somebody wrote or from the same shape as JSON.

What is of another shape is refused here, with the place; what the shape cannot say is checked in `own_checks`.
"""

import importlib.resources
import re
import tomllib
from datetime import date, datetime, time
from importlib.resources.abc import Traversable
from typing import Any, Final

import msgspec

from service import errors
from service.catalogue.own import OwnCatalogue

FILE_BYTES_MAX: Final = 256 * 1024
"""A file may hold comments beside what is adopted, which is bounded more narrowly."""
_PLACE: Final = re.compile(r"(?P<said>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def from_toml(octets: bytes) -> OwnCatalogue:
    """The catalogue that a TOML file holds. Raises Invalid: with the line where it is no TOML, else with the place."""
    if len(octets) > FILE_BYTES_MAX:
        raise errors.Invalid(f"A catalogue's file has at most {FILE_BYTES_MAX // 1024} KiB.")
    try:
        document = tomllib.loads(octets.decode())
    except UnicodeDecodeError as failure:
        raise errors.Invalid(f"The file is not UTF-8 (byte {failure.start}).") from failure
    except tomllib.TOMLDecodeError as failure:
        raise errors.Invalid(f"The file is not TOML: {failure}.") from failure
    except RecursionError as failure:
        raise errors.Invalid("The file is nested too deeply.") from failure
    except ValueError as failure:  # a date that is none, or a number of thousands of digits
        raise errors.Invalid("The file holds a date or a number that is out of bounds.") from failure
    return from_object(_plain(document, ""))


def from_object(document: object) -> OwnCatalogue:
    """The catalogue that a decoded JSON object holds. Raises Invalid with the place of what is of another shape."""
    try:
        return msgspec.convert(document, OwnCatalogue)
    except msgspec.ValidationError as failure:
        found = _PLACE.fullmatch(str(failure))
        assert found is not None, "the pattern takes any text"
        said, path = found["said"].replace("`", ""), found["path"] or ""
        raise errors.Invalid(f"{said}.", _pointer(path)) from failure


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


def examples() -> tuple[str, ...]:
    """The names of the catalogues that ship as examples; the tables of routes beside them are none."""
    files = (one for one in _examples().iterdir() if one.name.endswith(".toml"))
    found = (one for one in files if "routes" not in tomllib.loads(one.read_text("utf-8")))
    return tuple(sorted(one.name.removesuffix(".toml") for one in found))


def example(name: str) -> str:
    """The TOML text of a catalogue that ships as an example. Raises NotFound with the names that there are."""
    if name not in examples():
        raise errors.NotFound(f"There is no example {name[:64]!r}; there are: {', '.join(examples())}.")
    return _examples().joinpath(f"{name}.toml").read_text("utf-8")


def _examples() -> Traversable:
    return importlib.resources.files("service.catalogue").joinpath("examples")
