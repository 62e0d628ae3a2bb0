"""A tenant of 2020 is read for ever, and comes to today's roles by a reset or by hand, never by itself (seed 003)."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from projections.directory import Directory
from projections.things import Target
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, CI_CD, TEAM_ADMINISTRATOR, USER
from service.catalogue.loader import shipped
from service.commands.account import AdoptCatalogue
from service.commands.order import Caller
from service.commands.roles import EditRole, ResetRoles
from service.events.account import CatalogueAdopted
from service.events.roles import Definition, RoleCreated, RolePermissionsChanged, RoleReset
from service.log import connect, merkle, migrate, recorded, verify
from service.vocabulary import PrincipalId, Scope, TeamId, Thing
from tests import given, postgres, service
from tests.given import Account
from tests.golden import tenant_of_2020 as tenant

EVERYBODY = (tenant.KEVIN, tenant.SALLY, tenant.BILLY, tenant.VERA, tenant.JENKINS, tenant.ROTATOR)
HASH = "b48e8bc4166603211c30461ea68058e9a115941690483782292d05ed8829a15c"
SERVICE = Caller(system="catalogue of this release")


def adopted() -> Account:
    """The tenant after a start of this release."""
    account = tenant.account()
    assert account.do(AdoptCatalogue(catalogue=shipped()), SERVICE)
    return account


def whose(type_: str, *teams: TeamId) -> Target:
    """A thing of such teams that somebody else made."""
    return Target(Thing(type_, "thing"), teams, PrincipalId("somebody"))


def verdicts(account: Account) -> dict[tuple[str, str, int], bool]:
    """What everybody may do with a thing of team A and with one of no team, by the actions of 2020 that are left."""
    targets, kept = ((tenant.A,), ()), {action.name for action in shipped().actions}
    return {
        (who, action.name, number): account.may(who, action.name, whose(action.types[0], *teams))
        for who in EVERYBODY
        for action in tenant.catalogue().actions
        if action.name in kept  # to read the system preferences takes no permission any more
        for number, teams in enumerate(targets)
    }


def test_the_log_is_read_and_written_the_same_for_ever() -> None:
    """The stored bytes decode into this release's structs, encode to the same bytes, and never change."""
    lines = tenant.FILE.read_bytes().splitlines()
    assert lines == [recorded.encode(recorded.decode(line)) for line in lines]
    assert HASH == merkle.leaf_hash(tenant.FILE.read_bytes()).hex()


def test_the_log_is_what_its_script_says() -> None:
    """Every fact but its seals, which are drawn anew each time; so the script documents the file."""
    made = [(one.recorded_at, type(one.data), one.actor) for one in tenant.written()]
    assert made == [(one.recorded_at, type(one.data), one.actor) for one in tenant.history()]


def test_the_log_folds_into_the_tenant_as_it_was() -> None:
    """Four default roles (seed 000), of which the id of User is called Test Maintainer; global rights."""
    directory = Directory()
    for record in tenant.history():
        directory.apply(record)
    account = tenant.account()
    names = {role.id: role.name for role in account.now.roles()}
    assert {
        ADMINISTRATOR: "Administrator",
        USER: "Test Maintainer",
        CI_CD: "CI/CD",
        given.VIEWER: "Viewer",
        tenant.SECRET_ROTATOR: "Secret Rotator",
    } == names
    assert 1 == account.now.compiled.number
    for who in (tenant.SALLY, tenant.JENKINS):
        assert account.may(who, "contract_data:manage", whose("application", tenant.B))
    assert account.may(tenant.ROTATOR, "secret:manage", whose("secret"))
    assert not account.may(tenant.VERA, "contract_data:manage", whose("application"))


