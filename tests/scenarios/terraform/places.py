"""Applications, teams, environments and the authentication settings: the calls of section 5.2."""

from collections.abc import Mapping
from typing import ClassVar

from tests.scenarios.terraform import documents
from tests.scenarios.terraform.client import Client, sent
from tests.scenarios.terraform.schema import Attribute, Data


class Application:
    """pact_application, of old pact_pacticipant: known by its name, and compared with what was read down to a field."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "name": Attribute(required=True, forces_new=True),
        "repository_url": Attribute(),
        "main_branch": Attribute(),
        "display_name": Attribute(),
    }

    async def create(self, client: Client, data: Data) -> None:
        await client.decoded(documents.Application, "POST", "pacticipants", body=self._body(data))
        data.id = data.text("name")

    async def read(self, client: Client, data: Data) -> None:
        found = await client.decoded(documents.Application, "GET", "pacticipants", data.id)
        data.set(
            name=found.name,
            repository_url=found.repository_url,
            main_branch=found.main_branch,
            display_name=found.display_name,
        )

    async def update(self, client: Client, data: Data) -> None:
        await client.decoded(documents.Application, "PATCH", "pacticipants", data.id, body=self._body(data))

    async def delete(self, client: Client, data: Data) -> None:
        await client.done("DELETE", "pacticipants", data.id)

    def _body(self, data: Data) -> dict[str, object]:
        return sent(
            name=data.text("name"),
            repositoryUrl=data.text("repository_url"),
            mainBranch=data.text("main_branch"),
            displayName=data.text("display_name"),
        )


class Team:
    """pact_team. An empty list of applications or administrators is never sent, one of users is."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "name": Attribute(required=True),
        "pacticipants": Attribute(kind="set"),
        "users": Attribute(kind="set"),
        "administrators": Attribute(kind="set"),
        "uuid": Attribute(computed=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        team = await client.decoded(documents.Team, "POST", "admin", "teams", body=self._body(data))
        data.id = team.uuid
        data.set(uuid=team.uuid, name=team.name)
        if data.texts("users"):
            await self._place_users(client, data)

    async def read(self, client: Client, data: Data) -> None:
        team = await client.decoded(documents.Team, "GET", "admin", "teams", data.id)
        data.set(uuid=team.uuid, name=team.name)
        data.set_if_any(
            pacticipants=[one.name for one in team.embedded.pacticipants],
            users=[one.uuid for one in team.embedded.members],
            administrators=[one.uuid for one in team.embedded.administrators],
        )

    async def update(self, client: Client, data: Data) -> None:
        body = {"uuid": data.id, **self._body(data)}
        await client.decoded(documents.Team, "PUT", "admin", "teams", data.id, body=body)
        if data.changed("users"):
            await self._place_users(client, data)

    async def delete(self, client: Client, data: Data) -> None:
        await client.done("DELETE", "admin", "teams", data.id)

    def _body(self, data: Data) -> dict[str, object]:
        return sent(
            name=data.text("name"),
            pacticipantNames=data.texts("pacticipants"),
            administratorUuids=data.texts("administrators"),
        )

    async def _place_users(self, client: Client, data: Data) -> None:
        place, body = ("admin", "teams", data.id, "users"), {"users": data.texts("users")}
        placed = await client.decoded(documents.MemberList, "PUT", *place, body=body)
        data.set_if_any(users=[one.uuid for one in placed.embedded.users])


class Environment:
    """pact_environment. Its teams are read from what is embedded, in the answer to every call."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "name": Attribute(required=True),
        "display_name": Attribute(required=True),
        "production": Attribute(kind="flag", required=True),
        "teams": Attribute(kind="set"),
        "uuid": Attribute(computed=True),
    }

    async def create(self, client: Client, data: Data) -> None:
        found = await client.decoded(documents.Environment, "POST", "environments", body=self._body(data))
        data.id = found.uuid
        self._learn(data, found)

    async def read(self, client: Client, data: Data) -> None:
        self._learn(data, await client.decoded(documents.Environment, "GET", "environments", data.id))

    async def update(self, client: Client, data: Data) -> None:
        body = {"uuid": data.id, **self._body(data)}
        found = await client.decoded(documents.Environment, "PUT", "environments", data.id, body=body)
        self._learn(data, found)

    async def delete(self, client: Client, data: Data) -> None:
        await client.done("DELETE", "environments", data.id)

    def _body(self, data: Data) -> dict[str, object]:
        return {
            "displayName": data.text("display_name"),
            "name": data.text("name"),
            "production": data.flag("production"),
            "teamUuids": data.texts("teams"),
        }

    def _learn(self, data: Data, found: documents.Environment) -> None:
        data.set(
            uuid=found.uuid,
            name=found.name,
            display_name=found.display_name,
            production=found.production,
            teams=tuple(team.uuid for team in found.embedded.teams),
        )


class Authentication:
    """pact_authentication: the whole document, always; its id is the host."""

    schema: ClassVar[Mapping[str, Attribute]] = {
        "github_organizations": Attribute(kind="list"),
        "google_domains": Attribute(kind="list"),
    }
    PLACE: ClassVar = ("admin", "tenant", "authentication-settings")

    async def create(self, client: Client, data: Data) -> None:
        await self.update(client, data)
        data.id = client.host

    async def read(self, client: Client, data: Data) -> None:
        self._learn(data, await client.decoded(documents.Authentication, "GET", *self.PLACE))

    async def update(self, client: Client, data: Data) -> None:
        body = self._body(data.texts("google_domains"), data.texts("github_organizations"))
        self._learn(data, await client.decoded(documents.Authentication, "PUT", *self.PLACE, body=body))

    async def delete(self, client: Client, data: Data) -> None:
        await client.decoded(documents.Authentication, "PUT", *self.PLACE, body=self._body(None, None))
        data.set(google_domains=(), github_organizations=())

    def _body(self, domains: list[str] | None, organizations: list[str] | None) -> dict[str, object]:
        return {
            "authenticationProviders": {
                "Google": {"emailDomains": domains},
                "GitHub": {"githubOrganizations": organizations},
            }
        }

    def _learn(self, data: Data, found: documents.Authentication) -> None:
        providers = found.authentication_providers
        data.set_if_any(
            google_domains=providers.google.email_domains,
            github_organizations=providers.git_hub.github_organizations,
        )
