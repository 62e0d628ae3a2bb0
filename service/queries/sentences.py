"""One record as one plain English sentence, for people: who did what to whom, called what they were called then."""

from collections.abc import Callable, Iterable
from typing import assert_never

from service.events import AccountEvent, Event, account, attempts
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
from service.queries import (
    deploying,
    forwarded,
    own_types,
    preferring,
    secrets,
    undoing,
    versioning,
    webhooks,
    wording,
)
from service.queries.names import Names

_BesideContracts = (
    result_events.ResultEvent
    | versioning.VersioningEvent
    | deletion_events.DeletionEvent
    | deployment_events.DeploymentEvent
    | forwarded.ForwardedEvent
)
_TRIED = {
    "read_trail": "read the audit trail",
    "open_account": "open the account",
    "break_glass": "break the glass",
    "change_members": "change a team's members",
    "change_roles": "change somebody's roles",
    "change_organization_administrator": "change who is Organization Administrator",
    "change_preferences": "change preferences of the account",
    "change_personal_preferences": "change their own preferences",
    "change_authentication": "change the settings of signing in",
    "authorise_change": "change something behind a proxy",
    "report_change": "report what came of a change",
    "restore_deletion": "restore what a deletion removed",
    "put_on_branch": "put a version on a branch",
    "take_off_branch": "take a version off a branch",
    "delete_branches": "delete many branches",
    "delete_integrations": "delete every integration",
    "end_support": "end the support of a release",
    "delete_integration_contracts": "delete an integration's contracts",
    "delete_tagged_contracts": "delete an integration's contracts with a tag",
    "delete_branch_contracts": "delete an integration's contracts of a branch",
}


def sentence(record: Recorded, names: Names) -> str:
    """The record in one sentence. `names` are those of the record's position."""
    return f"{names.actor(record)} {_did(record.data, record, names)}."


def _did(event: Event, record: Recorded, names: Names) -> str:
    if isinstance(event, role_events.RoleEvent):
        return _role(event, names)
    if isinstance(event, team_events.TeamEvent):
        return _team(event, names)
    if isinstance(event, user_events.UserEvent):
        return _user(event, record, names)
    if isinstance(event, person_events.PersonEvent):
        return f"forgot the person {event.principal}: no name or address of theirs can be read again"
    if isinstance(event, system_account_events.SystemAccountEvent):
        return f"created the system account {names.text(record, 'name', event.name)}"
    if isinstance(event, token_events.TokenEvent):
        return _token(event, names)
    if isinstance(event, application_events.ApplicationEvent):
        return _application(event, names)
    if isinstance(event, contract_events.ContractEvent):
        return _contract(event, names)
    if isinstance(event, _BesideContracts):
        return _beside_contracts(event, names)
    if isinstance(event, environment_events.EnvironmentEvent):
        return _environment(event, names)
    if isinstance(event, secret_events.SecretEvent):
        return secrets.sentence(event, names)
    if isinstance(event, webhook_events.WebhookEvent):
        return webhooks.sentence(event, names)
    if isinstance(event, preference_events.PreferenceEvent):
        return preferring.sentence(event, names)
    if isinstance(event, authentication_events.AuthenticationEvent):
        return preferring.signing_in(event)
    return _account(event, names)


def _beside_contracts(event: _BesideContracts, names: Names) -> str:
    if isinstance(event, result_events.ResultEvent):
        return _result(event, names)
    if isinstance(event, versioning.VersioningEvent):
        return versioning.sentence(event, names)
    if isinstance(event, deletion_events.DeletionEvent):
        return undoing.sentence(event, names)
    if isinstance(event, forwarded.ForwardedEvent):
        return forwarded.sentence(event, names)
    return deploying.sentence(event, names)


def _lost(event: account.LogRestored) -> str:
    if not event.lost_from:
        return "in which nothing was lost as far as that machine had seen"
    if event.lost_from == event.lost_to:
        return f"which lost position {event.lost_from}"
    return f"which lost positions {event.lost_from} to {event.lost_to}"


