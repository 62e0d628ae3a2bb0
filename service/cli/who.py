"""`muniment who`: everybody who may, or at an earlier moment could have."""

from typing import TYPE_CHECKING

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # what a question needs is imported when one is asked: `--help` is at once
    from projections.access import Grant
    from projections.principals import Principal
    from projections.view import View


@click.command()
@options.several(click.argument("action"), click.argument("thing"), options.as_of, options.as_json)
def who(action: str, thing: str, as_of: str | None, as_json: bool) -> int:
    """Who may do ACTION to THING? Exit 0: somebody, 1: nobody, 2 and above: errors.

    Who could with a request that meets a condition of their roles is listed apart, and is nobody who may.

    Asked as of the moment before an incident, it says who could have: muniment who contract_data:bulk_delete
    integration:Foo/Bar --as-of 2026-11-20T14:03:00Z
    """
    return options.run(_who(action, thing, as_of, as_json))


async def _who(action: str, thing: str, as_of: str | None, as_json: bool) -> int:
    from service.cli import opening
    from service.queries import access

    async with opening.opened() as app:
        view = (await opening.moment(app, as_of)).view
        action = access.named_action(view, action, thing)
        target = access.whole_or_held(view, action, thing)
        found = access.who_may(view, action, target)
        under = access.who_under_condition(view, action, target)
        if as_json:
            output.json(
                {
                    "action": action,
                    "thing": target.thing,
                    "position": view.position,
                    "principals": [_drawn(view, one, verdict.grants) for one, verdict in found],
                    **({"underCondition": [_drawn(view, *one) for one in under]} if under else {}),
                }
            )
        else:
            rows = []
            for principal, verdict in found:
                name = view.text(principal.name) or principal.id
                rows.append(
                    (name, principal.type.replace("_", " "), " ".join(access.grants(view, name, verdict)))
                )
            output.table(("who", "kind", "why"), rows)
            _conditions(view, under)
        return ALLOWED if found else DENIED


def _drawn(view: "View", principal: "Principal", grants: "tuple[Grant, ...]") -> dict[str, object]:
    return {
        "type": principal.type,
        "id": principal.id,
        "name": view.text(principal.name),
        "grants": grants,
    }


def _conditions(view: "View", under: "list[tuple[Principal, tuple[Grant, ...]]]") -> None:
    """The table of those who may not as such, where there are any."""
    rows = []
    for principal, grants in under:
        name = view.text(principal.name) or principal.id
        told = []
        for grant in grants:
            role = view.role_or_none(grant.role)
            told.append(f"the role {role.name if role else grant.role!r} grants {grant.scope}")
        rows.append((name, principal.type.replace("_", " "), "; ".join(told)))
    if rows:
        output.table(("who could, where the condition holds", "kind", "by"), rows)
