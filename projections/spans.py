"""Facts that no permission depends on, as far as somebody asked for them: versions, tags, results, deployments.

They are folded from the log like everything else, but live in Postgres, each from one position to another
(`span_rows`), since there may be millions. What an order needs of them is read before it is decided, at the position
that it is decided on, and put on a `Shelf`. The folds that fill the table keep the shelf true while a batch is drafted,
so an order sees what the one before it in the batch did. Pure.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar, cast

import msgspec

from service import errors
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId

SEPARATOR = "\t"
"""Between the parts of a key: no name can hold it."""


class Fact(Protocol):
    """One such fact. `key` names it among all of its noun; `place` is a second thing that it is found by."""

    noun: ClassVar[str]

    @property
    def key(self) -> str: ...
    @property
    def application(self) -> ApplicationId: ...
    @property
    def version(self) -> str: ...
    @property
    def place(self) -> str: ...


class Dated(Fact, Protocol):
    """A fact that says since when it holds, so that it can be asked which came last."""

    @property
    def created_at(self) -> datetime: ...


F = TypeVar("F", bound=Fact)
D = TypeVar("D", bound=Dated)
Keys = Callable[[Any], Iterable[str]]
Step = Callable[[Any, Any, Foldable, str], Any]
"""(what holds before or None, event, its record, key) -> what holds after, or None once it is gone."""


class Fold(msgspec.Struct, frozen=True):
    """What one kind of event does to one kind of fact. Which keys it is about follows from the event alone."""

    fact: type[Any]
    keys: Keys
    step: Step


class NotRead(Exception):
    """A fact was asked for that nobody read. No error of a caller's: the door reads anew and decides it next time."""


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """Which facts to read: those with these keys, or all of an application, of a version, at a place or under one.

    Or `every` one of the kind. Where it says nothing of these there is nothing to read. `newest`: only the one that
    came last of an application at a place.
    """

    fact: type[Any]
    keys: tuple[str, ...] = ()
    application: str = ""
    version: str = ""
    place: str = ""
    prefix: str = ""
    every: bool = False
    newest: bool = False


def keyed(*parts: str) -> str:
    """The key that these parts make."""
    return SEPARATOR.join(parts)


def by_key(fact: type[Fact], *keys: str) -> Want:
    """The facts with these keys, or that there are none."""
    return Want(fact=fact, keys=keys)


def of_application(fact: type[Fact], application: str) -> Want:
    """Every fact of an application."""
    return Want(fact=fact, application=application)


def of_version(fact: type[Fact], application: str, version: str) -> Want:
    """Every fact of one version of an application."""
    return Want(fact=fact, application=application, version=version)


def at_place(fact: type[Fact], place: str, application: str = "") -> Want:
    """Every fact at a place, of one application or of all."""
    return Want(fact=fact, place=place, application=application)


def newest_at(fact: type[Dated], place: str, application: str) -> Want:
    """The fact that came last of an application at a place."""
    return Want(fact=fact, place=place, application=application, newest=True)


def under(fact: type[Fact], prefix: str) -> Want:
    """Every fact whose place begins with this."""
    return Want(fact=fact, prefix=prefix)


def every(fact: type[Fact]) -> Want:
    """Every fact of this kind, of all applications."""
    return Want(fact=fact, every=True)


def reads(command: object) -> bool:
    """Whether an order ever reads such facts; most do not."""
    return hasattr(type(command), "reads")


def wanted(command: object, view: object) -> tuple[Want, ...]:
    """Which facts an order reads, by the view that it is decided on. What its names do not lead to is not read.

    An order that is refused for what it names is refused where it is decided, not here.
    """
    try:
        return cast("tuple[Want, ...]", type(command).reads(command, view))  # type: ignore[attr-defined]  # asked before
    except errors.MunimentError:
        return ()


def wanted_then(command: object, view: object) -> tuple[Want, ...]:
    """Which facts an order reads besides, once the first are on the view's shelf: most orders none."""
    reads_then = getattr(type(command), "reads_then", None)
    if reads_then is None:
        return ()
    try:
        return cast("tuple[Want, ...]", reads_then(command, view))
    except (errors.MunimentError, NotRead):
        return ()


