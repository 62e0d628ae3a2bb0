"""From an order to its facts: one place that knows which function decides which command."""

from typing import assert_never

from projections.view import View
from service.commands import (
    Command,
    account,
    aliases,
    applications,
    authentication,
    bodies,
    branches,
    changes,
    contracts,
    deletions,
    deliveries,
    deployments,
    environments,
    integrations,
    labels,
    organization,
    own_catalogues,
    people,
    preferences,
    resources,
    results,
    roles,
    route_tables,
    secrets,
    system_accounts,
    teams,
    tokens,
    users,
    versions,
    webhook_tests,
    webhooks,
)
from service.commands.order import Caller
from service.events import Event


def decide(command: Command, view: View, caller: Caller) -> list[Event]:
    """The facts that the command makes, or the error that refuses it. Pure."""
    match command:  # what machines ask for first: each case before the right one costs a look
        case applications.CreateApplication():
            return applications.create_application(command, view, caller)
        case applications.EditApplication():
            return applications.edit_application(command, view, caller)
        case applications.DeleteApplication():
            return applications.delete_application(command, view, caller)
        case contracts.PublishContract() | contracts.PublishContracts() | contracts.DeleteContract():
            return _contracts(command, view, caller)
        case results.PublishVerification() | results.DeleteVerification():
            return _results(command, view, caller)
        case (
            deliveries.RecordExecution()
            | deliveries.AbandonDelivery()
            | webhooks.CreateWebhook()
            | webhooks.EditWebhook()
            | webhooks.DeleteWebhook()
            | webhook_tests.TestWebhook()
        ):
            return _webhooks(command, view, caller)
        case (
            deletions.RestoreDeletion()
            | bodies.ForgetBodies()
            | integrations.DeleteIntegrationContracts()
            | integrations.DeleteTaggedContracts()
            | integrations.DeleteBranchContracts()
            | integrations.DeleteIntegration()
            | integrations.DeleteIntegrations()
        ):
            return _integrations(command, view, caller)
        case (
            versions.DescribeVersion()
            | versions.DeleteVersion()
            | versions.TagVersion()
            | versions.UntagVersion()
            | branches.PutOnBranch()
            | branches.TakeOffBranch()
            | branches.DeleteBranch()
            | branches.DeleteBranches()
            | labels.AddLabel()
            | labels.RemoveLabel()
        ):
            return _versions(command, view, caller)
        case (
            account.OpenAccount()
            | account.AdoptCatalogue()
            | account.ReadTrail()
            | account.BreakGlass()
            | account.RestoreLog()
            | account.AddKey()
        ):
            return _account(command, view, caller)
        case (
            roles.CreateRole()
            | roles.EditRole()
            | roles.ResetRoles()
            | roles.DeleteRole()
            | own_catalogues.AdoptOwnCatalogue()
            | own_catalogues.WithdrawOwnCatalogue()
        ):
            return _roles(command, view, caller)
        case teams.CreateTeam() | teams.EditTeam() | teams.ChangeMembers() | teams.DeleteTeam():
            return _teams(command, view, caller)
        case (
            users.InviteUser()
            | users.EditUser()
            | users.DeleteUser()
            | users.ChangeRoles()
            | users.RedeemInvitation()
            | aliases.SetAliases()
            | people.ForgetPerson()
            | organization.ChangeOrganizationAdministrator()
            | system_accounts.CreateSystemAccount()
            | tokens.RegenerateToken()
        ):
            return _principals(command, view, caller)
        case (
            environments.CreateEnvironment()
            | environments.EditEnvironment()
            | environments.DeleteEnvironment()
            | deployments.RecordDeployment()
            | deployments.EndDeployment()
            | deployments.RecordRelease()
            | deployments.EndSupport()
        ):
            return _environments(command, view, caller)
        case (
            secrets.CreateSecret()
            | secrets.EditSecret()
            | secrets.DeleteSecret()
            | resources.RegisterResource()
            | resources.RegisterResources()
            | resources.EditResource()
            | resources.RemoveResource()
        ):
            return _of_teams(command, view, caller)
        case (
            preferences.ChangePreferences()
            | preferences.ChangePersonalPreferences()
            | authentication.ChangeAuthentication()
        ):
            return _settings(command, view, caller)
        case _:
            return _proxied(command, view, caller)


