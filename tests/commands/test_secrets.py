"""Secrets: section 3.7 of the vendor's rules, seed 003, and points 4, 13 and 14 of section 7."""

import json
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from service import errors
from service.commands import placeholders, secrets
from service.commands.order import Caller
from service.commands.secrets import CreateSecret, DeleteSecret, EditSecret
from service.commands.teams import DeleteTeam
from service.events.applications import Change
from service.events.attempts import AttemptDenied
from service.events.secrets import SecretCreated, SecretDeleted, SecretEdited, SecretMoved, SecretRotated
from service.log import recorded
from service.vocabulary import PrincipalId, Secret, SecretId, TeamId
from tests import given
from tests.given import Account

PLANTED = "hunter2-0b1f"


def member(account: Account, scope: str = "secret:manage:team") -> tuple[PrincipalId, TeamId, TeamId]:
    """Somebody with one scope, their team, and another one."""
    mine, other = account.team("Mine"), account.team("Other")
    return account.person("Sally", roles=[account.role("Under test", scope)], teams=[mine]), mine, other


def conflicting(account: Account, name: str = "key") -> SecretId:
    """A secret of no team whose name another one has there, as its team's deletion leaves it."""
    team = account.team("Deleted")
    account.secret(name)
    secret = account.secret(name, team)
    account.do(DeleteTeam(team=team))
    return secret


def test_a_secret_is_made_edited_rotated_and_deleted(account: Account) -> None:
    """Section 3.7: each step is the fact that it is, and no fact holds the value."""
    team = account.team("A")
    create = CreateSecret(
        secret=SecretId(account.fresh.id()),
        name="token",
        description="For Jenkins",
        team=team,
        value=given.new_value(account.fresh, PLANTED),
    )
    assert [
        SecretCreated(
            secret=create.secret,
            name="token",
            description="For Jenkins",
            team=team,
            value=create.value.ref,
        )
    ] == account.do(create)
    edit = EditSecret(secret=create.secret, name="key", description="")
    assert [
        SecretEdited(
            secret=create.secret,
            changes=(
                Change(field="name", before="token", after="key"),
                Change(field="description", before="For Jenkins", after=""),
            ),
        )
    ] == account.do(edit)
    assert [] == account.do(edit)
    second = given.new_value(account.fresh, f"{PLANTED} again")
    assert [
        SecretRotated(secret=create.secret, value=second.ref, value_before=create.value.ref)
    ] == account.do(EditSecret(secret=create.secret, value=second))
    assert [
        SecretDeleted(secret=create.secret, name="key", team=team, value_before=second.ref)
    ] == account.do(DeleteSecret(secret=create.secret))
    assert PLANTED.encode() not in b"".join(map(recorded.encode, account.log))


def test_a_value_is_always_the_next_one(account: Account) -> None:
    """Nobody can compare it with what is sealed, so the same value given twice is a rotation too."""
    secret = account.secret("key")
    for _ in range(2):
        value = given.new_value(account.fresh, "the same")
        before = account.now.secret(secret).value
        assert [SecretRotated(secret=secret, value=value.ref, value_before=before)] == account.do(
            EditSecret(secret=secret, value=value)
        )


@pytest.mark.parametrize(
    "name",
    ["", " ", "two words", "a{b", "a}b", "$a", 'a"b', "a\\b", "a\tb", "a\u00a0b", "x" * 256, "..", "\ud800"],
)
def test_a_name_that_no_template_could_hold_is_refused(account: Account, name: str) -> None:
    """Section 3.7: `${user.<name>}` must end where the name does, in an address, a header and JSON alike."""
    secret = account.secret("key")
    for command in (given.secret(account.fresh, name), EditSecret(secret=secret, name=name)):
        with pytest.raises(errors.Invalid) as caught:
            account.do(command)
        assert "/name" == caught.value.pointer


