"""The nouns as PactFlow's documents (section 4.4 of the vendor's rules), of one view, for one caller.

A person's name leaves the seals here and nowhere else. What somebody may not read of a person whom they meet
as a team's member is left out.
"""

import functools
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from projections import expiry, things
from projections.applications import Application
from projections.environments import Environment
from projections.principals import Principal
from projections.roles import Role
from projections.secrets import Secret
from projections.teams import Team
from projections.tokens import Token
from projections.view import View
from service.catalogue.compiled import TEAM_ADMINISTRATOR
from service.commands.roles import deletable
from service.http import breathing, responses
from service.http.edge import Call, iso
from service.http.responses import Document
from service.vocabulary import TeamId, Thing

Named = TypeVar("Named", Role, Team, Environment, Application, Secret)
FORGOTTEN: Final = "(forgotten)"
"""Stands for the name of a person whose sealing key was destroyed."""
TOKEN_DESCRIPTIONS: Final = {True: "Read only token (developer)", False: "Read/write token (CI)"}
"""Fixed texts: clients find their token by them (section 3.8)."""
_MANY: Final = 1_000
"""Members from which on they are counted apart: some milliseconds' work."""
_PERMISSION_IDS: Final = uuid.UUID("6f0c1a52-94be-4d0e-9c2a-0b5a7d1e8f34")


