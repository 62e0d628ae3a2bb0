"""What may be asked of teams. Pure: state in, events out."""

from collections.abc import Callable
from typing import ClassVar, Literal

import msgspec

from projections import access, things
from projections.teams import Team
from projections.view import View
from service import errors
from service.commands import codes, resources, teamless
from service.commands.order import Caller, Need
from service.commands.relations import difference, pieces, require_bearable
from service.events import Event
from service.events import teams as events
from service.vocabulary import ApplicationId, EnvironmentId, PrincipalId, TeamId, Thing, name


class Named(msgspec.Struct, frozen=True):
    """An application as a client names it, and where it does (a pointer). Who may not order is not told of it."""

    name: str
    pointer: str


class CreateTeam(msgspec.Struct, frozen=True, kw_only=True):
    """Make a team with its applications, by id or named, administrators and environments."""

    word: ClassVar[str] = "create_team"
    team: TeamId
    name: str
    applications: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
    administrators: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("team:manage", things.anything("team")),)

    def arguments(self) -> dict[str, str]:
        return {}


class EditTeam(msgspec.Struct, frozen=True, kw_only=True):
    """Change a team; a field that is None stays. Applications are given by id, or named, which replaces them too."""

    word: ClassVar[str] = "edit_team"
    team: TeamId
    name: str | None = None
    applications: tuple[str, ...] | None = None
    named: tuple[Named, ...] | None = None
    administrators: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("team:manage", things.of_team(view.team(self.team))),)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team}

    def removes(self, view: View, enough: int) -> int:
        """How many applications, administrators and environments might leave. Raises NotFound."""
        return view.ever_linked(view.team(self.team).id)


class ChangeMembers(msgspec.Struct, frozen=True, kw_only=True):
    """Replace a team's members, or add or remove some. What is already so changes nothing.

    `leaving` are those who leave as others are added, in the same order.
    """

    word: ClassVar[str] = "change_members"
    team: TeamId
    how: Literal["replace", "add", "remove"]
    members: tuple[str, ...]
    leaving: tuple[str, ...] = ()

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        team = view.team(self.team)
        managing = Need("team:manage", things.of_team(team))
        joins = self.how != "remove" and any(
            (one := view.principal_or_none(member)) is not None and team.id not in one.teams
            for member in self.members
        )
        wide = caller.principal and access.may(view, caller.principal, "team:manage", things.anything("team"))
        if joins and not wide:
            # A team's administrator may add people only where they may see them (section 3.2, release 2.2.0).
            return (managing, Need("user:read", things.anything("user")))
        return (managing,)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team, "how": self.how}

    def removes(self, view: View, enough: int) -> int:
        """How many members might leave or join. Raises NotFound."""
        named = len(self.members) + len(self.leaving)
        return named + (view.ever_linked(view.team(self.team).id) if self.how == "replace" else 0)


