"""The deployments and releases that a deletion takes with it, as child records that each list as many as fit."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from projections.deployments import Deployment, Release
from service.commands import packing, removals
from service.events import Event
from service.events.deployments import (
    DeploymentsRemoved,
    ReleasesRemoved,
    RemovedDeployment,
    RemovedRelease,
)

_BYTES = 140
"""Of one row: three ids and the framing. The version's own text is added."""


class _Versioned(Protocol):
    @property
    def version(self) -> str: ...


R = TypeVar("R", bound=_Versioned)


def deployments_removed(deployments: Iterable[Deployment]) -> list[Event]:
    """The deployments, oldest first so that a decision repeats exactly, split at 32 KiB."""
    gone = (
        RemovedDeployment(
            deployment=one.id, application=one.application, version=one.version, environment=one.environment
        )
        for one in removals.oldest_first(deployments)
    )
    return _children(gone, lambda piece: DeploymentsRemoved(deployments=piece))


def releases_removed(releases: Iterable[Release]) -> list[Event]:
    """The releases, oldest first so that a decision repeats exactly, split at 32 KiB."""
    gone = (
        RemovedRelease(
            release=one.id, application=one.application, version=one.version, environment=one.environment
        )
        for one in removals.oldest_first(releases)
    )
    return _children(gone, lambda piece: ReleasesRemoved(releases=piece))


def _children(rows: Iterable[R], child: Callable[[tuple[R, ...]], Event]) -> list[Event]:
    pieces = packing.packed(
        rows, lambda row: _BYTES + 2 * len(row.version.encode()), removals.PIECE_BYTES_MAX
    )
    return [child(piece) for piece in pieces]
