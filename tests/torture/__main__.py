"""Torture: what production does to a service, done on purpose, and whether what was promised still holds.

    scripts/torture [FAULT …] [--seed N] [--rounds N]

Without a name every fault is tried. The seed repeats a run's choices, though not the scheduler's. Evidence of a broken
promise is kept, and its directory named. Exit 0: every promise held; 1: one was broken.
"""

import argparse
import asyncio
import secrets
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

from tests.torture import (
    any_sequence,
    away,
    clock,
    denied,
    disk_full,
    forked,
    killed,
    newer,
    repeated,
    replicas,
    snapshotted,
    undelivered,
    wire,
)
from tests.torture.ground import Ground, aloud

Fault = Callable[[Ground], Awaitable[None]]
FAULTS: Final[dict[str, tuple[Fault, int, str]]] = {
    "killed": (
        killed.run,
        killed.ROUNDS,
        "kill -9 of the service, Postgres, a backend, or both, under writers",
    ),
    "repeated": (repeated.run, repeated.ROUNDS, "every order four times under one key, through kills"),
    "wire": (wire.run, wire.ROUNDS, "the network to Postgres: cut after commit, half-open, slow, combined"),
    "replicas": (
        replicas.run,
        replicas.ROUNDS,
        "two replicas that write at once, one of them frozen by SIGSTOP",
    ),
    "away": (away.run, away.ROUNDS, "Postgres away for seconds, under writers and questions"),
    "disk_full": (disk_full.run, disk_full.ROUNDS, "no room left for Postgres, and room again"),
    "clock": (clock.run, clock.ROUNDS, "a machine whose clock is off, by faketime"),
    "forked": (
        forked.run,
        forked.ROUNDS,
        "an older copy of the database in the place of the one served from",
    ),
    "newer": (newer.run, newer.ROUNDS, "a record of a kind that only a newer release knows"),
    "snapshotted": (
        snapshotted.run,
        snapshotted.ROUNDS,
        "snapshots forged, stale, foreign, or killed under way",
    ),
    "undelivered": (
        undelivered.run,
        undelivered.ROUNDS,
        "kill -9 between a commit and the webhooks' deliveries that it owes",
    ),
    "denied": (denied.run, denied.ROUNDS, "a bot that is denied as often as it can ask"),
    "any_sequence": (
        any_sequence.run,
        any_sequence.ROUNDS,
        "any sequence of orders, crashes and lost replies",
    ),
}
"""What can be tried: how, in how many rounds, and what it is."""


def main() -> int:
    """Try what was asked for, one fault after the other, and print what came of it."""
    asked = _parser().parse_args()
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    names = asked.fault or list(FAULTS)
    aloud(f"torture: seed {seed}; repeat with scripts/torture {' '.join(asked.fault)} --seed {seed}")
    outcomes = [_tried(name, seed, asked.rounds) for name in names]
    width = max(map(len, names))
    print(f"{'fault'.ljust(width)}  {'outcome':9}  {'rounds':>6}  {'seconds':>7}  what happened")
    for ground, seconds in outcomes:
        outcome = "VIOLATED" if ground.violations else "held"
        print(
            f"{ground.fault.ljust(width)}  {outcome:9}  {ground.rounds:6}  {seconds:7.1f}  {_counts(ground)}"
        )
    for ground, _ in outcomes:
        for sentence in ground.violations:
            print(f"\n{ground.fault}: {sentence}")
        if ground.violations:
            print(f"{ground.fault}: evidence is in {ground.directory}")
    return int(any(ground.violations for ground, _ in outcomes))


def _tried(name: str, seed: int, rounds: int | None) -> tuple[Ground, float]:
    fault, rounds_default, what = FAULTS[name]
    ground = Ground(name, seed, rounds or rounds_default, aloud)
    ground.tell(f"{what}; {ground.rounds} rounds, in {ground.directory}")
    began = time.monotonic()
    try:
        asyncio.run(fault(ground))  # type: ignore[arg-type]  # every fault is a coroutine function
    except Exception:  # noqa: BLE001  # one fault that fails leaves the others to be tried
        ground.violated([f"It ended by an exception:\n{traceback.format_exc()}"])
    ground.close()
    return ground, time.monotonic() - began


def _counts(ground: Ground) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(ground.counts.items()))


def _known(name: str) -> str:
    if name not in FAULTS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(FAULTS)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/torture",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="faults:\n" + "\n".join(f"  {name:12} {what}" for name, (_, _, what) in FAULTS.items()),
    )
    parser.add_argument(
        "fault", nargs="*", choices=[[], *FAULTS], metavar="FAULT", help="a name from the list below"
    )
    parser.add_argument(
        "--seed", type=int, help="a number that repeats a run's choices; drawn and printed without"
    )
    parser.add_argument("--rounds", type=int, help="how often each fault strikes, in place of its own number")
    return parser


if __name__ == "__main__":
    sys.exit(main())
