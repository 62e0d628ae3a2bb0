from service.events.account import (
    BreakGlassUsed,
    CatalogueAdopted,
    KeyAdded,
    LogOpened,
    LogRestored,
    TrailRead,
)
from service.events.applications import ApplicationEvent, ApplicationsRemoved
from service.events.attempts import AttemptDenied
from service.events.authentication import AuthenticationEvent
from service.events.branches import BranchesRemoved, BranchEvent, BranchVersionsRemoved
from service.events.changes import ChangeEvent
from service.events.contracts import ContractEvent, ContractsRemoved
from service.events.deletions import DeletionEvent
from service.events.deployments import DeploymentEvent, DeploymentsRemoved, ReleasesRemoved
from service.events.environments import EnvironmentEvent
from service.events.labels import LabelEvent, LabelsRemoved
from service.events.own_catalogues import OwnCatalogueEvent
from service.events.people import PersonEvent
from service.events.preferences import PreferenceEvent
from service.events.resources import ResourceEvent
from service.events.results import ResultEvent, VerificationResultsRemoved
from service.events.roles import RoleEvent
from service.events.route_tables import RouteTableEvent
from service.events.secrets import SecretEvent
from service.events.system_accounts import SystemAccountEvent
from service.events.teams import TeamEvent
from service.events.tokens import TokenEvent
from service.events.users import UserEvent
from service.events.versions import TagsRemoved, VersionEvent, VersionsRemoved
from service.events.webhooks import WebhookEvent

AccountEvent = LogOpened | LogRestored | KeyAdded | CatalogueAdopted | TrailRead | BreakGlassUsed
Event = (
    AccountEvent
    | AttemptDenied
    | RoleEvent
    | TeamEvent
    | UserEvent
    | PersonEvent
    | SystemAccountEvent
    | TokenEvent
    | ApplicationEvent
    | ContractEvent
    | ResultEvent
    | VersionEvent
    | BranchEvent
    | LabelEvent
    | DeletionEvent
    | EnvironmentEvent
    | DeploymentEvent
    | PreferenceEvent
    | AuthenticationEvent
    | SecretEvent
    | WebhookEvent
    | OwnCatalogueEvent
    | ResourceEvent
    | RouteTableEvent
    | ChangeEvent
)
Removal = (
    ApplicationsRemoved
    | ContractsRemoved
    | VersionsRemoved
    | TagsRemoved
    | BranchesRemoved
    | BranchVersionsRemoved
    | LabelsRemoved
    | VerificationResultsRemoved
    | DeploymentsRemoved
    | ReleasesRemoved
)
