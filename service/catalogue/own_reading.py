"""Reads an organisation's own catalogue, from the TOML file that somebody wrote or from the same shape as JSON.

What the shape cannot say is checked in `own_checks`.
"""

import tomllib

from service import errors
from service.catalogue import files
from service.catalogue.own import OwnCatalogue


def from_toml(octets: bytes) -> OwnCatalogue:
    """The catalogue that a TOML file holds. Raises Invalid: with the line where it is no TOML, else with the place."""
    return from_object(files.toml(octets))


def from_object(document: object) -> OwnCatalogue:
    """The catalogue that a decoded JSON object holds. Raises Invalid with the place of what is of another shape."""
    return files.converted(document, OwnCatalogue)


def examples() -> tuple[str, ...]:
    """The names of the catalogues that ship as examples; the tables of routes beside them are none."""
    return tuple(name for name, octets in files.examples() if "routes" not in tomllib.loads(octets.decode()))


def example(name: str) -> str:
    """The TOML text of a catalogue that ships as an example. Raises NotFound with the names that there are."""
    octets = files.example(name) if name in examples() else None
    if octets is None:
        raise errors.NotFound(f"There is no example {name[:64]!r}; there are: {', '.join(examples())}.")
    return octets.decode()
