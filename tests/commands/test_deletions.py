"""Undoing a deletion: what it removed is published again, by whoever may publish it."""

import msgspec
import pytest

from projections.contracts import Contract
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands import Command
from service.commands.applications import CreateApplication, DeleteApplication, EditApplication
from service.commands.bodies import ForgetBodies
from service.commands.contracts import DeleteContract
from service.commands.deletions import RestoreDeletion
from service.commands.integrations import (
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
)
from service.commands.order import Caller
from service.commands.teams import DeleteTeam, EditTeam
from service.events.applications import ApplicationCreated
from service.events.deletions import ContractsRestored, DeletionRestored, ForgottenBody, LeftOut
from service.queries import deletions
from service.queries.deletions import Deletion
from service.vocabulary import ApplicationId, ContractId, PrincipalId, TeamId
from tests import facts, given
from tests.given import CONSOLE, START, Account


def named(account: Account, name: str) -> ApplicationId:
    found = account.now.application_named(name)
    assert found is not None
    return found.id


def pair(account: Account, consumer: str = "Foo", provider: str = "Bar") -> dict[str, ApplicationId]:
    return {"consumer": named(account, consumer), "provider": named(account, provider)}


def publish(account: Account, consumer: str, provider: str, *versions: str) -> None:
    for version in versions:
        account.do(given.publish(account.fresh, consumer, provider, version))


def deleted(account: Account, command: Command) -> Deletion:
    """What the deletion removed, as its records say."""
    return deletions.removed_by(list(account.handle(command).records))


def undo(account: Account, deletion: Deletion) -> RestoreDeletion:
    return deletion.order(account.fresh.id())


def world(account: Account) -> dict[tuple[str, str, str], tuple[str, str | None]]:
    """Every contract by what a client calls it, with its content and branch."""
    view = account.now
    names = {one.id: one.name for one in view.applications()}
    return {
        (names[one.consumer], names[one.provider], one.version): (one.digest, one.branch)
        for pair in view.integrations()
        for one in view.contracts_of(pair.consumer, pair.provider)
    }


def contract(account: Account, version: str) -> Contract:
    sides = pair(account)
    found = account.now.contract_of(sides["consumer"], sides["provider"], version)
    assert found is not None
    return found


def person(account: Account, name: str, *scopes: str, team: TeamId | None = None) -> PrincipalId:
    return account.person(
        name, roles=[account.role(f"role of {name}", *scopes)], teams=[team] if team else []
    )


def test_the_contracts_of_an_integration_come_back_as_they_were(account: Account) -> None:
    """The same ids, contents and first publications: only who brought them, and when, is new."""
    publish(account, "Foo", "Bar", "1", "2")
    before, was = world(account), contract(account, "1")
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    assert {} == world(account)
    account.clock.advance(60)
    parent, child = account.do(undo(account, deletion))
    assert (
        DeletionRestored(deletion=deletion.event, of="integration.contracts_deleted", contracts=2) == parent
    )
    assert isinstance(child, ContractsRestored)
    assert ["1", "2"] == [one.version for one in child.contracts]
    assert before == world(account)
    at = account.log[-1].recorded_at
    assert msgspec.structs.replace(was, updated_at=at, publisher=account.kevin) == contract(account, "1")


def test_one_contract_comes_back(account: Account) -> None:
    """A deletion that is no bulk deletion can be undone too, and takes no other contract along."""
    publish(account, "Foo", "Bar", "1", "2")
    before = world(account)
    deletion = deleted(account, DeleteContract(contract=contract(account, "1").id))
    account.do(undo(account, deletion))
    assert before == world(account)


def test_a_deletion_of_everything_comes_back(account: Account) -> None:
    """Every integration and every application, each once, the shared ones too."""
    publish(account, "Foo", "Bar", "1", "2")
    publish(account, "Bar", "Baz", "1")
    publish(account, "Foo", "Foo", "1")
    before = world(account)
    deletion = deleted(account, DeleteIntegrations())
    assert {} == world(account)
    parent, *_ = account.do(undo(account, deletion))
    assert isinstance(parent, DeletionRestored)
    assert (3, 4) == (parent.applications, parent.contracts)
    assert before == world(account)


def test_an_application_is_made_again_under_a_new_id(account: Account) -> None:
    """A name made again inherits nothing: whoever restores it is its creator, and what else is known of it is back."""
    billy = person(account, "Billy", "contract_data:manage:*")
    account.do(
        CreateApplication(
            application=ApplicationId(account.fresh.id()),
            name="Foo",
            display_name="The Foo",
            repository_url="https://example.org/foo",
            main_branch="main",
        ),
        billy,
    )
    publish(account, "Foo", "Bar", "1")
    was = named(account, "Foo")
    deletion = deleted(account, DeleteApplication(application=was))
    account.do(undo(account, deletion))
    made = account.now.application(named(account, "Foo"))
    assert was != made.id
    assert account.kevin == made.creator
    assert ("The Foo", "https://example.org/foo", "main") == (
        made.display_name,
        made.repository_url,
        made.main_branch,
    )
    assert {("Foo", "Bar", "1")} == set(world(account))


