"""`muniment catalogue`: permission catalogues of one's own, checked, adopted, shown and withdrawn."""

from typing import TYPE_CHECKING, BinaryIO

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # imported where a catalogue is looked at, so that help stays fast
    from service.catalogue.own import OwnCatalogue
    from service.commands import Command
    from service.orders import Outcome

_FILE = click.argument("file", type=click.File("rb"))
_TRIED = click.option("--dry-run", is_flag=True, help="Say who would gain and lose what, and do nothing.")


@click.group()
def catalogue() -> None:
    """Check, adopt, show and withdraw permission catalogues of your own, beside the built-in one."""


@catalogue.command("list")
@options.as_of
@options.as_json
def listed(as_of: str | None, as_json: bool) -> None:
    """List the catalogues in force, the built-in one first."""
    rows = options.run(_listed(as_of))
    if as_json:
        output.json(rows)
        return
    columns = ("name", "number", "label", "actions", "conditions")
    output.table(columns, [[str(row[column]) for column in columns] for row in rows])


@catalogue.command()
@click.argument("name", required=False)
@click.option("--example", metavar="NAME", help="Print a catalogue that ships as an example: todo, say.")
@options.as_of
@options.as_json
def show(name: str | None, example: str | None, as_of: str | None, as_json: bool) -> None:
    """Print the catalogue NAME as a TOML file that could be adopted; of `pactflow`, the built-in one, its permissions.

    For example: muniment catalogue show --example todo > todo.toml
    """
    if (name is None) == (example is None):
        raise click.UsageError("Name either a catalogue that is in force or an --example.")
    if example is not None:
        from service.catalogue import own_reading

        text = own_reading.example(example)
        if as_json:
            output.json(own_reading.from_toml(text.encode()))
        else:
            click.echo(text, nl=False)
        return
    options.run(_show(name or "", as_of, as_json))


@catalogue.command()
@_FILE
@options.as_json
def check(file: BinaryIO, as_json: bool) -> int:
    """Say everything that is wrong with the catalogue in FILE (TOML; - reads stdin). Exit 0: nothing, 1: something.

    It is held against this release's built-in catalogue and needs no database; whether another catalogue of yours has a
    name already, `adopt --dry-run` says.
    """
    from service import errors
    from service.catalogue import loader, own_checks, own_reading
    from service.catalogue.own_faults import Fault

    try:
        given = own_reading.from_toml(file.read())
        found = list(own_checks.faults(given, loader.shipped(), ()))
    except errors.Invalid as failure:
        given, found = None, [Fault(failure.sentence, failure.pointer)]
    if as_json:
        output.json({"sound": not found, "faults": [fault._asdict() for fault in found]})
    elif given is not None and not found:
        output.words(f"{_named(given)} is sound: {_sizes(given)}.")
    for fault in () if as_json else found:
        click.echo(output.plain(f"{fault.pointer}: {fault.sentence}" if fault.pointer else fault.sentence))
    return DENIED if found else ALLOWED


