"""A catalogue made ready for deciding: every action is a bit and a number, every set of scopes three masks and a table.

Pure and immutable once built; one is built for each catalogue that a log ever adopted.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from service.catalogue.model import Action, Catalogue, Permission, RoleFlags, table
from service.catalogue.own import Condition, OwnAction, OwnCatalogue, ThingType

ADMINISTRATOR = "cf75d7c2-416b-11ea-af5e-53c3b1a4efd8"
USER = "e9282e22-416b-11ea-a16e-57ee1bb61d18"
CI_CD = "c1878b8e-d09e-11ea-8fde-af02c4677eb7"
TEAM_ADMINISTRATOR = "d635f960-88f2-4f13-8043-4641a02dffa0"
AUDITOR = "71d4e8b2-0c5f-4a96-8e3d-f5b20a9c6e17"
DECISION_CLIENT = "8c36f1a5-9b2d-47e0-a1c4-3d7e5f08b629"
REGISTRAR = "b4d0a7e3-52c8-4f19-9a6e-1f8c3d5b7042"
ORGANIZATION_ADMINISTRATOR = "2e7f0c94-86d1-4b3a-b5e8-91c4a7d3f602"
DEFAULT_TEAM = "4ac05ed8-9e3b-4159-96c0-ad19e3b93658"
AI = "ai:"
"""How every AI feature's action begins."""

# How far a principal reaches with one action: what stands in a table of reaches, any of these together.
EVERYWHERE = 1
TEAM = 2
OWN = 4
ADMINISTERED_TEAM = 8
"""Whoever administers a team may do this to that team, with no role at all."""
ADMINISTERED = 16
"""Whoever administers a team may do this to what belongs to that team, with no role at all."""
EITHER_SIDE = 32
"""Reading: it suffices to reach either side of what stands between two things."""
CONDITIONAL = 64
"""Some grant gives it under a condition: it takes the request to decide."""

_BY_ADMINISTERING = {
    "team:manage": ADMINISTERED_TEAM,
    "team:read": ADMINISTERED_TEAM,
    "environment:read": ADMINISTERED,
}
"""What administering a team gives: that team, and a look at the environments attached to it (section 3.2)."""

