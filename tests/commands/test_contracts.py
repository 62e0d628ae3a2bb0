"""Contracts: seed 002, sections 3.3 and 3.4 of the vendor's rules."""

import msgspec
import pytest

from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands.branches import DeleteBranch
from service.commands.contracts import (
    DeleteContract,
    PublishContract,
    PublishContracts,
)
from service.commands.results import PublishVerification
from service.commands.teams import DeleteTeam
from service.events import Event
from service.events.applications import ApplicationCreated
from service.events.branches import VersionPutOnBranch
from service.events.contracts import (
    ContractDeleted,
    ContractPublished,
)
from service.events.results import VerificationResultsRemoved
from service.vocabulary import ApplicationId, PrincipalId, ResultId, TeamId
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


def test_publishing_makes_what_is_not_here_yet(account: Account) -> None:
    """Section 3.3: an application made as a side effect of a publication belongs to who published."""
    sally = account.person("Sally")
    command = given.publish(account.fresh, "Foo", "Bar", "1.0.0", body="{}")
    made = account.do(command, sally)
    created = [event for event in made if isinstance(event, ApplicationCreated)]
    assert [("Foo", sally), ("Bar", sally)] == [(event.name, event.creator) for event in created]
    assert (
        ContractPublished(
            contract=command.contract,
            consumer=command.consumer_id,
            provider=command.provider_id,
            version="1.0.0",
            branch=None,
            digest=command.digest,
            body=command.body_ref,
            bytes=2,
        )
        == made[-1]
    )


def test_an_application_may_consume_itself(account: Account) -> None:
    """One application on both sides is made once."""
    made = account.do(given.publish(account.fresh, "Foo", "Foo"))
    assert 1 == len([event for event in made if isinstance(event, ApplicationCreated)])
    assert [1] == [integration.contracts for integration in account.now.integrations()]


def test_publishing_the_same_again_changes_nothing(account: Account) -> None:
    """A build that runs twice publishes twice; the second time nothing happened."""
    first = given.publish(account.fresh, "Foo", "Bar", body="{}")
    account.do(first)
    assert [] == account.do(given.publish(account.fresh, "Foo", "Bar", body="{}"))
    other = given.publish(account.fresh, "Foo", "Bar", body="{ }")
    made = account.do(other)
    published = made[-1]
    assert isinstance(published, ContractPublished)
    assert (first.contract, first.digest) == (published.contract, published.replaces)


def strictly(account: Account, version: str = "1", **more: object) -> PublishContract:
    """A publication that overwrites nothing."""
    made = given.publish(account.fresh, "Foo", "Bar", version)
    return msgspec.structs.replace(made, overwrites=False, **more)


def refusal(account: Account, command: PublishContract | PublishContracts) -> errors.Refused:
    with pytest.raises(errors.Refused) as caught:
        account.do(command)
    return caught.value


def test_another_content_of_a_published_version_is_a_conflict(account: Account) -> None:
    """Nobody changes what was verified under a version's number: the words are a Pact Broker's."""
    first = given.publish(account.fresh, "Foo", "Bar")
    account.do(first)
    refused = refusal(account, strictly(account, basis=first.digest))
    assert "contract_conflict" == refused.reason
    assert refused.sentence.startswith(
        "Cannot change the content of the pact for Foo version 1 and provider Bar,"
    )
    assert account.do(strictly(account, version="2"))


def test_what_says_the_same_changes_nothing_and_what_was_merged_replaces(account: Account) -> None:
    """A comparison with what the version has decides; on a branch of its own the same content is said again."""
    first = given.publish(account.fresh, "Foo", "Bar")
    account.do(first)
    same = strictly(account, basis=first.digest, compared="same")
    assert [] == account.do(same)
    (branched,) = account.do(msgspec.structs.replace(same, branch="main"))
    assert isinstance(branched, ContractPublished)
    assert ("main", first.digest, first.body_ref) == (branched.branch, branched.digest, branched.body)
    merged = strictly(account, basis=first.digest, compared="merged")
    (replaced,) = account.do(merged)
    assert isinstance(replaced, ContractPublished)
    assert (merged.digest, first.digest, "main") == (replaced.digest, replaced.replaces, replaced.branch)


