"""What a bulk deletion removes, as child records that each list as much of one kind as fits."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from projections.applications import Application
from projections.contracts import Contract
from projections.results import VerificationResult
from service.events import Event
from service.events.applications import ApplicationsRemoved
from service.events.contracts import ContractsRemoved, RemovedContract
from service.events.results import RemovedResult, VerificationResultsRemoved

PIECE_BYTES_MAX = 32_768
_CONTRACT_BYTES = 230  # three ids, a digest and the framing; the version's own text is added
_RESULT_BYTES = 240  # the same, and a number
_APPLICATION_BYTES = 180
_STRETCH = 1_024
"""Contracts that are sorted at a stroke, or about so many."""
CONTRACTS_MAX = 150_000
"""Contracts that one order may remove, or publish again: what one takes another can bring back."""


class _Created(Protocol):
    @property
    def created_at(self) -> datetime: ...


C = TypeVar("C", bound=_Created)


def contracts_removed(contracts: Iterable[Contract]) -> list[Event]:
    """The contracts, oldest first so that a decision repeats exactly, split at 32 KiB."""
    decided: list[Event] = []
    piece: list[RemovedContract] = []
    size = 0
    for contract in oldest_first(contracts):
        cost = _CONTRACT_BYTES + 2 * len(contract.version.encode())
        if piece and size + cost > PIECE_BYTES_MAX:
            decided.append(ContractsRemoved(contracts=tuple(piece)))
            piece, size = [], 0
        piece.append(
            RemovedContract(
                contract=contract.id,
                consumer=contract.consumer,
                provider=contract.provider,
                version=contract.version,
                digest=contract.digest,
            )
        )
        size += cost
    if piece:
        decided.append(ContractsRemoved(contracts=tuple(piece)))
    return decided


def results_removed(results: Iterable[VerificationResult]) -> list[Event]:
    """The verification results, oldest first, split at 32 KiB."""
    decided: list[Event] = []
    piece: list[RemovedResult] = []
    size = 0
    for result in oldest_first(results):
        cost = _RESULT_BYTES + 2 * len(result.version.encode())
        if piece and size + cost > PIECE_BYTES_MAX:
            decided.append(VerificationResultsRemoved(results=tuple(piece)))
            piece, size = [], 0
        piece.append(
            RemovedResult(
                result=result.id,
                consumer=result.consumer,
                provider=result.provider,
                digest=result.digest,
                version=result.version,
                number=result.number,
            )
        )
        size += cost
    if piece:
        decided.append(VerificationResultsRemoved(results=tuple(piece)))
    return decided


def oldest_first(created: Iterable[C]) -> Iterator[C]:
    """Contracts, or their results, in the order of their creation, no two of which were at the same instant.

    Sorted stretch by stretch: nobody else has a turn while the interpreter sorts, and a hundred thousand at a stroke
    would take tens of milliseconds.
    """
    found = list(created)
    bounds = sorted(_created(one) for one in found[_STRETCH::_STRETCH])
    stretches: list[list[C]] = [[] for _ in range(len(bounds) + 1)]
    for one in found:
        stretches[bisect_right(bounds, _created(one))].append(one)
    for stretch in stretches:
        stretch.sort(key=_created)
        yield from stretch


def applications_removed(applications: Iterable[Application]) -> list[Event]:
    """Applications that nothing refers to any longer, by name, split at 32 KiB."""
    decided: list[Event] = []
    piece: list[Application] = []
    size = 0
    for application in sorted(applications, key=lambda one: one.name):
        cost = _APPLICATION_BYTES + 4 * len(application.name.encode())
        if piece and size + cost > PIECE_BYTES_MAX:
            decided.append(_applications(piece))
            piece, size = [], 0
        piece.append(application)
        size += cost
    if piece:
        decided.append(_applications(piece))
    return decided


def _created(one: _Created) -> float:
    return one.created_at.timestamp()


def _applications(piece: list[Application]) -> ApplicationsRemoved:
    return ApplicationsRemoved(
        applications=tuple(one.id for one in piece), names=tuple(one.name for one in piece)
    )
