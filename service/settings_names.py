"""Doubts about the names of environment variables: a misspelt one would otherwise be ignored in silence."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

OURS: Final = "MUNIMENT_"


BESIDE: Final = ("MUNIMENT_TOKEN",)
"""No settings, but read by commands that ask a service: whoever sets them means them."""
FOREIGN: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""OpenSSL's own, which many machines set, and a slip away from names of ours."""


def doubts(
    environ: Mapping[str, str], variables: tuple[str, ...], paths: tuple[str, ...] = ()
) -> Iterable[str]:
    """A sentence for each name that is ours and unknown, or one or two slips of the finger away from a known one.

    The `paths` among the variables have no second form with _FILE; without it their names are ours all the same.
    """
    texts = [variable for variable in (*variables, *BESIDE) if variable not in paths]
    known = {name for variable in texts for name in (variable, f"{variable}_FILE")} | set(paths)
    for path in paths:
        short = path.removesuffix("_FILE")
        if short in environ:
            yield f"{short} is no setting and is ignored; did you mean {path}?"
    for name in sorted(environ.keys() - known - {*FOREIGN}):
        nearest = _nearest(name.upper(), known)
        if nearest:
            yield f"{name} is no setting and is ignored; did you mean {nearest}?"
        elif name.upper().startswith(OURS):
            likely = difflib.get_close_matches(name.upper(), sorted(known), n=1, cutoff=0.5)
            yield f"{name} is no setting and is ignored" + (
                f"; the nearest one is {likely[0]}." if likely else "."
            )


def _nearest(name: str, known: set[str]) -> str | None:
    """The known name within two slips, one for short names: HOME is no misspelt HOST."""
    near = [
        (slips, candidate)
        for candidate in known
        if (slips := _slips(name, candidate)) <= (2 if len(candidate) > 8 else 1)
    ]
    return min(near)[1] if near else None


def _slips(left: str, right: str) -> int:
    """The least number of letters left out, added, exchanged or swapped with a neighbour; 3 stands for any above 2."""
    if abs(len(left) - len(right)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        above, row = row, [i]
        for j, b in enumerate(right, start=1):
            least = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before = above
    return min(row[-1], 3)
