"""What whoever is new is given: the preferred role and team while they can be, and what comes next where they cannot.

A preference that points at something deleted is no error (release 1.14.0 of the vendor's notes): it is passed over.
"""

from projections import preferences
from projections.roles import Role
from projections.teams import Team
from projections.view import View
from service.catalogue.compiled import USER

ELEVATING = ("role:manage", "user:manage", "system_account:manage")
"""What no default role gives everywhere: whoever may only invite gets the code, and would come to hold it."""


def role(view: View) -> Role | None:
    """The role of a new regular user: the preferred one, or User where there is none that may be given."""
    wanted = view.preference(preferences.DEFAULT_ROLE)
    preferred = view.role_or_none(wanted) if isinstance(wanted, str) else None
    if preferred is not None and preferred.assignable and not elevates(view, preferred):
        return preferred
    return view.role_or_none(USER)


def team(view: View) -> Team | None:
    """The team that every new principal and application joins: the preferred one, or the Default team, if it lives."""
    wanted = view.preference(preferences.DEFAULT_TEAM)
    preferred = view.team_or_none(wanted) if isinstance(wanted, str) else None
    return preferred or view.default_team()


def elevates(view: View, one: Role) -> bool:
    """Whether the role lets its holder manage roles, people or system accounts everywhere."""
    compiled = view.compiled
    everywhere = compiled.masks(one.scopes).everywhere
    return any(everywhere & compiled.bits[action] for action in ELEVATING if action in compiled.bits)
