"""What may be asked about what is known of a person: that it be forgotten."""

from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.commands import contacts, preferences
from service.commands.order import Caller, Need, NewKey
from service.commands.users import DeleteUser, delete_user
from service.events import Event
from service.events.people import PersonForgotten
from service.vocabulary import PrincipalId


class ForgetPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Destroy a person's key, at the console alone, since nothing can undo it. A living account is deleted first.

    An account that went on without its key could act and be given rights, and nobody could say whose it is.
    `key` seals what is left of the operational contacts and of environments' contacts, where an address of theirs is
    among them.
    """

    word: ClassVar[str] = "forget_person"
    principal: PrincipalId
    key: NewKey

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("user:manage", things.anything("user")),)

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal}


def forget_person(command: ForgetPerson, view: View, caller: Caller) -> list[Event]:
    """Decide a forgetting, which is one with the deletion where the account still lives. Twice changes nothing.

    Raises Forbidden off the console, NotFound for somebody this log never knew, Refused for a system account.
    """
    if not caller.console:
        raise errors.Forbidden("A person is forgotten at the console only.", "the console")
    if view.forgotten(command.principal):
        return []
    known = view.last_principal(command.principal)
    if known is None:
        known = view.principal(command.principal)  # raises NotFound in the usual words
    if known.type != "user":
        raise errors.Refused("not_a_person", "This is a system account. Only a person can be forgotten.")
    lives = view.principal_or_none(known.id) is not None
    deleted = delete_user(DeleteUser(principal=known.id), view, caller) if lives else []
    addresses = view.addresses_ever(known.id)
    # What an earlier forgetting left of several lists is under one key: all of them are sealed again when it goes.
    gone = dict.fromkeys([*preferences.naming(addresses, view), *contacts.naming(addresses, view)])
    kept = [
        *preferences.without(addresses, gone, command.key, view),
        *contacts.without(addresses, gone, command.key, view),
    ]
    return [*deleted, *kept, PersonForgotten(principal=known.id, keys=(known.key, *gone))]
