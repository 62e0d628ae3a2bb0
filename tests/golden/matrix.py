"""Who may do what, as text for people to review: predefined role × action and predefined role × permission, × extent.

`python -m tests.golden.matrix` writes both files anew; what changed is then read as a diff, line by line.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from projections import access
from projections.roles import Role
from projections.things import Target
from service.catalogue.compiled import ORGANIZATION_ADMINISTRATOR, TEAM_ADMINISTRATOR
from service.catalogue.loader import shipped
from service.commands.organization import ChangeOrganizationAdministrator
from service.commands.roles import ResetRoles
from service.vocabulary import PrincipalId, TeamId, Thing
from tests import given
from tests.given import CONSOLE, Account

FILE = Path(__file__).with_name("who_may_do_what.txt")
SCOPES = Path(__file__).with_name("who_has_which_permission.txt")
SOMEBODY = PrincipalId("somebody")
OF_2025 = (given.VIEWER, given.GUEST)
"""The roles that the naming profile of 2025 calls otherwise."""
HEADING = f"""\
Who may do what with the predefined roles as they come (RULE {access.RULE}, catalogue {shipped().number}).

own      a thing that the person made, in no team
team     a thing of the person's team, made by somebody else
other    a thing of another team, made by somebody else
Every action that is not listed is denied at every extent. A role without API access gives what it lists to whoever
uses the API by another role, and by itself nothing over HTTP.
"""
SCOPES_HEADING = f"""\
What each predefined role has of each permission, as they come (RULE {access.RULE}, catalogue {shipped().number}).

L    the role lists it, and its holder may do it at that extent
c    the role does not list it; something wider that it lists covers it at that extent
-    denied at that extent
!    listed and denied, which must not be
The extent is the permission's last part: * a thing of another team, made by somebody else; team a thing of the
holder's team, made by somebody else; own a thing that the holder made, in no team. Permissions of AI are tried on
every feature that they cover.

"""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A predefined role with somebody who holds it alone, a member of `mine`."""

    account: Account
    role: Role
    who: PrincipalId
    mine: TeamId
    name: str
    short: str


def cases() -> list[Case]:
    """Every predefined role, in the catalogue's order, then those that are called otherwise in 2025."""
    of_2024, of_2025 = Account(), Account()
    of_2025.do(ResetRoles(profile="2025"))
    today = [_case(of_2024, role.id, "") for role in shipped().roles]
    return today + [_case(of_2025, role, " (names of 2025)") for role in OF_2025]


def text() -> str:
    """Role × action × extent as this release decides it."""
    return HEADING + "".join(f"\n{_title(case)}\n" + "".join(_actions(case)) for case in cases())


def scopes_text() -> str:
    """Role × permission at its extent, as this release decides it."""
    every = cases()
    lines = [f"{'':<38}" + "".join(f"{case.short:<6}" for case in every)]
    lines.append(f"{'access to the API':<38}" + "".join(f"{_api_access(case):<6}" for case in every))
    lines.append("")
    for permission in shipped().permissions:
        cells = "".join(f"{cell(case, permission.scope):<6}" for case in every)
        lines.append(f"{permission.scope:<38}{cells}")
    legend = [f"{case.short:<6}{_title(case)}" for case in every]
    return SCOPES_HEADING + "\n".join(line.rstrip() for line in (*legend, "", *lines)) + "\n"


def cell(case: Case, scope: str) -> str:
    """What stands in the table for a role and a permission."""
    compiled = case.account.now.compiled
    listed = {compiled.canonical(one) for one in case.role.scopes}
    if case.role.id == TEAM_ADMINISTRATOR:
        listed.add("team:manage:{uuid}")  # computed, for each team that its holder administers
    allowed = _allowed(case, scope)
    if scope in listed:
        return "L" if allowed else "!"
    return "c" if allowed else "-"


def _allowed(case: Case, scope: str) -> bool:
    if scope.startswith("ai:") and scope.endswith(":*"):
        actions = [action.name for action in shipped().actions if action.name.startswith(scope[:-1])]
        return all(_may(case, action, "other") for action in actions)
    action, extent = case.account.now.compiled.split(scope)
    return _may(case, action, {"*": "other", "team": "team", "own": "own", "{uuid}": "team"}[extent])


def _may(case: Case, action: str, extent: str) -> bool:
    type_ = next(one.types[0] for one in shipped().actions if one.name == action)
    target = {
        "own": Target(Thing(type_, "1"), (), case.who),
        "team": Target(Thing(type_, case.mine), (case.mine,), SOMEBODY),
        "other": Target(Thing(type_, "others"), (TeamId("others"),), SOMEBODY),
    }[extent]
    return access.may(case.account.now, case.who, action, target)


def _case(account: Account, role_id: str, profile: str) -> Case:
    role = account.now.role(role_id)
    name = f"{role.name}{profile}"
    mine = account.team(f"Team of {name}")
    who = account.person(name.replace(" ", "-").replace("(", "").replace(")", ""), roles=[], teams=[mine])
    if role_id == TEAM_ADMINISTRATOR:
        led = given.team(account.fresh, "Led", administrators=[who])
        account.do(led)
        mine = led.team
        name = f"{name} (who administers a team without being a member: «team» is what is that team's)"
    elif role_id == ORGANIZATION_ADMINISTRATOR:
        account.do(ChangeOrganizationAdministrator(principal=who, granted=True), CONSOLE)
    else:
        account.do(given.roles(who, role_id))
    return Case(account=account, role=role, who=who, mine=mine, name=name, short=_short(role.name, profile))


def _short(name: str, profile: str) -> str:
    words = name.replace("/", " ").replace("-", " ").split()
    short = words[0][:4] if len(words) == 1 else "".join(word[:2] for word in words)
    return f"{short}'" if profile else short


def _api_access(case: Case) -> str:
    """Of the very holder: Team Administrator is computed, so it takes another role."""
    return "yes" if access.api_access(case.account.now, case.account.principal(case.who)) else "no"


def _title(case: Case) -> str:
    return case.name if case.role.api_access else f"{case.name}: no API access"


def _actions(case: Case) -> Iterator[str]:
    for action in shipped().actions:
        extents = ("own", "team", "other")
        allowed = {one for one in extents if _may(case, action.name, one)}
        if allowed:
            cells = (f"{extent if extent in allowed else '-':<6}" for extent in extents)
            yield f"    {action.name:<36}{''.join(cells)}".rstrip() + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    SCOPES.write_text(scopes_text(), encoding="utf-8")
