"""`catalogue`: an own catalogue from its file into force and back, with what every other command then says of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from service.catalogue import own_reading
from service.commands.roles import CreateRole
from service.vocabulary import RoleId
from tests import postgres
from tests.cli.conftest import Printed, Terminal

TODO = own_reading.example("todo")
TASKS = TODO.replace("todo", "task").replace("can_read_user", "can_see_user")
"""Another one of the same shape, beside the one that the story adopted."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The example's file, to be adopted."""
    path = tmp_path / "todo.toml"
    path.write_text(TODO, "utf-8")
    return path


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A catalogue that is not in force yet."""
    path = tmp_path / "tasks.toml"
    path.write_text(TASKS, "utf-8")
    return path


def rows(printed: Printed) -> list[list[str]]:
    assert 0 == printed.code, printed.err
    return [line.split("  ") for line in printed.out.splitlines()[1:]]


def test_a_file_is_checked_without_an_account(
    seated: Callable[[postgres.Database | None], Terminal], file: Path, tmp_path: Path
) -> None:
    """Everything that is wrong is told at once, with its place, where there is no database at all."""
    terminal = seated(None)
    sound = terminal("catalogue", "check", str(file))
    assert (0, "") == (sound.code, sound.out)
    assert "The catalogue 'todo', number 1 is sound: 1 type, 5 actions and 0 conditions." in sound.err
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(TODO.replace('"own"]', '"own", "own"]', 1).replace('["user"]', '["usr"]'), "utf-8")
    found = terminal("catalogue", "check", str(wrong))
    assert 1 == found.code
    assert [
        "/actions/0/types/0: There is no type 'usr': declare it under types, or name a built-in one.",
        "/actions/1/extents/2: The extent 'own' stands here twice.",
    ] == found.out.splitlines()
    as_json = terminal("catalogue", "check", str(wrong), "--json")
    assert (1, False, 2) == (as_json.code, as_json.json["sound"], len(as_json.json["faults"]))
    wrong.write_text("name = ", "utf-8")
    broken = terminal("catalogue", "check", str(wrong))
    assert (1, True) == (broken.code, "not TOML" in broken.out)
    assert 2 == terminal("catalogue", "check", str(tmp_path / "none.toml")).code


def test_an_example_is_printed_as_it_ships(seated: Callable[[postgres.Database | None], Terminal]) -> None:
    """The file with its comments, without an account; a wrong name lists those that there are."""
    terminal = seated(None)
    assert (0, TODO) == ((shown := terminal("catalogue", "show", "--example", "todo")).code, shown.out)
    assert "todo" == terminal("catalogue", "show", "--example", "todo", "--json").json["name"]
    unknown = terminal("catalogue", "show", "--example", "nothing")
    assert (3, True) == (unknown.code, "there are: " in unknown.err)
    assert 2 == terminal("catalogue", "show").code


def test_a_catalogue_is_tried_adopted_shown_and_withdrawn(
    writing: Terminal, tasks: Path, tmp_path: Path
) -> None:
    """Each step says what it did, with its reason in the trail; a dry run does nothing."""
    tried = writing("catalogue", "adopt", str(tasks), "--dry-run")
    assert (0, True) == (tried.code, "It would be adopted." in tried.err), tried.err
    assert ["pactflow", "todo"] == [row[0] for row in rows(writing("catalogue", "list"))]
    done = writing("catalogue", "adopt", str(tasks), "--reason", "The task list goes live")
    assert (0, True) == (done.code, "It was adopted at position" in done.err), done.err
    assert "Nobody gained or lost anything." in done.err
    listed = writing("catalogue", "list", "--json").json
    assert [("pactflow", 3), ("task", 1), ("todo", 1)] == [(one["name"], one["number"]) for one in listed]
    again = writing("catalogue", "adopt", str(tasks), "--json")
    assert (0, False) == (again.code, again.json["changed"])
    shown = writing("catalogue", "show", "task")
    assert own_reading.from_toml(TASKS.encode()) == own_reading.from_toml(shown.out.encode())
    assert "contract_data:manage:*" in writing("catalogue", "show", "pactflow").out
    edited = tmp_path / "edited.toml"
    edited.write_text(shown.out.replace("Read users", "See users"), "utf-8")
    refused = writing("catalogue", "adopt", str(edited))
    assert (4, True) == (refused.code, "here at least 2" in refused.err)
    withdrawn = writing("catalogue", "withdraw", "task", "--json")
    assert (0, True, []) == (withdrawn.code, withdrawn.json["changed"], withdrawn.json["groups"])
    assert 3 == writing("catalogue", "show", "task").code
    assert 3 == writing("catalogue", "withdraw", "task").code
    then = str(withdrawn.json["position"] - 1)
    assert 0 == writing("catalogue", "show", "task", "--as-of", then).code
    told = writing("audit", "--touches", "catalogue:task", "--json").json["events"]
    assert ["own_catalogue.adopted", "own_catalogue.withdrawn"] == [one["kind"] for one in told]
    assert "The task list goes live" == told[0]["reason"]


async def _role(*scopes: str) -> str:
    """A role at this terminal's own account, held by Sally: roles are made over HTTP, by no command."""
    from service.cli import opening
    from service.commands.users import ChangeRoles
    from service.queries import naming

    async with opening.opened() as app:
        role = RoleId(app.fresh.id())
        await opening.order(app, CreateRole(role=role, name="Task editor", scopes=scopes))
        sally = naming.principal(app.replica.now(), "sally").id
        await opening.order(app, ChangeRoles(principal=sally, how="add", roles=(role,)))
        return role


