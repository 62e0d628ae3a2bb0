"""Aliases: one id is one principal's, and giving one gives nobody more than the giver has."""

import pytest

from service import errors
from service.commands.account import BreakGlass
from service.commands.aliases import ALIASES_MAX, SetAliases
from service.commands.people import ForgetPerson
from service.commands.system_accounts import CreateSystemAccount
from service.commands.users import DeleteUser, EditUser, InviteUser
from service.events.users import PrincipalAliasAdded, PrincipalAliasRemoved
from service.queries import naming
from service.vocabulary import AliasId, PrincipalId
from tests.given import CONSOLE, Account


def known_by(account: Account, principal: PrincipalId, *aliases: str) -> SetAliases:
    ids = tuple(AliasId(account.fresh.id()) for _ in aliases)
    return SetAliases(principal=principal, aliases=aliases, ids=ids)


def texts(account: Account, principal: PrincipalId) -> list[str | None]:
    return [account.now.text(one.text) for one in account.principal(principal).aliases]


def test_a_principal_is_found_by_each_of_its_aliases(account: Account) -> None:
    """An opaque id to the letter, an address whatever its case; no other text, and no name."""
    rick = account.person("Rick")
    subject = "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs"
    account.do(known_by(account, rick, subject, "Rick@The-Citadel.com"))
    for text in (subject, "rick@the-citadel.com", "RICK@THE-CITADEL.COM"):
        assert rick == naming.subject(account.now, text).id
    for text in (subject.lower(), "Rick", ""):
        with pytest.raises(errors.NotFound):
            naming.subject(account.now, text)


def test_setting_them_records_what_came_and_what_went(account: Account) -> None:
    """Those that are named stay, in one fact each; the same again is no fact; the text stands in seals alone."""
    rick = account.person("Rick")
    first, *_ = account.do(known_by(account, rick, "a", "b"))
    assert isinstance(first, PrincipalAliasAdded)
    assert ["a", "b"] == texts(account, rick)
    decided = account.do(known_by(account, rick, "b", "c", "c"))
    assert [PrincipalAliasRemoved, PrincipalAliasAdded] == [type(one) for one in decided]
    assert isinstance(decided[0], PrincipalAliasRemoved)
    assert first.alias == decided[0].alias
    assert ["b", "c"] == texts(account, rick)
    assert [] == account.do(known_by(account, rick, "c", "b"))
    assert 2 == len(account.do(known_by(account, rick)))
    assert [] == texts(account, rick)


def test_another_spelling_of_an_address_takes_its_place(account: Account) -> None:
    """It is the same alias to whoever asks, and shown as it was given last."""
    rick = account.person("Rick")
    account.do(known_by(account, rick, "rick@x.org"))
    assert 2 == len(account.do(known_by(account, rick, "Rick@X.org")))
    assert ["Rick@X.org"] == texts(account, rick)


@pytest.mark.parametrize(
    "alias",
    [
        "",
        "a\u200bb",
        "x" * 256,
        "00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-00000000000A",
        "user:rick",
        "system_account:rick",
    ],
)
def test_what_can_be_no_alias_is_pointed_to(account: Account, alias: str) -> None:
    """A UUID would be somebody's id, and a type before it another form of naming."""
    with pytest.raises(errors.Invalid) as caught:
        account.do(known_by(account, account.person("Rick"), "good", alias))
    assert "/aliases/1" == caught.value.pointer


def test_a_principal_has_so_many_aliases_at_most(account: Account) -> None:
    """Twenty, of which none is looked at twice."""
    rick = account.person("Rick")
    many = [f"a{n}" for n in range(ALIASES_MAX)]
    account.do(known_by(account, rick, *many, *many))
    with pytest.raises(errors.Invalid) as caught:
        account.do(known_by(account, rick, *many, "one more"))
    assert "/aliases" == caught.value.pointer


