"""`show`: every kind of thing, now and as it was."""

from pathlib import Path

import pytest

from service.catalogue import own_reading
from service.commands.aliases import SetAliases
from service.commands.resources import NewResource, RegisterResource
from service.vocabulary import AliasId, ResourceId
from tests import postgres
from tests.cli.conftest import Terminal, Told

AT = {"type", "id", "position", "instant", "settled"}
TIMES = {"createdAt", "updatedAt"}
PERSON = {
    "name", "email", "firstName", "lastName", "externalIdpId", "externalIdpUsername", "active", "roles", "teams",
    "administers", "tokens", "invitedUntil", "aliases"
}  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "members"),
    [
        (
            "role:Viewer",
            {
                "name",
                "description",
                "permissions",
                "predefined",
                "locked",
                "assignable",
                "apiAccess",
                "deletable",
                "readsOwnToken",
                "takesSeat",
                "holders",
            }
            | TIMES,
        ),
        (
            "team:A",
            {"name", "default", "members", "administrators", "applications", "environments"}
            | {"secrets", "webhooks"}
            | TIMES,
        ),
        ("user:sally", PERSON | TIMES),
        ("system_account:SecretsUpdater", PERSON | TIMES),
        (
            "application:Foo",
            {"name", "displayName", "repositoryUrl", "mainBranch", "creator", "teams", "integrations"}
            | TIMES,
        ),
        ("integration:Foo/Bar", {"name", "contracts", "createdAt"}),
        (
            "contract:Foo/Bar/1.1.0",
            {"integration", "version", "branch", "digest", "bytes", "publisher"} | TIMES,
        ),
    ],
)
def test_every_noun_has_its_document(terminal: Terminal, thing: str, members: set[str]) -> None:
    """Programs get the same members each time, with the moment; people get the same as lines."""
    document = terminal("show", thing, "--json").json
    assert AT | members == set(document)
    printed = terminal("show", thing)
    assert (0, "") == (printed.code, printed.err)
    assert document["id"] in printed.out


def test_a_role_as_it_was(terminal: Terminal, told: Told) -> None:
    """Before the incident the role bulk deleted everything; since Kevin's edit it only reads."""
    before = str(told.played.marks["before the deletion"])
    assert ["contract_data:bulk_delete:*", "contract_data:read:*"] == _permissions(
        terminal, "--as-of", before
    )
    assert ["contract_data:read:*"] == _permissions(terminal)


def test_relations_are_those_of_the_moment(terminal: Terminal, told: Told) -> None:
    """Team A has Sally, Foo and Bar; before it was made, the Default team had everybody and everything."""
    team = terminal("show", "team:A", "--json").json
    assert ["Sally"] == [one["name"] for one in team["members"]]
    assert ["Bar", "Foo"] == sorted(one["name"] for one in team["applications"])
    # Its deletion is three records: who and what it unlinked, and its end.
    before = str(told.played.marks["teams set up"] - 3)
    default = terminal("show", "team:Default", "--json", "--as-of", before).json
    assert {"Kevin", "Sally", "Billy"} == {one["name"] for one in default["members"]}


@pytest.mark.parametrize(
    "thing",
    [
        *("team:Default", "user:nobody", "integration:Foo/Nothing", "contract:Foo/Bar/9"),
        *("secret:A/nothing", "webhook:build"),
    ],
)
def test_what_is_not_there(terminal: Terminal, thing: str) -> None:
    """Exit 3 for a thing that is gone or never was."""
    assert (3, "") == (terminal("show", thing).code, "")


