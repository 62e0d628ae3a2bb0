"""What a naive reading answers to a question as AuthZEN puts it: one look-up after the other, over a naive model."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.catalogue import naive as naive_conditions
from tests.projections.naive import Model

Body = Mapping[str, Any]
Calls = Mapping[str, str]
"""Everything by which a program may call a principal at a moment: ids, addresses and aliases, with whose they are."""
BUILT_IN = "contract_data:manage"
"""The one built-in action that is asked about beside the own ones, on applications."""


def decision(model: Model, calls: Calls, kinds: Mapping[str, str], body: Body) -> bool:
    """Whether the subject may. `kinds` says of each principal ever whether it is a `user` or a `system_account`."""
    principal = _subject(model, calls, kinds, body["subject"])
    type_, text = body["resource"]["type"], body["resource"]["id"]
    action = _meant(model, type_, body["action"]["name"])
    if principal is None or action is None:
        return False
    properties = body["resource"].get("properties", {})
    request: Body = {"context": {}, **body}
    registered = model.own.found(type_, text)
    if registered is not None:
        _, _, owner, teams, _ = model.own.resources[registered]
        request = model.own.seen(registered, request)
    elif type_ == "team" and (team := _team(model, text)) is not None:
        owner, teams = None, {team}
    elif type_ == "application" and (application := _application(model, text)) is not None:
        owner, teams = model.applications[application][1], model.teams_of(application)
    elif text == "*":
        owner, teams = None, set()
    else:
        known = model.own.types().get(type_)
        keeper, group = (known.owner, known.teams) if known is not None else ("owner", "team")
        if type_ == "application" and not {keeper, group} & properties.keys():
            return False  # nothing is said of an application that is not here
        said = properties.get(keeper)
        owner = calls.get(said) if isinstance(said, str) else None
        listed = properties.get(group)
        named = listed if isinstance(listed, list) else [listed]
        teams = {found for one in named if isinstance(one, str) and (found := _team(model, one)) is not None}
    if action != BUILT_IN:
        return model.may_own(principal, action, teams & model.teams.keys(), owner, request)
    return model.may(principal, action, "", teams, owner) or any(
        _reached(model, principal, scope, teams, owner, request) for scope in _conditional(model, principal)
    )


def calls(model: Model, emails: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """By what programs may call whom: aliases, then addresses, then ids, the later ones first where both exist.

    `emails` says of each principal ever which address it has, `aliases` of each alias ever which text it is.
    """
    return {
        **{aliases[alias]: who for alias, who in model.own.aliases.items() if who in model.principals},
        **{emails[who]: who for who in model.principals if who in emails},
        **{who: who for who in model.principals},
    }


def called(model: Model, aliases: Mapping[str, str], principal: str) -> str:
    """What a search calls a principal: its first alias, or its id."""
    return next((aliases[alias] for alias, who in model.own.aliases.items() if who == principal), principal)


def _subject(model: Model, calls: Calls, kinds: Mapping[str, str], subject: Body) -> str | None:
    anybody = {"user"}.union(*(one.subject_types for one in model.own.catalogues.values()))
    found = calls.get(subject["id"])
    if subject["type"] in anybody:
        return found
    if subject["type"] == "system_account" and found is not None and kinds[found] == "system_account":
        return found
    return None


def _meant(model: Model, type_: str, word: str) -> str | None:
    if word == BUILT_IN:
        return BUILT_IN if type_ == "application" else None
    return model.own.meant(type_, word)


def _team(model: Model, text: str) -> str | None:
    return next((team for team, name in model.teams.items() if text in {team, name}), None)


def _application(model: Model, text: str) -> str | None:
    return next((one for one, (name, _) in model.applications.items() if text in {one, name}), None)


def _conditional(model: Model, principal: str) -> Iterator[str]:
    for holder, role in model.holds:
        if holder == principal and model.principals[principal]:
            yield from (scope for scope in model.roles[role][1] if scope.startswith(f"{BUILT_IN}:"))


def _reached(
    model: Model, principal: str, scope: str, teams: set[str], owner: str | None, request: Body
) -> bool:
    """Whether a conditional scope of the built-in action gives it."""
    base, _, name = scope.partition("?")
    condition, extent = model.own.conditions().get(name), base.rpartition(":")[2]
    mine = {team for team, one in model.members if one == principal}
    reached = (
        extent == "*" or (extent == "own" and owner == principal) or (extent == "team" and bool(mine & teams))
    )
    return condition is not None and reached and naive_conditions.holds(condition, request)
