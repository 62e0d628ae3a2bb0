"""Every kind of record as a sentence and as changes: called what things were called then, forgotten where forgotten."""

import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from projections.directory import Directory
from projections.people import People
from service import errors
from service.catalogue.loader import shipped
from service.catalogue.own import OwnCatalogue
from service.catalogue.route_tables import RouteTable
from service.events import Event, account
from service.events import applications as application_events
from service.events import branches as branch_events
from service.events import changes as change_events
from service.events import contracts as contract_events
from service.events import deletions as deletion_events
from service.events import deployments as deployment_events
from service.events import environments as environment_events
from service.events import labels as label_events
from service.events import own_catalogues as catalogue_events
from service.events import people as person_events
from service.events import preferences as preference_events
from service.events import resources as resource_events
from service.events import results as result_events
from service.events import roles as role_events
from service.events import route_tables as route_table_events
from service.events import secrets as secret_events
from service.events import system_accounts as system_account_events
from service.events import teams as team_events
from service.events import tokens as token_events
from service.events import users as user_events
from service.events import versions as version_events
from service.events import webhooks as webhook_events
from service.events.applications import Change
from service.events.attempts import AttemptDenied
from service.events.authentication import AuthenticationChanged
from service.log import recorded
from service.log.recorded import Actor, Recorded
from service.queries import trail
from service.queries.changed import Changed
from service.queries.changes import changes
from service.queries.names import Names
from service.queries.sentences import sentence
from service.vocabulary import (
    AliasId,
    ApplicationId,
    ChangeId,
    ContractId,
    DeliveryId,
    DeploymentId,
    EnvironmentId,
    EventId,
    InvitationId,
    KeyId,
    Personal,
    PrincipalId,
    ReleaseId,
    ResourceId,
    ResultId,
    RoleId,
    Scope,
    Sealed,
    SecretId,
    TeamId,
    Thing,
    TokenId,
    VaultRef,
    WebhookId,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEVIN, SALLY, BOT = PrincipalId("kevin"), PrincipalId("sally"), PrincipalId("bot")
FOO, BAR, ROLE, TEAM = ApplicationId("foo"), ApplicationId("bar"), RoleId("role"), TeamId("team")
THING = ResourceId("thing")
SECRET, HOOK, NAMELESS = SecretId("secret"), WebhookId("hook"), WebhookId("nameless")
PROD, TOKEN, REF, DIGEST = EnvironmentId("prod"), TokenId("token"), VaultRef("ref"), "ab" * 32
CONTRACT, CHANGE = ContractId("contract"), ChangeId("change")
RESULT = ResultId("result")
VERIFIED = result_events.VerificationPublished(
    result=RESULT, consumer=FOO, provider=BAR, digest=DIGEST, version="5", number=3, success=True
)
DEPLOYMENT, RELEASE = DeploymentId("deployment"), ReleaseId("release")
SCOPES = (Scope("team:read:*"),)


def sealed(text: str, key: str = "key") -> Sealed:
    """A seal whose box is its text: the tests' people open it by reading."""
    return Sealed(key=KeyId(key), box=text)


WANTED = webhook_events.WebhookSettings(
    description="Build Bar", enabled=True, events=("contract_published",), consumer=FOO, provider_label="web"
)
UNTITLED = msgspec.structs.replace(WANTED, description="")
SENT = webhook_events.WebhookRequest(
    method="POST", destination="https://ci.example.org", references=("Token",), content=REF, mark="m"
)
BEGINNING: tuple[Event, ...] = (
    user_events.UserCreated(principal=KEVIN, key=KeyId("key"), name=sealed("Kevin"), email=sealed("k@e")),
    user_events.UserCreated(
        principal=SALLY, key=KeyId("hers"), name=sealed("Sally", "hers"), email=sealed("s@e", "hers")
    ),
    system_account_events.SystemAccountCreated(principal=BOT, key=KeyId("key"), name=sealed("rotator")),
    application_events.ApplicationCreated(application=FOO, name="Foo", creator=KEVIN),
    application_events.ApplicationCreated(application=BAR, name="Bar", creator=KEVIN),
    role_events.RoleCreated(
        role=ROLE,
        name="Tester",
        description="",
        scopes=SCOPES,
        predefined=False,
        locked=False,
        assignable=True,
        api_access=True,
    ),
    team_events.TeamCreated(team=TEAM, name="A", default=False),
    environment_events.EnvironmentCreated(
        environment=PROD, name="prod", display_name="Production", production=True
    ),
    secret_events.SecretCreated(secret=SECRET, name="Token", description="", team=TEAM, value=REF),
    webhook_events.WebhookCreated(webhook=HOOK, given="", settings=WANTED, request=SENT, team=TEAM),
    webhook_events.WebhookCreated(
        webhook=NAMELESS, given="what-its-client-calls-it", settings=UNTITLED, request=SENT, team=None
    ),
    resource_events.ResourceRegistered(resource=THING, type="todo", name="t-1", owner=SALLY),
)
REMOVED = contract_events.RemovedContract(
    contract=CONTRACT, consumer=FOO, provider=BAR, version="1", digest=DIGEST
)
RESTORED = deletion_events.RestoredContract(
    contract=CONTRACT,
    consumer=FOO,
    provider=BAR,
    version="1",
    branch=None,
    digest=DIGEST,
    body=REF,
    bytes=2,
    created_at=AT,
)
MAIN_BRANCH = Change(field="main_branch", before=None, after="main")
NAMED = user_events.PrincipalNamesChanged(
    principal=SALLY, first_before=None, first_after=sealed("S"), last_before=None, last_after=None
)
PROVISIONED = user_events.PrincipalExternalIdsChanged(
    principal=SALLY, id_before=None, id_after=sealed("S"), username_before=None, username_after=None
)
OWED = webhook_events.Delivery(delivery=DeliveryId("d"), webhook=HOOK)
TOLD: tuple[tuple[Event, str], ...] = (
    (
        catalogue_events.OwnCatalogueAdopted(
            name="todo", number_before=0, catalogue=OwnCatalogue(name="todo", number=1)
        ),
        "adopted the own permission catalogue todo 1",
    ),
    (
        catalogue_events.OwnCatalogueAdopted(
            name="todo", number_before=1, catalogue=OwnCatalogue(name="todo", number=3)
        ),
        "replaced the own permission catalogue todo 1 by 3",
    ),
    (
        catalogue_events.OwnCatalogueWithdrawn(name="todo", number_before=3),
        "withdrew the own permission catalogue todo 3",
    ),
    (
        resource_events.ResourceRegistered(resource=THING, type="todo", name="t-1", teams=(TEAM,)),
        "registered the todo t-1",
    ),
    (
        resource_events.ResourceOwnerChanged(resource=THING, before=SALLY, after=None),
        "took from Sally the todo t-1",
    ),
    (
        resource_events.ResourceOwnerChanged(resource=THING, before=SALLY, after=KEVIN),
        "gave Kevin the todo t-1",
    ),
    (
        user_events.PrincipalAliasAdded(principal=SALLY, alias=AliasId("a"), text=sealed("CiRm", "hers")),
        "gave Sally the alias CiRm",
    ),
    (
        user_events.PrincipalAliasRemoved(principal=SALLY, alias=AliasId("a"), text=None),
        "took the alias that they had from Sally",
    ),
    (
        resource_events.ResourceTeamsChanged(resource=THING, added=(TEAM,)),
        "changed the teams of the todo t-1: to A",
    ),
    (
        resource_events.ResourcePropertiesChanged(
            resource=THING, changes=(resource_events.PropertyChange("status", "new", "done"),)
        ),
        "changed status of the todo t-1",
    ),
    (
        resource_events.ResourceRemoved(resource=THING, type="todo", name="t-1"),
        "removed the todo t-1 from what is registered",
    ),
    (
        route_table_events.RouteTableAdopted(
            name="broker", number_before=0, table=RouteTable(name="broker", number=3)
        ),
        "adopted the route table broker, number 3",
    ),
    (
        route_table_events.RouteTableWithdrawn(name="broker", number_before=3),
        "withdrew the route table broker",
    ),
    (
        change_events.ChangeAuthorised(
            change=CHANGE,
            table="broker",
            number=3,
            mode="nginx",
            method="PUT",
            route="/x/{y}",
            parameters=(),
            on=(Thing("application", FOO, "Foo"), Thing("environment", "*")),
        ),
        "was allowed PUT /x/{y} of broker on Foo; whether it was made is not known until it is reported",
    ),
    (
        change_events.ChangeReported(
            change=CHANGE,
            principal=SALLY,
            table="broker",
            method="PUT",
            route="/x/{y}",
            on=(Thing("application", "", "New"),),
            status=201,
        ),
        "reported that the change that Sally was allowed, PUT /x/{y} of broker on New, was made (201)",
    ),
    (
        secret_events.SecretCreated(secret=SECRET, name="Token", description="", team=TEAM, value=REF),
        "created the secret Token of the team A",
    ),
    (
        secret_events.SecretEdited(secret=SECRET, changes=(Change(field="name", before="T", after="Token"),)),
        "changed the name from T to Token of the secret Token",
    ),
    (
        secret_events.SecretRotated(secret=SECRET, value=REF, value_before=REF),
        "gave the secret Token another value",
    ),
    (
        secret_events.SecretMoved(secret=SECRET, name="Token", team_before=TEAM, team=None),
        "moved the secret Token from the team A to no team",
    ),
    (
        secret_events.SecretMoved(
            secret=SECRET, name="Token", team_before=TEAM, team=None, team_deleted=True, conflicting=True
        ),
        "thereby moved the secret Token from the team A to no team, where another one has its name: it cannot be used"
        " until it is renamed",
    ),
    (
        secret_events.SecretDeleted(secret=SECRET, name="Token", team=None, value_before=REF),
        "deleted the secret Token",
    ),
    (
        webhook_events.WebhookCreated(webhook=HOOK, given="", settings=WANTED, request=SENT, team=TEAM),
        "created the webhook Build Bar of the team A: POST https://ci.example.org",
    ),
    (
        webhook_events.WebhookEdited(
            webhook=HOOK, before=WANTED, after=msgspec.structs.replace(WANTED, enabled=False, events=())
        ),
        "changed enabled and events of the webhook Build Bar",
    ),
    (
        webhook_events.WebhookRequestChanged(
            webhook=HOOK, before=SENT, after=msgspec.structs.replace(SENT, destination="http://other")
        ),
        "changed the request of the webhook Build Bar, which goes to http://other now in place of https://ci.example.org",
    ),
    (
        webhook_events.WebhookMoved(webhook=HOOK, team_before=TEAM, team=None, team_deleted=True),
        "thereby moved the webhook Build Bar from the team A to no team",
    ),
    (
        webhook_events.WebhookTrusted(webhook=HOOK, left=TEAM),
        "let the webhook Build Bar draw on secrets without a team",
    ),
    (
        webhook_events.WebhookDeleted(webhook=HOOK, settings=WANTED, request=SENT, team=None),
        "deleted the webhook Build Bar",
    ),
    (
        webhook_events.WebhookDeleted(
            webhook=HOOK, settings=WANTED, request=SENT, team=TEAM, because="application"
        ),
        "thereby removed the webhook Build Bar of the team A, with its application",
    ),
    (
        webhook_events.WebhookCreated(
            webhook=NAMELESS, given="what-its-client-calls-it", settings=UNTITLED, request=SENT, team=None
        ),
        "created the webhook what-its-client-calls-it: POST https://ci.example.org",
    ),
    (
        webhook_events.WebhookDeleted(
            webhook=NAMELESS, settings=UNTITLED, request=SENT, team=None, because="integration"
        ),
        "thereby removed the webhook what-its-client-calls-it, with its integration",
    ),
    (
        webhook_events.WebhooksTriggered(
            event="contract_published",
            consumer=FOO,
            provider=BAR,
            consumer_version="1",
            deliveries=(OWED,),
        ),
        "thereby triggered the webhook Build Bar by contract_published of Foo/Bar",
    ),
    (
        webhook_events.WebhookTestOrdered(
            delivery=OWED.delivery,
            webhook=HOOK,
            method="POST",
            destination="https://ci.example.org",
            references=(),
            team=TEAM,
        ),
        "had the webhook Build Bar execute once as a test: POST https://ci.example.org",
    ),
    (
        webhook_events.WebhookExecuted(
            delivery=OWED.delivery,
            webhook=HOOK,
            event="contract_published",
            attempt=2,
            success=False,
            status=500,
            problem="status",
            sent_at=AT,
            milliseconds=12,
            response_bytes=0,
            next_at=AT,
        ),
        "executed the webhook Build Bar in vain (attempt 2, status 500)",
    ),
    (
        webhook_events.WebhookExecuted(
            delivery=OWED.delivery,
            webhook=None,
            event="test",
            attempt=1,
            success=False,
            status=None,
            problem="target_denied",
            sent_at=AT,
            milliseconds=0,
            response_bytes=None,
        ),
        "executed a webhook that is not saved in vain (attempt 1, target denied)",
    ),
    (
        webhook_events.WebhookDeliveryAbandoned(
            delivery=OWED.delivery, webhook=HOOK, attempts=1, because="disabled"
        ),
        "gave up what the webhook Build Bar still owed, as it is disabled",
    ),
    (
        preference_events.PreferenceChanged(
            name="tokenExpiry", before=None, after=preference_events.Expiry(value=1, period="months")
        ),
        "changed the system preference tokenExpiry from nothing to 1 month",
    ),
    (
        preference_events.PreferenceChanged(name="defaultRole", before=None, after=ROLE),
        "changed the system preference defaultRole from nothing to the role Tester",
    ),
    (
        preference_events.PreferenceChanged(name="staticBanner", before="Hello\nthere", after="a" * 70),
        f"changed the system preference staticBanner from «Hello there» to «{'a' * 60}…»",
    ),
    (
        preference_events.PreferenceContactsChanged(key=KeyId("key"), before=None, after=sealed("a@b\nc@d")),
        "changed the operational contacts",
    ),
    (
        preference_events.PreferenceContactsChanged(key=None, before=sealed("a@b"), after=None),
        "took away the operational contacts",
    ),
    (
        preference_events.PersonalPreferenceChanged(
            principal=KEVIN, name="defaultTeamView", before=None, after=TEAM
        ),
        "changed their own preference defaultTeamView from nothing to the team A",
    ),
    (
        preference_events.PersonalPreferenceChanged(
            principal=KEVIN, name="tokenExpiryAlert", before=True, after=False
        ),
        "changed their own preference tokenExpiryAlert from on to off",
    ),
    (
        AuthenticationChanged(
            google_email_domains_before=None,
            google_email_domains=("example.org",),
            github_organizations_before=("a", "b"),
            github_organizations=(),
        ),
        "changed who may sign in: Google e-mail domains from none to example.org and GitHub organisations from a "
        "and b to none",
    ),
    (account.LogOpened(account="a", epoch="e", origin="o", verifier="v"), "opened the account"),
    (
        account.KeyAdded(fingerprint="1a2b3c4d", verifier="v"),
        "added the key 1a2b3c4d, under which is sealed and signed from here on",
    ),
    (
        account.LogRestored(epoch_before="e", epoch="f", lost_from=5, lost_to=7),
        "restored the log from another copy, which lost positions 5 to 7",
    ),
    (
        account.LogRestored(epoch_before="e", epoch="f", lost_from=72, lost_to=72),
        "restored the log from another copy, which lost position 72",
    ),
    (
        account.LogRestored(epoch_before="e", epoch="f", lost_from=0, lost_to=0),
        "restored the log from another copy, in which nothing was lost as far as that machine had seen",
    ),
    (
        account.CatalogueAdopted(number_before=0, catalogue=shipped()),
        f"adopted permission catalogue {shipped().number}",
    ),
    (
        account.TrailRead(filters={"outcome": "denied"}, until=9),
        "read the audit trail up to position 9 (outcome denied)",
    ),
    (account.BreakGlassUsed(principal=SALLY), "broke the glass and gave Sally the way back in"),
    (
        AttemptDenied(command="publish_contract", arguments={}, missing="contract_data:manage on Baz"),
        "tried to publish a contract and was refused: contract_data:manage on Baz was missing",
    ),
    (BEGINNING[5], "created the role Tester with 1 permission"),
    (
        role_events.RoleRenamed(role=ROLE, before="Tester", after="Prüfer"),
        "renamed the role Tester to Prüfer",
    ),
    (
        role_events.RoleDescribed(role=ROLE, before="", after="tests"),
        "changed the description of the role Tester",
    ),
    (
        role_events.RolePermissionsChanged(
            role=ROLE, before=SCOPES, after=(Scope("a:b:*"), Scope("c:d:team"))
        ),
        "gave the role Tester a:b:* and c:d:team and took team:read:* from it",
    ),
    (
        role_events.RoleReset(
            role=ROLE,
            before=role_events.Definition(name="Tester", description="x", scopes=SCOPES),
            after=role_events.Definition(name="User", description="", scopes=(Scope("c:d:team"),)),
        ),
        "reset the predefined role Tester: renamed it to User, gave it back its description, gave it c:d:team and took "
        "team:read:* from it",
    ),
    (
        role_events.RoleDeleted(role=ROLE, name="Tester", scopes=SCOPES),
        "deleted the role Tester with 1 permission",
    ),
    (BEGINNING[6], "created the team A"),
    (team_events.TeamRenamed(team=TEAM, before="A", after="B"), "renamed the team A to B"),
    (
        team_events.TeamMembersChanged(team=TEAM, added=(SALLY, BOT), removed=(KEVIN,)),
        "added Sally and system account rotator to team A and removed Kevin from team A",
    ),
    (
        team_events.TeamAdministratorsChanged(team=TEAM, added=(SALLY,)),
        "added Sally to the administrators of team A",
    ),
    (team_events.TeamApplicationsChanged(team=TEAM, removed=(FOO,)), "removed Foo from team A"),
    (team_events.TeamEnvironmentsChanged(team=TEAM, added=(PROD,)), "added prod to team A"),
    (team_events.TeamDeleted(team=TEAM, name="A", default=False), "deleted the team A"),
    (BEGINNING[1], "created the user Sally"),
    (
        user_events.PrincipalRenamed(principal=SALLY, before=sealed("Sally"), after=sealed("Sally Smith")),
        "renamed Sally to Sally Smith",
    ),
    (
        user_events.PrincipalEmailChanged(principal=SALLY, before=sealed("s@e"), after=sealed("t@e")),
        "changed the e-mail address of Sally to t@e",
    ),
    (NAMED, "changed the first or last name of Sally"),
    (PROVISIONED, "changed what an identity provider calls Sally"),
    (user_events.PrincipalDisabled(principal=SALLY), "disabled Sally"),
    (user_events.PrincipalEnabled(principal=SALLY), "enabled Sally"),
    (user_events.PrincipalRolesChanged(principal=SALLY, added=(ROLE,)), "gave Sally the role Tester"),
    (user_events.PrincipalDeleted(principal=SALLY), "deleted Sally"),
    (
        person_events.PersonForgotten(principal=SALLY, keys=(KeyId("hers"),)),
        f"forgot the person {SALLY}: no name or address of theirs can be read again",
    ),
    (
        user_events.InvitationIssued(
            invitation=InvitationId("i"), principal=SALLY, digest=DIGEST, expires_at=AT
        ),
        "invited Sally",
    ),
    (
        user_events.InvitationRedeemed(invitation=InvitationId("i"), principal=SALLY),
        "redeemed the invitation of Sally",
    ),
    (
        user_events.InvitationRevoked(invitation=InvitationId("i"), principal=SALLY),
        "thereby revoked the open invitation of Sally",
    ),
    (BEGINNING[2], "created the system account rotator"),
    (
        token_events.TokenIssued(token=TOKEN, principal=BOT, read_only=True, digest=DIGEST, value=REF),
        "issued a read only token to system account rotator",
    ),
    (
        token_events.TokenRegenerated(
            token=TOKEN, principal=SALLY, digest=DIGEST, value=REF, value_before=REF
        ),
        "regenerated a token of Sally",
    ),
    (token_events.TokenRevoked(token=TOKEN, principal=SALLY, value_before=REF), "revoked a token of Sally"),
    (BEGINNING[3], "created the application Foo"),
    (
        application_events.ApplicationEdited(application=FOO, changes=(MAIN_BRANCH,)),
        "changed the main branch from nothing to main of the application Foo",
    ),
    (
        application_events.ApplicationDeleted(application=FOO, name="Foo", contracts=2),
        "deleted the application Foo with 2 contracts",
    ),
    (
        application_events.ApplicationsRemoved(applications=(FOO, BAR), names=("Foo", "Bar")),
        "thereby removed the unreferenced applications Foo and Bar",
    ),
    (
        contract_events.ContractPublished(
            contract=CONTRACT,
            consumer=FOO,
            provider=BAR,
            version="1",
            branch=None,
            digest=DIGEST,
            body=REF,
            bytes=2,
        ),
        "published the contract Foo/Bar for version 1",
    ),
    (
        contract_events.ContractDeleted(
            contract=CONTRACT, consumer=FOO, provider=BAR, version="1", digest=DIGEST
        ),
        "deleted the contract Foo/Bar of version 1",
    ),
    (
        contract_events.IntegrationContractsDeleted(consumer=FOO, provider=BAR, contracts=3),
        "deleted all 3 contracts of the integration Foo/Bar",
    ),
    (
        contract_events.IntegrationTaggedContractsDeleted(
            consumer=FOO, provider=BAR, tag="prod", contracts=2
        ),
        "deleted 2 contracts of the integration Foo/Bar with the tag prod",
    ),
    (
        contract_events.IntegrationBranchContractsDeleted(
            consumer=FOO, provider=BAR, branch="feat", contracts=1
        ),
        "deleted 1 contract of the integration Foo/Bar of the branch feat",
    ),
    (
        contract_events.IntegrationDeleted(consumer=FOO, provider=BAR, contracts=1),
        "deleted the integration Foo/Bar with 1 contract",
    ),
    (
        contract_events.IntegrationsDeleted(integrations=2, contracts=5),
        "deleted every integration: 2 integrations with 5 contracts",
    ),
    (contract_events.ContractsRemoved(contracts=(REMOVED,)), "thereby removed the contract Foo/Bar/1"),
    (
        deletion_events.DeletionRestored(
            deletion=EventId("event"), of="integration.deleted", contracts=2, applications=1, not_restored=1
        ),
        "restored what a deletion had removed: 1 application and 2 contracts, and left out 1 thing",
    ),
    (
        deletion_events.ContractsRestored(contracts=(RESTORED,)),
        "thereby published the contract Foo/Bar/1 again",
    ),
    (
        deletion_events.FactsRestored(
            facts=(
                deletion_events.RestoredFact(
                    at=AT, by=KEVIN, event=version_events.VersionCreated(application=FOO, version="1")
                ),
                deletion_events.RestoredFact(at=AT, by=None, event=VERIFIED),
            )
        ),
        "thereby restored 1 version and 1 verification result",
    ),
    (
        deletion_events.ContractBodiesForgotten(
            unheld_since=AT, bodies=(deletion_events.ForgottenBody(digest=DIGEST, body=REF),) * 2
        ),
        "forgot 2 bodies of contracts that nothing held any longer",
    ),
    (VERIFIED, "published that version 5 of Bar passed the verification of Foo/Bar"),
    (
        msgspec.structs.replace(VERIFIED, success=False),
        "published that version 5 of Bar failed the verification of Foo/Bar",
    ),
    (
        result_events.VerificationDeleted(
            result=RESULT, consumer=FOO, provider=BAR, digest=DIGEST, version="5", number=3, success=True
        ),
        "deleted the verification result 3 of Foo/Bar, by version 5",
    ),
    (
        result_events.VerificationResultsRemoved(
            results=(
                result_events.RemovedResult(
                    result=RESULT, consumer=FOO, provider=BAR, digest=DIGEST, version="5", number=3
                ),
            )
        ),
        "thereby removed the verification result Foo/Bar/3",
    ),
    (
        version_events.VersionCreated(application=FOO, version="1"),
        "created version 1 of the application Foo",
    ),
    (
        version_events.VersionEdited(
            application=FOO, version="1", build_url_before=None, build_url="https://ci.example.org/1"
        ),
        "changed where version 1 of the application Foo was built from nothing to https://ci.example.org/1",
    ),
    (
        version_events.VersionDeleted(application=FOO, version="1", contracts=2),
        "deleted version 1 of the application Foo with 2 contracts",
    ),
    (
        version_events.VersionTagged(application=FOO, version="1", tag="prod"),
        "tagged version 1 of the application Foo as prod",
    ),
    (
        version_events.VersionUntagged(application=FOO, version="1", tag="prod"),
        "took the tag prod from version 1 of the application Foo",
    ),
    (
        version_events.VersionsRemoved(
            versions=(
                version_events.RemovedVersion(application=FOO, version="1"),
                version_events.RemovedVersion(application=BAR, version="2"),
            )
        ),
        "thereby removed the versions Foo/1 and Bar/2",
    ),
    (
        version_events.TagsRemoved(
            tags=(version_events.RemovedTag(application=FOO, version="1", tag="prod"),)
        ),
        "thereby removed the tag Foo/1/prod",
    ),
    (
        branch_events.VersionPutOnBranch(application=FOO, branch="main", version="1"),
        "put version 1 of the application Foo on the branch main",
    ),
    (
        branch_events.VersionTakenOffBranch(application=FOO, branch="main", version="1"),
        "took version 1 of the application Foo off the branch main",
    ),
    (
        branch_events.BranchDeleted(application=FOO, branch="main", versions=1),
        "deleted the branch main of the application Foo, which held 1 version",
    ),
    (
        branch_events.BranchesDeleted(application=FOO, branches=2, versions=3),
        "deleted 2 branches of the application Foo, which held 3 versions",
    ),
    (
        branch_events.BranchesRemoved(
            branches=(
                branch_events.RemovedBranch(application=FOO, branch="a"),
                branch_events.RemovedBranch(application=FOO, branch="b"),
            )
        ),
        "thereby removed the branches Foo/a and Foo/b",
    ),
    (
        branch_events.BranchVersionsRemoved(
            branch_versions=(branch_events.RemovedBranchVersion(application=FOO, branch="a", version="1"),)
        ),
        "thereby took from its branch Foo/a/1",
    ),
    (label_events.LabelAdded(application=FOO, label="web"), "labelled the application Foo as web"),
    (
        label_events.LabelRemoved(application=FOO, label="web"),
        "took the label web from the application Foo",
    ),
    (
        label_events.LabelsRemoved(labels=(label_events.RemovedLabel(application=FOO, label="web"),)),
        "thereby removed the label Foo/web",
    ),
    (BEGINNING[7], "created the environment prod"),
    (
        environment_events.EnvironmentEdited(
            environment=PROD, changes=(Change(field="production", before="true", after="false"),)
        ),
        "changed the production from true to false of the environment prod",
    ),
    (
        environment_events.EnvironmentContactsChanged(
            environment=PROD, key=KeyId("key"), before=None, after=sealed('[{"name":"Ann"}]')
        ),
        "changed the contacts of the environment prod",
    ),
    (environment_events.EnvironmentDeleted(environment=PROD, name="prod"), "deleted the environment prod"),
    (
        deployment_events.DeploymentRecorded(
            deployment=DEPLOYMENT,
            application=FOO,
            version="2",
            environment=PROD,
            instance="blue",
            replaces=DEPLOYMENT,
            replaces_version="1",
        ),
        "recorded the deployment of version 2 of the application Foo to prod (instance blue), in place of version 1",
    ),
    (
        deployment_events.DeploymentEnded(
            deployment=DEPLOYMENT, application=FOO, version="2", environment=PROD
        ),
        "recorded that version 2 of the application Foo is no longer deployed to prod",
    ),
    (
        deployment_events.ReleaseRecorded(release=RELEASE, application=FOO, version="2", environment=PROD),
        "recorded the release of version 2 of the application Foo to prod",
    ),
    (
        deployment_events.ReleaseSupportEnded(
            release=RELEASE, application=FOO, version="2", environment=PROD
        ),
        "recorded that version 2 of the application Foo is no longer supported in prod",
    ),
    (
        deployment_events.DeploymentsRemoved(
            deployments=(
                deployment_events.RemovedDeployment(
                    deployment=DEPLOYMENT, application=FOO, version="1", environment=PROD
                ),
                deployment_events.RemovedDeployment(
                    deployment=DEPLOYMENT, application=BAR, version="2", environment=PROD
                ),
            )
        ),
        "thereby removed the recorded deployments Foo/1 (prod) and Bar/2 (prod)",
    ),
    (
        deployment_events.ReleasesRemoved(
            releases=(
                deployment_events.RemovedRelease(
                    release=RELEASE, application=FOO, version="1", environment=PROD
                ),
            )
        ),
        "thereby removed the recorded release Foo/1 (prod)",
    ),
)


class Telling:
    """A directory after the beginning, and names as of its last position. `forgotten` are destroyed keys."""

    def __init__(self, forgotten: str = "") -> None:
        self.directory = Directory()
        self.people = People(lambda one: None if one.sealed.key == forgotten else one.sealed.box)
        for event in BEGINNING:
            self.add(event)

    def add(self, event: Event, actor: Actor | None = None) -> Recorded:
        """The next record, folded."""
        position = self.directory.position + 1
        record = Recorded(
            v=recorded.VERSION,
            position=position,
            id=EventId(str(uuid.UUID(int=position))),
            recorded_at=AT + timedelta(seconds=position),
            rule=1,
            catalogue=1,
            release="0",
            actor=actor or Actor(principal=KEVIN),
            data=event,
        )
        self.directory.apply(record)
        self.people.learn(record)
        return record

    def names(self) -> Names:
        return Names(self.directory, self.people, self.directory.position)


def told(event: Event, actor: Actor | None = None, forgotten: str = "") -> str:
    """The sentence of the event as the next record."""
    telling = Telling(forgotten)
    if isinstance(event, role_events.RoleRenamed | team_events.TeamRenamed | user_events.PrincipalRenamed):
        record = msgspec.structs.replace(
            telling.add(account.BreakGlassUsed(principal=KEVIN), actor), data=event
        )
    else:
        record = telling.add(event, actor)
    return sentence(record, telling.names())


@pytest.mark.parametrize(("event", "did"), TOLD, ids=[recorded.kind_of(event) for event, _ in TOLD])
def test_every_kind_has_its_sentence(event: Event, did: str) -> None:
    """Somebody who reads the trail understands it without knowing the service."""
    assert f"Kevin {did}." == told(event)


def test_the_table_above_names_every_kind() -> None:
    """A kind that is added without its sentence is found here."""
    assert set(trail.KINDS) == {recorded.kind_of(event) for event, _ in TOLD}


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        (Actor(principal=SALLY), "Sally"),
        (Actor(principal=BOT), "system account rotator"),
        (Actor(principal=KEVIN, on_behalf_of=SALLY), "Kevin (on behalf of Sally)"),
        (Actor(console=sealed("root")), "root at the console"),
        (Actor(system="first start"), "The service"),
        (Actor(), "The bearer of an invitation's code"),
        (Actor(principal=PrincipalId("unknown")), "unknown"),
    ],
)
def test_every_actor_is_called_something(actor: Actor, who: str) -> None:
    """Whoever acted is named as what they are, a principal or not."""
    assert f"{who} disabled Kevin." == told(user_events.PrincipalDisabled(principal=KEVIN), actor)


