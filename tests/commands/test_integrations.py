"""Integrations and their bulk deletion: seed 002, sections 3.3 and 3.6 of the vendor's rules."""

import uuid
from collections.abc import Callable, Iterable

import msgspec
import pytest

from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands import packing, removals, removals_versions
from service.commands.integrations import (
    DeleteBranchContracts,
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
    DeleteTaggedContracts,
)
from service.commands.teams import DeleteTeam, EditTeam
from service.events import Event
from service.events.applications import ApplicationsRemoved
from service.events.contracts import (
    ContractsRemoved,
    IntegrationBranchContractsDeleted,
    IntegrationContractsDeleted,
    IntegrationDeleted,
    IntegrationsDeleted,
    RemovedContract,
)
from service.events.versions import VersionsRemoved
from service.log import recorded
from service.vocabulary import ApplicationId, PrincipalId, TeamId
from tests import given
from tests.given import Account


def person(account: Account, name: str, *scopes: str, team: TeamId | None = None) -> PrincipalId:
    return account.person(
        name, roles=[account.role(f"role of {name}", *scopes)], teams=[team] if team else []
    )


def apart(account: Account) -> None:
    """Without the Default team, as seed 002 advises for secure setups."""
    account.team("Other")
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))


def named(account: Account, name: str) -> ApplicationId:
    found = account.now.application_named(name)
    assert found is not None
    return found.id


def pair(account: Account, consumer: str, provider: str) -> dict[str, ApplicationId]:
    return {"consumer": named(account, consumer), "provider": named(account, provider)}


@pytest.mark.parametrize("kind", [DeleteIntegration, DeleteIntegrationContracts])
@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (("contract_data:manage:*",), False),
        (("contract_data:bulk_delete:*",), True),
        (("contract_data:bulk_delete:team",), True),
        (("contract_data:bulk_delete:own",), False),
        (("contract_data:manage:team", "contract_data:manage:own", "contract_data:read:*"), False),
    ],
)
def test_bulk_deletion_takes_its_own_permission_on_the_consumer(
    account: Account,
    kind: type[DeleteIntegration | DeleteIntegrationContracts],
    scopes: tuple[str, ...],
    allowed: bool,
) -> None:
    """Seed 002, example bulk operations: `manage` never implies it, and the refusal says what is missing."""
    apart(account)
    account.contract("Foo", "Bar")
    team = account.team("A", [named(account, "Foo")])
    sally = person(account, "Sally", *scopes, team=team)
    command = kind(**pair(account, "Foo", "Bar"))
    if allowed:
        assert account.do(command, sally)
    else:
        with pytest.raises(errors.Forbidden) as caught:
            account.do(command, sally)
        assert "contract_data:bulk_delete on Foo/Bar" == caught.value.missing


def test_the_provider_s_team_may_not_bulk_delete(account: Account) -> None:
    """Section 3.6: the extent is the consumer's."""
    apart(account)
    account.contract("Foo", "Bar")
    team = account.team("B", [named(account, "Bar")])
    billy = person(account, "Billy", "contract_data:bulk_delete:team", team=team)
    with pytest.raises(errors.Forbidden):
        account.do(DeleteIntegration(**pair(account, "Foo", "Bar")), billy)


def test_deleting_the_contracts_of_an_integration_keeps_the_applications(account: Account) -> None:
    """Parent and child under one correlation: how many, and exactly which."""
    contracts = {account.contract("Foo", "Bar", version) for version in "123"}
    both = pair(account, "Foo", "Bar")
    outcome = account.handle(DeleteIntegrationContracts(**both))
    parent, child = (record.data for record in outcome.records)
    assert IntegrationContractsDeleted(**both, contracts=3) == parent
    assert isinstance(child, ContractsRemoved)
    assert contracts == {one.contract for one in child.contracts}
    assert outcome.records[0].id == outcome.records[1].correlation
    assert (named(account, "Foo"), named(account, "Bar")) == (both["consumer"], both["provider"])
    with pytest.raises(errors.NotFound):
        account.do(DeleteIntegrationContracts(**both))


def test_contracts_of_a_branch_or_with_a_tag_go_alone(account: Account) -> None:
    """Section 3.6: those of versions on the branch or with the tag; where there are none nothing happens."""
    for version in ("1", "2"):
        command = given.publish(account.fresh, "Foo", "Bar", version)
        account.do(msgspec.structs.replace(command, branch=f"feat {version}"))
    both = pair(account, "Foo", "Bar")
    assert [] == account.do(DeleteTaggedContracts(**both, tag="feat 1"))
    parent, child = account.do(DeleteBranchContracts(**both, branch="feat 1"))
    assert IntegrationBranchContractsDeleted(**both, branch="feat 1", contracts=1) == parent
    assert ["1"] == [one.version for one in _removed(child)]
    assert ["2"] == [one.version for one in account.now.contracts_of(*both.values())]
    assert [] == account.do(DeleteBranchContracts(**both, branch="feat 1"))
    with pytest.raises(errors.Invalid):
        account.do(DeleteBranchContracts(**both, branch=""))


