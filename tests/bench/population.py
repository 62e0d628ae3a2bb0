"""What a bench's account lives through: a seeded order of facts, each one possible after those before it.

Everybody is invited, redeems the code and so holds two tokens, as the product's own commands would record it; later
changes move people between teams and roles, edit applications, publish contracts and are denied things.
"""

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from service.catalogue.compiled import ADMINISTRATOR, DEFAULT_TEAM, USER
from service.catalogue.loader import shipped
from service.commands.order import NewPrincipal
from service.events import Event, applications, attempts, contracts, results, teams, tokens, users, versions
from service.fresh import Fresh
from service.vocabulary import (
    ApplicationId,
    ContractId,
    PrincipalId,
    ResultId,
    RoleId,
    Secret,
    TeamId,
    Thing,
    VaultRef,
    clear,
)

T = TypeVar("T")
ROLES = tuple(RoleId(role.id) for role in shipped().roles if role.assignable and role.api_access)
_ROLE_NAMES = {role.id: role.name for role in shipped().roles}
_DEFAULT = Thing("team", DEFAULT_TEAM, "Default")
_BODIES = 50
_TEAMS_HELD_MAX = 6
_HANDS = 20
"""How many people administer, and so do what is done to others."""


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """How often later changes are of a sort, as weights."""

    join: int = 30
    leave: int = 22
    roles: int = 20
    edit: int = 8
    publish: int = 15
    denied: int = 5
    verify: int = 0
    tag: int = 0


RELATIONS = Mix(join=40, leave=30, roles=30, edit=0, publish=0, denied=0)
"""Changes that decisions read, and no others."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How large an account is. `changes` follow once everybody and everything is there.

    With `total` there are as many changes as bring the whole to so many records.
    """

    users: int
    teams: int
    applications: int
    changes: int = 0
    total: int = 0
    seed: int = 1
    mix: Mix = Mix()
    consumers: int = 0
    """How many of the applications publish contracts; 0: all."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What one order leaves: facts with what each touches, by one actor on one authority.

    `keys` are people's new keys and `values` what goes to the vault.
    """

    actor: PrincipalId | None
    needed: str
    facts: tuple[tuple[Event, tuple[Thing, ...]], ...]
    keys: tuple[NewPrincipal, ...] = ()
    values: tuple[tuple[VaultRef, Secret], ...] = ()


