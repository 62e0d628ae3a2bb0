"""`muniment who`: everybody who may, or at an earlier moment could have."""

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED


@click.command()
@options.several(click.argument("action"), click.argument("thing"), options.as_of, options.as_json)
def who(action: str, thing: str, as_of: str | None, as_json: bool) -> int:
    """Who may do ACTION to THING? Exit 0: somebody, 1: nobody, 2 and above: errors.

    Asked as of the moment before an incident, it says who could have: muniment who contract_data:bulk_delete
    integration:Foo/Bar --as-of 2026-11-20T14:03:00Z
    """
    return options.run(_who(action, thing, as_of, as_json))


async def _who(action: str, thing: str, as_of: str | None, as_json: bool) -> int:
    from service.cli import opening
    from service.queries import access

    async with opening.opened() as app:
        view = (await opening.moment(app, as_of)).view
        target = access.whole_or_held(view, action, thing)
        found = access.who_may(view, action, target)
        if as_json:
            output.json(
                {
                    "action": action,
                    "thing": target.thing,
                    "position": view.position,
                    "principals": [
                        {
                            "type": principal.type,
                            "id": principal.id,
                            "name": view.text(principal.name),
                            "grants": verdict.grants,
                        }
                        for principal, verdict in found
                    ],
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
        return ALLOWED if found else DENIED
