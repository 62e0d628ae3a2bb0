"""What a deleted team leaves of its secrets and webhooks: sections 3.2 and 3.7 of the vendor's rules, open point 13."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given as random_worlds
from hypothesis import settings
from hypothesis import strategies as st

from projections import things
from projections.secrets import Secret
from projections.view import View
from service import errors
from service.commands import bulk, teamless
from service.commands.teams import DeleteTeam
from service.events.applications import Change
from service.events.secrets import SecretDeleted, SecretEdited, SecretMoved
from service.events.teams import TeamDeleted, TeamMembersChanged
from service.events.webhooks import WebhookDeleted, WebhookMoved, WebhookTrusted
from service.queries import access
from service.vocabulary import SecretId, TeamId, WebhookId
from tests import facts
from tests.given import Account


@pytest.fixture
def account() -> Account:
    """Kevin administers it; the Default team is there and has him in it."""
    return Account()


def test_each_secret_and_webhook_becomes_of_no_team_before_the_deletion(account: Account) -> None:
    """Section 3.2: a fact for each, in its own trail and in the team's, and what other teams have stays theirs."""
    sally = account.person("Sally", teams=[])
    team, other = account.team("A", members=[sally]), account.team("B")
    token, url = facts.secret(account, "Token", team), facts.secret(account, "Url", team)
    build = facts.webhook(account, team)
    kept = facts.secret(account, "Token", other), facts.webhook(account, other)
    outcome = account.handle(DeleteTeam(team=team))
    assert [
        TeamMembersChanged(team=team, removed=(sally,)),
        SecretMoved(secret=token, name="Token", team_before=team, team=None, team_deleted=True),
        SecretMoved(secret=url, name="Url", team_before=team, team=None, team_deleted=True),
        WebhookMoved(webhook=build, team_before=team, team=None, team_deleted=True),
        TeamDeleted(team=team, name="A", default=False),
    ] == [record.data for record in outcome.records]
    for record, thing in zip(outcome.records[1:], (token, url, build, team), strict=True):
        assert {thing, team} == {one.id for one in record.touches}
        assert {"A"} == {one.name for one in record.touches if one.type == "team"}
    view = account.now
    assert [None, None, None] == [
        one.team for one in (view.secret(token), view.secret(url), view.webhook(build))
    ]
    assert (other, other) == (view.secret(kept[0]).team, view.webhook(kept[1]).team)
    assert (team, team) == (view.secret(token).left, view.webhook(build).left)


def test_a_webhook_that_was_made_again_under_its_id_counts_once(account: Account) -> None:
    """Section 4.6: a client may choose the id that a deleted one had. Of the team's two only the later one is there."""
    team = account.team("A")
    old = facts.webhook(account, team)
    view = account.now
    gone = view.webhook(old)
    facts.happened(
        account, WebhookDeleted(webhook=old, settings=gone.settings, request=gone.request, team=team)
    )
    new = facts.webhook(account, team, given=old)
    view = account.now
    assert (new, None) == (view.webhook(old).id, view.webhook_by_own_id(old))
    assert [new] == [one.id for one in view.team_webhooks(team)]
    assert [new] == [one.id for one in view.webhooks_without_name()]
    moved = [one.data for one in account.handle(DeleteTeam(team=team)).records]
    assert [new] == [one.webhook for one in moved if isinstance(one, WebhookMoved)]


def test_a_secret_whose_name_is_taken_is_kept_and_serves_nobody(account: Account) -> None:
    """Open point 13: the deletion succeeds, the one that was there goes on serving, and neither value is lost."""
    team, other = account.team("A"), account.team("B")
    wide = facts.secret(account, "Token", None)
    mine, theirs = facts.secret(account, "Token", team), facts.secret(account, "Url", team)
    second = facts.secret(account, "Url", other)
    values = {one.id: one.value for one in account.now.secrets()}
    moved = [one for one in account.do(DeleteTeam(team=team)) if isinstance(one, SecretMoved)]
    moved += [one for one in account.do(DeleteTeam(team=other)) if isinstance(one, SecretMoved)]
    assert {mine: True, theirs: False, second: True} == {one.secret: one.conflicting for one in moved}
    view = account.now
    assert values == {one.id: one.value for one in view.secrets()}
    assert [wide, theirs] == [_id(view.secret_named(None, name)) for name in ("Token", "Url")]
    for left in (None, team, other):
        assert mine != _id(view.secret_for(None, left, "Token"))
        assert second != _id(view.secret_for(None, left, "Url"))


def test_what_was_a_teams_is_managed_by_who_manages_all(account: Account) -> None:
    """Section 3.2: afterwards editable with secret:manage:* and webhook:manage:* alone; members of the team lose it."""
    team = account.team("A")
    scopes = ("secret:manage:team", "secret:read:team", "webhook:manage:team")
    sally = account.person("Sally", [account.role("Team's own", *scopes)], [team])
    billy = account.person("Billy", [account.role("All", "secret:manage:*", "webhook:manage:*")], [])
    secret, webhook = facts.secret(account, "Token", team), facts.webhook(account, team)

    def able(who: str) -> list[bool]:
        view = account.now
        held, hook = things.of_secret(view.secret(secret)), things.of_webhook(view.webhook(webhook))
        asked = (("secret:manage", held), ("secret:read", held), ("webhook:manage", hook))
        return [account.may(who, action, target) for action, target in asked]

    assert ([True] * 3, [True] * 3) == (able(sally), able(billy))
    account.do(DeleteTeam(team=team))
    assert ([False] * 3, [True] * 3) == (able(sally), able(billy))


