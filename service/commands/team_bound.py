"""What belongs to one team or to none, secrets and webhooks: who may make it, change it and move it (seed 003)."""

import msgspec

from projections import rule, things
from projections.things import Target
from projections.view import View
from service import errors
from service.catalogue.compiled import TEAM
from service.commands.order import Caller, Need
from service.vocabulary import TeamId, Thing

OfTeam = TeamId | msgspec.UnsetType | None
"""Where something is to belong: to a team, to none, or where it does already."""


def creating(action: str, type_: str, team: TeamId | None, view: View, caller: Caller) -> Need:
    """What making one takes. Raises Invalid where no team is named by who must name one of theirs.

    Whose grant reaches nothing but their teams' has forgotten a field, and is told so; who has no grant, or names a
    team that is not theirs, lacks the permission (section 7, point 14).
    """
    if team is None and only_in_teams(action, view, caller):
        raise errors.Invalid(f"You have {action} in your teams only: name one of them.", "/teamUuid")
    named = "" if team is None else "the team that was named"
    return Need(action, Target(Thing(type_, ""), things.teams_of(team), judged_by=named))


def editing(action: str, target: Target, held: TeamId | None, team: OfTeam) -> tuple[Need, ...]:
    """What changing one takes: the right where it belongs, and where it moves the right over there too (open point 4).

    Nothing but the right to all suffices to take it out of every team.
    """
    here = Need(action, target)
    if isinstance(team, msgspec.UnsetType) or team == held:
        return (here,)
    where = "that it belongs to no team then" if team is None else "the team that it is moved to"
    moved = Target(Thing(target.thing.type, target.thing.id), things.teams_of(team), judged_by=where)
    return (here, Need(action, moved))


def require_team(team: TeamId | None, view: View) -> None:
    """Raise Invalid for a team that is not there. Only who may have any gets so far: others may nowhere without it."""
    if team is not None and view.team_or_none(team) is None:
        raise errors.Invalid("There is no such team.", "/teamUuid")


def only_in_teams(action: str, view: View, caller: Caller) -> bool:
    """Whether the caller's grants give the action on what belongs to teams, and not on everything."""
    if caller.principal is None:
        return False
    principal = view.principal_or_none(caller.principal)
    reach = rule.reaches_of(view, principal).get(action, False)
    return reach is not True and bool(reach & TEAM)
