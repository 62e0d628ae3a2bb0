"""The names in a query: one that means nothing here is refused where ignoring it would answer another question.

A filter or a moment that was misspelt and then ignored gives an answer that looks like the one that was asked for.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from service import errors

MOMENT: Final = ("as_of", "at_least")
"""Which moment a question is about (`service.queries.moments`)."""
_MEANT: Final = 0.75
"""From which likeness on, of 1, a name that we do not know is one of `MOMENT` written otherwise."""
_SHOWN_MAX: Final = 100


def require_known(names: Iterable[str], known: Sequence[str]) -> None:
    """Raise Invalid for a name that is none of the known ones; it says which of them is nearest."""
    for name in names:
        if name not in known:
            near = _nearest(name, known, 0.6)
            meant = f"did you mean `{near}`?" if near else f"known: {', '.join(known)}."
            raise errors.Invalid(
                f"There is no parameter `{name[:_SHOWN_MAX]}` here; {meant}", name[:_SHOWN_MAX]
            )


def require_moment_well_spelt(names: Iterable[str]) -> None:
    """Raise Invalid for `asof`, `as-of`, `atLeast` and the like: today would answer for the day that was meant.

    Other names pass, since clients of a Pact Broker send parameters of its own.
    """
    for name in names:
        near = _nearest(name, MOMENT, _MEANT)
        if near is not None and name not in MOMENT:
            raise errors.Invalid(
                f"There is no parameter `{name[:_SHOWN_MAX]}`; did you mean `{near}`?", name[:_SHOWN_MAX]
            )


def _nearest(name: str, known: Sequence[str], likeness: float) -> str | None:
    spelt = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name[:_SHOWN_MAX].casefold(), spelt, 1, likeness)
    return spelt[near[0]] if near else None
