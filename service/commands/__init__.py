from service.commands.account import AddKey, AdoptCatalogue, BreakGlass, OpenAccount, ReadTrail, RestoreLog
from service.commands.aliases import SetAliases
from service.commands.applications import CreateApplication, DeleteApplication, EditApplication
from service.commands.authentication import ChangeAuthentication
from service.commands.bodies import ForgetBodies
from service.commands.branches import DeleteBranch, DeleteBranches, PutOnBranch, TakeOffBranch
from service.commands.changes import AuthoriseChange, ReportChange
from service.commands.contracts import DeleteContract, PublishContract, PublishContracts
from service.commands.deletions import RestoreDeletion
from service.commands.deliveries import AbandonDelivery, RecordExecution
from service.commands.deployments import EndDeployment, EndSupport, RecordDeployment, RecordRelease
from service.commands.environments import CreateEnvironment, DeleteEnvironment, EditEnvironment
from service.commands.integrations import (
    DeleteBranchContracts,
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
    DeleteTaggedContracts,
)
from service.commands.labels import AddLabel, RemoveLabel
from service.commands.organization import ChangeOrganizationAdministrator
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.commands.people import ForgetPerson
from service.commands.preferences import ChangePersonalPreferences, ChangePreferences
from service.commands.resources import EditResource, RegisterResource, RegisterResources, RemoveResource
from service.commands.results import DeleteVerification, PublishVerification
from service.commands.roles import CreateRole, DeleteRole, EditRole, ResetRoles
from service.commands.route_tables import AdoptRouteTable, WithdrawRouteTable
from service.commands.secrets import CreateSecret, DeleteSecret, EditSecret
from service.commands.system_accounts import CreateSystemAccount
from service.commands.teams import ChangeMembers, CreateTeam, DeleteTeam, EditTeam
from service.commands.tokens import RegenerateToken
from service.commands.users import ChangeRoles, DeleteUser, EditUser, InviteUser, RedeemInvitation
from service.commands.versions import DeleteVersion, DescribeVersion, TagVersion, UntagVersion
from service.commands.webhook_tests import TestWebhook
from service.commands.webhooks import CreateWebhook, DeleteWebhook, EditWebhook

Command = (
    OpenAccount
    | AdoptCatalogue
    | ReadTrail
    | BreakGlass
    | RestoreLog
    | AddKey
    | CreateRole
    | EditRole
    | DeleteRole
    | ResetRoles
    | AdoptOwnCatalogue
    | WithdrawOwnCatalogue
    | CreateTeam
    | EditTeam
    | ChangeMembers
    | DeleteTeam
    | InviteUser
    | EditUser
    | DeleteUser
    | ChangeRoles
    | RedeemInvitation
    | ForgetPerson
    | SetAliases
    | ChangeOrganizationAdministrator
    | CreateSystemAccount
    | RegenerateToken
    | CreateApplication
    | EditApplication
    | DeleteApplication
    | AddLabel
    | RemoveLabel
    | DescribeVersion
    | DeleteVersion
    | TagVersion
    | UntagVersion
    | PutOnBranch
    | TakeOffBranch
    | DeleteBranch
    | DeleteBranches
    | PublishContract
    | PublishContracts
    | DeleteContract
    | DeleteIntegrationContracts
    | DeleteTaggedContracts
    | DeleteBranchContracts
    | DeleteIntegration
    | DeleteIntegrations
    | PublishVerification
    | DeleteVerification
    | RestoreDeletion
    | ForgetBodies
    | RegisterResource
    | RegisterResources
    | EditResource
    | RemoveResource
    | RecordExecution
    | AbandonDelivery
    | CreateEnvironment
    | EditEnvironment
    | DeleteEnvironment
    | CreateSecret
    | EditSecret
    | DeleteSecret
    | CreateWebhook
    | EditWebhook
    | DeleteWebhook
    | TestWebhook
    | RecordDeployment
    | EndDeployment
    | RecordRelease
    | EndSupport
    | ChangePreferences
    | ChangePersonalPreferences
    | ChangeAuthentication
    | AdoptRouteTable
    | WithdrawRouteTable
    | AuthoriseChange
    | ReportChange
)