def test_every_command_speaks_of_own_permissions_as_of_built_in_ones(writing: Terminal, tasks: Path) -> None:
    """`can`, `why`, `who`, `show`, `effect` and `audit` take own actions and types, and tell of a withdrawal."""
    assert 0 == writing("catalogue", "adopt", str(tasks)).code
    postgres.run(_role("task:read:*", "task:update:own"))
    may = ("can", "sally", "task:read", "task:*")
    assert 0 == writing(*may).code, writing(*may).err
    why = writing("why", "sally", "task:read", "task:*")
    assert (0, True) == (why.code, "task:read:*" in why.out + why.err), why.err
    who = writing("who", "task:read", "task:*")
    assert (0, True) == (who.code, "Sally" in who.out), who.err
    assert "task:update:own" in writing("show", "role:Task editor").out
    tried = writing("catalogue", "withdraw", "task", "--dry-run")
    assert ("Sally", True, True) == (
        tried.out.splitlines()[1].split("  ")[0],
        "task:read:*, task:update:own" in tried.out,
        "Warning: 1 role holds permissions that no catalogue knows any more" in tried.err,
    )
    done = writing("catalogue", "withdraw", "task", "--json").json
    assert tried.out == writing("effect", str(done["position"])).out
    gone = writing("can", "sally", "task:read", "task:*")
    assert (2, True) == (gone.code, "task:read" in gone.err), gone
    assert "withdrew the own permission catalogue task 1" in writing("audit").out


RECORDS = """
name = "records"
number = 1

[[types]]
name = "record"

[[actions]]
name = "record:write"
types = ["record"]
extents = ["*", "own"]
called = ["write"]

[[conditions]]
name = "unarchived"
all = [{ property = "resource.properties.status", not_equals = "archived" }]
"""


def test_a_question_can_say_what_a_request_would(writing: Terminal, tmp_path: Path) -> None:
    """`--given` and `--owner` stand for the request's properties; words that requests use name the same actions."""
    path = tmp_path / "records.toml"
    path.write_text(RECORDS, "utf-8")
    assert 0 == writing("catalogue", "adopt", str(path)).code
    postgres.run(_role("record:write:own?unarchived"))
    asked = ("why", "sally", "write", "record:1", "--owner", "sally@example.org")
    active = writing(*asked, "--given", "resource.properties.status=active")
    assert 0 == active.code, active
    assert "because Sally owns 1, and the condition 'unarchived' holds" in active.out
    archived = writing(*asked, "--given", "resource.properties.status=archived")
    assert (1, True) == (archived.code, "The condition 'unarchived' needs" in archived.out), archived
    unsaid = writing(*asked)
    assert (1, True) == (unsaid.code, "does not say it" in unsaid.out), unsaid
    other = writing(
        "why", "sally", "record:write", "record:1", "--given", "resource.properties.status=active"
    )
    assert (1, True) == (other.code, "does not own" in other.out), other
    assert 1 == writing("who", "write", "record:*").code
    for wrong in ("status", "status=x", "user.id=x"):
        assert 2 == writing(*asked, "--given", wrong).code
