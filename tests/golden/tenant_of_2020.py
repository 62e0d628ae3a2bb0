"""The log of a tenant of 2020, from before team scopes: global rights, Test Maintainer, four predefined roles.

`python -m tests.golden.tenant_of_2020` wrote the file, once, from the facts below; it writes nothing where there is
one, since what was recorded once must be readable, and upgradable, for ever. (Seeds 000 and 003; section 1.3 Q10.)
"""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.catalogue.compiled import ADMINISTRATOR, CI_CD, DEFAULT_TEAM, USER
from service.catalogue.model import Action, Catalogue, Permission, PredefinedRole
from service.events import Event
from service.events.account import CatalogueAdopted, LogOpened
from service.events.applications import ApplicationCreated
from service.events.roles import RoleCreated
from service.events.system_accounts import SystemAccountCreated
from service.events.teams import TeamApplicationsChanged, TeamCreated, TeamMembersChanged
from service.events.tokens import TokenIssued
from service.events.users import PrincipalRolesChanged, UserCreated
from service.log import merkle, recorded, seal
from service.log.connect import Connection
from service.log.recorded import Actor, Recorded
from service.log.seal import PersonKeys
from service.vocabulary import (
    ApplicationId,
    EventId,
    KeyId,
    PrincipalId,
    RoleId,
    Scope,
    TeamId,
    TokenId,
    VaultRef,
    clear,
)
from tests.given import KEYS, VIEWER, Account

FILE = Path(__file__).with_name("tenant_of_2020.txt")
ORIGIN = "2020.example.org/log"
AT = datetime(2020, 9, 1, 9, 0, tzinfo=UTC)
_IDS = uuid.UUID("20200901-0000-4000-8000-000000000000")


def id_of(name: str) -> str:
    """The id of whatever is called so in this story."""
    return str(uuid.uuid5(_IDS, name))


KEVIN, SALLY, BILLY, VERA = (PrincipalId(id_of(one)) for one in ("Kevin", "Sally", "Billy", "Vera"))
JENKINS, ROTATOR = PrincipalId(id_of("Jenkins")), PrincipalId(id_of("Rotator"))
A, B = TeamId(id_of("team A")), TeamId(id_of("team B"))
FOO, BAR, BAZ = (ApplicationId(id_of(one)) for one in ("Foo", "Bar", "Baz"))
SECRET_ROTATOR = RoleId(id_of("Secret Rotator"))
TEST_MAINTAINER = RoleId(USER)
"""What is User on every later tenant is Test Maintainer here, under the same id."""

PERMISSIONS = {
    "user:manage:*": "Manage users",
    "team:manage:*": "Manage teams",
    "user:invite": "Invite users",
    "system_account:manage:*": "Manage system accounts",
    "role:manage:*": "Manage roles",
    "token:manage:own": "Manage API tokens",
    "contract_data:manage:*": "Manage contract data",
    "contract_data:bulk_delete:*": "Bulk delete contract data",
    "webhook:manage:*": "Manage webhooks",
    "secret:manage:*": "Manage secrets",
    "system_account:read:*": "Read system accounts",
    "role:read:*": "Read roles",
    "user:read:*": "Read users",
    "team:read:*": "Read teams",
    "contract_data:read:*": "Read contract data",
    "read_token:manage:own": "Manage read only API tokens",
    "system_preference:read:*": "Read system preferences",
}
"""The scopes of 2020 and what they were called; the last one was retired since."""
_IMPLIED = {
    one: f"{one.partition(':')[0]}:read"
    for one in ("user:manage", "team:manage", "role:manage", "system_account:manage", "contract_data:manage")
}
_MAINTAINING = (
    "contract_data:bulk_delete:*",
    "contract_data:manage:*",
    "contract_data:read:*",
    "role:read:*",
    "secret:manage:*",
    "system_account:read:*",
    "system_preference:read:*",
    "team:read:*",
    "token:manage:own",
    "user:read:*",
    "webhook:manage:*",
)
ROLES = (
    PredefinedRole(
        id=ADMINISTRATOR,
        name="Administrator",
        description="",
        scopes=(
            "contract_data:bulk_delete:*",
            "contract_data:manage:*",
            "role:manage:*",
            "secret:manage:*",
            "system_account:manage:*",
            "team:manage:*",
            "token:manage:own",
            "user:invite",
            "user:manage:*",
            "webhook:manage:*",
        ),
    ),
    PredefinedRole(id=USER, name="Test Maintainer", description="", scopes=_MAINTAINING),
    PredefinedRole(
        id=CI_CD,
        name="CI/CD",
        description="",
        scopes=("contract_data:manage:*", "contract_data:read:*", "webhook:manage:*"),
    ),
    PredefinedRole(
        id=VIEWER,
        name="Viewer",
        description="",
        scopes=("contract_data:read:*", "read_token:manage:own", "team:read:*", "user:read:*"),
    ),
)
"""The four default roles that seed 000 speaks of."""


