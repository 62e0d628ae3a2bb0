"""What may be asked of webhooks. Pure: state in, events out; what they send only passes through to the vault.

Whoever manages the webhooks of their teams must name one of these (seed 003); who manages all may name any, or none.
"""

import re
from typing import ClassVar, Final, get_args

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.commands import labels, team_bound
from service.commands.order import Caller, Need, NewValues
from service.commands.webhook_requests import Sealing, Wanted
from service.events import Event
from service.events import webhooks as events
from service.events.webhooks import SealedValue, Trigger, WebhookRequest, WebhookSettings
from service.vocabulary import ApplicationId, TeamId, VaultRef, WebhookId, is_uuid, name, verbatim

MANAGE: Final = "webhook:manage"
DESCRIPTION_LENGTH_MAX: Final = 255
DEFAULT_EVENT: Final[Trigger] = "contract_content_changed"
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")
_RESERVED: Final = ("template-variables",)
"""What stands at an address of its own below /webhooks."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """For which consumers or providers a webhook fires: one by name, all with a label, or, with neither, any."""

    name: str | None = None
    label: str | None = None
    in_path: bool = False
    """It is a part of the request's path: where there is no such application, there is nothing there."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """When a webhook is to fire. No events: those of the default."""

    description: str = ""
    enabled: bool = True
    events: tuple[str, ...] = (DEFAULT_EVENT,)
    consumer: Side = Side()
    provider: Side = Side()


class CreateWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Make a webhook of a team, or of none."""

    word: ClassVar[str] = "create_webhook"
    webhook: WebhookId
    settings: Asked
    request: Wanted
    values: NewValues
    team: TeamId | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (team_bound.creating(MANAGE, "webhook", self.team, view, caller),)

    def arguments(self) -> dict[str, str]:
        return {"team": self.team} if self.team else {}


class EditWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Replace a webhook, or make the one that a client chose the id of. A team that is not named stays.

    `webhook` is what the client calls it. It is made as `new` where that is no id that could be its own.
    """

    word: ClassVar[str] = "edit_webhook"
    webhook: str
    new: WebhookId
    settings: Asked
    request: Wanted
    values: NewValues
    team: TeamId | msgspec.UnsetType | None = msgspec.UNSET
    must_exist: bool = False
    """Somebody decided on how it is: it is not made where it is gone."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        webhook = view.webhook_or_none(self.webhook)
        if webhook is None:
            return (team_bound.creating(MANAGE, "webhook", self.team or None, view, caller),)
        return team_bound.editing(MANAGE, things.of_webhook(webhook), webhook.team, self.team)

    def arguments(self) -> dict[str, str]:
        named = {"webhook": self.webhook} if is_uuid(self.webhook) else {}
        return {**named, **({"team": self.team} if isinstance(self.team, str) else {})}


class DeleteWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a webhook; what it sends leaves the vault in the same transaction."""

    word: ClassVar[str] = "delete_webhook"
    webhook: str
    """What the client calls it."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need(MANAGE, things.of_webhook(view.webhook(self.webhook))),)

    def arguments(self) -> dict[str, str]:
        return {"webhook": self.webhook} if is_uuid(self.webhook) else {}


def create_webhook(command: CreateWebhook, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad field or team, and for a secret that is another place's."""
    return _created(command.webhook, "", command.team, command, view)


def edit_webhook(command: EditWebhook, view: View, caller: Caller) -> list[Event]:
    """Decide a replacement. Replacing a webhook by what it already is changes nothing.

    Whoever manages every webhook and saves one that its team's deletion left behind lets it draw on what those of no
    team draw on. Raises Invalid as a creation does, and where asterisks stand for a value that there is not; NotFound.
    """
    webhook = view.webhook_or_none(command.webhook)
    if webhook is None:
        if command.must_exist:
            raise errors.NotFound("There is no such webhook.")
        own = is_uuid(command.webhook) and WebhookId(command.webhook) not in view.directory.webhooks
        made, given = (WebhookId(command.webhook), "") if own else (command.new, _given_id(command.webhook))
        return _created(made, given, command.team or None, command, view)
    team = webhook.team if isinstance(command.team, msgspec.UnsetType) else command.team
    if team != webhook.team:
        team_bound.require_team(team, view)
    settings, request = _settings(command.settings, view), _request(command.request, webhook.request)
    if set(settings.events) == set(webhook.settings.events):  # a set has no order: Terraform sends it in any
        settings = msgspec.structs.replace(settings, events=webhook.settings.events)
    _require_in_reach(command.request, team, view)
    decided: list[Event] = []
    if settings != webhook.settings:
        decided.append(events.WebhookEdited(webhook=webhook.id, before=webhook.settings, after=settings))
    if request != webhook.request:
        decided.append(
            events.WebhookRequestChanged(webhook=webhook.id, before=webhook.request, after=request)
        )
    if team != webhook.team:
        decided.append(events.WebhookMoved(webhook=webhook.id, team_before=webhook.team, team=team))
    elif webhook.left is not None:
        decided.append(events.WebhookTrusted(webhook=webhook.id, left=webhook.left))
    return decided


