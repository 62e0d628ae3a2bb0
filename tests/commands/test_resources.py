"""Things of own types: what may be registered, by whom, and that nobody brings a thing of others to themselves."""

from typing import Any

import msgspec
import pytest

from projections import things
from service import errors
from service.commands import resources
from service.commands.resources import (
    EditResource,
    NewResource,
    RegisterResource,
    RegisterResources,
    RemoveResource,
)
from service.commands.teams import DeleteTeam
from service.commands.users import DeleteUser
from service.events.resources import (
    Property,
    PropertyChange,
    ResourceOwnerChanged,
    ResourcePropertiesChanged,
    ResourceRegistered,
    ResourceRemoved,
    ResourceTeamsChanged,
)
from service.events.teams import TeamDeleted
from service.vocabulary import PrincipalId, ResourceId, TeamId
from tests import own
from tests.given import Account

MANAGE = "resource:manage"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def account() -> Account:
    """With the catalogue of to-dos in force; Kevin may manage everything that is registered."""
    return own.adopted(Account())


def new(account: Account, name: str = "1", **fields: Any) -> NewResource:
    return NewResource(resource=ResourceId(account.fresh.id()), **{"type": "todo", "name": name, **fields})


def person(account: Account, name: str, *extents: str, teams: tuple[TeamId, ...] = ()) -> PrincipalId:
    """Somebody who may manage registered things at these extents, in these teams."""
    role = account.role(f"role of {name}", *(f"{MANAGE}:{extent}" for extent in extents), "role:read:*")
    return account.person(name, [role], teams)


def refused(account: Account, command: Any, by: PrincipalId) -> str:
    """What is missing."""
    with pytest.raises(errors.Forbidden) as caught:
        account.do(command, by)
    return caught.value.missing


# -- what is registered ------------------------------------------------------------------------------------


def test_a_registration_says_whose_a_thing_is_and_what_it_is_like(account: Account) -> None:
    """One fact: type, cleaned name, owner, teams and properties; what is null is not there."""
    sally, team = account.person("Sally"), account.team("A")
    thing = new(
        account,
        " 7240d0db ",
        owner=sally,
        teams=(team, team),
        properties={"status": "open", "tags": ["a", "b"], "done": False, "rank": 3, "gone": None},
    )
    assert [
        ResourceRegistered(
            resource=thing.resource,
            type="todo",
            name="7240d0db",
            owner=sally,
            teams=(team,),
            properties=(
                Property("done", False),
                Property("rank", 3),
                Property("status", "open"),
                Property("tags", ("a", "b")),
            ),
        )
    ] == account.do(RegisterResource(thing=thing))
    held = account.now.resource_named("todo", "7240d0db")
    assert held is not None
    assert (sally, (team,), account.kevin) == (held.owner, held.teams, held.creator)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"type": "application"}, "/type"),
        ({"type": "nothing"}, "/type"),
        ({"name": ""}, "/name"),
        ({"name": "a\u200bb"}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"name": "*"}, "/name"),
        ({"owner": NOBODY}, "/owner"),
        ({"teams": (NOBODY,)}, "/teamUuids/0"),
        ({"properties": {"amount": 1.5}}, "/properties/amount"),
        ({"properties": {"a/b": {}}}, "/properties/a~1b"),
        ({"properties": {"big": 2**60}}, "/properties/big"),
        ({"properties": {"tags": ["a", 1]}}, "/properties/tags/1"),
        ({"properties": {"tags": ["a"] * 101}}, "/properties/tags"),
        ({"properties": {"text": "x" * 1_001}}, "/properties/text"),
        ({"properties": {" spaced ": 1}}, "/properties/ spaced "),
        ({"properties": {"region.code": "us"}}, "/properties/region.code"),
        ({"properties": {"ownerID": "sally"}}, "/properties/ownerID"),
        ({"properties": {"team": "A"}}, "/properties/team"),
        ({"properties": {f"p{n}": n for n in range(51)}}, "/properties"),
        ({"properties": {f"p{n}": "x" * 1_000 for n in range(9)}}, "/properties"),
    ],
)
def test_what_cannot_be_registered_is_pointed_to(
    account: Account, fields: dict[str, Any], pointer: str
) -> None:
    """Types in force, clean names, people and teams that live, and properties that fit a record.

    An asterisk is the type as a whole: registered as somebody's own it would give them what is asked of all. A path
    goes past a property with a dot in its name, into what the request says.
    """
    with pytest.raises(errors.Invalid) as caught:
        account.do(RegisterResource(thing=new(account, **fields)))
    assert pointer == caught.value.pointer