def catalogue() -> Catalogue:
    """What permissions meant in 2020."""
    actions = dict.fromkeys(
        scope if scope == "user:invite" else scope.rpartition(":")[0] for scope in PERMISSIONS
    )
    return Catalogue(
        number=1,
        permissions=tuple(
            Permission(scope=scope, label=label, group="", description="")
            for scope, label in PERMISSIONS.items()
        ),
        actions=tuple(
            Action(
                name=action,
                types=(action.partition(":")[0],),
                implies=(_IMPLIED[action],) if action in _IMPLIED else (),
            )
            for action in actions
        ),
        aliases={},
        roles=ROLES,
    )


def facts() -> Iterator[Event]:
    """What happened, in its order."""
    verifier = KEYS.signer(ORIGIN).verifier
    yield LogOpened(account=id_of("account"), epoch=id_of("epoch"), origin=ORIGIN, verifier=verifier)
    yield CatalogueAdopted(number_before=0, catalogue=catalogue())
    for role in ROLES:
        yield _role(RoleId(role.id), role.name, role.scopes, predefined=True)
    yield TeamCreated(team=TeamId(DEFAULT_TEAM), name="Default", default=True)
    yield from _person(KEVIN, "Kevin", ADMINISTRATOR, USER)
    yield from _person(SALLY, "Sally", USER)
    yield from _person(BILLY, "Billy", USER)
    yield from _person(VERA, "Vera", VIEWER)
    yield from _robot(JENKINS, "Jenkins", CI_CD)
    for name, team, application, member in (("A", A, FOO, SALLY), ("B", B, BAZ, BILLY)):
        yield TeamCreated(team=team, name=name, default=False)
        yield TeamMembersChanged(team=team, added=(member,), removed=())
        yield ApplicationCreated(
            application=application, name="Foo" if application == FOO else "Baz", creator=KEVIN
        )
        yield TeamApplicationsChanged(team=team, added=(application,), removed=())
    yield ApplicationCreated(application=BAR, name="Bar", creator=SALLY)
    yield TeamApplicationsChanged(team=A, added=(BAR,))
    yield TeamApplicationsChanged(team=B, added=(BAR,))
    yield _role(SECRET_ROTATOR, "Secret Rotator", ("secret:manage:*",), predefined=False)
    yield from _robot(ROTATOR, "Rotator", SECRET_ROTATOR)
    yield TeamMembersChanged(team=A, added=(ROTATOR,))


def written() -> list[Recorded]:
    """The facts as records, with every person's text sealed."""
    keys, found = person_keys(), []
    for position, fact in enumerate(facts(), 1):
        event_id = EventId(id_of(f"event {position}"))
        opening = position <= 2 + len(ROLES)
        found.append(
            Recorded(
                v=recorded.VERSION,
                position=position,
                id=event_id,
                recorded_at=AT + timedelta(hours=position),
                rule=1,
                catalogue=min(position - 1, 1),
                release="0.1.0",
                actor=Actor(system="first start") if opening else Actor(principal=KEVIN),
                data=seal.seal_event(fact, event_id, keys),
            )
        )
    return found


