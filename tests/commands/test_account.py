"""What is asked of the account itself: opening, catalogues, the trail, restoration, the glass."""

import msgspec
import pytest

from projections import access
from projections.things import Target
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, AUDITOR, DECISION_CLIENT, DEFAULT_TEAM, REGISTRAR, USER
from service.catalogue.loader import shipped
from service.catalogue.model import Catalogue, Permission
from service.commands.account import AddKey, AdoptCatalogue, BreakGlass, OpenAccount, ReadTrail, RestoreLog
from service.commands.order import Caller
from service.commands.roles import EditRole
from service.events.account import (
    BreakGlassUsed,
    CatalogueAdopted,
    KeyAdded,
    LogOpened,
    LogRestored,
    TrailRead,
)
from service.events.roles import RoleCreated
from service.log.keys import Keys
from service.vocabulary import KeyId, PrincipalId, RoleId, Thing
from tests import given
from tests.given import Account

SERVICE = Caller(system="catalogue of this release")


def newer(**changes: object) -> Catalogue:
    """The shipped catalogue under a higher number."""
    return msgspec.structs.replace(shipped(), number=shipped().number + 1, **changes)


def test_an_account_begins_with_all_that_it_needs(account: Account) -> None:
    """Record 1 names log and key; then catalogue, roles, the Default team, and an Administrator with two tokens."""
    first, second = account.log[0].data, account.log[1].data
    assert isinstance(first, LogOpened)
    assert isinstance(second, CatalogueAdopted)
    kevin = account.principal(account.kevin)
    assert {USER, ADMINISTRATOR, AUDITOR, DECISION_CLIENT, REGISTRAR} == set(kevin.roles)
    assert ((DEFAULT_TEAM,), 2) == (kevin.teams, len(kevin.tokens))
    assert {role.id for role in shipped().roles} == {role.id for role in account.now.roles()}


def test_only_the_service_opens_and_only_an_empty_log(account: Account) -> None:
    """A second opening is refused whoever asks."""
    again = account.opening()
    assert isinstance(again, OpenAccount)
    with pytest.raises(errors.Refused):
        account.do(again, SERVICE)
    for by in (account.kevin, given.CONSOLE):
        with pytest.raises(errors.Forbidden):
            account.do(again, by)


def test_only_a_higher_catalogue_is_adopted(account: Account) -> None:
    """The same or an older one changes nothing; rules are facts, and an old release never takes them back."""
    assert [] == account.do(AdoptCatalogue(catalogue=shipped()), SERVICE)
    assert [] == account.do(AdoptCatalogue(catalogue=msgspec.structs.replace(shipped(), number=0)), SERVICE)
    with pytest.raises(errors.Forbidden):
        account.do(AdoptCatalogue(catalogue=newer()))


def test_a_new_catalogue_leaves_stored_roles_alone_and_adds_new_ones(account: Account) -> None:
    """Seed 003: default permissions are never pushed into existing roles; only a reset does that."""
    account.do(EditRole(role=RoleId(USER), scopes=("contract_data:read:*",)))
    roles = tuple(msgspec.structs.replace(role, scopes=("role:read:*",)) for role in shipped().roles)
    added = msgspec.structs.replace(roles[0], id=account.fresh.id(), name="Newcomer")
    made = account.do(AdoptCatalogue(catalogue=newer(roles=(*roles, added))), SERVICE)
    assert [CatalogueAdopted, RoleCreated] == [type(event) for event in made]
    assert ("contract_data:read:*",) == account.now.role(USER).scopes
    assert shipped().roles[0].scopes == account.now.role(ADMINISTRATOR).scopes


