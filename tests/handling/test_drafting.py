"""Drafting one batch: what an order leaves, what a refusal and a defect leave, how denials are counted."""

import itertools
from datetime import timedelta

import msgspec
import pytest

from projections import digest
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM, USER
from service.commands.account import BreakGlass, ReadTrail
from service.commands.applications import EditApplication
from service.commands.order import Caller
from service.commands.roles import CreateRole, EditRole
from service.commands.teams import DeleteTeam, EditTeam
from service.commands.users import RedeemInvitation
from service.denials import DISTINCT_MAX, REMEMBERED_MAX, Changes, Denial, Denials
from service.events.attempts import VARIOUS, AttemptDenied
from service.events.roles import RoleCreated
from service.log import recorded
from service.orders import Condition, Origin, Outcome
from service.vocabulary import EventId, RoleId, TeamId, Thing
from tests import given
from tests.given import Account

REFUSED = errors.MunimentError


@pytest.fixture
def account() -> Account:
    return Account()


def denials(account: Account) -> list[AttemptDenied]:
    return [record.data for record in account.log if isinstance(record.data, AttemptDenied)]


def test_one_order_leaves_its_facts_in_order_under_one_correlation(account: Account) -> None:
    """What an order made stands together: the first record begins it, the others name the first."""
    outcome = account.handle(given.system_account(account.fresh, "robot"))
    kinds = [recorded.kind_of(record.data) for record in outcome.records]
    assert kinds == [
        "system_account.created",
        "principal.roles_changed",
        "team.members_changed",
        "token.issued",
        "token.issued",
    ]
    first, *others = outcome.records
    assert first.correlation is None
    assert {first.id} == {record.correlation for record in others}
    assert outcome.position == outcome.records[-1].position == account.replica.position


def test_an_order_is_decided_at_the_instant_of_its_first_record(account: Account) -> None:
    """Asking about the very instant of a record repeats the decision, so the two may not drift apart."""
    command = given.invite(account.fresh, "Sally")
    records = account.handle(command).records
    invitation = account.now.invitation_or_none(command.new.id)
    assert invitation is not None
    assert invitation.expires_at == records[0].recorded_at + timedelta(days=7)
    steps = {after.recorded_at - before.recorded_at for before, after in itertools.pairwise(records)}
    assert {timedelta(microseconds=1)} == steps


def test_recorded_at_rises_also_while_the_clock_goes_back(account: Account) -> None:
    """The record's times are strictly increasing whatever the machine's clock does."""
    for seconds in (0, -3600, 1, -86_400, 0):
        account.clock.advance(seconds)
        account.role(f"after {seconds} {account.replica.position}")
    times = [record.recorded_at for record in account.log]
    assert sorted(set(times)) == times


def test_a_refusal_leaves_nothing(account: Account) -> None:
    """No record, no key, no index: as if it had never been asked."""
    role = account.role("Rotator", "secret:manage:team")
    before, keys, length = (
        digest.digest(account.replica.directory),
        len(account.replica.person_keys),
        len(account.log),
    )
    refused = [
        account.order(CreateRole(role=RoleId(account.fresh.id()), name="Rotator"), reason="why not"),
        account.order(EditRole(role=RoleId(account.fresh.id()), name="Nobody's"), reason="x"),
        account.order(EditRole(role=role, scopes=("no:such:scope",))),
        account.order(given.role(account.fresh, "\ud800")),
        account.order(EditTeam(team=TeamId(DEFAULT_TEAM), administrators=("nobody",))),
    ]
    answers = account.batch(refused)
    assert ["refused", "not_found", "invalid", "invalid", "invalid"] == [
        answer.code for answer in answers if isinstance(answer, REFUSED)
    ]
    assert (before, keys, length) == (
        digest.digest(account.replica.directory),
        len(account.replica.person_keys),
        len(account.log),
    )


def test_an_order_that_changes_nothing_leaves_nothing(account: Account) -> None:
    """Repeating an edit is harmless: no second record, and the answer is where the log stands."""
    role = account.role("Rotator", "secret:manage:team")
    outcome = account.handle(
        EditRole(role=role, name="Rotator", scopes=("secret:manage:team",)), reason="again"
    )
    assert ((), account.replica.position) == (outcome.records, outcome.position)