class DeleteTeam(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a team; its administrators alone may not."""

    word: ClassVar[str] = "delete_team"
    team: TeamId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        team = view.team(self.team)
        every_team = things.Target(Thing("team", "*", team.name))
        return (Need("team:manage", every_team),)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team}

    def removes(self, view: View, enough: int) -> int:
        """How many links to it might be cut. Raises NotFound."""
        return view.ever_linked(view.team(self.team).id)


def create_team(command: CreateTeam, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad name or an unknown id, Refused when the name is taken."""
    wanted = _free_name(view, command.name, None)
    created: list[Event] = [events.TeamCreated(team=command.team, name=wanted, default=False)]
    created += _relations(
        view,
        command.team,
        ((), (*command.applications, *_found(view, command.named))),
        ((), command.administrators),
        ((), command.environments),
    )
    return created + codes.revoked_in(things.anything("team"), command.administrators, view, caller)


def edit_team(command: EditTeam, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. Editing a team into what it already is changes nothing.

    Raises NotFound, Invalid for an unknown application, principal or environment, Refused when the name is taken.
    """
    team = view.team(command.team)
    decided: list[Event] = []
    if command.name is not None and (wanted := _free_name(view, command.name, team)) != team.name:
        decided.append(events.TeamRenamed(team=team.id, before=team.name, after=wanted))
    applications = tuple(one.id for one in view.team_applications(team.id))
    administrators = tuple(one.id for one in view.administrators(team.id))
    environments = tuple(one.id for one in view.team_environments(team.id))
    wanted_applications = command.applications
    if command.named is not None:
        wanted_applications = (*(command.applications or ()), *_found(view, command.named))
    decided += _relations(
        view,
        team.id,
        (applications, applications if wanted_applications is None else wanted_applications),
        (administrators, administrators if command.administrators is None else command.administrators),
        (environments, environments if command.environments is None else command.environments),
    )
    led, _ = difference(map(PrincipalId, administrators), map(PrincipalId, command.administrators or ()))
    return decided + codes.revoked_in(things.of_team(team), led, view, caller)


def change_members(command: ChangeMembers, view: View, caller: Caller) -> list[Event]:
    """Decide who belongs to a team. Disabled principals may stay and join; unknown ones are Invalid."""
    team = view.team(command.team)
    named = {PrincipalId(member) for member in command.members}
    leaving = {PrincipalId(member) for member in command.leaving}
    if command.how == "replace":
        held = {one.id for one in view.members(team.id)}
    else:  # of a team of everybody only those are looked at who are named
        found = filter(None, map(view.principal_or_none, named | leaving))
        held = {one.id for one in found if team.id in one.teams}
    if command.how != "remove":
        _known(command.members, view.principal_or_none, "user", "/users")
    left = held - leaving
    wanted = {"replace": named, "add": left | named, "remove": held - named}[command.how]
    added, removed = difference(held, wanted)
    return [
        *pieces(added, removed, lambda a, r: events.TeamMembersChanged(team=team.id, added=a, removed=r)),
        *codes.revoked_in(things.of_team(team), added, view, caller),
    ]


def delete_team(command: DeleteTeam, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion: what was linked to the team is unlinked first, its secrets and webhooks too, and lives on
    (section 3.2).

    Raises Refused for the Default team while it is the only one.
    """
    team = view.team(command.team)
    if team.default and not any(other.id != team.id for other in view.teams()):
        raise errors.Refused(
            "default_team", "The Default team cannot be deleted while there is no other team.", "/team"
        )
    gone = events.TeamDeleted(team=team.id, name=team.name, default=team.default)
    return [*consequences(view, team.id), gone]


def consequences(view: View, team: TeamId) -> list[Event]:
    """Everything that follows from a team's deletion, as facts that are recorded before it.

    Each member, administrator, application, environment, registered thing, secret and webhook has it in its own trail
    then. Whatever else comes to belong to a team is unlinked here. The order is that of the index: sorting a hundred
    thousand at a stroke would hold everybody up. Raises Refused for more than one order can unlink.
    """
    administrators = tuple(one.id for one in view.administrators(team))
    applications = {one.id: one.name for one in view.team_applications(team)}
    environments = {one.id: one.name for one in view.team_environments(team)}
    members = tuple(one.id for one in view.members(team))
    require_bearable(len(members) + len(administrators) + len(applications) + len(environments))
    return [
        *pieces((), members, lambda _, gone: events.TeamMembersChanged(team=team, removed=gone)),
        *pieces(
            (), administrators, lambda _, gone: events.TeamAdministratorsChanged(team=team, removed=gone)
        ),
        *pieces(
            (),
            tuple(applications),
            lambda _, gone: events.TeamApplicationsChanged(team=team, removed=gone),
            applications.__getitem__,
        ),
        *pieces(
            (),
            tuple(environments),
            lambda _, gone: events.TeamEnvironmentsChanged(team=team, removed=gone),
            environments.__getitem__,
        ),
        *resources.unlinked(view, team),
        *teamless.of_team(view, team),
    ]


def _relations(
    view: View,
    team: TeamId,
    applications: tuple[tuple[str, ...], tuple[str, ...]],
    administrators: tuple[tuple[str, ...], tuple[str, ...]],
    environments: tuple[tuple[str, ...], tuple[str, ...]],
) -> list[Event]:
    """The facts that turn what the team has (first) into what is wanted (second)."""
    _known(applications[1], view.application_or_none, "application", "/pacticipantNames")
    _known(administrators[1], view.principal_or_none, "user", "/administratorUuids")
    _known(environments[1], view.environment_or_none, "environment", "/environmentUuids")
    own = difference(map(ApplicationId, applications[0]), map(ApplicationId, applications[1]))
    led = difference(map(PrincipalId, administrators[0]), map(PrincipalId, administrators[1]))
    attached = difference(map(EnvironmentId, environments[0]), map(EnvironmentId, environments[1]))
    return [
        *pieces(
            *own,
            lambda a, r: events.TeamApplicationsChanged(team=team, added=a, removed=r),
            lambda one: found.name if (found := view.application_or_none(one)) else "",
        ),
        *pieces(*led, lambda a, r: events.TeamAdministratorsChanged(team=team, added=a, removed=r)),
        *pieces(
            *attached,
            lambda a, r: events.TeamEnvironmentsChanged(team=team, added=a, removed=r),
            lambda one: found.name if (found := view.environment_or_none(one)) else "",
        ),
    ]


def _found(view: View, named: tuple[Named, ...]) -> tuple[str, ...]:
    found = []
    for one in named:
        application = view.application_named(name(one.name, one.pointer))
        if application is None:
            raise errors.Invalid(f"There is no application {one.name[:100]!r}.", one.pointer)
        found.append(application.id)
    return tuple(found)


def _known(ids: tuple[str, ...], find: Callable[[str], object | None], noun: str, pointer: str) -> None:
    for index, one in enumerate(ids):
        if find(one) is None:
            raise errors.Invalid(f"There is no {noun} {one[:64]!r}.", f"{pointer}/{index}")


def _free_name(view: View, wanted: str, team: Team | None) -> str:
    cleaned = name(wanted, "/name")
    holder = view.team_named(cleaned)
    if holder is not None and (team is None or holder.id != team.id):
        raise errors.Refused("name_taken", f"There is already a team named {cleaned!r}.", "/name")
    return cleaned