def test_contracts_go_to_the_application_that_has_the_name_by_now(account: Account) -> None:
    """The next build published it again: the older versions join what is there, and nothing of that changes."""
    publish(account, "Foo", "Bar", "1", "2")
    before = world(account)
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    publish(account, "Foo", "Bar", "3")
    rebuilt = named(account, "Foo")
    events = account.do(undo(account, deletion))
    assert not any(isinstance(one, ApplicationCreated) for one in events)
    assert rebuilt == named(account, "Foo")
    assert set(before) | {("Foo", "Bar", "3")} == set(world(account))


def test_a_contract_goes_to_its_application_whatever_that_is_called_by_now(account: Account) -> None:
    """What lives is found by its id first: a new name makes no other application of it."""
    publish(account, "Foo", "Bar", "1")
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    account.do(EditApplication(application=named(account, "Foo"), name="Food"))
    account.do(undo(account, deletion))
    assert {("Food", "Bar", "1")} == set(world(account))


def test_a_contract_that_lives_on_elsewhere_is_not_taken_from_there(account: Account) -> None:
    """Restored into another application, which was renamed since: a second restoration makes another contract."""
    publish(account, "Foo", "Bar", "1")
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    account.do(undo(account, deletion))
    account.do(EditApplication(application=named(account, "Foo"), name="Food"))
    account.do(undo(account, deletion))
    assert {("Foo", "Bar", "1"), ("Food", "Bar", "1")} == set(world(account))


def test_restoring_twice_changes_nothing(account: Account) -> None:
    """Whoever repeats it is told that all of it is there, and nothing is recorded."""
    publish(account, "Foo", "Bar", "1", "2")
    deletion = deleted(account, DeleteIntegration(**pair(account)))
    account.do(undo(account, deletion))
    position = account.now.position
    assert [] == account.do(undo(account, deletion))
    assert position == account.now.position


def test_what_is_there_again_is_no_obstacle(account: Account) -> None:
    """Of two contracts one was published again as it was: only the other one is brought back."""
    account.do(given.publish(account.fresh, "Foo", "Bar", "1", "the content"))
    publish(account, "Foo", "Bar", "2")
    before = world(account)
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    account.do(given.publish(account.fresh, "Foo", "Bar", "1", "the content"))
    parent, _ = account.do(undo(account, deletion))
    assert isinstance(parent, DeletionRestored)
    assert 1 == parent.contracts
    assert before == world(account)


def test_what_was_published_otherwise_refuses_all_of_it(account: Account) -> None:
    """No version gets another content by an undo; the refusal names it, and nothing else comes back either."""
    publish(account, "Foo", "Bar", "1", "2")
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    publish(account, "Foo", "Bar", "2")
    with pytest.raises(errors.Refused, match="Foo/Bar/2") as refused:
        account.do(undo(account, deletion))
    assert "published_otherwise" == refused.value.reason
    assert {("Foo", "Bar", "2")} == set(world(account))


def test_a_body_that_left_the_vault_refuses_all_of_it(account: Account) -> None:
    """After the time that deletions are kept nothing is half restored: the refusal names what is gone."""
    publish(account, "Foo", "Bar", "1", "2")
    lost = contract(account, "1")
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    forgotten = ForgottenBody(digest=lost.digest, body=lost.body)
    account.do(
        ForgetBodies(bodies=(forgotten,), seen_at=account.now.position, unheld_since=START),
        Caller(system="time"),
    )
    with pytest.raises(errors.NotFound, match="The body of Foo/Bar/1 left the vault") as gone:
        account.do(undo(account, deletion))
    assert gone.value.gone
    assert {} == world(account)


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (("contract_data:manage:*",), True),
        (("contract_data:manage:team",), True),
        (("contract_data:manage:own",), False),
        (("contract_data:bulk_delete:*", "contract_data:read:*"), False),
    ],
)
def test_whoever_may_publish_for_the_consumer_may_restore(
    account: Account, scopes: tuple[str, ...], allowed: bool
) -> None:
    """Section 3.4: W on the consumer. The right to delete is none to publish."""
    publish(account, "Foo", "Bar", "1")
    mine = account.team("Mine", applications=[named(account, "Foo")])
    sally = person(account, "Sally", *scopes, team=mine)
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    if allowed:
        assert 2 == len(account.do(undo(account, deletion), sally))
    else:
        with pytest.raises(errors.Forbidden, match="contract_data:manage on Foo"):
            account.do(undo(account, deletion), sally)


