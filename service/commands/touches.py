"""What a record touches: every thing its event speaks of, by id, with the name as it was.

A person's name never stands here: `touches` is copied into search tables. A child of a bulk deletion
names its integrations here and its contracts in its data alone, since both would not fit.
"""

import functools
from collections.abc import Iterable
from typing import Protocol, get_args

from projections import authentication, preferences
from projections.contracts import integration_id
from projections.view import View
from service.events import Event
from service.events import applications as application_events
from service.events import branches as branch_events
from service.events import contracts as contract_events
from service.events import deletions as deletion_events
from service.events import deployments as deployment_events
from service.events import labels as label_events
from service.events import results as result_events
from service.events import versions as version_events
from service.events.attempts import AttemptDenied
from service.events.authentication import AuthenticationChanged
from service.events.changes import ChangeAuthorised, ChangeReported
from service.events.own_catalogues import OwnCatalogueAdopted, OwnCatalogueEvent, OwnCatalogueWithdrawn
from service.events.preferences import PersonalPreferenceChanged, PreferenceChanged, PreferenceContactsChanged
from service.events.resources import (
    ResourceEvent,
    ResourceOwnerChanged,
    ResourcePropertiesChanged,
    ResourceRegistered,
    ResourceRemoved,
    ResourceTeamsChanged,
)
from service.events.teams import (
    TeamAdministratorsChanged,
    TeamApplicationsChanged,
    TeamEnvironmentsChanged,
    TeamMembersChanged,
)
from service.events.users import PrincipalRolesChanged
from service.events.webhooks import (
    WebhookCreated,
    WebhookDeleted,
    WebhookEdited,
    WebhookSettings,
    WebhooksTriggered,
)
from service.log import recorded
from service.vocabulary import ApplicationId, Thing

_SINGLE = (
    "role",
    "team",
    "principal",
    "token",
    "application",
    "environment",
    "consumer",
    "provider",
    "contract",
    "deployment",
    "release",
    "secret",
    "webhook",
    "team_before",
)
_LISTING = frozenset(
    {
        TeamMembersChanged,
        TeamAdministratorsChanged,
        TeamApplicationsChanged,
        TeamEnvironmentsChanged,
        PrincipalRolesChanged,
        application_events.ApplicationsRemoved,
        contract_events.ContractsRemoved,
        result_events.VerificationResultsRemoved,
        deployment_events.DeploymentsRemoved,
        deployment_events.ReleasesRemoved,
        version_events.VersionsRemoved,
        version_events.TagsRemoved,
        branch_events.BranchesRemoved,
        branch_events.BranchVersionsRemoved,
        label_events.LabelsRemoved,
        deletion_events.ContractsRestored,
        WebhookCreated,
        WebhookEdited,
        WebhookDeleted,
        WebhooksTriggered,
        *get_args(OwnCatalogueEvent),
        *get_args(ResourceEvent),
    }
)
"""Events that list several things of one kind."""
_SETTING = frozenset(
    {PreferenceChanged, PersonalPreferenceChanged, PreferenceContactsChanged, AuthenticationChanged}
)
_THINGS_BYTES_MAX = 16_384
_THING_BYTES = 120  # two ids and the framing; a name may double when it is escaped
_NOUN = {"consumer": "application", "provider": "application", "team_before": "team"}


class _OfApplication(Protocol):
    @property
    def application(self) -> ApplicationId: ...


def touched(event: Event, view: View) -> tuple[Thing, ...]:
    """The things, each once; `view` is the state before the event, which still knows what is about to go."""
    found: dict[tuple[str, str], Thing] = {}
    things = _singles(event, view)
    if type(event) in _SETTING:
        things += _settings(event, view)
    if type(event) in _LISTING:
        things += (*_relations(event, view), *_bulk(event, view))
    for thing in things:
        found.setdefault((thing.type, thing.id), thing)
    return tuple(found.values())


