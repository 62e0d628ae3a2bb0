"""The hand-written thing beside the evaluator: dictionaries of derived sets, made from the same records.

It knows nothing of our evaluator, so that both sides' verdicts can be compared on every question; and it answers
nothing else: no position but the one it was made at, no explanation, no other noun.
"""

from service.catalogue.loader import shipped
from service.events import Event
from service.events.applications import ApplicationCreated
from service.events.roles import RoleCreated
from service.events.teams import TeamApplicationsChanged, TeamMembersChanged
from service.events.users import PrincipalRolesChanged, UserCreated

EVERYWHERE = "*"
Question = tuple[str, str, str]
"""(principal, action, application)."""


class Tables:
    """Follows a world by its events, and derives what a loop needs from what holds then."""

    def __init__(self) -> None:
        self._scopes: dict[str, tuple[str, ...]] = {}
        self._roles: dict[str, set[str]] = {}
        self._teams: dict[str, set[str]] = {}
        self._belongs: dict[str, set[str]] = {}
        self._creators: dict[str, str | None] = {}

    def take(self, event: Event) -> None:
        """Follow by one event; those that a question about an application does not depend on change nothing."""
        match event:
            case RoleCreated():
                self._scopes[event.role] = event.scopes
            case UserCreated():
                self._roles[event.principal], self._teams[event.principal] = set(), set()
            case PrincipalRolesChanged():
                held = self._roles[event.principal]
                self._roles[event.principal] = (held | set(event.added)) - set(event.removed)
            case TeamMembersChanged():
                for principal in event.added:
                    self._teams[principal].add(event.team)
                for principal in event.removed:
                    self._teams[principal].discard(event.team)
            case ApplicationCreated():
                self._creators[event.application] = event.creator
                self._belongs[event.application] = set()
            case TeamApplicationsChanged():
                for application in event.added:
                    self._belongs[application].add(event.team)
                for application in event.removed:
                    self._belongs[application].discard(event.team)
            case _:
                pass

    def derived(self, actions: tuple[str, ...]) -> "ByHand":
        """The dictionaries of the loop: by action and principal what is reached, by application what reaches it."""
        shared: dict[frozenset[str], frozenset[str]] = {}

        def once(found: set[str]) -> frozenset[str]:
            return shared.setdefault(frozenset(found), frozenset(found))

        reached = {
            action: {principal: once(self._reached(principal, action)) for principal in self._roles}
            for action in actions
        }
        reaching = {
            application: once({EVERYWHERE, *teams, *filter(None, [self._creators[application]])})
            for application, teams in self._belongs.items()
        }
        return ByHand(reached, reaching)

    def _reached(self, principal: str, action: str) -> set[str]:
        found: set[str] = set()
        for scope in {scope for role in self._roles[principal] for scope in self._scopes[role]}:
            granted, _, extent = scope.rpartition(":")
            if action not in _implied(granted):
                continue
            if extent == "*":
                found.add(EVERYWHERE)
            elif extent == "own":
                found.add(principal)
            elif extent == "team":
                found |= self._teams[principal]
        return found


class ByHand:
    """The loop: two look-ups by id and one test of frozensets a question, its action's table being at hand."""

    def __init__(
        self, reached: dict[str, dict[str, frozenset[str]]], reaching: dict[str, frozenset[str]]
    ) -> None:
        self._reached = reached
        self._reaching = reaching

    def count(self, questions: list[Question]) -> int:
        """How many are answered yes: the loop that is timed."""
        reached, reaching = self._reached, self._reaching
        yes = 0
        for principal, action, application in questions:
            yes += not reached[action][principal].isdisjoint(reaching[application])
        return yes

    def verdicts(self, questions: list[Question]) -> list[bool]:
        """Every answer, for comparison."""
        return [
            not self._reached[action][principal].isdisjoint(self._reaching[application])
            for principal, action, application in questions
        ]


_actions = {action.name: action for action in shipped().actions}


def _implied(action: str) -> set[str]:
    """The action with all that it implies."""
    found = _actions.get(action)
    return {action} | {more for implied in (found.implies if found else ()) for more in _implied(implied)}
