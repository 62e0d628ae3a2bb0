"""Every field of every order: what is of the wrong type, missing, empty, too long or invisible is pointed to (4.2)."""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from service.http import routes
from tests.http.test_bad_input import MISSING, require_refusal
from tests.service import Running

CONTROL: Final = ("a\u0007b", "a\nb", "a\u202eb", "a\u2028b")
NO_TEXT: Final[tuple[Any, ...]] = (17, 1.5, True, [], {}, ["x"])
NO_FLAG: Final[tuple[Any, ...]] = (17, 0, "true", "", [], {})
ID: Final = "{uuid}"


class Field(msgspec.Struct, frozen=True):
    """A field of a body: how wrong it can be, and where the answer points then (`path` where the field itself is)."""

    path: str
    wrong: tuple[Any, ...]
    required: bool = False
    null: bool = True
    """Whether null is as good as absent."""


class Form(msgspec.Struct, frozen=True):
    """A route with a body that it takes, and the fields of it."""

    route: str
    body: dict[str, Any]
    fields: tuple[Field, ...]
    of: str = ""
    """Which thing fills the path."""


def required(path: str, length_max: int = 255) -> Field:
    """A name that must be there."""
    return Field(path, (*NO_TEXT, "", " \t ", "x" * (length_max + 1), *CONTROL), required=True, null=False)


def text(path: str, length_max: int = 1_000, *, lines: bool = False) -> Field:
    """A text that may be absent; `lines`: it may have several."""
    invisible = CONTROL if not lines else tuple(one for one in CONTROL if one != "a\nb")
    return Field(path, (*NO_TEXT, "x" * (length_max + 1), *invisible))


def email(path: str = "email", *, needed: bool = True) -> Field:
    """An e-mail address."""
    wrong: tuple[Any, ...] = (
        *NO_TEXT,
        "x",
        "a b@example.org",
        "@example.org",
        f"{'x' * 250}@example.org",
        *CONTROL,
    )
    return Field(path, (*wrong, "") if needed else wrong, required=needed, null=not needed)


def ids(path: str, *, needed: bool = False) -> Field:
    """A list of ids."""
    return Field(path, (17, True, "x", {}), required=needed, null=not needed)


def elements(path: str, unknown: bool = True) -> Field:
    """One element of a list of ids; `unknown`: that nobody has it is found too."""
    wrong: tuple[Any, ...] = (17, None, True, "", "x", [], {}, f"{MISSING}0", "x" * 36)
    return Field(path, (*wrong, MISSING) if unknown else wrong)


def flag(path: str, *, needed: bool = False) -> Field:
    """True or false."""
    return Field(path, NO_FLAG, required=needed, null=not needed)


