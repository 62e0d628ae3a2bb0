"""Records of webhooks, and of what they sent, in words and as a table. Nothing of a request but where it goes."""

from typing import assert_never

from service.events import webhooks as events
from service.queries import wording
from service.queries.changed import Changed, ended, made, one
from service.queries.names import Names
from service.vocabulary import TeamId, WebhookId


def sentence(event: events.WebhookEvent, names: Names) -> str:
    """What was done, for a sentence that begins with who did it."""
    match event:
        case events.WebhookCreated():
            what = f"{event.request.method} {event.request.destination}"
            return f"created the webhook {_called(event, names)}: {what}"
        case events.WebhookEdited():
            fields = wording.listed(
                [one.field.replace("_", " ") for one in _differing(event.before, event.after, names)]
            )
            return f"changed {fields} of the webhook {names.webhook(event.webhook)}"
        case events.WebhookRequestChanged():
            before, after = event.before.destination, event.after.destination
            where = f", which goes to {after} now in place of {before}" if before != after else ""
            return f"changed the request of the webhook {names.webhook(event.webhook)}{where}"
        case events.WebhookMoved():
            teams = f"from {_team(event.team_before, names)} to {_team(event.team, names)}"
            thereby = "thereby " if event.team_deleted else ""
            return f"{thereby}moved the webhook {names.webhook(event.webhook)} {teams}"
        case events.WebhookTrusted():
            return f"let the webhook {names.webhook(event.webhook)} draw on secrets without a team"
        case events.WebhookDeleted():
            gone = f"the webhook {_called(event, names)}"
            return f"thereby removed {gone}, with its {event.because}" if event.because else f"deleted {gone}"
        case _:
            return _delivered(event, names)


def _delivered(event: events.DeliveryEvent, names: Names) -> str:
    match event:
        case events.WebhooksTriggered():
            hooks = list(dict.fromkeys(names.webhook(one.webhook) for one in event.deliveries))
            pair = names.integration(event.consumer, event.provider)
            which = f"{wording.plural('webhook', hooks)} {wording.listed(hooks)}"
            return f"thereby triggered the {which} by {event.event} of {pair}"
        case events.WebhookTestOrdered():
            what = f"{event.method} {event.destination}"
            return f"had {_webhook(event.webhook, names)} execute once as a test: {what}"
        case events.WebhookExecuted():
            came = f"status {event.status}" if event.status is not None else event.problem.replace("_", " ")
            vain = "" if event.success else " in vain"
            return f"executed {_webhook(event.webhook, names)}{vain} (attempt {event.attempt}, {came})"
        case events.WebhookDeliveryAbandoned():
            return f"gave up what the webhook {names.webhook(event.webhook)} still owed, as it is {event.because}"
        case _:
            assert_never(event)


def changes(event: events.WebhookEvent, names: Names) -> tuple[Changed, ...]:
    """The fields that changed."""
    match event:
        case events.WebhookCreated():
            team = event.team and names.team(event.team)
            return made(**_settings(event.settings, names), **_request(event.request), team=team)
        case events.WebhookEdited():
            return _differing(event.before, event.after, names)
        case events.WebhookRequestChanged():
            return _requests(event.before, event.after)
        case events.WebhookMoved():
            teams = (each and names.team(each) for each in (event.team_before, event.team))
            return one("team", *teams)
        case events.WebhookTrusted():
            return one(
                "drawsOn", f"secrets that the team {names.team(event.left)} left", "secrets without a team"
            )
        case events.WebhookDeleted():
            team = event.team and names.team(event.team)
            return ended(**_settings(event.settings, names), **_request(event.request), team=team)
        case events.WebhookExecuted():
            return made(status=event.status, problem=event.problem or None, attempt=event.attempt)
        case events.WebhooksTriggered() | events.WebhookTestOrdered() | events.WebhookDeliveryAbandoned():
            return ()
        case _:
            assert_never(event)


def _differing(
    before: events.WebhookSettings, after: events.WebhookSettings, names: Names
) -> tuple[Changed, ...]:
    then, now = _settings(before, names), _settings(after, names)
    return tuple(
        Changed(field=field, before=then[field], after=now[field])
        for field in then
        if then[field] != now[field]
    )


def _settings(settings: events.WebhookSettings, names: Names) -> dict[str, object]:
    sides = {
        "consumer": (settings.consumer, settings.consumer_label),
        "provider": (settings.provider, settings.provider_label),
    }
    shown = {
        side: names.application(one) if one else f"label {label}" if label else "any"
        for side, (one, label) in sides.items()
    }
    return {
        "description": settings.description,
        "enabled": settings.enabled,
        "events": list(settings.events),
        **shown,
    }


def _request(request: events.WebhookRequest) -> dict[str, object]:
    return {
        "method": request.method,
        "destination": request.destination,
        "references": list(request.references) or None,
    }


def _requests(before: events.WebhookRequest, after: events.WebhookRequest) -> tuple[Changed, ...]:
    then, now = _request(before), _request(after)
    shown = [
        Changed(field=field, before=then[field], after=now[field])
        for field in then
        if then[field] != now[field]
    ]
    had, has = ({it.name: it.value for it in one.sealed} for one in (before, after))
    for name in sorted({*had, *has}):
        if had.get(name) != has.get(name):
            stars = ("**********" if name in side else None for side in (had, has))
            shown += one(name, *stars)
    if before.mark != after.mark:
        shown.append(Changed(field="content", before=before.mark, after=after.mark))
    return tuple(shown)


def _called(event: events.WebhookCreated | events.WebhookDeleted, names: Names) -> str:
    """By the description that the record has, on one line, or by the id; and whose it is."""
    description = " ".join(event.settings.description.split())
    return f"{description or names.webhook(event.webhook)}{_of(event.team, names)}"


def _webhook(webhook: WebhookId | None, names: Names) -> str:
    return "a webhook that is not saved" if webhook is None else f"the webhook {names.webhook(webhook)}"


def _of(team: TeamId | None, names: Names) -> str:
    return "" if team is None else f" of the team {names.team(team)}"


def _team(team: TeamId | None, names: Names) -> str:
    return "no team" if team is None else f"the team {names.team(team)}"
