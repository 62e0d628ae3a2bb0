"""What a restoration has to do: what was there just before the deletion, beside what is there now. Pure."""

import hashlib
from typing import Protocol

import msgspec

from projections import access, newcomers, things
from projections.applications import Application
from projections.contracts import Contract, integration_id
from projections.view import View
from projections.webhooks import named_applications
from service.commands.order import Caller
from service.events.contracts import RemovedContract
from service.events.deletions import LeftOut, RestoredContract
from service.vocabulary import ApplicationId, ContractId, TeamId, WebhookId

MAY_NOT = "may_not"
GONE = "gone"
OTHERWISE = "otherwise"
DESTROYED = "destroyed"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One application: as it was before the deletion, and the one that has its place now.

    `id` is what restored contracts name: of the one that lives, by its id or else by its old name; otherwise of the one
    that is about to be made.
    """

    was: Application
    lives: Application | None
    id: ApplicationId


class Plan(msgspec.Struct, kw_only=True):
    """What is to be done, and what stands against it, each as `consumer/provider/version`."""

    made: list[Side] = []
    joins: dict[TeamId, list[ApplicationId]] = {}
    contracts: list[RestoredContract] = []
    there: int = 0
    """Contracts that are here again already, with the same content."""
    gone: list[str] = []
    """Contracts whose body left the vault."""
    otherwise: list[str] = []
    """Contracts that somebody published with other content since."""
    left_out: list[LeftOut] = []
    not_restored: int = 0
    """How many things `left_out` stands for, one of whose rows may stand for several."""


class Undone(Protocol):
    """What the plan needs of the order."""

    @property
    def position(self) -> int: ...
    @property
    def seed(self) -> str: ...
    @property
    def contracts(self) -> tuple[RemovedContract, ...]: ...
    @property
    def makes(self) -> tuple[ApplicationId, ...]: ...
    @property
    def webhooks(self) -> tuple[WebhookId, ...]: ...


def planned(command: Undone, sides: dict[ApplicationId, Side], view: View, caller: Caller) -> Plan:
    """The plan for applications and contracts, as things are at the view. It refuses nothing."""
    plan = Plan()
    plan.made = [sides[one] for one in command.makes if sides[one].lives is None]
    for side in plan.made:
        _join(plan, side, view, caller)
    _contracts(plan, command, sides, view)
    return plan


def leave_webhooks(plan: Plan, command: Undone, view: View) -> None:
    """List the webhooks that vanished as left out: what they sent left the vault, so nobody can bring them back."""
    before = view.at(command.position - 1)
    for one in command.webhooks:
        was = before.webhook_by_own_id(one)
        if (
            was is None or view.webhook_or_none(was.shown_id) is not None
        ):  # a client made it again, by its own id
            continue
        named = filter(None, map(before.application_or_none, named_applications(was)))
        of = "/".join(application.name for application in named)
        left = LeftOut(
            noun="webhook", id=was.shown_id, name=was.settings.description, application=of, why=DESTROYED
        )
        plan.left_out.append(left)
        plan.not_restored += 1


def side(before: View, view: View, application: ApplicationId, seed: str) -> Side:
    """An application that had this id before the deletion. Raises NotFound for what never was one."""
    was = before.application(application)
    lives = view.application_or_none(application) or view.application_named(was.name)
    return Side(was=was, lives=lives, id=lives.id if lives else ApplicationId(drawn(seed, application)))


def drawn(seed: str, thing: str) -> str:
    """A new id that follows from the order's own seed: the same decision draws the same one (RFC 9562, version 8)."""
    digits = hashlib.sha256(f"{seed}/{thing}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def _join(plan: Plan, side: Side, view: View, caller: Caller) -> None:
    """Every team that it was in, if the caller may change that team, or whatever is new joins it anyway (seed 002)."""
    anyway = newcomers.team(view)
    for named in side.was.teams:
        team = view.team_or_none(named)
        if team is None:
            why = GONE
        elif (anyway is not None and team.id == anyway.id) or _may_change(view, caller, team.id):
            plan.joins.setdefault(team.id, []).append(side.id)
            continue
        else:
            why = MAY_NOT
        name = team.name if team is not None else ""
        plan.left_out.append(LeftOut(noun="team", id=named, name=name, application=side.was.name, why=why))
        plan.not_restored += 1


def _may_change(view: View, caller: Caller, team: TeamId) -> bool:
    if caller.console or caller.system:
        return True
    target = things.of_team(view.team(team))
    return caller.principal is not None and access.may(view, caller.principal, "team:manage", target)


def _contracts(plan: Plan, command: Undone, sides: dict[ApplicationId, Side], view: View) -> None:
    before = view.at(command.position - 1)
    taken: set[str] = set()
    for one in command.contracts:
        was = before.contract_or_none(one.contract)
        if was is None:  # its own order brought and removed it
            continue
        consumer, provider = sides[was.consumer], sides[was.provider]
        key = f"{integration_id(consumer.id, provider.id)}/{was.version}"
        held = None
        if consumer.lives is not None and provider.lives is not None:
            held = view.contract_of(consumer.id, provider.id, was.version)
        if held is not None and held.digest == was.digest:
            plan.there += 1
        elif held is not None or key in taken:
            plan.otherwise.append(_name(was, consumer, provider))
        elif (body := view.body_ref(was.digest)) is None:
            plan.gone.append(_name(was, consumer, provider))
        else:
            taken.add(key)
            # The same contract again, unless it lives on under an application that was renamed since.
            lives = view.contract_or_none(was.id) is not None
            plan.contracts.append(
                RestoredContract(
                    contract=ContractId(drawn(command.seed, was.id)) if lives else was.id,
                    consumer=consumer.id,
                    provider=provider.id,
                    version=was.version,
                    branch=was.branch,
                    digest=was.digest,
                    body=body,
                    bytes=was.bytes,
                    created_at=was.created_at,
                )
            )


def _name(contract: Contract, consumer: Side, provider: Side) -> str:
    return f"{consumer.was.name}/{provider.was.name}/{contract.version}"
