"""What tests are given: an account in memory, and orders in few words.

The account is the real thing without the database: the real drafter authorises, decides, seals and folds over a
real replica, and what Postgres would store is kept in a list. What only Postgres can prove stands in tests/handling.
"""

import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from projections import span_folds
from projections.access import may
from projections.principals import Principal
from projections.replica import Replica
from projections.spans import Shelf
from projections.things import Target
from projections.view import View
from service import errors
from service.catalogue.loader import shipped
from service.commands import Command, webhook_requests
from service.commands.account import OpenAccount
from service.commands.applications import CreateApplication
from service.commands.contracts import PublishContract
from service.commands.environments import CreateEnvironment
from service.commands.order import Caller, NewValue
from service.commands.roles import CreateRole
from service.commands.secrets import CreateSecret
from service.commands.system_accounts import CreateSystemAccount
from service.commands.teams import ChangeMembers, CreateTeam
from service.commands.users import ChangeRoles, EditUser, InviteUser, RedeemInvitation
from service.commands.webhooks import Asked, CreateWebhook
from service.drafting import Drafter
from service.events import Event
from service.events.users import UserCreated
from service.fresh import Fresh
from service.log.keys import Keys
from service.log.reader import Head
from service.log.recorded import Recorded
from service.orders import Order, Outcome
from service.vocabulary import (
    ApplicationId,
    ContractId,
    EnvironmentId,
    PrincipalId,
    RoleId,
    Secret,
    SecretId,
    TeamId,
    WebhookId,
)

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEYS = Keys.derived(b"\x11" * 32)
TEST_MAINTAINER = "0b9c5d1a-3e68-4f7c-9a25-6d8e4b2f1c70"
ORGANIZATION_ADMINISTRATOR = "2e7f0c94-86d1-4b3a-b5e8-91c4a7d3f602"
GUEST = "d6938de2-e37c-11eb-b80e-3f68328092ca"
VIEWER = "9fa50562-a42b-4771-aa8e-4bb3d623ae60"
SWAGGERHUB = "5a0d3c1e-7f42-4d0b-8b57-2c9e61f0a7d3"
SCIM = "f3b1d7a0-5c0e-4e0a-9d61-4a1f6c1b7e52"
CONSOLE = Caller(console="operator")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        """Move it, backwards too."""
        self.at += timedelta(seconds=seconds)