def test_the_next_order_of_a_batch_sees_the_one_before(account: Account) -> None:
    """A batch is as good as its orders one by one: the second of two equal names is refused."""
    first, second = (account.order(given.role(account.fresh, "Rotator")) for _ in range(2))
    done, refused = account.batch([first, second])
    assert isinstance(done, Outcome)
    assert isinstance(refused, errors.Refused)
    assert "name_taken" == refused.reason


def test_a_defect_in_one_order_does_not_reach_the_others(account: Account) -> None:
    """One order that makes the code raise is undone and answered alone; its neighbours are done."""
    odd = CreateRole(role=RoleId(account.fresh.id()), name="Odd", scopes=(["unhashable"],))  # type: ignore[arg-type]  # the oddity
    answers = account.batch(
        [
            account.order(given.role(account.fresh, "First")),
            account.order(odd),
            account.order(given.role(account.fresh, "Lone"), ticket="\ud800"),
            account.order(given.role(account.fresh, "Huge"), origin=Origin(request="x" * 70_000)),
            account.order(given.role(account.fresh, "Last")),
        ]
    )
    assert ["Outcome", "Broken", "Broken", "Invalid", "Outcome"] == [
        type(answer).__name__ for answer in answers
    ]
    made = [record.data.name for record in account.log if isinstance(record.data, RoleCreated)]
    assert ["First", "Last"] == made[-2:]
    assert account.now.role_named("Odd") is None


def test_a_denial_that_cannot_be_recorded_does_not_reach_the_others(account: Account) -> None:
    """The record of an attempt may fail too: that is a defect of its own, and the batch goes on."""
    sally = account.person("Sally")
    reading = ReadTrail(filters={"kind": "x"}, until=1)
    answers = account.batch(
        [
            account.order(reading, sally, ticket="\ud800"),
            account.order(given.role(account.fresh, "Last")),
        ]
    )
    assert ["Broken", "Outcome"] == [type(answer).__name__ for answer in answers]


def test_the_arguments_of_an_attempt_always_fit(account: Account) -> None:
    """However much somebody asks for without permission, the attempt is recorded."""
    sally = account.person("Sally")
    with pytest.raises(errors.Forbidden):
        account.do(ReadTrail(filters={f"f{n}": "x" * 9_000 for n in range(90)}, until=1), sally)
    assert 50 == len(denials(account)[-1].arguments)


def test_a_denied_attempt_names_command_arguments_and_what_is_missing(account: Account) -> None:
    """The attempt is a fact of its own: who, which command on which ids, which permission on which thing."""
    sally = account.person("Sally", teams=())
    baz = account.application("Baz")
    with pytest.raises(errors.Forbidden) as caught:
        account.do(EditApplication(application=baz, main_branch="main"), sally)
    attempt = account.log[-1]
    assert isinstance(attempt.data, AttemptDenied)
    expected = AttemptDenied(
        command="edit_application",
        arguments={"application": baz},
        missing="contract_data:manage on Baz",
        on=Thing("application", baz, "Baz"),
    )
    assert expected == attempt.data
    assert (sally, ()) == (attempt.actor.principal, attempt.authority)
    assert (Thing("application", baz, "Baz"),) == attempt.touches
    assert "contract_data:manage on Baz" == caught.value.missing


def test_repeats_of_a_denial_are_counted_and_recorded_once(account: Account) -> None:
    """The first is recorded at once; what repeats it within 60 s becomes one record that says how often."""
    sally = account.person("Sally")
    wanted = account.order(given.role(account.fresh, "Mine"), sally)
    for _ in range(3):
        account.batch([wanted])
        account.clock.advance(10)
    assert [1] == [denial.count for denial in denials(account)]
    account.clock.advance(31)
    account.batch([])
    first = account.log[-2]
    assert [1, 2] == [denial.count for denial in denials(account)]
    counted = account.log[-1]
    assert isinstance(counted.data, AttemptDenied)
    assert (first.id, first.id, sally) == (counted.data.first, counted.causation, counted.actor.principal)
    assert not account.drafter.denials


def test_a_denial_after_the_minute_is_a_first_one_again_and_counts_no_repeat_twice(account: Account) -> None:
    """The next attempt closes the minute before it: one counted record, one new record, no more."""
    sally = account.person("Sally")
    wanted = account.order(given.role(account.fresh, "Mine"), sally)
    account.batch([wanted, wanted, wanted])
    account.clock.advance(61)
    account.batch([wanted])
    assert [1, 2, 1] == [denial.count for denial in denials(account)]
    account.clock.advance(61)
    account.batch([])
    assert [1, 2, 1] == [denial.count for denial in denials(account)]


