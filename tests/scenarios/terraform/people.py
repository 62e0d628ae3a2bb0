"""Users and system accounts, roles, the older way to Administrator, and one's own tokens: the calls of section 5.2."""

from collections.abc import Mapping
from typing import ClassVar, Final

from tests.scenarios.terraform import documents
from tests.scenarios.terraform.client import Client, sent
from tests.scenarios.terraform.schema import Attribute, Data

ADMINISTRATOR: Final = "cf75d7c2-416b-11ea-af5e-53c3b1a4efd8"
DESCRIPTIONS: Final = {"read-only": "Read only token (developer)", "read-write": "Read/write token (CI)"}
"""Fixed texts, by which the provider finds a token (section 3.8)."""


class User:
    """pact_user. Neither its type nor its roles are ever read back."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "name": Attribute(required=True),
        "email": Attribute(forces_new=True),
        "type": Attribute(forces_new=True, default="user"),
        "active": Attribute(kind="flag", default=True),
        "roles": Attribute(kind="set"),
        "uuid": Attribute(computed=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        if data.text("type") == "system":
            place = await client.located("POST", "admin", "system-accounts", body=self._body(data))
            data.id = place.rpartition("/")[2]
            data.set(uuid=data.id)
        else:
            invited = ("admin", "users", "invite-user")
            user = await client.decoded(documents.User, "POST", *invited, body=self._body(data))
            data.id = user.uuid
            data.set(uuid=user.uuid, name=user.name, email=user.email, active=user.active)
        await self._give_roles(client, data)

    async def read(self, client: Client, data: Data) -> None:
        user = await client.decoded(documents.User, "GET", "admin", "users", data.id)
        data.set(uuid=user.uuid, name=user.name, email=user.email, active=user.active)

    async def update(self, client: Client, data: Data) -> None:
        body = {"uuid": data.id, **self._body(data)}
        await client.decoded(documents.User, "PUT", "admin", "users", data.id, body=body)
        if data.changed("roles"):
            await self._give_roles(client, data)

    async def delete(self, client: Client, data: Data) -> None:
        """People are in more than one account of the platform, so they are disabled and not deleted."""
        place = ("admin", "users", data.id)
        whole = await client.decoded(dict[str, object], "GET", *place)
        user = await client.decoded(documents.User, "GET", *place)
        await client.done("PUT", *place, "roles", body={"roles": []})
        for team in user.embedded.teams:
            await client.done("DELETE", "admin", "teams", team.uuid, "users", data.id)
        await client.decoded(documents.User, "PUT", *place, body={**whole, "active": False})

    def _body(self, data: Data) -> dict[str, object]:
        type_ = 1 if data.text("type") == "system" else 0
        fields = sent(name=data.text("name"), email=data.text("email"), type=type_)
        return {**fields, "active": data.flag("active"), "_embedded": {}}

    async def _give_roles(self, client: Client, data: Data) -> None:
        await client.done("PUT", "admin", "users", data.id, "roles", body={"roles": data.texts("roles")})


class Role:
    """pact_role. Its scopes are a set that is compared as text."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "name": Attribute(required=True),
        "scopes": Attribute(kind="set", required=True),
        "uuid": Attribute(computed=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        role = await client.decoded(documents.Role, "POST", "admin", "roles", body=self._body(data))
        data.id = role.uuid
        self._learn(data, role)

    async def read(self, client: Client, data: Data) -> None:
        self._learn(data, await client.decoded(documents.Role, "GET", "admin", "roles", data.id))

    async def update(self, client: Client, data: Data) -> None:
        body = {"uuid": data.id, **self._body(data)}
        self._learn(data, await client.decoded(documents.Role, "PUT", "admin", "roles", data.id, body=body))

    async def delete(self, client: Client, data: Data) -> None:
        await client.done("DELETE", "admin", "roles", data.id)

    def _body(self, data: Data) -> dict[str, object]:
        return {"name": data.text("name"), "permissions": [{"scope": one} for one in data.texts("scopes")]}

    def _learn(self, data: Data, role: documents.Role) -> None:
        scopes = tuple(permission.scope for permission in role.permissions)
        data.set(uuid=role.uuid, name=role.name, scopes=scopes)


class AdministratorRole:
    """pact_role_v1: makes one user an Administrator. It is never read, and any change makes another."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "role": Attribute(required=True, forces_new=True),
        "user": Attribute(required=True, forces_new=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        await self._send(client, data, "PUT")
        data.id = ADMINISTRATOR

    async def read(self, client: Client, data: Data) -> None:
        """There is no call that reads it."""

    async def update(self, client: Client, data: Data) -> None:
        raise AssertionError(f"Every attribute forces another one: {client.host}, {data.attributes}.")

    async def delete(self, client: Client, data: Data) -> None:
        await self._send(client, data, "DELETE")

    async def _send(self, client: Client, data: Data, method: str) -> None:
        user = data.text("user")
        body = {"uuid": user, "active": False, "_embedded": {}}
        await client.decoded(documents.User, method, "admin", "users", user, "role", "admin", body=body)


class Token:
    """pact_token: one of the caller's own two, found by its text; another name regenerates it."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "type": Attribute(required=True, forces_new=True),
        "name": Attribute(required=True),
        "uuid": Attribute(computed=True),
        "description": Attribute(computed=True),
        "value": Attribute(computed=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        described = DESCRIPTIONS[data.text("type")]
        listed = await client.decoded(documents.TokenList, "GET", "settings", "tokens")
        self._learn(data, next(one for one in listed.embedded.items if one.description == described))

    async def read(self, client: Client, data: Data) -> None:
        listed = await client.decoded(documents.TokenList, "GET", "settings", "tokens")
        self._learn(data, next(one for one in listed.embedded.items if one.uuid == data.id))

    async def update(self, client: Client, data: Data) -> None:
        place = ("settings", "tokens", data.id, "regenerate")
        self._learn(data, await client.decoded(documents.Token, "POST", *place))
        if data.text("type") == "read-write":
            client.token = data.text("value")  # the one that this very client uses has just died

    async def delete(self, client: Client, data: Data) -> None:
        """A token is only forgotten: it cannot be deleted."""

    def _learn(self, data: Data, token: documents.Token) -> None:
        data.id = token.uuid
        data.set(uuid=token.uuid, description=token.description, value=token.value)
