"""What may be asked of system accounts alone: their creation. All else is asked of a principal (`users`)."""

from typing import ClassVar

import msgspec

from projections import things
from projections.principals import Principal
from projections.view import View
from service import errors
from service.catalogue.compiled import CI_CD
from service.commands import aliases
from service.commands.order import Caller, Need, NewPrincipal, TokenPair
from service.commands.users import EditUser, edit_user, issued, joins_default_team
from service.events import Event
from service.events.system_accounts import SystemAccountCreated
from service.events.teams import TeamMembersChanged
from service.events.tokens import TokenRegenerated
from service.events.users import PrincipalDisabled, PrincipalRolesChanged
from service.vocabulary import TeamId, clear, email, name


class CreateSystemAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Make a principal that is no person, with both tokens, the CI/CD role, and a team.

    Who manages only the system accounts of their teams must name one of these (seed 003). Under the address of one
    that was disabled that one is made again, since Terraform «deletes» by disabling (section 5.3).
    """

    word: ClassVar[str] = "create_system_account"
    new: NewPrincipal
    tokens: TokenPair
    name: str
    email: str | None = None
    team: TeamId | None = None
    active: bool = True

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        teams = (self.team,) if self.team is not None else ()
        creating = Need("system_account:manage", things.about_to_exist("system_account", "", None, teams))
        existing = _disabled(self, view)
        if existing is None:
            return (creating,)
        managing = Need("system_account:manage", things.of_principal(existing))
        return (managing,) if self.team is None else (managing, creating)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team} if self.team else {}


def create_system_account(command: CreateSystemAccount, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad name, address or team, Refused when the address is taken."""
    if command.team is not None and view.team_or_none(command.team) is None:
        raise errors.Invalid("There is no such team.", "/teamUuid")
    existing = _disabled(command, view)
    if existing is not None:
        return _made_again(command, existing, view, caller)
    address = email(command.email) if command.email else None
    if address and view.principal_with_email(address) is not None:
        raise errors.Refused("email_taken", "This e-mail address belongs to another account.", "/email")
    if address:
        aliases.require_not_anothers(view, address, "/email")
    key = command.new.key
    decided: list[Event] = [
        SystemAccountCreated(
            principal=command.new.id,
            key=key,
            name=clear(name(command.name, "/name"), key),
            email=clear(address, key) if address else None,
        )
    ]
    if view.role_or_none(CI_CD) is not None:
        decided.append(PrincipalRolesChanged(principal=command.new.id, added=(view.role(CI_CD).id,)))
    if command.team is not None:
        decided.append(TeamMembersChanged(team=command.team, added=(command.new.id,)))
    else:
        decided += joins_default_team(view, command.new.id)
    if not command.active:
        decided.append(PrincipalDisabled(principal=command.new.id))
    return decided + issued(command.new.id, command.tokens)


def _disabled(command: CreateSystemAccount, view: View) -> Principal | None:
    """The disabled system account whose address this is, if it is one's."""
    found = view.principal_with_email(command.email) if command.email else None
    return found if found is not None and found.type == "system_account" and not found.active else None


def _made_again(command: CreateSystemAccount, existing: Principal, view: View, caller: Caller) -> list[Event]:
    """Enable it under the name it has now, with roles and teams as it kept them.

    Its tokens get other values first: one that leaked before it was disabled must not come back to life.
    """
    pair = {True: command.tokens.read_only, False: command.tokens.read_write}
    decided: list[Event] = []
    for token in map(view.token, existing.tokens):
        new = pair[token.read_only]
        decided.append(
            TokenRegenerated(
                token=token.id,
                principal=existing.id,
                digest=new.digest,
                value=new.ref,
                value_before=token.value,
                expires_at_before=token.expires_at,
            )
        )
    if command.team is not None and command.team not in existing.teams:
        decided.append(TeamMembersChanged(team=command.team, added=(existing.id,)))
    edit = EditUser(
        principal=existing.id, name=command.name, email=command.email, active=command.active or None
    )
    return decided + edit_user(edit, view, caller)