def _account(event: AccountEvent | attempts.AttemptDenied | own_types.OwnTypeEvent, names: Names) -> str:
    if isinstance(event, own_types.OwnTypeEvent):
        return own_types.sentence(event, names)
    if isinstance(event, attempts.AttemptDenied):
        return _attempt(event)
    match event:
        case account.LogOpened():
            return "opened the account"
        case account.LogRestored():
            return f"restored the log from another copy, {_lost(event)}"
        case account.KeyAdded():
            return f"added the key {event.fingerprint}, under which is sealed and signed from here on"
        case account.CatalogueAdopted():
            return f"adopted permission catalogue {event.catalogue.number}"
        case account.TrailRead():
            filters = ", ".join(f"{name} {value}" for name, value in sorted(event.filters.items()))
            return f"read the audit trail up to position {event.until}" + (f" ({filters})" if filters else "")
        case account.BreakGlassUsed():
            return f"broke the glass and gave {names.principal(event.principal)} the way back in"
        case _:
            assert_never(event)


def _attempt(event: attempts.AttemptDenied) -> str:
    if event.command == attempts.VARIOUS:
        return f"tried various other things {wording.counted(event.count, 'more time')} and was refused"
    verb, _, rest = event.command.partition("_")
    noun = rest.replace("_", " ")
    article = "" if not noun or noun.endswith("s") else "an " if noun[0] in "aeio" else "a "
    tried = _TRIED.get(event.command) or f"{verb} {article}{noun}".rstrip()
    why = "the token is read only" if event.read_only_token else f"{event.missing} was missing"
    if event.count > 1 or event.first is not None:
        return f"tried to {tried} {wording.counted(event.count, 'more time')} and was refused: {why}"
    return f"tried to {tried} and was refused: {why}"


def _role(event: role_events.RoleEvent, names: Names) -> str:
    match event:
        case role_events.RoleCreated():
            return f"created the role {event.name} with {wording.counted(len(event.scopes), 'permission')}"
        case role_events.RoleRenamed():
            return f"renamed the role {event.before} to {event.after}"
        case role_events.RoleDescribed():
            return f"changed the description of the role {names.role(event.role)}"
        case role_events.RolePermissionsChanged():
            moved = _permissions(f"the role {names.role(event.role)}", event.before, event.after)
            return moved or f"put the permissions of the role {names.role(event.role)} into another order"
        case role_events.RoleReset():
            return _reset(event)
        case role_events.RoleDeleted():
            return f"deleted the role {event.name} with {wording.counted(len(event.scopes), 'permission')}"
        case _:
            assert_never(event)


def _reset(event: role_events.RoleReset) -> str:
    before, after = event.before, event.after
    renamed = f"renamed it to {after.name}" if after.name != before.name else ""
    described = "gave it back its description" if after.description != before.description else ""
    done = [one for one in (renamed, described, _permissions("it", before.scopes, after.scopes)) if one]
    return f"reset the predefined role {before.name}" + (f": {', '.join(done)}" if done else "")