NO_FLAGS = RoleFlags()
_WHOSE = {"*": "all", "team": "their teams'", "own": "their own"}
_NEAR = 0.75
"""How like a known scope an unknown one must be, of 1, for a refusal to name it."""
_HINTED_LENGTH_MAX = 100
_NAMED_MAX = 20
_ONE_TEAM = re.compile(r"team:manage:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


def _by_prefix(scope: str) -> bool:
    return scope.startswith("ai:") and scope.endswith(":*")


def condition_of(scope: str) -> str:
    """The name of the condition that a scope is bound to (`record:write:*?unarchived`); empty for any other scope."""
    return scope.partition("?")[2]


def _decided(reach: int) -> int:
    if reach & EVERYWHERE:
        return True
    return reach if reach & ~EITHER_SIDE else False


class Masks(msgspec.Struct, frozen=True):
    """What a set of scopes grants, a bit an action: everywhere, in the holder's teams, on the holder's own."""

    everywhere: int = 0
    team: int = 0
    own: int = 0
    conditional: int = 0
    """At some extent under a condition. Which one, and what it depends on, `Compiled.conditional` says."""

    def united(self, other: "Masks") -> "Masks":
        """Roles are additive: there is no negation (rbac, section 1.2 rule 1)."""
        return Masks(
            self.everywhere | other.everywhere,
            self.team | other.team,
            self.own | other.own,
            self.conditional | other.conditional,
        )

    def extents(self) -> tuple[tuple[int, int], ...]:
        """Each extent with its mask, the widest first; what depends on a condition is in none."""
        return (EVERYWHERE, self.everywhere), (TEAM, self.team), (OWN, self.own)


NOTHING = Masks()
Conditional = Mapping[str, tuple[tuple[str, int, Condition], ...]]
"""By action: the scopes that give it under a condition, each with its reach and its condition."""


class Compiled:
    """One catalogue's rules, with those of the organisation's own. `bits` maps `resource:action` to its bit.

    What an own catalogue calls as the built-in one calls something of its own is not in force: the built-in one wins,
    be it a release that brought the name later.
    """

    def __init__(self, catalogue: Catalogue, own: tuple[OwnCatalogue, ...] = ()) -> None:
        self.catalogue = catalogue
        self.own = own
        self.number = catalogue.number
        self.types: dict[str, ThingType] = {}
        """The organisation's own types of thing."""
        self.conditions: dict[str, Condition] = {}
        self.owned_by: dict[str, str] = {}
        """The own catalogue that each own action stands in."""
        own_actions = tuple(self._merged(own))
        taken = {*self.types, *(type_ for action in catalogue.actions for type_ in action.types)}
        words = {word for one in own for word in one.subject_types}
        self.subject_types = frozenset({"user"} | (words - taken))
        """The words by which a request names any principal."""
        self.actions = {
            action.name: action for action in (*catalogue.actions, *map(self._plain, own_actions))
        }
        self.bits = {name: 1 << index for index, name in enumerate(self.actions)}
        self._ai = sum(bit for name, bit in self.bits.items() if name.startswith(AI))
        self.permissions = (
            *catalogue.permissions,
            *(one for each in own_actions for one in _permissions(each)),
        )
        """Everything that a role may hold, the built-in permissions first."""
        self._permissions = {permission.scope: permission for permission in self.permissions}
        self._words = _words(self.actions.values(), own_actions)
        self._called = {action.name: action.called[0] for action in own_actions if action.called}
        self._conditional: dict[tuple[str, ...], Conditional] = {}
        self._scope_masks: dict[str, Masks] = {}
        self._set_masks: dict[tuple[str, ...], Masks] = {}
        self._in_teams: dict[str, tuple[str, ...]] = {}
        self._of_teams = 0
        """The actions that some scope gives in teams."""
        for scope in self._permissions:
            self._of_teams |= self.scope_masks(scope).team
        self._reaches: dict[Masks, bytes] = {}
        self._by_action: dict[bytes, dict[str, int]] = {}
        self._grants: dict[tuple[str, ...], dict[str, tuple[tuple[str, int], ...]]] = {}

    def canonical(self, scope: str) -> str:
        """The spelling that evaluation uses; several spellings may share it."""
        base, mark, condition = scope.partition("?")
        return f"{self.catalogue.aliases.get(base, base)}{mark}{condition}"

    def known(self, scope: str) -> bool:
        """Whether a role may be asked to hold it at all. Computed scopes (`team:manage:{uuid}`) are not known."""
        base, mark, condition = self.canonical(scope).partition("?")
        return "{" not in base and base in self._permissions and (not mark or condition in self.conditions)

    def bound_to(self, scope: str) -> str:
        """The one role that may hold this scope, or the empty string for any role."""
        canonical = self.canonical(scope).partition("?")[0]
        if _ONE_TEAM.fullmatch(canonical):
            return TEAM_ADMINISTRATOR
        permission = self._permissions.get(canonical)
        return permission.bound_to if permission else ""

    def refusal(self, scope: str) -> str:
        """Why a scope that is not known may not be held, with what was probably meant where something is near."""
        catalogue = self.catalogue
        base, mark, condition = scope.partition("?")
        if mark and self.known(base):
            there_are = ", ".join(sorted(self.conditions)[:_NAMED_MAX]) or "none"
            return (
                f"There is no condition {condition[:_HINTED_LENGTH_MAX]!r}; the conditions are: {there_are}."
            )
        if why := table(catalogue.retired).get(scope):
            return f"The permission {scope!r} was retired: {why}."
        meant = table(catalogue.misspelt).get(scope)
        if meant is None and len(scope) <= _HINTED_LENGTH_MAX:
            named = [one for one in (*self._permissions, *catalogue.aliases) if self.known(one)]
            meant = next(iter(difflib.get_close_matches(scope, named, 1, _NEAR)), None)
        said = f"There is no permission {scope[:_HINTED_LENGTH_MAX]!r}."
        return f"{said} Did you mean {meant!r}?" if meant is not None else said

    def flags(self, role: str) -> RoleFlags:
        """The flags of a predefined role; those of a role that has none are the usual ones."""
        return table(self.catalogue.flags).get(role, NO_FLAGS)

    def masks(self, scopes: tuple[str, ...]) -> Masks:
        """The masks of a set of scopes; each distinct set is compiled once."""
        found = self._set_masks.get(scopes)
        if found is None:
            found = NOTHING
            for scope in scopes:
                found = found.united(self.scope_masks(scope))
            self._set_masks[scopes] = found
        return found

    def scope_masks(self, scope: str) -> Masks:
        """The masks of one scope. A scope this catalogue does not know grants nothing."""
        found = self._scope_masks.get(scope)
        if found is None:
            found = self._scope_masks[scope] = self._compile(self.canonical(scope))
        return found

    def without_ai(self, masks: Masks) -> Masks:
        """What is left of the masks where AI features are off."""
        without = ~self._ai
        return Masks(
            masks.everywhere & without, masks.team & without, masks.own & without, masks.conditional & without
        )

    def reaches(self, masks: Masks) -> bytes:
        """How far each action reaches, by the action's number: one byte each, the same table for equal masks."""
        found = self._reaches.get(masks)
        if found is None:
            found = self._reaches[masks] = bytes(self._reach(name, masks) for name in self.bits)
        return found

    def by_action(self, reaches: bytes) -> dict[str, int]:
        """The same table by the actions' names: True where that is everywhere, False where only roles could help.

        Any other reach keeps its bits, whatever administering gives among them: it takes the thing to decide.
        """
        found = self._by_action.get(reaches)
        if found is None:
            found = {name: _decided(reach) for name, reach in zip(self.bits, reaches, strict=True)}
            self._by_action[reaches] = found
        return found

    def by_administering(self, action: str) -> int:
        """What administering a team reaches with the action, with no role at all; 0 is nothing."""
        return _BY_ADMINISTERING.get(action, 0)

    def grants(self, scopes: tuple[str, ...]) -> dict[str, tuple[tuple[str, int], ...]]:
        """Which of the scopes give an action, with the reach of each, in the order of the scopes."""
        found = self._grants.get(scopes)
        if found is None:
            every = [
                (name, scope, reach)
                for scope in scopes
                for reach, mask in self.scope_masks(scope).extents()
                for name, bit in self.bits.items()
                if mask & bit
            ]
            found = {
                action: tuple((s, r) for name, s, r in every if name == action) for action, _, _ in every
            }
            self._grants[scopes] = found
        return found

    def conditional(self, scopes: tuple[str, ...]) -> "Conditional":
        """Which of the scopes give an action under a condition, with the reach of each and its condition."""
        found = self._conditional.get(scopes)
        if found is None:
            by_action: dict[str, list[tuple[str, int, Condition]]] = {}
            for scope in scopes:
                base, _, name = self.canonical(scope).partition("?")
                condition = self.conditions.get(name)
                if condition is None:
                    continue
                for reach, mask in self.scope_masks(base).extents():
                    for action in (one for one, bit in self.bits.items() if mask & bit):
                        by_action.setdefault(action, []).append((scope, reach, condition))
            found = self._conditional[scopes] = {name: tuple(given) for name, given in by_action.items()}
        return found

    def action_for(self, type_: str, word: str) -> str | None:
        """The action that a request means by a word on a thing of a type: its own name, or what it is called there."""
        words = self._words.get(type_)
        return None if words is None else words.get(word)

    def called(self, type_: str, action: str) -> str:
        """What a request calls the action on a thing of a type."""
        word = self._called.get(action, action)
        return word if self.action_for(type_, word) == action else action

    def actions_on(self, type_: str) -> tuple[str, ...]:
        """Every action on things of a type, in the order of the catalogues."""
        return tuple(dict.fromkeys(self._words.get(type_, {}).values()))

    def split(self, scope: str) -> tuple[str, str]:
        """(`resource:action`, extent) of a scope; an AI feature and `user:invite` have the extent `*`."""
        canonical = self.canonical(scope).partition("?")[0]
        if canonical in self.bits:
            return canonical, "*"
        action, _, extent = canonical.rpartition(":")
        return action, extent

    def spelt(self, action: str, extent: str) -> str:
        """The other way round: the scope that gives an action at an extent."""
        return action if action in self._permissions else f"{action}:{extent}"

    def prefixes(self) -> list[tuple[str, frozenset[str]]]:
        """The scopes that give several actions at one stroke, the widest first, with those actions."""
        found = [
            (scope, frozenset(name for name in self.bits if name.startswith(scope[:-1])))
            for scope in self._permissions
            if _by_prefix(scope)
        ]
        return sorted(found, key=lambda one: -len(one[1]))

    def implied(self, action: str) -> set[str]:
        """The other actions that come with this one, at the same extent."""
        bits = self._with_implied(action) & ~self.bits.get(action, 0)
        return {name for name, bit in self.bits.items() if bits & bit} if bits else set()

    def in_teams(self, type_: str) -> tuple[str, ...]:
        """The actions on things of a type that some scope gives in teams, or administering does: the teams count."""
        found = self._in_teams.get(type_)
        if found is None:
            found = self._in_teams[type_] = tuple(
                name
                for name, action in self.actions.items()
                if type_ in action.types and (name in _BY_ADMINISTERING or self._of_teams & self.bits[name])
            )
        return found

    def _compile(self, scope: str) -> Masks:
        base, mark, condition = scope.partition("?")
        if mark:
            given = self.scope_masks(base) if condition in self.conditions else NOTHING
            return Masks(conditional=given.everywhere | given.team | given.own)
        if scope not in self._permissions:
            return NOTHING
        if _by_prefix(scope):
            # AI alone is hierarchical: a grant that ends in `:*` covers every action below its prefix.
            prefix = scope[:-1]
            return Masks(everywhere=sum(bit for name, bit in self.bits.items() if name.startswith(prefix)))
        action, extent = self.split(scope)
        bits = self._with_implied(action)
        match extent:
            case "*":
                return Masks(everywhere=bits)
            case "team":
                return Masks(team=bits)
            case "own":
                return Masks(own=bits)
            case _:
                return NOTHING

    def _reach(self, name: str, masks: Masks) -> int:
        bit = self.bits[name]
        reach = _BY_ADMINISTERING.get(name, 0) | (EITHER_SIDE if name.endswith(":read") else 0)
        reach |= CONDITIONAL if masks.conditional & bit else 0
        return sum((extent for extent, mask in masks.extents() if mask & bit), reach)

    def _merged(self, own: tuple[OwnCatalogue, ...]) -> Iterator[OwnAction]:
        """The own actions in force, while types and conditions are noted: who comes first has a name."""
        spelt = (*(action.name for action in self.catalogue.actions), *self.catalogue.aliases)
        built_in = {one.partition(":")[0] for one in spelt}
        types = {type_ for action in self.catalogue.actions for type_ in action.types}
        for one in own:
            for type_ in one.types:
                if type_.name not in types:
                    self.types.setdefault(type_.name, type_)
            for condition in one.conditions:
                self.conditions.setdefault(condition.name, condition)
            for action in one.actions:
                if action.name.partition(":")[0] not in built_in and action.name not in self.owned_by:
                    self.owned_by[action.name] = one.name
                    yield action

    def _plain(self, action: OwnAction) -> Action:
        """As the built-in ones are; what comes with it is of its own catalogue, and never a built-in action."""
        mine = self.owned_by[action.name]
        implies = tuple(one for one in action.implies if self.owned_by.get(one) == mine)
        return Action(name=action.name, types=action.types, implies=implies)

    def _with_implied(self, action: str) -> int:
        found = self.actions.get(action)
        if found is None:
            return 0
        bits = self.bits[action]
        for implied in found.implies:
            bits |= self._with_implied(implied)
        return bits


def _permissions(action: OwnAction) -> Iterator[Permission]:
    """What a role may hold of an own action: one permission for each extent that it accepts."""
    label = action.label or action.name
    for extent in action.extents:
        yield Permission(
            scope=f"{action.name}:{extent}",
            label=f"{label} ({_WHOSE[extent]})",
            group=action.group or action.name.partition(":")[0],
            description=action.description,
        )


def _words(actions: Iterable[Action], own: Iterable[OwnAction]) -> dict[str, dict[str, str]]:
    """By type: every word for an action, with the action's name. A full name is never another action's word."""
    found: dict[str, dict[str, str]] = {}
    for action in actions:
        for type_ in action.types:
            found.setdefault(type_, {})[action.name] = action.name
    for one in own:
        for type_ in one.types:
            for word in one.called:
                found[type_].setdefault(word, one.name)
    return found