def test_one_consumer_out_of_reach_refuses_all_of_it(account: Account) -> None:
    """A deletion that took two teams' contracts is undone by who may publish for both (section 3.6)."""
    publish(account, "Foo", "Bar", "1")
    publish(account, "Baz", "Bar", "1")
    mine = account.team("Mine", applications=[named(account, "Foo"), named(account, "Bar")])
    sally = person(account, "Sally", "contract_data:manage:team", "contract_data:manage:own", team=mine)
    deletion = deleted(account, DeleteApplication(application=named(account, "Bar")))
    with pytest.raises(errors.Forbidden, match="contract_data:manage on Baz"):
        account.do(undo(account, deletion), sally)
    assert {} == world(account)


def test_making_an_application_again_takes_the_right_to_make_one(account: Account) -> None:
    """Section 3.4: `manage:team` alone never makes an application, be it one that was there."""
    publish(account, "Foo", "Bar", "1")
    mine = account.team("Mine", applications=[named(account, "Foo")])
    sally = person(account, "Sally", "contract_data:manage:team", team=mine)
    billy = person(account, "Billy", "contract_data:manage:own", "contract_data:manage:team", team=mine)
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    with pytest.raises(errors.Forbidden, match="contract_data:manage on Foo"):
        account.do(undo(account, deletion), sally)
    account.do(undo(account, deletion), billy)
    assert billy == account.now.application(named(account, "Foo")).creator


def test_an_application_that_had_nothing_is_not_everybodys_either(account: Account) -> None:
    """Section 3.4: W on it as it was; also once it is here again, when nothing is left to be done."""
    account.do(given.application(account.fresh, "Bare"))
    nobody = person(account, "Nobody")
    owner = person(account, "Owner", "contract_data:manage:own")
    deletion = deleted(account, DeleteApplication(application=named(account, "Bare")))
    for there in (False, True):
        for stranger in (nobody, owner):
            with pytest.raises(errors.Forbidden, match="contract_data:manage on Bare"):
                account.do(undo(account, deletion), stranger)
        assert there is (account.do(undo(account, deletion)) == [])


@pytest.mark.parametrize("takes_its_place", [False, True])
def test_nobody_comes_into_contracts_that_were_out_of_their_reach(
    account: Account, takes_its_place: bool
) -> None:
    """Section 3.4: W on the consumer as it was; `own` makes an application of that name, and does not inherit it."""
    publish(account, "Foo", "Bar", "1")
    stranger = person(account, "Stranger", "contract_data:manage:own")
    creator = person(account, "Creator", "contract_data:manage:own")
    account.do(given.publish(account.fresh, "Baz", "Bar", "1"), creator)
    for consumer, whose in (("Foo", "stranger"), ("Baz", "creator")):
        deletion = deleted(account, DeleteIntegration(**pair(account, consumer)))
        if takes_its_place:
            account.do(given.application(account.fresh, consumer), stranger)
        with pytest.raises(errors.Forbidden, match=f"contract_data:manage on {consumer}"):
            account.do(undo(account, deletion), stranger)
        if whose == "creator" and not takes_its_place:
            account.do(undo(account, deletion), creator)
            assert creator == account.now.application(named(account, "Baz")).creator


def test_teams_are_joined_again_by_who_may_change_them(account: Account) -> None:
    """An application made again is in its old teams; one that the caller may not change is listed as left out."""
    publish(account, "Foo", "Bar", "1")
    mine = account.team("Mine", applications=[named(account, "Foo")])
    billy = person(account, "Billy", "contract_data:manage:*")
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    parent, *_ = account.do(undo(account, deletion), billy)
    assert isinstance(parent, DeletionRestored)
    assert (LeftOut(noun="team", id=mine, name="Mine", application="Foo", why="may_not"),) == parent.left_out
    assert (DEFAULT_TEAM,) == account.now.application(named(account, "Foo")).teams
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    account.do(undo(account, deletion))
    assert (DEFAULT_TEAM,) == account.now.application(named(account, "Foo")).teams


def test_an_administrator_brings_every_team_back(account: Account) -> None:
    """What joined a team by hand joins it again, and what was taken from the Default team stays out of it."""
    account.do(given.application(account.fresh, "Foo"))
    mine = account.team("Mine", applications=[named(account, "Foo")])
    gone = account.team("Gone", applications=[named(account, "Foo")])
    account.do(EditTeam(team=TeamId(DEFAULT_TEAM), name="Default", applications=()))
    publish(account, "Foo", "Foo", "1")
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    account.do(DeleteTeam(team=gone))
    parent, *_ = account.do(undo(account, deletion))
    assert (mine,) == account.now.application(named(account, "Foo")).teams
    assert isinstance(parent, DeletionRestored)
    assert [("team", gone, "gone")] == [(one.noun, one.id, one.why) for one in parent.left_out]


