from service.events.account import (
    BreakGlassUsed,
    CatalogueAdopted,
    KeyAdded,
    LogOpened,
    LogRestored,
    TrailRead,
)
from service.events.applications import ApplicationEvent
from service.events.attempts import AttemptDenied
from service.events.authentication import AuthenticationEvent
from service.events.contracts import ContractEvent
from service.events.deployments import DeploymentEvent
from service.events.environments import EnvironmentEvent
from service.events.people import PersonEvent
from service.events.preferences import PreferenceEvent
from service.events.results import ResultEvent
from service.events.roles import RoleEvent
from service.events.system_accounts import SystemAccountEvent
from service.events.teams import TeamEvent
from service.events.tokens import TokenEvent
from service.events.users import UserEvent

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
    | EnvironmentEvent
    | DeploymentEvent
    | PreferenceEvent
    | AuthenticationEvent
)