def _permissions(role: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
    """What a role was given and what was taken from it; empty where that is nothing."""
    added = [scope for scope in after if scope not in before]
    removed = [scope for scope in before if scope not in after]
    return " and ".join(
        part
        for part in (
            f"gave {role} {wording.listed(added)}" if added else "",
            f"took {wording.listed(removed)} from {'it' if added else role}" if removed else "",
        )
        if part
    )


def _team(event: team_events.TeamEvent, names: Names) -> str:
    match event:
        case team_events.TeamCreated():
            return f"created the {'default ' if event.default else ''}team {event.name}"
        case team_events.TeamRenamed():
            return f"renamed the team {event.before} to {event.after}"
        case team_events.TeamMembersChanged():
            return _moved(f"team {names.team(event.team)}", event.added, event.removed, names.principal)
        case team_events.TeamAdministratorsChanged():
            of = f"the administrators of team {names.team(event.team)}"
            return _moved(of, event.added, event.removed, names.principal)
        case team_events.TeamApplicationsChanged():
            return _moved(f"team {names.team(event.team)}", event.added, event.removed, names.application)
        case team_events.TeamEnvironmentsChanged():
            return _moved(f"team {names.team(event.team)}", event.added, event.removed, names.environment)
        case team_events.TeamDeleted():
            return f"deleted the {'default ' if event.default else ''}team {event.name}"
        case _:
            assert_never(event)


def _user(event: user_events.UserEvent, record: Recorded, names: Names) -> str:
    match event:
        case user_events.UserCreated():
            return f"created the user {names.text(record, 'name', event.name)}"
        case user_events.PrincipalRenamed():
            before, after = (
                names.text(record, field, seal)
                for field, seal in (("before", event.before), ("after", event.after))
            )
            return f"renamed {before or 'somebody'} to {after}"
        case user_events.PrincipalEmailChanged():
            after = names.text(record, "after", event.after)
            whose = names.principal(event.principal)
            if after is None:
                return f"took the e-mail address from {whose}"
            return f"changed the e-mail address of {whose} to {after}"
        case user_events.PrincipalNamesChanged():
            return f"changed the first or last name of {names.principal(event.principal)}"
        case user_events.PrincipalExternalIdsChanged():
            return f"changed what an identity provider calls {names.principal(event.principal)}"
        case user_events.PrincipalAliasAdded() | user_events.PrincipalAliasRemoved():
            return own_types.alias(event, names.text(record, "text", event.text), names)
        case user_events.PrincipalDisabled():
            return f"disabled {names.principal(event.principal)}"
        case user_events.PrincipalEnabled():
            return f"enabled {names.principal(event.principal)}"
        case user_events.PrincipalRolesChanged():
            return _roles_changed(event, names)
        case user_events.PrincipalDeleted():
            return f"deleted {names.principal(event.principal)}"
        case user_events.InvitationIssued():
            return f"invited {names.principal(event.principal)}"
        case user_events.InvitationRedeemed():
            return f"redeemed the invitation of {names.principal(event.principal)}"
        case user_events.InvitationRevoked():
            return f"thereby revoked the open invitation of {names.principal(event.principal)}"
        case _:
            assert_never(event)


def _roles_changed(event: user_events.PrincipalRolesChanged, names: Names) -> str:
    who = names.principal(event.principal)
    added, removed = ([names.role(role) for role in roles] for roles in (event.added, event.removed))
    given = f"gave {who} the {wording.plural('role', added)} {wording.listed(added)}" if added else ""
    taken = (
        f"took the {wording.plural('role', removed)} {wording.listed(removed)} from {who}" if removed else ""
    )
    return " and ".join(filter(None, (given, taken)))


def _token(event: token_events.TokenEvent, names: Names) -> str:
    whose = names.principal(event.principal)
    match event:
        case token_events.TokenIssued():
            return f"issued a {'read only' if event.read_only else 'read/write'} token to {whose}"
        case token_events.TokenRegenerated():
            return f"regenerated a token of {whose}"
        case token_events.TokenRevoked():
            return f"revoked a token of {whose}"
        case _:
            assert_never(event)


def _application(event: application_events.ApplicationEvent, names: Names) -> str:
    match event:
        case application_events.ApplicationCreated():
            return f"created the application {event.name}"
        case application_events.ApplicationEdited():
            changes = wording.listed([wording.change(change) for change in event.changes])
            return f"changed {changes} of the application {names.application(event.application)}"
        case application_events.ApplicationDeleted():
            return f"deleted the application {event.name} with {wording.counted(event.contracts, 'contract')}"
        case application_events.ApplicationsRemoved():
            applications = wording.plural("application", event.names)
            return f"thereby removed the unreferenced {applications} {wording.listed(event.names)}"
        case _:
            assert_never(event)


def _contract(event: contract_events.ContractEvent, names: Names) -> str:
    match event:
        case contract_events.ContractPublished():
            pair = names.integration(event.consumer, event.provider)
            again = " again, with other content," if event.replaces not in (None, event.digest) else ""
            return f"published the contract {pair}{again} for version {event.version}"
        case contract_events.ContractDeleted():
            pair = names.integration(event.consumer, event.provider)
            return f"deleted the contract {pair} of version {event.version}"
        case contract_events.IntegrationContractsDeleted():
            pair = names.integration(event.consumer, event.provider)
            return f"deleted all {wording.counted(event.contracts, 'contract')} of the integration {pair}"
        case contract_events.IntegrationTaggedContractsDeleted():
            pair, contracts = (
                names.integration(event.consumer, event.provider),
                wording.counted(event.contracts, "contract"),
            )
            return f"deleted {contracts} of the integration {pair} with the tag {event.tag}"
        case contract_events.IntegrationBranchContractsDeleted():
            pair, contracts = (
                names.integration(event.consumer, event.provider),
                wording.counted(event.contracts, "contract"),
            )
            return f"deleted {contracts} of the integration {pair} of the branch {event.branch}"
        case contract_events.IntegrationDeleted():
            pair = names.integration(event.consumer, event.provider)
            return f"deleted the integration {pair} with {wording.counted(event.contracts, 'contract')}"
        case contract_events.IntegrationsDeleted():
            integrations = wording.counted(event.integrations, "integration")
            return f"deleted every integration: {integrations} with {wording.counted(event.contracts, 'contract')}"
        case contract_events.ContractsRemoved():
            gone = [
                f"{names.integration(one.consumer, one.provider)}/{one.version}" for one in event.contracts
            ]
            return f"thereby removed the {wording.plural('contract', gone)} {wording.listed(gone)}"
        case _:
            assert_never(event)


def _result(event: result_events.ResultEvent, names: Names) -> str:
    match event:
        case result_events.VerificationPublished():
            pair, provider = (
                names.integration(event.consumer, event.provider),
                names.application(event.provider),
            )
            done = "passed" if event.success else "failed"
            return f"published that version {event.version} of {provider} {done} the verification of {pair}"
        case result_events.VerificationDeleted():
            pair = names.integration(event.consumer, event.provider)
            return f"deleted the verification result {event.number} of {pair}, by version {event.version}"
        case result_events.VerificationResultsRemoved():
            gone = [f"{names.integration(one.consumer, one.provider)}/{one.number}" for one in event.results]
            return f"thereby removed the verification {wording.plural('result', gone)} {wording.listed(gone)}"
        case _:
            assert_never(event)


def _environment(event: environment_events.EnvironmentEvent, names: Names) -> str:
    match event:
        case environment_events.EnvironmentCreated():
            return f"created the environment {event.name}"
        case environment_events.EnvironmentEdited():
            changes = wording.listed([wording.change(change) for change in event.changes])
            return f"changed {changes} of the environment {names.environment(event.environment)}"
        case environment_events.EnvironmentContactsChanged():
            did = "removed" if event.after is None else "changed"
            return f"{did} the contacts of the environment {names.environment(event.environment)}"
        case environment_events.EnvironmentDeleted():
            return f"deleted the environment {event.name}"
        case _:
            assert_never(event)


def _moved(where: str, added: Iterable[str], removed: Iterable[str], name: Callable[[str], str]) -> str:
    come, gone = [name(one) for one in added], [name(one) for one in removed]
    return " and ".join(
        part
        for part in (
            f"added {wording.listed(come)} to {where}" if come else "",
            f"removed {wording.listed(gone)} from {where}" if gone else "",
        )
        if part
    )
