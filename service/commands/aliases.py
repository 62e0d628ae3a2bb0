"""What may be asked of aliases: further ids by which programs know a principal. Pure: state in, events out.

Whoever is known by one is taken for the principal wherever a program asks. So a person's takes the right to manage
everybody, and to manage roles too or else every right that the person has.
"""

from typing import ClassVar, Final

import msgspec

from projections import access, excess, things
from projections.principals import Principal
from projections.view import View
from service import errors
from service.commands.order import Caller, Need
from service.events import Event
from service.events.users import PrincipalAliasAdded, PrincipalAliasRemoved
from service.vocabulary import AliasId, PrincipalId, clear, email_key, is_uuid, name

ALIASES_MAX: Final = 20
_POINTER: Final = "/aliases"
_TYPES: Final = ("user:", "system_account:")
"""What would be taken for the type of whom a text names."""


class SetAliases(msgspec.Struct, frozen=True, kw_only=True):
    """Have a principal known by exactly these further ids. `ids` are for the new ones, one for each text."""

    word: ClassVar[str] = "set_aliases"
    principal: PrincipalId
    aliases: tuple[str, ...]
    ids: tuple[AliasId, ...]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        principal = view.principal(self.principal)
        # Everywhere, as for roles: a team's managers of system accounts do not say who is who.
        return (Need(f"{principal.type}:manage", things.Target(things.of_principal(principal).thing)),)

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal}


def set_aliases(command: SetAliases, view: View, caller: Caller) -> list[Event]:
    """Decide by which ids somebody is known: those that went, then those that came.

    Raises Invalid, Refused for one that is somebody else's, and Forbidden where the principal may do more than whoever
    gives one.
    """
    principal = view.principal(command.principal)
    wanted = _checked(command.aliases)
    held = {text: alias for alias in principal.person.aliases if (text := view.text(alias.text)) is not None}
    unreadable = [alias for alias in principal.person.aliases if view.text(alias.text) is None]
    added = [text for text in wanted if text not in held]
    for text in added:
        _require_free(text, wanted[text], principal, view)
    if added:
        _require_no_less(principal, caller, view)
    decided: list[Event] = [
        PrincipalAliasRemoved(principal=principal.id, alias=alias.id, text=None) for alias in unreadable
    ]
    decided += [
        PrincipalAliasRemoved(principal=principal.id, alias=alias.id, text=clear(text, principal.key))
        for text, alias in held.items()
        if text not in wanted
    ]
    decided += [
        PrincipalAliasAdded(principal=principal.id, alias=new, text=clear(text, principal.key))
        for text, new in zip(added, command.ids, strict=False)
    ]
    return decided


def require_not_anothers(
    view: View, address: str, pointer: str, principal: PrincipalId | None = None
) -> None:
    """Raise Refused for an e-mail address that another principal is known by as an alias."""
    holder = view.principal_with_alias(address)
    if holder is not None and holder.id != principal:
        raise errors.Refused("email_taken", "Another account is known by this e-mail address.", pointer)


def _checked(aliases: tuple[str, ...]) -> dict[str, str]:
    """Each text with where it stands, in their order; one that is there twice counts once."""
    found: dict[str, str] = {}
    keys: set[str] = set()
    for index, one in enumerate(aliases):
        pointer = f"{_POINTER}/{index}"
        text = name(one, pointer, "alias")
        if is_uuid(text):
            raise errors.Invalid("A UUID is no alias: here it would be the id of somebody.", pointer)
        if text.startswith(_TYPES):
            raise errors.Invalid("An alias must not begin as the naming of a type does.", pointer)
        key = email_key(text) if "@" in text else text
        if key not in keys:
            keys.add(key)
            found[text] = pointer
    if len(found) > ALIASES_MAX:
        raise errors.Invalid(f"A principal has at most {ALIASES_MAX} aliases.", _POINTER)
    return found


def _require_free(text: str, pointer: str, principal: Principal, view: View) -> None:
    """An address compares whatever its case, any other id to the letter: so the look-ups do."""
    for holder in (view.principal_with_email(text), view.principal_with_alias(text)):
        if holder is not None and holder.id != principal.id:
            raise errors.Refused("alias_taken", "Another account is known by this.", pointer)


def _require_no_less(principal: Principal, caller: Caller, view: View) -> None:
    """Raise Forbidden where the person may do more than the caller, who would give that to whoever has the id.

    Whoever manages roles gives themselves what they like, and whoever manages every system account has their tokens.
    """
    me = caller.principal
    if me is None or principal.type != "user" or access.may(view, me, "role:manage", things.anything("role")):
        return
    beyond = excess.excess(view, principal, me, itself=False)
    if beyond is not None:
        raise errors.Forbidden(
            f"The account may {beyond.action} {beyond.where}, and you may not: whoever is known by the alias could"
            " do more than you.",
            beyond.missing,
        )
