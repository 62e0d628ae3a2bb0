"""Forgetting a person, decided."""

import pytest

from service import errors
from service.commands.account import ReadTrail
from service.commands.external import External
from service.commands.order import Caller
from service.commands.people import ForgetPerson
from service.commands.preferences import ChangePreferences, Wanted
from service.commands.users import DeleteUser, EditUser
from service.events.attempts import AttemptDenied
from service.events.people import PersonForgotten
from service.events.tokens import TokenRevoked
from service.events.users import PrincipalDeleted
from service.vocabulary import Personal, PrincipalId
from tests import given
from tests.given import CONSOLE, Account


def test_a_living_person_is_deleted_and_forgotten_at_once(account: Account) -> None:
    """Tokens first, then the account, then the key: an account that nobody can name must not go on."""
    sally = account.person("Sally")
    held = account.principal(sally)
    made = account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    assert [TokenRevoked, TokenRevoked, PrincipalDeleted, PersonForgotten] == [type(one) for one in made]
    assert PersonForgotten(principal=sally, keys=(held.key,)) == made[-1]


def test_a_deleted_person_is_forgotten_alone(account: Account) -> None:
    """Whoever was deleted earlier is still named by the record until this; afterwards by id alone, and once."""
    sally = account.person("Sally")
    known = account.principal(sally)
    account.do(DeleteUser(principal=sally))
    assert "Sally" == account.now.text(known.name)
    made = account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    assert [PersonForgotten(principal=sally, keys=(known.key,))] == made
    assert (None, None) == (account.now.text(known.name), account.now.text(known.email))
    assert [] == account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)


def test_nobody_is_found_by_what_was_forgotten(account: Account) -> None:
    """The indexes by name, address and external id hold nothing of theirs, at any position; nor do the seals."""
    sally = account.person("Sally")
    outside = External(id="sally-1", username="sally@idp")
    account.do(EditUser(principal=sally, external=outside), CONSOLE)
    before = account.replica.position
    assert account.now.principal_with_external_id("sally-1")
    account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    then = account.replica.view(before)
    assert [] == then.principals_named("Sally")
    assert then.principal_with_external_id("sally-1") is then.principal_with_external_username("sally@idp")
    known = then.principal(sally)
    assert (None, None) == (then.text(known.external_id), then.text(known.external_username))
    people = account.replica.people
    indexes = (people._by_email, people._by_name, people._by_external_id, people._by_external_username)
    assert not [text for index in indexes for text in index if "sally" in text]
    assert account.now.principal_with_email("kevin@example.org")


def contacts(account: Account, *addresses: str) -> Personal:
    """Have these addresses be the operational contacts."""
    wanted = (Wanted("operationalContacts", list(addresses)),)
    account.do(ChangePreferences(wanted=wanted, key=account.fresh.key()))
    held = account.now.preference("operationalContacts")
    assert isinstance(held, Personal)
    return held


def test_an_address_among_the_contacts_is_forgotten_too(account: Account) -> None:
    """Every list that ever held an address of theirs is unreadable, at any moment; who else is told stays."""
    sally = account.person("Sally")
    account.do(EditUser(principal=sally, email="sal@example.org"), CONSOLE)
    others = contacts(account, "night@example.org")
    earlier = contacts(account, "ops@example.org", "SALLY@example.org")
    last = contacts(account, "ops@example.org", "sal@example.org")
    held = account.principal(sally)
    made = account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    assert PersonForgotten(principal=sally, keys=(held.key, last.sealed.key, earlier.sealed.key)) == made[-1]
    assert [None, None, "night@example.org"] == [account.now.text(one) for one in (last, earlier, others)]
    left = account.now.preference("operationalContacts")
    assert isinstance(left, Personal)
    assert "ops@example.org" == account.now.text(left)


def test_the_only_contact_is_forgotten(account: Account) -> None:
    """Nobody is named then, which means the administrators; a list that nobody can read goes at the next forgetting."""
    sally, billy = account.person("Sally"), account.person("Billy")
    contacts(account, "sally@example.org")
    account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    assert account.now.preference("operationalContacts") is None
    shut = contacts(account, "ops@example.org")
    account.replica.person_keys.forget(shut.sealed.key)
    made = account.do(ForgetPerson(principal=billy, key=account.fresh.key()), CONSOLE)
    assert isinstance(made[-1], PersonForgotten)
    assert shut.sealed.key in made[-1].keys
    assert account.now.preference("operationalContacts") is None


def test_a_person_is_forgotten_at_the_console_only(account: Account) -> None:
    """No token does what nothing can undo, an Administrator's neither; nor is it done to who is no person."""
    sally, bot = account.person("Sally"), account.robot("Bot")
    with pytest.raises(errors.Forbidden):
        account.do(ForgetPerson(principal=sally, key=account.fresh.key()))
    with pytest.raises(errors.Refused) as refused:
        account.do(ForgetPerson(principal=bot, key=account.fresh.key()), CONSOLE)
    assert "not_a_person" == refused.value.reason
    with pytest.raises(errors.NotFound):
        account.do(ForgetPerson(principal=PrincipalId(given.GUEST), key=account.fresh.key()), CONSOLE)
    assert "Sally" == account.now.text(account.principal(sally).name)


def test_the_last_way_back_is_not_forgotten(account: Account) -> None:
    """The rule against a lock-out holds for a deletion by this way too."""
    with pytest.raises(errors.Refused) as refused:
        account.do(ForgetPerson(principal=account.kevin, key=account.fresh.key()), CONSOLE)
    assert "would_lock_out" == refused.value.reason
    assert "Kevin" == account.now.text(account.principal(account.kevin).name)


def test_a_request_of_a_forgotten_person_is_denied_like_any_other(account: Account) -> None:
    """One that was on its way meets a denial that is recorded without an address, not a defect."""
    sally = account.person("Sally")
    account.do(ForgetPerson(principal=sally, key=account.fresh.key()), CONSOLE)
    order = account.order(ReadTrail(filters={}, until=1), Caller(principal=sally))
    assert isinstance(account.batch([order])[0], errors.Forbidden)
    last = account.log[-1]
    assert isinstance(last.data, AttemptDenied)
    assert (sally, None) == (last.actor.principal, last.source.address)


def test_an_account_whose_key_was_lost_goes_on(account: Account) -> None:
    """A row that somebody deleted by hand costs the name and the address, not the rights."""
    account.replica.person_keys.forget(account.principal(account.kevin).key)
    account.role("Keeper")
    assert "Keeper" == getattr(account.log[-1].data, "name", "")
