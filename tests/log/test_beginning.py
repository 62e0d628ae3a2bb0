"""The root at an earlier size, proven by stored tiles and leaves that nobody needs to trust."""

import pytest

from service import errors
from service.log import beginning, merkle, reader
from service.log.merkle import Frontier
from tests.log import records
from tests.log.conftest import Log

SIZE = 700
"""Two whole tiles of the lowest level and a part of a third."""


async def trees(log: Log) -> dict[int, Frontier]:
    """The tree at every size of a log of SIZE records."""
    head = await reader.head(log.service)
    head = await records.appended(log.service, head, [records.opened(head)])
    await records.appended(log.service, head, [records.renamed()] * (SIZE - 1))
    tree, found = Frontier(), dict[int, Frontier]()
    for row in await log.service.fetch("select leaf from log order by position"):
        tree.append(row["leaf"])
        found[tree.size] = tree.copy()
    return found


async def test_every_beginning_is_proven(log: Log) -> None:
    """Wherever it lies: within a tile, at its edge, across several, and at the tree's own size."""
    found = await trees(log)
    for size in (1, 2, 3, 127, 255, 256, 257, 300, 511, 512, 513, 600, SIZE - 1, SIZE):
        for whole in {max(size, 513), SIZE}:
            assert found[size].root() == await beginning.root(log.service, size, found[whole])
    assert merkle.root(lambda _level, _index: b"", 0) == await beginning.root(log.service, 0, found[SIZE])


@pytest.mark.parametrize(
    ("change", "sizes"),
    [
        ("update tile set hashes = sha256('x') || substr(hashes, 33) where index = 0", (1, 100, 255)),
        ("update tile set hashes = sha256('x') || substr(hashes, 33) where index = 1", (300, 511)),
        ("delete from tile where index = 0", (100, 256, 600)),
        ("update log set leaf = sha256('x') where position = 520", (513, 600)),
        ("delete from log where position = 600", (560, 699)),
    ],
)
async def test_what_the_database_says_is_not_believed(log: Log, change: str, sizes: tuple[int, ...]) -> None:
    """Whoever changes a tile or a leaf that the proof needs cannot make it prove something else."""
    found = await trees(log)
    await log.owner.execute("set session_replication_role = replica")
    await log.owner.execute(change)
    for size in sizes:
        with pytest.raises(errors.Broken, match=f"do not prove what the log was at position {size}"):
            await beginning.root(log.service, size, found[SIZE])
