"""What may be asked of system accounts alone: their creation. All else is asked of a principal (`users`)."""

from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.catalogue.compiled import CI_CD
from service.commands.order import Caller, Need, NewPrincipal, TokenPair
from service.commands.users import issued, joins_default_team
from service.events import Event
from service.events.system_accounts import SystemAccountCreated
from service.events.teams import TeamMembersChanged
from service.events.users import PrincipalDisabled, PrincipalRolesChanged
from service.vocabulary import TeamId, clear, email, name


class CreateSystemAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Make a principal that is no person, with both tokens, the CI/CD role, and a team.

    Who manages only the system accounts of their teams must name one of these (seed 003).
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
        return (Need("system_account:manage", things.about_to_exist("system_account", "", None, teams)),)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team} if self.team else {}


def create_system_account(command: CreateSystemAccount, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad name, address or team, Refused when the address is taken."""
    if command.team is not None and view.team_or_none(command.team) is None:
        raise errors.Invalid("There is no such team.", "/teamUuid")
    address = email(command.email) if command.email else None
    if address and view.principal_with_email(address) is not None:
        raise errors.Refused("email_taken", "This e-mail address belongs to another account.", "/email")
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
