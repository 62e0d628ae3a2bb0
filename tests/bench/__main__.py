"""`scripts/bench`: takes the figures, prints them as a table, and with --write keeps them in docs/benchmarks.md."""

import asyncio
import signal
import sys
import time
import traceback
from collections.abc import Callable, Coroutine

import click

from tests.bench import (
    appends,
    authzen,
    deciding,
    ground,
    listing,
    machine,
    measure,
    memory,
    over_http,
    page,
    publishing,
    replaying,
    stalls,
    starting,
)
from tests.bench.ground import Ground
from tests.bench.measure import Figure

FIGURES: dict[str, Callable[[Ground], Coroutine[None, None, list[Figure]]]] = {
    "appends": appends.figures,
    "http": over_http.figures,
    "authzen": authzen.figures,
    "publishing": publishing.figures,
    "replay": replaying.figures,
    "start": starting.figures,
    "decisions": deciding.figures,
    "memory": memory.figures,
    "stalls": stalls.figures,
    "lists": listing.figures,
}


@click.command()
@click.argument("figures", nargs=-1, type=click.Choice(list(FIGURES)), metavar="[FIGURE]...")
@click.option(
    "--scale", default=1.0, show_default=True, help="How large the worlds are and how long a turn is."
)
@click.option("--rounds", default=5, show_default=True, help="How often raw and ours take turns.")
@click.option(
    "--write", is_flag=True, help="Keep the figures, and write docs/benchmarks.md from all that are kept."
)
@click.option(
    "--page-only", is_flag=True, help="Write docs/benchmarks.md from what is kept, and take nothing."
)
def main(figures: tuple[str, ...], scale: float, rounds: int, write: bool, page_only: bool) -> None:
    """Take figures: appends, http, authzen, publishing, replay, start, decisions, memory, stalls, lists; or all.

    Each is a ratio to the raw thing beside it, taken in turns in one run: the median of the rounds' ratios, and
    their spread. The databases are made on an embedded Postgres, or on the server of DATABASE_URL, where nothing
    else is touched; they and every program that was started are gone afterwards.
    """
    if write and scale != 1:
        raise click.UsageError("Only figures of full size are kept: leave --scale out, or --write.")
    if page_only:
        page.write()
        return
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that all is ended and removed
    taken: list[Figure] = []
    failed: list[str] = []
    with ground.opened(scale, rounds) as opened:
        here = machine.described(opened)
        for name in figures or FIGURES:
            measure.tell(f"Taking {name} …")
            began = time.perf_counter()
            try:
                found = asyncio.run(FIGURES[name](opened))
            except Exception:  # noqa: BLE001  # the other figures are taken all the same; this one's failure is told
                traceback.print_exc()
                failed.append(name)
                continue
            seconds = time.perf_counter() - began
            measure.tell(f"Took {name} in {seconds:.0f} s.")
            taken += found
            if write:
                page.keep(name, page.Taken(figures=found, seconds=round(seconds), machine=here))
                page.write()
    click.echo(page.table(taken))
    if failed:
        raise click.ClickException(f"Not taken: {', '.join(failed)}.")


if __name__ == "__main__":
    main(prog_name="scripts/bench")
