"""One right of the caller on many applications: the same rule as `Call.may`, which looks up the caller but once."""

from typing import Final

from projections.asking import Asker
from projections.things import Target
from service.http.edge import Call
from service.vocabulary import Thing

_NOBODYS: Final = Target(Thing("application", ""))
"""How an application is judged that was deleted since the moment asked about: it belongs to no team and nobody."""


class Right:
    """Whether the caller may do one thing to applications, as they are now, whatever moment is asked about.

    An integration's or a contract's deletion is decided by its consumer, so that is what to ask about. With `orders`
    it is what the very token may that was presented: a read-only one orders nothing, and nobody what is gone.
    """

    __slots__ = ("_action", "_answers", "_asker", "_me", "_orders", "_view")

    def __init__(self, call: Call, action: str, *, orders: bool = False) -> None:
        barred = call.principal is None or (orders and call.caller.read_only)
        self._me = "" if barred else call.me
        self._action = action
        self._orders = orders
        self._view = call.judged_in
        self._asker = Asker(self._view)
        self._answers: dict[str, bool] = {}

    def on(self, application: str) -> bool:
        """Whether the caller may do it to the application with this id."""
        answer = self._answers.get(application)
        if answer is None:
            answer = self._answers[application] = self._judged(application)
        return answer

    def _judged(self, application: str) -> bool:
        current = self._view.application_or_none(application)
        if not self._me or (self._orders and current is None):
            return False
        return self._asker.judges(self._me, self._action, _NOBODYS if current is None else current)