class Documents:
    """Draws what a view holds as a caller may see it."""

    def __init__(self, call: Call, view: View) -> None:
        self._call = call
        self._view = view
        self._edge = call.edge
        every = view.catalogue.permissions if view.catalogue else ()
        self._permissions = {permission.scope: permission for permission in every}
        self._role_permissions: dict[str, list[Document]] = {}
        self._counted: dict[TeamId, int] = {}
        self._links_of_teams: dict[TeamId, Document] = {}
        self._reads_contracts = call.may_somewhere("contract_data:read")

    # -- roles and permissions ---------------------------------------------------------------------------

    def permission(self, scope: str) -> Document:
        """A scope as it was spelt, with what the catalogue says about it."""
        compiled = self._view.compiled
        canonical = compiled.canonical(scope)
        base, _, condition = canonical.partition("?")
        known = self._permissions.get(base)
        label, group, description = scope, "", ""
        if known is not None:
            label, group, description = known.label, known.group, known.description
        elif scope.startswith("team:manage:"):
            team = self._view.team_or_none(scope.rpartition(":")[2])
            label, group = f"Manage team {team.name if team else ''}".strip(), "Team"
            description = (
                "Change the name, members, administrators, applications and environments of one team"
            )
        found: Document = {"uuid": _permission_id(canonical), "scope": scope}
        if condition:
            label = f"{label}, if {condition}"
            found["condition"] = self._condition(condition)
            description = f"{description.rstrip('.')}. {found['condition']['sentence']}".removeprefix(". ")
        found |= {"label": label, "name": label, "group": group, "description": description}
        if (whose := compiled.owned_by.get(compiled.split(scope)[0])) is not None:
            found["catalogue"] = whose
        return found

    def _condition(self, name: str) -> Document:
        """What a grant is bound to, in the words of the catalogue that defines it."""
        known = self._view.compiled.conditions.get(name)
        if known is None:
            return {"name": name, "sentence": "It grants nothing: no catalogue knows its condition."}
        return {"name": name, "sentence": f"Only if: {known.description or name}"}

    def every_condition(self) -> list[Document]:
        """What a grant may be bound to, by name."""
        conditions = self._view.compiled.conditions
        return [
            {"name": name, "description": one.description, "all": msgspec.to_builtins(one.all)}
            for name, one in sorted(conditions.items())
        ]

    def every_permission(self) -> list[Document]:
        """What a role may hold, in the catalogue's order; `onlyRole` is the one that may, where it is but one."""
        return [
            {**self.permission(scope), **({"onlyRole": known.bound_to} if known.bound_to else {})}
            for scope, known in self._permissions.items()
        ]

    def role(self, role: Role) -> Document:
        """A role with its permissions and what the caller may do with it."""
        place = responses.href(self._edge, "admin", "roles", role.id)
        flags = self._view.compiled.flags(role.id)
        may_go = deletable(self._view, role)
        manages = self._call.may_order("role:manage", things.of_role(role))
        actions = responses.actions(
            place, "role", update=manages and not role.locked, delete=manages and may_go
        )
        found: Document = {"uuid": role.id, "name": role.name}
        if role.description:
            found["description"] = role.description
        return {
            **found,
            "systemDefined": role.predefined,
            "deletable": may_go,
            "locked": role.locked,
            "assignable": role.assignable,
            "apiAccess": role.api_access,
            "takesSeat": flags.takes_seat,
            "readsOwnToken": flags.reads_own_token,
            **times(role.created_at, role.updated_at),
            "permissions": self._permissions_of(role),
            "_actions": actions,
            "_links": {"self": responses.link(place, "Role")},
        }

    def user_role(self, principal: Principal, role: Role) -> Document:
        """A role as somebody holds it; Team Administrator with the teams that it is held for."""
        permissions = self._permissions_of(role)
        if role.id == TEAM_ADMINISTRATOR:
            teams = self._view.live_teams(principal.administers)
            permissions = [self.permission(f"team:manage:{team.id}") for team in teams]
        place = responses.href(self._edge, "admin", "users", principal.id, "roles", role.id)
        return {
            "uuid": role.id,
            "name": role.name,
            "permissions": permissions,
            "_links": {"self": responses.link(place, "User Role")},
        }

    def _permissions_of(self, role: Role) -> list[Document]:
        found = self._role_permissions.get(role.id)
        if found is None:
            found = self._role_permissions[role.id] = [self.permission(scope) for scope in role.scopes]
        return found

    # -- principals --------------------------------------------------------------------------------------

    def user(self, principal: Principal) -> Document:
        """A person or a system account in full, with roles and teams."""
        roles = [self.user_role(principal, role) for role in held_roles(self._view, principal)]
        teams = [
            self._membership(principal, team) for team in by_name(self._view.live_teams(principal.teams))
        ]
        found = self.person(principal, full=True)
        links = found.pop("_links")
        manages = self._call.may_order(f"{principal.type}:manage", self._call.current(principal))
        return {
            **found,
            "_embedded": {"roles": roles, "teams": teams},
            "roles": roles,
            "_actions": responses.actions(
                responses.href(self._edge, "admin", "users", principal.id),
                "user",
                update=manages,
                delete=manages,
            ),
            "_links": links,
        }

    def person(self, principal: Principal, *, full: bool | None = None) -> Document:
        """A principal as it appears in lists of others. `full` None: as far as the caller may read it."""
        view = self._view
        full = self._call.may_read(principal) if full is None else full
        found: Document = {"uuid": principal.id, "name": view.text(principal.name) or FORGOTTEN}
        if full:
            texts = {
                "firstName": principal.first_name,
                "lastName": principal.last_name,
                "email": principal.email,
                "externalIdpId": principal.external_id,
                "externalIdpUsername": principal.external_username,
            }
            found |= {name: text for name, one in texts.items() if (text := view.text(one)) is not None}
        person = principal.type == "user"
        found |= {
            "active": principal.active,
            "type": 0 if person else 1,
            "typeDescription": "User" if person else "System Account",
        }
        if not full:
            return {**found, "_links": {}}
        place = responses.href(self._edge, "admin", "users", principal.id)
        found |= times(principal.created_at, principal.updated_at)
        return {**found, "_links": {"self": responses.link(place, "User")}}

    def _membership(self, principal: Principal, team: Team) -> Document:
        """A team as one who belongs to it is shown with it (section 4.4), with the links that the caller may follow."""
        links = self._team_links(team)
        if links:
            membership = responses.href(self._edge, "teams", team.id, "users", principal.id)
            links["pf:membership"] = responses.link(membership, "Membership")
        if self._reads_contracts:
            integrations = responses.href(self._edge, "integrations", "team", team.id)
            links["pf:integrations"] = responses.link(integrations, "Integrations")
        return {"uuid": team.id, "name": team.name, "_links": links}

    # -- teams and what belongs to them ------------------------------------------------------------------

    async def count_members(self, teams: Iterable[Team]) -> None:
        """Count the members of teams that many belonged to beforehand, with a breath now and then."""
        for team in teams:
            if self._view.ever_linked(team.id) > _MANY:
                self._counted[team.id] = len(await breathing.each(self._view.each_member(team.id), id))

    def team_line(self, team: Team) -> Document:
        """A team as it stands in a list."""
        counted = self._counted.get(team.id)
        return {
            "uuid": team.id,
            "name": team.name,
            "numberOfMembers": len(self._view.members(team.id)) if counted is None else counted,
            **times(team.created_at, team.updated_at),
            "_actions": self._team_actions(team),
            "_links": self._team_links(team),
        }

    def _team_actions(self, team: Team) -> list[Document]:
        """What the caller may do with the team: delete it only who manages every team, not its administrators."""
        return responses.actions(
            responses.href(self._edge, "admin", "teams", team.id),
            "team",
            update=self._call.may_order("team:manage", things.of_team(team)),
            delete=self._call.may_order("team:manage", things.Target(Thing("team", "*")))
            and not (team.default and all(other.id == team.id for other in self._view.teams())),
        )

    async def team(self, team: Team, *, members: bool) -> Document:
        """A team with what belongs to it. The answer to a write names no members, by the vendor's schema."""
        view = self._view
        embedded: Document = {
            "administrators": await self._people(view.administrators(team.id)),
            "environments": [self._environment(one) for one in by_name(view.team_environments(team.id))],
        }
        await self.count_members([team])
        if members:
            embedded["members"] = await self._people(view.each_member(team.id))
        embedded["pacticipants"] = await breathing.drawn(
            by_name(view.team_applications(team.id)), self._application
        )
        found = self.team_line(team)
        links = found.pop("_links")
        return {**found, "_embedded": embedded, "_links": links}

    async def ordered(self, principals: Iterable[Principal]) -> list[Principal]:
        """By name, whatever its case, then by id: an order that a page can rely on."""
        text = self._view.text
        named = await breathing.each(principals, lambda one: ((text(one.name) or "").casefold(), one.id, one))
        return [one for _, _, one in sorted(named, key=lambda row: row[:2])]

    async def _people(self, principals: Iterable[Principal]) -> list[msgspec.Raw]:
        return await breathing.drawn(await self.ordered(principals), self.person)

    def _team_links(self, team: Team) -> Document:
        """The way to the team, where the caller may go it; found out once for a list of a thousand members."""
        links = self._links_of_teams.get(team.id)
        if links is None:
            links = {}
            if self._call.may("team:read", things.of_team(team)):
                links["self"] = responses.link(responses.href(self._edge, "admin", "teams", team.id), "Team")
            self._links_of_teams[team.id] = links
        return dict(links)

    def teams(self, held: Iterable[TeamId]) -> list[Document]:
        """The live ones of some teams, as what belongs to them shows them."""
        live = self._view.live_teams(tuple(held))
        return [{"uuid": team.id, "name": team.name, "_links": self._team_links(team)} for team in live]

    def _environment(self, environment: Environment) -> Document:
        links: Document = {}
        if self._call.may("environment:read", things.of_environment(environment)):
            place = responses.href(self._edge, "environments", environment.id)
            links["self"] = responses.link(place, "Environment")
        return {
            "uuid": environment.id,
            "name": environment.name,
            "displayName": environment.display_name,
            "production": environment.production,
            **times(environment.created_at, environment.updated_at),
            "_links": links,
        }

    def _application(self, application: Application) -> Document:
        found: Document = {"name": application.name}
        if application.display_name is not None:
            found["displayName"] = application.display_name
        links: Document = {}
        if self._call.may("contract_data:read", things.of_application(application)):
            place = responses.href(self._edge, "pacticipants", application.name)
            links["self"] = responses.link(place, "Pacticipant")
        return {**found, "_links": links}

    # -- tokens ------------------------------------------------------------------------------------------

    def token(
        self, token: Token, value: str | None, withheld: str = "", last_used: datetime | None = None
    ) -> Document:
        """A token; without its value where the caller may know of it but not use it, which is said in a sentence."""
        found: Document = {"uuid": token.id, "description": TOKEN_DESCRIPTIONS[token.read_only]}
        if value is not None:
            found["value"] = value
        if withheld:
            found["valueWithheld"] = withheld
        found |= {"readOnly": token.read_only, **times(token.created_at, token.updated_at)}
        if last_used is not None:
            found["lastUsed"] = iso(last_used)
        if (ends := expiry.ends_at(self._view, token)) is not None:
            found["expiresAt"] = iso(ends)
        place = responses.href(self._edge, "settings", "tokens", token.id)
        links = {"self": responses.link(place, "Token")}
        if self._may_regenerate(token, withheld):
            links["pb:regenerate"] = responses.link(f"{place}/regenerate", "Regenerate token")
        return {**found, "_links": links}

    def _may_regenerate(self, token: Token, withheld: str) -> bool:
        """Of one's own token it takes a permission: a holder of SwaggerHub may fetch its own, and no more.

        Another's may be made anew by whoever may have its value.
        """
        if self._call.principal is None or token.principal != self._call.principal.id:
            return not withheld
        action = "read_token:manage" if token.read_only else "token:manage"
        return self._call.may_order(action, things.of_token(token.id, token.principal))


def held_roles(view: View, principal: Principal) -> list[Role]:
    """The live roles of a principal by name, Team Administrator among them while it administers a live team."""
    held = view.roles_of(principal)
    computed = view.role_or_none(TEAM_ADMINISTRATOR)
    if computed is not None and computed not in held and view.live_teams(principal.administers):
        held.append(computed)
    return by_name(held)


def by_name(nouns: Iterable[Named]) -> list[Named]:
    """Nouns by name, whatever its case, then by id."""
    return sorted(nouns, key=lambda noun: (noun.name.casefold(), noun.id))


@functools.lru_cache(maxsize=1_024)
def _permission_id(canonical: str) -> str:
    """The scope's id, the same on every installation."""
    return str(uuid.uuid5(_PERMISSION_IDS, canonical))


def times(created_at: datetime, updated_at: datetime) -> Document:
    """`createdAt`, and `updatedAt` where it differs (section 4.1)."""
    created = iso(created_at)
    updated = created if updated_at == created_at else iso(updated_at)
    return {"createdAt": created} if updated == created else {"createdAt": created, "updatedAt": updated}
