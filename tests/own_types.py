"""Own catalogues, registered things and aliases as facts, whoever ordered them and how."""

from typing import Final

import msgspec

from projections.view import View
from service.catalogue.own import Condition, OwnAction, OwnCatalogue, Predicate, Reference, ThingType
from service.events.own_catalogues import OwnCatalogueAdopted, OwnCatalogueWithdrawn
from service.events.resources import (
    Property,
    PropertyChange,
    ResourceOwnerChanged,
    ResourcePropertiesChanged,
    ResourceRegistered,
    ResourceRemoved,
    ResourceTeamsChanged,
    Value,
)
from service.events.users import PrincipalAliasAdded, PrincipalAliasRemoved
from service.vocabulary import AliasId, PrincipalId, ResourceId, TeamId, clear
from tests import facts
from tests.given import Account

EVERYWHERE: Final = ("*", "team", "own")
UNARCHIVED: Final = Condition(
    name="unarchived", all=(Predicate(property="resource.properties.status", not_equals="archived"),)
)
SOFT: Final = Condition(name="soft", all=(Predicate(property="action.properties.soft", equals=True),))
SAME_DEPARTMENT: Final = Condition(
    name="same_department",
    all=(
        Predicate(
            property="resource.properties.department",
            equals=Reference(property="subject.properties.department"),
        ),
    ),
)
LARGE: Final = Condition(name="large", all=(Predicate(property="resource.properties.size", at_least=10),))
RECORDS: Final = OwnCatalogue(
    name="records",
    number=1,
    types=(ThingType(name="record"), ThingType(name="note", owner="author", teams="groups")),
    actions=(
        OwnAction(name="record:read", types=("record",), extents=EVERYWHERE, called=("read",)),
        OwnAction(
            name="record:write",
            types=("record",),
            extents=EVERYWHERE,
            called=("write",),
            implies=("record:read",),
        ),
        OwnAction(
            name="record:delete",
            types=("record",),
            extents=("*", "own"),
            called=("delete",),
            implies=("record:write",),
        ),
        OwnAction(
            name="note:read", types=("note", "record"), extents=("team", "own"), called=("read", "see")
        ),
    ),
    conditions=(UNARCHIVED, SOFT, SAME_DEPARTMENT, LARGE),
    subject_types=("identity",),
)
RECORDS_2: Final = msgspec.structs.replace(
    RECORDS,
    number=2,
    actions=(
        msgspec.structs.replace(RECORDS.actions[0], extents=("*",)),
        msgspec.structs.replace(RECORDS.actions[1], implies=()),
    ),
    conditions=(
        Condition(
            name="unarchived", all=(Predicate(property="resource.properties.status", one_of=("active",)),)
        ),
        SOFT,
    ),
)
"""The next one of the name: less is known, writing no longer reads, and a condition says something else."""
CLASHING: Final = OwnCatalogue(
    name="archive",
    number=1,
    types=(ThingType(name="record", owner="keeper"), ThingType(name="team", owner="boss")),
    actions=(
        OwnAction(name="contract_data:burn", types=("application",), extents=("*",), called=("burn",)),
        OwnAction(
            name="shelf:tidy",
            types=("record", "team"),
            extents=EVERYWHERE,
            called=("tidy", "read"),
            implies=("contract_data:manage",),
        ),
    ),
    conditions=(SOFT, LARGE),
)
"""One that brings what the built-in one and `records` have too; by name it comes before `records`."""
ALL: Final = (RECORDS, RECORDS_2, CLASHING)
WORDS: Final = (
    *("record:read", "record:write", "record:delete", "note:read", "shelf:tidy", "contract_data:burn"),
    *("read", "write", "delete", "see", "tidy", "burn", "contract_data:manage", "nothing"),
)
TYPES: Final = ("record", "note", "team", "application", "nothing")
SCOPES: Final = tuple(
    f"{action.name}:{extent}{condition}"
    for one in ALL
    for action in one.actions
    for extent in EVERYWHERE
    for condition in ("", "?unarchived", "?soft", "?same_department", "?large", "?nothing")
)
"""What roles may hold of them, and some that nobody can give but that stand in a role all the same."""


def adopt(account: Account, catalogue: OwnCatalogue) -> None:
    """It is in force from here on, in the place of one with its name."""
    before = account.now.own_catalogue_or_none(catalogue.name)
    event = OwnCatalogueAdopted(
        name=catalogue.name, number_before=before.number if before else 0, catalogue=catalogue
    )
    facts.happened(account, event)


def withdraw(account: Account, name: str) -> None:
    """It is in force no longer, if it was."""
    before = account.now.own_catalogue_or_none(name)
    if before is not None:
        facts.happened(account, OwnCatalogueWithdrawn(name=name, number_before=before.number))


def register(
    account: Account,
    type_: str,
    name: str,
    owner: PrincipalId | None = None,
    teams: tuple[TeamId, ...] = (),
    **properties: Value,
) -> ResourceId:
    """A thing that is known from here on."""
    found = ResourceId(account.fresh.id())
    facts.happened(
        account,
        ResourceRegistered(
            resource=found,
            type=type_,
            name=name,
            owner=owner,
            teams=teams,
            properties=tuple(Property(one, value) for one, value in sorted(properties.items())),
        ),
    )
    return found


def hand_over(account: Account, resource: ResourceId, owner: PrincipalId | None) -> None:
    """Somebody else's from here on, or nobody's."""
    before = account.now.resource(resource).owner
    facts.happened(account, ResourceOwnerChanged(resource=resource, before=before, after=owner))


def move(
    account: Account, resource: ResourceId, added: tuple[TeamId, ...] = (), removed: tuple[TeamId, ...] = ()
) -> None:
    """Of other teams from here on."""
    facts.happened(account, ResourceTeamsChanged(resource=resource, added=added, removed=removed))


def change(account: Account, resource: ResourceId, **after: Value | None) -> None:
    """With other properties from here on; None takes one away."""
    before = dict(account.now.resource(resource).properties)
    changes = tuple(PropertyChange(name, before.get(name), value) for name, value in sorted(after.items()))
    facts.happened(account, ResourcePropertiesChanged(resource=resource, changes=changes))


def remove(account: Account, resource: ResourceId) -> None:
    """Known no longer."""
    held = account.now.resource(resource)
    facts.happened(
        account,
        ResourceRemoved(
            resource=resource,
            type=held.type,
            name=held.name,
            owner=held.owner,
            teams=held.teams,
            properties=tuple(Property(*one) for one in held.properties),
        ),
    )


def alias(account: Account, principal: PrincipalId, text: str) -> AliasId:
    """A further id of somebody."""
    found, person = AliasId(account.fresh.id()), account.principal(principal).person
    facts.happened(
        account, PrincipalAliasAdded(principal=principal, alias=found, text=clear(text, person.key))
    )
    return found


def no_alias(account: Account, principal: PrincipalId, alias: AliasId) -> None:
    """That id is nobody's from here on."""
    facts.happened(account, PrincipalAliasRemoved(principal=principal, alias=alias, text=None))


def aliases(view: View) -> dict[str, str]:
    """By text, whose further id it is."""
    found = ((view.text(alias.text), one.id) for one in view.principals() for alias in one.aliases)
    return {text: principal for text, principal in found if text is not None}