@pytest.mark.parametrize(
    "name", ["JenkinsToken", "CI_TOKEN", "github-token", "a.b", "ключ", "a/b:c", "x" * 255]
)
def test_every_other_word_is_a_name(account: Account, name: str) -> None:
    """The vendor's provider takes letters and digits, other clients more: nothing is refused without need."""
    secret = account.secret(name)
    assert name == account.now.secret(secret).name


@each(st.text(max_size=12) | st.text(alphabet='aé_-.:/${}"\\ %&', max_size=8))
def test_every_name_can_be_referred_to(text: str) -> None:
    """Whatever is taken as a name is found where a template draws on it: within an address, a header or JSON."""
    try:
        name = secrets.name_of(text)
    except errors.Invalid:
        return
    wanted = (placeholders.Placeholder(placeholders.USER, name),)
    template = f"a ${{user.{name}}} b"
    assert wanted == placeholders.names(template)
    assert wanted == placeholders.names(json.dumps({"token": template}, ensure_ascii=False))


@pytest.mark.parametrize("value", ["", "\ud800", "a\0b", "x" * (secrets.VALUE_BYTES_MAX + 1), "é" * 32_769])
def test_a_value_that_cannot_be_sent_is_refused(account: Account, value: str) -> None:
    """Empty, longer than the bound in bytes, no characters or NUL; when a secret is made and when it is rotated."""
    secret = account.secret("key")
    for command in (
        given.secret(account.fresh, "other", value=value),
        EditSecret(secret=secret, value=given.new_value(account.fresh, value)),
    ):
        with pytest.raises(errors.Invalid) as caught:
            account.do(command)
        assert "/value" == caught.value.pointer
        assert value[:8] not in caught.value.sentence or not value


def test_a_value_is_kept_to_the_byte(account: Account) -> None:
    """Neither trimmed nor normalised: a key's last line feed belongs to it, and so does how an accent is made."""
    value = " -----BEGIN KEY-----\r\nZu\u0308rich\n\n"
    command = given.secret(account.fresh, "key", value=value)
    assert value.encode() == command.value.value.octets()
    account.do(command)
    longest = given.secret(account.fresh, "longest", value="x" * secrets.VALUE_BYTES_MAX)
    assert 1 == len(account.do(longest))


def test_a_description_is_kept_as_it_came(account: Account) -> None:
    """Terraform compares it with what it sent: a heredoc's last line feed must come back."""
    described = "For Jenkins,\n\tand for CI.\n"
    secret = account.secret("key")
    account.do(EditSecret(secret=secret, description=described))
    assert described == account.now.secret(secret).description
    for refused in ("x" * 1_001, "a\0b", "a\u202eb", "\ud800"):
        with pytest.raises(errors.Invalid) as caught:
            account.do(EditSecret(secret=secret, description=refused))
        assert "/description" == caught.value.pointer


def test_a_name_is_taken_once_within_a_team_and_once_among_those_of_none(account: Account) -> None:
    """Section 3.7: (name, team) is unique, on creation, on a rename and on a move, and free again after a deletion."""
    a, b = account.team("A"), account.team("B")
    first, second, alone = account.secret("key", a), account.secret("key", b), account.secret("key")
    other = account.secret("other", a)
    for command in (
        given.secret(account.fresh, "key", a),
        given.secret(account.fresh, "key"),
        EditSecret(secret=other, name="key"),
        EditSecret(secret=second, team=a),
        EditSecret(secret=second, team=None),
        EditSecret(secret=alone, team=b),
        EditSecret(secret=other, name="key", team=b),
    ):
        with pytest.raises(errors.Refused) as caught:
            account.do(command)
        assert ("name_taken", "/name") == (caught.value.reason, caught.value.pointer)
    account.do(DeleteSecret(secret=first))
    account.secret("KEY", a)
    assert 1 == len(account.do(EditSecret(secret=second, team=a)))
    assert 2 == len(account.do(EditSecret(secret=second, team=b, name="moved and renamed".replace(" ", "-"))))


