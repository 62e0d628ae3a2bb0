"""What a team's deletion leaves of no team, as a document: of a dry run, or of a deletion that was done.

Whoever deletes the team is told how many there are; what each is called, who may read it. That another secret of no
team has a name already is told to who may read that one.
"""

from projections import things
from projections.view import View
from service.commands.teamless import Left
from service.events.secrets import SecretMoved
from service.events.webhooks import WebhookMoved
from service.http import breathing
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import Thing


async def leaves(call: Call, view: View, left: Left) -> Document:
    """Secrets and webhooks that are of no team from then on. `view` still has them in the team."""
    wide = call.may("secret:read", things.anything("secret"))

    def secret(one: SecretMoved) -> Document:
        target = things.Target(Thing("secret", one.secret), things.teams_of(one.team_before))
        named = {"name": one.name} if call.may("secret:read", target) else {}
        return {"uuid": one.secret, **named, **({"conflicting": True} if wide and one.conflicting else {})}

    def webhook(one: WebhookMoved) -> Document:
        held = view.webhook_by_own_id(one.webhook)
        if held is None:
            return {"uuid": one.webhook}
        target = things.Target(Thing("webhook", one.webhook), things.teams_of(one.team_before))
        named = {"description": held.settings.description} if call.may("webhook:manage", target) else {}
        return {"uuid": held.shown_id, **named}

    found: Document = {}
    if left.number_of_secrets:
        found["secrets"] = {
            "number": left.number_of_secrets,
            **({"conflicting": left.number_in_conflict} if wide else {}),
            "first": await breathing.drawn(left.secrets, secret),
        }
    if left.number_of_webhooks:
        found["webhooks"] = {
            "number": left.number_of_webhooks,
            "first": await breathing.drawn(left.webhooks, webhook),
        }
    return found