NAME: Final = required("name")
PERSON: Final = (NAME, email(), text("firstName", 255), text("lastName", 255), flag("active"))
SCOPES: Final = (
    Field("permissions", (17, True, "x", {}), required=True, null=False),
    Field("permissions.0", (17, True, "x", [], None)),
    Field(
        "permissions.0.scope",
        (*NO_TEXT, "", "x", "role:view:*", "x" * 5_000, *CONTROL),
        required=True,
        null=False,
    ),
)
ROLE: Final = {"name": "wanted", "permissions": [{"scope": "role:read:*"}]}
TEAM: Final = {
    "name": "wanted",
    "pacticipantNames": ["Foo"],
    "administratorUuids": [ID],
    "environmentUuids": [],
}
TEAM_FIELDS: Final = (
    NAME,
    Field("pacticipantNames", (17, True, "x", {})),
    Field("pacticipantNames.0", (17, None, True, "", [], {}, "Nothing", "x" * 256, *CONTROL)),
    ids("administratorUuids"),
    elements("administratorUuids.0"),
    ids("environmentUuids"),
)
OLDER_TEAM: Final = {"name": "wanted", "_embedded": {"pacticipants": [{"name": "Foo"}]}}
OLDER_TEAM_FIELDS: Final = (
    Field("_embedded", (17, True, "x", [])),
    Field("_embedded.pacticipants", (17, True, "x", {}), null=False),
    Field("_embedded.pacticipants.0", (17, True, "x", [], None)),
    Field("_embedded.pacticipants.0.name", (*NO_TEXT, "", "Nothing", "x" * 256, *CONTROL), required=True),
)
ENVIRONMENT: Final = {"name": "wanted", "production": True, "displayName": "Wanted", "teamUuids": [ID]}
MEMBERS: Final = (ids("users", needed=True), elements("users.0"))
SECRET: Final = {"name": "wanted", "description": "Wanted", "value": "x", "teamUuid": None}
SECRET_NAME: Final = Field("name", (*required("name").wrong, "two words", "a{b", "a}"), True, null=False)
DESCRIPTION: Final = text("description", lines=True)
OF_TEAM: Final = Field("teamUuid", (17, True, [], {}, "", "x", MISSING))
WEBHOOK: Final = {
    "description": "Wanted",
    "enabled": True,
    "teamUuid": None,
    "consumer": {"name": "Foo"},
    "provider": {"label": "web"},
    "events": [{"name": "contract_published"}],
    "request": {
        "method": "POST",
        "url": "https://ci.example.org/build",
        "headers": {"Accept": "*/*"},
        "username": "x",
        "password": "x",
        "body": {"a": 1},
    },
}
WEBHOOK_FIELDS: Final = (
    text("description", 255, lines=True),
    flag("enabled"),
    OF_TEAM,
    Field("consumer", (17, True, "x", [], {})),
    Field("consumer.name", (*NO_TEXT, "", "Nothing", "x" * 256, *CONTROL)),
    Field("provider", (17, True, "x", [], {})),
    Field("provider.label", (*NO_TEXT, "", "x" * 256, *CONTROL)),
    Field("events", (17, True, "x", {}, [])),
    Field("events.0", (17, True, "x", [], None)),
    Field("events.0.name", (*NO_TEXT, "", "contract_deleted", *CONTROL), required=True, null=False),
    Field("request", (17, True, "x", []), required=True, null=False),
    Field("request.method", (*NO_TEXT, "", "GET", "POST ", *CONTROL), required=True, null=False),
    Field(
        "request.url",
        (*NO_TEXT, "", "x", "//x.org", "file:///etc/passwd", "https://", "https://a b", *CONTROL),
        required=True,
        null=False,
    ),
    Field("request.headers", (17, True, "x", [])),
    Field("request.headers.Accept", (*NO_TEXT, None, "\u00fc", *(one for one in CONTROL if one != "a\tb"))),
    Field("request.username", (*NO_TEXT, "a:b", "x" * 1_001, *CONTROL)),
    Field("request.password", (*NO_TEXT, "x" * 1_001, *CONTROL)),
    Field("request.body", ("x" * 32_769,)),
)
FORMS: Final = (
    Form("POST /admin/roles", ROLE, (NAME, text("description", lines=True), *SCOPES)),
    Form("PUT /admin/roles/{uuid}", ROLE, (NAME, text("description", lines=True), *SCOPES), "role"),
    Form("POST /admin/teams", TEAM, TEAM_FIELDS),
    Form("PUT /admin/teams/{uuid}", TEAM, TEAM_FIELDS, "team"),
    Form("POST /admin/teams", OLDER_TEAM, OLDER_TEAM_FIELDS),
    Form("PUT /admin/teams/{uuid}", OLDER_TEAM, OLDER_TEAM_FIELDS, "team"),
    Form("PUT /admin/teams/{uuid}/users", {"users": [ID]}, MEMBERS, "team"),
    Form("POST /admin/teams/{uuid}/users", {"users": [ID]}, MEMBERS, "team"),
    Form(
        "DELETE /admin/teams/{uuid}/users",
        {"users": [ID]},
        (ids("users", needed=True), elements("users.0", unknown=False)),
        "team",
    ),
    Form("POST /admin/users", {"name": "x", "email": "x@example.org"}, PERSON),
    Form("POST /admin/users/invite-user", {"name": "x", "email": "x@example.org"}, PERSON),
    Form(
        "POST /admin/users/invite-users",
        {"users": [{"name": "x", "email": "x@example.org"}]},
        (
            Field("users", (17, True, "x", {}), required=True, null=False),
            Field("users.0", (17, True, "x", [], None)),
            required("users.0.name"),
            email("users.0.email"),
        ),
    ),
    Form(
        "PUT /admin/users/{uuid}",
        {"name": "x", "email": "x@example.org", "firstName": "x", "lastName": "x", "active": True},
        (
            Field("name", (*NO_TEXT, None, "", " ", "x" * 256, *CONTROL)),
            email(needed=False),
            text("firstName", 255),
            text("lastName", 255),
            flag("active"),
        ),
        "user",
    ),
    Form(
        "PUT /admin/users/{uuid}/roles",
        {"roles": [ID]},
        (ids("roles", needed=True), elements("roles.0")),
        "user",
    ),
    Form(
        "POST /admin/system-accounts",
        {"name": "x", "email": "y@example.org", "teamUuid": None},
        (
            NAME,
            email(needed=False),
            flag("active"),
            Field("teamUuid", (17, True, [], {}, "", "x", MISSING)),
        ),
    ),
    Form(
        "POST /environments",
        ENVIRONMENT,
        (NAME, text("displayName", 255), flag("production", needed=True), ids("teamUuids")),
    ),
    Form(
        "PUT /environments/{uuid}",
        ENVIRONMENT,
        (NAME, text("displayName", 255), flag("production", needed=True), ids("teamUuids")),
        "environment",
    ),
    Form(
        "POST /secrets",
        SECRET,
        (
            SECRET_NAME,
            DESCRIPTION,
            OF_TEAM,
            Field("value", (*NO_TEXT, "", "x" * 65_537, "a\u0000b"), required=True, null=False),
        ),
    ),
    Form(
        "PUT /secrets/{uuid}",
        SECRET,
        (
            msgspec.structs.replace(SECRET_NAME, required=False),
            DESCRIPTION,
            OF_TEAM,
            Field("value", (*NO_TEXT, "", "x" * 65_537, "a\u0000b"), null=False),
        ),
        "secret",
    ),
    Form("POST /webhooks", WEBHOOK, WEBHOOK_FIELDS),
    Form("PUT /webhooks/{uuid}", WEBHOOK, WEBHOOK_FIELDS, "webhook"),
)


