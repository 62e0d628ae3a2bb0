"""What can happen to a team. A relation's fact holds what was added and removed, never the whole set."""

import msgspec

from service.vocabulary import ApplicationId, EnvironmentId, PrincipalId, TeamId


class TeamCreated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="team.created"):
    """A team exists. The `default` one receives every new principal and application (seed 002)."""

    team: TeamId
    name: str
    default: bool


class TeamRenamed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="team.renamed"):
    """The team's name changed; its identity did not."""

    team: TeamId
    before: str
    after: str


class TeamMembersChanged(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="team.members_changed"
):
    """Principals joined or left: their `team` permissions reach the team's things, or no longer do."""

    team: TeamId
    added: tuple[PrincipalId, ...] = ()
    removed: tuple[PrincipalId, ...] = ()


class TeamAdministratorsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="team.administrators_changed"
):
    """Principals may manage this one team, or no longer may. An administrator need not be a member."""

    team: TeamId
    added: tuple[PrincipalId, ...] = ()
    removed: tuple[PrincipalId, ...] = ()


class TeamApplicationsChanged(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="team.applications_changed"
):
    """Applications came under the team or left it."""

    team: TeamId
    added: tuple[ApplicationId, ...] = ()
    removed: tuple[ApplicationId, ...] = ()


class TeamEnvironmentsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="team.environments_changed"
):
    """Environments were attached to the team or detached from it."""

    team: TeamId
    added: tuple[EnvironmentId, ...] = ()
    removed: tuple[EnvironmentId, ...] = ()


class TeamDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="team.deleted"):
    """The team is gone. Its members, applications and environments live on; what linked them does not."""

    team: TeamId
    name: str
    default: bool


TeamEvent = (
    TeamCreated
    | TeamRenamed
    | TeamMembersChanged
    | TeamAdministratorsChanged
    | TeamApplicationsChanged
    | TeamEnvironmentsChanged
    | TeamDeleted
)
