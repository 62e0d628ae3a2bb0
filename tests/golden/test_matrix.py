"""The golden matrix: who may do what, reviewed by people as text and compared with what the service decides."""

from pathlib import Path

from service.catalogue.loader import shipped
from service.catalogue.model import PredefinedRole
from service.events.roles import RoleCreated
from service.vocabulary import RoleId
from tests.given import Account
from tests.golden import matrix

ROLES = Path(__file__).with_name("predefined_roles.txt")
OURS = ("audit:", "access:")


def test_who_may_do_what_is_what_was_reviewed() -> None:
    """A verdict that changed shows as a line; `python -m tests.golden.matrix` writes it down to be reviewed."""
    assert matrix.FILE.read_text(encoding="utf-8") == matrix.text()


def test_the_predefined_roles_are_the_documented_ones() -> None:
    """Seed 001, word for word: also `environment:read:team*`, the spelling that only the seed has."""
    text = ROLES.read_text(encoding="utf-8")
    assert text.partition("\n\n")[2] == "\n".join(_described(role) for role in shipped().roles)
    assert "    environment:read:team*\n" in text


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
    """The documented lists stay exactly theirs: only Auditor and Decision Client carry what we added."""
    holders = {role.name for role in shipped().roles for scope in role.scopes if scope.startswith(OURS)}
    assert {"Auditor", "Decision Client"} == holders
    held_by_them = {scope for role in shipped().roles if role.name in holders for scope in role.scopes}
    assert {one.scope for one in shipped().permissions if one.scope.startswith(OURS)} == held_by_them


def test_every_scope_of_a_predefined_role_means_something() -> None:
    """No role lists a spelling that the catalogue does not know."""
    compiled = Account().now.compiled
    unknown = [scope for role in shipped().roles for scope in role.scopes if not compiled.known(scope)]
    assert [] == unknown


def _described(role: PredefinedRole) -> str:
    flags = (
        ("locked", role.locked),
        ("not assignable", not role.assignable),
        ("no API access", not role.api_access),
    )
    said = "".join(f", {flag}" for flag, holds in flags if holds)
    scopes = "".join(f"    {scope}\n" for scope in sorted(role.scopes))
    return f"{role.name} ({role.id}{said})\n{scopes}"