def test_adoption_changes_nothing_that_was_stored() -> None:
    """Seed 003: default roles of existing accounts are not updated; everybody may what they could before."""
    before, account = tenant.account(), adopted()
    for role in before.now.roles():
        assert role == account.now.role(role.id)
    for who in EVERYBODY:
        assert before.principal(who).roles == account.principal(who).roles
        assert before.principal(who).teams == account.principal(who).teams
    assert verdicts(before) == verdicts(account)
    assert shipped().number == account.now.compiled.number
    assert [] == account.do(AdoptCatalogue(catalogue=shipped()), SERVICE)


def test_adoption_makes_no_second_role_of_a_name() -> None:
    """Section 1.3 Q10: the tenant has a Test Maintainer; every other predefined role that it lacks is made."""
    account = adopted()
    facts = [record.data for record in account.log]
    assert isinstance(facts[0], CatalogueAdopted)
    made = {fact.role for fact in facts if isinstance(fact, RoleCreated)}
    lacking = {role.id for role in shipped().roles} - {ADMINISTRATOR, USER, CI_CD, given.VIEWER}
    assert lacking - {given.TEST_MAINTAINER} == made
    assert {given.GUEST, TEAM_ADMINISTRATOR, given.ORGANIZATION_ADMINISTRATOR} <= made
    twice = [name for name, count in Counter(role.name for role in account.now.roles()).items() if count > 1]
    assert [] == twice
    named = account.now.role_named("Test Maintainer")
    assert named is not None
    assert USER == named.id


def test_a_reset_makes_the_tenant_one_of_today() -> None:
    """Seeds 001 and 004: the global role becomes the team scoped User; custom roles and assignments are untouched."""
    account = adopted()
    custom = account.now.role(tenant.SECRET_ROTATOR)
    held = {who: account.principal(who) for who in EVERYBODY}
    facts = account.do(ResetRoles(profile="2024"))
    today = {role.id: role for role in shipped().roles}
    assert [RoleReset] * 4 == [type(fact) for fact in facts]
    assert {ADMINISTRATOR, USER, CI_CD, given.VIEWER} == {
        fact.role for fact in facts if isinstance(fact, RoleReset)
    }
    for role in account.now.roles():
        if role.predefined:
            expected = today[role.id]
            assert (expected.name, expected.description, expected.scopes) == (
                role.name,
                role.description,
                role.scopes,
            )
    reset = next(fact for fact in facts if isinstance(fact, RoleReset) and fact.role == USER)
    stored = next(role for role in tenant.ROLES if role.id == USER)
    assert (
        Definition(name="Test Maintainer", description="", scopes=tuple(map(Scope, stored.scopes)))
        == reset.before
    )
    assert ("User", True) == (reset.after.name, "contract_data:manage:team" in reset.after.scopes)
    assert custom == account.now.role(tenant.SECRET_ROTATOR)
    assert held == {who: account.principal(who) for who in EVERYBODY}
    assert account.may(tenant.SALLY, "contract_data:manage", whose("application", tenant.A))
    assert not account.may(tenant.SALLY, "contract_data:manage", whose("application", tenant.B))
    assert [] == account.do(ResetRoles(profile="2024"))


@pytest.mark.parametrize("resource", ["secret", "webhook"])
def test_swapping_everything_for_team_by_hand(resource: str) -> None:
    """Seed 003: swap `*` for `team` by an ordinary edit; non-team things are out of reach then, the team's are not."""
    account = adopted()
    role = account.now.role(USER)
    for teams in ((), (tenant.A,), (tenant.B,)):
        assert account.may(tenant.SALLY, f"{resource}:manage", whose(resource, *teams))
    swapped = tuple(
        f"{resource}:manage:team" if one == f"{resource}:manage:*" else one for one in role.scopes
    )
    facts = account.do(EditRole(role=role.id, name=role.name, scopes=swapped))
    assert [
        RolePermissionsChanged(role=role.id, before=role.scopes, after=tuple(map(Scope, swapped)))
    ] == facts
    assert not account.may(tenant.SALLY, f"{resource}:manage", whose(resource))
    assert account.may(tenant.SALLY, f"{resource}:manage", whose(resource, tenant.A))
    assert not account.may(tenant.SALLY, f"{resource}:manage", whose(resource, tenant.B))
    assert account.may(tenant.KEVIN, f"{resource}:manage", whose(resource))
    assert account.may(tenant.ROTATOR, "secret:manage", whose("secret"))


