"""What may be asked from outside the account: who administers it for the organisation (section 3.13)."""

from typing import ClassVar

import msgspec

from projections.view import View
from service import errors
from service.catalogue.compiled import ORGANIZATION_ADMINISTRATOR
from service.commands import codes
from service.commands.order import Caller, Need
from service.events import Event
from service.events.users import PrincipalRolesChanged
from service.vocabulary import PrincipalId, RoleId


class ChangeOrganizationAdministrator(msgspec.Struct, frozen=True, kw_only=True):
    """Give a person the role Organization Administrator or take it, at the console alone.

    The role is the system's: nobody assigns or removes it within the account (seed 001).
    """

    word: ClassVar[str] = "change_organization_administrator"
    principal: PrincipalId
    granted: bool

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal, "how": "grant" if self.granted else "revoke"}


def change_organization_administrator(
    command: ChangeOrganizationAdministrator, view: View, caller: Caller
) -> list[Event]:
    """Decide it; what is so already changes nothing, and every other role stays.

    Raises Forbidden off the console, NotFound for nobody we know or where the account lacks the role, Refused for a
    system account: the role is for regular users.
    """
    if not caller.console:
        raise errors.Forbidden("Organization Administrator is given at the console only.", "the console")
    principal, role = view.principal(command.principal), RoleId(ORGANIZATION_ADMINISTRATOR)
    view.role(role)  # an account that never adopted it has none to give
    if principal.type != "user":
        raise errors.Refused(
            "not_a_person", "This is a system account. Only a person can be Organization Administrator."
        )
    if (role in principal.roles) == command.granted:
        return []
    if not command.granted:
        return [PrincipalRolesChanged(principal=principal.id, removed=(role,))]
    return [
        PrincipalRolesChanged(principal=principal.id, added=(role,)),
        *codes.revoked(principal, view, caller),
    ]