def test_scopes_mean_what_the_catalogue_of_the_moment_says(account: Account) -> None:
    """A scope that comes with a later catalogue is unknown before it, and questions about before stay as they were."""
    scope = Permission(scope="ai:generation:speech", label="x", group="Ai", description="x")
    action = msgspec.structs.replace(shipped().actions[0], name="ai:generation:speech")
    command = given.role(account.fresh, "Speaker", "ai:generation:speech")
    with pytest.raises(errors.Invalid):
        account.do(command)
    sally = account.person("Sally")
    before = account.replica.position
    later = newer(permissions=(*shipped().permissions, scope), actions=(*shipped().actions, action))
    account.do(AdoptCatalogue(catalogue=later), SERVICE)
    assert account.do(command)
    anything = Target(Thing("ai", "*"))
    assert account.may(sally, "ai:generation:speech", anything)
    assert not access.may(account.replica.view(before), sally, "ai:generation:speech", anything)


def test_reading_the_trail_is_a_fact_and_takes_permission(account: Account) -> None:
    """Who looked, with which filters, up to where; who may not is denied, and that is a fact too."""
    command = ReadTrail(filters={"actor": account.kevin}, until=9)
    assert [TrailRead(filters={"actor": account.kevin}, until=9)] == account.do(command)
    with pytest.raises(errors.Forbidden) as caught:
        account.do(command, account.person("Sally"))
    assert "audit:read" == caught.value.missing


def test_a_restoration_is_accepted_at_the_console_alone(account: Account) -> None:
    """It says which epoch ends, which begins, and what was lost."""
    fields = {"epoch_before": account.fresh.id(), "epoch": account.fresh.id(), "lost_from": 7, "lost_to": 9}
    command = RestoreLog(**fields)  # type: ignore[arg-type]  # two texts and two numbers, as the command has them
    for by in (account.kevin, SERVICE):
        with pytest.raises(errors.Forbidden):
            account.do(command, by)
    assert [LogRestored(**fields)] == account.do(command, given.CONSOLE)  # type: ignore[arg-type]  # as above


def test_the_glass_is_broken_at_the_console_alone(account: Account) -> None:
    """The first fact says for whom; an address that is taken names the account to use instead."""
    made = account.do(BreakGlass(principal=account.kevin, tokens=account.fresh.tokens()), given.CONSOLE)
    assert BreakGlassUsed(principal=account.kevin) == made[0]
    new = account.fresh.principal()
    with pytest.raises(errors.Refused) as caught:
        account.do(
            BreakGlass(principal=new.id, tokens=account.fresh.tokens(), new=new, email="KEVIN@example.org"),
            given.CONSOLE,
        )
    assert "email_taken" == caught.value.reason
    for by in (account.kevin, SERVICE, Caller(code=True)):
        with pytest.raises((errors.Forbidden, errors.Unauthenticated)):
            account.do(BreakGlass(principal=account.kevin, tokens=account.fresh.tokens()), by)
    nobody = PrincipalId(account.fresh.id())
    with pytest.raises(errors.NotFound):
        account.do(BreakGlass(principal=nobody, tokens=account.fresh.tokens()), given.CONSOLE)


def test_a_key_is_added_at_the_console_and_once(account: Account) -> None:
    """Whoever has the key and the console changes over to it; it seals from that record on. A missing one stops."""
    later = Keys.derived(b"\x11" * 32, b"x" * 32)
    account.replica.keys = later
    command = AddKey(fingerprint=later.fingerprints[1], verifier="v")
    with pytest.raises(errors.Forbidden):
        account.do(command)
    before = later.sealing
    assert [KeyAdded(fingerprint=later.fingerprints[1], verifier="v")] == account.do(command, given.CONSOLE)
    assert before != later.sealing == later.wrap(KeyId("k"), b"k" * 32)[:5]
    assert [] == account.do(command, given.CONSOLE)
    assert [(later.fingerprints[1], "v")] == account.now.added_keys()
    with pytest.raises(errors.Broken, match="12345678"):
        account.do(AddKey(fingerprint="12345678", verifier="w"), given.CONSOLE)
    assert "12345678" in account.replica.stopped
