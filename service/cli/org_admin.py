"""`muniment org-admin`: who administers the account for the organisation, which nobody within it decides."""

import click

from service.cli import options, output


@click.group("org-admin")
def org_admin() -> None:
    """Give a person the role Organization Administrator, or take it.

    It manages sign-in, roles, people, system accounts and teams, has no access to the API by itself, and takes no
    seat. Over HTTP it is neither assigned nor removed. It is no way back in: see `muniment break-glass`.
    """


@org_admin.command()
@click.argument("person")
@options.explained
@options.as_json
def grant(person: str, reason: str, ticket: str, as_json: bool) -> None:
    """Make PERSON Organization Administrator; every other role stays."""
    _show(options.run(_change(person, True, reason, ticket)), "is Organization Administrator", as_json)


@org_admin.command()
@click.argument("person")
@options.explained
@options.as_json
def revoke(person: str, reason: str, ticket: str, as_json: bool) -> None:
    """Take the role from PERSON; every other role stays."""
    _show(options.run(_change(person, False, reason, ticket)), "is not Organization Administrator", as_json)


async def _change(person: str, granted: bool, reason: str, ticket: str) -> dict[str, object]:
    from service.cli import opening
    from service.commands.organization import ChangeOrganizationAdministrator
    from service.queries import naming

    async with opening.opened() as app:
        principal = naming.principal(app.replica.now(), person).id
        command = ChangeOrganizationAdministrator(principal=principal, granted=granted)
        outcome = await opening.order(app, command, reason, ticket)
        return {"principal": principal, "changed": bool(outcome.records), "position": outcome.position}


def _show(changed: dict[str, object], now: str, as_json: bool) -> None:
    if as_json:
        output.json(changed)
    elif changed["changed"]:
        output.words(f"{changed['principal']} {now}, at position {changed['position']}.")
    else:
        output.words(f"{changed['principal']} {now}, as before: nothing changed.")
