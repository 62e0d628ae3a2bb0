"""What may be asked of principals: people, and of system accounts all but their creation."""

from datetime import timedelta
from typing import ClassVar, Literal

import msgspec

from projections import access, newcomers, things
from projections.principals import Principal
from projections.view import View
from service import errors
from service.catalogue.compiled import TEAM_ADMINISTRATOR
from service.commands import aliases, codes, external
from service.commands.external import External
from service.commands.order import Caller, Need, NewInvitation, NewPrincipal, TokenPair
from service.commands.relations import difference
from service.events import Event
from service.events import users as events
from service.events.teams import TeamMembersChanged
from service.events.tokens import TokenIssued, TokenRegenerated, TokenRevoked
from service.vocabulary import PrincipalId, RoleId, clear, email, name

INVITATION_LASTS = timedelta(days=7)


class InviteUser(msgspec.Struct, frozen=True, kw_only=True):
    """Give a person an account, and a one-time code for the first credential.

    For an address that is already here it is idempotent (section 3.10). Only a caller who may also manage
    people enables a disabled account again or gets a new code: inviting must be no way to take over an account.
    A person who has tokens already, but lost them, gets a new code from the console alone.
    `precreated` is an account made for somebody by whoever manages people, which takes that permission too.
    """

    word: ClassVar[str] = "invite_user"
    new: NewPrincipal
    invitation: NewInvitation
    name: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    active: bool = True
    precreated: bool = False
    external: External | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        inviting = Need("user:invite", things.anything("user"))
        if not self.precreated:
            return (inviting,)
        provisioning = external.needs(self.external, view, view.principal_with_email(self.email))
        return (inviting, Need("user:manage", things.anything("user")), *provisioning)

    def arguments(self) -> dict[str, str]:
        return {}


class EditUser(msgspec.Struct, frozen=True, kw_only=True):
    """Change a principal; a field that is None stays, an empty e-mail or first or last name is taken away."""

    word: ClassVar[str] = "edit_user"
    principal: PrincipalId
    name: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    active: bool | None = None
    external: External | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        provisioning = external.needs(self.external, view, view.principal(self.principal))
        return (*_managing(view, self.principal), *provisioning)

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal}


class DeleteUser(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a principal for good: tokens, roles and memberships end with it."""

    word: ClassVar[str] = "delete_user"
    principal: PrincipalId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return _managing(view, self.principal)

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal}


class ChangeRoles(msgspec.Struct, frozen=True, kw_only=True):
    """Replace a principal's roles, or add or remove some. Nobody changes their own."""

    word: ClassVar[str] = "change_roles"
    principal: PrincipalId
    how: Literal["replace", "add", "remove"]
    roles: tuple[str, ...]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        principal = view.principal(self.principal)
        # The permission must reach everywhere: a team's managers of system accounts do not hand out roles.
        target = things.Target(things.of_principal(principal).thing)
        return (Need(f"{principal.type}:manage", target),)

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal, "how": self.how}


class RedeemInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """Turn a one-time code into the person's two tokens. The code itself is the authority."""

    word: ClassVar[str] = "redeem_invitation"
    digest: str
    tokens: TokenPair

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {}


def invite_user(command: InviteUser, view: View, caller: Caller) -> list[Event]:
    """Decide an invitation. Raises Invalid for a bad name or address, Refused for a system account's address."""
    address = email(command.email)
    require_no_system_account(view, address, "/email")
    existing = view.principal_with_email(address)
    if existing is not None:
        return _invite_again(command, existing, view, caller)
    aliases.require_not_anothers(view, address, "/email")
    key = command.new.key
    decided: list[Event] = [
        events.UserCreated(
            principal=command.new.id,
            key=key,
            name=clear(name(command.name, "/name"), key),
            email=clear(address, key),
            first_name=clear(name(command.first_name, "/firstName"), key) if command.first_name else None,
            last_name=clear(name(command.last_name, "/lastName"), key) if command.last_name else None,
        )
    ]
    decided += external.changes(command.external, view, command.new.id, key)
    role = newcomers.role(view)
    if role is not None:
        decided.append(events.PrincipalRolesChanged(principal=command.new.id, added=(role.id,)))
    decided += joins_default_team(view, command.new.id)
    if not command.active:
        decided.append(events.PrincipalDisabled(principal=command.new.id))
    decided.append(_invitation(command, command.new.id, view))
    return decided


def require_no_system_account(view: View, address: str, pointer: str) -> None:
    """Raise Refused for the address of a system account: whoever invites it would take that for the person."""
    holder = view.principal_with_email(address)
    if holder is not None and holder.type != "user":
        raise errors.Refused("email_taken", "This e-mail address belongs to a system account.", pointer)


