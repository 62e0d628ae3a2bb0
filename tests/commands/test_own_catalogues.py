"""Own catalogues: what may be adopted, what replaces what, what a withdrawal leaves, each refusal with its place."""

from typing import Any

import msgspec
import pytest
from hypothesis import given as any_catalogue
from hypothesis import settings
from hypothesis import strategies as st

from projections import access, things
from projections.things import TYPES_HELD, Target
from service import errors
from service.catalogue import files, own_checks, own_reading, own_writing
from service.catalogue.compiled import ADMINISTRATOR, Compiled
from service.catalogue.conditions import OPERATORS
from service.catalogue.loader import shipped
from service.catalogue.model import Action, Permission
from service.catalogue.own import OwnCatalogue
from service.commands.own_catalogues import (
    AdoptOwnCatalogue,
    WithdrawOwnCatalogue,
    not_in_force,
    orphaned,
    redefined,
)
from service.commands.roles import EditRole
from service.events.own_catalogues import OwnCatalogueAdopted, OwnCatalogueWithdrawn
from service.vocabulary import RoleId, Thing
from tests.given import Account

TODO = own_reading.from_toml(own_reading.example("todo").encode())
BASE: dict[str, Any] = {
    "name": "own",
    "number": 1,
    "types": [{"name": "record"}, {"name": "folder"}],
    "actions": [
        {"name": "record:read", "types": ["record"], "extents": ["*", "team", "own"], "called": ["read"]},
        {
            "name": "record:write",
            "types": ["record"],
            "extents": ["*", "own"],
            "implies": ["record:read"],
            "called": ["write"],
        },
    ],
    "conditions": [
        {"name": "active", "all": [{"property": "resource.properties.status", "equals": "active"}]}
    ],
    "subject_types": ["person"],
}


def own(**fields: Any) -> OwnCatalogue:
    """The small catalogue above with some of its fields otherwise."""
    return own_reading.from_object({**BASE, **fields})


def action(**fields: Any) -> dict[str, Any]:
    """One action of the small catalogue, with some of its fields otherwise."""
    return {"name": "record:read", "types": ["record"], "extents": ["*"], **fields}


def condition(*predicates: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "active", "all": list(predicates), **fields}


def predicate(**fields: Any) -> dict[str, Any]:
    return {"property": "resource.properties.status", **fields}


def refused(account: Account, catalogue: OwnCatalogue) -> errors.Invalid:
    with pytest.raises(errors.Invalid) as found:
        account.do(AdoptOwnCatalogue(catalogue=catalogue))
    return found.value


# -- what is adopted, and what replaces it ----------------------------------------------------------------


def test_a_catalogue_is_adopted_and_replaced_by_a_higher_number_alone(account: Account) -> None:
    """The same content changes nothing, other content needs a higher number, and the sentence says which."""
    adopted = account.do(AdoptOwnCatalogue(catalogue=TODO))
    assert [OwnCatalogueAdopted(name="todo", number_before=0, catalogue=TODO)] == adopted
    assert [] == account.do(AdoptOwnCatalogue(catalogue=TODO))
    other = msgspec.structs.replace(TODO, label="To do")
    with pytest.raises(errors.Refused, match="here at least 2") as found:
        account.do(AdoptOwnCatalogue(catalogue=other))
    assert ("catalogue_not_newer", "/number") == (found.value.reason, found.value.pointer)
    later = msgspec.structs.replace(other, number=7)
    assert [OwnCatalogueAdopted(name="todo", number_before=1, catalogue=later)] == account.do(
        AdoptOwnCatalogue(catalogue=later)
    )
    with pytest.raises(errors.Refused, match=r"Number 7 .* and 1 is lower: .* at least 8"):
        account.do(AdoptOwnCatalogue(catalogue=TODO))


def test_texts_are_trimmed_and_that_is_no_other_content(account: Account) -> None:
    """What a file says over several lines is recorded trimmed; the same file again changes nothing."""
    given = own(description="\n  What records are\n  about. \n")
    (adopted,) = account.do(AdoptOwnCatalogue(catalogue=given))
    assert isinstance(adopted, OwnCatalogueAdopted)
    assert "What records are\nabout." == adopted.catalogue.description
    assert [] == account.do(AdoptOwnCatalogue(catalogue=given))


