"""The id of a thing by a name that it has, or had last: whoever searches the trail asks about what is gone."""

from collections.abc import Collection
from typing import TypeVar
from urllib.parse import unquote

from projections import authentication, preferences
from projections.contracts import integration_id
from projections.directory import Directory
from projections.resources import name_key
from projections.timeline import Timeline
from projections.view import View
from service import errors
from service.queries import naming
from service.vocabulary import is_uuid, name

K = TypeVar("K", bound=str)

_SETTINGS = {
    *(f"system_preference:{one}" for one in preferences.SYSTEM),
    f"authentication_settings:{authentication.THE_ONE}",
}
"""Things that have no other id than their name, which nobody chooses."""


def thing_id(view: View, directory: Directory, text: str) -> str:
    """The id of what `text` names in the grammar, now or when it was last there.

    A deleted person is found by id alone, as the name may be forgotten. Raises NotFound, Ambiguous or Invalid.
    """
    type_, _, rest = text.partition(":")
    if rest and is_uuid(rest):
        # A webhook that was made again under a deleted one's id goes by that id for as long as it lives.
        again = directory.webhook_names.get(rest.lower()) if type_ == "webhook" else None
        return (again.at(view.position) if again else None) or rest.lower()
    if text in _SETTINGS or rest in _adopted(directory, type_):
        return rest
    try:
        return naming.target(view, text).thing.id
    except (errors.NotFound, errors.Invalid):
        found = _last_id(directory, view.position, type_, rest)
        if found is None:
            raise
        return found


def _last_id(directory: Directory, position: int, type_: str, text: str) -> str | None:
    match type_:
        case "role":
            return _last(directory.role_names, position, text)
        case "team":
            return _last(directory.team_names, position, text)
        case "application":
            return _last(directory.application_names, position, text)
        case "environment":
            return _last(directory.environment_names, position, text)
        case "integration":
            parts = [_application(directory, position, part) for part in text.split("/")]
            if len(parts) != 2 or parts[0] is None or parts[1] is None:
                return None
            return integration_id(parts[0], parts[1])
        case "contract":
            return _contract(directory, position, text)
        case "secret":
            return _secret(directory, position, text)
        case "webhook":
            return _last(directory.webhook_names, position, text)
        case _:
            # A thing of an own type, be that in force or not any more.
            return _last(directory.resource_names, position, name_key(type_, text))


def _adopted(directory: Directory, type_: str) -> Collection[str]:
    """The names under which catalogues or tables were ever adopted, for a text that names one of them."""
    match type_:
        case "catalogue":
            return directory.own_catalogues
        case "route_table":
            return directory.route_tables
        case _:
            return ()


def _contract(directory: Directory, position: int, text: str) -> str | None:
    consumer, _, rest = text.partition("/")
    provider, _, version = rest.partition("/")
    first, second = (_application(directory, position, part) for part in (consumer, provider))
    if first is None or second is None:
        return None
    return _last(directory.contract_keys, position, f"{integration_id(first, second)}/{unquote(version)}")


def _secret(directory: Directory, position: int, text: str) -> str | None:
    """The secret that last had the name, in its team where one stands before it. Raises Ambiguous."""
    before, slash, last = text.rpartition("/")
    called = unquote(last)
    if slash:
        team = unquote(before)
        owner = team.lower() if is_uuid(team) or not team else _last(directory.team_names, position, team)
        return None if owner is None else _last(directory.secret_names, position, f"{owner}/{called}")
    keys = [one for one in directory.secret_names if one.partition("/")[2] == called]
    found = {one for key in keys if (one := _last(directory.secret_names, position, key)) is not None}
    if len(found) > 1:
        raise errors.Ambiguous(
            f"{called!r} was the name of {len(found)} secrets; name one by id.",
            tuple(sorted(f"secret:{one}" for one in found)),
        )
    return found.pop() if found else None


def _application(directory: Directory, position: int, text: str) -> str | None:
    return text.lower() if is_uuid(text) else _last(directory.application_names, position, unquote(text))


def _last(table: dict[str, Timeline[K]], position: int, text: str) -> K | None:
    """What the name meant at the position, or the last time that it meant anything."""
    timeline = table.get(text) or table.get(name(text) if text else "")
    return None if timeline is None else timeline.last_at(position)
