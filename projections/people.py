"""Who is called what: the only place in memory where a person's text stands in the clear, and only as an index.

A seal is opened once when its record is folded; the index maps what it says to everybody who ever had it.
Whether somebody had it at some position is read from their own timeline, so an entry too many (an undone
batch) does no harm, and forgetting a key makes every later look-up say nothing.
"""

import operator
from collections.abc import Callable

from projections.index import Index
from projections.principals import Person, Principal
from projections.timeline import Timeline
from service.events import users as user_events
from service.events.system_accounts import SystemAccountCreated
from service.log.recorded import Foldable
from service.vocabulary import Personal, PrincipalId, Sealed, email_key

_NAMING = frozenset(
    {
        user_events.UserCreated,
        SystemAccountCreated,
        user_events.PrincipalRenamed,
        user_events.PrincipalEmailChanged,
        user_events.PrincipalExternalIdsChanged,
        user_events.PrincipalAliasAdded,
    }
)
"""The kinds of event that name somebody. To ask a match about every other event takes longer than folding some."""


class People:
    """The indexes of who was called what. `open_seal` answers None for a destroyed key."""

    def __init__(self, open_seal: Callable[[Personal], str | None]) -> None:
        self._open = open_seal
        self._by_email: Index[str, PrincipalId] = Index()
        self._by_name: Index[str, PrincipalId] = Index()
        self._by_external_id: Index[str, PrincipalId] = Index()
        self._by_external_username: Index[str, PrincipalId] = Index()
        self._by_alias: Index[str, PrincipalId] = Index()
        self._earlier: list[Person] = []
        """What was folded before a start from a snapshot and is not taken in yet, the latest first."""
        self._later: list[Foldable] = []

    def learn(self, recorded: Foldable) -> None:
        """Take in whatever names or addresses the record gives somebody."""
        if self._earlier:
            self._later.append(recorded)  # in the order of the log: whoever came first is listed first
            return
        event = recorded.data
        if type(event) not in _NAMING:
            return
        match event:
            case user_events.UserCreated() | SystemAccountCreated():
                self._name(recorded, "name", event.name, event.principal)
                self._email(recorded, "email", event.email, event.principal)
            case user_events.PrincipalRenamed():
                self._name(recorded, "after", event.after, event.principal)
            case user_events.PrincipalEmailChanged():
                self._email(recorded, "after", event.after, event.principal)
            case user_events.PrincipalExternalIdsChanged():
                for index, field in (
                    (self._by_external_id, "id_after"),
                    (self._by_external_username, "username_after"),
                ):
                    sealed = getattr(event, field)
                    self._learnt(index, sealed and Personal(recorded.id, field, sealed), event.principal)
            case user_events.PrincipalAliasAdded():
                self._learnt(self._by_alias, Personal(recorded.id, "text", event.text), event.principal)
            case _:
                pass  # every other event names nobody

    def learn_earlier(self, table: dict[PrincipalId, Timeline[Principal]]) -> None:
        """Have what these principals were ever called taken in later, bit by bit, or when somebody is looked for."""
        given: list[tuple[int, Person]] = []
        for timeline in table.values():
            person = None
            for position, held in (
                timeline.steps() if timeline.earlier_values else ((timeline.made, timeline.value),)
            ):
                if held is not None and held.person is not person:
                    person = held.person
                    given.append((position, person))
        given.sort(key=operator.itemgetter(0), reverse=True)
        self._earlier = [person for _, person in given]

    def learn_some(self, people_max: int) -> bool:
        """Take in some of what is left to be, in the event loop's thread; whoever looks for somebody takes in the rest.

        False once nothing is left. Raises Broken for a seal that does not open.
        """
        for _ in range(min(people_max, len(self._earlier))):
            person = self._earlier[-1]
            self._learnt(self._by_name, person.name, person.id)
            self._learnt(self._by_email, person.email, person.id)
            self._learnt(self._by_external_id, person.external_id, person.id)
            self._learnt(self._by_external_username, person.external_username, person.id)
            for alias in person.aliases:
                self._learnt(self._by_alias, alias.text, person.id)
            self._earlier.pop()
        if not self._earlier and self._later:
            later, self._later = self._later, []
            for recorded in later:
                self.learn(recorded)
        return bool(self._earlier)

    def text(self, personal: Personal | None) -> str | None:
        """What a seal says, or None when there is none or its key was destroyed."""
        return None if personal is None else self._open(personal)

    def with_email(
        self, email: str, table: dict[PrincipalId, Timeline[Principal]], position: int
    ) -> list[Principal]:
        """Everybody alive at `position` who had this address then (at most one, by rule)."""
        self.learn_some(len(self._earlier))
        wanted = email_key(email)
        return [
            principal
            for principal in self._alive(self._by_email.of(wanted), table, position)
            if (text := self.text(principal.email)) is not None and email_key(text) == wanted
        ]

    def with_external_id(
        self, external_id: str, table: dict[PrincipalId, Timeline[Principal]], position: int
    ) -> list[Principal]:
        """Everybody alive at `position` whom the identity provider knew by this id then, to the letter."""
        self.learn_some(len(self._earlier))
        found = self._alive(self._by_external_id.of(email_key(external_id)), table, position)
        return [one for one in found if self.text(one.external_id) == external_id]

    def with_external_username(
        self, username: str, table: dict[PrincipalId, Timeline[Principal]], position: int
    ) -> list[Principal]:
        """Everybody alive at `position` who was called so at the identity provider then, whatever the case."""
        self.learn_some(len(self._earlier))
        wanted = email_key(username)
        return [
            principal
            for principal in self._alive(self._by_external_username.of(wanted), table, position)
            if (text := self.text(principal.external_username)) is not None and email_key(text) == wanted
        ]

    def with_alias(
        self, alias: str, table: dict[PrincipalId, Timeline[Principal]], position: int
    ) -> list[Principal]:
        """Everybody alive at `position` whom programs knew by this further id then: an address whatever its case."""
        self.learn_some(len(self._earlier))
        same = email_key if "@" in alias else str
        wanted = same(alias)
        return [
            principal
            for principal in self._alive(self._by_alias.of(email_key(alias)), table, position)
            if any(
                (text := self.text(one.text)) is not None and same(text) == wanted
                for one in principal.aliases
            )
        ]

    def with_name(
        self, name: str, table: dict[PrincipalId, Timeline[Principal]], position: int
    ) -> list[Principal]:
        """Everybody alive at `position` whose name this was then, whatever the case; names are not unique."""
        self.learn_some(len(self._earlier))
        wanted = email_key(name)
        return [
            principal
            for principal in self._alive(self._by_name.of(wanted), table, position)
            if (text := self.text(principal.name)) is not None and email_key(text) == wanted
        ]

    def forget(self, principal: PrincipalId) -> None:
        """Drop every name and address that leads to the principal. It looks at all of them: forgetting is rare."""
        every = (
            self._by_email,
            self._by_name,
            self._by_external_id,
            self._by_external_username,
            self._by_alias,
        )
        for index in every:
            index.forget(principal)

    @staticmethod
    def _alive(
        candidates: tuple[PrincipalId, ...], table: dict[PrincipalId, Timeline[Principal]], position: int
    ) -> list[Principal]:
        found = (table[principal].at(position) for principal in candidates if principal in table)
        return [principal for principal in found if principal is not None]

    def _email(self, recorded: Foldable, field: str, sealed: Sealed | None, principal: PrincipalId) -> None:
        if sealed is not None:
            self._learnt(self._by_email, Personal(recorded.id, field, sealed), principal)

    def _name(self, recorded: Foldable, field: str, sealed: Sealed, principal: PrincipalId) -> None:
        self._learnt(self._by_name, Personal(recorded.id, field, sealed), principal)

    def _learnt(
        self, index: Index[str, PrincipalId], personal: Personal | None, principal: PrincipalId
    ) -> None:
        if personal is not None and (text := self._open(personal)) is not None:
            index.add(email_key(text), principal)
