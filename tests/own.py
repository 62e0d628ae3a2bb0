"""A small catalogue of an organisation's own: to-dos, which have an owner and may be in teams."""

from typing import Any, Final

from service.catalogue.own import OwnAction, OwnCatalogue, ThingType
from service.commands.resources import NewResource, RegisterResource
from service.events.own_catalogues import OwnCatalogueAdopted, OwnCatalogueWithdrawn
from service.vocabulary import PrincipalId, ResourceId, TeamId
from tests import facts
from tests.given import Account

TODO: Final = OwnCatalogue(
    name="todo",
    number=1,
    types=(ThingType(name="todo", owner="ownerID"),),
    actions=(
        OwnAction(
            name="todo:update",
            types=("todo",),
            extents=("*", "team", "own"),
            called=("can_update_todo",),
            implies=("todo:read",),
        ),
        OwnAction(name="todo:read", types=("todo",), extents=("*", "team", "own")),
        OwnAction(name="todo:delete", types=("todo",), extents=("*", "team", "own")),
    ),
)


def adopted(account: Account) -> Account:
    """The account, with the catalogue in force."""
    facts.happened(account, OwnCatalogueAdopted(name="todo", number_before=0, catalogue=TODO))
    return account


def withdrawn(account: Account) -> None:
    """The catalogue is in force no more."""
    facts.happened(account, OwnCatalogueWithdrawn(name="todo", number_before=1))


def todo(
    account: Account,
    name: str,
    owner: PrincipalId | None = None,
    teams: tuple[TeamId, ...] = (),
    *,
    by: PrincipalId | None = None,
    **properties: Any,
) -> ResourceId:
    """A to-do that somebody registered, Kevin unless another does."""
    thing = NewResource(
        resource=ResourceId(account.fresh.id()),
        type="todo",
        name=name,
        owner=owner,
        teams=teams,
        properties=properties,
    )
    account.do(RegisterResource(thing=thing), by)
    return thing.resource
