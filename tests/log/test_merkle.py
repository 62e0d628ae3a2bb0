import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.log import merkle

CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def hashed(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + hashed(leaves[:split]) + hashed(leaves[split:])).digest()


def grown(leaves: list[bytes]) -> merkle.Frontier:
    """The frontier after these leaves."""
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier


def leaves_of(size: int) -> list[bytes]:
    """So many different leaves."""
    return [merkle.leaf_hash(str(number).encode()) for number in range(size)]


def nodes(leaves: list[bytes]) -> merkle.Node:
    """The node source straight from the leaves."""
    return lambda level, index: hashed(leaves[index << level : (index + 1) << level])


def tiles(leaves: list[bytes]) -> merkle.Tile:
    """Every tile of these leaves, partial ones included, as tlog-tiles defines them."""

    def tile(level: int, index: int) -> bytes:
        span = 256**level
        first = index * 256
        last = min(first + 256, len(leaves) // span)
        return b"".join(hashed(leaves[at * span : (at + 1) * span]) for at in range(first, last))

    return tile


def test_known_answers() -> None:
    """Our hashes are those of every other RFC 6962 log: the empty tree, the empty leaf, and the CT project's tree."""
    assert (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == merkle.Frontier().root().hex()
    )
    empty_leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert empty_leaf == merkle.leaf_hash(b"").hex()
    assert empty_leaf == grown([merkle.leaf_hash(b"")]).root().hex()
    assert CT_ROOT == grown([merkle.leaf_hash(leaf) for leaf in CT_LEAVES]).root().hex()


@given(st.integers(0, 300))
def test_the_frontier_is_the_tree(size: int) -> None:
    """The root from the right edge is the root by definition, and survives being stored."""
    leaves = leaves_of(size)
    frontier = grown(leaves)
    assert hashed(leaves) == frontier.root()
    assert 8 + 32 * size.bit_count() == len(frontier.encode())
    assert frontier.encode() == merkle.Frontier.decode(frontier.encode()).encode()
    assert hashed(leaves) == merkle.root(nodes(leaves), size)


def test_a_frontier_of_another_length_is_refused() -> None:
    """A damaged frontier is noticed when it is read, not when its root is wrong."""
    for encoded in (
        b"",
        b"\x00" * 7,
        grown(leaves_of(3)).encode()[:-1],
        grown(leaves_of(3)).encode() + b"\x00" * 32,
    ):
        with pytest.raises(ValueError, match="fit"):
            merkle.Frontier.decode(encoded)


@given(st.data())
def test_every_leaf_has_its_proof_and_no_other(data: st.DataObject) -> None:
    """An inclusion proof convinces for its leaf and place, and for no other leaf, place or size."""
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root = hashed(leaves)
    proof = merkle.inclusion_proof(nodes(leaves), index, size)
    assert merkle.verify_inclusion(leaves[index], index, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaves[index], index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(leaves[index], size, size, proof, root)
    if size > 1:
        assert not merkle.verify_inclusion(leaves[index], (index + 1) % size, size, proof, root)
        assert not merkle.verify_inclusion(leaves[index], index, size, proof[1:], root)


@given(st.data())
def test_a_tree_proves_what_it_grew_from(data: st.DataObject) -> None:
    """A consistency proof convinces for the true beginning and for no other."""
    new = data.draw(st.integers(1, 70))
    old = data.draw(st.integers(1, new))
    leaves = leaves_of(new)
    proof = merkle.consistency_proof(nodes(leaves), old, new)
    old_root, new_root = hashed(leaves[:old]), hashed(leaves)
    assert merkle.verify_consistency(old, new, old_root, new_root, proof)
    changed = hashed([*leaves[: old - 1], merkle.leaf_hash(b"other")])
    assert not merkle.verify_consistency(old, new, changed, new_root, proof)
    assert not merkle.verify_consistency(old, new, old_root, changed, proof)
    assert not merkle.verify_consistency(old, new, old_root, new_root, [*proof, old_root])


def test_proofs_outside_the_tree_are_refused() -> None:
    """A proof of nothing is a caller's mistake, not an empty proof."""
    with pytest.raises(ValueError, match="in the tree"):
        merkle.inclusion_proof(nodes([]), 0, 0)
    with pytest.raises(ValueError, match="beginning"):
        merkle.consistency_proof(nodes([]), 2, 1)
    assert not merkle.verify_consistency(0, 1, b"", b"", [])


def test_tiles_are_completed_at_every_level() -> None:
    """A tile is complete with its last leaf; one append may complete tiles of two levels, the lower one first."""
    assert [] == list(merkle.completed_tiles(0, 255))
    assert [(0, 0)] == list(merkle.completed_tiles(255, 256))
    assert [(0, 1), (0, 2)] == list(merkle.completed_tiles(256, 1_000))
    assert [(0, 255), (1, 0)] == list(merkle.completed_tiles(65_535, 65_536))


@given(st.integers(257, 1_100), st.data())
def test_tiles_suffice_for_proofs(size: int, data: st.DataObject) -> None:
    """Whoever has only the tiles finds the same root and proofs as whoever has all leaves."""
    leaves = leaves_of(size)
    node = merkle.node_from_tiles(tiles(leaves))
    index = data.draw(st.integers(0, size - 1))
    assert grown(leaves).root() == merkle.root(node, size)
    assert merkle.verify_inclusion(
        leaves[index], index, size, merkle.inclusion_proof(node, index, size), hashed(leaves)
    )
    assert hashed(leaves[:256]) == merkle.tile_root(tiles(leaves)(0, 0))