@pytest.mark.parametrize("compared", ["other", "same", "merged"])
def test_a_comparison_with_what_is_no_longer_there_decides_nothing(account: Account, compared: str) -> None:
    """Somebody was faster: whoever compared compares anew, and nothing that they published is lost."""
    account.do(given.publish(account.fresh, "Foo", "Bar"))
    assert "contract_moved" == refusal(account, strictly(account, basis="ab" * 32, compared=compared)).reason
    assert "contract_moved" == refusal(account, strictly(account)).reason


def several(account: Account, *providers: str, **more: object) -> PublishContracts:
    made = [given.publish(account.fresh, "Foo", provider, body="{}") for provider in providers]
    ids = {"consumer_id": made[0].consumer_id, **more}
    return PublishContracts(contracts=tuple(msgspec.structs.replace(one, **ids) for one in made))


def test_several_are_one_order(account: Account) -> None:
    """All have one correlation; each application is made once, and one body is kept once, whoever expects it."""
    command = several(account, "Bar", "Foo", "Baz")
    records = account.handle(command).records
    made = [one.data for one in records]
    published = [one for one in made if isinstance(one, ContractPublished)]
    assert ["Foo", "Bar", "Baz"] == [one.name for one in made if isinstance(one, ApplicationCreated)]
    assert 3 == len(published)
    assert 1 == len({one.body for one in published})
    assert {records[0].id} == {one.correlation for one in records[1:]}
    assert [] == account.do(command)


def test_a_branch_that_was_deleted_comes_back_with_the_same_publication(account: Account) -> None:
    """Who publishes from a branch is told that the version is on it: so it is, though no contract changed."""
    command = several(account, "Bar", branch="main")
    account.do(command)
    assert [] == account.do(command)
    foo = named(account, "Foo")
    account.do(DeleteBranch(application=foo, branch="main"))
    assert [VersionPutOnBranch(application=foo, branch="main", version="1")] == account.do(command)
    assert [] == account.do(command)


def test_what_refuses_one_of_several_refuses_all(account: Account) -> None:
    """A conflict, a bad digest or two contracts with one provider: nothing is made, not even the applications."""
    first = given.publish(account.fresh, "Foo", "Bar")
    account.do(first)
    command = several(account, "New", "Bar", overwrites=False, basis=first.digest)
    assert "contract_conflict" == refusal(account, command).reason
    twice = several(account, "New", "Baz")
    bad = msgspec.structs.replace(twice.contracts[1], digest="AB")
    for wrong in (several(account, "New", "New"), PublishContracts(contracts=(twice.contracts[0], bad))):
        with pytest.raises(errors.Invalid):
            account.do(wrong)
    assert account.now.application_named("New") is None


def test_a_denial_of_one_of_several_is_the_whole_order_s(account: Account) -> None:
    """Section 3.4: the consumer's W, and the right to make each provider that nobody knows yet."""
    foo = account.application("Foo")
    account.application("Bar")
    sally = person(account, "Sally", "contract_data:manage:team", team=account.team("A", [foo]))
    assert account.do(several(account, "Bar"), sally)
    with pytest.raises(errors.Forbidden) as caught:
        account.do(several(account, "Bar", "New"), sally)
    assert "contract_data:manage on New" == caught.value.missing


def test_one_body_is_kept_once(account: Account) -> None:
    """The same contract from another version refers to the first body's row."""
    first = given.publish(account.fresh, "Foo", "Bar", "1", body="{}")
    account.do(first)
    second = account.do(given.publish(account.fresh, "Foo", "Bar", "2", body="{}"))[-1]
    assert isinstance(second, ContractPublished)
    assert first.body_ref == second.body


