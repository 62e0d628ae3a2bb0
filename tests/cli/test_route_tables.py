"""`route-table`: tables from a file to the account, and what a request needs by one."""

from pathlib import Path

from tests.cli.conftest import Terminal

SMALL = """\
name = "small"
number = {number}

[[routes]]
methods = ["GET"]
path = "/things/{{thing}}"
action = "contract_data:read"
resource = {{ type = "application", id = "{{thing}}" }}
"""


def test_a_table_is_checked_adopted_shown_and_withdrawn(writing: Terminal, tmp_path: Path) -> None:
    """From a file, with its reason; the same content again changes nothing, an older number is refused."""
    file = tmp_path / "small.toml"
    file.write_text(SMALL.format(number=2), encoding="utf-8")
    checked = writing("route-table", "check", str(file), "--json")
    assert (0, {"name": "small", "number": 2, "routes": 1}) == (checked.code, checked.json)
    adopted = writing("route-table", "adopt", str(file), "--reason", "Ours", "--json")
    assert (0, True) == (adopted.code, adopted.json["changed"]), adopted.err
    assert "as before" in writing("route-table", "adopt", str(file)).err
    listed = writing("route-table", "list", "--json").json
    assert [{"name": "small", "number": 2, "routes": 1, "label": ""}] == listed
    assert "contract_data:read on application:{thing}" in writing("route-table", "show", "small").out
    told = writing("audit", "--kind", "route_table.adopted", "--json").json["events"][-1]
    assert told["sentence"].endswith("adopted the route table small, number 2.")
    file.write_text(SMALL.format(number=1), encoding="utf-8")
    assert 4 == writing("route-table", "adopt", str(file)).code
    assert 0 == writing("route-table", "withdraw", "small").code
    assert 3 == writing("route-table", "withdraw", "small").code
    assert [] == writing("route-table", "list", "--json").json
    assert 3 == writing("route-table", "show", "small").code


def test_what_a_request_needs_is_told_before_anybody_asks(terminal: Terminal) -> None:
    """By the table that ships: the route, what it needs, and whether it is a change."""
    told = terminal(
        *("route-table", "check", "pact-broker", "--json"),
        *("--method", "PUT", "--path", "/pacts/provider/Bar/consumer/Foo/version/1?x=y"),
    )
    assert "/pacts/provider/{provider}/consumer/{consumer}/version/{version}" == told.json["route"]
    assert ("contract_data:manage on application:Foo", "yes") == (told.json["needs"], told.json["change"])
    assert "Foo, Bar" == told.json["registers"]
    public = terminal("route-table", "check", "pact-broker", "--method", "GET", "--path", "/favicon.ico")
    assert "nothing: it is public" in public.out
    for method, path, code in (("GET", "/a/../b", 2), ("GET", "/nowhere", 4), ("DELETE", "/pacts/latest", 4)):
        assert (
            code == terminal("route-table", "check", "pact-broker", "--method", method, "--path", path).code
        )
    assert 2 == terminal("route-table", "check", "pact-broker", "--method", "GET").code


def test_a_file_that_is_no_table_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """With what is wrong, and exit 2; a file that is not there is out of reach."""
    file = tmp_path / "x.toml"
    for text in ("name = ", "name = 'x'", "name = 'x'\nnumber = 1\nroutes = []\n", "foo = 1"):
        file.write_text(text, encoding="utf-8")
        assert 2 == terminal("route-table", "check", str(file)).code, text
    assert 5 == terminal("route-table", "check", str(tmp_path / "nothing.toml")).code