def test_a_move_names_both_teams(account: Account) -> None:
    """Point 4: to another team, to none and back; to where it is already is no move."""
    a, b = account.team("A"), account.team("B")
    secret = account.secret("key", a)
    way: tuple[tuple[TeamId | None, TeamId | None], ...] = ((a, b), (b, None), (None, a))
    for before, after in way:
        assert [SecretMoved(secret=secret, name="key", team_before=before, team=after)] == account.do(
            EditSecret(secret=secret, team=after)
        )
        assert [] == account.do(EditSecret(secret=secret, team=after))
    assert [secret] == [one.id for one in account.now.team_secrets(a)]
    assert [] == account.now.team_secrets(b)


def test_a_team_that_is_not_there_is_refused(account: Account) -> None:
    """Whoever may have any team is told at /teamUuid; whoever may only have theirs is denied what is not theirs."""
    sally, mine, _ = member(account)
    nowhere = TeamId("00000000-0000-4000-8000-000000000000")
    secret = account.secret("key", mine)
    orders = (given.secret(account.fresh, "other", nowhere), EditSecret(secret=secret, team=nowhere))
    for order in orders:
        with pytest.raises(errors.Invalid) as caught:
            account.do(order)
        assert "/teamUuid" == caught.value.pointer
        with pytest.raises(errors.Forbidden):
            account.do(order, sally)


def test_who_manages_their_teams_secrets_must_name_a_team(account: Account) -> None:
    """Point 14: without a team 400 at the field, with another's 403, as without any grant; theirs is made."""
    sally, mine, other = member(account)
    with pytest.raises(errors.Invalid) as invalid:
        account.do(given.secret(account.fresh, "key"), sally)
    assert "/teamUuid" == invalid.value.pointer
    with pytest.raises(errors.Forbidden) as forbidden:
        account.do(given.secret(account.fresh, "key", other), sally)
    assert ("secret:manage", "the team that was named") == (
        forbidden.value.missing,
        forbidden.value.judged_by,
    )
    nobody = account.person("Nobody", roles=[], teams=[mine])
    for team in (None, mine):
        with pytest.raises(errors.Forbidden):
            account.do(given.secret(account.fresh, "key", team), nobody)
    assert 1 == len(account.do(given.secret(account.fresh, "key", mine), sally))
    assert 1 == len(account.do(given.secret(account.fresh, "key")))  # Kevin, who manages all


def test_reading_is_no_managing(account: Account) -> None:
    """Section 1.1, row 26: names and descriptions only; nothing is made, changed or deleted by it."""
    sally, mine, _ = member(account, "secret:read:team")
    secret = account.secret("key", mine)
    for order in (
        given.secret(account.fresh, "other", mine),
        given.secret(account.fresh, "other"),
        EditSecret(secret=secret, description="x"),
        DeleteSecret(secret=secret),
    ):
        with pytest.raises(errors.Forbidden):
            account.do(order, sally)


def test_a_move_takes_the_right_on_both_sides(account: Account) -> None:
    """Section 3.7 and point 4: neither into a team that is not one's own, nor out of it, nor out of every team."""
    sally, mine, other = member(account)
    own, theirs, nobodys = (
        account.secret("key", mine),
        account.secret("theirs", other),
        account.secret("free"),
    )
    for order in (
        EditSecret(secret=own, team=other),
        EditSecret(secret=own, team=None),
        EditSecret(secret=theirs, team=mine),
        EditSecret(secret=nobodys, team=mine),
        EditSecret(secret=theirs, description="x"),
        EditSecret(secret=nobodys, description="x"),
        DeleteSecret(secret=theirs),
        DeleteSecret(secret=nobodys),
    ):
        with pytest.raises(errors.Forbidden):
            account.do(order, sally)
    third = account.team("Third", members=[sally])
    assert 1 == len(account.do(EditSecret(secret=own, team=third), sally))