def test_the_consumer_decides_who_may_publish(account: Account) -> None:
    """Section 3.4: reach over the consumer; the provider's teams do not matter."""
    apart(account)
    foo, _baz = account.application("Foo"), account.application("Baz")
    team = account.team("A", [foo])
    sally = person(account, "Sally", "contract_data:manage:team", team=team)
    assert account.do(given.publish(account.fresh, "Foo", "Baz"), sally)
    with pytest.raises(errors.Forbidden) as caught:
        account.do(given.publish(account.fresh, "Baz", "Foo"), sally)
    assert "contract_data:manage on Baz" == caught.value.missing


@pytest.mark.parametrize(("consumer", "provider"), [("New", "Foo"), ("Foo", "New")])
def test_making_either_side_takes_the_right_to_create(account: Account, consumer: str, provider: str) -> None:
    """Section 3.4: a publication that names a new application needs what creating it needs."""
    foo = account.application("Foo")
    team = account.team("A", [foo])
    sally = person(account, "Sally", "contract_data:manage:team", team=team)
    with pytest.raises(errors.Forbidden) as caught:
        account.do(given.publish(account.fresh, consumer, provider), sally)
    assert "contract_data:manage on New" == caught.value.missing
    maker = person(account, "Maker", "contract_data:manage:team", "contract_data:manage:own", team=team)
    assert account.do(given.publish(account.fresh, consumer, provider), maker)


@pytest.mark.parametrize(
    "wrong",
    [{"version": ""}, {"version": "1\n2"}, {"digest": "AB" * 32}, {"consumer": ""}, {"branch": "\x07"}],
)
def test_what_cannot_be_a_publication_is_invalid(account: Account, wrong: dict[str, str]) -> None:
    """Nothing is made of it, not even the applications."""
    command: PublishContract = msgspec.structs.replace(given.publish(account.fresh, "Foo", "Bar"), **wrong)
    with pytest.raises(errors.Invalid):
        account.do(command)
    assert account.now.application_named("Foo") is None


def test_deleting_one_contract_takes_no_bulk_permission(account: Account) -> None:
    """Sections 3.4 and 3.6: single deletion needs W on the consumer alone."""
    sally = person(account, "Sally", "contract_data:manage:own")
    contract = account.contract("Foo", "Bar", by=sally)
    made = account.do(DeleteContract(contract=contract), sally)
    assert [ContractDeleted] == [type(event) for event in made]
    assert [] == list(account.now.integrations())
    with pytest.raises(errors.NotFound):
        account.do(DeleteContract(contract=contract), sally)


def verified(account: Account, contract: PublishContract) -> ResultId:
    result = ResultId(account.fresh.id())
    pair_ = {"consumer": named(account, "Foo"), "provider": named(account, "Bar")}
    account.do(PublishVerification(result=result, digest=contract.digest, version="5", success=True, **pair_))
    return result


def removed(made: list[Event]) -> list[str]:
    return [
        one.result for event in made if isinstance(event, VerificationResultsRemoved) for one in event.results
    ]


def test_results_go_with_the_last_contract_that_holds_their_content(account: Account) -> None:
    """While another version has the same content they stay; the record names each that went."""
    first, second = (given.publish(account.fresh, "Foo", "Bar", version, body="{}") for version in "12")
    account.do(first)
    account.do(second)
    result = verified(account, first)
    assert [] == removed(account.do(DeleteContract(contract=first.contract)))
    assert [result] == removed(account.do(DeleteContract(contract=second.contract)))


def test_results_of_a_content_that_was_replaced_go_with_it(account: Account) -> None:
    """By one contract as by several: nobody has what was verified any more."""
    first = given.publish(account.fresh, "Foo", "Bar")
    account.do(first)
    result = verified(account, first)
    second = given.publish(account.fresh, "Foo", "Bar")
    assert [result] == removed(account.do(second))
    result = verified(account, second)
    assert [result] == removed(account.do(several(account, "Bar")))
