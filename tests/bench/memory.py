"""What a large account costs in memory, and what a decision costs in it to one in a tenth of it."""

import time

from tests.bench import worlds
from tests.bench.ground import Fresh, Ground
from tests.bench.measure import Figure, ratio, spelt
from tests.bench.replaying import million

_QUESTIONS = 100_000
FORMS = {
    "single": ("access.may", 1.3),
    "many": ("an Asker that was asked the same before", 1.3),
    "loop": ("a loop by hand, for comparison", None),
}


async def figures(ground: Ground) -> list[Figure]:
    """Two fresh processes, the large world and its tenth, that decide in turns."""
    large, large_opening = await _opened(ground, 1.0)
    tenth, tenth_opening = await _opened(ground, 0.1)
    costs: dict[str, list[float]] = {form + part: [] for form in FORMS for part in ("", " tenth")}
    for seed in range(ground.rounds):
        question = {"do": "decide", "questions": ground.size(_QUESTIONS, 500), "seed": seed}
        for program, part in ((tenth, " tenth"), (large, "")):
            found = await program.ask(question)
            if found["single_yes"] != found["many_yes"]:
                raise RuntimeError(f"The forms of asking disagree: {found}")
            for form in FORMS:
                costs[form + part].append(1e6 / found[form])
    for program in (large, tenth):
        await program.ask({"do": "close"})
        ground.end(program.program)
    resident = large_opening["resident_mb"]
    return [
        Figure(
            what=f"resident after folding {large_opening['position']:,} records",
            rounds=(resident,),
            unit="MB",
            raw=f"{spelt(tenth_opening['resident_mb'])} MB for a tenth",
            ours=f"{spelt(resident)} MB, at most {spelt(large_opening['peak_mb'])} MB on the way",
            at_most=700,
        ),
        *(
            ratio(
                f"a decision's cost to that in a tenth: {words}",
                costs[f"{form} tenth"],
                costs[form],
                "µs",
                None,
                at_most,
            )
            for form, (words, at_most) in FORMS.items()
        ),
    ]


async def _opened(ground: Ground, part: float) -> tuple[Fresh, dict[str, float]]:
    stored = await ground.world(million(ground, part))
    began = time.monotonic()
    program = ground.fresh(
        "afresh", worlds.environment_of(stored.database, ground.directory / f"memory-{part}")
    )
    opening = await program.ask({"do": "open", "began": began})
    if opening["position"] != stored.head.position:
        raise RuntimeError(f"{opening} is not the whole log of {stored.head.position}")
    return program, opening