class Account:
    """An account that was just opened, or goes on from a `history`. `kevin` is its first Administrator.

    `log` holds every record that it adds.
    """

    def __init__(self, seed: int = 0, history: Sequence[Recorded] = (), profile: str = "") -> None:
        self.clock = Clock()
        self.fresh = Fresh(KEYS, random.Random(seed).randbytes)  # noqa: S311  # repeatable on purpose
        self.replica = Replica(KEYS, self.clock)
        self.drafter = Drafter(self.replica, self.fresh, self.clock, "0.0.0")
        self.log: list[Recorded] = []
        self.shelf = Shelf(complete=True)
        self._head = Head(
            account=self.fresh.id(),
            epoch=self.fresh.id(),
            position=0,
            recorded_at=datetime(1970, 1, 1, tzinfo=UTC),
            frontier=b"",
            key_check=b"",
            system_identifier="",
            timeline=1,
        )
        self.replica.committed(self._head)
        if history:
            self.kevin = next(one.data.principal for one in history if isinstance(one.data, UserCreated))
            self.go_on(history)
            return
        opening = msgspec.structs.replace(self.opening(), profile=profile)
        self.kevin = opening.administrator.id
        self.do(opening, Caller(system="first start"))

    def go_on(self, history: Sequence[Recorded]) -> None:
        """What these records say holds from here on, whoever ordered it."""
        for record in history:
            self.replica.directory.apply(record)
            span_folds.apply(self.shelf, record)
            self.replica.people.learn(record)
        last = history[-1]
        self._head = msgspec.structs.replace(self._head, position=last.position, recorded_at=last.recorded_at)
        self.replica.committed(self._head)

    def opening(self) -> OpenAccount:
        """The order that opens an account."""
        return OpenAccount(
            account=self._head.account,
            epoch=self._head.epoch,
            origin="contracts.example.org/log",
            verifier="a verifier",
            catalogue=shipped(),
            administrator=self.fresh.principal(),
            tokens=self.fresh.tokens(),
            administrator_name="Kevin",
            administrator_email="kevin@example.org",
        )

    @property
    def now(self) -> View:
        view = self.replica.now()
        view.shelf = self.shelf
        return view

    def do(self, command: Command, by: Caller | PrincipalId | None = None, **more: object) -> list[Event]:
        """The facts that an order leaves, by Kevin unless another gives it. Raises what refuses it."""
        return [record.data for record in self.handle(command, by, **more).records]

    def handle(self, command: Command, by: Caller | PrincipalId | None = None, **more: object) -> Outcome:
        """The outcome of one order in a batch of its own."""
        answer = self.batch([self.order(command, by, **more)])[0]
        if isinstance(answer, errors.MunimentError):
            raise answer
        return answer

    def order(self, command: Command, by: Caller | PrincipalId | None = None, **more: object) -> Order:
        """A command on its way to the door."""
        caller = by if isinstance(by, Caller) else Caller(principal=by or self.kevin)
        return msgspec.structs.replace(Order(command=command, caller=caller), **more)

    def batch(self, orders: Sequence[Order]) -> list[Outcome | errors.MunimentError]:
        """The answers of one batch, as the writer drafts and commits it."""
        draft = self.drafter.draft(self.shelf)
        draft.flush_denials()
        answers = [draft.take(order) for order in orders]
        draft.keep()
        written = [record for record, _ in draft.written.entries]
        self.log += written
        if written:
            self._head = msgspec.structs.replace(
                self._head, position=written[-1].position, recorded_at=written[-1].recorded_at
            )
        self.replica.committed(self._head)
        return answers

    # -- what most tests are given -----------------------------------------------------------------------

    def person(
        self, name: str, roles: Sequence[str] | None = None, teams: Sequence[str] | None = None
    ) -> PrincipalId:
        """A person with tokens. `roles` and `teams` replace the default ones."""
        command = invite(self.fresh, name)
        self.do(command)
        self.do(
            RedeemInvitation(digest=command.invitation.digest, tokens=self.fresh.tokens()), Caller(code=True)
        )
        self._place(command.new.id, roles, teams)
        return command.new.id

    def robot(
        self, name: str, roles: Sequence[str] | None = None, teams: Sequence[str] | None = None
    ) -> PrincipalId:
        """A system account. `roles` and `teams` replace the default ones."""
        command = system_account(self.fresh, name)
        self.do(command)
        self._place(command.new.id, roles, teams)
        return command.new.id

    def role(self, name: str, *scopes: str) -> RoleId:
        command = role(self.fresh, name, *scopes)
        self.do(command)
        return command.role

    def team(self, name: str, applications: Sequence[str] = (), members: Sequence[str] = ()) -> TeamId:
        command = team(self.fresh, name, applications=applications)
        self.do(command)
        if members:
            self.do(ChangeMembers(team=command.team, how="add", members=tuple(members)))
        return command.team

    def application(self, name: str, by: PrincipalId | None = None) -> ApplicationId:
        command = application(self.fresh, name)
        self.do(command, by)
        return command.application

    def contract(
        self, consumer: str, provider: str, version: str = "1", by: PrincipalId | None = None
    ) -> ContractId:
        command = publish(self.fresh, consumer, provider, version)
        self.do(command, by)
        return command.contract

    def environment(self, name: str, teams: Sequence[str] = ()) -> EnvironmentId:
        command = environment(self.fresh, name, teams)
        self.do(command)
        return command.environment

    def secret(self, name: str, team: TeamId | None = None, by: PrincipalId | None = None) -> SecretId:
        command = secret(self.fresh, name, team)
        self.do(command, by)
        return command.secret

    def webhook(self, *, by: PrincipalId | None = None, **fields: Any) -> WebhookId:
        """As `webhook` below."""
        command = webhook(self.fresh, **fields)
        self.do(command, by)
        return command.webhook

    def principal(self, principal: str) -> Principal:
        return self.now.principal(principal)

    def may(self, principal: str, action: str, target: Target) -> bool:
        return may(self.now, principal, action, target)

    def _place(
        self, principal: PrincipalId, roles: Sequence[str] | None, teams: Sequence[str] | None
    ) -> None:
        if roles is not None:
            self.do(ChangeRoles(principal=principal, how="replace", roles=tuple(roles)))
        if teams is None:
            return
        for held in self.principal(principal).teams:
            self.do(ChangeMembers(team=held, how="remove", members=(principal,)))
        for wanted in teams:
            self.do(ChangeMembers(team=TeamId(wanted), how="add", members=(principal,)))


