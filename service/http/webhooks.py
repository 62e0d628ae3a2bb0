"""/webhooks: what is sent where when something happens to contracts (section 4.6). Who manages one may see it."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiohttp import web

from projections.applications import Application
from projections.secrets import Secret
from projections.things import Target, teams_of
from projections.view import View
from projections.webhooks import Webhook
from service import errors
from service.commands import placeholders, webhook_requests
from service.commands.order import NewValues
from service.commands.webhook_contents import CREDENTIAL, STARS, Content
from service.commands.webhook_requests import Wanted
from service.commands.webhooks import MANAGE, CreateWebhook, DeleteWebhook, EditWebhook
from service.events.webhooks import WebhookCreated
from service.http import breathing, pagination, requests, responses
from service.http import webhook_documents as documents
from service.http.edge import Call
from service.http.requests import Body
from service.orders import Outcome
from service.queries import webhook_requests as vault_contents
from service.vocabulary import TeamId, Thing, WebhookId, is_uuid, uuid_text

_MARK: Final = "webhook content"


async def listed(call: Call) -> web.Response:
    """GET /webhooks?page=&size=: those that the caller may manage."""
    return await _listed(call, (await call.moment()).view, lambda _: True)


async def created(call: Call) -> web.Response:
    """POST /webhooks: 201 with the webhook."""
    return await _created(call)


async def listed_for(call: Call) -> web.Response:
    """GET /webhooks/provider/{provider}/consumer/{consumer}: those that name just these, and so for one side alone."""
    view = (await call.moment()).view
    call.require_somewhere(MANAGE)
    consumer, provider = _named(call, view)

    def named(webhook: Webhook) -> bool:
        sides = (webhook.settings.consumer, webhook.settings.provider)
        return sides == (consumer and consumer.id, provider and provider.id)

    return await _listed(call, view, named)


async def created_for(call: Call) -> web.Response:
    """POST there: one for the applications that the path names. 201 with the webhook."""
    return await _created(
        call, call.request.match_info.get("consumer"), call.request.match_info.get("provider")
    )


async def shown(call: Call) -> web.Response:
    """GET /webhooks/{uuid}: one webhook; as it was, with `as_of`."""
    view = (await call.moment()).view
    webhook = view.webhook(id_of(call, view))
    call.require(MANAGE, documents.current_target(call, webhook))
    contents = await vault_contents.shown(call.edge.reader, call.edge.keys, [webhook])
    return _answer(call, view, webhook, contents.get(webhook.id))


async def replaced(call: Call) -> web.Response:
    """PUT /webhooks/{uuid}: replace it, or make it under this id (201).

    What is absent is as in a new one, but for its team, which stays, and for what is hidden where asterisks stand for
    it, or no password at all; null takes either away.
    """
    body = await requests.body(call)
    wanted_id = id_of(call, call.view)
    held = call.view.webhook_or_none(wanted_id)
    content, request, values = _request(call, body, await _password(call, body, held))
    command = EditWebhook(
        webhook=wanted_id,
        new=WebhookId(call.edge.fresh.id()),
        settings=documents.asked(body),
        request=request,
        values=values,
        team=_team(body) if body.has("teamUuid") else msgspec.UNSET,
        must_exist="If-Match" in call.request.headers,
    )
    outcome = await requests.handle(call, command, body, ("webhook", wanted_id if held is None else held.id))
    if any(isinstance(record.data, WebhookCreated) for record in outcome.records):
        return _answer_made(call, outcome, content)
    view = call.edge.replica.view(outcome.position)
    return _answer(call, view, view.webhook(wanted_id), content)


async def deleted(call: Call) -> web.Response:
    """DELETE /webhooks/{uuid}."""
    wanted_id = id_of(call, call.view)
    held = call.view.webhook_or_none(wanted_id)
    body = await requests.body(call)
    thing = wanted_id if held is None else held.id
    await requests.handle(call, DeleteWebhook(webhook=wanted_id), body, ("webhook", thing))
    return responses.nothing()


async def template_variables(call: Call) -> web.Response:
    """GET /webhooks/template-variables?teamUuid=: what requests of a team's webhooks, or of none, may draw on."""
    view = (await call.moment()).view
    call.require_only("teamUuid", "as_of", "at_least")
    given = call.asked("teamUuid")
    team = None if given is None else uuid_text(given, "teamUuid")
    if team is not None and view.team_or_none(team) is None:
        raise errors.NotFound("There is no such team.")
    call.require(
        MANAGE,
        Target(Thing("team" if team else "webhook", team or ""), teams_of(TeamId(team) if team else None)),
    )
    held = view.team_secrets(team) if team else [one for one in view.secrets() if one.team is None]
    if call.asked("as_of") is not None:
        held = [one for one in held if call.may(MANAGE, _as_it_is(call, one))]
    secrets = [
        {
            "name": one.name,
            "description": one.description,
            "placeholder": f"${{{placeholders.USER}.{one.name}}}",
        }
        for one in sorted(held, key=lambda one: one.name)
        if not one.conflicting
    ]
    variables = [
        {"name": one.name, "description": one.description, "placeholder": one.text}
        for one in placeholders.VARIABLES
    ]
    links = {"self": responses.link(responses.here(call))}
    return responses.hal(call, {"secrets": secrets, "variables": variables, "_links": links})


