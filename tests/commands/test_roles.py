"""Roles: seeds 000 and 001, sections 1.2, 1.3 and 2 of the vendor's rules."""

import pytest

from service import errors
from service.catalogue.compiled import ADMINISTRATOR, TEAM_ADMINISTRATOR, USER
from service.catalogue.loader import shipped
from service.commands.roles import CreateRole, DeleteRole, EditRole, ResetRoles
from service.events.roles import (
    Definition,
    RoleCreated,
    RoleDeleted,
    RoleDescribed,
    RolePermissionsChanged,
    RoleRenamed,
    RoleReset,
)
from service.vocabulary import RoleId, Scope
from tests import given
from tests.given import Account

LOCKED = (given.GUEST, given.SWAGGERHUB, given.SCIM, given.ORGANIZATION_ADMINISTRATOR, TEAM_ADMINISTRATOR)


def test_a_custom_role_is_made_of_any_scopes_as_spelt(account: Account) -> None:
    """Seed 000: a custom role combines any permissions; aliases are kept as the client spelt them (Q4)."""
    role = RoleId(account.fresh.id())
    scopes = ("secret:manage:team", "environment:read:team*", "user:invite:*")
    made = account.do(CreateRole(role=role, name="  Secret Rotator ", description="rotates", scopes=scopes))
    expected = RoleCreated(
        role=role,
        name="Secret Rotator",
        description="rotates",
        scopes=tuple(map(Scope, scopes)),
        predefined=False,
        locked=False,
        assignable=True,
        api_access=True,
    )
    assert [expected] == made


@pytest.mark.parametrize(
    "scope",
    [
        "role:view:*",
        "environment:view:team",
        "webhooks:manage:team",
        "contract_data:mangage:*",
        "system_preferences:*",
        "*",
        "",
        "contract_data:manage:{uuid}",
        "system_preference:read:*",
        "team:manage:{uuid}",
        "team:manage:4ac05ed8-9e3b-4159-96c0-ad19e3b93658",
        "user:manage_scim_attributes:*",
        "CONTRACT_DATA:MANAGE:*",
    ],
)
def test_a_scope_that_is_unknown_or_not_for_this_role_is_invalid(account: Account, scope: str) -> None:
    """Q12 and the catalogue's last column: misspelt scopes, and those bound to one predefined role, say where."""
    with pytest.raises(errors.Invalid) as caught:
        account.do(given.role(account.fresh, "Odd", "role:read:*", scope))
    assert "/permissions/1/scope" == caught.value.pointer


def test_one_permission_in_two_spellings_is_held_once(account: Account) -> None:
    """Q4: duplicates are found by meaning, and the first spelling stays."""
    role = account.role("Reader", "environment:read:team*", "environment:read:team", "environment:read:team*")
    assert ("environment:read:team*",) == account.now.role(role).scopes


def test_a_role_s_name_is_its_own(account: Account) -> None:
    """Two roles of one name could not be told apart by people; a deleted role's name is free again."""
    first = account.role("Keeper")
    for taken in ("Keeper", "Administrator", " Keeper "):
        with pytest.raises(errors.Refused) as caught:
            account.do(given.role(account.fresh, taken))
        assert "name_taken" == caught.value.reason
    account.do(EditRole(role=first, name="Keeper"))
    account.do(DeleteRole(role=first))
    assert account.role("Keeper") != first


def test_an_edit_says_what_was_before_and_after(account: Account) -> None:
    """Each field that changed is a fact with both values; one that did not is none."""
    role = account.role("Keeper", "role:read:*")
    made = account.do(EditRole(role=role, name="Guard", description="stands", scopes=("role:manage:*",)))
    assert [
        RolePermissionsChanged(role=role, before=(Scope("role:read:*"),), after=(Scope("role:manage:*"),)),
        RoleRenamed(role=role, before="Keeper", after="Guard"),
        RoleDescribed(role=role, before="", after="stands"),
    ] == made


def test_editing_a_role_into_itself_changes_nothing(account: Account) -> None:
    """Repeating an edit is harmless, in whatever order a client sends the scopes."""
    role = account.role("Keeper", "role:read:*", "team:read:*")
    assert [] == account.do(EditRole(role=role, name="Keeper", scopes=("team:read:*", "role:read:*")))


