"""Which route a request takes, and the Pact Broker's own routes against the table that ships for it."""

import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from service.catalogue import routing
from service.catalogue.compiled import Compiled
from service.catalogue.loader import shipped
from service.catalogue.route_tables import Route, RouteTable
from service.commands import route_tables

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "service/catalogue/examples/pact-broker.toml"
LEFT_OUT = {"/trace/{rest...}", "/test/error"}
"""Routes of the broker that nobody needs: they show requests of others, and raise errors on purpose."""
READS_BY_POST = {"/pacts/provider/{provider}/for-verification"}


def broker() -> list[tuple[tuple[str, ...], str]]:
    """The broker's routes: (methods, path), in its own order."""
    lines = (HERE / "broker_routes.txt").read_text(encoding="utf-8").splitlines()
    found = [line.split(" ") for line in lines if not line.startswith("#")]
    return [(tuple(methods), path) for *methods, path in found]


def table() -> RouteTable:
    """The table that ships for it."""
    return msgspec.convert(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")), RouteTable)


def made(*routes: tuple[str, str]) -> RouteTable:
    """A table of routes that are told apart by their labels."""
    return RouteTable(
        name="t",
        number=1,
        routes=tuple(
            Route(methods=(method,), path=path, label=f"{method} {path}") for method, path in routes
        ),
    )


def taken(within: RouteTable, method: str, raw: str) -> str:
    found = routing.match(within, method, raw)
    return "" if found is None else found.route.label


def test_a_literal_is_closer_than_a_parameter_and_that_than_all_the_rest() -> None:
    """From the left, whatever order the table has; what leads nowhere is left for the next closest."""
    within = made(
        ("GET", "/a/{rest...}"), ("GET", "/a/{b}"), ("GET", "/a/b"), ("GET", "/a/{b}/c"), ("GET", "/{x}/b/d")
    )
    assert "GET /a/b" == taken(within, "GET", "/a/b")
    assert "GET /a/{b}" == taken(within, "GET", "/a/c")
    assert "GET /a/{b}/c" == taken(within, "GET", "/a/b/c")
    assert "GET /a/{rest...}" == taken(within, "GET", "/a/b/d")
    assert "GET /{x}/b/d" == taken(within, "GET", "/x/b/d")
    assert "" == taken(within, "GET", "/x/b")


def test_the_closest_path_decides_and_only_its_methods_count() -> None:
    """What a program answers with 405 is not allowed as something else; GET answers HEAD, and case counts."""
    within = made(("DELETE", "/a/{b}"), ("GET", "/a/latest"), ("HEAD", "/h"), ("GET", "/h"))
    assert "" == taken(within, "DELETE", "/a/latest")
    assert "GET /a/latest" == taken(within, "HEAD", "/a/latest")
    assert "HEAD /h" == taken(within, "HEAD", "/h")
    for method in ("get", "", "OPTIONS", "TRACE", "GET "):
        assert "" == taken(within, method, "/a/latest")
    assert "" == taken(within, "GET", "/A/latest")


def test_a_slash_at_the_end_is_another_path() -> None:
    """No route takes it unless it says so."""
    within = made(("GET", "/a"), ("GET", "/b/"), ("GET", "/c/{d}"))
    assert ("", "GET /a") == (taken(within, "GET", "/a/"), taken(within, "GET", "/a"))
    assert ("GET /b/", "") == (taken(within, "GET", "/b/"), taken(within, "GET", "/b"))
    assert "" == taken(within, "GET", "/c/")


def test_parameters_are_what_stands_in_their_segments() -> None:
    """Decoded, by name; the last one may be several segments."""
    within = made(("GET", "/a/{b}/c/{d...}"))
    found = routing.match(within, "GET", "/a/x%20y/c/1/2")
    assert found is not None
    assert {"b": "x y", "d": "1/2"} == found.parameters
    assert "x y of 1/2" == routing.filled("{b} of {d}", found.parameters)


def test_the_brokers_table_can_be_adopted() -> None:
    """It has no fault under the catalogue that comes with this release, and fits a record."""
    route_tables.check(table(), Compiled(shipped()))


def test_every_route_of_the_broker_is_in_its_table_or_left_out_on_purpose() -> None:
    """And nothing else is: a route that the broker does not have would be a right to nobody knows what."""
    have = {(method, shape(path)) for methods, path in broker() for method in methods if path not in LEFT_OUT}
    ours = {(method, shape(route.path)) for route in table().routes for method in route.methods}
    assert have == ours


def test_everything_that_changes_the_broker_is_a_change() -> None:
    """Every method but GET is recorded before it is allowed, except the one question that is asked by POST."""
    wrong = [
        (method, route.path)
        for route in table().routes
        for method in route.methods
        if route.change != (method != "GET" and route.path not in READS_BY_POST)
    ]
    assert [] == wrong


def test_the_broker_itself_takes_the_same_route_for_every_path() -> None:
    """It takes the first that fits in its own order, the table the closest: for every path both are the same one.

    Tried with every literal that any route has at a place, wherever another has a parameter.
    """
    ours, theirs = table(), broker()
    for raw in sorted(set(_paths(theirs))):
        first = next(path for _, path in theirs if fits(path, raw))
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            found = routing.match(ours, method, raw)
            if found is not None:
                assert shape(first) == shape(found.route.path), (method, raw)


def test_a_forms_method_gains_nothing() -> None:
    """The broker's pages take a POST with `_method` in a form for another method, and no proxy shows the body.

    So no path that takes a POST takes another change: there is nothing that such a form could do beyond its POST.
    """
    methods: dict[str, set[str]] = {}
    for route in table().routes:
        methods.setdefault(shape(route.path), set()).update(route.methods)
    assert [] == [path for path, held in methods.items() if "POST" in held and held - {"POST", "GET"}]


@pytest.mark.parametrize(
    ("method", "raw", "action", "on"),
    [
        ("GET", "/pacts/provider/Bar/consumer/Foo/latest", "contract_data:read", ("integration", "Foo/Bar")),
        ("GET", "/pacts/provider/Bar/latest", "contract_data:read", ("application", "Bar")),
        ("PUT", "/pacts/provider/Bar/consumer/Foo/version/1", "contract_data:manage", ("application", "Foo")),
        (
            "DELETE",
            "/pacts/provider/Bar/consumer/Foo/version/1",
            "contract_data:manage",
            ("application", "Foo"),
        ),
        (
            "DELETE",
            "/pacts/provider/Bar/consumer/Foo/versions",
            "contract_data:bulk_delete",
            ("application", "Foo"),
        ),
        (
            "POST",
            "/pacts/provider/Bar/consumer/Foo/pact-version/1a/verification-results",
            "contract_data:manage",
            ("application", "Bar"),
        ),
        ("PUT", "/pacticipants/Foo/versions/1/tags/prod", "contract_data:manage", ("application", "Foo")),
        (
            "PUT",
            "/pacticipants/Foo/branches/feat%2Fx/versions/1",
            "contract_data:manage",
            ("application", "Foo"),
        ),
        (
            "POST",
            "/pacticipants/Foo/versions/1/deployed-versions/environment/e",
            "deployment_and_release:record",
            ("application", "Foo"),
        ),
        ("POST", "/contracts/publish", "contract_data:manage", ("application", "*")),
        ("POST", "/webhooks", "webhook:manage", ("webhook", "*")),
        ("DELETE", "/pacticipants/Foo.json", "contract_data:manage", ("application", "Foo")),
    ],
)
def test_the_brokers_requests_need_what_this_services_own_would(
    method: str, raw: str, action: str, on: tuple[str, str]
) -> None:
    """Sections 3.4 to 3.7: the consumer decides about contracts, the provider about results."""
    found = routing.match(table(), method, raw)
    assert found is not None
    resource = found.route.resource
    assert resource is not None
    assert (action, on) == (
        found.route.action,
        (resource.type, routing.filled(resource.id, found.parameters)),
    )


def shape(path: str) -> str:
    """The path without what its parameters are called."""
    return re.sub(r"\{\w+(\.\.\.)?\}", lambda found: "{}" + (found[1] or ""), path)


def fits(path: str, raw: str) -> bool:
    pattern = re.sub(
        r"\\\{\w+(\\\.\\\.\\\.)?\\\}", lambda found: ".+" if found[1] else "[^/]+", re.escape(path)
    )
    return re.fullmatch(pattern, raw) is not None


def _paths(theirs: list[tuple[tuple[str, ...], str]]) -> Iterator[str]:
    literals: dict[int, set[str]] = {}
    for _, path in theirs:
        for place, part in enumerate(path[1:].split("/")):
            if not part.startswith("{"):
                literals.setdefault(place, set()).add(part)
    for _, path in theirs:
        parts = path[1:].split("/")
        places = [place for place, part in enumerate(parts) if part.startswith("{")]
        yield "/" + "/".join("x" if part.startswith("{") else part for part in parts)
        for chosen in itertools.chain(*(itertools.combinations(places, count) for count in (1, 2))):
            for words in itertools.product(*(sorted(literals.get(place, {"x"})) for place in chosen)):
                filled = dict(zip(chosen, words, strict=True))
                yield "/" + "/".join(
                    filled.get(place, "x") if part.startswith("{") else part
                    for place, part in enumerate(parts)
                )
