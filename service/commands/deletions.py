"""What may be asked once something was deleted: that what one deletion removed be published again.

History says what that was: the deletion's own records, and the view just before them. The order carries what the
records name, which never changes, so that deciding it is pure.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec

from projections import things
from projections.spans import Want
from projections.view import View
from service import errors
from service.commands import packing, relations, removals, returning, undoing
from service.commands.order import Caller, Need
from service.commands.returning import Fact
from service.commands.undoing import Plan, Side
from service.events import Event
from service.events.applications import ApplicationCreated
from service.events.contracts import RemovedContract
from service.events.deletions import ContractsRestored, DeletionRestored, LeftOut, RestoredContract
from service.events.teams import TeamApplicationsChanged
from service.vocabulary import ApplicationId, EventId, WebhookId

_CONTRACT_BYTES = 340  # three ids, a digest, a ref, a time and the framing; version and branch are added
_LEFT_OUT_BYTES = 16_384
FACTS_MAX = 200_000
"""Versions, tags, results and the like that one order may bring back, for the reason of `removals.CONTRACTS_MAX`."""
_NAMED_MAX = 5
_BECAUSE = {
    undoing.MAY_NOT: "not by you",
    undoing.GONE: "what it belongs to is not here",
    undoing.OTHERWISE: "something else has its place",
    undoing.DESTROYED: "its request left the vault",
}


class RestoreDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Publish again what one deletion removed, as far as it is not here again already.

    Whoever might publish for every consumer then, and may now: W on each as it was and as it is (section 3.4 of the
    vendor's rules), and the right to make an application for each that has to be made again. Those are other
    applications, with new ids drawn from `seed`. Where no contract vanished it is W on whatever the facts were of, or
    else on the applications.
    """

    word: ClassVar[str] = "restore_deletion"
    deletion: EventId
    position: int
    of: str
    contracts: tuple[RemovedContract, ...]
    consumers: tuple[ApplicationId, ...]
    """Of the contracts, each once."""
    makes: tuple[ApplicationId, ...]
    """Every application that has to be there: those that vanished, and both sides of the contracts."""
    facts: tuple[Fact, ...] = ()
    """Versions, tags, branches, labels, results, deployments and releases that vanished, as they were."""
    owners: tuple[ApplicationId, ...] = ()
    """Whose the facts are; a result's consumer too."""
    webhooks: tuple[WebhookId, ...] = ()
    """That vanished, and stay gone: what they sent left the vault."""
    seed: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        before = self._before(view)
        whose = self.consumers or tuple(dict.fromkeys(one.application for one in self.facts)) or self.makes
        needed = (
            _needs(undoing.side(before, view, one, self.seed), one in whose, caller)
            for one in dict.fromkeys((*whose, *self.makes))
        )
        found = tuple(need for needs in needed for need in needs)
        # A deletion that was about nobody's data is no business of whoever may do nothing.
        return found or (Need("contract_data:manage", things.anything("application")),)

    def arguments(self) -> dict[str, str]:
        return {"deletion": self.deletion}

    def reads(self, view: View) -> tuple[Want, ...]:
        before = self._before(view)
        sides = {one: undoing.side(before, view, one, self.seed) for one in self.owners}
        return returning.wants(sides, self.facts)

    def removes(self, view: View, enough: int) -> int:
        """How much this is about to bring back: as much work as removing it."""
        return len(self.contracts) + len(self.facts)

    def sides(self, view: View) -> dict[ApplicationId, Side]:
        """Every application that it is about, by the id that it had, as it was and as it is."""
        before = self._before(view)
        every = dict.fromkeys((*self.makes, *self.owners))
        return {one: undoing.side(before, view, one, self.seed) for one in every}

    def _before(self, view: View) -> View:
        """What was true just before the deletion."""
        return view.at(self.position - 1)


def restore_deletion(command: RestoreDeletion, view: View, caller: Caller) -> list[Event]:
    """Decide a restoration: a parent, and children that say what is here again. Nothing, where all of it is already.

    Raises Destroyed where a body has left the vault, and Refused where something has since been published
    otherwise, is more than one order can bring back, or nothing can be brought back though it is not here.
    """
    _require_bearable(command)
    sides = command.sides(view)
    plan = undoing.planned(command, sides, view, caller)
    _require_bodies(plan)
    _require_no_other(plan)
    facts = returning.plan_facts(plan, command.facts, sides, view, caller, command.seed)
    undoing.leave_webhooks(plan, command, view)
    if not plan.made and not plan.contracts and not facts:
        _require_all_there(command, plan)
        return []
    parent = DeletionRestored(
        deletion=command.deletion,
        of=command.of,
        applications=len(plan.made),
        contracts=len(plan.contracts),
        facts=len(facts),
        not_restored=plan.not_restored,
        left_out=tuple(_that_fit(plan.left_out)),
    )
    # Versions come before the contracts that would make them, with their own dates.
    return [parent, *_applications(plan, caller), *returning.children(facts), *_contracts(plan.contracts)]


