"""Webhooks: section 3.7 of the vendor's rules, seed 003, and points 4, 12 and 14 of section 7."""

import json
from typing import Any

import msgspec
import pytest

from service import errors, sending
from service.commands import team_bound, webhook_contents, webhook_requests
from service.commands.teams import DeleteTeam
from service.commands.webhook_contents import STARS
from service.commands.webhooks import Asked, CreateWebhook, DeleteWebhook, EditWebhook, Side
from service.events.attempts import AttemptDenied
from service.events.webhooks import (
    WebhookCreated,
    WebhookDeleted,
    WebhookEdited,
    WebhookMoved,
    WebhookRequestChanged,
    WebhookSettings,
    WebhookTrusted,
)
from service.log import recorded
from service.vocabulary import PrincipalId, TeamId, WebhookId
from tests import given
from tests.given import Account

PLANTED = "hunter2-0b1f"


def member(account: Account, *scopes: str) -> tuple[PrincipalId, TeamId, TeamId]:
    """Somebody who manages the webhooks of their teams, their team, and another one."""
    mine, other = account.team("Mine"), account.team("Other")
    role = account.role("Under test", *(scopes or ("webhook:manage:team",)))
    return account.person("Sally", roles=[role], teams=[mine]), mine, other


def edit(account: Account, webhook: str, team: team_bound.OfTeam, **request: Any) -> EditWebhook:
    """The order that replaces a webhook by one that sends such a request, and moves it."""
    made = given.webhook(account.fresh, **request)
    return EditWebhook(
        webhook=webhook,
        new=made.webhook,
        settings=made.settings,
        request=made.request,
        values=made.values,
        team=team,
    )


def kept(account: Account, webhook: str, **request: Any) -> EditWebhook:
    return edit(account, webhook, msgspec.UNSET, **request)


def test_a_webhook_is_made_replaced_and_deleted(account: Account) -> None:
    """Section 3.7: each step is the fact that it is, and no fact holds more of the request than where it goes."""
    team, foo = account.team("A"), account.application("Foo")
    create = given.webhook(
        account.fresh,
        team=team,
        settings=Asked(description="Build", consumer=Side(name="Foo"), provider=Side(label="web")),
        url=f"https://ci.example.org/{PLANTED}?k=${{user.Key}}",
        headers={"Authorization": PLANTED, "X": PLANTED},
        body={PLANTED: PLANTED},
        password=PLANTED,
    )
    (made,) = account.do(create)
    assert isinstance(made, WebhookCreated)
    assert (team, "", "https://ci.example.org", ("Key",)) == (
        made.team,
        made.given,
        made.request.destination,
        made.request.references,
    )
    assert (
        WebhookSettings(
            description="Build",
            enabled=True,
            events=("contract_content_changed",),
            consumer=foo,
            provider_label="web",
        )
        == made.settings
    )
    assert ("header:Authorization", "password") == tuple(one.name for one in made.request.sealed)
    assert 3 == len(set(made.request.refs))
    changed = kept(account, create.webhook, url="https://other.example.org/")
    edited, rewritten = account.do(changed)
    assert isinstance(edited, WebhookEdited)
    assert isinstance(rewritten, WebhookRequestChanged)
    assert (made.settings, made.request) == (edited.before, rewritten.before)
    assert [] == account.do(changed)
    deleted = WebhookDeleted(
        webhook=create.webhook, settings=edited.after, request=rewritten.after, team=team
    )
    assert [deleted] == account.do(DeleteWebhook(webhook=create.webhook))
    for record in account.log:
        assert PLANTED not in recorded.encode(record).decode()
    with pytest.raises(errors.NotFound):
        account.do(DeleteWebhook(webhook=create.webhook))


def test_asterisks_keep_the_rows_that_there_are(account: Account) -> None:
    """A value that is kept is not read: its row stays as it is, whichever way its header is spelt."""
    headers = {"Authorization": PLANTED, "X-Token": PLANTED}
    webhook = account.webhook(headers=headers, password=PLANTED)
    rows = {one.name: one.value for one in account.now.webhook(webhook).request.sealed}
    starred = {"authorization": STARS, "X-Token": "another"}
    (changed,) = account.do(kept(account, webhook, headers=starred, password="****"))
    assert isinstance(changed, WebhookRequestChanged)
    after = {one.name: one.value for one in changed.after.sealed}
    assert rows["header:Authorization"] == after["header:authorization"]
    assert rows["password"] == after["password"]
    assert after["header:X-Token"] not in rows.values()
    with pytest.raises(errors.Invalid) as refused:
        account.do(kept(account, webhook, headers={"Token": STARS}))
    assert "/request/headers/Token" == refused.value.pointer