def test_a_retired_permission_stays_where_it_is_and_comes_nowhere_else() -> None:
    """Clients send a role's whole list back: what it holds may stay, while no other role is given it any more."""
    account = adopted()
    role = account.now.role(USER)
    assert "system_preference:read:*" in role.scopes
    assert [] == account.do(EditRole(role=role.id, scopes=role.scopes))
    with pytest.raises(errors.Invalid, match="retired"):
        account.do(EditRole(role=tenant.SECRET_ROTATOR, scopes=("system_preference:read:*",)))


async def test_a_service_of_today_opens_the_tenant(database: postgres.Database, tmp_path: Path) -> None:
    """Seed 003, whole: a service started on that log changes no stored role; the Administrator of 2020 resets them."""
    owner = await connect.connect(database.owner_dsn, "muniment", "migrate")
    await migrate.migrate(owner, "muniment", database.service_role)
    await tenant.store(owner)
    async with service.running(database, tmp_path, MUNIMENT_ADMIN_TOKEN="") as running:
        kevin, sally = running.client(tenant.token("Kevin")), running.client(tenant.token("Sally"))
        listed = (await kevin.get("/admin/roles")).json
        stored = next(role for role in listed["_embedded"]["roles"] if role["uuid"] == USER)
        expected = next(role for role in tenant.ROLES if role.id == USER)
        assert ("Test Maintainer", expected.scopes) == (
            stored["name"],
            tuple(one["scope"] for one in stored["permissions"]),
        )
        assert 201 == (await sally.put("/pacts/provider/Foo/consumer/Baz/version/1", {"a": 1})).status
        reset = await kevin.post(listed["_links"]["pf:reset"]["href"])
        assert 200 == reset.status, reset.text
        names = {one["uuid"]: one["name"] for one in reset.json["_embedded"]["roles"]}
        assert ("User", "Secret Rotator") == (names[USER], names[tenant.SECRET_ROTATOR])
        assert 403 == (await sally.put("/pacts/provider/Foo/consumer/Baz/version/2", {"a": 1})).status
        assert 201 == (await sally.put("/pacts/provider/Foo/consumer/Bar/version/1", {"a": 1})).status
        told = (await sally.get("/user")).json
        assert ("Sally", ["User"]) == (told["name"], [one["name"] for one in told["_embedded"]["roles"]])
    assert () == tuple((await verify.verify(owner, given.KEYS, lambda _done, _all: None)).findings)
    await owner.close()


def test_the_names_of_2025_come_to_the_tenant_with_a_reset() -> None:
    """Adoption makes Guest under its own name, so that nothing is called Viewer twice; the reset renames both."""
    account = adopted()
    assert "Guest" == account.now.role(given.GUEST).name
    account.do(ResetRoles(profile="2025"))
    assert ("Read-Only", "Viewer") == (
        account.now.role(given.VIEWER).name,
        account.now.role(given.GUEST).name,
    )
    assert (given.VIEWER,) == account.principal(tenant.VERA).roles


def test_a_custom_role_keeps_its_name_from_a_newer_catalogue() -> None:
    """A predefined role whose name somebody's own role has is not made; a later adoption makes it once it is free."""
    account = tenant.account()
    own = account.role("Guest", "role:read:*")
    account.do(AdoptCatalogue(catalogue=shipped()), SERVICE)
    assert account.now.role_or_none(given.GUEST) is None
    account.do(EditRole(role=own, name="Guests of ours"))
    later = msgspec.structs.replace(shipped(), number=shipped().number + 1)
    account.do(AdoptCatalogue(catalogue=later), SERVICE)
    assert ("Guest", True) == (account.now.role(given.GUEST).name, account.now.role(given.GUEST).locked)