@catalogue.command()
@_FILE
@_TRIED
@options.explained
@options.as_json
def adopt(file: BinaryIO, dry_run: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Put the catalogue in FILE (TOML; - reads stdin) into force, in place of the one of its name if any is.

    For example: muniment catalogue adopt todo.toml --dry-run
    """
    options.run(_adopt(file.read(), dry_run, reason, ticket, as_json))


@catalogue.command()
@click.argument("name")
@_TRIED
@options.explained
@options.as_json
def withdraw(name: str, dry_run: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Take the catalogue NAME out of force: what roles hold of it stays there and grants nothing from here on."""
    options.run(_withdraw(name, dry_run, reason, ticket, as_json))


async def _listed(as_of: str | None) -> list[dict[str, object]]:
    from service.catalogue import own_checks
    from service.cli import opening

    async with opening.opened() as app:
        view = (await opening.moment(app, as_of)).view
        built_in = view.compiled.catalogue
        first = {
            "name": own_checks.BUILT_IN,
            "number": built_in.number,
            "label": "What this service itself knows",
            "actions": len(built_in.actions),
            "conditions": 0,
        }
        return [first, *map(_row, sorted(view.own_catalogues(), key=lambda one: one.name))]


def _row(one: "OwnCatalogue") -> dict[str, object]:
    return {
        "name": one.name,
        "number": one.number,
        "label": one.label,
        "actions": len(one.actions),
        "conditions": len(one.conditions),
    }


async def _show(name: str, as_of: str | None, as_json: bool) -> None:
    from service.catalogue import own_checks, own_writing
    from service.cli import opening
    from service.commands import own_catalogues

    async with opening.opened() as app:
        view = (await opening.moment(app, as_of)).view
        if name == own_checks.BUILT_IN:
            built_in = view.compiled.catalogue
            if as_json:
                output.json(built_in)
            else:
                output.table(
                    ("permission", "label"), [(one.scope, one.label) for one in built_in.permissions]
                )
            return
        held = own_catalogues.required(view, name)
        if as_json:
            output.json(held)
        else:
            click.echo(own_writing.to_toml(held), nl=False)
        for one in own_catalogues.not_in_force(view.compiled, held):
            output.words(f"Warning: {one} is not in force: another catalogue that came first has the name.")


async def _adopt(octets: bytes, dry_run: bool, reason: str, ticket: str, as_json: bool) -> None:
    from service.catalogue import own_reading
    from service.commands.own_catalogues import AdoptOwnCatalogue

    given = own_reading.from_toml(octets)
    said = f"{_named(given)}: {_sizes(given)}"
    await _ordered(AdoptOwnCatalogue(catalogue=given), dry_run, reason, ticket, as_json, ("adopted", said))


async def _withdraw(name: str, dry_run: bool, reason: str, ticket: str, as_json: bool) -> None:
    from service.commands.own_catalogues import WithdrawOwnCatalogue

    said = ("withdrawn", f"The catalogue {name!r}")
    await _ordered(WithdrawOwnCatalogue(name=name), dry_run, reason, ticket, as_json, said)


async def _ordered(
    command: "Command", dry_run: bool, reason: str, ticket: str, as_json: bool, said: tuple[str, str]
) -> None:
    """Give the order, or try it, and tell what came or would come of it."""
    from projections.effects import Effect, compared
    from service.cli import effect, opening
    from service.commands import cautions
    from service.commands.order import Caller
    from service.orders import Order
    from service.queries import effects

    async with opening.opened() as app:
        why, under = opening.checked(reason, ticket)
        caller = Caller(console=opening.console())
        outcome = await app.handler.handle(
            Order(command=command, caller=caller, reason=why, ticket=under, dry_run=dry_run)
        )
        changed = bool(outcome.records)
        weighed = cautions.Weighed(effect=Effect())
        if outcome.rehearsal is not None:
            weighed, changed = outcome.rehearsal.weighed, bool(outcome.rehearsal.kinds)
        elif changed:
            weighed = cautions.weighed(compared(effects.comparison(app.replica, outcome.records)), None)
        if as_json:
            done = {"dryRun": dry_run, "changed": changed, "position": outcome.position}
            output.json({**done, "groups": weighed.effect.groups, "warnings": weighed.cautions})
            return
        output.words(_outcome(outcome, said, changed=changed))
        if changed:
            effect.tell(app.replica.now(), weighed)


def _outcome(outcome: "Outcome", said: tuple[str, str], *, changed: bool) -> str:
    how, what = said
    if not changed:
        return f"{what}. It is in force as it is: nothing changed."
    if outcome.rehearsal is not None:
        return f"{what}. It would be {how}."
    return f"{what}. It was {how} at position {outcome.position}."


def _named(one: "OwnCatalogue") -> str:
    return f"The catalogue {one.name!r}, number {one.number}"


def _sizes(one: "OwnCatalogue") -> str:
    from service.queries import wording

    counted = (
        wording.counted(len(one.types), "type"),
        wording.counted(len(one.actions), "action"),
        wording.counted(len(one.conditions), "condition"),
    )
    return wording.listed(counted)