def test_a_forgotten_person_is_called_forgotten_and_nobody_else_is() -> None:
    """A destroyed key takes one person's words and leaves the sentence standing."""
    event = team_events.TeamMembersChanged(team=TEAM, added=(KEVIN, SALLY))

    assert "Kevin added Kevin and (forgotten) to team A." == told(event, forgotten="hers")


def test_what_had_ended_is_called_what_it_was_last_called() -> None:
    """The children of a deletion speak of what is gone already by the name that it had."""
    telling = Telling()
    telling.add(application_events.ApplicationDeleted(application=FOO, name="Foo", contracts=1))
    record = telling.add(contract_events.ContractsRemoved(contracts=(REMOVED,)))

    assert "Kevin thereby removed the contract Foo/Bar/1." == sentence(record, telling.names())


def test_a_changed_seal_does_not_hide_the_rest() -> None:
    """One entry that was tampered with is unreadable; the trail goes on, and `verify` names the entry."""
    telling = Telling()
    record = telling.add(user_events.PrincipalDisabled(principal=SALLY))

    def broken(personal: Personal) -> str | None:
        raise errors.Broken("This seal does not open.")

    names = Names(telling.directory, People(broken), record.position)
    assert "(unreadable) disabled (unreadable)." == sentence(record, names)


