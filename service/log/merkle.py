"""The Merkle tree over the log (RFC 6962 section 2.1): leaves, the growing edge, tiles and proofs. Pure.

Leaf i is the record at position i + 1. The hash of a perfect subtree never changes once its last leaf is there; a node
is therefore named by (level, index): it covers the leaves from index << level, 1 << level of them. A tile
(C2SP tlog-tiles) holds 256 neighbouring nodes of the levels 0, 8, 16, …, called tile levels 0, 1, 2, ….
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

HASH_BYTES = 32
TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
_TILE_HEIGHT = 8

Node = Callable[[int, int], bytes]
"""A source of hashes: (level, index) of a perfect subtree → its 32 bytes."""
Tile = Callable[[int, int], bytes]
"""A source of tiles: (tile level, index) → its hashes one after another, 8,192 bytes when complete."""


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry's exact text."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The tree's right edge: the roots of the perfect subtrees that the leaves so far make up, largest first.

    It is all that appending needs: 32 bytes for each 1 bit of the size.
    """

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)

    def copy(self) -> "Frontier":
        """The same edge, to be grown by somebody else."""
        return Frontier(self.size, self._roots)

    def append(self, leaf: bytes) -> None:
        """Take in the next leaf's hash."""
        self._roots.append(leaf)
        merges = self.size
        while merges & 1:  # each trailing 1 bit is a subtree that the new one completes
            right = self._roots.pop()
            self._roots[-1] = node_hash(self._roots[-1], right)
            merges >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The hash of the whole tree; SHA-256 of nothing for the empty one."""
        if not self._roots:
            return hashlib.sha256(b"").digest()
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root

    def encode(self) -> bytes:
        """Size (8 bytes, big-endian), then the roots: the form that log_head holds."""
        return self.size.to_bytes(8, "big") + b"".join(self._roots)

    @classmethod
    def decode(cls, encoded: bytes) -> "Frontier":
        """Reads what `encode` wrote. Raises ValueError when length and size do not fit."""
        size, rest = int.from_bytes(encoded[:8], "big"), encoded[8:]
        if len(encoded) < 8 or len(rest) != size.bit_count() * HASH_BYTES:
            raise ValueError("a frontier's length must fit its size")
        return cls(size, [rest[at : at + HASH_BYTES] for at in range(0, len(rest), HASH_BYTES)])


def completed_tiles(size_before: int, size_after: int) -> Iterator[tuple[int, int]]:
    """The (tile level, index) of every tile that growing from one size to the other completes, lowest level first."""
    level, span = 0, TILE_WIDTH
    while span <= size_after:
        for index in range(size_before // span, size_after // span):
            yield level, index
        level, span = level + 1, span * TILE_WIDTH


def tile_root(tile: bytes) -> bytes:
    """The root over a complete tile, or over a part of one that is a perfect subtree: one hash further up."""
    return _fold([tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)])


def node_from_tiles(tile: Tile) -> Node:
    """The node source that reads tiles, complete ones or the partial ones at the right edge."""

    def node(level: int, index: int) -> bytes:
        tile_level, inside = divmod(level, _TILE_HEIGHT)
        first = index << inside
        hashes = tile(tile_level, first // TILE_WIDTH)
        start = first % TILE_WIDTH * HASH_BYTES
        return tile_root(hashes[start : start + (HASH_BYTES << inside)])

    return node


def root(node: Node, size: int) -> bytes:
    """The tree's root at a size, from perfect subtrees alone."""
    return _range(node, 0, size) if size else hashlib.sha256(b"").digest()


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """What proves that leaf `index` is in the tree of `size` leaves (RFC 6962 section 2.1.1). 0 ≤ index < size."""
    if not 0 <= index < size:
        raise ValueError("the leaf must be in the tree")
    start, end, proof = 0, size, list[bytes]()
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            proof.append(_range(node, split, end))
            end = split
        else:
            proof.append(_range(node, start, split))
            start = split
    return proof[::-1]


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """What proves that the tree of `new` leaves begins with that of `old` (RFC 6962 section 2.1.2). 0 < old ≤ new."""
    if not 0 < old <= new:
        raise ValueError("the old tree must be a beginning of the new one")
    start, end, proof = 0, new, list[bytes]()
    while end != old:
        split = start + _split(end - start)
        if old <= split:
            proof.append(_range(node, split, end))
            end = split
        else:
            proof.append(_range(node, start, split))
            start = split
    if start:  # the old tree's last part; when it is the whole old tree the verifier has its root already
        proof.append(_range(node, start, end))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf's hash to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, hashed = index, size - 1, leaf
    for step in proof:
        if not last:
            return False
        if at & 1 or at == last:
            hashed = node_hash(step, hashed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = node_hash(hashed, step)
        at, last = at >> 1, last >> 1
    return not last and hashed == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the new tree to begin with the old one (RFC 9162 section 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_hash = new_hash = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            old_hash, new_hash = node_hash(step, old_hash), node_hash(step, new_hash)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_hash = node_hash(new_hash, step)
        at, last = at >> 1, last >> 1
    return not last and old_hash == old_root and new_hash == new_root


def _range(node: Node, start: int, end: int) -> bytes:
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    split = start + _split(size)
    return node_hash(_range(node, start, split), _range(node, split, end))


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _fold(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]
