import pytest

from projections import bodies
from service import errors
from service.commands.bodies import PIECE_BODIES_MAX, ForgetBodies
from service.commands.contracts import DeleteContract
from service.commands.order import Caller
from service.events.contracts import ContractPublished
from service.events.deletions import ContractBodiesForgotten, ForgottenBody
from service.vocabulary import VaultRef
from tests import given
from tests.given import START, Account

SERVICE = Caller(system="nothing holds these bodies any longer")


def published(account: Account, consumer: str, version: str, body: str) -> ContractPublished:
    """The record of a publication with Bar."""
    made = account.do(given.publish(account.fresh, consumer, "Bar", version, body))
    return next(one for one in made if isinstance(one, ContractPublished))


def unheld(account: Account) -> list[tuple[str, VaultRef]]:
    """The bodies that no contract holds, the longest unheld first."""
    search = bodies.Search(account.now)
    for _ in search.steps():
        pass
    return [(one.digest, one.body) for one in search.found]


def forgetting(account: Account, *contracts: ContractPublished) -> ForgetBodies:
    """The service's order about these contracts' bodies, found at this moment."""
    named = tuple(ForgottenBody(digest=one.digest, body=one.body) for one in contracts)
    return ForgetBodies(bodies=named, seen_at=account.now.position, unheld_since=START)


def test_a_body_is_unheld_once_its_last_contract_is_gone_or_says_something_else(account: Account) -> None:
    """One body that two contracts share stays while one of them does; what a later publication replaced is unheld."""
    first, shared = published(account, "Foo", "1", "shared"), published(account, "Foo", "2", "shared")
    replaced = published(account, "Baz", "1", "first thought")
    assert [] == unheld(account)
    published(account, "Baz", "1", "second thought")
    assert [(replaced.digest, replaced.body)] == unheld(account)
    account.do(DeleteContract(contract=first.contract))
    assert [(replaced.digest, replaced.body)] == unheld(account)
    account.do(DeleteContract(contract=shared.contract))
    assert [(one.digest, one.body) for one in (replaced, shared)] == unheld(account)


def test_what_is_forgotten_is_named_and_is_nowhere_to_be_found(account: Account) -> None:
    """The record names digest and ref; the same content published again gets a row of its own."""
    contract = published(account, "Foo", "1", "content")
    account.do(DeleteContract(contract=contract.contract))
    (forgotten,) = account.do(forgetting(account, contract), SERVICE)
    assert isinstance(forgotten, ContractBodiesForgotten)
    assert (ForgottenBody(digest=contract.digest, body=contract.body),) == forgotten.bodies
    assert None is account.now.body_ref(contract.digest)
    assert [] == unheld(account)
    again = published(account, "Foo", "1", "content")
    assert again.body not in (contract.body, None)
    assert again.body == account.now.body_ref(contract.digest)


def test_forgetting_twice_changes_nothing(account: Account) -> None:
    """Two replicas that both look do no harm: the second finds nothing to forget."""
    contract = published(account, "Foo", "1", "content")
    account.do(DeleteContract(contract=contract.contract))
    order = forgetting(account, contract)
    assert 1 == len(account.do(order, SERVICE))
    assert [] == account.do(order, SERVICE)


def test_what_was_published_since_it_was_looked_for_stays(account: Account) -> None:
    """A publication between the look and the order holds the body again: it is not taken from under it."""
    contract = published(account, "Foo", "1", "content")
    account.do(DeleteContract(contract=contract.contract))
    order = forgetting(account, contract)
    again = published(account, "Foo", "2", "content")
    assert contract.body == again.body
    assert [] == account.do(order, SERVICE)
    assert contract.body == account.now.body_ref(contract.digest)


@pytest.mark.parametrize(("count", "records"), [(1, 1), (PIECE_BODIES_MAX, 1), (PIECE_BODIES_MAX + 1, 2)])
def test_many_bodies_are_several_records(account: Account, count: int, records: int) -> None:
    """However many are forgotten, each record fits."""
    contracts = [published(account, "Foo", str(number), f"content {number}") for number in range(count)]
    for contract in contracts:
        account.do(DeleteContract(contract=contract.contract))
    assert records == len(account.do(forgetting(account, *contracts), SERVICE))
    assert [] == unheld(account)


def test_nobody_without_authority_orders_it(account: Account) -> None:
    """No route and no command gives this order; whoever came without being anybody would be refused."""
    with pytest.raises(errors.Unauthenticated):
        account.do(ForgetBodies(bodies=(), seen_at=0, unheld_since=START), Caller())