def history() -> list[Recorded]:
    """The file's records."""
    return [recorded.decode(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def account() -> Account:
    """The tenant as it stands, ready for orders of today."""
    records = history()
    found = Account(history=records)
    for name, principal in _PEOPLE.items():
        found.replica.person_keys.put(_key(principal), _raw(name))
    for record in records:
        found.replica.people.learn(record)  # once more, now that names can be read
    return found


async def store(connection: Connection) -> None:
    """Put the file's records into an empty log as they stand, with what belongs beside them.

    The connection is the owner's: the service itself would never append what was recorded years ago.
    """
    records, frontier = history(), merkle.Frontier.decode(bytes(8))
    async with connection.transaction():
        await connection.execute("alter table log_head disable trigger all")
        for record, line in zip(records, FILE.read_bytes().splitlines(), strict=True):
            leaf = merkle.leaf_hash(line)
            frontier.append(leaf)
            await connection.execute(
                "insert into log (position, event_id, kind, recorded_at, actor, leaf, entry)"
                " values ($1, $2, $3, $4, $5, $6, $7)",
                record.position,
                record.id,
                recorded.kind_of(record.data),
                record.recorded_at,
                record.actor.principal,
                leaf,
                line.decode(),
            )
        await connection.execute(
            "update log_head set account = $1, epoch = $2, position = $3, recorded_at = $4, frontier = $5,"
            " key_check = $6",
            id_of("account"),
            id_of("epoch"),
            len(records),
            records[-1].recorded_at,
            frontier.encode(),
            KEYS.key_check,
        )
        await connection.execute("alter table log_head enable trigger all")
        await _store_beside(connection)


async def _store_beside(connection: Connection) -> None:
    for name, principal in _PEOPLE.items():
        key = _key(principal)
        await connection.execute(
            "insert into person_key (key, wrapped) values ($1, $2)", key, KEYS.wrap(key, _raw(name))
        )
        for read_only in (True, False):
            value = token(name, read_only=read_only)
            ref = VaultRef(id_of(f"value of {value}"))
            sealed = KEYS.seal_vault(ref, value.encode())
            await connection.execute("insert into vault (ref, ciphertext) values ($1, $2)", ref, sealed)


def person_keys() -> PersonKeys:
    """The keys of everybody in the story."""
    keys = PersonKeys()
    for name, principal in _PEOPLE.items():
        keys.put(_key(principal), _raw(name))
    return keys


_PEOPLE = {
    "Kevin": KEVIN,
    "Sally": SALLY,
    "Billy": BILLY,
    "Vera": VERA,
    "Jenkins": JENKINS,
    "Rotator": ROTATOR,
}


def token(name: str, *, read_only: bool = False) -> str:
    """The value of somebody's token."""
    return f"mun_{name}-of-2020-{'read-only' if read_only else 'read-write'}"


def _key(principal: PrincipalId) -> KeyId:
    return KeyId(id_of(f"key of {principal}"))


def _raw(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _role(role: RoleId, name: str, scopes: tuple[str, ...], *, predefined: bool) -> RoleCreated:
    return RoleCreated(
        role=role,
        name=name,
        description="",
        scopes=tuple(map(Scope, scopes)),
        predefined=predefined,
        locked=False,
        assignable=True,
        api_access=True,
    )


def _person(principal: PrincipalId, name: str, *roles: str) -> Iterator[Event]:
    key = _key(principal)
    yield UserCreated(
        principal=principal,
        key=key,
        name=clear(name, key),
        email=clear(f"{name.lower()}@2020.example.org", key),
    )
    yield from _given(principal, name, roles)


def _robot(principal: PrincipalId, name: str, *roles: str) -> Iterator[Event]:
    key = _key(principal)
    yield SystemAccountCreated(principal=principal, key=key, name=clear(name, key))
    yield from _given(principal, name, roles)


def _given(principal: PrincipalId, name: str, roles: tuple[str, ...]) -> Iterator[Event]:
    yield PrincipalRolesChanged(principal=principal, added=tuple(RoleId(role) for role in sorted(roles)))
    yield TeamMembersChanged(team=TeamId(DEFAULT_TEAM), added=(principal,))
    for read_only in (True, False):
        value = token(name, read_only=read_only)
        yield TokenIssued(
            token=TokenId(id_of(value)),
            principal=principal,
            read_only=read_only,
            digest=KEYS.token_digest(value),
            value=VaultRef(id_of(f"value of {value}")),
        )


if __name__ == "__main__" and not FILE.exists():
    FILE.write_text("".join(f"{recorded.encode(one).decode()}\n" for one in written()), encoding="utf-8")
