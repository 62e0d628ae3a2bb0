"""`invite`, `redeem` and `break-glass`."""

import io
import stat
from pathlib import Path

import pytest

from service import app as application
from service.settings import Settings, from_environment
from tests import postgres, service
from tests.cli.conftest import Terminal


def test_an_invitation_is_redeemed_once(writing: Terminal) -> None:
    """The code gives the person both tokens, which work; used a second time it is refused."""
    invited = writing("invite", "Nora", "nora@example.org", "--json").json
    redeemed = writing("redeem", invited["code"], "--json").json
    assert [invited["principal"]] * 2 == [_owner(writing, redeemed[one]) for one in ("readWrite", "readOnly")]
    again = writing("redeem", invited["code"])
    assert (4, "") == (again.code, again.out)


def test_a_code_may_be_typed_as_people_type(writing: Terminal) -> None:
    """Case, spaces and dashes of a code are a person's own business."""
    code = writing("invite", "Nora", "nora@example.org").out.strip()
    assert 0 == writing("redeem", code.lower().replace("-", " ")).code


def test_the_person_gets_the_roles_and_teams_that_were_named(writing: Terminal) -> None:
    """A role named takes the place of the default one; teams are joined."""
    named = ("--role", "role:Test Maintainer", "--team", "A")
    assert 0 == writing("invite", "Nora", "nora@example.org", *named).code
    shown = writing("show", "user:nora", "--json").json
    assert ["Test Maintainer"] == [role["name"] for role in shown["roles"]]
    assert ["A"] == [team["name"] for team in shown["teams"]]


def test_a_wrong_name_is_told_before_anything_is_done(writing: Terminal) -> None:
    """An invitation with a role that is not there invites nobody."""
    assert 3 == writing("invite", "Nora", "nora@example.org", "--role", "Nothing").code
    assert 3 == writing("show", "user:nora").code


@pytest.mark.parametrize("address", ["nora", "nora@", "no ra@example.org"])
def test_a_bad_address_is_refused(writing: Terminal, address: str) -> None:
    """Exit 2 for what is no e-mail address."""
    assert (2, "") == (writing("invite", "Nora", address).code, "")


def test_somebody_who_lost_the_tokens_gets_another_code(writing: Terminal) -> None:
    """At the console, inviting who is here already makes nobody new: the code gives that person tokens again."""
    invited = writing("invite", "Sally", "sally@example.org", "--json").json
    assert writing("show", "user:sally", "--json").json["id"] == invited["principal"]
    redeemed = writing("redeem", invited["code"], "--json").json
    assert invited["principal"] == _owner(writing, redeemed["readWrite"])


def test_another_code_says_what_it_ends(writing: Terminal) -> None:
    """A second code ends the first, and redeemed it ends the tokens: both are told before anybody is surprised."""
    ends_code, ends_tokens = (
        "It replaces the earlier code of nora@",
        "they stop working when this code is redeemed",
    )
    first = writing("invite", "Nora", "nora@example.org")
    second = writing("invite", "Nora", "nora@example.org")
    assert [(False, False), (True, False)] == [
        (ends_code in one.err, ends_tokens in one.err) for one in (first, second)
    ]
    assert 4 == writing("redeem", first.out.strip()).code
    token = writing("redeem", second.out.strip()).out.strip()
    third = writing("invite", "Nora", "nora@example.org", "--json").json
    assert (False, True) == (third["replacesCode"], third["replacesTokens"])
    assert _owner(writing, token)
    writing("redeem", third["code"])
    with pytest.raises(AssertionError, match="no token has this value"):
        _owner(writing, token)


def test_where_a_code_is_redeemed(writing: Terminal) -> None:
    """The address is made of BASE_URL, and the sentence says so: a service on another port is reached there only."""
    printed = writing("invite", "Nora", "nora@example.org")
    assert f"POST {service.BASE_URL}/invitations/redeem" in printed.err
    assert "(at BASE_URL)" in printed.err


def test_reason_and_ticket_are_recorded(writing: Terminal) -> None:
    """Why, and under which ticket, stand in the trail for every command that writes."""
    writing("invite", "Nora", "nora@example.org", "--reason", "She joins", "--ticket", "OPS-7")
    events = writing("audit", "--kind", "user.created", "--limit", "1", "--json").json["events"]
    assert [("She joins", "OPS-7")] == [(one["reason"], one["ticket"]) for one in events]


def test_break_glass_makes_an_administrator_with_a_token_that_works(writing: Terminal) -> None:
    """The way back in goes through the same door, and the record says who at the console opened it."""
    printed = writing("break-glass", "user:sally", "--yes", "--reason", "Nobody is left", "--json")
    sally = _owner(writing, printed.json["readWrite"])
    shown = writing("show", "user:sally", "--json").json
    assert sally == shown["id"]
    assert "Administrator" in [role["name"] for role in shown["roles"]]
    event = writing("audit", "--kind", "break_glass.used", "--json").json["events"][-1]
    assert "console" == event["actor"]["kind"]
    assert event["actor"]["name"].endswith(" at the console")
    assert "Nobody is left" == event["reason"]


def test_break_glass_makes_a_person_where_nobody_is_left(writing: Terminal) -> None:
    """With --email somebody new becomes an Administrator."""
    named = ("--email", "nora@example.org", "--name", "Nora")
    printed = writing("break-glass", *named, "--yes", "--json")
    assert _owner(writing, printed.json["readWrite"])
    assert 0 == writing("can", "user:Nora", "role:manage", "role:*").code


def test_break_glass_asks_first(writing: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a yes nothing is done and nothing recorded."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert 130 == writing("break-glass", "user:sally").code
    assert [] == writing("audit", "--kind", "break_glass.used", "--json").json["events"]


@pytest.mark.parametrize("arguments", [(), ("user:sally", "--email", "nora@example.org")])
def test_break_glass_names_exactly_one(writing: Terminal, arguments: tuple[str, ...]) -> None:
    """Nobody, or two people, is a usage error."""
    assert 2 == writing("break-glass", "--yes", *arguments).code


def test_a_token_goes_to_a_private_file(writing: Terminal, tmp_path: Path) -> None:
    """With --token-file the value is in a new file of mode 0600, and nowhere on the terminal."""
    path = tmp_path / "token"
    printed = writing("break-glass", "user:sally", "--yes", "--token-file", str(path))
    assert (0, "") == (printed.code, printed.out)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    token = path.read_text().strip()
    assert token not in printed.err
    assert _owner(writing, token)


def test_a_token_file_that_is_there_is_not_touched(writing: Terminal, tmp_path: Path) -> None:
    """The file is made before the token is: an old one is refused, and no token is lost."""
    path = tmp_path / "token"
    path.write_text("old")
    assert 2 == writing("break-glass", "user:sally", "--yes", "--token-file", str(path)).code
    assert "old" == path.read_text()
    assert [] == writing("audit", "--kind", "break_glass.used", "--json").json["events"]


def test_a_failure_leaves_no_token_file(writing: Terminal, tmp_path: Path) -> None:
    """Where nobody was let in, no empty file says otherwise."""
    path = tmp_path / "token"
    assert 3 == writing("break-glass", "user:nobody", "--yes", "--token-file", str(path)).code
    assert not path.exists()


def _owner(terminal: Terminal, token: str) -> str:
    """Whose token it is, by the account itself."""
    return postgres.run(_look(from_environment(terminal.environ).settings, token))


async def _look(settings: Settings, token: str) -> str:
    async with application.opened(settings) as app:
        found = app.replica.now().token_with_digest(app.keys.token_digest(token))
        assert found is not None, "no token has this value"
        return found.principal
