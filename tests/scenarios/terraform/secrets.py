"""Secrets: the calls of section 5.2. What a secret's value is only the configuration knows."""

from collections.abc import Mapping
from typing import ClassVar

from tests.scenarios.terraform import documents
from tests.scenarios.terraform.client import Client, last_segment, sent
from tests.scenarios.terraform.schema import Attribute, Data


class Secret:
    """pact_secret. Its value goes with every change; its `uuid` is empty, since the provider never decodes it."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "name": Attribute(required=True),
        "description": Attribute(required=True),
        "value": Attribute(required=True),
        "team": Attribute(),
        "uuid": Attribute(computed=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        made = await client.decoded(documents.Secret, "POST", "secrets", body=self._body(data))
        data.id = last_segment(made.links["self"].href)
        data.set(uuid="")

    async def read(self, client: Client, data: Data) -> None:
        found = await client.decoded(documents.Secret, "GET", "secrets", data.id)
        data.set(name=found.name, description=found.description, team=found.team_uuid, uuid="")
        if found.value:
            data.set(value=found.value)

    async def update(self, client: Client, data: Data) -> None:
        await client.decoded(documents.Secret, "PUT", "secrets", data.id, body=self._body(data))

    async def delete(self, client: Client, data: Data) -> None:
        await client.done("DELETE", "secrets", data.id)

    def _body(self, data: Data) -> dict[str, object]:
        return {
            **sent(teamUuid=data.text("team")),
            "name": data.text("name"),
            "description": data.text("description"),
            "value": data.text("value"),
        }