def _singles(event: Event, view: View) -> list[Thing]:
    if isinstance(event, AttemptDenied):
        return [event.on] if event.on is not None and event.on.id not in ("", "*") else []
    things = _decided_by(event)
    for field in _single_fields(type(event)):
        one = getattr(event, field)
        if isinstance(one, str):
            noun = _NOUN.get(field, field)
            if noun == "principal":
                things.append(_principal(one, view, event))
            else:
                things.append(Thing(noun, one, _name(noun, one, view, event)))
    consumer, provider = getattr(event, "consumer", None), getattr(event, "provider", None)
    if isinstance(consumer, str) and isinstance(provider, str):
        things.append(
            Thing("integration", integration_id(consumer, provider), _pair_name(consumer, provider, view))
        )
    return things


def _decided_by(event: Event) -> list[Thing]:
    """The things of a change behind a proxy. What is not held here has no id, and a whole type none of its own."""
    if not isinstance(event, ChangeAuthorised | ChangeReported):
        return []
    return [one for one in event.on if one.id not in ("", "*")]


@functools.cache
def _single_fields(kind: type[Event]) -> tuple[str, ...]:
    """Which of its fields name one thing, in the order of `_SINGLE`."""
    return tuple(field for field in _SINGLE if field in kind.__struct_fields__)


def _relations(event: Event, view: View) -> list[Thing]:
    match event:
        case TeamMembersChanged() | TeamAdministratorsChanged():
            return [_principal(one, view, event) for one in (*event.added, *event.removed)]
        case TeamApplicationsChanged():
            ids = (*event.added, *event.removed)
            return [Thing("application", one, _name("application", one, view, event)) for one in ids]
        case TeamEnvironmentsChanged():
            environments = (*event.added, *event.removed)
            return [Thing("environment", one, _name("environment", one, view, event)) for one in environments]
        case OwnCatalogueAdopted() | OwnCatalogueWithdrawn():
            return [Thing("catalogue", event.name, event.name)]
        case (
            ResourceRegistered()
            | ResourceOwnerChanged()
            | ResourceTeamsChanged()
            | ResourcePropertiesChanged()
            | ResourceRemoved()
        ):
            return _of_resource(event, view)
        case PrincipalRolesChanged():
            roles = (*event.added, *event.removed)
            return [Thing("role", one, _name("role", one, view, event)) for one in roles]
        case _:
            return []


def _of_resource(event: ResourceEvent, view: View) -> list[Thing]:
    """The thing under its own type, whose it was or is, and the teams."""
    teams: tuple[str, ...] = ()
    owners: tuple[str | None, ...] = ()
    match event:
        case ResourceRegistered() | ResourceRemoved():
            teams, owners = event.teams, (event.owner,)
            thing = Thing(event.type, event.resource, event.name)
        case _:
            held = view.resource_or_none(event.resource)
            thing = Thing(held.type if held else "resource", event.resource, held.name if held else "")
            if isinstance(event, ResourceTeamsChanged):
                teams = (*event.added, *event.removed)
            if isinstance(event, ResourceOwnerChanged):
                owners = (event.before, event.after)
    return [
        thing,
        *(_principal(one, view, event) for one in owners if one is not None),
        *_that_fit(Thing("team", one, _name("team", one, view, event)) for one in teams),
    ]


def _settings(event: Event, view: View) -> list[Thing]:
    """A setting by its name, and the role or team that it named or names."""
    match event:
        case PreferenceChanged():
            return [Thing("system_preference", event.name, event.name), *_preferred(event, view)]
        case PersonalPreferenceChanged():
            return _preferred(event, view)
        case PreferenceContactsChanged():
            name = preferences.OPERATIONAL_CONTACTS
            return [Thing("system_preference", name, name)]
        case AuthenticationChanged():
            return [Thing("authentication_settings", authentication.THE_ONE)]
        case _:
            return []


def _preferred(event: PreferenceChanged | PersonalPreferenceChanged, view: View) -> list[Thing]:
    kind = {**preferences.SYSTEM, **preferences.PERSONAL}.get(event.name)
    if kind is None or kind.type not in ("role", "team"):
        return []
    named = (one for one in (event.before, event.after) if isinstance(one, str))
    return [Thing(kind.type, one, _name(kind.type, one, view, event)) for one in named]