def test_another_password_alone_keeps_the_content_where_it_is(account: Account) -> None:
    """What is shown did not change, so its row stays; the hidden value is another one, whatever it was."""
    webhook = account.webhook(password=PLANTED)
    (changed,) = account.do(kept(account, webhook, password=PLANTED))
    assert isinstance(changed, WebhookRequestChanged)
    assert (changed.before.content, changed.before.mark) == (changed.after.content, changed.after.mark)
    assert changed.before.sealed != changed.after.sealed


def test_a_team_must_be_named_by_who_manages_those_of_their_teams(account: Account) -> None:
    """Seed 003 and point 14: without a team 400 at /teamUuid; another's, or without the permission at all, 403."""
    sally, mine, other = member(account)
    with pytest.raises(errors.Invalid) as refused:
        account.do(given.webhook(account.fresh), sally)
    assert "/teamUuid" == refused.value.pointer
    with pytest.raises(errors.Forbidden):
        account.do(given.webhook(account.fresh, team=other), sally)
    assert 1 == len(account.do(given.webhook(account.fresh, team=mine), sally))
    with pytest.raises(errors.Invalid) as refused:
        account.do(edit(account, "an-id-of-my-own-choice", None), sally)
    assert "/teamUuid" == refused.value.pointer
    with pytest.raises(errors.Forbidden):
        account.do(edit(account, "an-id-of-my-own-choice", other), sally)
    nobody = account.person("Nobody", roles=[account.role("Nothing", "team:read:*")], teams=[mine])
    for team in (None, mine):
        with pytest.raises(errors.Forbidden):
            account.do(given.webhook(account.fresh, team=team), nobody)
    with pytest.raises(errors.Invalid):
        account.do(given.webhook(account.fresh, team=TeamId(account.fresh.id())))


def test_moving_takes_the_right_on_both_sides(account: Account) -> None:
    """Section 3.7 and point 4: absent keeps the team, null takes it away, and each side needs the right."""
    sally, mine, other = member(account)
    webhook = account.webhook(team=mine)
    assert [] == account.do(kept(account, webhook), sally)
    for team in (None, other):
        with pytest.raises(errors.Forbidden):
            account.do(edit(account, webhook, team), sally)
    move = WebhookMoved(webhook=webhook, team_before=mine, team=other)
    assert [move] == account.do(edit(account, webhook, other))
    with pytest.raises(errors.Forbidden):
        account.do(edit(account, webhook, mine), sally)
    back = WebhookMoved(webhook=webhook, team_before=other, team=None)
    assert [back] == account.do(edit(account, webhook, None))
    for order in (kept(account, webhook), DeleteWebhook(webhook=webhook)):
        with pytest.raises(errors.Forbidden):
            account.do(order, sally)


def test_a_denied_attempt_names_ids_and_nothing_of_the_request(account: Account) -> None:
    """What was denied is recorded by ids alone; an id that a client made up is none."""
    sally, _, other = member(account)
    webhook = account.webhook(team=other, password=PLANTED)
    with pytest.raises(errors.Forbidden):
        account.do(edit(account, webhook, other, body=PLANTED), sally)
    denied = account.log[-1].data
    assert isinstance(denied, AttemptDenied)
    assert {"webhook": webhook, "team": other} == denied.arguments
    assert {} == kept(account, f"{PLANTED}-and-more").arguments()