def delete_webhook(command: DeleteWebhook, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion."""
    webhook = view.webhook(command.webhook)
    return [
        events.WebhookDeleted(
            webhook=webhook.id, settings=webhook.settings, request=webhook.request, team=webhook.team
        )
    ]


def checked(
    asked: Asked, wanted: Wanted, team: TeamId | None, view: View
) -> tuple[WebhookSettings, WebhookRequest]:
    """A new webhook of a team, or of none, as the record would have it. Raises Invalid where it could not be made."""
    team_bound.require_team(team, view)
    settings, request = _settings(asked, view), _request(wanted, None)
    _require_in_reach(wanted, team, view)
    return settings, request


def _created(
    webhook: WebhookId, given: str, team: TeamId | None, command: CreateWebhook | EditWebhook, view: View
) -> list[Event]:
    settings, request = checked(command.settings, command.request, team, view)
    return [
        events.WebhookCreated(webhook=webhook, given=given, settings=settings, request=request, team=team)
    ]


def _given_id(text: str) -> str:
    """An id that a client chose, or Invalid (the open-source broker's `webhook_contract.rb`)."""
    if not _GIVEN_ID.fullmatch(text) or text in _RESERVED:
        raise errors.Invalid("The id of a webhook is 16 to 128 letters, digits, - and _.", "uuid")
    return text


def _settings(asked: Asked, view: View) -> WebhookSettings:
    consumer, consumer_label = _side(asked.consumer, "consumer", view)
    provider, provider_label = _side(asked.provider, "provider", view)
    return WebhookSettings(
        description=verbatim(asked.description, "/description", "description", DESCRIPTION_LENGTH_MAX),
        enabled=asked.enabled,
        events=_events(asked.events),
        consumer=consumer,
        consumer_label=consumer_label,
        provider=provider,
        provider_label=provider_label,
    )


def _side(side: Side, role: str, view: View) -> tuple[ApplicationId | None, str | None]:
    if side.name is not None and side.label is not None:
        raise errors.Invalid("Name an application or a label, not both.", f"/{role}/label")
    if side.label is not None:
        return None, labels.label_name(side.label, f"/{role}/label")
    if side.name is None:
        return None, None
    application = view.application_named(name(side.name, role if side.in_path else f"/{role}/name"))
    if application is None and side.in_path:
        raise errors.NotFound(f"No {role} with name '{side.name}' found")
    if application is None:
        raise errors.Invalid(f"There is no application {side.name[:64]!r}.", f"/{role}/name")
    return application.id, None


def _events(names: tuple[str, ...]) -> tuple[Trigger, ...]:
    """The events in the order in which they were named, each once."""
    if not names:
        raise errors.Invalid("A webhook waits for one event at least.", "/events")
    found: dict[Trigger, None] = {}
    for index, one in enumerate(names):
        known = next((trigger for trigger in TRIGGERS if trigger == one), None)
        if known is None:
            raise errors.Invalid(f"The name must be one of {', '.join(TRIGGERS)}.", f"/events/{index}/name")
        found[known] = None
    return tuple(found)


def _request(wanted: Wanted, held: WebhookRequest | None) -> WebhookRequest:
    """The request as the record knows it. What was shown of it before and is the same stays in the vault as it is."""
    same = held is not None and held.mark == wanted.mark
    return WebhookRequest(
        method=wanted.method,
        destination=wanted.destination,
        references=tuple(one for one, _ in wanted.references),
        content=held.content if held is not None and same else wanted.content,
        mark=wanted.mark,
        sealed=tuple(SealedValue(one.name, _sealed(one, held)) for one in wanted.sealed),
    )


def _sealed(one: Sealing, held: WebhookRequest | None) -> VaultRef:
    """The row of a hidden value: the new one, or that of the same name, whatever its case. Raises Invalid."""
    if one.value is not None:
        return one.value
    for kept in held.sealed if held is not None else ():
        if kept.name.lower() == one.name.lower():
            return kept.value
    raise errors.Invalid("Asterisks keep the value that is hidden, and there is none yet.", one.pointer)


def _require_in_reach(wanted: Wanted, team: TeamId | None, view: View) -> None:
    """Raise Invalid for a secret that there is only elsewhere. A name that is nowhere passes (open point 12)."""
    lacking = {one: pointer for one, pointer in wanted.references if view.secret_named(team, one) is None}
    if not lacking:
        return
    elsewhere = {secret.name for secret in view.secrets() if not secret.conflicting}
    for one, pointer in lacking.items():
        if one in elsewhere:
            raise errors.Invalid(
                f"The secret {one[:64]!r} is not one that this webhook may draw on: a team's webhooks draw on that"
                " team's secrets, and webhooks of no team on secrets of no team.",
                pointer,
            )
