"""Preferences over HTTP: the account's, which everybody reads, and one's own (section 3.9, seed 002).

An item is `{name, value, type, title, changedAt?, note?}`. What it shows is what counts: a role or team that is gone,
or may not be given, is shown as null, and `note` says in words what holds instead.
"""

from typing import Final, NoReturn

import msgspec
from aiohttp import web

from projections import newcomers, preferences
from projections.preferences import Kind
from projections.teams import Team
from projections.view import View
from service import errors
from service.commands.preferences import ChangePersonalPreferences, ChangePreferences, Wanted
from service.events.preferences import Expiry
from service.http import requests, responses
from service.http.edge import Call, iso
from service.http.requests import Body
from service.http.responses import Document
from service.vocabulary import Personal

_SYSTEM: Final = ("preferences", "system")
_OWN: Final = ("preferences", "current-user")


async def system_listed(call: Call) -> web.Response:
    """GET /preferences/system: every preference of the account, with its default where nobody changed it."""
    moment = await call.moment()
    return _every(call, [_system(call, moment.view, name) for name in preferences.SYSTEM])


async def system_shown(call: Call) -> web.Response:
    """GET /preferences/system/{name}"""
    moment = await call.moment()
    name = _name(call, preferences.SYSTEM)
    return _one(call, moment.view, _system(call, moment.view, name), ("preference", name))


async def system_changed(call: Call) -> web.Response:
    """PUT /preferences/system/{name} `{value}`"""
    name, body = _name(call, preferences.SYSTEM), await requests.body(call)
    command = ChangePreferences(wanted=(_value(body, name),), key=call.edge.fresh.key())
    outcome = await requests.handle(call, command, body, ("preference", name))
    view = call.edge.replica.view(outcome.position)
    return _one(call, view, _system(call, view, name), ("preference", name))


async def system_several(call: Call) -> web.Response:
    """PUT /preferences/system `{preferences: [{name, value}]}`: all of them, or none where one is refused."""
    body = await requests.body(call)
    command = ChangePreferences(wanted=_several(body), key=call.edge.fresh.key())
    outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    return _every(call, [_system(call, view, name) for name in preferences.SYSTEM])


async def own_listed(call: Call) -> web.Response:
    """GET /preferences/current-user: the caller's own."""
    moment = await call.moment()
    return _every(call, [_own(call, moment.view, name) for name in preferences.PERSONAL])


async def own_shown(call: Call) -> web.Response:
    """GET /preferences/current-user/{name}"""
    moment = await call.moment()
    name = _name(call, preferences.PERSONAL)
    return _one(call, moment.view, _own(call, moment.view, name), _own_version(call, name))


async def own_changed(call: Call) -> web.Response:
    """PUT /preferences/current-user/{name} `{value}`"""
    name, body = _name(call, preferences.PERSONAL), await requests.body(call)
    command = ChangePersonalPreferences(wanted=(_value(body, name),))
    outcome = await requests.handle(call, command, body, _own_version(call, name))
    view = call.edge.replica.view(outcome.position)
    return _one(call, view, _own(call, view, name), _own_version(call, name))


async def own_several(call: Call) -> web.Response:
    """PUT /preferences/current-user `{preferences: [{name, value}]}`"""
    body = await requests.body(call)
    outcome = await requests.handle(call, ChangePersonalPreferences(wanted=_several(body)), body)
    view = call.edge.replica.view(outcome.position)
    return _every(call, [_own(call, view, name) for name in preferences.PERSONAL])


def team_view(view: View, principal: str) -> Team | None:
    """The team whose integrations somebody chose to see first: one that lives, and that they are a member of."""
    chosen = view.personal_preference(principal, preferences.DEFAULT_TEAM_VIEW)
    team = view.team_or_none(chosen) if isinstance(chosen, str) else None
    somebody = view.principal_or_none(principal)
    return team if team is not None and somebody is not None and team.id in somebody.teams else None


