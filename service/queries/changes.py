"""What a record changed, field by field, before and after: the part of an audit trail that a table can show."""

from collections.abc import Callable, Iterable
from typing import assert_never

import msgspec

from service.events import AccountEvent, account, attempts
from service.events import applications as application_events
from service.events import authentication as authentication_events
from service.events import contracts as contract_events
from service.events import deletions as deletion_events
from service.events import deployments as deployment_events
from service.events import environments as environment_events
from service.events import people as person_events
from service.events import preferences as preference_events
from service.events import results as result_events
from service.events import roles as role_events
from service.events import secrets as secret_events
from service.events import system_accounts as system_account_events
from service.events import teams as team_events
from service.events import tokens as token_events
from service.events import users as user_events
from service.events import webhooks as webhook_events
from service.log.recorded import Recorded
from service.queries import deploying, forwarded, own_types, secrets, undoing, version_changes, webhooks
from service.queries.changed import Changed, Member
from service.queries.changed import ended as _ended
from service.queries.changed import made as _made
from service.queries.changed import one as _one
from service.queries.names import Names
from service.queries.versioning import VersioningEvent


def changes(record: Recorded, names: Names) -> tuple[Changed, ...]:
    """The fields that the record changed; seals are opened, or say «(forgotten)». `names` are of its position."""
    event = record.data
    if isinstance(event, role_events.RoleEvent):
        return _role(event)
    if isinstance(event, team_events.TeamEvent):
        return _team(event, names)
    if isinstance(event, user_events.UserEvent | system_account_events.SystemAccountEvent):
        return _principal(event, record, names)
    if isinstance(event, person_events.PersonEvent):
        return _ended(keys=list(event.keys))
    if isinstance(event, token_events.TokenEvent):
        return _token(event)
    if isinstance(event, application_events.ApplicationEvent):
        return _application(event)
    if isinstance(event, contract_events.ContractEvent):
        return _contract(event, names)
    if isinstance(event, result_events.ResultEvent):
        return _result(event, names)
    if isinstance(event, VersioningEvent):
        return version_changes.changes(event, names)
    if isinstance(event, deletion_events.DeletionEvent):
        return undoing.changes(event, names)
    if isinstance(event, environment_events.EnvironmentEvent):
        return _environment(event, record, names)
    if isinstance(event, deployment_events.DeploymentEvent):
        return _deployment(event, names)
    if isinstance(event, preference_events.PreferenceEvent):
        return _preference(event, record, names)
    if isinstance(event, secret_events.SecretEvent):
        return secrets.changes(event, names)
    if isinstance(event, webhook_events.WebhookEvent | forwarded.ForwardedEvent):
        return _outward(event, names)
    return _account(event, names)


def _outward(
    event: webhook_events.WebhookEvent | forwarded.ForwardedEvent, names: Names
) -> tuple[Changed, ...]:
    """Of what goes out to others, and of what others ask about."""
    if isinstance(event, webhook_events.WebhookEvent):
        return webhooks.changes(event, names)
    return forwarded.changes(event)


def _account(
    event: AccountEvent
    | attempts.AttemptDenied
    | authentication_events.AuthenticationEvent
    | own_types.OwnTypeEvent,
    names: Names,
) -> tuple[Changed, ...]:
    if isinstance(event, own_types.OwnTypeEvent):
        return own_types.changes(event, names)
    match event:
        case authentication_events.AuthenticationChanged():
            return _authentication(event)
        case account.CatalogueAdopted():
            return _one("catalogue", event.number_before, event.catalogue.number)
        case account.KeyAdded():
            return _made(key=event.fingerprint, verifier=event.verifier)
        case account.LogRestored():
            return _one("epoch", event.epoch_before, event.epoch)
        case account.LogOpened() | account.TrailRead() | account.BreakGlassUsed() | attempts.AttemptDenied():
            return ()
        case _:
            assert_never(event)


def _role(event: role_events.RoleEvent) -> tuple[Changed, ...]:
    match event:
        case role_events.RoleCreated():
            return _made(name=event.name, description=event.description, permissions=list(event.scopes))
        case role_events.RoleRenamed():
            return _one("name", event.before, event.after)
        case role_events.RoleDescribed():
            return _one("description", event.before, event.after)
        case role_events.RolePermissionsChanged():
            return (_permissions(event.before, event.after),)
        case role_events.RoleReset():
            before, after = event.before, event.after
            name, description = (
                _one(one, getattr(before, one), getattr(after, one)) for one in ("name", "description")
            )
            every = (*name, *description, _permissions(before.scopes, after.scopes))
            return tuple(one for one in every if one.before != one.after)
        case role_events.RoleDeleted():
            return _ended(name=event.name, permissions=list(event.scopes))
        case _:
            assert_never(event)