def test_repeats_within_one_batch_are_counted(account: Account) -> None:
    """Sixty-four equal attempts at once are one record and a count, not sixty-four records."""
    sally = account.person("Sally")
    account.batch([account.order(given.role(account.fresh, "Mine"), sally)] * 64)
    assert [1] == [denial.count for denial in denials(account)]
    assert [63] == [denial.repeats for denial in account.drafter.denials.values()]


def test_a_batch_that_was_not_committed_counts_nothing(account: Account) -> None:
    """A draft that lost the race is drafted again: its denials and repeats must not be counted twice."""
    sally = account.person("Sally")
    wanted = account.order(given.role(account.fresh, "Mine"), sally)
    for _ in range(3):
        draft = account.drafter.draft()
        draft.take(wanted)
        draft.take(wanted)
        draft.undo()
    assert not account.drafter.denials
    account.batch([wanted, wanted])
    assert [1] == [denial.repeats for denial in account.drafter.denials.values()]


def test_other_attempts_are_first_ones_of_their_own(account: Account) -> None:
    """Another person, another permission or another thing is another denial."""
    sally, billy = account.person("Sally"), account.person("Billy")
    foo, bar = account.application("Foo"), account.application("Bar")
    account.team("Other")
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    orders = [
        account.order(EditApplication(application=application, main_branch="m"), person)
        for application in (foo, bar)
        for person in (sally, billy)
    ]
    account.batch([*orders, account.order(given.role(account.fresh, "Mine"), sally)])
    assert [1] * 5 == [denial.count for denial in denials(account)]


def test_a_bot_that_tries_ever_other_things_leaves_a_few_records_a_minute(account: Account) -> None:
    """What somebody can make the log and the memory grow by does not depend on how much they try."""
    bot, sally = account.person("Bot"), account.person("Sally")
    roles = [account.role(f"Role {n}") for n in range(300)]
    length = len(account.log)
    for minute in range(3):
        for at in range(0, 300, 50):
            wanted = [account.order(EditRole(role=role, name="Mine"), bot) for role in roles[at : at + 50]]
            answers = account.batch(wanted)
            assert {errors.Forbidden} == {type(answer) for answer in answers}
        assert (DISTINCT_MAX + 2) * minute + DISTINCT_MAX + 1 == len(account.log) - length
        assert DISTINCT_MAX + 1 == len(account.drafter.denials)
        account.clock.advance(61)
        account.batch([])
        joined = denials(account)[-1]
        assert (VARIOUS, 300 - DISTINCT_MAX - 1) == (joined.command, joined.count)
        assert joined.first in {record.id for record in account.log}
    assert not account.drafter.denials
    account.batch([account.order(EditRole(role=roles[0], name="Mine"), sally)])
    assert "edit_role" == denials(account)[-1].command


