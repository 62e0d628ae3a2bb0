"""Own catalogues beside the built-in one: what their words mean, what their scopes grant, and who wins a clash."""

import pytest

from projections import access, things
from service.catalogue import own_checks, own_reading
from service.catalogue.compiled import CONDITIONAL, EVERYWHERE, OWN, TEAM, Compiled, condition_of
from service.catalogue.loader import shipped
from service.catalogue.own import OwnAction, OwnCatalogue, ThingType
from service.commands.preferences import ChangePreferences, Wanted
from tests import own_types
from tests.given import Account
from tests.own_types import CLASHING, RECORDS, RECORDS_2


@pytest.fixture
def compiled() -> Compiled:
    """The built-in catalogue with the records."""
    return Compiled(shipped(), (RECORDS,))


def test_a_word_means_an_action_by_the_type_of_thing(compiled: Compiled) -> None:
    """The full name always works; what an action is called works on its types, for the first that is called so."""
    assert (
        "record:read" == compiled.action_for("record", "record:read") == compiled.action_for("record", "read")
    )
    assert "note:read" == compiled.action_for("note", "read") == compiled.action_for("record", "see")
    assert None is compiled.action_for("application", "read")
    assert None is compiled.action_for("note", "record:read")
    assert None is compiled.action_for("nothing", "read")
    assert "contract_data:read" == compiled.action_for("application", "contract_data:read")


def test_an_answer_calls_an_action_what_a_request_may_call_it(compiled: Compiled) -> None:
    """The first of its words where that leads back to it; otherwise its own name, since the word is another's there."""
    assert ("read", "write") == (
        compiled.called("record", "record:read"),
        compiled.called("record", "record:write"),
    )
    assert "read" == compiled.called("note", "note:read")
    assert "note:read" == compiled.called("record", "note:read")
    assert "contract_data:read" == compiled.called("application", "contract_data:read")
    for type_ in ("record", "note", "application", "team"):
        for action in compiled.actions_on(type_):
            assert action == compiled.action_for(type_, compiled.called(type_, action))


def test_a_role_may_hold_what_an_action_accepts_and_no_more(compiled: Compiled) -> None:
    """One permission for each extent of each action, bound to a condition that exists or to none."""
    for scope in ("record:read:*", "record:delete:own", "note:read:team", "record:write:*?unarchived"):
        assert compiled.known(scope)
    for scope in (
        *("record:delete:team", "note:read:*", "record:burn:*", "record:read", "record:read:*?", "record:*"),
        *("record:write:*?nothing", "record:write:*?unarchived?soft", "record:delete:team?soft", "?soft"),
    ):
        assert not compiled.known(scope), scope
    assert compiled.known("contract_data:manage:team?soft")
    assert not Compiled(shipped()).known("contract_data:manage:team?soft")


def test_who_misspells_a_condition_is_told_which_there_are(compiled: Compiled) -> None:
    """The refusal names the conditions, as that of a permission names one that is near."""
    told = compiled.refusal("record:write:*?unarchivd")
    assert (
        "There is no condition 'unarchivd'; the conditions are: large, same_department, soft, unarchived."
        == told
    )
    assert "record:write:*" in compiled.refusal("record:wrte:*")


def test_what_comes_with_an_action_comes_at_its_extent_and_under_its_condition(compiled: Compiled) -> None:
    """Deleting comes with writing, and that with reading; under a condition all of it is."""
    masks = compiled.scope_masks("record:delete:own")
    bits = compiled.bits["record:delete"] | compiled.bits["record:write"] | compiled.bits["record:read"]
    assert (bits, 0, 0, 0) == (masks.own, masks.team, masks.everywhere, masks.conditional)
    bound = compiled.scope_masks("record:delete:own?soft")
    assert (0, 0, 0, bits) == (bound.own, bound.team, bound.everywhere, bound.conditional)
    given = compiled.conditional(("record:delete:own?soft", "record:read:team", "record:write:*?large"))
    assert [("record:delete:own?soft", OWN), ("record:write:*?large", EVERYWHERE)] == [
        (scope, reach) for scope, reach, _ in given["record:read"]
    ]
    assert {"record:delete", "record:write", "record:read"} == set(given)


def test_an_unknown_condition_or_extent_grants_nothing(compiled: Compiled) -> None:
    """A role keeps what it holds whatever becomes of catalogues: what nobody knows any more is nothing."""
    for scope in ("record:write:*?nothing", "record:delete:team", "record:burn:*", "shelf:tidy:*"):
        masks = compiled.scope_masks(scope)
        assert (0, 0, 0, 0) == (masks.everywhere, masks.team, masks.own, masks.conditional), scope
        assert ({}, {}) == (compiled.conditional((scope,)), compiled.grants((scope,)))


