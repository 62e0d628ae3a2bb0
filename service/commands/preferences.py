"""What may be asked of preferences: the account's, and one's own. Pure: state in, events out."""

from collections.abc import Collection
from typing import ClassVar, Final

import msgspec

from projections import expiry, newcomers, preferences, things
from projections.preferences import Kind
from projections.view import View
from service import errors
from service.commands.order import Caller, Need, NewKey
from service.events import Event
from service.events import preferences as events
from service.events.preferences import Expiry, Value
from service.vocabulary import KeyId, Personal, clear, email, email_key, paragraph, uuid_text

BANNER_LENGTH_MAX: Final = 1_000
CONTACTS_MAX: Final = 20
PERIOD_MAX: Final = {"hours": 87_600, "days": 3_650, "weeks": 520, "months": 120}
"""Ten years."""
_HANDED_OUT: Final = {
    preferences.DEFAULT_ROLE: ("user:manage", "user"),
    preferences.DEFAULT_TEAM: ("team:manage", "team"),
}
"""What newcomers are given is changed only by who could give it to each of them."""


class Wanted(msgspec.Struct, frozen=True):
    """A preference's name, the JSON value that it is to hold, and where each stands in the request."""

    name: str
    value: object
    name_pointer: str = ""
    pointer: str = "/value"


class ChangePreferences(msgspec.Struct, frozen=True, kw_only=True):
    """Change preferences of the account, all of them or none. `key` seals the addresses, if any are among them."""

    word: ClassVar[str] = "change_preferences"
    wanted: tuple[Wanted, ...]
    key: NewKey

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        managing = Need("system_preference:manage", things.anything("system_preference"))
        handed_out = (
            Need(action, things.anything(type_))
            for name, (action, type_) in _HANDED_OUT.items()
            if any(one.name == name and one.value != view.preference(name) for one in self.wanted)
        )
        return (managing, *handed_out)

    def arguments(self) -> dict[str, str]:
        known = [one.name for one in self.wanted if one.name in preferences.SYSTEM]
        return {"names": ",".join(known)[:100]}


class ChangePersonalPreferences(msgspec.Struct, frozen=True, kw_only=True):
    """Change one's own preferences, all of the named or none. No permission is needed for what is one's own."""

    word: ClassVar[str] = "change_personal_preferences"
    wanted: tuple[Wanted, ...]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {}


def change_preferences(command: ChangePreferences, view: View, caller: Caller) -> list[Event]:
    """Decide a change: a fact for each preference that comes to hold something else.

    Raises Invalid for a name that there is not or a value of another type, Refused for a default role that elevates.
    """
    decided: list[Event] = []
    for one, kind in _known(command.wanted, preferences.SYSTEM):
        if kind.type == "emails":
            decided += _contacts(one, command.key, view)
            continue
        before, after = view.preference(one.name), _checked(one, kind, view)
        assert not isinstance(before, Personal), "addresses alone are sealed"
        if before != after:
            decided.append(events.PreferenceChanged(name=one.name, before=before, after=after))
    return decided


def change_personal_preferences(
    command: ChangePersonalPreferences, view: View, caller: Caller
) -> list[Event]:
    """Decide a change of one's own preferences. Raises Invalid, Forbidden for who has none."""
    if caller.principal is None:
        raise errors.Forbidden("Whose own preferences? Nobody is asking.", "an account of one's own")
    me = view.principal(caller.principal)
    decided: list[Event] = []
    for one, kind in _known(command.wanted, preferences.PERSONAL):
        before, after = view.personal_preference(me.id, one.name), _checked(one, kind, view)
        assert not isinstance(before, Personal), "no personal preference is sealed"
        if kind.type == "team" and after is not None and after not in me.teams:
            raise errors.Invalid("You are no member of this team.", one.pointer)
        if before != after:
            decided.append(
                events.PersonalPreferenceChanged(principal=me.id, name=one.name, before=before, after=after)
            )
    return decided


def _known(wanted: tuple[Wanted, ...], kinds: dict[str, Kind]) -> list[tuple[Wanted, Kind]]:
    found: dict[str, tuple[Wanted, Kind]] = {}
    for one in wanted:
        if one.name not in kinds:
            raise errors.Invalid(f"There is no preference {one.name[:64]!r}.", one.name_pointer)
        if one.name in found:
            raise errors.Invalid(f"The preference {one.name!r} stands here twice.", one.name_pointer)
        found[one.name] = (one, kinds[one.name])
    return list(found.values())


