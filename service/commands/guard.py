"""Nobody is locked out: after every command somebody must remain who could undo it (seed 000, section 3.12).

Able is who is active, may use the API, may manage roles and people everywhere, and holds a read/write token that has
no end of its own and has not ended by the account's preference either. What Organization Administrator alone gives
does not count: whoever has it got it from outside and has no access to the API by it (section 3.13). Checked on the
state after the command, so every way there is covered alike; a preference about expiry is none, since from its change
on every token has a full period.
"""

from collections.abc import Iterable, Iterator

from projections import expiry
from projections.view import View
from service import errors
from service.catalogue.compiled import NOTHING, ORGANIZATION_ADMINISTRATOR
from service.events import Event
from service.events.account import CatalogueAdopted
from service.events.roles import RoleDeleted, RolePermissionsChanged, RoleReset
from service.events.tokens import TokenRegenerated, TokenRevoked
from service.events.users import PrincipalDeleted, PrincipalDisabled, PrincipalRolesChanged
from service.vocabulary import PrincipalId

NEEDED_TO_UNDO = ("role:manage", "user:manage")
DANGEROUS = frozenset(
    {
        CatalogueAdopted,  # what a permission gives may be other than it was, or nothing
        RolePermissionsChanged,
        RoleReset,
        RoleDeleted,
        PrincipalDisabled,
        PrincipalDeleted,
        PrincipalRolesChanged,
        TokenRegenerated,
        TokenRevoked,
    }
)
"""The events that could take somebody's way back. A test goes through all the others."""


def check(events: list[Event], before: View, after: View) -> None:
    """Raise Refused when the events take the last way back; a way that was lost before is not held against them."""
    if dangerous(events) and somebody(before) and not somebody(after):
        raise errors.Refused(
            "would_lock_out",
            "This would leave nobody able to undo it: no active account with API access and a lasting read/write token "
            "could manage roles and users. Give these permissions to somebody else first; if you are locked out "
            "already, `muniment break-glass` on the console is the way back in.",
        )


def dangerous(events: Iterable[Event]) -> bool:
    """Whether any of these could take somebody's way back: all others need no check."""
    return any(type(event) in DANGEROUS for event in events)


def somebody(view: View) -> bool:
    """Whether anybody could undo an edit at this moment."""
    return next(able(view), None) is not None


def able(view: View) -> Iterator[PrincipalId]:
    """Whoever could undo an edit at this moment, each once. Asks only the holders of roles that could suffice."""
    if view.catalogue is None:
        return
    bit = view.catalogue.bits.get(NEEDED_TO_UNDO[0], 0)
    seen: set[PrincipalId] = set()
    for role in view.roles():
        if role.id == ORGANIZATION_ADMINISTRATOR or not view.compiled.masks(role.scopes).everywhere & bit:
            continue
        for principal in view.holders(role.id):
            if principal.id not in seen and _able(view, principal.id):
                seen.add(principal.id)
                yield principal.id


def _able(view: View, principal_id: str) -> bool:
    principal = view.principal(principal_id)
    lasting = any(
        (token := view.token_or_none(one)) is not None
        and not token.read_only
        and token.expires_at is None
        and not expiry.expired(view, token)
        for one in principal.tokens
    )
    counted = [role for role in view.roles_of(principal) if role.id != ORGANIZATION_ADMINISTRATOR]
    granted = NOTHING
    for role in counted:
        granted = granted.united(view.compiled.masks(role.scopes))
    needed = (view.compiled.bits.get(action, 0) for action in NEEDED_TO_UNDO)
    return (
        principal.active
        and lasting
        and any(role.api_access for role in counted)
        and all(granted.everywhere & bit for bit in needed)
    )
