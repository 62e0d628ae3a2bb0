"""What may be asked of the account itself: to open it, adopt a catalogue, read its trail, and force a way back in."""

from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, AUDITOR, DECISION_CLIENT, DEFAULT_TEAM, REGISTRAR, USER
from service.catalogue.model import Catalogue, PredefinedRole
from service.commands import aliases
from service.commands.guard import NEEDED_TO_UNDO
from service.commands.order import Caller, Need, NewPrincipal, TokenPair
from service.commands.users import issued, issued_or_replaced
from service.events import Event
from service.events import account as events
from service.events.roles import RoleCreated, RolePermissionsChanged
from service.events.teams import TeamCreated, TeamMembersChanged
from service.events.users import PrincipalEnabled, PrincipalRolesChanged, UserCreated
from service.vocabulary import PrincipalId, RoleId, Scope, TeamId, clear, email, name


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Open an empty log: catalogue, predefined roles, Default team, first Administrator with tokens."""

    word: ClassVar[str] = "open_account"
    account: str
    epoch: str
    origin: str
    verifier: str
    catalogue: Catalogue
    administrator: NewPrincipal
    tokens: TokenPair
    administrator_name: str
    administrator_email: str
    profile: str = ""
    """What the predefined roles are called: a naming profile of the catalogue, or its own names."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {}


class AdoptCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Let the catalogue of this release be in force from here on, if its number is higher."""

    word: ClassVar[str] = "adopt_catalogue"
    catalogue: Catalogue

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"number": str(self.catalogue.number)}


class ReadTrail(msgspec.Struct, frozen=True, kw_only=True):
    """Read the audit trail up to a position. It is a command, because reading it is an event."""

    word: ClassVar[str] = "read_trail"
    filters: dict[str, str]
    until: int

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("audit:read", things.anything("audit")),)

    def arguments(self) -> dict[str, str]:
        return dict(self.filters)


class RestoreLog(msgspec.Struct, frozen=True, kw_only=True):
    """Accept, at the console, that the database behind the log was replaced by an older or another copy."""

    word: ClassVar[str] = "restore_log"
    epoch_before: str
    epoch: str
    lost_from: int
    lost_to: int

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"epoch": self.epoch}


class AddKey(msgspec.Struct, frozen=True, kw_only=True):
    """Seal and sign under a later secret from here on, by whoever sits at the console and has it."""

    word: ClassVar[str] = "add_key"
    fingerprint: str
    verifier: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"fingerprint": self.fingerprint}


class BreakGlass(msgspec.Struct, frozen=True, kw_only=True):
    """Give a principal the way back in, from the console alone.

    Enables it, gives it the Administrator role (restored if it no longer suffices) and new tokens. With `new`
    a person is made for it.
    """

    word: ClassVar[str] = "break_glass"
    principal: PrincipalId
    tokens: TokenPair
    new: NewPrincipal | None = None
    name: str = ""
    email: str = ""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"principal": self.principal}


def open_account(command: OpenAccount, view: View, caller: Caller) -> list[Event]:
    """Decide the opening. Raises Refused on a log that is not empty, Forbidden for anybody but the service itself."""
    if not caller.system:
        raise errors.Forbidden("Only the service itself opens an account.", "the first start")
    if view.position:
        raise errors.Refused("account_open", "This log is not empty: the account was opened before.")
    who = command.administrator
    opened: list[Event] = [
        events.LogOpened(
            account=command.account, epoch=command.epoch, origin=command.origin, verifier=command.verifier
        ),
        events.CatalogueAdopted(number_before=0, catalogue=command.catalogue),
    ]
    opened += [_predefined(role) for role in command.catalogue.roles_under(command.profile)]
    opened += [
        TeamCreated(team=TeamId(DEFAULT_TEAM), name="Default", default=True),
        UserCreated(
            principal=who.id,
            key=who.key,
            name=clear(name(command.administrator_name), who.key),
            email=clear(email(command.administrator_email), who.key),
        ),
        PrincipalRolesChanged(
            principal=who.id,
            added=tuple(
                RoleId(role) for role in sorted((USER, ADMINISTRATOR, AUDITOR, DECISION_CLIENT, REGISTRAR))
            ),
        ),
        TeamMembersChanged(team=TeamId(DEFAULT_TEAM), added=(who.id,)),
    ]
    return opened + issued(who.id, command.tokens)


def adopt_catalogue(command: AdoptCatalogue, view: View, caller: Caller) -> list[Event]:
    """Decide an adoption. A catalogue that is not newer changes nothing; stored roles are never touched (seed 003).

    A predefined role that is new here is made under the catalogue's own name, unless a role has that name already: a
    tenant of 2020 has a Test Maintainer that is today's User, and needs no second one (section 1.3 Q10).
    """
    if not caller.system:
        raise errors.Forbidden("Only the service itself adopts a catalogue.", "the service's own start")
    if command.catalogue.number <= view.compiled.number:
        return []
    known = {role.id for role in view.roles()}
    adopted: list[Event] = [
        events.CatalogueAdopted(number_before=view.compiled.number, catalogue=command.catalogue)
    ]
    return adopted + [
        _predefined(role)
        for role in command.catalogue.roles
        if role.id not in known and view.role_named(role.name) is None
    ]


def read_trail(command: ReadTrail, view: View, caller: Caller) -> list[Event]:
    """Decide a reading: it always happens, so it is always a fact."""
    return [events.TrailRead(filters=command.filters, until=command.until)]


def restore_log(command: RestoreLog, view: View, caller: Caller) -> list[Event]:
    """Decide a new epoch. Raises Forbidden off the console."""
    if not caller.console:
        raise errors.Forbidden("A restoration is accepted at the console only.", "the console")
    return [
        events.LogRestored(
            epoch_before=command.epoch_before,
            epoch=command.epoch,
            lost_from=command.lost_from,
            lost_to=command.lost_to,
        )
    ]


def add_key(command: AddKey, view: View, caller: Caller) -> list[Event]:
    """Decide a change of keys. Raises Forbidden off the console. A key that was added already changes nothing."""
    if not caller.console:
        raise errors.Forbidden("A key is added at the console only.", "the console")
    if any(fingerprint == command.fingerprint for fingerprint, _ in view.added_keys()):
        return []
    return [events.KeyAdded(fingerprint=command.fingerprint, verifier=command.verifier)]


def break_glass(command: BreakGlass, view: View, caller: Caller) -> list[Event]:
    """Decide the way back in. Raises Forbidden off the console, NotFound, Invalid for a bad name or address."""
    if not caller.console:
        raise errors.Forbidden("The glass is broken at the console only.", "the console")
    decided: list[Event] = [events.BreakGlassUsed(principal=command.principal)]
    existing = view.principal_or_none(command.principal) if command.new is None else None
    if command.new is not None:
        if view.principal_with_email(email(command.email)) is not None:
            raise errors.Refused(
                "email_taken", "This e-mail address belongs to an account; name that one.", "/email"
            )
        aliases.require_not_anothers(view, email(command.email), "/email")
        key = command.new.key
        named = clear(name(command.name or command.email), key)
        decided.append(
            UserCreated(
                principal=command.principal, key=key, name=named, email=clear(email(command.email), key)
            )
        )
    elif existing is None:
        view.principal(command.principal)  # raises NotFound in the usual words
    elif not existing.active:
        decided.append(PrincipalEnabled(principal=existing.id))
    decided += _administrator_restored(view)
    if existing is None or ADMINISTRATOR not in existing.roles:
        decided.append(PrincipalRolesChanged(principal=command.principal, added=(RoleId(ADMINISTRATOR),)))
    return decided + issued_or_replaced(view, command.principal, command.tokens)


def _administrator_restored(view: View) -> list[Event]:
    role = view.role(ADMINISTRATOR)
    needed = [view.compiled.bits[action] for action in NEEDED_TO_UNDO]
    if all(view.compiled.masks(role.scopes).everywhere & bit for bit in needed):
        return []
    default = next(one for one in view.compiled.catalogue.roles if one.id == ADMINISTRATOR)
    scopes = tuple(Scope(scope) for scope in default.scopes)
    return [RolePermissionsChanged(role=role.id, before=role.scopes, after=scopes)]


def _predefined(role: PredefinedRole) -> RoleCreated:
    return RoleCreated(
        role=RoleId(role.id),
        name=role.name,
        description=role.description,
        scopes=tuple(Scope(scope) for scope in role.scopes),
        predefined=True,
        locked=role.locked,
        assignable=role.assignable,
        api_access=role.api_access,
    )