def _team(event: team_events.TeamEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case team_events.TeamCreated():
            return _made(name=event.name, default=event.default)
        case team_events.TeamRenamed():
            return _one("name", event.before, event.after)
        case team_events.TeamMembersChanged():
            return _relation("members", event.added, event.removed, names.principal)
        case team_events.TeamAdministratorsChanged():
            return _relation("administrators", event.added, event.removed, names.principal)
        case team_events.TeamApplicationsChanged():
            return _relation("applications", event.added, event.removed, names.application)
        case team_events.TeamEnvironmentsChanged():
            return _relation("environments", event.added, event.removed, names.environment)
        case team_events.TeamDeleted():
            return _ended(name=event.name)
        case _:
            assert_never(event)


def _principal(
    event: user_events.UserEvent | system_account_events.SystemAccountEvent, record: Recorded, names: Names
) -> tuple[Changed, ...]:
    def opened(field: str) -> str | None:
        return names.text(record, field, getattr(event, field))

    match event:
        case user_events.UserCreated():
            first, last = opened("first_name"), opened("last_name")
            return _made(name=opened("name"), email=opened("email"), firstName=first, lastName=last)
        case system_account_events.SystemAccountCreated():
            return _made(name=opened("name"), email=opened("email"))
        case user_events.PrincipalRenamed():
            return _one("name", opened("before"), opened("after"))
        case user_events.PrincipalEmailChanged():
            return _one("email", opened("before"), opened("after"))
        case user_events.PrincipalNamesChanged():
            firsts = _one("firstName", opened("first_before"), opened("first_after"))
            lasts = _one("lastName", opened("last_before"), opened("last_after"))
            return tuple(one for one in (*firsts, *lasts) if one.before != one.after)
        case user_events.PrincipalExternalIdsChanged():
            ids = _one("externalIdpId", opened("id_before"), opened("id_after"))
            usernames = _one("externalIdpUsername", opened("username_before"), opened("username_after"))
            return tuple(one for one in (*ids, *usernames) if one.before != one.after)
        case user_events.PrincipalAliasAdded() | user_events.PrincipalAliasRemoved():
            return (_made if isinstance(event, user_events.PrincipalAliasAdded) else _ended)(
                alias=opened("text")
            )
        case user_events.PrincipalDisabled():
            return _one("active", before=True, after=False)
        case user_events.PrincipalEnabled():
            return _one("active", before=False, after=True)
        case user_events.PrincipalRolesChanged():
            return _relation("roles", event.added, event.removed, names.role)
        case (
            user_events.PrincipalDeleted()
            | user_events.InvitationIssued()
            | user_events.InvitationRedeemed()
            | user_events.InvitationRevoked()
        ):
            return ()
        case _:
            assert_never(event)


def _token(event: token_events.TokenEvent) -> tuple[Changed, ...]:
    match event:
        case token_events.TokenIssued():
            return _made(readOnly=event.read_only, expiresAt=event.expires_at)
        case token_events.TokenRegenerated():
            return _one("expiresAt", event.expires_at_before, event.expires_at)
        case token_events.TokenRevoked():
            return ()
        case _:
            assert_never(event)


def _application(event: application_events.ApplicationEvent) -> tuple[Changed, ...]:
    match event:
        case application_events.ApplicationCreated():
            return _made(
                name=event.name,
                displayName=event.display_name,
                repositoryUrl=event.repository_url,
                mainBranch=event.main_branch,
            )
        case application_events.ApplicationEdited():
            return _fields(event.changes)
        case application_events.ApplicationDeleted():
            return _ended(name=event.name, contracts=event.contracts)
        case application_events.ApplicationsRemoved():
            gone = zip(event.applications, event.names, strict=True)
            return (
                Changed(field="applications", removed=tuple(Member(id=one, name=name) for one, name in gone)),
            )
        case _:
            assert_never(event)


def _contract(event: contract_events.ContractEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case contract_events.ContractPublished():
            return _one("content", event.replaces, event.digest)
        case contract_events.ContractDeleted():
            return _ended(content=event.digest)
        case contract_events.ContractsRemoved():
            return (_removed(event, names),)
        case (
            contract_events.IntegrationContractsDeleted()
            | contract_events.IntegrationTaggedContractsDeleted()
            | contract_events.IntegrationBranchContractsDeleted()
            | contract_events.IntegrationDeleted()
            | contract_events.IntegrationsDeleted()
        ):
            return ()  # the children of the same correlation say what vanished
        case _:
            assert_never(event)


def _result(event: result_events.ResultEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case result_events.VerificationPublished():
            return _made(success=event.success, version=event.version, buildUrl=event.build_url)
        case result_events.VerificationDeleted():
            return _ended(success=event.success, version=event.version)
        case result_events.VerificationResultsRemoved():
            gone = (
                Member(id=one.result, name=f"{names.integration(one.consumer, one.provider)}/{one.number}")
                for one in event.results
            )
            return (Changed(field="verificationResults", removed=tuple(gone)),)
        case _:
            assert_never(event)


def _environment(
    event: environment_events.EnvironmentEvent, record: Recorded, names: Names
) -> tuple[Changed, ...]:
    match event:
        case environment_events.EnvironmentCreated():
            return _made(name=event.name, displayName=event.display_name, production=event.production)
        case environment_events.EnvironmentEdited():
            return _fields(event.changes)
        case environment_events.EnvironmentContactsChanged():
            opened = (names.text(record, field, getattr(event, field)) for field in ("before", "after"))
            return _one("contacts", *map(_listed, opened))
        case environment_events.EnvironmentDeleted():
            return _ended(name=event.name)
        case _:
            assert_never(event)


def _deployment(event: deployment_events.DeploymentEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case deployment_events.DeploymentRecorded():
            return _one("deployedVersion", event.replaces_version, event.version)
        case deployment_events.DeploymentEnded():
            return _ended(deployedVersion=event.version)
        case deployment_events.ReleaseRecorded() if event.support_ended_at_before is not None:
            return _one("supportEndedAt", event.support_ended_at_before, None)
        case deployment_events.ReleaseRecorded():
            return _made(releasedVersion=event.version)
        case deployment_events.ReleaseSupportEnded():
            return _one("currentlySupported", before=True, after=False)
        case deployment_events.DeploymentsRemoved():
            gone = (Member(id=one.deployment, name=deploying.named(one, names)) for one in event.deployments)
            return (Changed(field="deployments", removed=tuple(gone)),)
        case deployment_events.ReleasesRemoved():
            ended = (Member(id=one.release, name=deploying.named(one, names)) for one in event.releases)
            return (Changed(field="releases", removed=tuple(ended)),)
        case _:
            assert_never(event)


def _preference(
    event: preference_events.PreferenceEvent, record: Recorded, names: Names
) -> tuple[Changed, ...]:
    match event:
        case preference_events.PreferenceChanged() | preference_events.PersonalPreferenceChanged():
            before, after = (
                msgspec.to_builtins(one) if isinstance(one, preference_events.Expiry) else one
                for one in (event.before, event.after)
            )
            return _one(event.name, before, after)
        case preference_events.PreferenceContactsChanged():
            opened = (names.text(record, field, getattr(event, field)) for field in ("before", "after"))
            return _one("operationalContacts", *((one or "").split() for one in opened))
        case _:
            assert_never(event)


def _authentication(event: authentication_events.AuthenticationEvent) -> tuple[Changed, ...]:
    google = _one("emailDomains", event.google_email_domains_before, event.google_email_domains)
    github = _one("githubOrganizations", event.github_organizations_before, event.github_organizations)
    return tuple(one for one in (*google, *github) if one.before != one.after)


def _permissions(before: tuple[str, ...], after: tuple[str, ...]) -> Changed:
    return Changed(
        field="permissions",
        before=list(before),
        after=list(after),
        added=_members((one for one in after if one not in before), str),
        removed=_members((one for one in before if one not in after), str),
    )


def _relation(
    field: str, added: Iterable[str], removed: Iterable[str], name: Callable[[str], str]
) -> tuple[Changed, ...]:
    return (Changed(field=field, added=_members(added, name), removed=_members(removed, name)),)


def _removed(event: contract_events.ContractsRemoved, names: Names) -> Changed:
    gone = (
        Member(id=one.contract, name=f"{names.integration(one.consumer, one.provider)}/{one.version}")
        for one in event.contracts
    )
    return Changed(field="contracts", removed=tuple(gone))


def _members(ids: Iterable[str], name: Callable[[str], str]) -> tuple[Member, ...]:
    return tuple(Member(id=one, name=name(one)) for one in ids)


def _fields(changes: Iterable[application_events.Change]) -> tuple[Changed, ...]:
    return tuple(
        Changed(field=_camel(change.field), before=change.before, after=change.after) for change in changes
    )


def _listed(text: str | None) -> object:
    """What a seal of JSON says; the word that stands for what cannot be shown."""
    try:
        return None if text is None else msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