def roles(principal: PrincipalId, *held: str) -> ChangeRoles:
    return ChangeRoles(principal=principal, how="replace", roles=held)


def disabled(principal: PrincipalId) -> EditUser:
    return EditUser(principal=principal, active=False)


def role(fresh: Fresh, name: str, *scopes: str) -> CreateRole:
    return CreateRole(role=RoleId(fresh.id()), name=name, scopes=scopes)


def team(
    fresh: Fresh,
    name: str,
    applications: Sequence[str] = (),
    administrators: Sequence[str] = (),
    environments: Sequence[str] = (),
) -> CreateTeam:
    return CreateTeam(
        team=TeamId(fresh.id()),
        name=name,
        applications=tuple(applications),
        administrators=tuple(administrators),
        environments=tuple(environments),
    )


def invite(fresh: Fresh, name: str) -> InviteUser:
    return InviteUser(
        new=fresh.principal(), invitation=fresh.invitation(), name=name, email=f"{name.lower()}@example.org"
    )


def system_account(fresh: Fresh, name: str, team: TeamId | None = None) -> CreateSystemAccount:
    return CreateSystemAccount(new=fresh.principal(), tokens=fresh.tokens(), name=name, team=team)


def application(fresh: Fresh, name: str) -> CreateApplication:
    return CreateApplication(application=ApplicationId(fresh.id()), name=name)


def environment(fresh: Fresh, name: str, teams: Sequence[str] = ()) -> CreateEnvironment:
    return CreateEnvironment(
        environment=EnvironmentId(fresh.id()), name=name, production=False, teams=tuple(teams)
    )


def secret(fresh: Fresh, name: str, team: TeamId | None = None, value: str = "a value") -> CreateSecret:
    return CreateSecret(
        secret=SecretId(fresh.id()), name=name, description="", team=team, value=new_value(fresh, value)
    )


def new_value(fresh: Fresh, value: str) -> NewValue:
    return NewValue(ref=fresh.ref(), value=Secret(value))


def webhook(
    fresh: Fresh, *, team: TeamId | None = None, settings: Asked | None = None, **request: Any
) -> CreateWebhook:
    """A webhook that posts to an address of its own, with whatever else is said of its request."""
    sent = {"method": "POST", "url": "https://ci.example.org/build", **request}
    found = webhook_requests.checked(sent, ("POST",))
    wanted, values = webhook_requests.wanted(
        found, fresh.ref, lambda row: KEYS.mac("webhook content", row.encode()).hex()
    )
    return CreateWebhook(
        webhook=WebhookId(fresh.id()), settings=settings or Asked(), request=wanted, values=values, team=team
    )


def publish(
    fresh: Fresh, consumer: str, provider: str, version: str = "1", body: str | None = None
) -> PublishContract:
    """A publication that replaces what there is; without a body one that no other publication has."""
    octets = (body if body is not None else f"{consumer} {provider} {version} {fresh.id()}").encode()
    return PublishContract(
        contract=ContractId(fresh.id()),
        consumer=consumer,
        provider=provider,
        consumer_id=ApplicationId(fresh.id()),
        provider_id=ApplicationId(fresh.id()),
        version=version,
        digest=hashlib.sha256(octets).hexdigest(),
        body_ref=fresh.ref(),
        body=Secret(octets),
        overwrites=True,
    )
