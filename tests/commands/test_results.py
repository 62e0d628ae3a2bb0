"""Verification results: section 3.4 of the vendor's rules."""

import msgspec
import pytest

from projections.results import VerificationResult
from projections.versions import Version
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands import removals
from service.commands.contracts import PublishContract
from service.commands.results import DeleteVerification, PublishVerification
from service.commands.teams import DeleteTeam
from service.events.results import VerificationDeleted, VerificationPublished, VerificationResultsRemoved
from service.vocabulary import ApplicationId, PrincipalId, ResultId, TeamId
from tests import given
from tests.given import Account


@pytest.fixture
def contract(account: Account) -> PublishContract:
    """Foo's contract with Bar, which Kevin published; there is no Default team."""
    account.team("Other")
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    command = given.publish(account.fresh, "Foo", "Bar")
    account.do(command)
    return command


def verification(
    account: Account, contract: PublishContract, version: str = "5", *, success: bool = True, **more: str
) -> PublishVerification:
    """A result of verifying the contract's content by a version of its provider."""
    return PublishVerification(
        result=ResultId(account.fresh.id()),
        consumer=named(account, contract.consumer),
        provider=named(account, contract.provider),
        digest=contract.digest,
        version=version,
        success=success,
        **more,
    )


def named(account: Account, name: str) -> ApplicationId:
    found = account.now.application_named(name)
    assert found is not None
    return found.id


def member(account: Account, name: str, application: str) -> PrincipalId:
    """Somebody who may manage what belongs to the team of this application alone."""
    team = account.team(f"team of {name}", applications=[named(account, application)])
    role = account.role(f"role of {name}", "contract_data:manage:team")
    return account.person(name, roles=[role], teams=[team])


def results(account: Account) -> list[VerificationResult]:
    return sorted(
        account.shelf.of_application(VerificationResult, named(account, "Bar")), key=lambda one: one.number
    )


def test_a_result_is_published_and_makes_the_providers_version(
    account: Account, contract: PublishContract
) -> None:
    """Section 3.4: the provider's version comes with its first result; who made it and when is kept."""
    command = verification(
        account, contract, build_url="https://ci.example.org/7", verifier="pact", verifier_version="1.2"
    )
    [made] = account.do(command)
    assert isinstance(made, VerificationPublished)
    assert (command.result, "5", True) == (made.result, made.version, made.success)
    [held] = results(account)
    assert ("https://ci.example.org/7", "pact", "1.2") == (
        held.build_url,
        held.verifier,
        held.verifier_version,
    )
    assert account.kevin == held.publisher
    assert ["5"] == [one.version for one in account.shelf.of_application(Version, named(account, "Bar"))]


def test_who_verifies_again_has_verified_twice(account: Account, contract: PublishContract) -> None:
    """Each result is a fact with its own time and number, which is never given twice."""
    for success in (False, True, True):
        account.do(verification(account, contract, success=success))
    first, second, third = results(account)
    assert [False, True, True] == [first.success, second.success, third.success]
    assert first.number < second.number < third.number
    account.do(deletion(third))
    account.do(verification(account, contract))
    assert results(account)[-1].number > third.number


def test_several_results_in_one_batch_have_each_their_number(
    account: Account, contract: PublishContract
) -> None:
    """Orders that are recorded together are told apart like all others."""
    commands = [verification(account, contract, version) for version in ("1", "2", "3")]
    account.batch([account.order(one) for one in commands])
    assert 3 == len({one.number for one in results(account)})


def test_the_provider_decides_not_the_consumer(account: Account, contract: PublishContract) -> None:
    """Section 3.4: W on the provider to publish and to delete a result; the consumer's teams do not matter."""
    of_provider, of_consumer = member(account, "Peter", "Bar"), member(account, "Conny", "Foo")
    with pytest.raises(errors.Forbidden) as denied:
        account.do(verification(account, contract), of_consumer)
    assert "contract_data:manage on Bar" == denied.value.missing
    account.do(verification(account, contract), of_provider)
    [result] = results(account)
    with pytest.raises(errors.Forbidden):
        account.do(deletion(result), of_consumer)
    [gone] = account.do(deletion(result), of_provider)
    assert isinstance(gone, VerificationDeleted)
    assert [] == results(account)


def test_only_a_content_that_somebody_holds_is_verified(account: Account, contract: PublishContract) -> None:
    """A digest that no contract of the two has is not found, and nothing is recorded."""
    other = msgspec.structs.replace(verification(account, contract), digest="0" * 64)
    with pytest.raises(errors.NotFound):
        account.do(other)
    with pytest.raises(errors.NotFound):
        account.do(
            DeleteVerification(
                consumer=other.consumer, provider=other.provider, digest=contract.digest, number=1
            )
        )
    assert [] == results(account)


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("version", "", "/providerApplicationVersion"),
        ("version", "a\nb", "/providerApplicationVersion"),
        ("build_url", "javascript:alert(1)", "/buildUrl"),
        ("verifier", "a\nb", "/verifiedBy/implementation"),
    ],
)
def test_what_no_result_can_say_is_refused(
    account: Account, contract: PublishContract, field: str, value: str, pointer: str
) -> None:
    """The pointer names what is wrong; a build's address is one that a browser may follow."""
    command = msgspec.structs.replace(verification(account, contract), **{field: value})
    with pytest.raises(errors.Invalid) as refused:
        account.do(command)
    assert pointer == refused.value.pointer


def test_results_that_a_deletion_takes_are_named_each_and_split(
    account: Account, contract: PublishContract
) -> None:
    """Section 3.6: children name exactly what vanished, the oldest first, none larger than a record may be."""
    for _ in range(200):
        account.do(verification(account, contract, version="5" * 200))
    held = results(account)
    children = removals.results_removed(reversed(held))
    assert len(children) > 1
    removed = [
        one for child in children if isinstance(child, VerificationResultsRemoved) for one in child.results
    ]
    assert [one.id for one in held] == [one.result for one in removed]
    assert all(len(msgspec.json.encode(child)) < removals.PIECE_BYTES_MAX for child in children)


def deletion(result: VerificationResult) -> DeleteVerification:
    return DeleteVerification(
        consumer=result.consumer, provider=result.provider, digest=result.digest, number=result.number
    )
