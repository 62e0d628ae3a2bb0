"""Records of secrets in words and as a table. Their values are in no record."""

from typing import assert_never

from service.events import secrets as events
from service.queries import wording
from service.queries.changed import Changed, ended, made, one
from service.queries.names import Names
from service.vocabulary import TeamId


def sentence(event: events.SecretEvent, names: Names) -> str:
    """What was done, for a sentence that begins with who did it."""
    match event:
        case events.SecretCreated():
            return f"created the secret {event.name}{_of(event.team, names)}"
        case events.SecretEdited():
            return _edited(event, names)
        case events.SecretRotated():
            return f"gave the secret {names.secret(event.secret)} another value"
        case events.SecretMoved():
            moved = f"moved the secret {event.name} from {_team(event.team_before, names)} to"
            if not event.team_deleted:
                return f"{moved} {_team(event.team, names)}"
            clash = ", where another one has its name: it cannot be used until it is renamed"
            return f"thereby {moved} {_team(event.team, names)}{clash if event.conflicting else ''}"
        case events.SecretDeleted():
            return f"deleted the secret {event.name}{_of(event.team, names)}"
        case _:
            assert_never(event)


def changes(event: events.SecretEvent, names: Names) -> tuple[Changed, ...]:
    """The fields that changed; of a value only that it did."""
    match event:
        case events.SecretCreated():
            team = event.team and names.team(event.team)
            return made(name=event.name, description=event.description, team=team)
        case events.SecretEdited():
            return tuple(Changed(field=it.field, before=it.before, after=it.after) for it in event.changes)
        case events.SecretRotated():
            return one("value", "**********", "**********")
        case events.SecretMoved():
            teams = (each and names.team(each) for each in (event.team_before, event.team))
            return (*one("team", *teams), *(one("conflicting", False, True) if event.conflicting else ()))
        case events.SecretDeleted():
            return ended(name=event.name, team=event.team and names.team(event.team))
        case _:
            assert_never(event)


def _edited(event: events.SecretEdited, names: Names) -> str:
    plain = [wording.change(change) for change in event.changes if change.field != "conflicting"]
    ended = len(plain) < len(event.changes)
    whose = f"the secret {names.secret(event.secret)}"
    if not plain:
        return f"gave {whose} back its name, which no other one has any more"
    also = ", and gave it back its name" if ended else ""
    return f"changed {wording.listed(plain)} of {whose}{also}"


def _of(team: TeamId | None, names: Names) -> str:
    return "" if team is None else f" of the team {names.team(team)}"


def _team(team: TeamId | None, names: Names) -> str:
    return "no team" if team is None else f"the team {names.team(team)}"
