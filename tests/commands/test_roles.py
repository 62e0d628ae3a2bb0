"""Roles: seeds 000 and 001, sections 1.2, 1.3 and 2 of the vendor's rules."""

import pytest

from service import errors
from service.catalogue.compiled import ADMINISTRATOR, TEAM_ADMINISTRATOR, USER
from service.commands.roles import CreateRole, DeleteRole, EditRole
from service.events.roles import (
    RoleCreated,
    RoleDeleted,
    RoleDescribed,
    RolePermissionsChanged,
    RoleRenamed,
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
