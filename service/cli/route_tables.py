"""`muniment route-table`: which request of a program behind a proxy needs which permission."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where a table is read, so that help stays fast
    from service.app import App
    from service.catalogue.route_tables import Route, RouteTable

_file = click.argument("file")


@click.group("route-table")
def route_table() -> None:
    """What requests of programs behind a proxy need: show, check, adopt and withdraw route tables.

    FILE is a TOML file, - for standard input, or the name of a table that ships: pact-broker.
    """


@route_table.command("list")
@options.as_of
@options.as_json
def list_(as_of: str | None, as_json: bool) -> None:
    """The tables in force."""
    rows = options.run(_listed(as_of))
    if as_json:
        output.json(rows)
        return
    lines = [[str(row["name"]), str(row["number"]), str(row["routes"]), str(row["label"])] for row in rows]
    output.table(("Name", "Number", "Routes", "Label"), lines)


@route_table.command()
@click.argument("name")
@options.as_of
@options.as_json
def show(name: str, as_of: str | None, as_json: bool) -> None:
    """The routes of the table NAME."""
    table = options.run(_shown(name, as_of))
    if as_json:
        output.json(table)
        return
    output.table(
        ("Methods", "Path", "Needs"),
        [(", ".join(one.methods), one.path, _needs(one)) for one in table.routes],
    )


@route_table.command()
@_file
@click.option("--method", metavar="METHOD", help="Of a request: which route it takes.")
@click.option("--path", metavar="PATH", help="Its path, as it stands in the request line.")
@options.as_json
def check(file: str, method: str | None, path: str | None, as_json: bool) -> None:
    """Whether FILE could be adopted, and what a request would need by it. Nothing is changed.

    For example: muniment route-table check pact-broker --method PUT --path /pacticipants/Foo/versions/1/tags/prod
    """
    if (method is None) != (path is None):
        raise click.UsageError("--method and --path belong together.")
    table = options.run(_checked(file))
    if method is None or path is None:
        found: dict[str, object] = {"name": table.name, "number": table.number, "routes": len(table.routes)}
    else:
        found = _mapped(table, method, path)
    if as_json:
        output.json(found)
    else:
        output.facts((name.capitalize(), str(value)) for name, value in found.items())


@route_table.command()
@_file
@options.explained
@options.as_json
def adopt(file: str, reason: str, ticket: str, as_json: bool) -> None:
    """Let the table in FILE be in force from here on: a new one, or another content under a higher number."""
    _tell(options.run(_adopted(file, reason, ticket)), "is in force", as_json)


@route_table.command()
@click.argument("name")
@options.explained
@options.as_json
def withdraw(name: str, reason: str, ticket: str, as_json: bool) -> None:
    """Let the table NAME be in force no longer: every request by it is denied from here on."""
    _tell(options.run(_withdrawn(name, reason, ticket)), "is withdrawn", as_json)


async def _listed(as_of: str | None) -> list[dict[str, object]]:
    from service.cli import opening

    async with opening.opened() as app:
        view = (await opening.moment(app, as_of)).view
        return [
            {"name": one.name, "number": one.number, "routes": len(one.routes), "label": one.label}
            for one in sorted(view.route_tables(), key=lambda one: one.name)
        ]


async def _shown(name: str, as_of: str | None) -> "RouteTable":
    from service.cli import opening

    async with opening.opened() as app:
        return (await opening.moment(app, as_of)).view.route_table(name)


async def _checked(file: str) -> "RouteTable":
    from service.cli import opening
    from service.commands import route_tables

    table = _read(file)
    async with opening.opened() as app:
        route_tables.check(table, app.replica.now().compiled)
    return table


async def _adopted(file: str, reason: str, ticket: str) -> dict[str, object]:
    from service.cli import opening
    from service.commands.route_tables import AdoptRouteTable

    table = _read(file)
    async with opening.opened() as app:
        outcome = await opening.order(app, AdoptRouteTable(table=table), reason, ticket)
        return _told(app, table.name, bool(outcome.records)) | {"number": table.number}


async def _withdrawn(name: str, reason: str, ticket: str) -> dict[str, object]:
    from service.cli import opening
    from service.commands.route_tables import WithdrawRouteTable

    async with opening.opened() as app:
        outcome = await opening.order(app, WithdrawRouteTable(name=name), reason, ticket)
        return _told(app, name, bool(outcome.records))


def _read(file: str) -> "RouteTable":
    """The table in a file. Raises Invalid, or OSError for a file that cannot be read."""
    from service.catalogue import files
    from service.catalogue.route_tables import RouteTable

    octets = sys.stdin.buffer.read() if file == "-" else files.example(file)
    if octets is None:
        octets = Path(file).read_bytes()
    return files.converted(files.toml(octets), RouteTable)


def _mapped(table: "RouteTable", method: str, path: str) -> dict[str, object]:
    """What a request would need by the table. Raises Invalid for its path, Forbidden where there is no route."""
    from service.catalogue import routing
    from service.queries import forwarding

    match = forwarding.mapped(table, method, path).match
    needed = [
        f"{one.action} on {one.resource.type}:{routing.filled(one.resource.id, match.parameters)}"
        for one in match.route.needed
    ]
    return {
        "route": match.route.path,
        "needs": ", ".join(needed) or "nothing: it is public",
        "change": "yes" if match.route.change else "no",
        "registers": ", ".join(routing.filled(one, match.parameters) for one in match.route.registers),
    }


def _needs(route: "Route") -> str:
    said = ", ".join(f"{one.action} on {one.resource.type}:{one.resource.id}" for one in route.needed)
    return f"{said or 'nothing: it is public'}{' (a change)' if route.change else ''}"


def _told(app: "App", name: str, changed: bool) -> dict[str, object]:
    return {"name": name, "changed": changed, "position": app.replica.position}


def _tell(told: dict[str, object], now: str, as_json: bool) -> None:
    if as_json:
        output.json(told)
    elif told["changed"]:
        output.words(f"The route table {told['name']} {now}, at position {told['position']}.")
    else:
        output.words(f"The route table {told['name']} {now}, as before: nothing changed.")
