"""What the provider's client decodes answers into (section 4.4 of the vendor's rules).

A type is as strict as Go's: a number is no string, a time is RFC 3339. Stricter than Go, what the vendor's own schema
requires must be there, and null is no value. Unknown fields are ignored."""

from datetime import datetime
from typing import Any

import msgspec


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON object with the names that it has on the wire."""


class Link(Document, frozen=True, kw_only=True):
    """A HAL link."""

    href: str
    title: str = ""
    templated: bool = False


class Linked(Document, frozen=True, kw_only=True):
    """Something that says where it is found."""

    links: dict[str, Link] = msgspec.field(name="_links")


class Dated(Linked, frozen=True, kw_only=True):
    """Something that says since when it is as well, and when it was changed."""

    created_at: datetime
    updated_at: datetime | None = None


class Permission(Document, frozen=True, kw_only=True):
    """One scope of a role."""

    scope: str
    uuid: str = ""
    name: str = ""
    label: str = ""
    group: str = ""
    description: str = ""


class Role(Dated, frozen=True, kw_only=True):
    """A role."""

    uuid: str
    name: str
    system_defined: bool
    permissions: list[Permission]


class Roles(Document, frozen=True, kw_only=True):
    """The list of roles, as it is embedded."""

    roles: list[Role]


class RoleList(Linked, frozen=True, kw_only=True):
    """GET /admin/roles, and the answer to a reset."""

    embedded: Roles = msgspec.field(name="_embedded")


class HeldRole(Linked, frozen=True, kw_only=True):
    """A role as a user's document shows it."""

    uuid: str
    name: str
    permissions: list[Permission]


class Membership(Linked, frozen=True, kw_only=True):
    """A team as a user's document shows it."""

    uuid: str
    name: str


class Held(Document, frozen=True, kw_only=True):
    """What a user holds and belongs to."""

    roles: list[HeldRole] = []
    teams: list[Membership] = []


class Person(Linked, frozen=True, kw_only=True):
    """A user or system account as a member or administrator of a team."""

    uuid: str
    name: str
    active: bool
    type: int
    email: str = ""
    type_description: str = ""


class User(Person, frozen=True, kw_only=True):
    """A user or system account."""

    created_at: datetime
    updated_at: datetime | None = None
    embedded: Held = msgspec.field(name="_embedded")


class UserList(Linked, frozen=True, kw_only=True):
    """POST /admin/users/invite-users, and GET /admin/users."""

    users: list[User]


class Application(Document, frozen=True, kw_only=True):
    """A pacticipant. Some of its links are lists of them, and the provider reads none."""

    name: str
    created_at: datetime
    updated_at: datetime | None = None
    repository_url: str = ""
    main_branch: str = ""
    display_name: str = ""


class Named(Document, frozen=True, kw_only=True):
    """An application as a team's document shows it."""

    name: str


class TeamEnvironment(Document, frozen=True, kw_only=True):
    """An environment as a team's document shows it."""

    uuid: str
    name: str
    production: bool


class Belonging(Document, frozen=True, kw_only=True):
    """What belongs to a team. The answer to a write names no members."""

    administrators: list[Person]
    pacticipants: list[Named]
    environments: list[TeamEnvironment]
    members: list[Person] = []


class Team(Dated, frozen=True, kw_only=True):
    """A team."""

    uuid: str
    name: str
    number_of_members: int
    embedded: Belonging = msgspec.field(name="_embedded")


class Members(Document, frozen=True, kw_only=True):
    """Who belongs to a team."""

    users: list[Person]


class MemberList(Linked, frozen=True, kw_only=True):
    """PUT /admin/teams/{uuid}/users."""

    embedded: Members = msgspec.field(name="_embedded")


class Teams(Document, frozen=True, kw_only=True):
    """The teams of an environment."""

    teams: list[Membership] = []


class Environment(Dated, frozen=True, kw_only=True):
    """An environment. A null display name is more than some clients survive."""

    uuid: str
    name: str
    display_name: str
    production: bool
    embedded: Teams = msgspec.field(name="_embedded")


class Secret(Dated, frozen=True, kw_only=True):
    """A secret. A value, if one came, would be taken over into the state, and shown there."""

    uuid: str
    name: str
    description: str
    team_uuid: str = ""
    value: str = ""


class Waits(Document, frozen=True, kw_only=True):
    """One event that a webhook waits for."""

    name: str


class Request(Document, frozen=True, kw_only=True):
    """What a webhook sends. A missing body is null to the provider, and null is another body than an empty one."""

    method: str
    url: str
    username: str = ""
    password: str = ""
    headers: dict[str, str] = {}
    body: Any = None


class Webhook(Dated, frozen=True, kw_only=True):
    """A webhook."""

    uuid: str
    description: str
    enabled: bool
    team_uuid: str = ""
    consumer: Named | None = None
    provider: Named | None = None
    events: list[Waits]
    request: Request


class Token(Linked, frozen=True, kw_only=True):
    """A token with its value."""

    uuid: str
    description: str
    value: str
    read_only: bool


class Tokens(Document, frozen=True, kw_only=True):
    """Somebody's tokens."""

    items: list[Token]


class TokenList(Linked, frozen=True, kw_only=True):
    """GET /settings/tokens."""

    embedded: Tokens = msgspec.field(name="_embedded")


class Google(Document, frozen=True, kw_only=True):
    """Whom Google lets in."""

    email_domains: list[str] | None = None


class GitHub(Document, frozen=True, kw_only=True):
    """Whom GitHub lets in."""

    github_organizations: list[str] | None = None


class Providers(Document, frozen=True, kw_only=True, rename="pascal"):
    """Who vouches for people."""

    google: Google
    git_hub: GitHub


class Authentication(Document, frozen=True, kw_only=True):
    """GET and PUT /admin/tenant/authentication-settings."""

    authentication_providers: Providers