def test_who_may_manage_what_was_a_teams_is_asked_of_before_and_after(account: Account) -> None:
    """History keeps whose it was: as of before its members could, and since then only who manages all of them."""
    team = account.team("A")
    sally = account.person(
        "Sally", [account.role("Team's own", "secret:manage:team", "webhook:manage:team")], [team]
    )
    billy = account.person("Billy", [account.role("All", "secret:manage:*", "webhook:manage:*")], [])
    secret, webhook = facts.secret(account, "Token", team), facts.webhook(account, team)
    before = account.log[-1].position
    account.do(DeleteTeam(team=team))

    def who(view: View) -> list[set[str]]:
        asked = (
            ("secret:manage", things.of_secret(view.secret(secret))),
            ("webhook:manage", things.of_webhook(view.webhook(webhook))),
        )
        return [{one.id for one, _ in access.who_may(view, action, target)} for action, target in asked]

    assert [{account.kevin, sally, billy}] * 2 == who(account.now.at(before))
    assert [{account.kevin, billy}] * 2 == who(account.now)


def test_a_dry_run_tells_what_a_teams_deletion_does_to_them(account: Account) -> None:
    """How many secrets and webhooks would be moved, and who would lose them; afterwards everything is as it was."""
    team = account.team("A")
    sally = account.person(
        "Sally", [account.role("Team's own", "secret:manage:team", "webhook:manage:team")], [team]
    )
    secret, other = facts.secret(account, "Token", team), facts.secret(account, "Url", team)
    facts.webhook(account, team)
    rehearsal = account.handle(DeleteTeam(team=team), dry_run=True).rehearsal
    assert rehearsal is not None
    kinds = dict(rehearsal.kinds)
    assert (2, 1, 1) == (kinds["secret.moved"], kinds["webhook.moved"], kinds["team.deleted"])
    [group] = [one for one in rehearsal.weighed.effect.groups if sally in one.principals]
    lost = {(power.permission, power.team) for power in group.losses}
    assert {(f"secret:manage:{team}", team), (f"webhook:manage:{team}", team)} <= lost
    assert () == group.gains
    left = rehearsal.left
    assert left is not None
    assert (2, 0, 1) == (left.number_of_secrets, left.number_in_conflict, left.number_of_webhooks)
    assert [secret, other] == [one.secret for one in left.secrets]
    assert account.handle(DeleteTeam(team=account.team("B")), dry_run=True).rehearsal.left is None  # type: ignore[union-attr]  # of a dry run
    assert team == account.now.secret(secret).team


