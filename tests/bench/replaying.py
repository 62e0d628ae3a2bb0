"""A million records folded anew against raw asyncpg paging of the same rows, and a start from a snapshot of them."""

from tests.bench import worlds
from tests.bench.ground import Ground
from tests.bench.measure import Figure, ratio
from tests.bench.population import Shape

RECORDS = 1_000_000


def million(ground: Ground, part: float = 1.0) -> Shape:
    """A tenth as many users as records, a hundredth as many applications; `part` of a million records in all."""
    records = ground.size(round(RECORDS * part), 600)
    return Shape(
        users=records // 10, teams=max(10, records // 1_000), applications=records // 100, total=records
    )


async def figures(ground: Ground) -> list[Figure]:
    """Raw paging and replay in turns, in a fresh process."""
    stored = await ground.world(million(ground))
    program = ground.fresh("afresh", worlds.environment_of(stored.database, ground.directory / "replaying"))
    raw: list[float] = []
    ours: list[float] = []
    for _ in range(min(ground.rounds, 3)):
        for word, rates in (("page", raw), ("replay", ours)):
            found = await program.ask({"do": word})
            if found["records"] != stored.head.position:
                raise RuntimeError(f"{found} is not the whole log of {stored.head.position}")
            rates.append(found["records"] / found["seconds"])
    ground.end(program.program)
    return [ratio(f"replay of {stored.head.position:,} records", raw, ours, "records/s", at_least=0.4)]