def test_a_reach_says_that_it_takes_the_request(compiled: Compiled) -> None:
    """Beside what is given plainly stands that more is given under a condition."""
    masks = compiled.masks(("record:read:team", "record:write:*?soft"))
    reaches = compiled.by_action(compiled.reaches(masks))
    assert (TEAM, CONDITIONAL) == (reaches["record:read"] & TEAM, reaches["record:read"] & CONDITIONAL)
    assert CONDITIONAL == reaches["record:write"]
    assert not reaches["record:delete"]


def test_the_built_in_catalogue_wins_and_then_who_comes_first_by_name() -> None:
    """A release may bring a name that an organisation used already: theirs is out of force, the rest of it is not."""
    compiled = Compiled(shipped(), (CLASHING, RECORDS))
    assert "contract_data:burn" not in compiled.actions
    assert not compiled.known("contract_data:burn:*")
    assert ("keeper", "author") == (compiled.types["record"].owner, compiled.types["note"].owner)
    assert "team" not in compiled.types
    assert "shelf:tidy" == compiled.action_for("record", "read") == compiled.action_for("team", "tidy")
    assert ("archive", "records") == (compiled.owned_by["shelf:tidy"], compiled.owned_by["record:read"])
    assert "record:read" == compiled.called("record", "record:read")
    assert shipped().permissions == compiled.permissions[: len(shipped().permissions)]


def test_what_comes_with_an_own_action_is_never_a_built_in_one() -> None:
    """However an own catalogue came by it: its actions bring no right over this service, nor another catalogue's."""
    compiled = Compiled(shipped(), (CLASHING, RECORDS))
    assert {"shelf:tidy"} == set(compiled.grants(("shelf:tidy:*",)))
    implied = ("role:manage", "record:delete")
    greedy = OwnCatalogue(
        name="aaa",
        number=1,
        actions=(OwnAction(name="x:y", types=("record",), extents=("*",), implies=implied),),
    )
    assert {"x:y"} == set(Compiled(shipped(), (greedy, RECORDS)).grants(("x:y:*",)))


def test_no_ai_feature_is_given_under_a_condition_while_they_are_off() -> None:
    """Section 1.2 rule 7 holds for conditional grants: switched off is off, whatever the request says."""
    account = Account()
    own_types.adopt(account, RECORDS)
    sally = account.person("Sally", [account.role("AI", "ai:generation:code?soft", "ai:*?large")])
    target, soft = things.anything("ai"), {"action": {"properties": {"soft": True}}}
    assert access.may(account.now, sally, "ai:generation:code", target, soft)
    off = (Wanted("aiEnabled", value=False),)
    account.do(ChangePreferences(wanted=off, key=account.fresh.key()))
    assert not access.may(account.now, sally, "ai:generation:code", target, soft)
    assert None is access.grant(account.now, sally, "ai:generation:code", target, soft)
    assert not access.explain(account.now, sally, "ai:generation:code", target, soft).allowed


def test_the_next_of_a_name_means_what_it_says() -> None:
    """Narrower extents and other conditions hold from the moment of adoption on, for roles as they stand."""
    compiled = Compiled(shipped(), (RECORDS_2,))
    assert (True, False) == (compiled.known("record:read:*"), compiled.known("record:read:own"))
    assert {"record:write"} == set(compiled.grants(("record:write:own",)))
    assert not compiled.known("record:read:*?large")


def test_a_scope_names_its_condition() -> None:
    """What stands behind the question mark, and nothing for any other scope."""
    assert ("soft", "") == (condition_of("record:delete:*?soft"), condition_of("record:delete:*"))


@pytest.mark.parametrize("name", own_reading.examples())
def test_an_example_that_ships_can_be_adopted(name: str) -> None:
    """Each is a catalogue that nothing is wrong with, called as its file is, and none is a table of routes."""
    catalogue = own_reading.from_toml(own_reading.example(name).encode())
    assert (name, []) == (catalogue.name, list(own_checks.faults(catalogue, shipped(), ())))


def test_the_examples_can_all_be_in_force_together() -> None:
    """None takes a word of another's."""
    every = [own_reading.from_toml(own_reading.example(name).encode()) for name in own_reading.examples()]
    assert {"gateway", "records", "todo"} <= {one.name for one in every}
    for one in every:
        others = [other for other in every if other is not one]
        assert [] == list(own_checks.faults(one, shipped(), others))


def test_a_type_says_who_owns_a_thing() -> None:
    """A type of which nothing is said calls the two `owner` and `team`."""
    assert ("owner", "team") == (ThingType(name="x").owner, ThingType(name="x").teams)