def test_a_denied_move_says_which_side_decides(account: Account) -> None:
    """The sentence and the record name the permission, and neither a name nor a value."""
    sally, mine, other = member(account)
    secret = account.secret("key", mine)
    value = given.new_value(account.fresh, PLANTED)
    with pytest.raises(errors.Forbidden) as caught:
        account.do(EditSecret(secret=secret, team=other, value=value), sally)
    assert "the team that it is moved to" == caught.value.judged_by
    denied = account.log[-1].data
    assert isinstance(denied, AttemptDenied)
    assert ("edit_secret", {"secret": secret, "team": other}) == (denied.command, dict(denied.arguments))
    assert PLANTED.encode() not in b"".join(map(recorded.encode, account.log))


def test_a_conflicting_secret_is_renamed_or_moved_out_of_its_conflict(account: Account) -> None:
    """Point 13: another name ends it, and so does a team in which its name is free; a name that is taken does not."""
    secret = conflicting(account)
    assert account.now.secret(secret).conflicting
    account.secret("taken")
    with pytest.raises(errors.Refused):
        account.do(EditSecret(secret=secret, name="taken"))
    assert account.now.secret(secret).conflicting
    account.do(EditSecret(secret=secret, name="key-of-the-team"))
    assert not account.now.secret(secret).conflicting
    assert secret == _named(account, None, "key-of-the-team")


def test_a_conflicting_secret_is_moved_only_where_its_name_is_free(account: Account) -> None:
    """Point 13: a move ends the conflict, and begins no other one."""
    secret, free, full = conflicting(account), account.team("Free"), account.team("Full")
    account.secret("key", full)
    with pytest.raises(errors.Refused):
        account.do(EditSecret(secret=secret, team=full))
    account.do(EditSecret(secret=secret, team=free))
    held = account.now.secret(secret)
    assert (False, free, None) == (held.conflicting, held.team, held.left)
    assert secret == _named(account, free, "key")


def test_a_conflict_ends_by_its_own_name_once_that_is_free(account: Account) -> None:
    """Point 13: saved again under its name after the other one went; not before, and a new value alone is none."""
    secret = conflicting(account)
    other = _named(account, None, "key")
    assert other is not None
    assert [] == account.do(EditSecret(secret=secret, name="key"))
    account.do(DeleteSecret(secret=other))
    account.do(EditSecret(secret=secret, value=given.new_value(account.fresh, "x")))
    assert account.now.secret(secret).conflicting
    change = Change(field="conflicting", before="true", after="false")
    edit = EditSecret(secret=secret, name="key")
    assert [SecretEdited(secret=secret, changes=(change,))] == account.do(edit)
    assert [] == account.do(edit)
    assert secret == _named(account, None, "key")


@pytest.mark.parametrize(
    "order",
    [
        lambda _, secret: EditSecret(secret=secret, name="x"),
        lambda account, secret: EditSecret(secret=secret, value=given.new_value(account.fresh, "x")),
        lambda _, secret: DeleteSecret(secret=secret),
    ],
)
def test_a_deleted_secret_is_gone(
    account: Account, order: Callable[[Account, SecretId], EditSecret | DeleteSecret]
) -> None:
    """It takes no more orders, and its name is free."""
    secret = account.secret("key")
    account.do(DeleteSecret(secret=secret))
    with pytest.raises(errors.NotFound):
        account.do(order(account, secret))
    account.secret("key")


def test_a_read_only_token_orders_nothing(account: Account) -> None:
    """Section 3.8: not even for an Administrator."""
    caller = Caller(principal=account.kevin, read_only=True)
    with pytest.raises(errors.Forbidden):
        account.do(given.secret(account.fresh, "key"), caller)


def test_the_value_of_a_command_is_never_shown() -> None:
    """A command that finds its way into a log line or a trace says nothing of it."""
    command = given.secret(Account().fresh, "key", value=PLANTED)
    assert PLANTED not in repr(command)
    with pytest.raises(TypeError):
        msgspec.json.encode(command)
    assert PLANTED not in repr(Secret(PLANTED))


def _named(account: Account, team: TeamId | None, name: str) -> SecretId | None:
    found = account.now.secret_named(team, name)
    return found.id if found is not None else None