def test_long_lists_are_cut_and_counted() -> None:
    """A bulk action is one readable line; how much more there is stands in it."""
    gone = tuple(msgspec.structs.replace(REMOVED, version=str(version)) for version in range(8))

    assert told(contract_events.ContractsRemoved(contracts=gone)).endswith("Foo/Bar/4 and 3 more.")


def test_repeats_of_an_attempt_say_how_many() -> None:
    """The second record of a denied attempt counts the repeats of its minute."""
    event = AttemptDenied(
        command="delete_integration",
        arguments={},
        missing="x:y",
        count=12,
        first=EventId("1"),
        on=Thing("a", "b"),
    )
    again = "Kevin tried to delete an integration 12 more times and was refused: x:y was missing."
    assert again == told(event)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            role_events.RoleRenamed(role=ROLE, before="Tester", after="Prüfer"),
            (Changed(field="name", before="Tester", after="Prüfer"),),
        ),
        (
            application_events.ApplicationEdited(application=FOO, changes=(MAIN_BRANCH,)),
            (Changed(field="mainBranch", before=None, after="main"),),
        ),
        (
            user_events.PrincipalDisabled(principal=SALLY),
            (Changed(field="active", before=True, after=False),),
        ),
        (NAMED, (Changed(field="firstName", before=None, after="S"),)),
        (PROVISIONED, (Changed(field="externalIdpId", before=None, after="S"),)),
        (
            role_events.RoleReset(
                role=ROLE,
                before=role_events.Definition(name="Tester", description="x", scopes=SCOPES),
                after=role_events.Definition(name="User", description="x", scopes=SCOPES),
            ),
            (Changed(field="name", before="Tester", after="User"),),
        ),
        (account.TrailRead(filters={}, until=1), ()),
    ],
)
def test_changes_have_both_values(event: Event, expected: tuple[Changed, ...]) -> None:
    """Before and after stand beside each other under the names that the API gives the fields."""
    telling = Telling()
    assert expected == changes(telling.add(event), telling.names())


def test_every_kind_says_what_it_changed() -> None:
    """No kind fails to be shown, and none shows a seal in the place of a text."""
    for event, _ in TOLD:
        telling = Telling()
        for one in changes(telling.add(event), telling.names()):
            assert not isinstance(one.before, Sealed)
            assert not isinstance(one.after, Sealed)
