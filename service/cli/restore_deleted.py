"""`muniment restore-deleted`: publish again what one deletion removed."""

from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where a deletion is restored, so that help stays fast
    from service.app import App
    from service.orders import Outcome
    from service.queries.deletions import Deletion

_COUNTED = (("applications", "application"), ("contracts", "contract"), ("facts", "other fact"))
_WHY = {
    "may_not": "not permitted",
    "gone": "that, or what it belongs to, is not here any more",
    "otherwise": "something else has its place",
    "destroyed": "what it sent left the vault with it, so it has to be made anew",
}


@click.command("restore-deleted")
@click.argument("event")
@click.option("--dry-run", is_flag=True, help="Say what would come back, and do nothing.")
@options.explained
@options.as_json
def restore_deleted(event: str, dry_run: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Publish again what the deletion removed that EVENT is of: a record's id, or its position.

    All of it comes back or nothing: it is refused where something of it was published with other content since, and
    where a contract's body has left the vault. `muniment audit --kind integration.deleted` finds deletions.

    For example: muniment restore-deleted 67 --reason "The wrong integration"
    """
    if not dry_run and not reason.strip():
        raise click.UsageError("Say why, with --reason: it stands on the record.")
    done = options.run(_restore(event, dry_run, reason, ticket))
    if as_json:
        output.json(done)
    else:
        _say(done, dry_run=dry_run)


async def _restore(event: str, dry_run: bool, reason: str, ticket: str) -> dict[str, object]:
    from projections import span_rows
    from service.cli import opening
    from service.queries import deletions

    async with opening.opened() as app:
        async with app.reader.connection() as connection:
            await span_rows.advance(connection, app.replica.position)  # perhaps no service runs that would
            deletion = await deletions.deletion_of(connection, event, "EVENT")
        return _document(deletion, await _given(app, deletion, dry_run, reason, ticket))


async def _given(app: "App", deletion: "Deletion", dry_run: bool, reason: str, ticket: str) -> "Outcome":
    from service.cli import opening
    from service.commands.order import Caller
    from service.orders import Order

    why, under = opening.checked(reason, ticket)
    order = Order(
        command=deletion.order(app.fresh.id()),
        caller=Caller(console=opening.console()),
        reason=why,
        ticket=under,
        causation=deletion.event,
        dry_run=dry_run,
    )
    return await app.handler.handle(order)


def _document(deletion: "Deletion", outcome: "Outcome") -> dict[str, object]:
    from service.events.deletions import DeletionRestored

    found = next((one.data for one in outcome.records if isinstance(one.data, DeletionRestored)), None)
    if outcome.rehearsal is not None:
        found = outcome.rehearsal.restored
    return {
        "deletion": deletion.event,
        "dryRun": outcome.rehearsal is not None,
        "position": outcome.position,
        "applications": found.applications if found else 0,
        "contracts": found.contracts if found else 0,
        "facts": found.facts if found else 0,
        "alreadyThere": found is None,
        "leftOut": [
            {"type": one.noun, "id": one.id, "name": one.name, "application": one.application, "why": one.why}
            for one in (found.left_out if found else ())
        ],
        "notRestored": found.not_restored if found else 0,
    }


def _say(done: dict[str, object], *, dry_run: bool) -> None:
    if done["alreadyThere"]:
        output.words("All of it is here already: nothing changed.")
        return
    counted = ", ".join(_counted(done[one], noun) for one, noun in _COUNTED if done[one])
    where = "" if dry_run else f", at position {done['position']}"
    output.words(f"{'Would come back' if dry_run else 'Here again'}: {counted}{where}.")
    left = done["leftOut"]
    assert isinstance(left, list), "the document lists what was left out"
    for one in left:
        noun = str(one["type"]).replace("_", " ")
        one_of = noun in ("team", "webhook")
        what = f"the {noun} {one['name'] or one['id']}" if one_of else f"every {noun}"
        output.words(f"Left out: {what} of {one['application']}: {_WHY[one['why']]}.")


def _counted(number: object, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