def test_a_withdrawal_leaves_what_roles_hold_and_it_grants_nothing(account: Account) -> None:
    """No role is edited: its permissions are unknown from there on, and mean something again when known again."""
    account.do(AdoptOwnCatalogue(catalogue=TODO))
    role = account.role("Editor", "todo:read:*", "todo:update:own", "team:read:*")
    sally = account.person("Sally", [role])
    thing = Target(Thing("todo", "1"))
    assert account.may(sally, "todo:read", thing)
    before = account.now
    withdrawn = account.do(WithdrawOwnCatalogue(name="todo"))
    assert [OwnCatalogueWithdrawn(name="todo", number_before=1)] == withdrawn
    assert not account.may(sally, "todo:read", thing)
    found = orphaned(before, account.now)
    assert (1, ("todo:read:*", "todo:update:own")) == (found.roles, found.scopes)
    assert ("todo:read:*", "todo:update:own", "team:read:*") == account.now.role(role).scopes
    assert [] == account.do(EditRole(role=role, scopes=account.now.role(role).scopes))
    with pytest.raises(errors.Invalid, match="no permission 'todo:read:\\*'"):
        account.role("Another", "todo:read:*")
    gone = account.now
    account.do(AdoptOwnCatalogue(catalogue=TODO))
    assert account.may(sally, "todo:read", thing)
    # They are gained, which is told of each person; what they ask of requests is as it ever was.
    assert 0 == redefined(gone, account.now).roles


def test_what_is_not_there_or_built_in_is_not_withdrawn(account: Account) -> None:
    """Only an own catalogue in force can be taken out of force."""
    with pytest.raises(errors.NotFound):
        account.do(WithdrawOwnCatalogue(name="todo"))
    with pytest.raises(errors.Refused, match="built-in"):
        account.do(WithdrawOwnCatalogue(name="pactflow"))


def test_it_takes_the_right_to_manage_every_role(account: Account) -> None:
    """Who decides what permissions mean decides what every role gives: role:manage, and no less."""
    account.do(AdoptOwnCatalogue(catalogue=TODO))
    reader = account.person(
        "Reader", [account.role("Reader", "role:read:*", "user:manage:*", "team:manage:*")]
    )
    manager = account.person("Manager", [account.role("Manager", "role:manage:*")])
    for command in (AdoptOwnCatalogue(catalogue=own()), WithdrawOwnCatalogue(name="todo")):
        with pytest.raises(errors.Forbidden) as found:
            account.do(command, reader)
        assert "role:manage" == found.value.missing.split(" ")[0]
        assert 1 == len(account.do(command, manager))


def test_there_is_a_bound_to_their_number(account: Account) -> None:
    """Every catalogue in force costs every decision a little; a replacement is none more."""
    for number in range(own_checks.CATALOGUES_MAX):
        account.do(AdoptOwnCatalogue(catalogue=bounded(f"c{number}", 1)))
    with pytest.raises(errors.Refused, match="put several into one"):
        account.do(AdoptOwnCatalogue(catalogue=bounded("one-more", 1)))
    assert 1 == len(account.do(AdoptOwnCatalogue(catalogue=bounded("c0", 2))))


def bounded(name: str, number: int) -> OwnCatalogue:
    acts = action(name=f"{name}:read", types=[name])
    return own_reading.from_object(
        {"name": name, "number": number, "types": [{"name": name}], "actions": [acts]}
    )