def test_the_largest_thing_there_can_be_fits_its_record(account: Account) -> None:
    """Twenty teams with long names and eight thousand bytes of text, before and after: an entry stays under 65,535."""
    teams = tuple(account.team(f"{n:02}" + "\u4e00" * 253) for n in range(40))
    text: dict[str, Any] = {f"p{n}": "\u4e00" * 330 for n in range(8)}
    one = own.todo(account, "\u4e00" * 255, account.kevin, teams[:20], **text)
    other = dict.fromkeys(text, "二" * 330)
    assert 2 == len(account.do(EditResource(resource=one, teams=teams[20:], properties=other)))
    account.do(RemoveResource(resource=one))


def test_a_name_is_taken_within_its_type_while_the_thing_is_known(account: Account) -> None:
    """Exactly as spelt; and a thing's id here is no name for another, which a question would find in its place."""
    one = own.todo(account, "1")
    for name in ("1", one, one.upper()):
        with pytest.raises(errors.Refused) as caught:
            own.todo(account, name)
        assert ("name_taken", "/name") == (caught.value.reason, caught.value.pointer)
    account.do(RemoveResource(resource=one))
    assert one != own.todo(account, "1")


def test_many_are_registered_or_none(account: Account) -> None:
    """A fault in one is pointed to in the list, twice a name among them too, and nothing of it is recorded."""
    several = [new(account, str(n), place=f"/resources/{n}") for n in range(3)]
    twice = [*several, new(account, "1", place="/resources/3")]
    bad = [*several, new(account, "x", owner=NOBODY, place="/resources/3")]
    before = account.now.position
    with pytest.raises(errors.Refused) as taken:
        account.do(RegisterResources(things=tuple(twice)))
    with pytest.raises(errors.Invalid) as wrong:
        account.do(RegisterResources(things=tuple(bad)))
    assert ("/resources/3/name", "/resources/3/owner") == (taken.value.pointer, wrong.value.pointer)
    assert before == account.now.position
    assert ["0", "1", "2"] == [one.name for one in account.do(RegisterResources(things=tuple(several)))]  # type: ignore[union-attr]  # registrations
    assert [] == account.do(RegisterResources(things=()))


