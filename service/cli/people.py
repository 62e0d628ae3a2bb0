"""`muniment invite`, `redeem` and `break-glass`: how a person gets in, and gets back in."""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where an order is given, so that help stays fast
    from service.app import App
    from service.orders import Outcome

token_file = click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="Write the read/write token there (a new file of mode 0600) in place of printing it.",
)


@click.command()
@click.argument("name")
@click.argument("email")
@click.option(
    "--role", "roles", multiple=True, metavar="ROLE", help="Give this role in place of the default one."
)
@click.option("--team", "teams", multiple=True, metavar="TEAM", help="Add the person to this team too.")
@options.explained
@options.as_json
def invite(
    name: str,
    email: str,
    roles: tuple[str, ...],
    teams: tuple[str, ...],
    reason: str,
    ticket: str,
    as_json: bool,
) -> None:
    """Give a person an account and a one-time code, which `muniment redeem` turns into tokens within 7 days.

    For example: muniment invite Sally sally@example.org --role "role:Test Maintainer" --team team:A
    """
    invited = options.run(_invite(name, email, roles, teams, reason, ticket))
    if as_json:
        output.json(invited)
    elif invited["code"] is None:
        output.words(f"{email} has an account already, and needs no code.")
    else:
        click.echo(str(invited["code"]))
        output.words(
            f"This is {name}'s one-time code, valid until {_time(invited['expiresAt'])}. It is redeemed by"
            f' `muniment redeem CODE`, or by POST {invited["redeemAt"]} with {{"code": "…"}} (at BASE_URL).'
        )
        if invited["replacesCode"]:
            output.words(f"It replaces the earlier code of {email}, which no longer works.")
        if invited["replacesTokens"]:
            output.words(f"{email} has tokens already: they stop working when this code is redeemed.")


async def _invite(
    name: str, email: str, roles: tuple[str, ...], teams: tuple[str, ...], reason: str, ticket: str
) -> dict[str, object]:
    from service.cli import opening
    from service.commands.teams import ChangeMembers
    from service.commands.users import ChangeRoles, InviteUser
    from service.events.users import InvitationIssued
    from service.vocabulary import TeamId

    async with opening.opened() as app:
        given = [
            _thing(app, "role", role) for role in roles
        ]  # a name that is wrong is told before anything is done
        joined = [_thing(app, "team", team) for team in teams]
        known = app.replica.now().principal_with_email(email)
        earlier = app.replica.now().invitation_or_none(known.id) if known else None
        order = InviteUser(
            new=app.fresh.principal(), invitation=app.fresh.invitation(), name=name, email=email
        )
        outcome = await opening.order(app, order, reason, ticket)
        principal = app.replica.now().principal_with_email(email)
        assert principal is not None, "who was invited is here"
        if given:
            await opening.order(
                app, ChangeRoles(principal=principal.id, how="replace", roles=tuple(given)), reason, ticket
            )
        for team in joined:
            members = ChangeMembers(team=TeamId(team), how="add", members=(principal.id,))
            await opening.order(app, members, reason, ticket)
        issued = next((one.data for one in outcome.records if isinstance(one.data, InvitationIssued)), None)
        return {
            "principal": principal.id,
            "code": app.fresh.code(issued.invitation) if issued else None,
            "expiresAt": issued.expires_at if issued else None,
            "redeemAt": f"{app.settings.base_url}/invitations/redeem",
            "replacesCode": issued is not None and earlier is not None,
            "replacesTokens": issued is not None and known is not None and bool(known.tokens),
            "position": app.replica.position,
        }


@click.command()
@click.argument("code")
@token_file
@options.explained
@options.as_json
def redeem(code: str, token_file: Path | None, reason: str, ticket: str, as_json: bool) -> None:
    """Turn the one-time CODE of an invitation into the person's tokens, which are shown this once."""
    with _kept(token_file) as keep:
        _show(options.run(_redeem(code, reason, ticket)), keep, as_json)