def test_the_console_restores_without_asking_anybody(account: Account) -> None:
    """Whoever sits at the console owns the database already; what is made again then has no creator."""
    publish(account, "Foo", "Bar", "1")
    mine = account.team("Mine", applications=[named(account, "Foo")])
    deletion = deleted(account, DeleteApplication(application=named(account, "Foo")))
    account.do(undo(account, deletion), CONSOLE)
    foo = account.now.application(named(account, "Foo"))
    assert (None, {DEFAULT_TEAM, mine}) == (foo.creator, set(foo.teams))


def test_history_before_between_and_after_stays_what_it_was(account: Account) -> None:
    """As of each moment: there, gone, and there again."""
    publish(account, "Foo", "Bar", "1")
    sides = pair(account)
    moments = [account.now.position]
    deletion = deleted(account, DeleteIntegrationContracts(**sides))
    moments.append(account.now.position)
    account.do(undo(account, deletion))
    moments.append(account.now.position)
    counted = [len(account.replica.view(at).contracts_of(**sides)) for at in moments]
    assert [1, 0, 1] == counted


def test_what_is_no_deletion_cannot_be_undone(account: Account) -> None:
    """A publication's event leads nowhere, and says so."""
    records = account.handle(given.publish(account.fresh, "Foo", "Bar")).records
    with pytest.raises(errors.NotFound, match="no deletion"):
        deletions.removed_by(list(records))


def test_a_contract_restored_is_deleted_and_restored_again(account: Account) -> None:
    """Undo and deletion follow each other as often as anybody likes; each round is the last one's equal."""
    publish(account, "Foo", "Bar", "1", "2", "3")
    before = world(account)
    for _ in range(3):
        deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
        account.do(undo(account, deletion))
        assert before == world(account)


def test_many_contracts_are_many_children_each_of_which_fits(account: Account) -> None:
    """However many come back, each record fits, and names as many as it can."""
    publish(account, "Foo", "Bar", *(f"1.{number}" for number in range(250)))
    before = world(account)
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    _, *children = account.do(undo(account, deletion))
    assert 3 == len(children)
    assert before == world(account)
    ids: set[ContractId] = {
        one.contract for child in children if isinstance(child, ContractsRestored) for one in child.contracts
    }
    assert 250 == len(ids)


def test_webhooks_that_vanished_stay_gone_and_are_named(account: Account) -> None:
    """What they sent left the vault with them: each is told as left out, now and whenever somebody tries again."""
    publish(account, "Foo", "Bar", "1")
    sides = pair(account)
    both = facts.webhook(account, None, sides["consumer"], sides["provider"])
    one = facts.webhook(account, account.team("A"), None, sides["provider"])
    description = {each.id: each.settings.description for each in account.now.webhooks()}
    before = world(account)
    deletion = deleted(account, DeleteApplication(application=sides["provider"]))
    assert [] == list(account.now.webhooks())
    parent, *_ = account.do(undo(account, deletion))
    assert isinstance(parent, DeletionRestored)
    assert [
        LeftOut(noun="webhook", id=both, name=description[both], application="Foo/Bar", why="destroyed"),
        LeftOut(noun="webhook", id=one, name=description[one], application="Bar", why="destroyed"),
    ] == [left for left in parent.left_out if left.noun == "webhook"]
    assert len(parent.left_out) == parent.not_restored
    assert before == world(account)
    assert [] == list(account.now.webhooks())
    with pytest.raises(errors.Refused, match=r"webhook of Foo/Bar \(its request left the vault\)") as caught:
        account.do(undo(account, deletion))
    assert "nothing_restored" == caught.value.reason


def test_a_webhook_that_its_client_made_again_is_not_missing(account: Account) -> None:
    """Terraform and scripts put a webhook under an id of their own: once it is there, nothing is left out."""
    publish(account, "Foo", "Bar", "1")
    sides = pair(account)
    facts.webhook(account, None, sides["consumer"], sides["provider"], given="a-chosen-id-of-mine")
    deletion = deleted(account, DeleteIntegrationContracts(**pair(account)))
    account.do(undo(account, deletion))
    deletion = deleted(account, DeleteIntegration(**pair(account)))
    facts.webhook(account, given="a-chosen-id-of-mine")
    parent, *_ = account.do(undo(account, deletion))
    assert isinstance(parent, DeletionRestored)
    assert () == parent.left_out
