"""Secrets and webhooks in the naming grammar, now and as they were last called; questions about what is held here."""

from datetime import timedelta

import msgspec
import pytest

from service import errors
from service.catalogue.own import OwnCatalogue, ThingType
from service.commands.aliases import SetAliases
from service.events import Event
from service.events.own_catalogues import OwnCatalogueAdopted, OwnCatalogueWithdrawn
from service.events.resources import ResourceRegistered, ResourceRemoved
from service.events.secrets import SecretCreated, SecretDeleted, SecretMoved
from service.events.teams import TeamDeleted
from service.events.webhooks import WebhookCreated, WebhookDeleted, WebhookRequest, WebhookSettings
from service.queries import access, naming, past_names
from service.queries.access import Question
from service.vocabulary import AliasId, ResourceId, SecretId, TeamId, VaultRef, WebhookId
from tests.given import Account

OURS, THEIRS, NOBODYS, ALONE = (SecretId(f"00000000-0000-4000-8000-00000000000{one}") for one in "1234")
HOOK = WebhookId("00000000-0000-4000-8000-000000000009")
GIVEN = "build-of-foo-and-bar"


class World:
    """Teams A and «B/C»; the secret ci-token of either and of none, deploy-key of A alone; a webhook of A's."""

    def __init__(self) -> None:
        self.account = Account()
        self.a, self.b = self.account.team("A"), self.account.team("B/C")
        for secret, team in ((OURS, self.a), (THEIRS, self.b), (NOBODYS, None)):
            self.happened(created(secret, "ci-token", team))
        self.happened(created(ALONE, "deploy key", self.a))
        self.happened(
            WebhookCreated(webhook=HOOK, given=GIVEN, settings=SETTINGS, request=REQUEST, team=self.a)
        )

    def happened(self, event: Event) -> None:
        """Fold a fact behind those that are there."""
        last = self.account.log[-1]
        fields = {"position": last.position + 1, "recorded_at": last.recorded_at + timedelta(microseconds=1)}
        record = msgspec.structs.replace(last, **fields, data=event, touches=())
        self.account.log.append(record)
        self.account.go_on([record])

    def named(self, text: str) -> str:
        """The id of what the text names now."""
        return naming.target(self.account.now, text).thing.id

    def last(self, text: str) -> str:
        """The id of what the text names now, or named last."""
        return past_names.thing_id(self.account.now, self.account.replica.directory, text)

    def may(self, type_: str, thing: str, team: str | None = None) -> access.Answer:
        """May a rotator of team A manage it?"""
        rotator = "rotator@example.org"
        if self.account.now.principal_with_email(rotator) is None:
            role = self.account.role("Rotator", "secret:manage:team", "webhook:manage:team")
            self.account.person("Rotator", roles=(role,), teams=(self.a,))
        asked = Question(
            subject=rotator, action=f"{type_}:manage", resource_type=type_, resource_id=thing, team=team
        )
        return access.evaluate(self.account.now, asked)


SETTINGS = WebhookSettings(description="Build", enabled=True, events=("contract_content_changed",))
REQUEST = WebhookRequest(
    method="POST",
    destination="https://ci.example.org",
    references=("ci-token",),
    content=VaultRef("c" * 32),
    mark="m",
)


def created(secret: SecretId, name: str, team: TeamId | None) -> SecretCreated:
    """The fact that a secret was made."""
    return SecretCreated(secret=secret, name=name, description="", team=team, value=VaultRef("v" + secret))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("secret:A/ci-token", OURS),
        ("secret:B%2FC/ci-token", THEIRS),
        ("secret:/ci-token", NOBODYS),
        (f"secret:{NOBODYS}", NOBODYS),
        ("secret:deploy key", ALONE),
        ("secret:A/deploy%20key", ALONE),
        (f"webhook:{HOOK}", HOOK),
        (f"webhook:{HOOK.upper()}", HOOK),
        (f"webhook:{GIVEN}", HOOK),
    ],
)
def test_a_secret_is_named_with_its_team_and_a_webhook_by_either_id(
    world: World, text: str, found: str
) -> None:
    """Names are unique within a team and among the secrets of none (section 3.7), so a team and a name are enough."""
    assert found == world.named(text)


def test_a_name_that_several_teams_have_lists_each_as_it_can_be_named(world: World) -> None:
    """Nothing is guessed: the candidates are in the grammar, and each names one secret."""
    with pytest.raises(errors.Ambiguous) as raised:
        world.named("secret:ci-token")
    assert ("secret:/ci-token", "secret:A/ci-token", "secret:B%2FC/ci-token") == raised.value.candidates
    assert {OURS, THEIRS, NOBODYS} == {world.named(one) for one in raised.value.candidates}


@pytest.mark.parametrize("text", ["secret:A/nothing", "secret:D/ci-token", "secret:nothing", "webhook:Build"])
def test_what_there_is_not_is_not_found(world: World, text: str) -> None:
    """A webhook's description is no name: several may have the same."""
    with pytest.raises(errors.NotFound):
        world.named(text)


