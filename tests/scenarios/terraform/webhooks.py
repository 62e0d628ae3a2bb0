"""Webhooks: the calls of section 5.2. What is shown as asterisks only the configuration knows."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from tests.scenarios.terraform import documents
from tests.scenarios.terraform.client import Client, Failed, last_segment, sent
from tests.scenarios.terraform.schema import Attribute, Data, meant

_SIDE: Final = Attribute(kind="block", kept=True, forces_new=True)
_REQUEST: Final = {
    "url": Attribute(required=True),
    "method": Attribute(required=True),
    "username": Attribute(),
    "password": Attribute(),
    "headers": Attribute(kind="block"),
    "body": Attribute(kind="body"),
}


class Webhook:
    """pact_webhook. It is always sent as enabled; one that is gone is made again, where others end the run."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "description": Attribute(),
        "webhook_provider": _SIDE,
        "webhook_consumer": _SIDE,
        "request": Attribute(kind="block", required=True, block=_REQUEST),
        "events": Attribute(kind="set"),
        "enabled": Attribute(kind="flag", default=True),
        "team": Attribute(),
    }

    async def create(self, client: Client, data: Data) -> None:
        made = await client.decoded(documents.Webhook, "POST", "webhooks", body=self._body(data))
        data.id = last_segment(made.links["self"].href)
        data.set(enabled=True)

    async def read(self, client: Client, data: Data) -> None:
        try:
            found = await client.decoded(documents.Webhook, "GET", "webhooks", data.id)
        except Failed:
            data.id = ""
            return
        sides = {"webhook_consumer": found.consumer, "webhook_provider": found.provider}
        data.set(
            description=found.description,
            enabled=found.enabled,
            team=found.team_uuid,
            events=tuple(sorted(one.name for one in found.events)),
            request=self._request(data, found.request),
            **{name: {"name": side.name} if side else {} for name, side in sides.items()},
        )

    async def update(self, client: Client, data: Data) -> None:
        body = self._body(data)
        await client.decoded(documents.Webhook, "PUT", "webhooks", data.id, body=body)

    async def delete(self, client: Client, data: Data) -> None:
        await client.done("DELETE", "webhooks", data.id)

    def _body(self, data: Data) -> dict[str, object]:
        request = data.block("request")
        return {
            **sent(
                teamUuid=data.text("team"),
                description=data.text("description"),
                provider=sent(**data.block("webhook_provider")) or None,
                consumer=sent(**data.block("webhook_consumer")) or None,
                events=[{"name": one} for one in data.texts("events")],
            ),
            "enabled": True,
            "request": {
                **sent(
                    method=request["method"],
                    url=request["url"],
                    username=request.get("username"),
                    password=request.get("password"),
                    headers=request.get("headers") or None,
                ),
                # An empty body is sent as an empty text: Go leaves out no interface that holds something.
                "body": _parsed(request.get("body") or ""),
            },
        }

    def _request(self, data: Data, found: documents.Request) -> dict[str, object]:
        """The request as the state has it afterwards: asterisks, and no password at all, keep what was known."""
        known = data.block("request").get("password", "")
        shown = found.password
        return {
            "url": found.url,
            "method": found.method,
            "username": found.username,
            "password": known if not shown or shown.startswith("*****") else shown,
            "headers": found.headers,
            "body": meant(found.body if isinstance(found.body, str) else json.dumps(found.body)),
        }


def _parsed(body: str) -> Any:
    """What is sent of a body: what it means where it is JSON, so that nothing is quoted twice."""
    try:
        return json.loads(body)
    except ValueError:
        return body
