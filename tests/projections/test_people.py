"""Who is called what after a start from a snapshot: the same people, in the same order, whenever it is asked."""

from projections.people import People
from service.commands.external import External
from service.commands.users import EditUser
from service.log import seal
from service.vocabulary import PrincipalId
from tests.given import CONSOLE, Account

EXTERNAL = ("S", "B", "s2", "b")
NAMES = ("Sally", "Billy", "Matt", "Kevin", "Nobody")


def resumed(account: Account) -> People:
    """The index of a start from a snapshot of the account as it is now, of which nothing is taken in yet."""
    people = People(lambda personal: seal.open_sealed(personal, account.replica.person_keys))
    people.learn_earlier(account.replica.directory.principals)
    return people


def found(account: Account, people: People) -> list[list[PrincipalId]]:
    """Everybody by every name and address, at every position, in the order in which they are listed."""
    table, end = account.replica.directory.principals, account.replica.position
    asked = [
        look_up(text, table, position)
        for position in range(end + 1)
        for name in NAMES
        for look_up, text in (
            (people.with_name, name.upper()),
            (people.with_email, f"{name.lower()}@example.org"),
        )
    ] + [
        look_up(text, table, position)
        for position in range(end + 1)
        for text in EXTERNAL
        for look_up in (people.with_external_id, people.with_external_username)
    ]
    return [[one.id for one in answer] for answer in asked]


def some_people() -> Account:
    """People of whom some changed their names, into each other's too."""
    account = Account()
    sally, billy = account.person("Sally"), account.person("Billy")
    account.person("Matt")
    account.do(EditUser(principal=billy, name="Sally"))
    account.do(EditUser(principal=sally, name="Matt"))
    for one, external in ((sally, "S"), (billy, "B"), (sally, "s2")):
        account.do(EditUser(principal=one, external=External(id=external, username=external)), CONSOLE)
    return account


def test_whoever_is_looked_for_is_found_at_once() -> None:
    """The first look-up takes in whatever is left."""
    account = some_people()
    assert found(account, account.replica.people) == found(account, resumed(account))


def test_forgetting_drops_every_way_to_somebody() -> None:
    """By name, address and external id alike: nothing that is asked leads to a forgotten person any more."""
    account = some_people()
    people = account.replica.people
    (sally,) = people.with_external_id("s2", account.replica.directory.principals, account.replica.position)
    people.forget(sally.id)
    assert not any(sally.id in answer for answer in found(account, people))


def test_people_are_taken_in_bit_by_bit() -> None:
    """However it is cut, and whatever is folded meanwhile, the order of the log decides who is listed first."""
    account = some_people()
    people = resumed(account)
    assert people.learn_some(2)
    end = len(account.log)
    matt = account.replica.people.with_name(
        "Kevin", account.replica.directory.principals, account.replica.position
    )[0]
    account.do(EditUser(principal=matt.id, name="Sally"))
    account.person("Nobody")
    for record in account.log[end:]:
        people.learn(record)
    while people.learn_some(1):
        pass
    assert found(account, account.replica.people) == found(account, people)