def test_a_conflicting_secret_has_its_id_alone(world: World) -> None:
    """What its team's deletion put under a name that was taken is found by id, and the name means the other one."""
    world.happened(
        SecretMoved(
            secret=OURS, name="ci-token", team_before=world.a, team=None, team_deleted=True, conflicting=True
        )
    )
    assert (NOBODYS, OURS) == (world.named("secret:/ci-token"), world.named(f"secret:{OURS}"))


def test_what_is_gone_is_found_by_what_it_was_called_last(world: World) -> None:
    """Whoever searches the trail asks about what is gone: by team and name, though the team went first, too."""
    world.happened(SecretDeleted(secret=ALONE, name="deploy key", team=world.a, value_before=VaultRef("v")))
    world.happened(WebhookDeleted(webhook=HOOK, settings=SETTINGS, request=REQUEST, team=world.a))
    world.happened(TeamDeleted(team=world.a, name="A", default=False))
    for text in ("secret:deploy key", "secret:A/deploy key"):
        with pytest.raises(errors.NotFound):
            world.named(text)
        assert ALONE == world.last(text)
    assert HOOK == world.last(f"webhook:{GIVEN}")
    with pytest.raises(errors.Ambiguous):
        world.last("secret:ci-token")
    with pytest.raises(errors.NotFound):
        world.last("secret:never")


def test_a_webhook_made_again_goes_by_the_id_that_its_client_gave(world: World) -> None:
    """Under a deleted one's id another one lives: that is whose records are asked for, and the first one's after it."""
    again = WebhookId("5d1c1e0e-0000-4000-8000-000000000002")
    gone = WebhookDeleted(webhook=HOOK, settings=SETTINGS, request=REQUEST, team=world.a)
    made = WebhookCreated(webhook=again, given=HOOK, settings=SETTINGS, request=REQUEST, team=world.a)
    world.happened(gone)
    assert HOOK == world.last(f"webhook:{HOOK}")
    world.happened(made)
    assert again == world.last(f"webhook:{HOOK}") == world.last(f"webhook:{again}")
    world.happened(msgspec.structs.replace(gone, webhook=again))
    assert HOOK == world.last(f"webhook:{HOOK}")


def test_what_is_held_here_wins_over_the_question(world: World) -> None:
    """Whose a secret is the service knows; another team in the question is reported and counts for nothing."""
    ours = world.may("secret", OURS, team=world.b)
    assert (True, 1) == (ours.decision, len(ours.conflicts))
    theirs = world.may("secret", THEIRS, team=world.a)
    assert (False, 1) == (theirs.decision, len(theirs.conflicts))
    assert world.may("webhook", GIVEN, team=world.b).decision
    assert not world.may("secret", NOBODYS).decision, "what belongs to no team is no team's"


def test_the_team_of_the_question_says_which_of_several(world: World) -> None:
    """A name that several teams have is the named team's; without a team it is no answer but a reason."""
    assert (True, ()) == (world.may("secret", "ci-token", team="A").decision, ())
    assert not world.may("secret", "ci-token", team="B/C").decision
    unclear = world.may("secret", "ci-token")
    assert (False, "'ci-token' is the name of 3 secrets; name one with its team.") == (
        unclear.decision,
        unclear.reason,
    )


def test_a_secret_that_is_not_there_yet_is_judged_by_what_is_said_of_it(world: World) -> None:
    """Whether somebody could make it is asked with the team that it would belong to."""
    assert world.may("secret", "new-token", team="A").decision
    assert not world.may("secret", "new-token", team="B/C").decision
    assert not world.may("secret", "new-token").decision


def test_catalogues_tables_and_things_of_own_types_are_found_in_the_trail(world: World) -> None:
    """Whoever searches the trail names what was adopted, withdrawn or removed as it was called, in force or not."""
    catalogue = OwnCatalogue(name="todo", number=1, types=(ThingType(name="todo"),))
    thing = ResourceId("00000000-0000-4000-8000-0000000000ff")
    world.happened(OwnCatalogueAdopted(name="todo", number_before=0, catalogue=catalogue))
    world.happened(ResourceRegistered(resource=thing, type="todo", name="t-1"))
    assert (thing, thing) == (world.named("todo:t-1"), world.last("todo:t-1"))
    world.happened(ResourceRemoved(resource=thing, type="todo", name="t-1"))
    world.happened(OwnCatalogueWithdrawn(name="todo", number_before=1))
    assert (thing, "todo") == (world.last("todo:t-1"), world.last("catalogue:todo"))
    for unknown in ("catalogue:other", "todo:t-2", "route_table:todo"):
        with pytest.raises((errors.Invalid, errors.NotFound)):
            world.last(unknown)


def test_an_alias_names_its_principal_before_anybodys_display_name(world: World) -> None:
    """Aliases are one person's, names are shared: a person at a terminal means who programs mean."""
    sally, other = world.account.person("Sally"), world.account.person("CiRm")
    ids = (AliasId("00000000-0000-4000-8000-0000000000aa"),)
    world.account.do(SetAliases(principal=sally, aliases=("CiRm",), ids=ids))
    assert sally == naming.principal(world.account.now, "user:CiRm").id
    world.account.do(SetAliases(principal=sally, aliases=(), ids=()))
    assert other == naming.principal(world.account.now, "user:CiRm").id
