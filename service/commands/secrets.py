"""What may be asked of secrets. Pure: state in, events out; the values themselves only pass through to the vault.

Whoever manages the secrets of their teams must name one of these (seed 003); who manages all may name any, or none.
"""

from typing import ClassVar

import msgspec

from projections import things
from projections.secrets import Secret
from projections.view import View
from service import errors
from service.commands import team_bound
from service.commands.order import Caller, Need, NewValue
from service.events import Event
from service.events import secrets as events
from service.events.applications import Change
from service.vocabulary import SecretId, TeamId, name, verbatim

VALUE_BYTES_MAX = 65_536
"""Of a value in UTF-8: a chain of certificates with its key fits, and no request of a webhook takes more."""
MANAGE = "secret:manage"
_REFUSED_IN_NAMES = '${}"\\'
"""What would end or break the `${user.<name>}` by which templates refer to a secret, also within JSON."""


class CreateSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Make a secret of a team, or of none."""

    word: ClassVar[str] = "create_secret"
    secret: SecretId
    name: str
    description: str = ""
    team: TeamId | None = None
    value: NewValue

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (team_bound.creating(MANAGE, "secret", self.team, view, caller),)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team} if self.team else {}


class EditSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Change a secret; what is None or not named stays. `team` is where it belongs then, None to no team."""

    word: ClassVar[str] = "edit_secret"
    secret: SecretId
    name: str | None = None
    description: str | None = None
    team: TeamId | msgspec.UnsetType | None = msgspec.UNSET
    value: NewValue | None = None
    """Its next value: nobody can tell whether it is another one, so giving one always is a rotation."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        secret = view.secret(self.secret)
        return team_bound.editing(MANAGE, things.of_secret(secret), secret.team, self.team)

    def arguments(self) -> dict[str, str]:
        return {"secret": self.secret, **({"team": self.team} if isinstance(self.team, str) else {})}


class DeleteSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a secret; its value leaves the vault in the same transaction."""

    word: ClassVar[str] = "delete_secret"
    secret: SecretId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need(MANAGE, things.of_secret(view.secret(self.secret))),)

    def arguments(self) -> dict[str, str]:
        return {"secret": self.secret}


def create_secret(command: CreateSecret, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad field or team, Refused when the team's name is taken."""
    team_bound.require_team(command.team, view)
    wanted = name_of(command.name)
    _require_value(command.value)
    _require_free(view, command.team, wanted)
    return [
        events.SecretCreated(
            secret=command.secret,
            name=wanted,
            description=verbatim(command.description, "/description", "description"),
            team=command.team,
            value=command.value.ref,
        )
    ]


def edit_secret(command: EditSecret, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. Naming what is so already changes nothing, but a value is always the next one.

    Raises Invalid for a bad field or team, Refused when the name is taken where the secret is then.
    """
    secret = view.secret(command.secret)
    team = secret.team if isinstance(command.team, msgspec.UnsetType) else command.team
    wanted = secret.name if command.name is None else name_of(command.name)
    moved, renamed = team != secret.team, wanted != secret.name
    if moved:
        team_bound.require_team(team, view)
    if moved or renamed:
        _require_free(view, team, wanted)
    decided: list[Event] = []
    changes = _changes(command, secret, wanted)
    if secret.conflicting and not (moved or renamed) and _free_again(command, secret, view):
        changes = (*changes, Change(field="conflicting", before="true", after="false"))
    if changes:
        decided.append(events.SecretEdited(secret=secret.id, changes=changes))
    if moved:
        decided.append(events.SecretMoved(secret=secret.id, name=wanted, team_before=secret.team, team=team))
    if command.value is not None:
        _require_value(command.value)
        decided.append(
            events.SecretRotated(secret=secret.id, value=command.value.ref, value_before=secret.value)
        )
    return decided


def delete_secret(command: DeleteSecret, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion."""
    secret = view.secret(command.secret)
    return [
        events.SecretDeleted(secret=secret.id, name=secret.name, team=secret.team, value_before=secret.value)
    ]


def name_of(text: object) -> str:
    """The name of a secret: one word that a template can refer to, or Invalid.

    The vendor's provider for Terraform allows letters and digits only, and its other clients use underscores; a Pact
    Broker's templates take whatever is no brace. So all is taken that can stand in `${user.<name>}` in any place.
    """
    wanted = name(text, "/name", "name of a secret")
    bad = next((one for one in wanted if one.isspace() or one in _REFUSED_IN_NAMES), None)
    if bad is not None:
        what = "spaces" if bad.isspace() else f"the character {bad}"
        raise errors.Invalid(f"The name of a secret must not hold {what}: no webhook could name it.", "/name")
    return wanted


def _changes(command: EditSecret, secret: Secret, wanted: str) -> tuple[Change, ...]:
    changes = []
    if wanted != secret.name:
        changes.append(Change(field="name", before=secret.name, after=wanted))
    if command.description is not None:
        described = verbatim(command.description, "/description", "description")
        if described != secret.description:
            changes.append(Change(field="description", before=secret.description, after=described))
    return tuple(changes)


def _free_again(command: EditSecret, secret: Secret, view: View) -> bool:
    """Whether whoever sends a conflicting secret its own name may have it: the other one has gone meanwhile."""
    return command.name is not None and view.secret_named(secret.team, secret.name) is None


def _require_value(value: NewValue) -> None:
    try:
        octets = value.value.octets()
    except UnicodeEncodeError as failure:
        raise errors.Invalid("The value holds what is no character.", "/value") from failure
    if not octets:
        # Also where it would replace one: a job that forgot to fill its variable must not believe that it rotated.
        raise errors.Invalid("The value must not be empty.", "/value")
    if len(octets) > VALUE_BYTES_MAX:
        raise errors.Invalid(f"The value is longer than {VALUE_BYTES_MAX:,} bytes.", "/value")
    if 0 in octets:
        raise errors.Invalid("The value holds a NUL, which no request can carry.", "/value")


def _require_free(view: View, team: TeamId | None, wanted: str) -> None:
    if view.secret_named(team, wanted) is not None:
        where = "Among the secrets of no team" if team is None else "In this team"
        raise errors.Refused("name_taken", f"{where} there is already a secret named {wanted!r}.", "/name")
