"""When a one-time code that is still open dies: its account came to hold more than whoever knows the code may give.

Who invites somebody sees the code. Otherwise whoever may only invite could redeem the code of somebody who was made
an Administrator meanwhile, or was placed in a team, or whose role was widened.
"""

from collections.abc import Iterable

from projections import access, newcomers, things
from projections.principals import Principal
from projections.things import Target
from projections.tokens import Invitation
from projections.view import View
from service.commands.order import Caller
from service.events import Event
from service.events.users import InvitationRevoked


def revoked(principal: Principal, view: View, caller: Caller, team: Target | None = None) -> list[Event]:
    """The end of the principal's open code, if it has one whose issuer could not have given what the caller gives.

    With a `team` it is a place in that team or its administration, which whoever manages the team may give too.
    """
    invitation = view.invitation_or_none(principal.id)
    if invitation is None or invitation.issuer in (None, caller.principal):
        return []
    issuer = invitation.issuer or ""
    if access.may(view, issuer, f"{principal.type}:manage", things.of_principal(principal)):
        return []
    if team is not None and access.may(view, issuer, "team:manage", team):
        return []
    return [InvitationRevoked(invitation=invitation.id, principal=principal.id)]


def outgrown(invitation: Invitation, principal: Principal, view: View) -> bool:
    """Whether a code may no longer be redeemed: its account would elevate, and its issuer could not give that.

    A role that was given by right may be widened since, by an edit or a reset, or its giver lose the right to give it:
    that touches nobody's roles, so it is looked at when the code is presented.
    """
    if invitation.issuer is None or not any(
        newcomers.elevates(view, one) for one in view.roles_of(principal)
    ):
        return False
    manages = f"{principal.type}:manage"
    return not access.may(view, invitation.issuer, manages, things.of_principal(principal))


def revoked_in(team: Target, placed: Iterable[str], view: View, caller: Caller) -> list[Event]:
    """The ends of the open codes of all who are placed in a team or come to administer it."""
    found = filter(None, map(view.principal_or_none, placed))
    return [event for principal in found for event in revoked(principal, view, caller, team)]