def _account(
    command: account.OpenAccount
    | account.AdoptCatalogue
    | account.ReadTrail
    | account.BreakGlass
    | account.RestoreLog
    | account.AddKey,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case account.OpenAccount():
            return account.open_account(command, view, caller)
        case account.AdoptCatalogue():
            return account.adopt_catalogue(command, view, caller)
        case account.ReadTrail():
            return account.read_trail(command, view, caller)
        case account.BreakGlass():
            return account.break_glass(command, view, caller)
        case account.RestoreLog():
            return account.restore_log(command, view, caller)
        case account.AddKey():
            return account.add_key(command, view, caller)
        case _:
            assert_never(command)


def _roles(
    command: roles.CreateRole
    | roles.EditRole
    | roles.ResetRoles
    | roles.DeleteRole
    | own_catalogues.AdoptOwnCatalogue
    | own_catalogues.WithdrawOwnCatalogue,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case roles.CreateRole():
            return roles.create_role(command, view, caller)
        case roles.EditRole():
            return roles.edit_role(command, view, caller)
        case roles.ResetRoles():
            return roles.reset_roles(command, view, caller)
        case roles.DeleteRole():
            return roles.delete_role(command, view, caller)
        case own_catalogues.AdoptOwnCatalogue():
            return own_catalogues.adopt_own_catalogue(command, view, caller)
        case own_catalogues.WithdrawOwnCatalogue():
            return own_catalogues.withdraw_own_catalogue(command, view, caller)
        case _:
            assert_never(command)


def _teams(
    command: teams.CreateTeam | teams.EditTeam | teams.ChangeMembers | teams.DeleteTeam,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case teams.CreateTeam():
            return teams.create_team(command, view, caller)
        case teams.EditTeam():
            return teams.edit_team(command, view, caller)
        case teams.ChangeMembers():
            return teams.change_members(command, view, caller)
        case teams.DeleteTeam():
            return teams.delete_team(command, view, caller)
        case _:
            assert_never(command)


def _principals(
    command: users.InviteUser
    | users.EditUser
    | users.DeleteUser
    | users.ChangeRoles
    | users.RedeemInvitation
    | aliases.SetAliases
    | people.ForgetPerson
    | organization.ChangeOrganizationAdministrator
    | system_accounts.CreateSystemAccount
    | tokens.RegenerateToken,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case users.InviteUser():
            return users.invite_user(command, view, caller)
        case users.EditUser():
            return users.edit_user(command, view, caller)
        case users.DeleteUser():
            return users.delete_user(command, view, caller)
        case users.ChangeRoles():
            return users.change_roles(command, view, caller)
        case users.RedeemInvitation():
            return users.redeem_invitation(command, view, caller)
        case aliases.SetAliases():
            return aliases.set_aliases(command, view, caller)
        case people.ForgetPerson():
            return people.forget_person(command, view, caller)
        case organization.ChangeOrganizationAdministrator():
            return organization.change_organization_administrator(command, view, caller)
        case system_accounts.CreateSystemAccount():
            return system_accounts.create_system_account(command, view, caller)
        case tokens.RegenerateToken():
            return tokens.regenerate_token(command, view, caller)
        case _:
            assert_never(command)


def _environments(
    command: environments.CreateEnvironment
    | environments.EditEnvironment
    | environments.DeleteEnvironment
    | deployments.RecordDeployment
    | deployments.EndDeployment
    | deployments.RecordRelease
    | deployments.EndSupport,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case environments.CreateEnvironment():
            return environments.create_environment(command, view, caller)
        case environments.EditEnvironment():
            return environments.edit_environment(command, view, caller)
        case environments.DeleteEnvironment():
            return environments.delete_environment(command, view, caller)
        case deployments.RecordDeployment():
            return deployments.record_deployment(command, view, caller)
        case deployments.EndDeployment():
            return deployments.end_deployment(command, view, caller)
        case deployments.RecordRelease():
            return deployments.record_release(command, view, caller)
        case deployments.EndSupport():
            return deployments.end_support(command, view, caller)
        case _:
            assert_never(command)


def _of_teams(
    command: secrets.CreateSecret
    | secrets.EditSecret
    | secrets.DeleteSecret
    | resources.RegisterResource
    | resources.RegisterResources
    | resources.EditResource
    | resources.RemoveResource,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case secrets.CreateSecret():
            return secrets.create_secret(command, view, caller)
        case secrets.EditSecret():
            return secrets.edit_secret(command, view, caller)
        case secrets.DeleteSecret():
            return secrets.delete_secret(command, view, caller)
        case resources.RegisterResource():
            return resources.register_resource(command, view, caller)
        case resources.RegisterResources():
            return resources.register_resources(command, view, caller)
        case resources.EditResource():
            return resources.edit_resource(command, view, caller)
        case resources.RemoveResource():
            return resources.remove_resource(command, view, caller)
        case _:
            assert_never(command)


def _settings(
    command: preferences.ChangePreferences
    | preferences.ChangePersonalPreferences
    | authentication.ChangeAuthentication,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case preferences.ChangePreferences():
            return preferences.change_preferences(command, view, caller)
        case preferences.ChangePersonalPreferences():
            return preferences.change_personal_preferences(command, view, caller)
        case authentication.ChangeAuthentication():
            return authentication.change_authentication(command, view, caller)
        case _:
            assert_never(command)


def _contracts(
    command: contracts.PublishContract | contracts.PublishContracts | contracts.DeleteContract,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case contracts.PublishContract():
            return contracts.publish_contract(command, view, caller)
        case contracts.PublishContracts():
            return contracts.publish_contracts(command, view, caller)
        case contracts.DeleteContract():
            return contracts.delete_contract(command, view, caller)
        case _:
            assert_never(command)


def _integrations(
    command: integrations.DeleteIntegrationContracts
    | integrations.DeleteTaggedContracts
    | integrations.DeleteBranchContracts
    | integrations.DeleteIntegration
    | integrations.DeleteIntegrations
    | deletions.RestoreDeletion
    | bodies.ForgetBodies,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case integrations.DeleteIntegrationContracts():
            return integrations.delete_integration_contracts(command, view, caller)
        case integrations.DeleteTaggedContracts():
            return integrations.delete_tagged_contracts(command, view, caller)
        case integrations.DeleteBranchContracts():
            return integrations.delete_branch_contracts(command, view, caller)
        case integrations.DeleteIntegration():
            return integrations.delete_integration(command, view, caller)
        case integrations.DeleteIntegrations():
            return integrations.delete_integrations(command, view, caller)
        case deletions.RestoreDeletion():
            return deletions.restore_deletion(command, view, caller)
        case bodies.ForgetBodies():
            return bodies.forget_bodies(command, view, caller)
        case _:
            assert_never(command)


def _results(
    command: results.PublishVerification | results.DeleteVerification, view: View, caller: Caller
) -> list[Event]:
    match command:
        case results.PublishVerification():
            return results.publish_verification(command, view, caller)
        case results.DeleteVerification():
            return results.delete_verification(command, view, caller)
        case _:
            assert_never(command)


def _webhooks(
    command: deliveries.RecordExecution
    | deliveries.AbandonDelivery
    | webhooks.CreateWebhook
    | webhooks.EditWebhook
    | webhooks.DeleteWebhook
    | webhook_tests.TestWebhook,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case deliveries.RecordExecution():
            return deliveries.record_execution(command, view, caller)
        case deliveries.AbandonDelivery():
            return deliveries.abandon_delivery(command, view, caller)
        case webhooks.CreateWebhook():
            return webhooks.create_webhook(command, view, caller)
        case webhooks.EditWebhook():
            return webhooks.edit_webhook(command, view, caller)
        case webhooks.DeleteWebhook():
            return webhooks.delete_webhook(command, view, caller)
        case webhook_tests.TestWebhook():
            return webhook_tests.test_webhook(command, view, caller)
        case _:
            assert_never(command)


def _versions(
    command: versions.DescribeVersion
    | versions.DeleteVersion
    | versions.TagVersion
    | versions.UntagVersion
    | branches.PutOnBranch
    | branches.TakeOffBranch
    | branches.DeleteBranch
    | branches.DeleteBranches
    | labels.AddLabel
    | labels.RemoveLabel,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case versions.DescribeVersion():
            return versions.describe_version(command, view, caller)
        case versions.DeleteVersion():
            return versions.delete_version(command, view, caller)
        case versions.TagVersion():
            return versions.tag_version(command, view, caller)
        case versions.UntagVersion():
            return versions.untag_version(command, view, caller)
        case branches.PutOnBranch():
            return branches.put_on_branch(command, view, caller)
        case branches.TakeOffBranch():
            return branches.take_off_branch(command, view, caller)
        case branches.DeleteBranch():
            return branches.delete_branch(command, view, caller)
        case branches.DeleteBranches():
            return branches.delete_branches(command, view, caller)
        case labels.AddLabel():
            return labels.add_label(command, view, caller)
        case labels.RemoveLabel():
            return labels.remove_label(command, view, caller)
        case _:
            assert_never(command)


def _proxied(
    command: changes.AuthoriseChange
    | changes.ReportChange
    | route_tables.AdoptRouteTable
    | route_tables.WithdrawRouteTable,
    view: View,
    caller: Caller,
) -> list[Event]:
    match command:
        case changes.AuthoriseChange():
            return changes.authorise_change(command, view, caller)
        case changes.ReportChange():
            return changes.report_change(command, view, caller)
        case route_tables.AdoptRouteTable():
            return route_tables.adopt_route_table(command, view, caller)
        case route_tables.WithdrawRouteTable():
            return route_tables.withdraw_route_table(command, view, caller)
        case _:
            assert_never(command)
