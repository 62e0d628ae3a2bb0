"""What one append writes, and its form on the way: an array a column, in pieces where one would be too large."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from service.log import recorded
from service.log.reader import IdempotencyRow
from service.log.recorded import Recorded
from service.vocabulary import KeyId, VaultRef

STATEMENT_BYTES_MAX = 6 * 1024 * 1024
"""What a common batch never reaches. Beyond it, encoding one statement would hold the event loop up."""
_PIECE_BYTES = 512 * 1024
_MICROSECOND = timedelta(microseconds=1)


class Batch(msgspec.Struct, kw_only=True):
    """What one append writes. Every entry's bytes are `recorded.encode` of the record beside them."""

    entries: list[tuple[Recorded, bytes]] = []
    vault_put: list[tuple[VaultRef, bytes]] = []
    vault_delete: list[VaultRef] = []
    person_keys: list[tuple[KeyId, bytes]] = []
    idempotency: list[IdempotencyRow] = []


def pieces(batch: Batch) -> list[slice]:
    """The records of each statement: all of them, or where they are too many as many as are quickly encoded."""
    sizes = [len(entry) for _, entry in batch.entries]
    if sum(sizes) <= STATEMENT_BYTES_MAX:
        return [slice(None)]
    found, start, octets = [], 0, 0
    for number, size in enumerate(sizes):
        if octets and octets + size > _PIECE_BYTES:
            found.append(slice(start, number))
            start, octets = number, 0
        octets += size
    return [*found, slice(start, None)]


def record_arguments(batch: Batch, leaves: Sequence[bytes], piece: slice) -> tuple[list[object], ...]:
    """A piece of the records as one array a column.

    Times go as microseconds after the first one: numbers are encoded in a quarter of the time that instants take.
    """
    entries = batch.entries[piece]
    records = [record for record, _ in entries]
    first = batch.entries[0][0].recorded_at
    return (
        [record.position for record in records],
        [record.id for record in records],
        [recorded.kind_of(record.data) for record in records],
        [(record.recorded_at - first) // _MICROSECOND for record in records],
        [record.actor.principal for record in records],
        list(leaves[piece]),
        [entry.decode() for _, entry in entries],
    )


def beside_arguments(batch: Batch) -> tuple[list[object], ...]:
    """What stands beside the records: vault rows, keys and answers."""
    gone = set(batch.vault_delete)
    answers = [
        (row.principal, row.key, row.fingerprint, row.status, row.first_position, row.last_position)
        for row in batch.idempotency
    ]
    return (
        # A value that the same batch supersedes never becomes a row: one statement cannot delete what it inserts.
        *columns([(ref, ciphertext) for ref, ciphertext in batch.vault_put if ref not in gone], 2),
        list(batch.vault_delete),
        *columns(batch.person_keys, 2),
        *columns(answers, 6),
    )


def columns(rows: Sequence[tuple[object, ...]], width: int) -> tuple[list[object], ...]:
    """Rows as one array a column, the form that unnest takes apart again."""
    return tuple([row[column] for row in rows] for column in range(width))
