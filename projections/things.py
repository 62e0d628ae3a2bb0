"""Things that a permission can be needed on: what they are called, which teams they belong to, who owns them.

A thing is a type and an id. The extents of a contract and of an integration are their consumer's: whose
contract it is decides (section 3.4 of the vendor's rules: the provider's teams do not matter).
"""

from typing import assert_never

import msgspec

from projections.applications import Application
from projections.contracts import Contract, Integration, integration_id
from projections.environments import Environment
from projections.principals import Principal
from projections.resources import Resource
from projections.roles import Role
from projections.secrets import Secret
from projections.teams import Team
from projections.view import View
from projections.webhooks import Webhook
from service.vocabulary import PrincipalId, TeamId, Thing

TYPES_HELD = (
    "application",
    "integration",
    "contract",
    "team",
    "role",
    "environment",
    "user",
    "system_account",
    "token",
    "secret",
    "webhook",
)
"""Built-in types whose things this service holds; of an own type it holds those that are registered."""

_TYPES = {Application: "application", Environment: "environment", Secret: "secret", Webhook: "webhook"}

NAMED_ON_THE_WIRE = ("application", "integration", "contract")
"""Types whose things a client addresses by name; all others by id."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """A thing with what decides about it: the teams it belongs to and who owns it.

    `label` is for a person: a name where it is not a person's.
    """

    thing: Thing
    teams: tuple[TeamId, ...] = ()
    owner: PrincipalId | None = None
    readers: "Target | None" = None
    """Another thing whose reach suffices to read this one: an integration is read from its provider's side too."""
    judged_by: str = ""
    """Whose teams and creator these are, where they are not the thing's own: `the consumer Foo`."""

    @property
    def team(self) -> TeamId | None:
        """The team that it is, if it is one."""
        return TeamId(self.thing.id) if self.thing.type == "team" else None

    @property
    def label(self) -> str:
        """What a sentence for somebody who may read the thing calls it."""
        return self.thing.name or self.thing.id

    @property
    def asked(self) -> str:
        """What a refusal calls it: what the caller called it, since its name may be what they must not read."""
        return self.label if self.thing.type in NAMED_ON_THE_WIRE or not self.thing.id else self.thing.id


def anything(type_: str) -> Target:
    """The target of an action on a type as a whole: creating a role, reading the trail, inviting somebody."""
    return Target(Thing(type_, "*"))


def about_to_exist(
    type_: str, name: str, owner: PrincipalId | None, teams: tuple[TeamId, ...] = ()
) -> Target:
    """A thing that its creator is about to own: `own` and `*` suffice to create an application, `team` does not."""
    return Target(Thing(type_, "", name), teams, owner)


def of_role(role: Role) -> Target:
    return Target(Thing("role", role.id, role.name))


def of_team(team: Team) -> Target:
    return Target(Thing("team", team.id, team.name), (team.id,))


def of_principal(principal: Principal) -> Target:
    return Target(Thing(principal.type, principal.id), principal.teams, principal.id)


def of_token(token: str, owner: PrincipalId) -> Target:
    return Target(Thing("token", token), (), owner)


def of_application(application: Application) -> Target:
    return Target(
        Thing("application", application.id, application.name), application.teams, application.creator
    )


def of_environment(environment: Environment) -> Target:
    return Target(Thing("environment", environment.id, environment.name), environment.teams)


def of_secret(secret: Secret) -> Target:
    return Target(Thing("secret", secret.id, secret.name), teams_of(secret.team))


def of_webhook(webhook: Webhook) -> Target:
    return Target(Thing("webhook", webhook.id, webhook.settings.description), teams_of(webhook.team))


def of_resource(resource: Resource) -> Target:
    return Target(Thing(resource.type, resource.id, resource.name), resource.teams, resource.owner)


def teams_of(team: TeamId | None) -> tuple[TeamId, ...]:
    """What belongs to a team or to none, as the rule asks it: of no team's people is it, but of who reaches all."""
    return () if team is None else (team,)


def of_deployment(application: Target, environment: Environment) -> Target:
    """An application as what is deployed to an environment: `team` means one team that both belong to (section 3.5)."""
    return Target(
        application.thing,
        tuple(team for team in application.teams if team in environment.teams),
        # By name the environment is known to who may see it: of the two conditions that is the other one.
        judged_by=f"the application {application.label} together with the environment",
    )


InTeams = Application | Environment | Principal | Resource | Secret | Webhook
"""What can belong to teams."""


def of_noun(noun: InTeams) -> Target:
    """What can belong to teams, as it decides."""
    match noun:
        case Application():
            return of_application(noun)
        case Environment():
            return of_environment(noun)
        case Principal():
            return of_principal(noun)
        case Resource():
            return of_resource(noun)
        case Secret():
            return of_secret(noun)
        case Webhook():
            return of_webhook(noun)
        case _:
            assert_never(noun)


def type_of(noun: InTeams) -> str:
    """The type of what can belong to teams, without all the rest of it."""
    return noun.type if isinstance(noun, Principal | Resource) else _TYPES[type(noun)]


def of_integration(view: View, integration: Integration) -> Target:
    return of_pair(view.application(integration.consumer), view.application(integration.provider))


def of_pair(consumer: Application, provider: Application) -> Target:
    """An integration of the two, whether or not it holds a contract yet."""
    thing = Thing("integration", integration_id(consumer.id, provider.id), f"{consumer.name}/{provider.name}")
    return Target(
        thing, consumer.teams, consumer.creator, of_application(provider), f"the consumer {consumer.name}"
    )


def of_contract(view: View, contract: Contract) -> Target:
    consumer = view.application(contract.consumer)
    provider = view.application(contract.provider)
    name = f"{consumer.name}/{provider.name}/{contract.version}"
    return Target(
        Thing("contract", contract.id, name),
        consumer.teams,
        consumer.creator,
        of_application(provider),
        f"the consumer {consumer.name}",
    )
