"""What can happen to a principal: a person, or a system account, which shares every fact but its creation.

Everything that names a person is sealed under the key `key`; destroying that key forgets the person.
"""

from datetime import datetime

import msgspec

from service.vocabulary import AliasId, InvitationId, KeyId, PrincipalId, RoleId, Sealed


class UserCreated(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="user.created"):
    """A person has an account here, but no credential yet: an invitation gives the first one."""

    principal: PrincipalId
    key: KeyId
    name: Sealed
    email: Sealed
    first_name: Sealed | None = None
    last_name: Sealed | None = None


class PrincipalRenamed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.renamed"):
    """A principal's name changed. `before` is None where it can no longer be read."""

    principal: PrincipalId
    before: Sealed | None
    after: Sealed


class PrincipalEmailChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.email_changed"
):
    """A principal's e-mail address changed, was given, or was taken away."""

    principal: PrincipalId
    before: Sealed | None
    after: Sealed | None


class PrincipalNamesChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.names_changed"
):
    """A principal's first or last name changed, was given, or was taken away."""

    principal: PrincipalId
    first_before: Sealed | None
    first_after: Sealed | None
    last_before: Sealed | None
    last_after: Sealed | None


class PrincipalExternalIdsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.external_ids_changed"
):
    """What an identity provider calls the person changed, was given, or was taken away."""

    principal: PrincipalId
    id_before: Sealed | None
    id_after: Sealed | None
    username_before: Sealed | None
    username_after: Sealed | None


class PrincipalAliasAdded(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.alias_added"
):
    """Programs know the principal by this further id too: an identity provider's subject id, another address."""

    principal: PrincipalId
    alias: AliasId
    text: Sealed


class PrincipalAliasRemoved(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.alias_removed"
):
    """That id is nobody's from here on. `text` is None where it can no longer be read."""

    principal: PrincipalId
    alias: AliasId
    text: Sealed | None


class PrincipalDisabled(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.disabled"
):
    """The principal's tokens stop working and no question about it is answered yes. It can be enabled again."""

    principal: PrincipalId


class PrincipalEnabled(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.enabled"):
    """The principal may act again, with the roles and teams that it kept."""

    principal: PrincipalId


class PrincipalRolesChanged(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="principal.roles_changed"
):
    """Roles were given to a principal or taken from it."""

    principal: PrincipalId
    added: tuple[RoleId, ...] = ()
    removed: tuple[RoleId, ...] = ()


class PrincipalDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="principal.deleted"):
    """The principal is gone, with its memberships, roles and tokens. What it did stays in the record."""

    principal: PrincipalId


class InvitationIssued(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="invitation.issued"
):
    """A one-time code was made for a person's first credential. Only its keyed digest is kept.

    A later invitation of the same person replaces an earlier one.
    """

    invitation: InvitationId
    principal: PrincipalId
    digest: str
    expires_at: datetime


class InvitationRedeemed(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="invitation.redeemed"
):
    """The code was used, once; the person's tokens are issued under the same correlation."""

    invitation: InvitationId
    principal: PrincipalId


class InvitationRevoked(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="invitation.revoked"
):
    """The code died unused: the account came to hold more than whoever knows the code may give away."""

    invitation: InvitationId
    principal: PrincipalId


UserEvent = (
    UserCreated
    | PrincipalRenamed
    | PrincipalEmailChanged
    | PrincipalNamesChanged
    | PrincipalExternalIdsChanged
    | PrincipalAliasAdded
    | PrincipalAliasRemoved
    | PrincipalDisabled
    | PrincipalEnabled
    | PrincipalRolesChanged
    | PrincipalDeleted
    | InvitationIssued
    | InvitationRedeemed
    | InvitationRevoked
)