def _checked(one: Wanted, kind: Kind, view: View) -> Value:
    """The value as it is recorded. Raises Invalid, naming the place."""
    if kind.type == "boolean":
        if not isinstance(one.value, bool):
            raise errors.Invalid("This must be true or false.", one.pointer)
        return one.value
    if one.value is None:
        return None
    match kind.type:
        case "expiry":
            return _expiry(one)
        case "role":
            return _role(one, view)
        case "team":
            team = view.team_or_none(uuid_text(one.value, one.pointer))
            if team is None:
                raise errors.Invalid("There is no such team.", one.pointer)
            return team.id
        case _:
            return paragraph(one.value, one.pointer, "text", BANNER_LENGTH_MAX) or None


def _expiry(one: Wanted) -> Expiry:
    given = one.value
    if not isinstance(given, dict):
        raise errors.Invalid("This must be null or {value, period}, as in 90 days.", one.pointer)
    value, period = given.get("value"), given.get("period")
    if period not in expiry.PERIODS:
        raise errors.Invalid(f"The period is one of: {', '.join(expiry.PERIODS)}.", f"{one.pointer}/period")
    most = PERIOD_MAX[period]
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise errors.Invalid(
            f"This must be a whole number of {period}, from 1 to {most}.", f"{one.pointer}/value"
        )
    return Expiry(value=value, period=period)


def _role(one: Wanted, view: View) -> str:
    """A role that may be given to whoever is invited. One that lets them manage people or roles may not."""
    role = view.role_or_none(uuid_text(one.value, one.pointer))
    if role is None:
        raise errors.Invalid("There is no such role.", one.pointer)
    if not role.assignable:
        raise errors.Invalid(f"The role {role.name!r} cannot be assigned.", one.pointer)
    if newcomers.elevates(view, role):
        raise errors.Refused(
            "default_role_elevates",
            f"The role {role.name!r} lets its holder manage roles, people or system accounts everywhere. As the "
            "default role it would be anybody's who may invite: give it to each person instead.",
            one.pointer,
        )
    return role.id


def _contacts(one: Wanted, key: NewKey, view: View) -> list[Event]:
    """The addresses, sealed under a key of their own; what they were stays under the key that it had."""
    held = view.preference(one.name)
    sealed = held if isinstance(held, Personal) else None
    before, after = view.text(sealed), "\n".join(_addresses(one)) or None
    if before == after and not (after is None and sealed is not None):
        return []
    return [_sealed(sealed, before, after, key)]


def _sealed(held: Personal | None, before: str | None, after: str | None, key: NewKey) -> Event:
    return events.PreferenceContactsChanged(
        key=None if after is None else key.id,
        before=None if before is None or held is None else clear(before, held.sealed.key),
        after=None if after is None else clear(after, key.id),
    )


def naming(addresses: Collection[str], view: View) -> list[KeyId]:
    """The keys of every list of contacts that ever held one of the addresses (as `email_key` writes them).

    Each is forgotten as a whole, since one key seals all of it. A list that nobody can read any more is among them, so
    that no copy brings it back.
    """
    ever = [one.value for one in view.preference_ever(preferences.OPERATIONAL_CONTACTS)]
    texts = {one.sealed.key: view.text(one) for one in ever if isinstance(one, Personal)}
    return [
        sealed
        for sealed, text in texts.items()
        if text is None or any(email_key(one) in addresses for one in text.split("\n"))
    ]


def without(addresses: Collection[str], gone: Collection[KeyId], key: NewKey, view: View) -> list[Event]:
    """What is left of the contacts in force where their key is among the `gone`, sealed under `key`."""
    held = view.preference(preferences.OPERATIONAL_CONTACTS)
    if not isinstance(held, Personal) or held.sealed.key not in gone:
        return []
    before = view.text(held)
    left = [] if before is None else [one for one in before.split("\n") if email_key(one) not in addresses]
    return [_sealed(held, before, "\n".join(left) or None, key)]


def _addresses(one: Wanted) -> list[str]:
    given = [] if one.value is None else one.value
    if not isinstance(given, list):
        raise errors.Invalid("This must be a list of e-mail addresses.", one.pointer)
    if len(given) > CONTACTS_MAX:
        raise errors.Invalid(f"This list holds at most {CONTACTS_MAX} addresses.", one.pointer)
    kept: dict[str, str] = {}
    for index, text in enumerate(given):
        address = email(text, f"{one.pointer}/{index}")
        if email_key(address) in kept:
            raise errors.Invalid("This address stands here twice.", f"{one.pointer}/{index}")
        kept[email_key(address)] = address
    return list(kept.values())
