"""`muniment audit`: what happened, and who did it. Reading the trail is itself recorded."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where the trail is read, so that help stays fast
    from service.app import App
    from service.log.recorded import Recorded
    from service.vocabulary import EventId

_NO_PRINCIPAL: Final = ("console", "system", "code")
_IDS: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/[0-9a-f-]{36})?")
_MOMENT: Final = "A position, an RFC 3339 time, or an event's id; inclusive."


@click.command()
@click.option("--since", metavar="MOMENT", help=f"From when on. {_MOMENT}")
@click.option("--until", metavar="MOMENT", help=f"Until when; names resolve as of then. {_MOMENT}")
@click.option("--actor", metavar="SUBJECT", help="Who did it: a name as elsewhere, or console, system, code.")
@click.option("--kind", metavar="KINDS", help="Kinds of records, comma-separated: role.created, team.*")
@click.option("--touches", metavar="THING", help="What it touches: application:Baz, integration:Foo/Bar, …")
@click.option("--outcome", type=click.Choice(("done", "denied")), help="What happened, or what was refused.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="The latest so many."
)
@options.explained
@options.as_json
def audit(limit: int, reason: str, ticket: str, as_json: bool, **asked: str | None) -> None:
    """Read the audit trail, oldest first. That somebody at the console read it is recorded before anything is shown."""
    rows = options.run(_read(asked, limit, reason, ticket))
    if as_json:
        output.json({"events": rows})
        return
    output.table(
        ("position", "time", "", "what happened", "reason", "ticket"),
        (
            (
                str(row["position"]),
                output.instant(cast("datetime", row["recordedAt"])),
                "denied" if row["outcome"] == "denied" else "",
                str(row["sentence"]),
                str(row["reason"] or ""),
                str(row["ticket"]),
            )
            for row in rows
        ),
    )


async def _read(
    asked: dict[str, str | None], limit: int, reason: str, ticket: str
) -> list[dict[str, object]]:
    from service.cli import opening
    from service.commands.account import ReadTrail
    from service.log import recorded
    from service.queries import trail

    async with opening.opened() as app:
        wanted = await _wanted(app, asked)
        filters = {name: _text(value) for name, value in wanted.items() if value is not None}
        until = app.replica.position
        await opening.order(app, ReadTrail(filters=filters, until=until), reason, ticket)
        rows: list[dict[str, object]] = []
        start: EventId | None = None
        async with app.reader.connection(seconds_max=None) as connection:
            while len(rows) < limit:
                size = min(trail.PAGE_SIZE_MAX, limit - len(rows))
                search = trail.Search(**wanted, newest_first=True, size=size, start=start)
                page = await trail.search(connection, search, until)
                rows += [_document(app, recorded.decode(row.entry)) for row in page.rows]
                if page.next is None:
                    break
                start = page.next.event_id
        return rows[::-1]


async def _wanted(app: "App", asked: dict[str, str | None]) -> dict[str, Any]:
    """The filters as a search takes them. Names resolve as of `--until`, of what is gone the last one."""
    from service.cli import opening
    from service.queries import naming, past_names, trail

    view = (await opening.moment(app, asked["until"], "--until")).view
    wanted: dict[str, Any] = {"outcome": asked["outcome"]}
    for name, position in (("since", "first"), ("until", "last")):
        if (text := asked[name]) is not None:
            found = (await opening.moment(app, text, f"--{name}")).view
            wanted |= {name: found.instant} if ":" in text else {position: found.position}
    if (actor := asked["actor"]) is not None:
        wanted["actor"] = actor if actor in _NO_PRINCIPAL else naming.principal(view, actor).id
    if (thing := asked["touches"]) is not None:
        bare = thing.rpartition(":")[2]
        wanted["touches"] = bare if _IDS.fullmatch(bare) else past_names.thing_id(view, view.directory, thing)
    if (kinds := asked["kind"]) is not None:
        wanted["kinds"] = trail.kinds_like(kinds)
    return wanted


def _text(value: object) -> str:
    """A filter as the record of the reading holds it: ids, kinds and moments, never a name."""
    match value:
        case tuple():
            return ",".join(map(str, value))
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _document(app: "App", record: "Recorded") -> dict[str, object]:
    """One record for programs; members may be added, none is ever taken away."""
    from projections import trail
    from service.events.attempts import AttemptDenied
    from service.log import recorded
    from service.queries import changes, sentences
    from service.queries.names import Names

    names = Names(app.replica.directory, app.replica.people, record.position)
    actor, kind = trail.actor_of(record)
    return {
        "position": record.position,
        "id": record.id,
        "recordedAt": record.recorded_at,
        "kind": recorded.kind_of(record.data),
        "outcome": trail.DENIED if isinstance(record.data, AttemptDenied) else trail.DONE,
        "actor": {"kind": kind, "id": actor, "name": names.actor(record)},
        "sentence": sentences.sentence(record, names),
        "changes": list(changes.changes(record, names)),
        "authority": list(record.authority),
        "touches": list(record.touches),
        "reason": names.text(record, "reason", record.reason),
        "ticket": record.ticket,
        "correlation": record.correlation,
        "causation": record.causation,
    }