def changed(body: Any, path: str, value: object) -> Any:
    """The body with another value at a path; `Ellipsis` takes the member away."""
    first, _, rest = path.partition(".")
    if isinstance(body, list):
        return [changed(one, rest, value) if rest else value for one in body]
    if rest:
        return {**body, first: changed(body[first], rest, value)}
    return {name: one for name, one in {**body, first: value}.items() if one is not ...}


def wrongly(form: Form) -> Iterator[tuple[str, Any]]:
    """Every wrong body of a form, with the place that its answer must point to."""
    for field in form.fields:
        for wrong in field.wrong:
            yield field.path, changed(form.body, field.path, wrong)
        if not field.null:
            yield field.path, changed(form.body, field.path, None)
        if field.required:
            yield field.path, changed(form.body, field.path, ...)


async def things(running: Running) -> dict[str, str]:
    """What fills the paths, by noun; and somebody who may be named in a body."""
    assert 201 == (await running.admin.post("/pacticipants", {"name": "Foo"})).status
    environment = await running.admin.post("/environments", {"name": "production", "production": True})
    invited = await running.admin.post("/admin/users/invite-user", {"name": "S", "email": "s@example.org"})
    secret = await running.admin.post("/secrets", {"name": "key", "value": "x"})
    webhook = await running.admin.post("/webhooks", {"request": WEBHOOK["request"]})
    return {
        "": "",
        "secret": secret.json["uuid"],
        "webhook": webhook.json["uuid"],
        "role": await running.role("Custom"),
        "team": await running.team("A"),
        "user": invited.json["uuid"],
        "environment": environment.json["uuid"],
    }


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.route)
async def test_what_is_wrong_with_a_field_is_pointed_to(running: Running, form: Form) -> None:
    """400, in either shape with the place, and nothing is recorded."""
    known = await things(running)
    method, _, path = form.route.partition(" ")
    path = path.replace("{uuid}", known[form.of])
    before, missed = running.position, []
    for place, body in wrongly(form):
        octets = json.dumps(body).replace(ID, known["role" if "roles" in form.route else "user"]).encode()
        legacy = await running.admin.ask(method, path, body=octets)
        pointed = list(legacy.json["errors"]) if legacy.status == 400 else legacy.text
        if pointed != [place]:
            missed.append((place, octets[:150], legacy.status, pointed))
            continue
        require_refusal(legacy, 400)
        headers = {"Accept": "application/problem+json"}
        problem = (await running.admin.ask(method, path, body=octets, headers=headers)).json
        assert [f"#/{place.replace('.', '/')}"] == [one["pointer"] for one in problem["errors"]]
    assert [] == missed
    assert before == running.position


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.route)
async def test_fields_that_are_not_known_are_ignored(running: Running, form: Form) -> None:
    """Section 4.1: clients send whole objects back, with what the service wrote into them."""
    known = await things(running)
    method, _, path = form.route.partition(" ")
    extra = {"uuid": 17, "_links": 3, "unknown": {"deep": [None]}, "createdAt": False, "numberOfMembers": "x"}
    octets = json.dumps({**form.body, **extra}).replace(ID, known["role" if "roles" in path else "user"])
    if path.endswith("environments") or "environments/" in path:
        octets = octets.replace(known["user"], known["team"])
    path = path.replace("{uuid}", known[form.of])
    answer = await running.admin.ask(method, path, body=octets.encode())
    assert answer.status in (200, 201, 204), answer.text


def test_every_order_of_people_roles_and_teams_has_its_fields_here() -> None:
    """A new route with a body stands in the table, or is none that reads one."""
    without = {
        "PATCH /admin/teams/{uuid}/users",  # its patches stand in test_teams.py
        "POST /admin/roles/reset",
        "PUT /admin/route-tables/{name}",  # its faults stand in tests/commands/test_route_tables.py
        "PUT /admin/users/{uuid}/role/admin",
        "PUT /admin/users/{uuid}/roles/{role}",
        "PUT /admin/tenant/authentication-settings",  # its document stands in test_authentication.py
        *(  # their faults stand in test_resources.py, commands/test_resources.py and test_aliases.py
            f"{method} {path}"
            for method, path in (
                ("POST", "/admin/resources"),
                ("POST", "/admin/resources/import"),
                ("PUT", "/admin/resources/{uuid}"),
                ("PATCH", "/admin/resources/{uuid}"),
                ("PUT", "/admin/users/{uuid}/aliases"),
                ("PUT", "/admin/system-accounts/{uuid}/aliases"),
            )
        ),
        "PUT /admin/catalogues/{name}",  # what may stand in one is tried in commands/test_own_catalogues.py
    }
    offered = {
        f"{route.method} {route.path}"
        for route in routes.ROUTES
        if route.path.startswith("/admin/") and route.method in ("POST", "PUT", "PATCH")
    }
    assert set() == offered - without - {form.route for form in FORMS}