def test_deleting_an_integration_takes_applications_that_stand_alone(account: Account) -> None:
    """Section 3.6: either application goes if nothing else refers to it, and stays if something does."""
    account.contract("Foo", "Bar")
    account.contract("Bar", "Baz")
    both = pair(account, "Foo", "Bar")
    parent, contracts, versions, applications = account.do(DeleteIntegration(**both))
    assert IntegrationDeleted(**both, contracts=1) == parent
    assert isinstance(contracts, ContractsRemoved)
    assert isinstance(versions, VersionsRemoved)
    assert ApplicationsRemoved(applications=(both["consumer"],), names=("Foo",)) == applications
    assert account.now.application_named("Bar") is not None


def test_deleting_everything_takes_the_widest_permission(account: Account) -> None:
    """Section 3.6: `bulk_delete:*` alone; every application goes; where nothing is, nothing is done."""
    account.contract("Foo", "Bar")
    account.contract("Bar", "Baz")
    account.application("Lonely")
    team = account.team("A", [named(account, name) for name in ("Foo", "Bar", "Baz")])
    sally = person(
        account, "Sally", "contract_data:bulk_delete:team", "contract_data:bulk_delete:own", team=team
    )
    with pytest.raises(errors.Forbidden):
        account.do(DeleteIntegrations(), sally)
    made = account.do(DeleteIntegrations())
    assert IntegrationsDeleted(integrations=2, contracts=2) == made[0]
    assert [] == [one.id for one in account.now.applications()]
    assert [] == account.do(DeleteIntegrations())


def test_long_names_and_many_contracts_fit_their_records(account: Account) -> None:
    """However long names and versions are, a bulk deletion is possible, and its pieces list everything once."""
    apart(account)
    long = [f'{"€" * 200}{n:03}"\\' for n in range(24)]
    contracts = set()
    for n, name in enumerate(long):
        for version in range(3):
            contracts.add(account.contract(name, long[n - 1], f"{'€' * 240}{version}"))
    records = account.handle(DeleteIntegrations(), reason="€" * 2_000).records
    assert max(len(recorded.encode(record)) for record in records) <= recorded.ENTRY_BYTES_MAX
    gone = [one.contract for record in records for one in _removed(record.data)]
    assert (len(contracts), contracts) == (len(gone), set(gone))
    assert [] == [one.name for one in account.now.applications()]


def test_what_a_bulk_deletion_removes_stands_in_the_order_of_its_making(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sorted a stretch at a time, it is the same as sorted at a stroke, however it comes in."""
    for n in range(20):
        account.contract(f"Foo {n % 3}", "Bar", f"1.{n}")
    view = account.now
    every = [one for pair in view.integrations() for one in view.contracts_of(pair.consumer, pair.provider)]
    expected = sorted(every, key=lambda one: one.created_at)
    assert expected != every
    for stretch in (1, 3, 20, 1_000):
        monkeypatch.setattr(packing, "_STRETCH", stretch)
        assert expected == list(removals.oldest_first(every))
        assert expected == list(removals.oldest_first(reversed(every)))
    assert [] == list(removals.oldest_first(()))


def _removed(event: Event) -> tuple[RemovedContract, ...]:
    return event.contracts if isinstance(event, ContractsRemoved) else ()


def test_own_follows_the_creator_not_the_team(account: Account) -> None:
    """Section 3.3: ownership does not move, whatever team the application comes to."""
    sally = person(account, "Sally", "contract_data:manage:own", "contract_data:bulk_delete:own")
    account.contract("Foo", "Bar", by=sally)
    account.do(EditTeam(team=account.team("B"), applications=(named(account, "Foo"),)))
    assert account.do(DeleteIntegration(**pair(account, "Foo", "Bar")), sally)


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """A version, tag, branch or label that vanishes."""

    application: ApplicationId
    version: str = ""
    place: str = ""


@pytest.mark.parametrize(
    "split",
    [
        removals_versions.versions_removed,
        removals_versions.tags_removed,
        removals_versions.branches_removed,
        removals_versions.branch_versions_removed,
        removals_versions.labels_removed,
    ],
)
def test_what_vanishes_beside_contracts_is_listed_whole_in_records_that_fit(
    split: Callable[[Iterable[Gone]], list[Event]],
) -> None:
    """Each of thousands stands in one child, in the order given, and no child is too large for its record."""
    hostile = '"' * 255
    gone = [
        Gone(application=ApplicationId(str(uuid.UUID(int=number % 50))), version=hostile, place=hostile)
        for number in range(1_000)
    ]
    children = split(gone)
    listed = [row for child in children for row in getattr(child, child.__struct_fields__[0])]
    assert [one.application for one in gone] == [row.application for row in listed]
    assert 1 < len(children)
    assert all(len(msgspec.json.encode(child)) <= removals.PIECE_BYTES_MAX for child in children)
    assert [] == split([])