def _needs(side: Side, always: bool, caller: Caller) -> Iterator[Need]:
    """W on an application, where it is a consumer: as it was, and on the one that has its place by now if that lives.

    The right to make one that does not live. That alone would give contracts that were never theirs to whoever takes
    the place of an application that is gone.
    """
    if always and (side.lives is None or side.lives.id != side.was.id):
        as_it_was = msgspec.structs.replace(
            things.of_application(side.was), judged_by=f"the application {side.was.name} as it was before"
        )
        yield Need("contract_data:manage", as_it_was)
    if side.lives is None:
        made = things.about_to_exist("application", side.was.name, caller.principal)
        yield Need("contract_data:manage", made)
    elif always:
        yield Need("contract_data:manage", things.of_application(side.lives))


def _require_bearable(command: RestoreDeletion) -> None:
    if len(command.contracts) > removals.CONTRACTS_MAX or len(command.facts) > FACTS_MAX:
        raise errors.Refused(
            "too_much_at_once",
            f"This deletion removed more than {removals.CONTRACTS_MAX:,} contracts or {FACTS_MAX:,} other facts, which"
            " is more than one order can bring back. Nothing was done.",
        )


def _require_bodies(plan: Plan) -> None:
    if not plan.gone:
        return
    bodies, them = ("The body", "it") if len(plan.gone) == 1 else ("The bodies", "them")
    raise errors.Destroyed(
        f"{bodies} of {_listed(plan.gone)} left the vault, since nothing had held {them} for longer than what is"
        " deleted is kept. Nothing was done."
    )


def _require_no_other(plan: Plan) -> None:
    if plan.otherwise:
        raise errors.Refused(
            "published_otherwise",
            f"Published with other content since then: {_listed(plan.otherwise)}. Nothing was done.",
        )


def _require_all_there(command: RestoreDeletion, plan: Plan) -> None:
    """Whoever is told that all of it is here can rely on it: what is not, and cannot come back, is said instead."""
    if plan.left_out:
        kinds = [
            f"{one.noun.replace('_', ' ')} of {one.application} ({_BECAUSE[one.why]})"
            for one in plan.left_out
        ]
        raise errors.Refused(
            "nothing_restored", f"Nothing more of it can be brought back: {_listed(kinds)}. Nothing was done."
        )
    if not (command.contracts or command.makes or command.facts):
        raise errors.Refused(
            "nothing_restored",
            "This deletion removed nothing that can be brought back: a branch without versions is made again by the"
            " next version on it. Nothing was done.",
        )


def _listed(names: list[str]) -> str:
    """The first few, and how many more there are."""
    more = len(names) - _NAMED_MAX
    return ", ".join(names[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _applications(plan: Plan, caller: Caller) -> Iterator[Event]:
    """The applications that are made again, each as it was, and the teams that they join again."""
    for side in plan.made:
        yield ApplicationCreated(
            application=side.id,
            name=side.was.name,
            creator=caller.principal,
            display_name=side.was.display_name,
            repository_url=side.was.repository_url,
            main_branch=side.was.main_branch,
        )
    names = {side.id: side.was.name for side in plan.made}
    for team, joining in plan.joins.items():
        yield from relations.pieces(
            joining,
            (),
            lambda added, _, team=team: TeamApplicationsChanged(team=team, added=added),  # type: ignore[misc]  # a default binds it
            names.__getitem__,
        )


def _contracts(rows: Iterable[RestoredContract]) -> Iterator[Event]:
    """Split at 32 KiB, as what vanished was."""
    for piece in packing.packed(rows, _bytes_of, removals.PIECE_BYTES_MAX):
        yield ContractsRestored(contracts=piece)


def _bytes_of(row: RestoredContract) -> int:
    return _CONTRACT_BYTES + 2 * len(row.version.encode()) + 2 * len((row.branch or "").encode())


def _that_fit(left_out: Iterable[LeftOut]) -> Iterator[LeftOut]:
    size = 0
    for one in left_out:
        size += 160 + 2 * len(f"{one.name}{one.application}".encode())
        if size > _LEFT_OUT_BYTES:
            return
        yield one