@pytest.mark.parametrize("role", LOCKED)
def test_a_locked_role_may_not_be_modified(account: Account, role: str) -> None:
    """Seed 001: the permissions of Guest, SwaggerHub, SCIM and the system's roles may not be modified."""
    for edit in (
        EditRole(role=RoleId(role), scopes=("role:manage:*",)),
        EditRole(role=RoleId(role), name="Other"),
        EditRole(role=RoleId(role), description="Other"),
    ):
        with pytest.raises(errors.Refused) as caught:
            account.do(edit)
        assert "role_locked" == caught.value.reason


def test_a_predefined_role_may_be_edited_but_not_deleted(account: Account) -> None:
    """Section 2: editable yes, deletable no; only custom roles go."""
    assert account.do(EditRole(role=RoleId(USER), scopes=("contract_data:read:*",)))
    for role in (USER, ADMINISTRATOR, given.GUEST):
        with pytest.raises(errors.Refused) as caught:
            account.do(DeleteRole(role=RoleId(role)))
        assert "role_predefined" == caught.value.reason


def test_a_deletion_says_what_the_role_gave(account: Account) -> None:
    """The record of the end holds name and scopes: what its holders lost stands there."""
    role = account.role("Keeper", "role:read:*")
    expected = RoleDeleted(role=role, name="Keeper", scopes=(Scope("role:read:*"),))
    assert [expected] == account.do(DeleteRole(role=role))
    with pytest.raises(errors.NotFound) as caught:
        account.do(DeleteRole(role=role))
    assert caught.value.gone


def test_managing_roles_needs_the_permission_and_reading_does_not_suffice(account: Account) -> None:
    """`role:read:*`, which every User has, changes nothing."""
    sally = account.person("Sally")
    role = account.role("Keeper")
    for command in (
        given.role(account.fresh, "Mine"),
        EditRole(role=role, name="Mine"),
        DeleteRole(role=role),
    ):
        with pytest.raises(errors.Forbidden) as caught:
            account.do(command, sally)
        assert caught.value.missing.startswith("role:manage")


def test_a_role_holds_no_endless_list(account: Account) -> None:
    """A record stays under its size whatever is asked."""
    with pytest.raises(errors.Invalid):
        account.do(given.role(account.fresh, "Long", *["role:read:*"] * 201))


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("role:view:*", "Did you mean 'role:read:*'?"),
        ("environment:team:read", "Did you mean 'environment:read:team'?"),
        ("webhooks:manage:team", "Did you mean 'webhook:manage:team'?"),
        ("contract_data:mangage:*", "Did you mean 'contract_data:manage:*'?"),
        ("system_preferences:*", "Did you mean 'system_preference:manage:*'?"),
        ("secrets:manage:team", "Did you mean 'secret:manage:team'?"),
        ("system_preference:read:*", "was retired: everybody who is signed in"),
        ("system_preferences:read:*", "was retired: everybody who is signed in"),
        ("system:preference:read", "was retired: everybody who is signed in"),
        ("nothing like it", "There is no permission 'nothing like it'."),
    ],
)
def test_a_misspelt_scope_is_refused_with_the_right_spelling(account: Account, scope: str, said: str) -> None:
    """Section 1.3 Q12, and the retired scope of 1.1: no valid input, and the sentence says what was meant."""
    with pytest.raises(errors.Invalid) as caught:
        account.do(given.role(account.fresh, "Odd", scope))
    assert said in caught.value.sentence


def test_what_is_meant_by_a_misspelling_may_be_held() -> None:
    """A hint leads somewhere: each right spelling is a permission that any role may hold."""
    compiled = Account().now.compiled
    meant = set((shipped().misspelt or {}).values())
    assert meant
    assert [] == [scope for scope in meant if not compiled.known(scope) or compiled.bound_to(scope)]


def reset(profile: str = "2024") -> ResetRoles:
    return ResetRoles(profile=profile)


def test_a_reset_of_what_nobody_touched_records_nothing(account: Account) -> None:
    """Section 2: one fact for each role that changed, and none where nothing differs, in whatever order it stands."""
    assert [] == account.do(reset())
    user = account.now.role(USER)
    account.do(EditRole(role=RoleId(USER), scopes=tuple(reversed(user.scopes))))
    assert [] == account.do(reset())