def test_more_than_one_order_can_register_is_refused_before_the_work(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the bound in the sentence."""
    monkeypatch.setattr(resources, "REGISTERED_MAX", 2)
    with pytest.raises(errors.Refused) as caught:
        account.do(RegisterResources(things=tuple(new(account, str(n)) for n in range(3))))
    assert "too_many_resources" == caught.value.reason


def test_an_edit_records_what_changed(account: Account) -> None:
    """Before and after of each part; what is so already is no fact, and true is not 1."""
    sally, a, b = account.person("Sally"), account.team("A"), account.team("B")
    one = own.todo(account, "1", sally, (a,), status="open", done=True)
    edit = EditResource(
        resource=one, owner=account.kevin, teams=(b,), properties={"status": "closed", "done": 1, "new": "x"}
    )
    assert [
        ResourceOwnerChanged(resource=one, before=sally, after=account.kevin),
        ResourceTeamsChanged(resource=one, added=(b,), removed=(a,)),
        ResourcePropertiesChanged(
            resource=one,
            changes=(
                PropertyChange("done", True, 1),
                PropertyChange("new", None, "x"),
                PropertyChange("status", "open", "closed"),
            ),
        ),
    ] == account.do(edit)
    assert [] == account.do(edit)
    part = EditResource(resource=one, joins=(a,), leaves=(b,), changes={"new": None, "status": "closed"})
    assert [
        ResourceTeamsChanged(resource=one, added=(a,), removed=(b,)),
        ResourcePropertiesChanged(resource=one, changes=(PropertyChange("new", "x", None),)),
    ] == account.do(part)
    assert [] == account.do(part)
    assert (("done", 1), ("status", "closed")) == account.now.resource(one).properties


def test_a_bad_edit_is_pointed_to(account: Account) -> None:
    """As a registration is."""
    one = own.todo(account, "1")
    for fields, pointer in (
        ({"owner": NOBODY}, "/owner"),
        ({"teams": (NOBODY,)}, "/teamUuids/0"),
        ({"joins": (NOBODY,)}, "/joinTeamUuids/0"),
        ({"teams": tuple(account.team(f"T{n}") for n in range(21))}, "/teamUuids"),
        ({"properties": {"x": 0.5}}, "/properties/x"),
        ({"changes": {"x": []} | {f"p{n}": n for n in range(50)}}, "/properties"),
    ):
        with pytest.raises(errors.Invalid) as caught:
            account.do(msgspec.structs.replace(EditResource(resource=one), **fields))
        assert pointer == caught.value.pointer


def test_of_a_type_that_is_in_force_no_more_things_are_only_removed(account: Account) -> None:
    """They decide nothing then: they are read and removed, not changed, and none of them is registered."""
    one = own.todo(account, "1", status="open")
    own.withdrawn(account)
    assert "1" == account.now.resource(one).name
    with pytest.raises(errors.Refused) as caught:
        account.do(EditResource(resource=one, changes={"status": "closed"}))
    assert "type_not_in_force" == caught.value.reason
    with pytest.raises(errors.Invalid):
        own.todo(account, "2")
    assert [
        ResourceRemoved(resource=one, type="todo", name="1", properties=(Property("status", "open"),))
    ] == account.do(RemoveResource(resource=one))


# -- who may -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extents", "owner", "teams", "allowed"),
    [
        (("*",), "other", "BA", True),
        (("*",), "", "", True),
        (("own",), "me", "", True),
        (("own",), "other", "", False),
        (("own",), "", "", False),
        (("own",), "me", "A", False),
        (("team",), "", "A", True),
        (("team",), "", "AB", False),
        (("team",), "", "", False),
        (("team",), "me", "A", False),
        (("team",), "other", "A", False),
        (("own", "team"), "me", "A", True),
        (("own", "team"), "me", "B", False),
        ((), "me", "A", False),
    ],
)
def test_registering_takes_the_right_to_every_side_that_is_given(
    account: Account, extents: tuple[str, ...], owner: str, teams: str, allowed: bool
) -> None:
    """`own` as one's own, `team` for one's own teams, both for both; everybody else's and nobody's takes `*`."""
    a, b = account.team("A"), account.team("B")
    sally, other = person(account, "Sally", *extents, teams=(a,)), account.person("Other")
    owners = {"me": sally, "other": other, "": None}
    thing = new(account, owner=owners[owner], teams=tuple({"A": a, "B": b}[one] for one in teams))
    if allowed:
        assert 1 == len(account.do(RegisterResource(thing=thing), sally))
    else:
        assert f"{MANAGE} on 1" == refused(account, RegisterResource(thing=thing), sally)
        many = RegisterResources(things=(new(account, "0", owner=sally), thing))
        assert refused(account, many, sally)


def test_one_side_suffices_to_say_what_a_thing_is_like(account: Account) -> None:
    """Its owner, and a member of any of its teams, each with the right at that extent; nobody else."""
    a, b = account.team("A"), account.team("B")
    owner = person(account, "Owner", "own")
    member, outsider = (
        person(account, "Member", "team", teams=(b,)),
        person(account, "Outsider", "team", "own"),
    )
    one = own.todo(account, "1", owner, (a, b))
    for rank, by in enumerate((owner, member, account.kevin)):
        assert account.do(EditResource(resource=one, changes={"rank": rank}), by)
    assert refused(account, EditResource(resource=one, changes={"rank": 9}), outsider)


def test_a_team_is_joined_and_left_by_who_manages_what_is_its_own(account: Account) -> None:
    """A member of one of its teams, or its owner, brings it into no team of others and takes it out of none."""
    a, b, c = account.team("A"), account.team("B"), account.team("C")
    owner = person(account, "Owner", "own")
    member = person(account, "Member", "team", teams=(a, c))
    one = own.todo(account, "1", owner, (a, b))
    for by, fields in (
        (member, {"leaves": (b,)}),
        (owner, {"joins": (c,)}),
        (owner, {"leaves": (a,)}),
        (member, {"teams": (a, b, TeamId(NOBODY))}),
    ):
        assert refused(account, msgspec.structs.replace(EditResource(resource=one), **fields), by)
    assert account.do(EditResource(resource=one, joins=(c,), leaves=(a,)), member)
    assert (b, c) == tuple(sorted(account.now.resource(one).teams, key=[b, c].index))


def test_what_is_nobodys_then_takes_the_right_to_all(account: Account) -> None:
    """Neither its last team nor its owner gives a thing up to nobody; and what is nobody's, nobody else takes."""
    a = account.team("A")
    both = person(account, "Both", "team", "own", teams=(a,))
    of_team, owned = own.todo(account, "1", None, (a,)), own.todo(account, "2", both)
    for command in (
        EditResource(resource=of_team, leaves=(a,)),
        EditResource(resource=owned, owner=None),
        RegisterResource(thing=new(account, "3")),
    ):
        assert refused(account, command, both)
    assert account.do(EditResource(resource=owned, joins=(a,), owner=None), both)
    orphan = own.todo(account, "4")
    for fields in ({"owner": both}, {"joins": (a,)}, {"changes": {"x": 1}}):
        assert refused(account, msgspec.structs.replace(EditResource(resource=orphan), **fields), both)


def test_an_owner_changes_with_the_right_to_every_side(account: Account) -> None:
    """Who only shares a team does not make it theirs, and who owns it does not put it on another."""
    a, b = account.team("A"), account.team("B")
    mate = person(account, "Mate", "team", "own", teams=(a,))
    owner = person(account, "Owner", "own")
    shared = own.todo(account, "1", owner, (a,))
    theirs = own.todo(account, "2", None, (a, b))
    assert refused(account, EditResource(resource=shared, owner=mate), mate)
    assert refused(account, EditResource(resource=theirs, owner=mate), mate)
    assert refused(account, EditResource(resource=shared, owner=mate), owner)
    assert refused(account, EditResource(resource=shared, owner=None), owner)  # a team of its own is there
    alone = own.todo(account, "3", None, (a,))
    assert account.do(EditResource(resource=alone, owner=mate), mate)


def test_removing_takes_every_side_so_that_nobody_registers_it_anew_as_theirs(account: Account) -> None:
    """A removal is no detour: what one could not have made one's own one cannot remove either."""
    a, b = account.team("A"), account.team("B")
    mate = person(account, "Mate", "team", "own", teams=(a,))
    owner = person(account, "Owner", "own")
    for one in (own.todo(account, "1", owner, (a,)), own.todo(account, "2", None, (a, b))):
        assert refused(account, RemoveResource(resource=one), mate)
    assert refused(account, RemoveResource(resource=own.todo(account, "3")), mate)
    for one in (own.todo(account, "4", None, (a,)), own.todo(account, "5", mate, (a,))):
        assert account.do(RemoveResource(resource=one), mate)
    assert account.do(RemoveResource(resource=own.todo(account, "6", owner)), owner)


def test_a_refusal_is_on_record_with_the_thing(account: Account) -> None:
    """As any denied attempt, without the properties that were sent."""
    sally = person(account, "Sally")
    one = own.todo(account, "1")
    refused(account, EditResource(resource=one, changes={"secret": "hush"}), sally)
    denied = account.log[-1].data
    assert "edit_resource" == denied.command  # type: ignore[union-attr]  # an attempt that was denied
    assert {"resource": one} == denied.arguments  # type: ignore[union-attr]  # as above


# -- what goes ---------------------------------------------------------------------------------------------


def test_a_deleted_team_leaves_its_things_to_their_other_sides(account: Account) -> None:
    """Each has it in its own trail; who reached it through the team reaches it no more, and its owner does."""
    a, b = account.team("A"), account.team("B")
    reader = account.role("Reader", "todo:read:team", "todo:update:own")
    member, owner = account.person("Member", [reader], [a]), account.person("Owner", [reader], [])
    shared, single = own.todo(account, "1", owner, (a, b)), own.todo(account, "2", None, (a,))
    target = things.of_resource(account.now.resource(shared))
    assert account.may(member, "todo:read", target)
    decided = account.do(DeleteTeam(team=a))
    assert [
        ResourceTeamsChanged(resource=shared, removed=(a,)),
        ResourceTeamsChanged(resource=single, removed=(a,)),
        TeamDeleted(team=a, name="A", default=False),
    ] == sorted(decided[1:], key=lambda one: getattr(one, "resource", "") != shared)[:3]
    assert (b,) == account.now.resource(shared).teams
    for held in (target, things.of_resource(account.now.resource(shared))):
        assert not account.may(member, "todo:read", held)
        assert account.may(owner, "todo:update", held)


def test_an_owner_who_is_deleted_stays_as_history(account: Account) -> None:
    """The thing says whose it was; it decides nothing, and stands in nobody's way."""
    a = account.team("A")
    member, owner = person(account, "Member", "team", "own", teams=(a,)), account.person("Owner")
    one = own.todo(account, "1", owner, (a,))
    account.do(DeleteUser(principal=owner))
    assert owner == account.now.resource(one).owner
    assert [] == account.do(EditResource(resource=one, owner=owner), member)
    assert [ResourceOwnerChanged(resource=one, before=owner, after=member)] == account.do(
        EditResource(resource=one, owner=member), member
    )
