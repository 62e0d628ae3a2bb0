"""`can` and `why`: answers, moments, and every exit code."""

import pytest

from tests.cli.conftest import Terminal, Told

MANAGE = "contract_data:manage"
DELETE = "contract_data:bulk_delete"


@pytest.mark.parametrize(
    ("subject", "allowed"),
    [("sally", {"Foo", "Bar"}), ("billy", {"Bar", "Baz"}), ("kevin", {"Foo", "Bar", "Baz"})],
)
def test_the_table_of_seed_002(terminal: Terminal, subject: str, allowed: set[str]) -> None:
    """Sally manages Foo and Bar, Billy Bar and Baz, Kevin all: exit 0 and yes, or exit 1 and no."""
    for application in ("Foo", "Bar", "Baz"):
        printed = terminal("can", subject, MANAGE, f"application:{application}")
        expected = (0, "yes\n") if application in allowed else (1, "no\n")
        assert expected == (printed.code, printed.out)


def test_a_no_says_what_is_missing_on_stderr(terminal: Terminal) -> None:
    """Programs read the one word on stdout, people the sentence beside it."""
    printed = terminal("can", "sally", MANAGE, "application:Baz")
    assert "The permission contract_data:manage on Baz is missing.\n" == printed.err


def test_a_question_about_before_is_answered_by_what_was_true_then(terminal: Terminal, told: Told) -> None:
    """Matt could have deleted the integration a moment before he did; after the permission went he cannot."""
    before = str(told.played.marks["before the deletion"])
    assert 0 == terminal("can", "matt", DELETE, "integration:Foo/Bar", "--as-of", before).code
    assert 1 == terminal("can", "matt", DELETE, "integration:Foo/Bar").code


def test_a_moment_may_be_a_position_a_time_or_an_event(writing: Terminal, told: Told) -> None:
    """All three name the same moment, and the names resolve as of then."""
    position = told.played.marks["before the deletion"]
    event = next(
        one
        for one in writing("audit", "--limit", "1000", "--json").json["events"]
        if one["position"] == position
    )
    answers = [
        writing("can", "matt", DELETE, "integration:Foo/Bar", "--json", "--as-of", moment).json
        for moment in (str(position), event["recordedAt"], event["id"])
    ]
    assert [position] * 3 == [answer["position"] for answer in answers]
    assert [True] * 3 == [answer["decision"] for answer in answers]


def test_the_integration_is_not_there_while_it_was_deleted(terminal: Terminal, told: Told) -> None:
    """Between deletion and republication the name means nothing: exit 3, and never a no that could be misread."""
    deleted = str(told.played.marks["integration deleted"])
    printed = terminal("can", "matt", DELETE, "integration:Foo/Bar", "--as-of", deleted)
    assert (3, "") == (printed.code, printed.out)


def test_why_names_the_role_the_grant_and_the_team(terminal: Terminal) -> None:
    """A yes is explained by everything it rests on."""
    printed = terminal("why", "sally", MANAGE, "application:Foo")
    assert 0 == printed.code
    assert (
        "Sally may: the role 'Test Maintainer' grants contract_data:manage:team, because Foo and Sally are both in the"
        " team 'A'.\n"
    ) == printed.out


def test_why_not_names_what_was_near(terminal: Terminal) -> None:
    """A no is explained by the grants that do not reach, and by whom they would."""
    printed = terminal("why", "sally", MANAGE, "application:Baz")
    assert 1 == printed.code
    assert "The role 'Test Maintainer' grants contract_data:manage:team, but:" in printed.out
    assert "It would be allowed to a member of 'B'." in printed.out


def test_json_for_programs(terminal: Terminal) -> None:
    """One document on stdout with the decision, the moment and the evidence; nothing on stderr."""
    printed = terminal("why", "kevin", MANAGE, "application:Baz", "--json")
    document = printed.json
    assert "" == printed.err
    assert {
        "decision", "reason", "position", "instant", "settled", "principal", "action", "thing", "grants", "nearMisses",
        "rule", "conflicts", "sentences",
    } == set(document)  # fmt: skip
    assert ("application", "Baz") == (document["thing"]["type"], document["thing"]["name"])
    # Kevin made Baz, so he also owns it.
    scopes = [grant["scope"] for grant in document["grants"]]
    assert ["contract_data:manage:*", "contract_data:manage:own"] == scopes


def test_a_thing_that_is_not_there_yet_is_judged_by_what_is_said_of_it(terminal: Terminal) -> None:
    """Seed 000: the updater may make secrets of its own team, not of another's, and of none none."""
    asked = ("can", "SecretsUpdater", "secret:manage", "secret:not-there-yet")
    assert 0 == terminal(*asked, "--team", "SomeSpecialTeam").code
    assert 1 == terminal(*asked, "--team", "A").code
    assert 3 == terminal(*asked).code


def test_a_secret_that_is_there_is_its_teams_whatever_is_said_of_it(terminal: Terminal) -> None:
    """What is held here wins, and the contradiction is told."""
    asked = ("can", "SecretsUpdater", "secret:manage", "secret:SomeSpecialTeam/ci-token")
    assert 0 == terminal(*asked).code
    contradicted = terminal(*asked, "--team", "A")
    assert 0 == contradicted.code
    assert "it is not under it here" in contradicted.err


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (3, ("nobody", MANAGE, "application:Foo")),
        (3, ("sally", MANAGE, "application:Nothing")),
        (3, ("sally", MANAGE, "application:Foo", "--as-of", "4")),  # nobody was there yet
        (2, ("sally", "contract_data:eat", "application:Foo")),
        (2, ("sally", MANAGE, "team:A")),
        (2, ("sally", MANAGE, "Foo")),
        (2, ("sally", MANAGE, "integration:Foo")),
        (2, ("sally", MANAGE, "application:Foo", "--as-of", "yesterday")),
        (2, ("sally", MANAGE, "application:Foo", "--as-of", "2100-01-01T00:00:00Z")),
        (2, ("sally", MANAGE, "application:Foo", "--as-of", "999999")),
        (2, ("sally", MANAGE)),
    ],
)
@pytest.mark.parametrize("command", ["can", "why"])
def test_what_cannot_be_asked_is_no_answer(
    terminal: Terminal, command: str, code: int, arguments: tuple[str, ...]
) -> None:
    """An error is 2 or above with a sentence, and says neither yes nor no."""
    printed = terminal(command, *arguments)
    assert (code, "") == (printed.code, printed.out)
    assert printed.err


def test_an_ambiguous_name_lists_the_candidates(writing: Terminal) -> None:
    """Two people may have one name: exit 2, and how to name either."""
    assert 0 == writing("invite", "Sally", "sally.two@example.org").code
    printed = writing("can", "sally", MANAGE, "application:Foo")
    assert 2 == printed.code
    assert printed.err.endswith("  user:sally.two@example.org\n  user:sally@example.org\n")
    assert 0 == writing("can", "user:sally@example.org", MANAGE, "application:Foo").code


def test_a_database_that_is_away(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 5: certainly neither yes nor no."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:nothing@127.0.0.1:1/nowhere")
    assert (5, "") == (terminal("can", "sally", MANAGE, "application:Foo").code, "")


def test_another_key_is_refused(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another MUNIMENT_KEY nothing sealed opens: exit 6 and the variable's name."""
    monkeypatch.setenv("MUNIMENT_KEY", "22" * 32)
    printed = terminal("can", "sally", MANAGE, "application:Foo")
    assert 6 == printed.code
    assert "MUNIMENT_KEY" in printed.err
