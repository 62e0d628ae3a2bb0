"""What an identity provider calls a person: set by whoever provisions people, SCIM above all (section 3.10).

Clients send whole users back, so what is absent or unchanged needs no permission.
"""

import msgspec

from projections import things
from projections.principals import Principal
from projections.view import View
from service import errors
from service.commands.order import Need
from service.events import Event
from service.events.users import PrincipalExternalIdsChanged
from service.vocabulary import Clear, KeyId, PrincipalId, clear, name

ID_POINTER = "/externalIdpId"
USERNAME_POINTER = "/externalIdpUsername"
Ids = tuple[str | None, str | None]
"""The id and the user name at the identity provider."""


class External(msgspec.Struct, frozen=True, kw_only=True):
    """What an order says of it: a field that is None stays, an empty one is taken away."""

    id: str | None = None
    username: str | None = None


def needs(external: External | None, view: View, principal: Principal | None) -> tuple[Need, ...]:
    """What it takes beside inviting or managing: `user:manage_scim_attributes`, where anything changes at all."""
    before = known(view, principal)
    if external is None or wanted(external, before) == before:
        return ()
    return (Need("user:manage_scim_attributes", things.anything("user")),)


def changes(
    external: External | None, view: View, principal: PrincipalId, key: KeyId, before: Ids = (None, None)
) -> list[Event]:
    """Decide a change. Raises Invalid for a bad text, Refused for one that is another account's."""
    if external is None or (after := wanted(external, before)) == before:
        return []
    checked = _checked(after)
    for held, holder, pointer in (
        (checked[0], view.principal_with_external_id, ID_POINTER),
        (checked[1], view.principal_with_external_username, USERNAME_POINTER),
    ):
        other = holder(held) if held is not None else None
        if other is not None and other.id != principal:
            raise errors.Refused("external_id_taken", "This belongs to another account.", pointer)

    def field(text: str | None) -> Clear | None:
        return None if text is None else clear(text, key)

    return [
        PrincipalExternalIdsChanged(
            principal=principal,
            id_before=field(before[0]),
            id_after=field(checked[0]),
            username_before=field(before[1]),
            username_after=field(checked[1]),
        )
    ]


def known(view: View, principal: Principal | None) -> Ids:
    """What a principal is called there now."""
    if principal is None:
        return None, None
    return view.text(principal.external_id), view.text(principal.external_username)


def wanted(external: External, before: Ids) -> Ids:
    """What it would be called after the order."""
    after = (external.id, external.username)
    found = [was if now is None else now.strip() or None for was, now in zip(before, after, strict=True)]
    return found[0], found[1]


def _checked(ids: Ids) -> Ids:
    id_, username = ids
    return (
        None if id_ is None else name(id_, ID_POINTER, "external id"),
        None if username is None else name(username, USERNAME_POINTER, "external user name"),
    )