def test_an_id_is_one_principals(account: Account) -> None:
    """No alias is another's alias or address, in whatever case; who is gone holds none."""
    rick, morty = account.person("Rick"), account.person("Morty")
    account.do(known_by(account, rick, "sub-1", "r@x.org"))
    for taken in ("sub-1", "R@X.ORG", "RICK@example.org"):
        with pytest.raises(errors.Refused) as caught:
            account.do(known_by(account, morty, "mine", taken))
        assert ("alias_taken", "/aliases/1") == (caught.value.reason, caught.value.pointer)
    account.do(known_by(account, morty, "SUB-1"))  # another id, to the letter
    account.do(known_by(account, rick, "rick@example.org", "sub-1"))  # one's own address
    account.do(DeleteUser(principal=rick))
    account.do(known_by(account, morty, "sub-1", "rick@example.org"))
    assert morty == naming.subject(account.now, "rick@example.org").id


def test_an_address_that_is_an_alias_is_nobody_elses(account: Account) -> None:
    """Neither an invitation, an edit, a system account nor broken glass gives it to somebody else."""
    rick, morty = account.person("Rick"), account.person("Morty")
    account.do(known_by(account, rick, "c137@x.org"))
    fresh = account.fresh
    new = fresh.principal()
    orders = (
        InviteUser(new=fresh.principal(), invitation=fresh.invitation(), name="C", email="C137@x.org"),
        EditUser(principal=morty, email="c137@X.org"),
        CreateSystemAccount(new=fresh.principal(), tokens=fresh.tokens(), name="C", email="c137@x.org"),
    )
    for order in orders:
        with pytest.raises(errors.Refused) as caught:
            account.do(order)
        assert "email_taken" == caught.value.reason
    glass = BreakGlass(principal=new.id, new=new, email="c137@x.org", tokens=fresh.tokens())
    with pytest.raises(errors.Refused):
        account.do(glass, CONSOLE)
    account.do(EditUser(principal=rick, email="c137@x.org"))


@pytest.mark.parametrize(("scope", "allowed"), [("user:manage:*", True), ("user:read:*", False)])
def test_it_takes_the_right_to_manage_everybody_of_the_kind(
    account: Account, scope: str, allowed: bool
) -> None:
    """Of people `user:manage`; who reads them only does not say who is who."""
    somebody = account.person("Somebody", [account.role("R", scope)])
    rick = account.person("Rick", [account.role("Nothing")])
    if allowed:
        assert account.do(known_by(account, rick, "sub"), somebody)
    else:
        with pytest.raises(errors.Forbidden):
            account.do(known_by(account, rick, "sub"), somebody)


def test_a_teams_managers_of_system_accounts_do_not_say_who_is_who(account: Account) -> None:
    """The right must reach everywhere, as it must for roles."""
    team = account.team("A")
    somebody = account.person("Somebody", [account.role("R", "system_account:manage:team")], [team])
    robot = account.robot("Robot", [], [team])
    with pytest.raises(errors.Forbidden):
        account.do(known_by(account, robot, "sub"), somebody)
    assert account.do(known_by(account, robot, "sub"))


def test_nobody_names_themselves_somebody_who_may_more(account: Account) -> None:
    """Whoever has an Administrator's alias is the Administrator to every gateway: it takes all that one may.

    Taking one away gives nobody anything. An Administrator names every other, and themselves.
    """
    help_desk = account.person("Helper", [account.role("R", "user:manage:*")], [])
    for somebody in (help_desk, account.kevin):
        account.do(known_by(account, account.kevin, "boss"), account.kevin)
        if somebody == help_desk:
            with pytest.raises(errors.Forbidden) as caught:
                account.do(known_by(account, account.kevin, "boss", "mallory"), somebody)
            assert "which the account may" in caught.value.missing
        assert account.do(known_by(account, account.kevin), somebody)
    assert account.do(known_by(account, help_desk, "desk"), help_desk)


def test_a_forgotten_person_is_found_by_no_alias(account: Account) -> None:
    """The seals open no more, now and at every earlier moment; the id is free for somebody else."""
    rick = account.person("Rick")
    account.do(known_by(account, rick, "sub-1"))
    position = account.now.position
    account.do(ForgetPerson(principal=rick, key=account.fresh.key()), CONSOLE)
    for view in (account.now, account.now.at(position)):
        assert view.principal_with_alias("sub-1") is None
    assert account.do(known_by(account, account.person("Morty"), "sub-1"))
