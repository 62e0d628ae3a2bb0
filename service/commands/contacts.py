"""Whom to turn to about an environment: names and addresses of people, sealed in the record. Pure."""

from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec

from projections.environments import Environment
from projections.view import View
from service import errors
from service.commands.order import NewKey
from service.events.environments import EnvironmentContactsChanged
from service.vocabulary import EnvironmentId, KeyId, Personal, clear, email_key, name

CONTACTS_MAX: Final = 20
TEXT_BYTES_MAX: Final = 8_192
"""All contacts of an environment as JSON: what they were and what they are fit one record, sealed."""
DEPTH_MAX: Final = 8
_POINTER: Final = "/contacts"


def changed(
    environment: EnvironmentId, held: Environment | None, wanted: object, key: NewKey | None, view: View
) -> list[EnvironmentContactsChanged]:
    """What it is to have these contacts, `[{name, details?}]`, or none for null; nothing where they are the same.

    Raises Invalid for what is no such list. What they were stays under the key that it had.
    """
    after = _text(wanted)
    sealed = held.contacts if held is not None else None
    before = view.text(sealed)
    if before == after and not (after is None and sealed is not None):
        return []
    assert key is not None or after is None, "who names contacts brings a key for them"
    return [_sealed(environment, sealed, before, after, key)]


def naming(addresses: Collection[str], view: View) -> list[KeyId]:
    """The keys of all contacts there ever were among which one of the addresses stands (as `email_key` writes them).

    Those that nobody can read any more are among them, so that no copy brings them back.
    """
    gone: dict[KeyId, None] = {}
    for timeline in view.directory.environments.values():
        for environment in timeline.until(view.position):
            sealed = environment.contacts
            if sealed is not None and sealed.sealed.key not in gone:
                text = view.text(sealed)
                if text is None or _named(msgspec.json.decode(text), addresses):
                    gone[sealed.sealed.key] = None
    return list(gone)


def without(
    addresses: Collection[str], gone: Collection[KeyId], key: NewKey, view: View
) -> list[EnvironmentContactsChanged]:
    """What is left of the contacts in force whose key is among the `gone`, sealed under `key`."""
    decided: list[EnvironmentContactsChanged] = []
    for environment in view.environments():
        sealed = environment.contacts
        if sealed is None or sealed.sealed.key not in gone:
            continue
        text = view.text(sealed)
        held = [] if text is None else msgspec.json.decode(text)
        left = _text([one for one in held if not _named(one, addresses)])
        decided.append(_sealed(environment.id, sealed, text, left, key))
    return decided


def _sealed(
    environment: EnvironmentId,
    held: Personal | None,
    before: str | None,
    after: str | None,
    key: NewKey | None,
) -> EnvironmentContactsChanged:
    return EnvironmentContactsChanged(
        environment=environment,
        key=None if after is None or key is None else key.id,
        before=None if before is None or held is None else clear(before, held.sealed.key),
        after=None if after is None or key is None else clear(after, key.id),
    )


def _text(wanted: object) -> str | None:
    """The contacts as JSON, or None for none. Raises Invalid."""
    if wanted is None or wanted == []:
        return None
    if not isinstance(wanted, list):
        raise errors.Invalid("This must be a list of contacts.", _POINTER)
    if len(wanted) > CONTACTS_MAX:
        raise errors.Invalid(f"An environment has at most {CONTACTS_MAX} contacts.", _POINTER)
    text = msgspec.json.encode([_contact(one, f"{_POINTER}/{index}") for index, one in enumerate(wanted)])
    if len(text) > TEXT_BYTES_MAX:
        raise errors.Invalid(f"The contacts are longer than {TEXT_BYTES_MAX} bytes.", _POINTER)
    return text.decode()


def _contact(one: object, pointer: str) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise errors.Invalid("This must be an object.", pointer)
    found: dict[str, Any] = {"name": name(one.get("name"), f"{pointer}/name", "name of a contact")}
    details = one.get("details")
    if details is not None:
        if not isinstance(details, dict):
            raise errors.Invalid("This must be an object.", f"{pointer}/details")
        _require_shallow(details, f"{pointer}/details")
        found["details"] = details
    return found


def _require_shallow(value: object, pointer: str, depth: int = 1) -> None:
    """Raise Invalid for details that nest absurdly: whoever looks for an address in them must come to an end."""
    if depth > DEPTH_MAX:
        raise errors.Invalid(f"The details are nested more than {DEPTH_MAX} deep.", pointer)
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        _require_shallow(member, pointer, depth + 1)


def _named(value: object, addresses: Collection[str]) -> bool:
    """Whether one of the addresses stands anywhere in it."""
    return any(email_key(text) in addresses for text in _texts(value))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for member in value.values():
                yield from _texts(member)
        case list():
            for member in value:
                yield from _texts(member)
        case _:
            pass  # a number or a switch is no address
