"""`muniment forget`: the end of what is known of a person, which nothing can undo."""

import click

from service.cli import options, output


@click.command()
@click.argument("person")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@options.explained
@options.as_json
def forget(person: str, yes: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Destroy the key to PERSON's name, addresses and external ids, in every record there ever was.

    Their address goes from the operational contacts, too. An account that still lives is deleted with it. What was
    done under it stays in the record, by its id. A deleted person is named by that id, which `muniment audit --kind
    principal.deleted` shows.
    """
    if not yes:
        click.confirm(
            f"Delete and forget {person}? No name or address of theirs can ever be read again.",
            abort=True,
            err=True,
        )
    principal, position = options.run(_forget(person, reason, ticket))
    if as_json:
        output.json({"principal": principal, "position": position})
    else:
        output.words(f"The person {principal} is forgotten, at position {position}.")


async def _forget(person: str, reason: str, ticket: str) -> tuple[str, int]:
    from service.cli import opening
    from service.commands.people import ForgetPerson
    from service.queries import naming
    from service.vocabulary import PrincipalId, is_uuid

    async with opening.opened() as app:
        named = person.removeprefix("user:")
        principal = (
            PrincipalId(named.lower())
            if is_uuid(named)  # a deleted person has no other name
            else naming.principal(app.replica.now(), person).id
        )
        outcome = await opening.order(
            app, ForgetPerson(principal=principal, key=app.fresh.key()), reason, ticket
        )
        return principal, outcome.position