def test_a_secret_that_is_elsewhere_only_is_refused(account: Account) -> None:
    """Point 12: a team's webhooks draw on its secrets, those of none on secrets of none; an unknown name passes."""
    team, other = account.team("A"), account.team("B")
    account.secret("Ours", team)
    account.secret("Theirs", other)
    account.secret("Global")
    account.secret("Everywhere", team)
    account.secret("Everywhere", other)
    account.secret("Everywhere")
    reach = {team: "Ours", other: "Theirs", None: "Global"}
    for place, own in reach.items():
        for name in (own, "Everywhere", "Unknown"):
            assert 1 == len(account.do(given.webhook(account.fresh, team=place, body=[f"${{user.{name}}}"])))
        for name in {*reach.values()} - {own}:
            with pytest.raises(errors.Invalid) as refused:
                account.do(given.webhook(account.fresh, team=place, body=["", f"${{user.{name}}}"]))
            assert "/request/body/1" == refused.value.pointer


def test_references_are_checked_again_after_a_move(account: Account) -> None:
    """Section 3.7: what a webhook draws on must be within reach where it goes; a name that came up meanwhile counts."""
    team, other = account.team("A"), account.team("B")
    webhook = account.webhook(team=team, url="https://x.org/${user.Key}")
    account.secret("Key", team)
    with pytest.raises(errors.Invalid) as refused:
        account.do(edit(account, webhook, other, url="https://x.org/${user.Key}"))
    assert "/request/url" == refused.value.pointer
    account.secret("Key", other)
    assert 1 == len(account.do(edit(account, webhook, other, url="https://x.org/${user.Key}")))


def test_saving_what_a_deleted_team_left_is_to_trust_it(account: Account) -> None:
    """A webhook that its team's deletion left behind draws on all secrets of no team once somebody saves it."""
    team = account.team("A")
    account.secret("Global")
    webhook = account.webhook(team=team, url="https://x.org/${user.Mine}")
    account.do(DeleteTeam(team=team))
    assert team == account.now.webhook(webhook).left
    saved = account.do(kept(account, webhook, url="https://x.org/${user.Global}"))
    assert WebhookTrusted(webhook=webhook, left=team) == saved[-1]
    found = account.now.webhook(webhook)
    assert found.left is None
    assert account.now.secret_for(found.team, found.left, "Global") is not None
    assert [] == account.do(kept(account, webhook, url="https://x.org/${user.Global}"))


def test_what_a_deleted_team_left_is_of_the_team_that_it_is_moved_to(account: Account) -> None:
    """Section 3.7: from then on it draws on that team's secrets as any other of its webhooks, and on no others."""
    first, second = account.team("A"), account.team("B")
    account.secret("Theirs", second)
    webhook = account.webhook(team=first, url="https://x.org/${user.Unknown}")
    account.do(DeleteTeam(team=first))
    account.do(edit(account, webhook, second, url="https://x.org/${user.Theirs}"))
    found = account.now.webhook(webhook)
    assert (second, None) == (found.team, found.left)
    assert account.now.secret_for(found.team, found.left, "Theirs") is not None
    account.do(DeleteTeam(team=second))
    found = account.now.webhook(webhook)
    assert (None, second) == (found.team, found.left)


def test_an_id_that_was_used_names_another_webhook_from_then_on(account: Account) -> None:
    """Identity is never reused: the text is the same, the webhook is not."""
    text = "my-own-id-for-a-webhook"
    (first,) = account.do(kept(account, text))
    assert isinstance(first, WebhookCreated)
    assert text == first.given == account.now.webhook(text).shown_id
    account.do(DeleteWebhook(webhook=text))
    (second,) = account.do(kept(account, text))
    assert isinstance(second, WebhookCreated)
    assert first.webhook != second.webhook
    uuid = account.fresh.id()
    (third,) = account.do(kept(account, uuid))
    assert isinstance(third, WebhookCreated)
    assert (uuid, "") == (third.webhook, third.given)
    account.do(DeleteWebhook(webhook=uuid))
    (fourth,) = account.do(kept(account, uuid))
    assert isinstance(fourth, WebhookCreated)
    assert uuid != fourth.webhook
    assert uuid == account.now.webhook(uuid).shown_id
    for bad in ("too-short", "x" * 129, "template-variables", "with a space in it"):
        with pytest.raises(errors.Invalid):
            account.do(kept(account, bad))


def test_events_in_another_order_are_no_change(account: Account) -> None:
    """Terraform sends its events as a set (section 5.2)."""
    several = ("contract_published", "provider_verification_failed")
    webhook = account.webhook(settings=Asked(events=several))
    assert [] == account.do(kept(account, webhook, settings=Asked(events=several[::-1])))