def _bulk(event: Event, view: View) -> list[Thing]:
    match event:
        case application_events.ApplicationsRemoved():
            named = zip(event.applications, event.names, strict=True)
            return [Thing("application", one, name) for one, name in named]
        case contract_events.ContractsRemoved() | deletion_events.ContractsRestored():
            return _integrations(((one.consumer, one.provider) for one in event.contracts), view)
        case result_events.VerificationResultsRemoved():
            return _integrations(((one.consumer, one.provider) for one in event.results), view)
        case deployment_events.DeploymentsRemoved():
            return _deployed(event.deployments, view, event)
        case deployment_events.ReleasesRemoved():
            return _deployed(event.releases, view, event)
        case version_events.VersionsRemoved():
            return _applications(event.versions, event, view)
        case version_events.TagsRemoved():
            return _applications(event.tags, event, view)
        case branch_events.BranchesRemoved():
            return _applications(event.branches, event, view)
        case branch_events.BranchVersionsRemoved():
            return _applications(event.branch_versions, event, view)
        case label_events.LabelsRemoved():
            return _applications(event.labels, event, view)
        case WebhookCreated() | WebhookDeleted():
            return _fired_for(event.settings, view, event)
        case WebhookEdited():
            return [*_fired_for(event.before, view, event), *_fired_for(event.after, view, event)]
        case WebhooksTriggered():
            owing = dict.fromkeys(one.webhook for one in event.deliveries)
            return _that_fit(Thing("webhook", one, _name("webhook", one, view, event)) for one in owing)
        case _:
            return []


def _integrations(pairs: Iterable[tuple[str, str]], view: View) -> list[Thing]:
    """The integrations that a child of a deletion speaks of, each once."""
    return _that_fit(
        Thing("integration", integration_id(*pair), _pair_name(*pair, view)) for pair in dict.fromkeys(pairs)
    )


def _deployed(
    gone: Iterable[deployment_events.RemovedDeployment | deployment_events.RemovedRelease],
    view: View,
    event: Event,
) -> list[Thing]:
    """The environments, which are few, and the applications."""
    pairs = [
        *(("environment", one.environment) for one in gone),
        *(("application", one.application) for one in gone),
    ]
    return _that_fit(Thing(noun, one, _name(noun, one, view, event)) for noun, one in dict.fromkeys(pairs))


def _applications(rows: Iterable[_OfApplication], event: Event, view: View) -> list[Thing]:
    """Whose versions, tags, branches or labels vanished: those themselves stand in the data alone."""
    owners = dict.fromkeys(one.application for one in rows)
    return _that_fit(Thing("application", one, _name("application", one, view, event)) for one in owners)


def _fired_for(settings: WebhookSettings, view: View, event: Event) -> list[Thing]:
    """The applications that a webhook names."""
    named = filter(None, (settings.consumer, settings.provider))
    return [Thing("application", one, _name("application", one, view, event)) for one in named]


def _that_fit(things: Iterable[Thing]) -> list[Thing]:
    """As many as fit beside the data of the same record; long names must not make a deletion impossible."""
    kept: list[Thing] = []
    size = 0
    for thing in things:
        size += _THING_BYTES + 2 * len(thing.name.encode())
        if size > _THINGS_BYTES_MAX:
            break
        kept.append(thing)
    return kept


def _principal(principal: str, view: View, event: Event) -> Thing:
    held = view.principal_or_none(principal)
    if held is not None:
        return Thing(held.type, principal)
    kind = recorded.kind_of(event)
    return Thing("system_account" if kind.startswith("system_account.") else "user", principal)


def _name(noun: str, one: str, view: View, event: Event) -> str:
    named = getattr(event, "name", None)  # a sealed name, a person's, is no string
    if getattr(event, noun, None) == one and isinstance(named, str):
        return named
    match noun:
        case "role":
            return role.name if (role := view.role_or_none(one)) else ""
        case "team":
            return team.name if (team := view.team_or_none(one)) else ""
        case "application":
            return application.name if (application := view.application_or_none(one)) else ""
        case "environment":
            return environment.name if (environment := view.environment_or_none(one)) else ""
        case "secret":
            return secret.name if (secret := view.secret_or_none(one)) else ""
        case "webhook":
            return webhook.settings.description if (webhook := view.webhook_by_own_id(one)) else ""
        case _:
            return ""


def _pair_name(consumer: str, provider: str, view: View) -> str:
    first, second = view.application_or_none(consumer), view.application_or_none(provider)
    return f"{first.name if first else consumer}/{second.name if second else provider}"