def test_denials_of_many_principals_are_bounded_too(account: Account) -> None:
    """However many accounts a robot farm has, nobody is remembered for more than one thing beyond the bound."""
    remembered = Denials()
    changes = Changes(remembered)
    template = account.order(given.role(account.fresh, "Mine"))
    event = AttemptDenied(command="x", arguments={}, missing="m")
    for n in range(REMEMBERED_MAX + 500):
        principal = f"principal {n % (REMEMBERED_MAX // 10)}"
        key = changes.key_of(principal, "m", f"thing {n}")
        changes.put(key, Denial(EventId(str(n)), account.clock(), template, event))
    remembered.taken_in(changes)
    assert REMEMBERED_MAX <= len(remembered) <= REMEMBERED_MAX + REMEMBERED_MAX // 10
    assert len(remembered) == sum(remembered.distinct(f"principal {n}") for n in range(REMEMBERED_MAX // 10))


def test_a_read_only_token_writes_nothing_but_its_attempt(account: Account) -> None:
    """Whatever its principal may do, a read-only token changes nothing; reading the trail is no write."""
    reader = Caller(principal=account.kevin, read_only=True)
    with pytest.raises(errors.Forbidden) as caught:
        account.do(given.role(account.fresh, "Mine"), reader)
    assert caught.value.read_only_token
    assert [True] == [denial.read_only_token for denial in denials(account)]
    assert ["trail.read"] == [
        recorded.kind_of(event) for event in account.do(ReadTrail(filters={}, until=1), reader)
    ]


def test_an_account_is_opened_once(account: Account) -> None:
    """A log that is not empty is never opened again, and by nobody but the service itself."""
    for caller, reason in ((Caller(system="again"), "account_open"), (Caller(principal=account.kevin), None)):
        with pytest.raises((errors.Refused, errors.Forbidden)) as caught:
            account.do(account.opening(), caller)
        assert reason == getattr(caught.value, "reason", None)


def test_the_bearer_of_a_code_may_only_redeem_it(account: Account) -> None:
    """A code is authority for one command; whoever hands in another with it is nobody."""
    for command in (
        given.role(account.fresh, "Mine"),
        account.opening(),
        BreakGlass(principal=account.kevin, tokens=account.fresh.tokens()),
    ):
        with pytest.raises(errors.Unauthenticated):
            account.do(command, Caller(code=True))
    with pytest.raises(errors.Unauthenticated):
        account.do(RedeemInvitation(digest="00", tokens=account.fresh.tokens()), Caller(code=True))


def test_nobody_is_refused_before_anything_is_looked_up(account: Account) -> None:
    """An order without any caller is no order, and no attempt of anybody's."""
    length = len(account.log)
    with pytest.raises(errors.Unauthenticated):
        account.do(given.role(account.fresh, "Mine"), Caller())
    assert length == len(account.log)


def test_what_only_the_console_may_do_is_denied_to_everybody_else(account: Account) -> None:
    """The first Administrator cannot break the glass over the network; that attempt is on record."""
    with pytest.raises(errors.Forbidden):
        account.do(BreakGlass(principal=account.kevin, tokens=account.fresh.tokens()))
    assert ["break_glass"] == [denial.command for denial in denials(account)]


def test_a_precondition_on_an_older_version_is_stale(account: Account) -> None:
    """If-Match decides on the noun's version, which is the position that last changed it."""
    role = account.role("Rotator")
    condition = Condition(noun="role", thing=role, versions=(account.now.version("role", role),))
    account.do(EditRole(role=role, name="Secret Rotator"), condition=condition)
    length = len(account.log)
    with pytest.raises(errors.Stale) as caught:
        account.do(EditRole(role=role, name="Other"), condition=condition)
    assert (*condition.versions, length) == (caught.value.decided_on, caught.value.current)
    assert (length, "Secret Rotator") == (len(account.log), account.now.role(role).name)


def test_every_record_carries_why_it_was_allowed(account: Account) -> None:
    """The permission that was needed, on what, and the grant that gave it stand in the record itself."""
    sally = account.person("Sally")
    foo = account.application("Foo")
    record = account.handle(EditApplication(application=foo, main_branch="main"), sally).records[0]
    authority = record.authority[0]
    assert ("contract_data:manage", "role", "contract_data:manage:team") == (
        authority.needed,
        authority.source,
        authority.scope,
    )
    assert (USER, DEFAULT_TEAM) == (authority.role, authority.team)
    assert Thing("application", foo, "Foo") == authority.on


def test_nothing_of_a_secret_or_a_person_stands_in_an_entry(account: Account) -> None:
    """Names, addresses, reasons and agents are sealed; token values and bodies are in the vault alone."""
    pair = account.fresh.tokens("mun_a-value-to-look-for")
    command = msgspec.structs.replace(given.system_account(account.fresh, "Looked-For"), tokens=pair)
    draft = account.drafter.draft()
    draft.take(
        account.order(
            command,
            reason="Looked-For reason",
            origin=Origin(address="192.0.2.77", user_agent="Looked-For agent"),
        )
    )
    draft.take(account.order(given.publish(account.fresh, "Foo", "Bar", body="Looked-For body")))
    draft.take(account.order(given.invite(account.fresh, "Looked-For")))
    text = b"".join(entry for _, entry in draft.written.entries)
    vault = b"".join(ciphertext for _, ciphertext in draft.written.vault_put)
    for secret in (b"Looked-For", b"looked-for", b"192.0.2.77", b"mun_a-value"):
        assert secret not in text
        assert secret not in vault
    draft.undo()


def test_opening_is_an_order_like_any_other(account: Account) -> None:
    """Record 1 names the account; catalogue, roles, Default team and first Administrator follow by the same door."""
    kinds = [recorded.kind_of(record.data) for record in account.log]
    assert ["log.opened", "catalogue.adopted"] == kinds[:2]
    assert {"log.opened", "catalogue.adopted", "role.created", "team.created", "user.created"} < set(kinds)
    assert {"first start"} == {record.actor.system for record in account.log}
