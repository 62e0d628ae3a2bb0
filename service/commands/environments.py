"""What may be asked of environments. Pure: state in, events out."""

import re
from typing import ClassVar

import msgspec

from projections import spans, things
from projections.deployments import Deployment, Release
from projections.environments import Environment
from projections.spans import Want
from projections.view import View
from service import errors
from service.commands import contacts, removals, removals_deployments
from service.commands.order import Caller, Need, NewKey
from service.commands.relations import difference
from service.events import Event
from service.events import environments as events
from service.events.applications import Change
from service.events.teams import TeamEnvironmentsChanged
from service.vocabulary import EnvironmentId, TeamId, name


class CreateEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Make an environment, attached to teams if any are named."""

    word: ClassVar[str] = "create_environment"
    environment: EnvironmentId
    name: str
    display_name: str | None = None
    production: bool
    teams: tuple[str, ...] = ()
    contacts: object = msgspec.UNSET
    key: NewKey | None = None
    """For the contacts, if there are any."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("environment:manage", things.anything("environment")),)

    def arguments(self) -> dict[str, str]:
        return {}


class EditEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Change an environment; a field that is None stays, and contacts that are not named do."""

    word: ClassVar[str] = "edit_environment"
    environment: EnvironmentId
    name: str | None = None
    display_name: str | None = None
    production: bool | None = None
    teams: tuple[str, ...] | None = None
    contacts: object = msgspec.UNSET
    key: NewKey | None = None
    """As above."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("environment:manage", things.of_environment(view.environment(self.environment))),)

    def arguments(self) -> dict[str, str]:
        return {"environment": self.environment}


class DeleteEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Delete an environment, and with it what was recorded of deployments and releases to it (section 4.6)."""

    word: ClassVar[str] = "delete_environment"
    environment: EnvironmentId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("environment:manage", things.of_environment(view.environment(self.environment))),)

    def arguments(self) -> dict[str, str]:
        return {"environment": self.environment}

    def reads(self, _view: View) -> tuple[Want, ...]:
        return (spans.under(Deployment, self.environment), spans.under(Release, self.environment))


def create_environment(command: CreateEnvironment, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad name or team, Refused when the name is taken."""
    wanted = _free_name(view, command.name, None)
    shown = name(command.display_name, "/displayName", "display name") if command.display_name else wanted
    created = events.EnvironmentCreated(
        environment=command.environment, name=wanted, display_name=shown, production=command.production
    )
    return [
        created,
        *_contacts(command, None, view),
        *_attached(view, command.environment, (), command.teams),
    ]


def edit_environment(command: EditEnvironment, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. Editing an environment into what it already is changes nothing."""
    environment = view.environment(command.environment)
    changes = []
    if (
        command.name is not None
        and (wanted := _free_name(view, command.name, environment)) != environment.name
    ):
        changes.append(Change(field="name", before=environment.name, after=wanted))
    if command.display_name is not None:
        shown = name(command.display_name, "/displayName", "display name")
        if shown != environment.display_name:
            changes.append(Change(field="display_name", before=environment.display_name, after=shown))
    if command.production is not None and command.production != environment.production:
        before, after = str(environment.production).lower(), str(command.production).lower()
        changes.append(Change(field="production", before=before, after=after))
    decided: list[Event] = []
    if changes:
        decided.append(events.EnvironmentEdited(environment=environment.id, changes=tuple(changes)))
    decided += _contacts(command, environment, view)
    if command.teams is not None:
        decided += _attached(view, environment.id, environment.teams, command.teams)
    return decided


def delete_environment(command: DeleteEnvironment, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion: the parent, and what vanishes with it. Raises NotFound, Refused for too much at once."""
    environment = view.environment(command.environment)
    deployments = view.shelf.under(Deployment, environment.id)
    releases = view.shelf.under(Release, environment.id)
    if len(deployments) + len(releases) > removals.CONTRACTS_MAX:
        raise errors.Refused(
            "too_many_deployments",
            f"This would remove more than {removals.CONTRACTS_MAX:,} records of deployments and releases at once, which"
            " is more than one order can; nothing was done.",
        )
    return [
        events.EnvironmentDeleted(environment=environment.id, name=environment.name),
        *removals_deployments.deployments_removed(deployments),
        *removals_deployments.releases_removed(releases),
    ]


def _contacts(
    command: CreateEnvironment | EditEnvironment, environment: Environment | None, view: View
) -> list[events.EnvironmentContactsChanged]:
    if command.contacts is msgspec.UNSET:
        return []
    return contacts.changed(command.environment, environment, command.contacts, command.key, view)


def _attached(
    view: View, environment: EnvironmentId, held: tuple[TeamId, ...], wanted: tuple[str, ...]
) -> list[Event]:
    for index, team in enumerate(wanted):
        if view.team_or_none(team) is None:
            raise errors.Invalid(f"There is no team {team[:64]!r}.", f"/teamUuids/{index}")
    live = [team.id for team in view.live_teams(held)]
    added, removed = difference(live, map(TeamId, wanted))
    return [
        *(TeamEnvironmentsChanged(team=team, removed=(environment,)) for team in removed),
        *(TeamEnvironmentsChanged(team=team, added=(environment,)) for team in added),
    ]


def _free_name(view: View, wanted: str, environment: Environment | None) -> str:
    cleaned = name(wanted, "/name")
    if re.search(r"\s", cleaned):
        raise errors.Invalid("The name of an environment holds no spaces.", "/name")
    holder = view.environment_named(cleaned)
    if holder is not None and (environment is None or holder.id != environment.id):
        raise errors.Refused("name_taken", f"There is already an environment named {cleaned!r}.", "/name")
    return cleaned
