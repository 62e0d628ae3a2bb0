"""The properties of a registered thing: what conditions see of it, whatever a question says. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from service import errors
from service.catalogue.own import ThingType
from service.events.resources import Value
from service.vocabulary import name, verbatim

PROPERTIES_MAX: Final = 50
NAME_LENGTH_MAX: Final = 100
ITEMS_MAX: Final = 100
"""Of a property that is a list."""
BYTES_MAX: Final = 8_192
"""All properties of a thing as JSON: what they were and what they are fit one record."""
INTEGER_MAX: Final = 2**53 - 1
"""The largest whole number that every reader of JSON takes for what it is (RFC 8259, section 6)."""


def checked(given: Mapping[str, object], type_: ThingType, place: str = "") -> dict[str, Value]:
    """The properties by their names, in order; what is null is not there. Raises Invalid, with a pointer below `place`.

    They are kept as they came: a condition compares them to the letter.
    """
    pointer = f"{place}/properties"
    found: dict[str, Value] = {}
    for key in sorted(given):
        here = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        value = given[key]
        if value is None:
            continue
        if name(key, here, "name of a property", NAME_LENGTH_MAX) != key:
            raise errors.Invalid(
                f"The name {key[:NAME_LENGTH_MAX]!r} is not written in its usual form.", here
            )
        if "." in key:
            # A path would lead past it, into what a question says.
            raise errors.Invalid("The name of a property holds no dot: in conditions one leads deeper.", here)
        if key in (type_.owner, type_.teams):
            field = "owner" if key == type_.owner else "teamUuids"
            raise errors.Invalid(f"Say this by the field {field}: the service itself decides by it.", here)
        found[key] = _value(value, here)
    if len(found) > PROPERTIES_MAX:
        raise errors.Invalid(f"A thing has at most {PROPERTIES_MAX} properties.", pointer)
    if len(msgspec.json.encode(found)) > BYTES_MAX:
        raise errors.Invalid(f"The properties are longer than {BYTES_MAX:,} bytes.", pointer)
    return found


def _value(value: object, pointer: str) -> Value:
    match value:
        case bool():
            return value
        case int():
            if abs(value) > INTEGER_MAX:
                raise errors.Invalid("This number is too large to be read alike by everybody.", pointer)
            return value
        case float():
            raise errors.Invalid("A property holds no fraction: write whole numbers, or text.", pointer)
        case str():
            return verbatim(value, pointer, "property")
        case list() | tuple():
            if len(value) > ITEMS_MAX:
                raise errors.Invalid(f"A list has at most {ITEMS_MAX} texts.", pointer)
            return tuple(
                verbatim(one, f"{pointer}/{index}", "member of the list") for index, one in enumerate(value)
            )
        case _:
            raise errors.Invalid(
                "A property is a text, a whole number, true or false, or a list of texts.", pointer
            )
