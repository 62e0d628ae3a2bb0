"""A thing as `muniment show` gives it to people and programs: every relation with ids and the names of the moment."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from projections import expiry, preferences
from projections.contracts import Contract
from projections.principals import Principal
from projections.resources import Resource
from projections.secrets import Secret
from projections.view import View
from projections.webhooks import Webhook
from service import errors
from service.commands.roles import deletable
from service.events.preferences import Expiry
from service.vocabulary import Personal, Thing


def setting(view: View, text: str) -> dict[str, object] | None:
    """A preference of the account or the settings of signing in, where the text names them; None where it does not.

    Raises NotFound for a preference that there is not.
    """
    type_, _, name = text.partition(":")
    if type_ == "authentication_settings":
        held = view.authentication()
        texts = {
            "emailDomains": held.google_email_domains,
            "githubOrganizations": held.github_organizations,
        }
        return {
            "type": type_,
            **{field: list(one or ()) for field, one in texts.items()},
            "changedAt": held.updated_at,
        }
    if type_ != "system_preference":
        return None
    if name not in preferences.SYSTEM:
        raise errors.NotFound(
            f"There is no preference {name[:100]!r}; there are: {', '.join(preferences.SYSTEM)}."
        )
    changed = view.preference_or_none(name)
    return {
        "type": type_,
        "name": name,
        "title": preferences.SYSTEM[name].title,
        "value": _value(view, name),
        "changedAt": None if changed is None else changed.changed_at,
    }


def _value(view: View, name: str) -> object:
    held = view.preference(name)
    if preferences.SYSTEM[name].type == "emails":
        text = view.text(held) if isinstance(held, Personal) else None
        return [] if text is None else text.split("\n")
    return msgspec.to_builtins(held) if isinstance(held, Expiry) else held


class _Named(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


def depicted(view: View, thing: Thing) -> dict[str, object]:
    """The thing's document. Raises NotFound when it does not exist at the view's moment, Invalid for a token."""
    match thing.type:
        case "role":
            found = _role(view, thing.id)
        case "team":
            found = _team(view, thing.id)
        case "user" | "system_account":
            found = _principal(view, view.principal(thing.id))
        case "application":
            found = _application(view, thing.id)
        case "environment":
            found = _environment(view, thing.id)
        case "integration":
            found = _integration(view, thing.id)
        case "contract":
            found = _contract(view, view.contract(thing.id))
        case "secret":
            found = _secret(view, view.secret(thing.id))
        case "webhook":
            found = _webhook(view, view.webhook(thing.id))
        case _ if thing.type in view.compiled.types:
            found = _resource(view, view.resource(thing.id))
        case _:
            raise errors.Invalid(f"A {thing.type} cannot be shown; its owner can.")
    return {"type": thing.type, "id": thing.id, **found}


def _role(view: View, one: str) -> dict[str, object]:
    role = view.role(one)
    return {
        "name": role.name,
        "description": role.description,
        "permissions": list(role.scopes),
        "predefined": role.predefined,
        "deletable": deletable(view, role),
        "locked": role.locked,
        "assignable": role.assignable,
        "apiAccess": role.api_access,
        "takesSeat": view.compiled.flags(role.id).takes_seat,
        "readsOwnToken": view.compiled.flags(role.id).reads_own_token,
        "holders": _people(view, view.holders(role.id)),
        "createdAt": role.created_at,
        "updatedAt": role.updated_at,
    }


def _team(view: View, one: str) -> dict[str, object]:
    team = view.team(one)
    return {
        "name": team.name,
        "default": team.default,
        "members": _people(view, view.members(team.id)),
        "administrators": _people(view, view.administrators(team.id)),
        "applications": _named(view.team_applications(team.id)),
        "environments": _named(view.team_environments(team.id)),
        "secrets": _named(view.team_secrets(team.id)),
        "webhooks": [{"id": one.id, "name": one.settings.description} for one in view.team_webhooks(team.id)],
        "createdAt": team.created_at,
        "updatedAt": team.updated_at,
    }


def _principal(view: View, principal: Principal) -> dict[str, object]:
    tokens = [token for one in principal.tokens if (token := view.token_or_none(one)) is not None]
    invitation = view.invitation_or_none(principal.id)
    return {
        "name": view.text(principal.name),
        "email": view.text(principal.email),
        "firstName": view.text(principal.first_name),
        "lastName": view.text(principal.last_name),
        "externalIdpId": view.text(principal.external_id),
        "externalIdpUsername": view.text(principal.external_username),
        "aliases": [view.text(one.text) for one in principal.aliases],
        "active": principal.active,
        "roles": _named(view.roles_of(principal)),
        "teams": _named(view.live_teams(principal.teams)),
        "administers": _named(view.live_teams(principal.administers)),
        "tokens": [
            {
                "id": one.id,
                "name": "read only" if one.read_only else "read/write",
                "expiresAt": expiry.ends_at(view, one),
            }
            for one in tokens
        ],
        "invitedUntil": invitation.expires_at if invitation else None,
        "createdAt": principal.created_at,
        "updatedAt": principal.updated_at,
    }


def _application(view: View, one: str) -> dict[str, object]:
    application = view.application(one)
    integrations = view.integrations_of(application.id)
    return {
        "name": application.name,
        "displayName": application.display_name,
        "repositoryUrl": application.repository_url,
        "mainBranch": application.main_branch,
        "creator": _creator(view, application.creator),
        "teams": _named(view.live_teams(application.teams)),
        "integrations": [_pair(view, one.consumer, one.provider) for one in integrations],
        "createdAt": application.created_at,
        "updatedAt": application.updated_at,
    }


def _environment(view: View, one: str) -> dict[str, object]:
    environment = view.environment(one)
    return {
        "name": environment.name,
        "displayName": environment.display_name,
        "production": environment.production,
        "teams": _named(view.live_teams(environment.teams)),
        "createdAt": environment.created_at,
        "updatedAt": environment.updated_at,
    }


def _integration(view: View, pair: str) -> dict[str, object]:
    integration = view.integration(*pair.split("/", 1))
    contracts = view.contracts_of(integration.consumer, integration.provider)
    return {
        "name": _pair(view, integration.consumer, integration.provider),
        "contracts": [{"id": one.id, "name": one.version, "digest": one.digest} for one in contracts],
        "createdAt": integration.created_at,
    }


def _contract(view: View, contract: Contract) -> dict[str, object]:
    return {
        "integration": _pair(view, contract.consumer, contract.provider),
        "version": contract.version,
        "branch": contract.branch,
        "digest": contract.digest,
        "bytes": contract.bytes,
        "publisher": _creator(view, contract.publisher),
        "createdAt": contract.created_at,
        "updatedAt": contract.updated_at,
    }


def _secret(view: View, secret: Secret) -> dict[str, object]:
    return {
        "name": secret.name,
        "description": secret.description,
        "team": _team_of(view, secret.team),
        "conflicting": secret.conflicting,
        "creator": _creator(view, secret.creator),
        "createdAt": secret.created_at,
        "updatedAt": secret.updated_at,
    }


def _webhook(view: View, webhook: Webhook) -> dict[str, object]:
    """Of its request only where it goes and which secrets it names: the rest is shown to whoever may manage it."""
    settings = webhook.settings
    return {
        "clientsId": webhook.shown_id,
        "description": settings.description,
        "enabled": settings.enabled,
        "events": list(settings.events),
        "consumer": _side(view, settings.consumer, settings.consumer_label),
        "provider": _side(view, settings.provider, settings.provider_label),
        "team": _team_of(view, webhook.team),
        "method": webhook.request.method,
        "destination": webhook.request.destination,
        "secrets": list(webhook.request.references),
        "creator": _creator(view, webhook.creator),
        "createdAt": webhook.created_at,
        "updatedAt": webhook.updated_at,
    }


def _resource(view: View, resource: Resource) -> dict[str, object]:
    return {
        "name": resource.name,
        "owner": _creator(view, resource.owner),
        "teams": _named(view.live_teams(resource.teams)),
        "properties": [{"name": name, "value": value} for name, value in resource.properties],
        "creator": _creator(view, resource.creator),
        "createdAt": resource.created_at,
        "updatedAt": resource.updated_at,
    }


def _side(view: View, application: str | None, label: str | None) -> str:
    """For which applications a webhook fires on one side."""
    if application is None:
        return f"label {label}" if label else "any"
    found = view.application_or_none(application)
    return found.name if found else application


def _team_of(view: View, team: str | None) -> dict[str, object] | None:
    found = view.team_or_none(team) if team else None
    return {"id": found.id, "name": found.name} if found else None


def _creator(view: View, one: str | None) -> dict[str, object] | None:
    """Who made it; of somebody who is gone by then, the id is what is left."""
    principal = view.principal_or_none(one) if one else None
    if principal is None:
        return {"id": one, "name": ""} if one else None
    return _people(view, [principal])[0]


def _people(view: View, principals: Iterable[Principal]) -> list[dict[str, object]]:
    return [{"id": one.id, "name": view.text(one.name) or "", "type": one.type} for one in principals]


def _named(nouns: Iterable[_Named]) -> list[dict[str, object]]:
    return [{"id": one.id, "name": one.name} for one in nouns]


def _pair(view: View, consumer: str, provider: str) -> str:
    """`consumer/provider` by name; an application that is gone is called by its id."""
    names = [found.name if (found := view.application_or_none(one)) else one for one in (consumer, provider)]
    return "/".join(names)