def _as_it_is(call: Call, secret: Secret) -> Target:
    """A webhook that may draw on the secret where it belongs now; one that was deleted since belongs to no team."""
    current = call.judged_in.secret_or_none(secret.id)
    return Target(Thing("webhook", ""), teams_of(None if current is None else current.team))


async def _listed(call: Call, view: View, named: Callable[[Webhook], bool]) -> web.Response:
    """A list as the open-source broker has it, whose links point to each, and as the vendor has it, with them whole."""
    call.require_somewhere(MANAGE)

    def wanted(webhook: Webhook) -> bool:
        return named(webhook) and call.may(MANAGE, documents.current_target(call, webhook))

    found = await breathing.kept(view.webhooks(), wanted)
    found.sort(key=lambda one: (one.created_at, one.id))
    rows, counted, links = pagination.cut(call, found)
    if not call.caller.read_only:
        links["pb:create"] = responses.link(
            f"{call.edge.settings.base_url}{call.request.rel_url.raw_path}", "POST to create a webhook"
        )
    links["pb:webhooks"] = [documents.link(call, view, one) for one in rows]
    drawn = await _drawn(call, view, rows)
    return responses.hal(call, {"_embedded": {"webhooks": drawn}, **counted, "_links": links})


async def _drawn(call: Call, view: View, webhooks: Sequence[Webhook]) -> list[msgspec.Raw]:
    contents = await vault_contents.shown(call.edge.reader, call.edge.keys, webhooks)
    return await breathing.drawn(
        webhooks, lambda one: documents.document(call, view, one, contents.get(one.id))
    )


async def _created(call: Call, consumer: str | None = None, provider: str | None = None) -> web.Response:
    body = await requests.body(call)
    content, request, values = _request(call, body, None)
    command = CreateWebhook(
        webhook=WebhookId(call.edge.fresh.id()),
        settings=documents.asked(body, consumer, provider),
        request=request,
        values=values,
        team=_team(body),
    )
    return _answer_made(call, await requests.handle(call, command, body), content)


def _answer_made(call: Call, outcome: Outcome, content: Content) -> web.Response:
    view = call.edge.replica.view(outcome.position)
    webhook = view.webhook(requests.event(outcome, WebhookCreated).webhook)
    drawn = documents.document(call, view, webhook, _as_kept(webhook, content))
    return responses.created(
        call, drawn, documents.address(call, webhook), view.version("webhook", webhook.id)
    )


def _answer(call: Call, view: View, webhook: Webhook, content: Content | None) -> web.Response:
    drawn = documents.document(call, view, webhook, content and _as_kept(webhook, content))
    return responses.hal(call, drawn, version=view.version("webhook", webhook.id))


def _as_kept(webhook: Webhook, content: Content) -> Content:
    """What an order sent, with asterisks for the password that it kept: the webhook may be gone when it is repeated."""
    if content.password is None and any(one.name == CREDENTIAL for one in webhook.request.sealed):
        return msgspec.structs.replace(content, password=STARS)
    return content


def id_of(call: Call, view: View) -> str:
    """What the path calls a webhook. An id that was drawn here may be spelt in capitals, as any other UUID."""
    given = call.path("uuid")
    drawn = is_uuid(given) and view.webhook_or_none(given) is None
    return given.lower() if drawn and view.webhook_or_none(given.lower()) is not None else given


def _named(call: Call, view: View) -> tuple[Application | None, Application | None]:
    """The consumer and the provider of the path, either of which may not be there. Raises NotFound."""
    found: list[Application | None] = []
    for role in ("consumer", "provider"):
        given = call.request.match_info.get(role)
        application = None if given is None else view.application_named(given)
        if given is not None and application is None:
            raise errors.NotFound(f"No {role} with name '{given[:255]}' found")
        found.append(application)
    return found[0], found[1]


def _team(body: Body) -> TeamId | None:
    team = body.optional_id("teamUuid")
    return None if team is None else TeamId(team)


def _request(call: Call, body: Body, password: str | None) -> tuple[Content, Wanted, NewValues]:
    """The request in the body: as it may be shown, for the order, and for the vault. Raises Invalid."""
    methods = call.edge.settings.webhook_methods
    found = webhook_requests.checked(body.given("request"), methods, password=password)

    def mark(row: str) -> str:
        return call.edge.keys.mac(_MARK, row.encode()).hex()

    return found.content, *webhook_requests.wanted(found, call.edge.fresh.ref, mark)


async def _password(call: Call, body: Body, held: Webhook | None) -> str | None:
    """The password that stays where the request leaves it out: as it may be shown."""
    if held is None or any(one.name == CREDENTIAL for one in held.request.sealed):
        return None if held is None else STARS
    if body.member("request").given("password") not in (None, ""):
        return None  # another one takes its place, so that there is nothing to look up
    contents = await vault_contents.shown(call.edge.reader, call.edge.keys, [held])
    content = contents.get(held.id)
    return None if content is None else content.password