class Shelf:
    """What was read, kept true through a batch. What was not read raises NotRead: it is never taken for absent.

    Where there was more than can be held, what is missing raises Refused instead.
    """

    def __init__(self, *, complete: bool = False) -> None:
        self._complete = complete
        self._facts: dict[str, dict[str, Any]] = {}
        self._known: set[tuple[str, str]] = set()
        self._listed: set[tuple[str, str, str, str]] = set()
        self._prefixes: set[tuple[str, str]] = set()
        self._newest: dict[tuple[str, str, str], str | None] = {}
        self._nouns: set[str] = set()
        self._made: set[str] = set()
        self.overflown = False
        self._journal: list[Callable[[], None]] = []
        self._by_version: dict[str, dict[tuple[str, str], list[Any]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._facts.values()))

    # -- asking ------------------------------------------------------------------------------------------

    def get(self, fact: type[F], key: str) -> F | None:
        """The fact with this key. Raises NotRead."""
        found = self._facts.get(fact.noun, {}).get(key)
        if found is None and not self._covered(fact.noun, key):
            raise self._unread(f"{fact.noun} {key!r}")
        return cast("F | None", found)

    def of_application(self, fact: type[F], application: str) -> list[F]:
        """Every fact of an application. Raises NotRead."""
        self._require(fact, (fact.noun, application, "", ""), application)
        return [one for one in self._all(fact) if one.application == application]

    def of_version(self, fact: type[F], application: str, version: str) -> list[F]:
        """Every fact of one version of an application. Raises NotRead."""
        listed = (fact.noun, application, version, "")
        if (fact.noun, application, "", "") not in self._listed:
            self._require(fact, listed, application)
        grouped = self._by_version.get(fact.noun)
        if grouped is None:
            grouped = self._by_version[fact.noun] = {}
            for one in self._all(fact):
                grouped.setdefault((one.application, one.version), []).append(one)
        return list(grouped.get((application, version), ()))

    def at_place(self, fact: type[F], place: str, application: str = "") -> list[F]:
        """Every fact at a place, of one application or of all. Raises NotRead."""
        known = (fact.noun, "", "", place) in self._listed or any(
            noun == fact.noun and place.startswith(prefix) for noun, prefix in self._prefixes
        )
        if not known and (not application or (fact.noun, application, "", "") not in self._listed):
            self._require(fact, (fact.noun, application, "", place), application)
        return [
            one
            for one in self._all(fact)
            if one.place == place and (not application or one.application == application)
        ]

    def newest_at(self, fact: type[D], place: str, application: str) -> D | None:
        """Of an application's facts at a place the one that came last. Raises NotRead."""
        asked = (fact.noun, application, place)
        if asked not in self._newest:
            return _newest(self.at_place(fact, place, application))
        key = self._newest[asked]
        return None if key is None else cast("D", self._facts[fact.noun][key])

    def under(self, fact: type[F], prefix: str) -> list[F]:
        """Every fact whose place begins with this. Raises NotRead."""
        if not self._complete and not any(
            noun == fact.noun and prefix.startswith(read) for noun, read in self._prefixes
        ):
            raise self._unread(f"{fact.noun} under {prefix!r}")
        return [one for one in self._all(fact) if one.place.startswith(prefix)]

    def every(self, fact: type[F]) -> list[F]:
        """Every fact of this kind. Raises NotRead."""
        self._require(fact, (fact.noun, "", "", ""), "")
        return self._all(fact)

    def everything(self) -> Iterator[Fact]:
        """All that is on it."""
        for facts in self._facts.values():
            yield from facts.values()

    # -- filling -----------------------------------------------------------------------------------------

    def put(self, fact: Fact) -> None:
        """A fact as it was read."""
        self._facts.setdefault(fact.noun, {})[fact.key] = fact
        self._by_version.pop(fact.noun, None)

    def read(self, want: Want) -> None:
        """All that this asks for was read and put."""
        noun = want.fact.noun
        if not want.keys:
            self._nouns.add(noun)
        if want.keys:
            self._known.update((noun, key) for key in want.keys)
        elif want.newest:
            held = [one for one in self._all(want.fact) if one.place == want.place]
            found = _newest([one for one in held if one.application == want.application])
            self._newest[noun, want.application, want.place] = found and found.key
        elif want.prefix:
            self._prefixes.add((noun, want.prefix))
        else:
            self._listed.add((noun, want.application, want.version, want.place))

    def empty(self) -> None:
        """Let go of all of it, piece by piece: in one go, some hundred thousand facts would hold everybody up."""
        for facts in self._facts.values():
            while facts:
                facts.popitem()
        while self._journal:
            self._journal.pop()

    def overflow(self) -> None:
        """There is more to read than can be held: what is not here is refused."""
        self.overflown = True

    # -- keeping it true -----------------------------------------------------------------------------------

    def apply(self, folds: Iterable[Fold], event: object, recorded: Foldable) -> None:
        """Fold an event into what is here; what was not read stays unread."""
        for fold in folds:
            noun = fold.fact.noun
            for key in fold.keys(event):
                facts = self._facts.setdefault(noun, {})
                before = facts.get(key)
                after = None
                if before is None and not self._covered(noun, key):
                    if noun in self._nouns:
                        after = fold.step(None, event, recorded, key)
                    if after is None or not self._lists(after):
                        self._outdated(after)
                        continue
                after = after or fold.step(before, event, recorded, key)
                if self._newest and before != after:
                    self._outdated(before)
                    self._outdated(after)
                self._known.add((noun, key))
                self._set(noun, key, after)
                self._journal.append(lambda noun=noun, key=key, before=before: self._set(noun, key, before))  # type: ignore[misc]  # defaults bind what the loop changes

    def made(self, application: str) -> None:
        """The application is new: nothing of it can have been read, since there was nothing."""
        self._made.add(application)
        self._journal.append(lambda: self._made.discard(application))

    def mark(self) -> int:
        """A point to which `undo` can go back."""
        return len(self._journal)

    def undo(self, mark: int) -> None:
        """Take back what was folded since the mark."""
        while len(self._journal) > mark:
            self._journal.pop()()

    # -- how -----------------------------------------------------------------------------------------------

    def _lists(self, fact: Fact) -> bool:
        """Whether a fact that was not here was read for by what it is about: it is new then, and belongs here."""
        noun, application = fact.noun, fact.application
        asked = (
            (noun, application, "", ""),
            (noun, application, fact.version, ""),
            (noun, application, "", fact.place),
            (noun, "", "", fact.place),
        )
        return not self._listed.isdisjoint(asked)

    def _outdated(self, fact: Fact | None) -> None:
        """Which fact came last where this one is, or was, is not known any more: whoever asks has it read anew."""
        place = (fact.noun, fact.application, fact.place) if fact is not None else None
        if place is None or place not in self._newest:
            return
        held = self._newest.pop(place)
        self._journal.append(lambda: self._newest.__setitem__(place, held))

    def _set(self, noun: str, key: str, fact: Any) -> None:
        facts = self._facts.setdefault(noun, {})
        if fact is None:
            facts.pop(key, None)
        else:
            facts[key] = fact
        self._by_version.pop(noun, None)

    def _all(self, fact: type[F]) -> list[F]:
        return cast("list[F]", list(self._facts.get(fact.noun, {}).values()))

    def _require(self, fact: type[Fact], listed: tuple[str, str, str, str], application: str) -> None:
        if not (self._complete or listed in self._listed or application in self._made):
            raise self._unread(f"{fact.noun} of {listed[1:]}")

    def _unread(self, what: str) -> Exception:
        if self.overflown:
            return errors.Refused(
                "too_much_at_once",
                "What there is to be looked at is more than one order can. Remove a part of it first, integration by"
                " integration or one by one; nothing was done.",
            )
        return NotRead(what)

    def _covered(self, noun: str, key: str) -> bool:
        """Whether it is known that nothing with this key is there."""
        if self._complete or (noun, key) in self._known or (noun, "", "", "") in self._listed:
            return True
        owner, _, rest = key.partition(SEPARATOR)
        if owner in self._made or (noun, owner, "", "") in self._listed:
            return True
        if rest and (noun, owner, rest.partition(SEPARATOR)[0], "") in self._listed:
            return True
        return any(read == noun and key.startswith(prefix) for read, prefix in self._prefixes)


def _newest(facts: Iterable[D]) -> D | None:
    return max(facts, key=lambda one: (one.created_at, one.key), default=None)


NOTHING_READ = Shelf()
"""Where nothing was asked for, as by most orders: it is nobody's own, so nothing is ever put there."""
