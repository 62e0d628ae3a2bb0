"""The golden matrix: who may do what, reviewed by people as text and compared with what the service decides."""

from pathlib import Path

from projections import access
from service.catalogue.compiled import TEAM_ADMINISTRATOR, Compiled
from service.catalogue.loader import shipped
from service.catalogue.model import PredefinedRole
from service.commands.roles import ResetRoles
from service.events.roles import RoleCreated
from service.vocabulary import RoleId
from tests import given
from tests.given import Account
from tests.golden import matrix

ROLES = Path(__file__).with_name("predefined_roles.txt")
PERMISSIONS = Path(__file__).with_name("permissions.txt")
OURS = ("audit:", "access:", "resource:")


def test_who_may_do_what_is_what_was_reviewed() -> None:
    """A verdict that changed shows as a line; `python -m tests.golden.matrix` writes it down to be reviewed."""
    assert matrix.FILE.read_text(encoding="utf-8") == matrix.text()


def test_who_has_which_permission_is_what_was_reviewed() -> None:
    """Predefined role × each of the 40 permissions, and ours, × its extent, under both naming profiles."""
    text = matrix.scopes_text()
    assert matrix.SCOPES.read_text(encoding="utf-8") == text
    assert [permission.scope for permission in shipped().permissions] == [
        line.split()[0] for line in text.splitlines() if line.endswith(("-", "L", "c", "!")) and ":" in line
    ]
    assert 40 == len([one for one in shipped().permissions if not one.scope.startswith(OURS)])


def test_a_role_may_do_all_that_it_lists_and_nothing_wider() -> None:
    """Seed 001's lists are what counts: what is listed is allowed, and what is allowed is listed or covered by it."""
    cells = {
        (case.role.id, permission.scope): matrix.cell(case, permission.scope)
        for case in matrix.cases()
        for permission in shipped().permissions
    }
    assert "!" not in cells.values()
    covering = [place for place, cell in cells.items() if cell == "c" and place[1].endswith(":manage:*")]
    assert [] == covering


def test_guest_and_organization_administrator_alone_have_no_access_to_the_api() -> None:
    """Seed 001: both have none, whatever they list; in 2025 Guest is Viewer, and has none either."""
    without = [case.role.id for case in matrix.cases() if not case.role.api_access]
    assert [given.GUEST, given.ORGANIZATION_ADMINISTRATOR, given.GUEST] == without
    for case in matrix.cases():
        holder = case.account.principal(case.who)
        computed = case.role.id == TEAM_ADMINISTRATOR  # which takes another role
        assert access.api_access(case.account.now, holder) is (case.role.api_access and not computed)


def test_the_permissions_are_the_documented_ones() -> None:
    """Section 1.1, in its order: each permission with its label and group, and which role alone may hold it."""
    names = {role.id: role.name for role in shipped().roles}
    lines = [
        f"{one.scope:<38}{one.label:<48}{one.group}{f' (for {names[one.bound_to]} alone)' if one.bound_to else ''}\n"
        for one in shipped().permissions
    ]
    assert PERMISSIONS.read_text(encoding="utf-8") == "".join(lines)


def test_the_predefined_roles_are_the_documented_ones() -> None:
    """Seed 001, word for word: also `environment:read:team*`, the spelling that only the seed has."""
    text = ROLES.read_text(encoding="utf-8").partition("\n\n")[2]
    today, _, otherwise = text.partition("\nNames of 2025:\n\n")
    assert today == "\n".join(_described(role) for role in shipped().roles)
    assert "    environment:read:team*\n" in today
    changed = [role for role in shipped().roles_under("2025") if role not in shipped().roles]
    assert otherwise == "\n".join(_described(role) for role in changed)
    assert shipped().roles == shipped().roles_under("2024")


def test_an_account_of_2025_begins_with_the_names_of_2025() -> None:
    """The profile counts when an account is opened: section 1.3 Q5 and Q6, by id, since the name says nothing."""
    account = Account(profile="2025")
    expected = {role.id: (role.name, role.scopes) for role in shipped().roles_under("2025")}
    assert expected == {role.id: (role.name, role.scopes) for role in account.now.roles()}
    assert [] == account.do(ResetRoles(profile="2025"))
    assert 2 == len(account.do(ResetRoles(profile="2024")))


def test_opening_an_account_makes_exactly_these_roles() -> None:
    """What the catalogue lists is what an account has on its first day, flags included."""
    account = Account()
    created = [record.data for record in account.log if isinstance(record.data, RoleCreated)]
    assert len(shipped().roles) == len(created)
    for listed, made in zip(shipped().roles, created, strict=True):
        expected = RoleCreated(
            role=RoleId(listed.id),
            name=listed.name,
            description=listed.description,
            scopes=made.scopes,
            predefined=True,
            locked=listed.locked,
            assignable=listed.assignable,
            api_access=listed.api_access,
        )
        assert (expected, listed.scopes) == (made, made.scopes)


def test_our_own_permissions_are_held_by_our_own_roles_alone() -> None:
    """The documented lists stay exactly theirs: only Auditor, Decision Client and Registrar carry what we added."""
    holders = {role.name for role in shipped().roles for scope in role.scopes if scope.startswith(OURS)}
    assert {"Auditor", "Decision Client", "Registrar"} == holders
    held_by_them = {scope for role in shipped().roles if role.name in holders for scope in role.scopes}
    compiled = Compiled(shipped())
    everywhere = compiled.masks(tuple(held_by_them)).everywhere
    ours = {one.scope for one in shipped().permissions if one.scope.startswith(OURS)}
    assert held_by_them <= ours
    assert [] == [scope for scope in ours if not compiled.bits[compiled.split(scope)[0]] & everywhere]


def test_every_scope_of_a_predefined_role_means_something() -> None:
    """No role lists a spelling that the catalogue does not know."""
    compiled = Account().now.compiled
    unknown = [scope for role in shipped().roles for scope in role.scopes if not compiled.known(scope)]
    assert [] == unknown


def _described(role: PredefinedRole) -> str:
    more = Compiled(shipped()).flags(role.id)
    flags = (
        ("locked", role.locked),
        ("not assignable", not role.assignable),
        ("no API access", not role.api_access),
        ("takes no seat", not more.takes_seat),
        ("fetches its own read-only token", more.reads_own_token),
        ("deletable", more.deletable),
    )
    said = "".join(f", {flag}" for flag, holds in flags if holds)
    scopes = "".join(f"    {scope}\n" for scope in sorted(role.scopes))
    return f"{role.name} ({role.id}{said})\n{scopes}"
