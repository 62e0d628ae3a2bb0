"""What a restoration does to the facts in Postgres' spans: each is again what it was, since when it was."""

from projections.spans import keyed
from service.events.deletions import ContractsRestored


def versions_of_contracts(event: ContractsRestored) -> tuple[str, ...]:
    """The versions of the contracts that are here again: none of them is without its version."""
    return tuple(dict.fromkeys(keyed(one.consumer, one.version) for one in event.contracts))
