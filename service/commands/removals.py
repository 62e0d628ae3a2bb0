"""What a bulk deletion removes, as child records that each list as much of one kind as fits."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from projections.applications import Application
from projections.contracts import Contract
from projections.results import VerificationResult
from service.commands import packing
from service.events import Event
from service.events.applications import ApplicationsRemoved
from service.events.contracts import ContractsRemoved, RemovedContract
from service.events.results import RemovedResult, VerificationResultsRemoved

PIECE_BYTES_MAX = 32_768
_CONTRACT_BYTES = 230  # three ids, a digest and the framing; the version's own text is added
_RESULT_BYTES = 240  # the same, and a number
_APPLICATION_BYTES = 180
CONTRACTS_MAX = 150_000
"""Contracts that one order may remove, or publish again: what one takes another can bring back."""


class _Created(Protocol):
    @property
    def created_at(self) -> datetime: ...


C = TypeVar("C", bound=_Created)


def contracts_removed(contracts: Iterable[Contract]) -> list[Event]:
    """The contracts, oldest first so that a decision repeats exactly, split at 32 KiB."""
    gone = (
        RemovedContract(
            contract=one.id,
            consumer=one.consumer,
            provider=one.provider,
            version=one.version,
            digest=one.digest,
        )
        for one in oldest_first(contracts)
    )
    pieces = packing.packed(
        gone, lambda row: _CONTRACT_BYTES + 2 * len(row.version.encode()), PIECE_BYTES_MAX
    )
    return [ContractsRemoved(contracts=piece) for piece in pieces]


def results_removed(results: Iterable[VerificationResult]) -> list[Event]:
    """The verification results, oldest first, split at 32 KiB."""
    gone = (
        RemovedResult(
            result=one.id,
            consumer=one.consumer,
            provider=one.provider,
            digest=one.digest,
            version=one.version,
            number=one.number,
        )
        for one in oldest_first(results)
    )
    pieces = packing.packed(gone, lambda row: _RESULT_BYTES + 2 * len(row.version.encode()), PIECE_BYTES_MAX)
    return [VerificationResultsRemoved(results=piece) for piece in pieces]


def oldest_first(created: Iterable[C]) -> Iterator[C]:
    """Contracts, or their results, in the order of their creation, no two of which were at the same instant."""
    return packing.in_order(created, _created)


def applications_removed(applications: Iterable[Application]) -> list[Event]:
    """Applications that nothing refers to any longer, by name, split at 32 KiB."""
    named = sorted(applications, key=lambda one: one.name)
    pieces = packing.packed(
        named, lambda one: _APPLICATION_BYTES + 4 * len(one.name.encode()), PIECE_BYTES_MAX
    )
    return [
        ApplicationsRemoved(
            applications=tuple(one.id for one in piece), names=tuple(one.name for one in piece)
        )
        for piece in pieces
    ]


def _created(one: _Created) -> float:
    return one.created_at.timestamp()