def edit_user(command: EditUser, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. Raises NotFound, Invalid, or Refused when the e-mail address is another principal's."""
    principal = view.principal(command.principal)
    decided: list[Event] = []
    if command.name is not None:
        decided += _renamed(principal, name(command.name, "/name"), view)
    if command.email is not None:
        decided += _readdressed(principal, command.email, view)
    if command.first_name is not None or command.last_name is not None:
        decided += _names_changed(principal, command, view)
    decided += _provisioned(principal, command.external, view)
    if command.active is True and not principal.active:
        decided.append(events.PrincipalEnabled(principal=principal.id))
    if command.active is False and principal.active:
        decided.append(events.PrincipalDisabled(principal=principal.id))
    return decided


def delete_user(command: DeleteUser, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion: every token is revoked, then the principal ends. Raises NotFound."""
    principal = view.principal(command.principal)
    tokens = (view.token(token) for token in principal.tokens)
    revoked: list[Event] = [
        TokenRevoked(token=token.id, principal=principal.id, value_before=token.value) for token in tokens
    ]
    return [*revoked, events.PrincipalDeleted(principal=principal.id)]


def change_roles(command: ChangeRoles, view: View, caller: Caller) -> list[Event]:
    """Decide who holds which roles.

    Raises NotFound, Forbidden for one's own, Invalid for a role that is unknown or that only the system gives.

    A role that is given only by the system (Team Administrator, Organization Administrator) is neither
    added nor dropped; naming one that is already held is harmless (section 3.13).
    """
    principal = view.principal(command.principal)
    if caller.principal == principal.id:
        raise errors.Forbidden(
            "You may not change your own roles.", "another person's decision on your own roles"
        )
    named = {RoleId(role) for role in command.roles}
    held = set(principal.roles)
    fixed = {one for one in held if (role := view.role_or_none(one)) is not None and not role.assignable}
    if command.how != "remove":
        in_order = map(RoleId, command.roles)  # so that of several faults the first is the one that is named
        named = {role for role in in_order if _assignable(view, role, command.roles, held, principal)}
    wanted = {"replace": named | fixed, "add": held | named, "remove": held - (named - fixed)}[command.how]
    live_held = {role for role in held if view.role_or_none(role) is not None}
    added, removed = difference(live_held, wanted & (live_held | named))
    if not added and not removed:
        return []
    changed = events.PrincipalRolesChanged(principal=principal.id, added=added, removed=removed)
    return [changed, *(codes.revoked(principal, view, caller) if added else [])]


def redeem_invitation(command: RedeemInvitation, view: View, caller: Caller) -> list[Event]:
    """Decide a redemption. Raises Unauthenticated for a code that is unknown, used, replaced or expired."""
    invitation = view.invitation_with_digest(command.digest)
    principal = view.principal_or_none(invitation.principal) if invitation else None
    if invitation is None or principal is None or not principal.active:
        raise errors.Unauthenticated("This code is unknown, was used, or was replaced by a later one.")
    if invitation.expires_at <= view.instant:
        raise errors.Unauthenticated("This code has expired; ask for another invitation.")
    if codes.outgrown(invitation, principal, view):
        raise errors.Unauthenticated(
            "This code has ended: the account may do more by now than whoever issued it could give. Ask for another."
        )
    redeemed = events.InvitationRedeemed(invitation=invitation.id, principal=principal.id)
    return [redeemed, *issued_or_replaced(view, principal.id, command.tokens)]


def issued(principal: PrincipalId, tokens: TokenPair) -> list[Event]:
    """The facts that give a principal its two tokens."""
    return [
        TokenIssued(token=new.id, principal=principal, read_only=read_only, digest=new.digest, value=new.ref)
        for read_only, new in ((True, tokens.read_only), (False, tokens.read_write))
    ]


def issued_or_replaced(view: View, principal_id: PrincipalId, tokens: TokenPair) -> list[Event]:
    """The facts that leave a principal with exactly these two tokens; values it had stop working at once."""
    principal = view.principal_or_none(principal_id)
    held = [view.token(token) for token in principal.tokens] if principal else []
    if not held:
        return issued(principal_id, tokens)
    return [
        TokenRegenerated(
            token=token.id,
            principal=token.principal,
            digest=new.digest,
            value=new.ref,
            value_before=token.value,
            expires_at_before=token.expires_at,
        )
        for token in held
        for new in (tokens.read_only if token.read_only else tokens.read_write,)
    ]


def joins_default_team(view: View, principal: PrincipalId) -> list[Event]:
    """Every new principal joins the preferred team, or the Default team, while there is one (seed 002, section 3.2)."""
    team = newcomers.team(view)
    return [TeamMembersChanged(team=team.id, added=(principal,))] if team else []


def _invite_again(command: InviteUser, existing: Principal, view: View, caller: Caller) -> list[Event]:
    manages = caller.principal is None or access.may(
        view, caller.principal, f"{existing.type}:manage", things.of_principal(existing)
    )
    if not manages:
        return []
    decided = _again(command, existing, view, caller) if not existing.active else []
    if existing.active and command.precreated:
        decided += _provisioned(existing, command.external, view)
    if not existing.tokens or caller.console:
        decided.append(_invitation(command, existing.id, view))
    return decided


def _again(command: InviteUser, existing: Principal, view: View, caller: Caller) -> list[Event]:
    """A disabled account as it is asked for now: Terraform makes again what it «deleted» before (section 5.3)."""
    edit = EditUser(
        principal=existing.id,
        name=command.name,
        email=command.email,
        first_name=command.first_name,
        last_name=command.last_name,
        active=command.active,
        external=command.external if command.precreated else None,
    )
    return edit_user(edit, view, caller)


def _provisioned(principal: Principal, wanted: External | None, view: View) -> list[Event]:
    """What an identity provider calls the person. Raises Invalid for a system account, which none knows."""
    before = external.known(view, principal)
    decided = external.changes(wanted, view, principal.id, principal.key, before)
    if decided and principal.type != "user":
        raise errors.Invalid("A system account has no external identity.", external.ID_POINTER)
    return decided


def _invitation(command: InviteUser, principal: PrincipalId, view: View) -> Event:
    return events.InvitationIssued(
        invitation=command.invitation.id,
        principal=principal,
        digest=command.invitation.digest,
        expires_at=view.instant + INVITATION_LASTS,
    )


def _managing(view: View, principal_id: str) -> tuple[Need, ...]:
    principal = view.principal(principal_id)
    return (Need(f"{principal.type}:manage", things.of_principal(principal)),)


def _renamed(principal: Principal, wanted: str, view: View) -> list[Event]:
    before = view.text(principal.name)
    if wanted == before:
        return []
    return [
        events.PrincipalRenamed(
            principal=principal.id,
            before=None if before is None else clear(before, principal.key),
            after=clear(wanted, principal.key),
        )
    ]


def _readdressed(principal: Principal, wanted: str, view: View) -> list[Event]:
    address = email(wanted) if wanted.strip() else None
    if address is None and principal.type == "user":
        raise errors.Invalid("A person needs an e-mail address.", "/email")
    before = view.text(principal.email)
    if address == before:
        return []
    holder = view.principal_with_email(address) if address else None
    if holder is not None and holder.id != principal.id:
        raise errors.Refused("email_taken", "This e-mail address belongs to another account.", "/email")
    if address:
        aliases.require_not_anothers(view, address, "/email", principal.id)
    return [
        events.PrincipalEmailChanged(
            principal=principal.id,
            before=None if before is None else clear(before, principal.key),
            after=None if address is None else clear(address, principal.key),
        )
    ]


def _names_changed(principal: Principal, command: EditUser, view: View) -> list[Event]:
    first, last = view.text(principal.first_name), view.text(principal.last_name)
    first_wanted = first if command.first_name is None else command.first_name.strip() or None
    last_wanted = last if command.last_name is None else command.last_name.strip() or None
    first_wanted = None if first_wanted is None else name(first_wanted, "/firstName")
    last_wanted = None if last_wanted is None else name(last_wanted, "/lastName")
    if (first, last) == (first_wanted, last_wanted):
        return []
    key = principal.key
    return [
        events.PrincipalNamesChanged(
            principal=principal.id,
            first_before=None if first is None else clear(first, key),
            first_after=None if first_wanted is None else clear(first_wanted, key),
            last_before=None if last is None else clear(last, key),
            last_after=None if last_wanted is None else clear(last_wanted, key),
        )
    ]


def _assignable(
    view: View, role_id: RoleId, order: tuple[str, ...], held: set[RoleId], principal: Principal
) -> bool:
    """Whether a named role is to be given; False for a fixed one that the principal has anyway."""
    pointer = f"/roles/{order.index(role_id)}"
    role = view.role_or_none(role_id)
    if role is None:
        raise errors.Invalid(f"There is no role {role_id[:64]!r}.", pointer)
    if role.assignable:
        return True
    if role_id in held or (role.id == TEAM_ADMINISTRATOR and principal.administers):
        return False
    raise errors.Invalid(f"The role {role.name!r} cannot be assigned.", pointer)