@pytest.mark.parametrize("thing", ["Foo", "planet:Earth", "Role:Viewer", "integration:Foo", ""])
def test_what_is_no_name(terminal: Terminal, thing: str) -> None:
    """What the grammar does not know is an error, and nothing is guessed."""
    assert 2 == terminal("show", thing).code


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        ("planet:Earth", "'planet' is no type of thing"),
        ("ai:generation", "Things of the type ai are not held here"),
    ],
)
def test_an_unknown_type_is_told_with_those_there_are(terminal: Terminal, thing: str, wrong: str) -> None:
    """Whoever gets the type wrong is told the right form and every type, wherever a thing is named."""
    for asked in (("show", thing), ("audit", "--touches", thing)):
        printed = terminal(*asked)
        assert (2, "") == (printed.code, printed.out)
        assert f"{wrong}. Write type:name, as in application:Baz; the types are: application, " in printed.err


def test_a_name_cannot_steer_the_terminal(writing: Terminal) -> None:
    """Markup and escapes in what somebody named a thing are text to us."""
    writing("invite", "[red]Nora[/red]", "nora@example.org")
    assert "[red]Nora[/red]" in writing("show", "user:nora@example.org").out
    assert "[red]Nora[/red]" in writing("audit", "--kind", "user.created").out


def _permissions(terminal: Terminal, *more: str) -> list[str]:
    permissions: list[str] = terminal("show", "role:Demo cleaner", "--json", *more).json["permissions"]
    return permissions


def test_an_asterisk_names_no_single_thing(terminal: Terminal) -> None:
    """`show` is about one thing: every application at once is an error in the question, not a thing that is absent."""
    printed = terminal("show", "application:*")
    assert (2, "") == (printed.code, printed.out)
    assert "names no single thing" in printed.err


def test_preferences_and_sign_in_are_shown_as_they_were(writing: Terminal) -> None:
    """What the account prefers can be asked about at any moment, as every other noun (section 3.9)."""
    held = writing("show", "system_preference:aiEnabled", "--as-of", "1", "--json")
    assert (0, True, None) == (held.code, held.json["value"], held.json["changedAt"])
    assert [] == writing("show", "system_preference:operationalContacts", "--json").json["value"]
    assert writing("show", "system_preference:tokenExpiry").out.startswith("type")
    who = writing("show", "authentication_settings", "--json")
    assert (0, [], []) == (who.code, who.json["emailDomains"], who.json["githubOrganizations"])
    unknown = writing("show", "system_preference:nothing")
    assert 3 == unknown.code
    assert "tokenExpiry" in unknown.err


def test_a_registered_thing_and_an_alias_are_shown(writing: Terminal, tmp_path: Path) -> None:
    """A thing of one's own type by what clients call it, with whose it is; a person with the ids that programs use."""
    file = tmp_path / "todo.toml"
    file.write_text(own_reading.example("todo"), "utf-8")
    assert 0 == writing("catalogue", "adopt", str(file)).code
    one = postgres.run(_registered())
    shown = writing("show", "todo:7240d0db", "--json").json
    assert (one, "Sally", [{"name": "status", "value": "open"}, {"name": "tags", "value": ["a", "b"]}]) == (
        shown["id"],
        shown["owner"]["name"],
        shown["properties"],
    )
    printed = writing("show", f"todo:{one}").out
    assert "status: open, tags: a b" in printed
    assert ["auth0|sally"] == writing("show", "user:sally", "--json").json["aliases"]
    assert "auth0|sally" in writing("show", "user:sally").out
    assert 3 == writing("show", "todo:nothing").code


async def _registered() -> str:
    """What this terminal's own account is told over HTTP: by no command."""
    from service.cli import opening
    from service.queries import naming

    async with opening.opened() as app:
        sally = naming.principal(app.replica.now(), "sally").id
        thing = NewResource(
            resource=ResourceId(app.fresh.id()),
            type="todo",
            name="7240d0db",
            owner=sally,
            properties={"status": "open", "tags": ["a", "b"]},
        )
        await opening.order(app, RegisterResource(thing=thing))
        aliases = SetAliases(principal=sally, aliases=("auth0|sally",), ids=(AliasId(app.fresh.id()),))
        await opening.order(app, aliases)
        return thing.resource
