"""`muniment show`: one thing as it is, or as it was at any moment."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where a thing is shown, so that help stays fast
    from service.queries.moments import Moment


@click.command()
@click.argument("thing")
@options.as_of
@options.as_json
def show(thing: str, as_of: str | None, as_json: bool) -> None:
    """Show THING: role:…, team:…, user:…, system_account:…, application:…, environment:…, integration:…, contract:…,
    secret:…, webhook:…, a registered thing (todo:…), system_preference:… (a preference's name), or
    authentication_settings.

    For example: muniment show role:Viewer --as-of 2026-11-20T14:03:00Z
    """
    moment, document = options.run(_look(thing, as_of))
    if as_json:
        output.json(document)
        return
    output.facts((_spaced(name), _text(value)) for name, value in document.items() if name != "settled")
    if not moment.settled:
        output.words(
            "Note: this moment is so recent that an action in flight could still be recorded before it."
        )


async def _look(thing: str, as_of: str | None) -> "tuple[Moment, dict[str, object]]":
    from service.cli import depiction, opening
    from service.queries import naming

    async with opening.opened() as app:
        moment = await opening.moment(app, as_of)
        found = depiction.setting(moment.view, thing)
        if found is None:
            found = depiction.depicted(moment.view, naming.target(moment.view, thing).thing)
        at = {"position": moment.view.position, "instant": moment.view.instant, "settled": moment.settled}
        return moment, found | at


def _spaced(name: str) -> str:
    """`displayName` as a person reads it."""
    return "".join(f" {one.lower()}" if one.isupper() else one for one in name)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return output.instant(value)
        case list():
            return ", ".join(_text(one) for one in value) or "none"
        case tuple():
            return " ".join(map(str, value))
        case {"value": number, "period": period}:
            return f"{number} {period}"
        case {"name": name, "value": held}:
            return f"{name}: {_text(held)}"
        case dict():
            return _text(value.get("name") or value.get("id"))
        case _:
            return str(value)
