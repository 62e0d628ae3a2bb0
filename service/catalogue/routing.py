"""Which route of a table a request takes: the most specific one, whatever order the table has. Pure.

Segment by segment from the left a literal is more specific than a parameter, and a parameter than all the rest. Once
the most specific path is found its methods count, and no other's: what a program answers with 405 must not be allowed
as something else. Two routes that are equally specific and share a method are `ambiguous`, and no table has such.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from service.catalogue import request_paths
from service.catalogue.route_tables import Route, RouteTable

_PARAMETER: Final = re.compile(r"\{(?P<name>[a-z][a-z0-9_]{0,31})(?P<rest>\.\.\.)?\}").fullmatch
_WITHIN: Final = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}")
_METHOD: Final = re.compile(r"[A-Z]{1,32}").fullmatch
_KEPT: Final = 64
"""Tables whose trees are kept; there are as many as somebody adopted, and each is used all the time."""
_trees: dict[int, tuple[RouteTable, "_Node"]] = {}


class Match(msgspec.Struct, frozen=True):
    """A route, and what its path's parameters are for this request, by name."""

    route: Route
    parameters: dict[str, str]


class _Node:
    """What may stand behind one more segment."""

    __slots__ = ("literals", "parameter", "rest", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.rest: dict[str, Route] = {}
        self.routes: dict[str, Route] = {}


def match(table: RouteTable, method: str, raw: str) -> Match | None:
    """The route of a request, by its method and its target as it stood in the request line. None: no route.

    Raises Unreadable for a path that can be read in more than one way.
    """
    segments = request_paths.segments(raw, encoded_slashes=table.encoded_slashes, suffixes=table.suffixes)
    return matched(table, method, segments)


def matched(table: RouteTable, method: str, segments: tuple[str, ...]) -> Match | None:
    """`match` for a path that was taken apart before."""
    routes = _found(_tree(table), segments, 0)
    if routes is None or not _METHOD(method):
        return None
    route = routes.get(method) or (routes.get("GET") if method == "HEAD" else None)
    return None if route is None else Match(route, _parameters(route.path, segments))


def filled(template: str, parameters: dict[str, str]) -> str:
    """A template with the parameters' values in place of their names."""
    return _WITHIN.sub(lambda found: parameters[found[1]], template)


def named_in(template: str) -> tuple[str, ...]:
    """The parameters that a template draws on."""
    return tuple(_WITHIN.findall(template))


def parameters_of(path: str) -> tuple[str, ...]:
    """The parameters of a route's path."""
    return tuple(found["name"] for one in parts(path) if (found := _PARAMETER(one)) is not None)


def parts(path: str) -> tuple[str, ...]:
    """The segments of a route's path."""
    return () if path == "/" else tuple(path[1:].split("/"))


def unfit(path: str) -> str:
    """Why a text is no path of a route; empty if it is one."""
    if not path.startswith("/"):
        return "it does not begin with a slash"
    names: set[str] = set()
    found = parts(path)
    for number, part in enumerate(found, 1):
        parameter = _PARAMETER(part)
        if parameter is None:
            if "{" in part or "}" in part or "%" in part or "?" in part:
                return f"{part!r} is neither a literal nor a parameter"
            continue
        if parameter["name"] in names:
            return f"the parameter {parameter['name']!r} stands in it twice"
        if parameter["rest"] and number < len(found):
            return f"{part!r} must be its last segment"
        names.add(parameter["name"])
    literal = "/" + "/".join("x" if _PARAMETER(part) else part for part in found)
    try:
        request_paths.segments(literal)
    except request_paths.Unreadable as failure:
        return failure.sentence.removesuffix(".").replace("The path", "it", 1)
    return ""


def ambiguous(table: RouteTable) -> Iterator[tuple[str, Route, Route]]:
    """Pairs of routes of which nobody could say which one a request takes, with the method that both have."""
    held: dict[tuple[str, ...], dict[str, Route]] = {}
    for route in table.routes:
        shape = tuple(_shape(part) for part in parts(route.path))
        methods = held.setdefault(shape, {})
        for method in route.methods:
            if method in methods:
                yield method, methods[method], route
            methods.setdefault(method, route)


def _shape(part: str) -> str:
    parameter = _PARAMETER(part)
    return part if parameter is None else "{...}" if parameter["rest"] else "{}"


def _tree(table: RouteTable) -> _Node:
    kept = _trees.get(id(table))
    if kept is not None and kept[0] is table:
        return kept[1]
    root = _Node()
    for route in table.routes:
        _plant(root, route)
    if len(_trees) >= _KEPT:
        _trees.clear()
    _trees[id(table)] = (table, root)
    return root


def _plant(root: _Node, route: Route) -> None:
    node = root
    for part in parts(route.path):
        parameter = _PARAMETER(part)
        if parameter is None:
            node = node.literals.setdefault(part, _Node())
        elif parameter["rest"]:
            node.rest.update(dict.fromkeys(route.methods, route))
            return
        else:
            node.parameter = node.parameter or _Node()
            node = node.parameter
    node.routes.update(dict.fromkeys(route.methods, route))


def _found(node: _Node, segments: tuple[str, ...], depth: int) -> dict[str, Route] | None:
    """The routes of the most specific path, by method."""
    if depth == len(segments):
        return node.routes or None
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None and (found := _found(literal, segments, depth + 1)) is not None:
        return found
    if node.parameter is not None and segment:
        found = _found(node.parameter, segments, depth + 1)
        if found is not None:
            return found
    return node.rest or None


def _parameters(path: str, segments: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, part in enumerate(parts(path)):
        parameter = _PARAMETER(part)
        if parameter is not None:
            rest = segments[number:] if parameter["rest"] else segments[number : number + 1]
            found[parameter["name"]] = "/".join(rest)
    return found