async def _redeem(code: str, reason: str, ticket: str) -> dict[str, object]:
    from service.cli import opening
    from service.commands.order import Caller
    from service.commands.users import RedeemInvitation

    async with opening.opened() as app:
        order = RedeemInvitation(digest=app.fresh.code_digest(code), tokens=app.fresh.tokens())
        outcome = await opening.given(app, order, Caller(code=True), reason, ticket)
        return _tokens(order.tokens.read_write.value.text(), order.tokens.read_only.value.text(), outcome)


@click.command("break-glass")
@click.argument("subject", required=False)
@click.option("--email", metavar="EMAIL", help="Make a new person with this address in place of naming one.")
@click.option("--name", default="", metavar="NAME", help="The new person's name; without it the address.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@token_file
@options.explained
@options.as_json
def break_glass(
    subject: str | None,
    email: str | None,
    name: str,
    yes: bool,
    token_file: Path | None,
    reason: str,
    ticket: str,
    as_json: bool,
) -> None:
    """Make SUBJECT an active Administrator with new tokens, when nobody is left who could.

    The Administrator role gets its permissions back if it lacks those to undo a lock-out; old tokens of SUBJECT stop
    working. It is recorded like everything else, as done by you at the console.
    """
    if (subject is None) == (email is None):
        raise click.UsageError("Name either somebody who is here (user:sally) or a new --email.")
    who = subject or email
    if not yes:
        click.confirm(f"Make {who} an Administrator with new tokens? This is recorded.", abort=True, err=True)
    with _kept(token_file) as keep:
        _show(options.run(_break_glass(subject, email, name, reason, ticket)), keep, as_json)


async def _break_glass(
    subject: str | None, email: str | None, name: str, reason: str, ticket: str
) -> dict[str, object]:
    from service.cli import opening
    from service.commands.account import BreakGlass
    from service.queries import naming

    async with opening.opened() as app:
        tokens = app.fresh.tokens()
        if subject is not None:
            order = BreakGlass(principal=naming.principal(app.replica.now(), subject).id, tokens=tokens)
        else:
            new = app.fresh.principal()
            order = BreakGlass(principal=new.id, tokens=tokens, new=new, name=name, email=email or "")
        outcome = await opening.order(app, order, reason, ticket)
        return _tokens(tokens.read_write.value.text(), tokens.read_only.value.text(), outcome)


def _time(at: object) -> str:
    return output.instant(at) if isinstance(at, datetime) else ""


def _thing(app: "App", type_: str, text: str) -> str:
    """The id of a role or a team, named with or without its type."""
    from service import errors
    from service.queries import naming

    target = naming.target(app.replica.now(), text if text.startswith(f"{type_}:") else f"{type_}:{text}")
    if target.thing.type != type_:
        raise errors.Invalid(f"{text!r} is no {type_}.")
    return target.thing.id


def _tokens(read_write: str, read_only: str, outcome: "Outcome") -> dict[str, object]:
    return {"readWrite": read_write, "readOnly": read_only, "position": outcome.position}


@contextlib.contextmanager
def _kept(path: Path | None) -> Iterator[int | None]:
    """A new file of mode 0600, made before the token is, so that no token is lost for want of a place."""
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as failure:
        raise click.BadParameter(
            f"{path} cannot be made: {failure.strerror}.", param_hint="--token-file"
        ) from failure
    try:
        yield descriptor
    except BaseException:
        path.unlink()
        raise
    finally:
        os.close(descriptor)
    output.words(f"The read/write token is in {path} (mode 0600).")


def _show(tokens: dict[str, object], keep: int | None, as_json: bool) -> None:
    if keep is not None:
        os.write(keep, f"{tokens['readWrite']}\n".encode())
        os.fsync(keep)
        if as_json:
            output.json({"position": tokens["position"]})
    elif as_json:
        output.json(tokens)
    else:
        click.echo(str(tokens["readWrite"]))
        output.words("This is the read/write token. It is shown this once: keep it safe.")
