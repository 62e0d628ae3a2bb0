"""Route tables: adopted under a number that only rises, checked before, and withdrawn."""

from typing import Any

import msgspec
import pytest

from service import errors
from service.catalogue import files
from service.catalogue.route_tables import Needed, Route, RouteResource, RouteTable
from service.commands.route_tables import AdoptRouteTable, WithdrawRouteTable
from service.events.route_tables import RouteTableAdopted, RouteTableWithdrawn
from tests.given import Account


def route(path: str = "/things/{thing}", *methods: str, **fields: Any) -> Route:
    """A route that reads an application."""
    said: dict[str, Any] = {
        "action": "contract_data:read",
        "resource": RouteResource(type="application", id="*"),
        **fields,
    }
    return Route(methods=methods or ("GET",), path=path, **said)


def table(*routes: Route, number: int = 1, name: str = "things", **fields: Any) -> RouteTable:
    """A table of these routes."""
    return RouteTable(name=name, number=number, routes=routes or (route(),), **fields)


def test_a_table_is_adopted_and_another_content_needs_a_higher_number(account: Account) -> None:
    """The content in force is adopted once; no number, of whatever content, ever stands for two."""
    first = table()
    assert [RouteTableAdopted(name="things", number_before=0, table=first)] == account.do(
        AdoptRouteTable(table=first)
    )
    assert [] == account.do(AdoptRouteTable(table=first))
    with pytest.raises(errors.Refused, match="number 1 already"):
        account.do(AdoptRouteTable(table=table(label="Other")))
    second = table(label="Other", number=3)
    assert [RouteTableAdopted(name="things", number_before=1, table=second)] == account.do(
        AdoptRouteTable(table=second)
    )
    assert second == account.now.route_table("things")


def test_a_withdrawn_table_is_no_table_and_its_number_stays_used(account: Account) -> None:
    """As of a moment before, it is the table that it was then; afterwards only a higher number takes its name."""
    account.do(AdoptRouteTable(table=table(number=2)))
    before = account.now.position
    assert [RouteTableWithdrawn(name="things", number_before=2)] == account.do(
        WithdrawRouteTable(name="things")
    )
    assert account.now.route_table_or_none("things") is None
    assert table(number=2) == account.now.at(before).route_table("things")
    with pytest.raises(errors.NotFound):
        account.do(WithdrawRouteTable(name="things"))
    with pytest.raises(errors.Refused, match="number 2 already"):
        account.do(AdoptRouteTable(table=table(number=2)))
    assert [RouteTableAdopted(name="things", number_before=0, table=table(number=3))] == account.do(
        AdoptRouteTable(table=table(number=3))
    )


def test_only_who_manages_roles_adopts_and_withdraws(account: Account) -> None:
    """A table gives and takes rights, as a role does."""
    account.do(AdoptRouteTable(table=table()))
    sally = account.person("Sally", roles=[account.role("reads roles", "role:read:*")])
    for command in (AdoptRouteTable(table=table(number=2)), WithdrawRouteTable(name="things")):
        with pytest.raises(errors.Forbidden, match="role:manage"):
            account.do(command, sally)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (table(name="Things"), "a-z"),
        (table(number=0), "1 or higher"),
        (table(suffixes=("json",)), "a dot and letters"),
        (table(route("things")), "begin with a slash"),
        (table(route("/a/{b}/{b}")), "stands in it twice"),
        (table(route("/a/{b...}/c")), "must be its last"),
        (table(route("/a//b")), "two slashes"),
        (table(route("/a/../b")), "segment of dots"),
        (table(route("/a/%62")), "neither a literal nor a parameter"),
        (table(route("/a{b}")), "neither a literal nor a parameter"),
        (table(route("/a", "get")), "capital letters"),
        (table(route("/a", "GET", "GET")), "each once"),
        (table(route("/a", action="contract_data:fly")), "has the action"),
        (table(route("/a", resource=RouteResource(type="team"))), "does not apply"),
        (table(route("/a", resource=RouteResource(type="application", id="{b}"))), "no parameter 'b'"),
        (table(route("/{a}", resource=RouteResource(type="integration", id="{a}"))), "consumer"),
        (table(route("/a", action="")), "an action and a resource"),
        (table(route("/a", public=True)), "needs no permission"),
        (table(route("/a", registers=("x",))), "Only a change"),
        (table(route("/a", change=True, registers=("{b}",))), "no parameter 'b'"),
        (
            table(route("/a", also=(Needed(action="x:y", resource=RouteResource(type="application")),))),
            "has the action",
        ),
    ],
)
def test_a_faulty_table_is_refused_with_its_place(account: Account, wrong: RouteTable, said: str) -> None:
    """What no request could be decided by is not adopted, and the refusal says where the fault is."""
    with pytest.raises(errors.Invalid, match=said) as refusal:
        account.do(AdoptRouteTable(table=wrong))
    assert refusal.value.pointer.startswith("/")


def test_routes_of_which_a_request_could_take_either_are_refused(account: Account) -> None:
    """Two parameters are equally specific, whatever they are called; a literal is more so."""
    account.do(
        AdoptRouteTable(
            table=table(route("/a/{b}"), route("/a/b"), route("/a/{c}", "PUT"), route("/a/{d...}"))
        )
    )
    with pytest.raises(errors.Invalid, match="which route a GET takes"):
        account.do(AdoptRouteTable(table=table(route("/a/{b}"), route("/a/{c}", "PUT", "GET"), number=2)))


def test_a_table_that_no_entry_could_hold_is_refused(account: Account) -> None:
    """The record bounds its entries, so a table is bounded before it is decided."""
    many = tuple(route(f"/{'a' * 200}/{number}") for number in range(300))
    with pytest.raises(errors.Refused, match="bytes in the record"):
        account.do(AdoptRouteTable(table=table(*many)))


def test_a_table_is_read_from_what_it_was_written_to(account: Account) -> None:
    """Nothing of a table is lost on its way through the record."""
    whole = table(
        route("/a/{b}", "PUT", change=True, registers=("{b}",), label="Put it"),
        on_error="503",
        encoded_slashes=True,
        suffixes=(".json",),
    )
    account.do(AdoptRouteTable(table=whole))
    assert whole == msgspec.json.decode(
        msgspec.json.encode(account.now.route_table("things")), type=RouteTable
    )


@pytest.mark.parametrize("octets", [b"\xff", b"a = 99999-99-99", b"a=" + b"[" * 5000, b"#" * 300_000, b"a ="])
def test_a_file_that_is_no_table_is_refused_and_never_a_defect(octets: bytes) -> None:
    """Nested without end, too large, of no text or with a day that never was: each is told as what it is."""
    with pytest.raises(errors.Invalid):
        files.converted(files.toml(octets), RouteTable)