def test_a_reset_gives_predefined_roles_back_what_the_catalogue_says(account: Account) -> None:
    """Seeds 001 and 004: name, description and permissions return, each with what was before; nobody's roles change."""
    sally = account.person("Sally", roles=[USER, given.VIEWER])
    custom = account.role("Keeper", "role:read:*")
    before, held = account.now.role(USER), account.principal(sally).roles
    account.do(EditRole(role=RoleId(USER), name="Users", description="", scopes=("contract_data:read:*",)))
    account.do(EditRole(role=RoleId(given.VIEWER), name="Looker"))
    kept = account.now.role(custom)
    made = account.do(reset())
    spoilt = Definition(name="Users", description="", scopes=(Scope("contract_data:read:*"),))
    whole = Definition(name="User", description=before.description, scopes=before.scopes)
    assert RoleReset(role=RoleId(USER), before=spoilt, after=whole) in made
    assert {USER, given.VIEWER} == {event.role for event in made if isinstance(event, RoleReset)}
    assert 2 == len(made)
    assert (kept, held) == (account.now.role(custom), account.principal(sally).roles)
    assert before.scopes == account.now.role(USER).scopes
    assert [] == account.do(reset())


def test_a_reset_needs_role_manage(account: Account) -> None:
    """Section 2: it takes `role:manage:*`, which a User does not have."""
    with pytest.raises(errors.Forbidden) as caught:
        account.do(reset(), account.person("Sally"))
    assert caught.value.missing.startswith("role:manage")


def test_a_reset_never_makes_two_roles_of_one_name(account: Account) -> None:
    """A custom role that took the name meanwhile is named in the refusal, and nothing at all is done."""
    account.do(EditRole(role=RoleId(USER), name="Users"))
    account.do(EditRole(role=RoleId(given.VIEWER), scopes=()))
    custom = account.role("User")
    with pytest.raises(errors.Refused, match=f"'User' \\({custom}\\)") as caught:
        account.do(reset())
    assert "name_taken" == caught.value.reason
    assert () == account.now.role(given.VIEWER).scopes
    account.do(EditRole(role=custom, name="Own"))
    assert 2 == len(account.do(reset()))


def test_names_that_were_swapped_are_swapped_back(account: Account) -> None:
    """Names that predefined roles hold among themselves are no hindrance to a reset."""
    for role, name in ((USER, "x"), (given.VIEWER, "User"), (USER, "Viewer")):
        account.do(EditRole(role=RoleId(role), name=name))
    assert 2 == len(account.do(reset()))
    for role, name in ((USER, "User"), (given.VIEWER, "Viewer")):
        named = account.now.role_named(name)
        assert named is not None
        assert role == named.id


def test_the_names_of_2025_come_with_a_reset_and_go_with_one(account: Account) -> None:
    """Section 1.3 Q5 and Q6: Viewer is Read-Only then, and Guest is Viewer, who may look at teams and people too."""
    made = account.do(reset("2025"))
    assert [given.VIEWER, given.GUEST] == [event.role for event in made if isinstance(event, RoleReset)]
    assert "Read-Only" == account.now.role(given.VIEWER).name
    guest = account.now.role(given.GUEST)
    assert ("Viewer", True, False) == (guest.name, guest.locked, guest.api_access)
    assert {"contract_data:read:*", "team:read:*", "user:read:*"} == set(guest.scopes)
    back = account.do(reset())
    assert [given.GUEST, given.VIEWER] == [event.role for event in back if isinstance(event, RoleReset)]
    assert ("Viewer", "Guest") == (account.now.role(given.VIEWER).name, account.now.role(given.GUEST).name)
    assert ("contract_data:read:*",) == account.now.role(given.GUEST).scopes


def test_a_reset_locks_nobody_out(account: Account) -> None:
    """Section 3.12: where only an edited predefined role lets anybody manage roles and people, it stays as it is."""
    wide = ("role:manage:*", "user:manage:*", "token:manage:own")
    account.do(EditRole(role=RoleId(given.VIEWER), scopes=wide))
    sally = account.person("Sally", roles=[given.VIEWER])
    account.do(given.disabled(account.kevin), sally)
    with pytest.raises(errors.Refused) as caught:
        account.do(reset(), sally)
    assert "would_lock_out" == caught.value.reason
    assert set(wide) == set(account.now.role(given.VIEWER).scopes)