# -- each refusal, with its place --------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name in capitals": ({"name": "Own"}, "/name", "no name of a catalogue"),
    "an empty name": ({"name": ""}, "/name", "no name of a catalogue"),
    "a name that is too long": ({"name": "a" * 65}, "/name", "no name of a catalogue"),
    "the built-in catalogue's name": ({"name": "pactflow"}, "/name", "the built-in catalogue"),
    "number 0": ({"number": 0}, "/number", "between 1 and"),
    "a number beyond bounds": ({"number": 2**31}, "/number", "between 1 and"),
    "a label of two lines": ({"label": "a\nb"}, "/label", "not allowed"),
    "a label that is too long": ({"label": "a" * 256}, "/label", "longer than 255"),
    "a description that is too long": ({"description": "a" * 1001}, "/description", "longer than 1000"),
    "nothing in it": ({"actions": [], "conditions": []}, "/actions", "at least one action or one condition"),
    "too many types": ({"types": [{"name": f"t{n}"} for n in range(51)]}, "/types", "at most 50 types"),
    "too many actions": (
        {"actions": [action(name=f"record:a{n}") for n in range(201)]}, "/actions", "at most 200 actions"
    ),
    "too many conditions": (
        {"conditions": [condition(predicate(equals=1), name=f"c{n}") for n in range(51)]},
        "/conditions",
        "at most 50 conditions",
    ),
    "too many subject types": (
        {"subject_types": [f"t{n}" for n in range(21)]}, "/subject_types", "at most 20 subject types"
    ),
    "too much for a record": (
        {"actions": [action(name=f"record:a{n}", description="é" * 400) for n in range(100)]}, "", "48 KiB"
    ),
    "a type with a colon": ({"types": [{"name": "a:b"}]}, "/types/0/name", "no name of a type"),
    "a built-in type": ({"types": [{"name": "user"}]}, "/types/0/name", "the built-in catalogue"),
    "a type that is a built-in resource": (
        {"types": [{"name": "contract_data"}]}, "/types/0/name", "the built-in catalogue"
    ),
    "a type of another catalogue": ({"types": [{"name": "todo"}]}, "/types/0/name", "the catalogue 'todo'"),
    "a type twice": (
        {"types": [{"name": "record"}, {"name": "record"}]}, "/types/1/name", "'record' stands here twice"
    ),
    "an owner with a dot": ({"types": [{"name": "record", "owner": "a.b"}]}, "/types/0/owner", "without dots"),
    "no teams": ({"types": [{"name": "record", "teams": ""}]}, "/types/0/teams", "without dots"),
    "one property for both": (
        {"types": [{"name": "record", "owner": "x", "teams": "x"}]}, "/types/0/teams", "both the owner"
    ),
    "an action without a colon": ({"actions": [action(name="read")]}, "/actions/0/name", "resource:action"),
    "an action with an extent": (
        {"actions": [action(name="record:read:own")]}, "/actions/0/name", "resource:action"
    ),
    "an action with a condition": (
        {"actions": [action(name="record:read?active")]}, "/actions/0/name", "resource:action"
    ),
    "a built-in resource": ({"actions": [action(name="role:grant")]}, "/actions/0/name", "the built-in catalogue"),
    "AI, whose actions are a hierarchy": (
        {"actions": [action(name="ai:think")]}, "/actions/0/name", "the built-in catalogue"
    ),
    "a resource of another catalogue": (
        {"actions": [action(name="todo_user:write")]}, "/actions/0/name", "the catalogue 'todo'"
    ),
    "an action twice": ({"actions": [action(), action()]}, "/actions/1/name", "stands here twice"),
    "an action on nothing": ({"actions": [action(types=[])]}, "/actions/0/types", "at least one type"),
    "an action on an unknown type": (
        {"actions": [action(types=["record", "recrod"])]}, "/actions/0/types/1", "no type 'recrod'"
    ),
    "an action on another catalogue's type": (
        {"actions": [action(types=["todo"])]}, "/actions/0/types/0", "no type 'todo'"
    ),
    "an action on one type twice": (
        {"actions": [action(types=["record", "record"])]}, "/actions/0/types/1", "stands here twice"
    ),
    "no extent": ({"actions": [action(extents=[])]}, "/actions/0/extents", "at least one extent"),
    "an extent twice": (
        {"actions": [action(extents=["own", "own"])]}, "/actions/0/extents/1", "stands here twice"
    ),
    "an unknown implied action": (
        {"actions": [action(implies=["record:see"])]}, "/actions/0/implies/0", "no action 'record:see'"
    ),
    "a built-in implied action": (
        {"actions": [action(implies=["role:manage"])]}, "/actions/0/implies/0", "no action 'role:manage'"
    ),
    "an implied action at an extent that it lacks": (
        {"actions": [action(), action(name="record:write", extents=["*", "own"], implies=["record:read"])]},
        "/actions/1/implies/0",
        "at the extent 'own'",
    ),
    "an action that implies itself": (
        {"actions": [action(implies=["record:read"])]}, "/actions/0/implies", "implies itself"
    ),
    "a circle": (
        {
            "actions": [
                action(implies=["record:b"]),
                action(name="record:b", implies=["record:c"]),
                action(name="record:c", implies=["record:read"]),
            ]
        },
        "/actions/0/implies",
        "implies itself",
    ),
    "an implied action twice": (
        {"actions": [action(implies=["record:b", "record:b"]), action(name="record:b")]},
        "/actions/0/implies/1",
        "stands here twice",
    ),
    "a word for two actions": (
        {"actions": [action(called=["see"]), action(name="record:b", called=["see"])]},
        "/actions/1/called/0",
        "already 'record:read'",
    ),
    "a word that another catalogue has on a built-in type": (
        {"actions": [action(types=["user"], called=["can_read_user"])]},
        "/actions/0/called/0",
        "an action of the catalogue 'todo'",
    ),
    "a word that is another's full name": (
        {"actions": [action(called=["user:read"])]}, "/actions/0/called/0", "full name of another"
    ),
    "a word twice": ({"actions": [action(called=["a", "a"])]}, "/actions/0/called/1", "stands here twice"),
    "an empty word": ({"actions": [action(called=[""])]}, "/actions/0/called/0", "must not be empty"),
    "a word with spaces around it": ({"actions": [action(called=[" a"])]}, "/actions/0/called/0", "no spaces"),
    "too many words": (
        {"actions": [action(called=[f"w{n}" for n in range(21)])]}, "/actions/0/called", "at most 20"
    ),
    "a condition with a question mark": (
        {"conditions": [condition(predicate(equals=1), name="a?b")]}, "/conditions/0/name", "no name of a condition"
    ),
    "a condition twice": (
        {"conditions": [condition(predicate(equals=1)), condition(predicate(equals=2))]},
        "/conditions/1/name",
        "stands here twice",
    ),
    "a condition without predicates": ({"conditions": [condition()]}, "/conditions/0/all", "would always hold"),
    "too many predicates": (
        {"conditions": [condition(*(predicate(equals=n) for n in range(21)))]}, "/conditions/0/all", "at most 20"
    ),
    "a predicate without an operator": (
        {"conditions": [condition(predicate())]}, "/conditions/0/all/0", "needs one of equals"
    ),
    "a predicate with two operators": (
        {"conditions": [condition(predicate(equals=1, at_most=2))]}, "/conditions/0/all/0", "one operator"
    ),
    "a value that is too long": (
        {"conditions": [condition(predicate(equals="a" * 251))]}, "/conditions/0/all/0/equals", "longer than 250"
    ),
    "a number beyond what programs read alike": (
        {"conditions": [condition(predicate(equals=2**53))]}, "/conditions/0/all/0/equals", "read it differently"
    ),
    "a number beyond in a list": (
        {"conditions": [condition(predicate(one_of=[1, -(2**53)]))]},
        "/conditions/0/all/0/one_of/1",
        "read it differently",
    ),
    "an empty list": (
        {"conditions": [condition(predicate(one_of=[]))]}, "/conditions/0/all/0/one_of", "at least one"
    ),
    "a list that is too long": (
        {"conditions": [condition(predicate(none_of=list(range(101))))]}, "/conditions/0/all/0/none_of", "at most 100"
    ),
    "a list of numbers and texts": (
        {"conditions": [condition(predicate(none_of=["a", 1]))]}, "/conditions/0/all/0/none_of", "not both"
    ),
    "a value twice": (
        {"conditions": [condition(predicate(one_of=["a", "a"]))]}, "/conditions/0/all/0/one_of", "twice"
    ),
    "a comparison of words": (
        {"conditions": [condition(predicate(less_than="b"))]}, "/conditions/0/all/0/less_than", "whole number or a time"
    ),
    "a comparison with a time of no zone": (
        {"conditions": [condition(predicate(at_least="2026-01-01T00:00:00"))]},
        "/conditions/0/all/0/at_least",
        "whole number or a time",
    ),
    "a comparison with itself": (
        {"conditions": [condition(predicate(equals={"property": "resource.properties.status"}))]},
        "/conditions/0/all/0/equals/property",
        "with itself",
    ),
    "a reference to what cannot be": (
        {"conditions": [condition(predicate(equals={"property": "user.department"}))]},
        "/conditions/0/all/0/equals/property",
        "A request has no 'user.department'",
    ),
    "a word of users that is a type": ({"subject_types": ["record"]}, "/subject_types/0", "this catalogue"),
    "a word of users that is built in": ({"subject_types": ["system_account"]}, "/subject_types/0", "built-in"),
    "a word of users that is another's type": ({"subject_types": ["todo"]}, "/subject_types/0", "'todo'"),
    "a word of users twice": ({"subject_types": ["p", "p"]}, "/subject_types/1", "stands here twice"),
    "a word of users with a colon": ({"subject_types": ["p:q"]}, "/subject_types/0", "no name of a type"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_may_not_stand_in_a_catalogue(account: Account, what: str) -> None:
    """Each fault has a sentence and the JSON pointer to it, and nothing is recorded."""
    fields, pointer, said = REFUSED[what]
    account.do(AdoptOwnCatalogue(catalogue=TODO))
    position = account.replica.position
    found = refused(account, own(**fields))
    assert pointer == found.pointer, found.sentence
    assert said in found.sentence
    assert position == account.replica.position


@pytest.mark.parametrize(
    "path",
    [
        *("subject", "subject.name", "subject.id.x", "subject.type.x", "subject.properties", "user.id", ""),
        *(
            "action",
            "action.id",
            "action.name.x",
            "resource.owner",
            "resource.properties",
            "context",
            "Context.ip",
        ),
        *(
            "resource.properties.",
            "resource..properties.x",
            ".context.ip",
            "context.a b",
            "context.a\tb",
            "time.now",
        ),
        *(f"context.{'a' * 101}", "context" + ".a" * 8),
    ],
)
def test_a_property_is_one_that_a_request_can_have(account: Account, path: str) -> None:
    """A path that leads nowhere would be a condition that never holds, and nobody would notice."""
    found = refused(account, own(conditions=[condition({"property": path, "equals": 1})]))
    assert "/conditions/0/all/0/property" == found.pointer, found.sentence


@pytest.mark.parametrize(
    "path",
    [
        *("subject.id", "subject.type", "resource.id", "resource.type", "action.name", "context.ip"),
        *("subject.properties.department", "resource.properties.meta.status", "action.properties.soft"),
        *("context.time.zone", "context" + ".a" * 7, "resource.properties.größe", "context.x-y_z$"),
    ],
)
def test_every_part_of_a_request_can_be_asked_for(account: Account, path: str) -> None:
    """Ids, types, the action's name, and whatever a client puts below properties and context."""
    assert 1 == len(
        account.do(AdoptOwnCatalogue(catalogue=own(conditions=[condition({"property": path, "equals": 1})])))
    )


@pytest.mark.parametrize(
    "wanted",
    [
        *(
            {"equals": True},
            {"equals": 0},
            {"equals": ""},
            {"not_equals": "archived"},
            {"one_of": ["a", "b"]},
        ),
        *(
            {"none_of": {"property": "context.blocked"}},
            {"contains": "a"},
            {"contains": {"property": "subject.id"}},
        ),
        *(
            {"less_than": 5},
            {"at_most": "2026-01-01T00:00:00Z"},
            {"greater_than": {"property": "context.from"}},
        ),
        {"at_least": "2026-01-01T00:00:00+01:00"},
    ],
)
def test_every_operator_takes_what_it_can_compare(account: Account, wanted: dict[str, Any]) -> None:
    """Truth values, whole numbers, texts, lists, times, and other properties of the request."""
    catalogue = own(conditions=[condition(predicate(**wanted))])
    (adopted,) = account.do(AdoptOwnCatalogue(catalogue=catalogue))
    assert isinstance(adopted, OwnCatalogueAdopted)
    assert catalogue == adopted.catalogue


def test_conditions_are_named_once_over_all_catalogues(account: Account) -> None:
    """A role says `?active` and no more: two catalogues cannot both define it. Words of users are no other's types."""
    account.do(AdoptOwnCatalogue(catalogue=own()))
    other = {"name": "other", "number": 1, "conditions": BASE["conditions"]}
    assert "/conditions/0/name" == refused(account, own_reading.from_object(other)).pointer
    taken = {
        "name": "other",
        "number": 1,
        "types": [{"name": "person"}],
        "actions": [action(name="person:see", types=["person"])],
    }
    assert "a word for users" in refused(account, own_reading.from_object(taken)).sentence


def test_all_faults_are_told_at_once() -> None:
    """Whoever writes a file mends all of it, not one fault a time."""
    found = list(own_checks.faults(own(name="Own", number=0, subject_types=["user"]), shipped(), ()))
    assert ["/name", "/number", "/subject_types/0"] == [fault.pointer for fault in found]


def test_no_type_that_the_service_holds_can_be_taken() -> None:
    """Whatever can be named here already means one thing for ever."""
    for type_ in TYPES_HELD:
        (fault, *_) = own_checks.faults(own(types=[{"name": type_}, {"name": "record"}]), shipped(), ())
        assert "/types/0/name" == fault.pointer


# -- files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pointer", "said"),
    [
        ("name = ", "", "The file is not TOML"),
        ("name = 'a'\nname = 'b'\nnumber = 1", "", "The file is not TOML"),
        ("name = 'a'", "", "missing required field number"),
        ("name = 'a'\nnumber = 1.5", "/number", "Expected int, got float"),
        ("name = 'a'\nnumber = 1\nlable = 'x'", "", "unknown field lable"),
        (
            "name = 'a'\nnumber = 1\n[[actions]]\nname = 'a:b'\ntypes = ['a']\nextents = ['all']",
            "/actions/0/extents/0",
            "all",
        ),
        (
            "name='a'\nnumber=1\n[[conditions]]\nname='c'\nall=[{property='context.a', matches='.*'}]",
            "/conditions/0/all/0",
            "unknown field matches",
        ),
        (
            "name='a'\nnumber=1\n[[conditions]]\nname='c'\nall=[{property='context.a', at_most=0.5}]",
            "/conditions/0/all/0/at_most",
            "got float",
        ),
        (
            "name='a'\nnumber=1\n[[conditions]]\nname='c'\nall=[{property='context.a', at_most=2026-01-01}]",
            "/conditions/0/all/0/at_most",
            "offset from UTC",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_place(text: str, pointer: str, said: str) -> None:
    """A misspelt field is never ignored: it could have been what keeps somebody out."""
    with pytest.raises(errors.Invalid) as found:
        own_reading.from_toml(text.encode())
    assert (pointer, True) == (found.value.pointer, said in found.value.sentence), found.value.sentence


def test_a_file_that_is_no_text_or_too_large_is_refused() -> None:
    """Nothing is read that nobody could have written."""
    for octets in (b"\xff", b"#" * (files.FILE_BYTES_MAX + 1), b"a = 99999-99-99", b"a=" + b"[" * 5000):
        with pytest.raises(errors.Invalid):
            own_reading.from_toml(octets)


def test_a_time_of_toml_is_the_text_that_is_compared() -> None:
    """`at_least = 2026-01-01T00:00:00Z` without quotation marks means what it means with them."""
    text = "name='a'\nnumber=1\n[[conditions]]\nname='c'\nall=[{property='context.a', at_least=2026-01-01T00:00:00Z}]"
    (found,) = own_reading.from_toml(text.encode()).conditions
    assert "2026-01-01T00:00:00Z" == found.all[0].at_least


@pytest.mark.parametrize("name", own_reading.examples())
def test_every_example_can_be_adopted(account: Account, name: str) -> None:
    """What ships is right, and is written again as the same catalogue."""
    catalogue = own_reading.from_toml(own_reading.example(name).encode())
    assert name == catalogue.name
    assert 1 == len(account.do(AdoptOwnCatalogue(catalogue=catalogue)))
    assert catalogue == own_reading.from_toml(own_writing.to_toml(catalogue).encode())


# -- any catalogue at all ------------------------------------------------------------------------------------

_TEXTS = st.text('ab é\n?:\\"', max_size=20).map(str.strip)
_RESOURCES = ("a", "b", "c")
_ACTION_NAMES = tuple(f"{resource}:{verb}" for resource in _RESOURCES for verb in ("read", "write"))
_TYPES = ("a", "b", "record", "user", "application", "contract", "team")
_PATHS = st.sampled_from(
    ["subject.id", "context.a", "resource.properties.x", "action.name", "action.properties.y"]
)
_PLAIN = st.integers(-(2**53) + 1, 2**53 - 1) | _TEXTS
_ORDERED = st.integers(-9, 9) | st.just("2026-01-01T00:00:00Z")
_LISTS = st.lists(st.integers(0, 9), min_size=1, unique=True) | st.lists(
    _TEXTS, min_size=1, max_size=3, unique=True
)
_REFERENCES = st.just({"property": "context.other"})
_PREDICATES = st.one_of(
    st.tuples(_PATHS, st.sampled_from(OPERATORS[:2]), _PLAIN | st.booleans() | _REFERENCES),
    st.tuples(_PATHS, st.sampled_from(OPERATORS[2:4]), _LISTS),
    st.tuples(_PATHS, st.sampled_from(OPERATORS[4:]), _ORDERED | _REFERENCES),
).map(lambda one: {"property": one[0], one[1]: one[2]})
_ODD = st.sampled_from(
    [
        ("types", [{"name": "user"}]),
        ("actions", [{"name": "role:manage", "types": ["role"], "extents": ["*"]}]),
        *(("name", "A"), ("number", 0), ("subject_types", ["team"]), ("description", "\0")),
    ]
)
"""What may stand in no catalogue: a few of those that are drawn have it."""


@st.composite
def catalogues(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A catalogue that is mostly right: words that clash, wrong implications and odd fields come now and then."""
    every = st.lists(st.sampled_from(_ACTION_NAMES), min_size=1, max_size=5, unique=True)
    names, actions = draw(every), []
    for place, one in enumerate(names):
        extents = draw(st.lists(st.sampled_from(["*", "team", "own"]), min_size=1, unique=True))
        actions.append(
            {
                "name": one,
                "types": draw(st.lists(st.sampled_from(_TYPES), min_size=1, max_size=3, unique=True)),
                "extents": extents,
                "implies": draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else [],
                "called": draw(st.lists(st.sampled_from([one, "x", f"can_{one}", "user:read"]), max_size=1)),
                "label": draw(st.just("") | st.text("ab é", max_size=9)),
            }
        )
    conditions = [
        {"name": f"{name}-{number}", "all": draw(st.lists(_PREDICATES, min_size=1, max_size=3))}
        for number in range(draw(st.integers(0, 2)))
    ]
    found = {
        "name": name,
        "number": draw(st.integers(1, 3)),
        "description": draw(_TEXTS),
        "types": [{"name": one} for one in ("a", "b", "record")],
        "actions": actions,
        "conditions": conditions,
        "subject_types": draw(st.sampled_from([[], ["person"]])),
    }
    if not draw(st.integers(0, 9)):
        field, value = draw(_ODD)
        found[field] = value
    return found


_ROLES = {role.id: role.scopes for role in shipped().roles}


def merged_without_harm(catalogue: OwnCatalogue, *others: OwnCatalogue) -> None:
    """The merge leaves every permission on built-in actions as it was, for every predefined role."""
    alone, together = Compiled(shipped()), Compiled(shipped(), (*others, catalogue))
    every = tuple(together.permissions)
    for scope in (*(one.scope for one in every), *shipped().aliases):
        before, after = alone.grants((scope,)), together.grants((scope,))
        assert before == {name: given for name, given in after.items() if name in alone.bits}, scope
    for scopes in _ROLES.values():
        reaches = (one.by_action(one.reaches(one.masks(scopes))) for one in (alone, together))
        then, now = tuple(reaches)
        assert then == {name: reach for name, reach in now.items() if name in alone.bits}
        assert not any(now[name] for name in together.owned_by)
    for type_ in own_checks.types_of(shipped()):
        for action_ in alone.actions_on(type_):
            assert action_ == together.action_for(type_, action_)


@settings(max_examples=120, deadline=None)
@any_catalogue(given=catalogues("first"), second=catalogues("second"))
def test_whatever_passes_the_check_compiles_and_leaves_built_in_permissions_alone(
    given: dict[str, Any], second: dict[str, Any]
) -> None:
    """No own catalogue, alone or beside another, changes what a built-in permission gives or who has it."""
    try:
        first = own_checks.checked(own_reading.from_object(given), shipped(), ())
    except errors.Invalid:
        return
    merged_without_harm(first)
    assert first == own_checks.checked(first, shipped(), ())
    assert first == own_reading.from_toml(own_writing.to_toml(first).encode())
    other = own_reading.from_object(_elsewhere(second))
    try:
        other = own_checks.checked(other, shipped(), (first,))
    except errors.Invalid:
        return
    merged_without_harm(other, first)


def _elsewhere(given: dict[str, Any]) -> dict[str, Any]:
    """The same about other types and other resources, though what it says of built-in types may still clash."""

    def other(word: str) -> str:
        resource, colon, verb = word.partition(":")
        return f"{resource}2{colon}{verb}" if resource in ("a", "b", "c", "record") else word

    actions = [
        {
            **one,
            "name": other(one["name"]),
            "types": [other(type_) for type_ in one["types"]],
            "implies": [other(name) for name in one.get("implies", ())],
        }
        for one in given["actions"]
    ]
    types = [{"name": other(one["name"])} for one in given["types"]]
    return {**given, "types": types, "actions": actions}


def test_a_release_that_brings_a_name_later_wins() -> None:
    """The own entry is in force no longer, grants nothing of the built-in one by its name, and is told of."""
    catalogue = own(
        actions=[
            *BASE["actions"],
            {
                "name": "folder:open",
                "types": ["folder"],
                "extents": ["*", "own"],
                "implies": ["record:write"],
            },
        ]
    )
    later = msgspec.structs.replace(
        shipped(),
        actions=(*shipped().actions, Action(name="record:write", types=("record",))),
        permissions=(
            *shipped().permissions,
            Permission(scope="record:write:*", label="Built-in", group="Records", description=""),
        ),
    )
    compiled = Compiled(later, (catalogue,))
    assert ["record", "record:read", "record:write"] == not_in_force(compiled, catalogue)
    assert {"folder:open": "own"} == compiled.owned_by
    assert "Built-in" == next(one.label for one in compiled.permissions if one.scope == "record:write:*")
    assert {"folder:open"} == set(compiled.grants(("folder:open:*",)))
    assert not compiled.known("record:read:own")
    assert [] == not_in_force(Compiled(shipped(), (catalogue,)), catalogue)


def test_what_administrators_may_is_as_before(account: Account) -> None:
    """Adopting a catalogue gives nobody anything: not even an Administrator has its permissions."""
    account.do(AdoptOwnCatalogue(catalogue=TODO))
    assert not account.may(account.kevin, "todo:read", Target(Thing("todo", "1")))
    assert access.may(account.now, account.kevin, "role:manage", things.anything("role"))
    account.do(
        EditRole(role=RoleId(ADMINISTRATOR), scopes=(*account.now.role(ADMINISTRATOR).scopes, "todo:read:*"))
    )
    assert account.may(account.kevin, "todo:read", Target(Thing("todo", "1")))


def test_a_change_that_no_comparison_of_people_shows_is_told(account: Account) -> None:
    """Another condition under the old name, or another property for owners, is warned of for the roles that hold it."""
    first = own()
    account.do(AdoptOwnCatalogue(catalogue=first))
    account.role("Writer", "record:write:own", "record:write:*?active", "record:read:*", "team:read:*?active")
    account.role("Reader", "record:read:team", "team:read:*")
    before = account.now
    other = own(number=2, conditions=[condition(predicate(equals="open"))])
    account.do(AdoptOwnCatalogue(catalogue=other))
    found = redefined(before, account.now)
    assert (1, ("record:write:*?active", "team:read:*?active")) == (found.roles, found.scopes)
    before = account.now
    moved = own(
        number=3,
        conditions=[condition(predicate(equals="open"))],
        types=[{"name": "record", "owner": "by"}, {"name": "folder"}],
    )
    account.do(AdoptOwnCatalogue(catalogue=moved))
    found = redefined(before, account.now)
    assert (1, ("record:write:own",)) == (found.roles, found.scopes)
    assert 0 == orphaned(before, account.now).roles
    before = account.now
    account.do(WithdrawOwnCatalogue(name="own"))
    assert 0 == redefined(before, account.now).roles
    assert 2 == orphaned(before, account.now).roles