def _name(call: Call, kinds: dict[str, Kind]) -> str:
    name = call.path("name")
    if name not in kinds:
        raise errors.NotFound(f"There is no preference {name[:64]!r}; there are: {', '.join(kinds)}.")
    return name


def _value(body: Body, name: str) -> Wanted:
    if not body.has("value"):
        _missing("value", body.pointer("value"))
    return Wanted(name, body.given("value"), pointer=body.pointer("value"))


def _several(body: Body) -> tuple[Wanted, ...]:
    """The items of `preferences`, or of `_embedded.preferences`, where a client sends back what it read."""
    whole = body if body.has("preferences") or not body.has("_embedded") else body.member("_embedded")
    return tuple(_item(one) for one in whole.objects("preferences"))


def _item(one: Body) -> Wanted:
    name = one.text("name")
    if not one.has("value"):
        _missing("value", one.pointer("value"))
    return Wanted(name, one.given("value"), one.pointer("name"), one.pointer("value"))


def _missing(field: str, pointer: str) -> NoReturn:
    raise errors.Invalid(f"The field {field!r} is missing; null takes a value away.", pointer)


def _own_version(call: Call, name: str) -> tuple[str, str]:
    return ("personal_preference", preferences.personal_id(call.me, name))


def _system(call: Call, view: View, name: str) -> Document:
    kind, held = preferences.SYSTEM[name], view.preference(name)
    changed = view.preference_or_none(name)
    value, note = _shown(view, name, held)
    return _drawn(call, (*_SYSTEM, name), name, kind, value, note, changed)


def _own(call: Call, view: View, name: str) -> Document:
    kind, value = preferences.PERSONAL[name], view.personal_preference(call.me, name)
    changed = view.personal_preference_or_none(call.me, name)
    note = ""
    if kind.type == "team" and value is not None and team_view(view, call.me) is None:
        value, note = None, "The team was deleted, or you are no member of it any more."
    return _drawn(call, (*_OWN, name), name, kind, value, note, changed)


def _shown(view: View, name: str, held: preferences.Held) -> tuple[object, str]:
    """What counts, and in words what holds where that is not what was chosen."""
    match preferences.SYSTEM[name].type:
        case "role":
            given = newcomers.role(view)
            label = given.name if given else "no role"
            if held is not None and (given is None or given.id != held):
                gone = not isinstance(held, str) or view.role_or_none(held) is None
                why = "was deleted" if gone else "came to manage roles, people or system accounts"
                return None, f"The role that was chosen {why}: new users get {label}."
            return held, "" if held is not None else f"New users get {label}."
        case "team":
            joined = newcomers.team(view)
            label = joined.name if joined else "no team"
            if held is not None and (joined is None or joined.id != held):
                return None, f"The team that was chosen was deleted: whoever is new joins {label}."
            return held, "" if held is not None else f"Whoever is new joins {label}."
        case "emails":
            return _addresses(view, held)
        case _:
            return msgspec.to_builtins(held) if isinstance(held, Expiry) else held, ""


def _addresses(view: View, held: preferences.Held) -> tuple[object, str]:
    if not isinstance(held, Personal):
        return [], "Nobody is named: it is the administrators."
    text = view.text(held)
    return ([], "The addresses were forgotten.") if text is None else (text.split("\n"), "")


def _drawn(
    call: Call,
    place: tuple[str, ...],
    name: str,
    kind: Kind,
    value: object,
    note: str,
    changed: preferences.Preference | None,
) -> Document:
    found: Document = {"name": name, "value": value, "type": kind.type, "title": kind.title}
    if note:
        found["note"] = note
    if changed is not None:
        found["changedAt"] = iso(changed.changed_at)
    return {**found, "_links": {"self": responses.link(responses.href(call.edge, *place), kind.title)}}


def _one(call: Call, view: View, document: Document, version: tuple[str, str]) -> web.Response:
    return responses.hal(call, document, version=view.version(*version))


def _every(call: Call, items: list[Document]) -> web.Response:
    links = {"self": responses.link(responses.here(call))}
    return responses.hal(call, {"_embedded": {"preferences": items}, "_links": links})
