"""What may be asked once something was deleted: that what one deletion removed be published again.

History says what that was: the deletion's own records, and the view just before them. The order carries what the
records name, which never changes, so that deciding it is pure.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.commands import relations, removals, undoing
from service.commands.order import Caller, Need
from service.commands.undoing import Plan, Side
from service.events import Event
from service.events.applications import ApplicationCreated
from service.events.contracts import RemovedContract
from service.events.deletions import ContractsRestored, DeletionRestored, LeftOut, RestoredContract
from service.events.teams import TeamApplicationsChanged
from service.vocabulary import ApplicationId, EventId

_CONTRACT_BYTES = 340  # three ids, a digest, a ref, a time and the framing; version and branch are added
_LEFT_OUT_BYTES = 16_384
_NAMED_MAX = 5


class RestoreDeletion(msgspec.Struct, frozen=True, kw_only=True):
    """Publish again what one deletion removed, as far as it is not here again already.

    Whoever may publish for every consumer may: W on each (section 3.4 of the vendor's rules), and the right to make an
    application for each that has to be made again. Those are other applications, with new ids drawn from `seed`.
    """

    word: ClassVar[str] = "restore_deletion"
    deletion: EventId
    position: int
    of: str
    contracts: tuple[RemovedContract, ...]
    applications: tuple[ApplicationId, ...]
    seed: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        sides = self.sides(view)
        needed = {one.consumer: True for one in self.contracts}
        needed |= {
            one: False
            for one in (*(row.provider for row in self.contracts), *self.applications)
            if one not in needed
        }
        return tuple(
            need for one, always in needed.items() if (need := _need(sides[one], always, caller)) is not None
        )

    def arguments(self) -> dict[str, str]:
        return {"deletion": self.deletion}

    def removes(self, view: View, enough: int) -> int:
        """How many contracts this is about to bring back: as much work as removing them."""
        return len(self.contracts)

    def sides(self, view: View) -> dict[ApplicationId, Side]:
        """Every application that it is about, by the id that it had, as it was and as it is."""
        named = (
            *self.applications,
            *(side for one in self.contracts for side in (one.consumer, one.provider)),
        )
        before = view.at(self.position - 1)
        return {one: undoing.side(before, view, one, self.seed) for one in dict.fromkeys(named)}


def restore_deletion(command: RestoreDeletion, view: View, caller: Caller) -> list[Event]:
    """Decide a restoration: a parent, and children that say what is here again. Nothing, where all of it is already.

    Raises Destroyed where a body has left the vault, and Refused where something has since been published
    otherwise, or is more than one order can bring back.
    """
    _require_bearable(command)
    plan = undoing.planned(command, view, caller)
    _require_bodies(plan)
    _require_no_other(plan)
    if not plan.made and not plan.contracts:
        return []
    parent = DeletionRestored(
        deletion=command.deletion,
        of=command.of,
        applications=len(plan.made),
        contracts=len(plan.contracts),
        not_restored=len(plan.left_out),
        left_out=tuple(_that_fit(plan.left_out)),
    )
    return [parent, *_applications(plan, caller), *_contracts(plan.contracts)]


def _need(side: Side, always: bool, caller: Caller) -> Need | None:
    """W on an application that lives, where it is a consumer; the right to make one that does not."""
    if side.lives is None:
        made = things.about_to_exist("application", side.was.name, caller.principal)
        return Need("contract_data:manage", made)
    return Need("contract_data:manage", things.of_application(side.lives)) if always else None


def _require_bearable(command: RestoreDeletion) -> None:
    if len(command.contracts) > removals.CONTRACTS_MAX:
        raise errors.Refused(
            "too_many_contracts",
            f"This deletion removed more than {removals.CONTRACTS_MAX:,} contracts, which is more than one order can"
            " bring back. Nothing was done.",
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
    piece: list[RestoredContract] = []
    size = 0
    for row in rows:
        cost = _CONTRACT_BYTES + 2 * len(row.version.encode()) + 2 * len((row.branch or "").encode())
        if piece and size + cost > removals.PIECE_BYTES_MAX:
            yield ContractsRestored(contracts=tuple(piece))
            piece, size = [], 0
        piece.append(row)
        size += cost
    if piece:
        yield ContractsRestored(contracts=tuple(piece))


def _that_fit(left_out: Iterable[LeftOut]) -> Iterator[LeftOut]:
    size = 0
    for one in left_out:
        size += 160 + 2 * len(f"{one.name}{one.application}".encode())
        if size > _LEFT_OUT_BYTES:
            return
        yield one
