"""`who`: everybody who may, or at an earlier moment could have."""

from tests.cli.conftest import Terminal, Told

DELETE = ("contract_data:bulk_delete", "integration:Foo/Bar")


def test_who_could_have(terminal: Terminal, told: Told) -> None:
    """A moment before the deletion Kevin and Matt could have; now only Kevin may."""
    before = str(told.played.marks["before the deletion"])
    assert ["Kevin", "Matt"] == _names(terminal, *DELETE, "--as-of", before)
    assert ["Kevin"] == _names(terminal, *DELETE)


def test_nobody_is_a_no(terminal: Terminal, told: Told) -> None:
    """Exit 1 where nobody may, as `can` has it."""
    before = str(told.played.marks["teams set up"])
    assert 1 == terminal("who", "secret:read", "secret:*", "--as-of", "3").code
    assert 0 == terminal("who", "secret:manage", "secret:*", "--as-of", before).code


def test_a_thing_that_is_not_there(terminal: Terminal) -> None:
    """Exit 3, not nobody."""
    assert (3, "") == (terminal("who", "contract_data:manage", "application:Nothing").code, "")


def _names(terminal: Terminal, *arguments: str) -> list[str]:
    printed = terminal("who", *arguments, "--json")
    assert 0 == printed.code
    people = sorted(one["name"] for one in printed.json["principals"])
    rows = terminal("who", *arguments).out.splitlines()[1:]
    assert people == sorted(row.split()[0] for row in rows)
    return people