class Population:
    """Yields acts by `acts`, and knows who and what there is by then. `administrator` exists before the first act."""

    def __init__(self, shape: Shape, fresh: Fresh, administrator: NewPrincipal) -> None:
        self.shape = shape
        self.administrator = administrator.id
        self.keys = {administrator.id: administrator.key}
        self.teams: list[Thing] = []
        self.users: list[PrincipalId] = []
        self.applications: list[Thing] = []
        self._random = random.Random(shape.seed)  # noqa: S311  # repeatable on purpose
        self._fresh = fresh
        self._held: dict[PrincipalId, list[Thing]] = {}
        self._roles: dict[PrincipalId, list[RoleId]] = {}
        self._bodies = [fresh.ref() for _ in range(_BODIES)]
        self._published: set[int] = set()
        self._contracts: list[contracts.ContractPublished] = []
        self._versions = 0
        self._edits = 0

    def acts(self, expires_at: datetime) -> Iterator[Act]:
        """First everybody and everything, then changes without end."""
        for number in range(self.shape.teams):
            yield self._team(number)
        for number in range(self.shape.users):
            yield self._invited(number, expires_at)
            yield self._redeemed(number)
            yield self._joined(self.users[-1])
        for number in range(self.shape.applications):
            yield from self._application(number)

    def changes(self) -> Iterator[Act]:
        """Changes without end, each of which changes something."""
        sorts = {
            "join": lambda: self._joined(self._any(self.users)),
            "leave": lambda: self._left(self._any(self.users)),
            "roles": lambda: self._other_role(self._any(self.users)),
            "edit": self._edited,
            "publish": self._publication,
            "denied": self._refused,
            "verify": self._verification,
            "tag": self._tagged,
        }
        names, weights = zip(*msgspec.structs.asdict(self.shape.mix).items(), strict=True)
        while True:
            for name in self._random.choices(names, weights, k=1_000):
                yield sorts[name]()

    # -- what there is ---------------------------------------------------------------------------------

    def _team(self, number: int) -> Act:
        team = Thing("team", self._fresh.id(), f"Team {number}")
        self.teams.append(team)
        made = teams.TeamCreated(team=TeamId(team.id), name=team.name, default=False)
        return self._act("team:manage", (made, (team,)))

    def _invited(self, number: int, expires_at: datetime) -> Act:
        new, invitation = self._fresh.principal(), self._fresh.invitation()
        self._invitation = invitation
        self.users.append(new.id)
        self.keys[new.id] = new.key
        self._held[new.id] = []
        roles = self._random.sample(ROLES, self._random.randint(1, 2))
        self._roles[new.id] = [RoleId(USER), *(role for role in roles if role not in (USER, ADMINISTRATOR))]
        if number < _HANDS:
            self._roles[new.id].append(RoleId(ADMINISTRATOR))
        person = Thing("user", new.id)
        named = clear(f"Person {number}", new.key)
        made = users.UserCreated(
            principal=new.id, key=new.key, name=named, email=clear(f"person.{number}@example.org", new.key)
        )
        given = users.PrincipalRolesChanged(principal=new.id, added=tuple(self._roles[new.id]))
        placed = teams.TeamMembersChanged(team=TeamId(DEFAULT_TEAM), added=(new.id,))
        coded = users.InvitationIssued(
            invitation=invitation.id, principal=new.id, digest=invitation.digest, expires_at=expires_at
        )
        held = tuple(Thing("role", role, _ROLE_NAMES[role]) for role in self._roles[new.id])
        facts = (
            (made, (person,)),
            (given, (person, *held)),
            (placed, (_DEFAULT, person)),
            (coded, (person,)),
        )
        return Act(actor=self.administrator, needed="user:invite", facts=facts, keys=(new,))

    def _redeemed(self, number: int) -> Act:
        principal = self.users[number]
        pair = self._fresh.tokens()
        person = Thing("user", principal)
        used = users.InvitationRedeemed(invitation=self._invitation.id, principal=principal)
        issued = [
            tokens.TokenIssued(
                token=token.id,
                principal=principal,
                read_only=token is pair.read_only,
                digest=token.digest,
                value=token.ref,
            )
            for token in (pair.read_only, pair.read_write)
        ]
        facts = [(one, (person, Thing("token", one.token))) for one in issued]
        values = tuple((token.ref, token.value) for token in (pair.read_only, pair.read_write))
        return Act(actor=principal, needed="", facts=((used, (person,)), *facts), values=values)

    def _application(self, number: int) -> Iterator[Act]:
        application = Thing("application", self._fresh.id(), f"application-{number}")
        self.applications.append(application)
        creator = self._any(self.users)
        named = ApplicationId(application.id)
        made = applications.ApplicationCreated(application=named, name=application.name, creator=creator)
        placed = teams.TeamApplicationsChanged(team=TeamId(DEFAULT_TEAM), added=(named,))
        first = ((made, (application,)), (placed, (_DEFAULT, application)))
        yield Act(actor=creator, needed="contract_data:manage", facts=first)
        left = teams.TeamApplicationsChanged(team=TeamId(DEFAULT_TEAM), removed=(named,))
        yield self._act("team:manage", (left, (_DEFAULT, application)))
        team = self._any(self.teams)
        moved = teams.TeamApplicationsChanged(team=TeamId(team.id), added=(named,))
        yield self._act("team:manage", (moved, (team, application)))

    # -- what changes ----------------------------------------------------------------------------------

    def _joined(self, principal: PrincipalId) -> Act:
        held = self._held[principal]
        free = [team for team in self._random.sample(self.teams, min(8, len(self.teams))) if team not in held]
        if not free or len(held) >= _TEAMS_HELD_MAX:
            return self._left(principal)
        held.append(free[0])
        joined = teams.TeamMembersChanged(team=TeamId(free[0].id), added=(principal,))
        return self._act("team:manage", (joined, (free[0], Thing("user", principal))))

    def _left(self, principal: PrincipalId) -> Act:
        held = self._held[principal]
        if not held:
            return self._joined(principal)
        team = held.pop(self._random.randrange(len(held)))
        left = teams.TeamMembersChanged(team=TeamId(team.id), removed=(principal,))
        return self._act("team:manage", (left, (team, Thing("user", principal))))

    def _other_role(self, principal: PrincipalId) -> Act:
        held = self._roles[principal]
        free = [role for role in ROLES if role not in held and role != ADMINISTRATOR]
        added, removed = self._any(free), held[0]
        self._roles[principal] = [*held[1:], added]
        changed = users.PrincipalRolesChanged(principal=principal, added=(added,), removed=(removed,))
        touches = (
            Thing("user", principal),
            *(Thing("role", one, _ROLE_NAMES[one]) for one in (added, removed)),
        )
        return self._act("user:manage", (changed, touches))

    def _edited(self) -> Act:
        application = self._any(self.applications)
        self._edits += 1
        change = applications.Change(field="main_branch", before=None, after=f"branch-{self._edits}")
        edited = applications.ApplicationEdited(application=ApplicationId(application.id), changes=(change,))
        return self._act("contract_data:manage", (edited, (application,)))

    def _publication(self) -> Act:
        consumer, provider = self._pair()
        number = self._random.randrange(_BODIES)
        body = f'{{"interactions": [], "number": {number}}}'.encode()
        self._versions += 1
        published = contracts.ContractPublished(
            contract=ContractId(self._fresh.id()),
            consumer=ApplicationId(consumer.id),
            provider=ApplicationId(provider.id),
            version=f"1.{self._versions}.0",
            branch="main",
            digest=hashlib.sha256(body).hexdigest(),
            body=self._bodies[number],
            bytes=len(body),
        )
        pair = Thing("integration", f"{consumer.id}/{provider.id}", f"{consumer.name}/{provider.name}")
        touches = (consumer, provider, Thing("contract", published.contract), pair)
        values = () if number in self._published else ((self._bodies[number], Secret(body)),)
        self._published.add(number)
        self._contracts.append(published)
        act = self._act("contract_data:manage", (published, touches))
        return msgspec.structs.replace(act, values=values)

    def _pair(self) -> list[Thing]:
        if not self.shape.consumers:
            return self._random.sample(self.applications, 2)
        consumer = self._any(self.applications[: self.shape.consumers])
        return [consumer, self._any(self.applications[self.shape.consumers :])]

    def _verification(self) -> Act:
        """A result of some content, by a version of its own."""
        if not self._contracts:
            return self._publication()
        of = self._any(self._contracts)
        self._versions += 1
        verified = results.VerificationPublished(
            result=ResultId(self._fresh.id()),
            consumer=of.consumer,
            provider=of.provider,
            digest=of.digest,
            version=f"2.{self._versions}.0",
            number=self._versions,
            success=True,
        )
        return self._act("contract_data:manage", (verified, (Thing("application", of.provider),)))

    def _tagged(self) -> Act:
        if not self._contracts:
            return self._publication()
        of = self._any(self._contracts)
        self._versions += 1
        tagged = versions.VersionTagged(
            application=of.consumer, version=of.version, tag=f"tag-{self._versions}"
        )
        return self._act("contract_data:manage", (tagged, (Thing("application", of.consumer),)))

    def _refused(self) -> Act:
        application = self._any(self.applications)
        denied = attempts.AttemptDenied(
            command="delete_application",
            arguments={"application": application.id},
            missing=f"contract_data:bulk_delete on {application.name}",
            on=application,
        )
        principal = self._any(self.users)
        return Act(actor=principal, needed="", facts=((denied, (application, Thing("user", principal))),))

    def _act(self, needed: str, *facts: tuple[Event, tuple[Thing, ...]]) -> Act:
        hands = min(_HANDS, len(self.users))
        actor = self.users[self._random.randrange(hands)] if hands else self.administrator
        return Act(actor=actor, needed=needed, facts=facts)

    def _any(self, among: "list[T] | tuple[T, ...]") -> T:
        return among[int(self._random.random() * len(among))]


WEEK = timedelta(days=7)