def test_more_than_one_order_can_move_are_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence at once, and nothing is done; with fewer of them the team goes."""
    team = account.team("A")
    secret = facts.secret(account, "Token", team)
    facts.webhook(account, team)
    monkeypatch.setattr(teamless, "MOVED_MAX", 1)
    with pytest.raises(errors.Refused, match="2 secrets and webhooks") as caught:
        account.do(DeleteTeam(team=team))
    assert "too_many_moved" == caught.value.reason
    value = account.now.secret(secret).value
    facts.happened(account, SecretDeleted(secret=secret, name="Token", team=team, value_before=value))
    assert isinstance(account.do(DeleteTeam(team=team))[-1], TeamDeleted)


def test_a_team_of_many_secrets_is_deleted_apart(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """What writes hundreds of records is drafted beside the event loop, be they of members or of secrets."""
    team, small = account.team("A"), account.team("B")
    monkeypatch.setattr(bulk, "REMOVED_MIN", 6)
    for number in range(3):
        facts.secret(account, f"Token{number}", team)
        facts.webhook(account, team)
    assert bulk.is_bulk(DeleteTeam(team=team), lambda: account.now)
    assert not bulk.is_bulk(DeleteTeam(team=small), lambda: account.now)


NAMES = st.sampled_from(("Token", "Url"))
TEAMS = st.integers(min_value=0, max_value=2)
"""Two teams, or none; a team that is gone is made again, as another one."""
STEPS = st.one_of(
    st.tuples(st.just("secret"), TEAMS, NAMES),
    st.tuples(st.just("webhook"), TEAMS, NAMES),
    st.tuples(st.just("delete"), TEAMS),
    st.tuples(st.just("move"), st.integers(0, 9), TEAMS),
    st.tuples(st.just("rename"), st.integers(0, 9), NAMES),
    st.tuples(st.just("trust"), st.integers(0, 9)),
)


class Played:
    """An account, and beside it the same told naively: who is whose, what came from where, and which value is where."""

    def __init__(self) -> None:
        self.account = Account()
        self.teams: list[TeamId | None] = [None, None, None]
        self.secrets: dict[SecretId, tuple[TeamId | None, TeamId | None, str, bool]] = {}
        """Team, the deleted team that it is from, name, whether it is in conflict."""
        self.webhooks: dict[WebhookId, tuple[TeamId | None, TeamId | None]] = {}
        self.values: dict[SecretId, str] = {}

    def step(self, step: Sequence[Any]) -> None:
        word, *rest = step
        getattr(self, f"_{word}")(*rest)

    def _team(self, number: int) -> TeamId | None:
        if number and self.teams[number] is None:
            self.teams[number] = self.account.team(f"Team {len(self.account.log)}")
        return self.teams[number]

    def _free(self, team: TeamId | None, name: str) -> bool:
        return not any((t, n) == (team, name) and not c for t, _, n, c in self.secrets.values())

    def _secret(self, number: int, name: str) -> None:
        team = self._team(number)
        if self._free(team, name):
            secret = facts.secret(self.account, name, team)
            self.secrets[secret] = (team, None, name, False)
            self.values[secret] = self.account.now.secret(secret).value

    def _webhook(self, number: int, name: str) -> None:
        team = self._team(number)
        self.webhooks[facts.webhook(self.account, team, references=(name,))] = (team, None)

    def _move(self, index: int, number: int) -> None:
        if not self.secrets:
            return
        secret = list(self.secrets)[index % len(self.secrets)]
        team, (was, _, name, _) = self._team(number), self.secrets[secret]
        if team != was and self._free(team, name):
            moved = SecretMoved(secret=secret, name=name, team_before=was, team=team)
            facts.happened(self.account, moved)
            self.secrets[secret] = (team, None, name, False)

    def _rename(self, index: int, name: str) -> None:
        if not self.secrets:
            return
        secret = list(self.secrets)[index % len(self.secrets)]
        team, left, was, _ = self.secrets[secret]
        if name != was and self._free(team, name):
            change = Change(field="name", before=was, after=name)
            facts.happened(self.account, SecretEdited(secret=secret, changes=(change,)))
            self.secrets[secret] = (team, left, name, False)

    def _trust(self, index: int) -> None:
        left_behind = [one for one, (_, left) in self.webhooks.items() if left is not None]
        if left_behind:
            webhook = left_behind[index % len(left_behind)]
            left = self.webhooks[webhook][1]
            assert left is not None
            facts.happened(self.account, WebhookTrusted(webhook=webhook, left=left))
            self.webhooks[webhook] = (None, None)

    def _delete(self, number: int) -> None:
        team = self.teams[number]
        if team is None:
            return
        before = self.usable()
        self.account.do(DeleteTeam(team=team))
        self.teams[number] = None
        moved = {one for one, (held, *_) in self.secrets.items() if held == team}
        for one in moved:
            _, _, name, _ = self.secrets[one]
            self.secrets[one] = (None, team, name, not self._free(None, name))
        came_along = {one for one, (held, _) in self.webhooks.items() if held == team}
        self.webhooks |= dict.fromkeys(came_along, (None, team))
        gained = self.usable() - before
        # Only webhooks of no team that somebody may make who reaches all get more: what came along, and no more.
        assert all(secret in moved and self.webhooks[webhook] == (None, None) for webhook, secret in gained)
        kept = {pair for pair in before if not self.secrets[pair[1]][3]}
        assert kept <= self.usable()

    def usable(self) -> set[tuple[WebhookId, SecretId]]:
        """Which webhook would be given which secret's value by its name."""
        view = self.account.now
        found = set()
        for webhook in view.webhooks():
            for name in ("Token", "Url"):
                secret = view.secret_for(webhook.team, webhook.left, name)
                if secret is not None:
                    found.add((webhook.id, secret.id))
        return found

    def naively_usable(self) -> set[tuple[WebhookId, SecretId]]:
        """The same by the words of the rules: one team, or none of both; after a deletion what came from that team."""
        return {
            (webhook, secret)
            for webhook, (team, left) in self.webhooks.items()
            for secret, (held, from_, _, conflicting) in self.secrets.items()
            if team == held and not conflicting and left in (None, from_)
        }

    def check(self) -> None:
        view = self.account.now
        assert self.secrets == {
            one.id: (one.team, one.left, one.name, one.conflicting) for one in view.secrets()
        }
        assert self.webhooks == {one.id: (one.team, one.left) for one in view.webhooks()}
        assert self.values == {one.id: one.value for one in view.secrets()}
        assert self.naively_usable() == self.usable()
        names = [(team, name) for team, _, name, conflicting in self.secrets.values() if not conflicting]
        assert len(names) == len(set(names))


@random_worlds(st.lists(STEPS, max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_deletion_opens_a_secret_or_loses_a_value(steps: list[Any]) -> None:
    """Section 3.7: whatever teams, secrets, webhooks and deletions, a webhook left behind uses what it used before."""
    played = Played()
    for step in steps:
        played.step(step)
        played.check()


def _id(secret: Secret | None) -> str | None:
    return None if secret is None else secret.id