def test_the_longest_request_fits_one_record(account: Account) -> None:
    """Whatever passes the bounds can be recorded, with what it was before beside it."""
    wide = "\U0001f600" * 20
    headers = {f"Token-{'x' * 91}{n:03}": "v" * 100 for n in range(webhook_requests.HEADERS_MAX)}
    webhook = account.webhook()
    for turn in range(2):
        body = [f"${{user.{turn}{wide}{n}}}" for n in range(webhook_requests.REFERENCES_MAX - 4)]
        settings = Asked(description=f"{turn}" + "\U0001f600" * 254)
        url = f"https://{'h' * 294}.{turn}/"
        account.do(kept(account, webhook, settings=settings, url=url, body=body, headers=headers))
    assert all(len(recorded.encode(record)) < 65_535 for record in account.log)


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        ("https://example.org", "https://example.org"),
        ("HTTP://Example.org:8080/a?b#c", "http://Example.org:8080"),
        ("https://[2001:db8::1]:80/", "https://[2001:db8::1]:80"),
        ("https://a.x/${user.B@c:1}", "https://a.x"),
        ("https://a.x:8?${user.D}", "https://a.x:8"),
    ],
)
def test_the_record_says_where_a_request_goes(url: str, destination: str) -> None:
    """Scheme, host and port, which are written out: never a path, which may hold a key."""
    found = webhook_requests.checked({"method": "POST", "url": url}, ("POST",))
    assert (url, destination) == (found.content.url, found.destination)


def test_no_hidden_value_is_in_what_is_shown() -> None:
    """The content's row holds asterisks where a value is hidden, in the place and the spelling of its header."""
    headers = {"A": "1", "X-AUTHORIZATION": PLANTED, "b": "2", "tokens": PLANTED, "Token": "${user.T}"}
    sent = {"method": "POST", "url": "https://x.org", "headers": headers, "password": PLANTED}
    found = webhook_requests.checked(sent, ("POST",))
    row = webhook_contents.encoded(found.content)
    assert PLANTED not in row
    shown = [["A", "1"], ["X-AUTHORIZATION", STARS], ["b", "2"], ["tokens", STARS], ["Token", "${user.T}"]]
    assert shown == json.loads(row)["headers"]
    assert PLANTED not in repr(found.hidden)
    hidden = {one.name: one.value.text() for one in found.hidden if one.value is not None}
    sealed = webhook_contents.with_sealed(found.content, hidden)
    assert (tuple(headers.items()), PLANTED) == (sealed.headers, sealed.password)


@pytest.mark.parametrize("name", sorted(sending.NEVER_SENT))
def test_a_header_that_is_never_sent_is_not_taken(name: str) -> None:
    """Nothing is kept, and shown as if it were sent, that sending leaves out: the save says so, with a pointer."""
    wanted = {"method": "POST", "url": "https://ci.example.org", "headers": {name.title(): "x"}}
    with pytest.raises(errors.Invalid) as refused:
        webhook_requests.checked(wanted, ("POST",))
    assert f"/request/headers/{name.title()}" == refused.value.pointer


def test_only_the_methods_that_the_account_allows_pass() -> None:
    """Section 3.7: POST only by default; others where the operator says so."""
    sent = {"method": "put", "url": "https://x.org"}
    assert "put" == webhook_requests.checked(sent, ("POST", "PUT")).content.method
    with pytest.raises(errors.Invalid, match="must be POST"):
        webhook_requests.checked(sent, ("POST",))


def test_a_webhook_made_by_whom_it_names_is_nobodys_of_the_kind(account: Account) -> None:
    """A webhook of a team may name applications that are not that team's (section 5.3, rule 8)."""
    sally, mine, _ = member(account)
    account.application("Foo")
    settings = Asked(consumer=Side(name="Foo"))
    (made,) = account.do(given.webhook(account.fresh, team=mine, settings=settings), sally)
    assert isinstance(made, WebhookCreated)
    assert WebhookId(made.webhook) == account.now.webhooks_naming(made.settings.consumer or "")[0].id
    assert isinstance(given.webhook(account.fresh), CreateWebhook)
