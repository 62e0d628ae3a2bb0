"""The names in a query: one that means nothing here is refused where ignoring it would answer another question.

A filter or a moment that was misspelt and then ignored gives an answer that looks like the one that was asked for.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from service import errors

DRY_RUN: Final = "dry_run"
"""Whether an order is to be tried only (`service.http.rehearsals`)."""
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


def asked_to_rehearse(names: Iterable[str], given: Sequence[str], *, offered: bool) -> bool:
    """Whether `dry_run=true` stands in the query, whose names these are and the values `given` for this one.

    `dry_run=false` is as good as absent where dry runs are offered.

    Raises Invalid for any other value, for one that is there twice, for `dryRun`, `dry-run` and the like, and wherever
    it is not offered: what was meant to be tried must never be done.
    """
    for name in names:
        if name not in MOMENT and name != DRY_RUN and _nearest(name, (DRY_RUN,), _MEANT) is not None:
            raise errors.Invalid(
                f"There is no parameter `{name[:_SHOWN_MAX]}`; did you mean `{DRY_RUN}`?", name[:_SHOWN_MAX]
            )
    if not given:
        return False
    if not offered:
        raise errors.Invalid("A dry run is not available here.", DRY_RUN)
    if len(given) > 1:
        raise errors.Invalid("This parameter is given more than once.", DRY_RUN)
    if given[0] not in ("true", "false"):
        raise errors.Invalid("It must be true or false.", DRY_RUN)
    return given[0] == "true"


def _nearest(name: str, known: Sequence[str], likeness: float) -> str | None:
    spelt = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name[:_SHOWN_MAX].casefold(), spelt, 1, likeness)
    return spelt[near[0]] if near else None
