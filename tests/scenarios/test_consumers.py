"""What two consumers' contracts expect of the service (section 5.4): statuses and shapes, without the ids they chose.

The first consumer is the Terraform provider's client, the second the vendor's assistant. Labels, secrets and
webhooks are left out, as they are not served yet.
"""

from typing import Any

import msgspec

from service.catalogue.compiled import ADMINISTRATOR, CI_CD, DEFAULT_TEAM, TEAM_ADMINISTRATOR, USER
from tests.scenarios.terraform import documents
from tests.service import Answer, Client, Running

NOBODY = "00000000-0000-4000-8000-000000000000"
ONE_USER = {"name": "Homer", "email": "homer@example.org"}
SPECIAL = {"name": "Special", "permissions": [{"scope": "user:read:*"}]}

REFUSED: tuple[tuple[int, str, str, object], ...] = (
    (400, "POST", "/admin/roles", {"name": "Other", "permissions": [{"scope": "role:view:*"}]}),
    (400, "POST", "/admin/roles", {"name": "", "permissions": []}),
    (400, "POST", "/admin/teams", {"name": ""}),
    (400, "POST", "/admin/teams", {}),
    (400, "POST", "/admin/users", {"name": "Marge", "email": "no address"}),
    (400, "PUT", "{user}/roles", {"roles": [NOBODY]}),
    (400, "PUT", "{user}/roles", {"roles": [TEAM_ADMINISTRATOR]}),
    (400, "PATCH", "{team}/users", [{"op": "replace", "path": "/users", "value": {"uuid": NOBODY}}]),
    (400, "GET", "/admin/users?page=0", None),
    (400, "GET", "/admin/teams?size=many", None),
    (404, "GET", f"/admin/roles/{NOBODY}", None),
    (404, "PUT", f"/admin/teams/{NOBODY}", {"name": "Any"}),
    (404, "DELETE", f"/admin/users/{NOBODY}", None),
    (404, "GET", f"/admin/users/{NOBODY}", None),
    (404, "DELETE", "{team}/users/{somebody}", None),
    (404, "GET", "/pacticipants/nothing", None),
    (404, "DELETE", f"/environments/{NOBODY}", None),
    (403, "DELETE", f"/admin/roles/{ADMINISTRATOR}", None),
    (403, "PUT", f"/admin/roles/{TEAM_ADMINISTRATOR}", SPECIAL),
    (403, "PUT", "{me}/roles", {"roles": [ADMINISTRATOR]}),
    (409, "POST", "/pacticipants", {"name": "Here already"}),
)
"""What the assistant's contract sees refused, beside a Default team that is the only one."""


def fits(answer: Answer, status: int, type_: Any) -> Any:
    """The document, if the status, the content type and every field that a client decodes are as expected."""
    assert status == answer.status, answer.text
    assert "application/hal+json;charset=utf-8" == answer.headers["Content-Type"]
    return msgspec.json.decode(answer.octets, type=type_)


def empty(answer: Answer) -> None:
    """Done, without a word."""
    assert (204, b"") == (answer.status, answer.octets)


async def made(client: Client, path: str, body: object) -> str:
    """The id of what a POST made: 201 and its place, which ends in the id."""
    answer = await client.post(path, body)
    assert 201 == answer.status, answer.text
    assert answer.headers["Location"].endswith(f"{path}/{answer.json['uuid']}")
    return str(answer.json["uuid"])


class TestTheTerraformClient:
    async def test_teams_and_their_members(self, running: Running) -> None:
        """POST 201, PUT, PATCH and GET 200 with a document, be the list empty; DELETE 204, with and without a body."""
        admin = running.admin
        one = await made(admin, "/admin/system-accounts", {"name": "One"})
        team = await made(admin, "/admin/teams", {"name": "terraform-team"})
        place = f"/admin/teams/{team}"
        fits(await admin.put(place, {"uuid": team, "name": "terraform-team"}), 200, documents.Team)
        fits(await admin.get(place), 200, documents.Team)
        for users in ([one], [one], [], [one]):
            found = fits(await admin.put(f"{place}/users", {"users": users}), 200, documents.MemberList)
            assert users == [user.uuid for user in found.embedded.users]
        fits(await admin.post(f"{place}/users", {"users": [one]}), 200, documents.MemberList)
        fits(await admin.ask("GET", f"{place}/users", json={"users": []}), 200, documents.MemberList)
        assert 200 == (await admin.get(f"{place}/users/{one}")).status
        patch = [{"op": "remove", "path": "/users", "value": {"uuid": one}}]
        fits(await admin.patch(f"{place}/users", patch), 200, documents.MemberList)
        assert 404 == (await admin.get(f"{place}/users/{one}")).status
        empty(await admin.delete(f"{place}/users", {"users": [one]}))
        fits(await admin.put(f"{place}/users", {"users": [one]}), 200, documents.MemberList)
        empty(await admin.delete(f"{place}/users/{one}"))
        empty(await admin.delete(place))
        assert 404 == (await admin.get(place)).status

    async def test_users_and_their_roles(self, running: Running) -> None:
        """An invitation is 200, roles are 204, the older way to Administrator answers with the user (section 4.5)."""
        admin = running.admin
        body = {**ONE_USER, "active": True, "_embedded": {}}
        user = fits(await admin.post("/admin/users/invite-user", body), 200, documents.User)
        place = f"/admin/users/{user.uuid}"
        again = fits(await admin.post("/admin/users/invite-user", body), 200, documents.User)
        assert user.uuid == again.uuid
        assert ("User", 0, True) == (user.type_description, user.type, user.active)
        empty(await admin.put(f"{place}/roles", {"roles": [USER, CI_CD]}))
        empty(await admin.put(f"{place}/roles", {"roles": []}))
        fits(
            await admin.put(f"{place}/role/admin", {"uuid": user.uuid, "name": "ignored"}),
            200,
            documents.User,
        )
        fits(await admin.delete(f"{place}/role/admin", {"uuid": user.uuid}), 200, documents.User)
        whole = {**(await admin.get(place)).json, "active": False}
        changed = fits(await admin.put(place, whole), 200, documents.User)
        assert changed.active is False

    async def test_a_system_account_is_found_where_its_location_says(self, running: Running) -> None:
        """201 with the place, whose last part is the id, beside the document itself (section 5.1)."""
        body = {"name": "Bender Rodríguez", "active": True, "type": 1, "_embedded": {}}
        answer = await running.admin.post("/admin/system-accounts", body)
        account = fits(answer, 201, documents.User)
        assert answer.headers["Location"].rpartition("/")[2] == account.uuid
        assert ("System Account", 1) == (account.type_description, account.type)
        for path in (answer.headers["Location"], f"/admin/users/{account.uuid}"):
            assert account == fits(await running.admin.get(path), 200, documents.User)

    async def test_roles_applications_environments_and_tokens(self, running: Running) -> None:
        """POST 201, GET, PUT and PATCH 200, DELETE 204; a regenerated token is 201."""
        admin = running.admin
        role = f"/admin/roles/{await made(admin, '/admin/roles', SPECIAL)}"
        fits(await admin.get(role), 200, documents.Role)
        fits(await admin.put(role, {"uuid": role[-36:], **SPECIAL}), 200, documents.Role)
        empty(await admin.delete(role))
        application = {"name": "terraform-client", "repositoryUrl": "github.com/foo"}
        fits(await admin.post("/pacticipants", application), 201, documents.Application)
        fits(await admin.patch("/pacticipants/terraform-client", application), 200, documents.Application)
        fits(await admin.get("/pacticipants/terraform-client"), 200, documents.Application)
        empty(await admin.delete("/pacticipants/terraform-client"))
        body = {"name": "uat", "displayName": "UAT", "production": False, "teamUuids": [DEFAULT_TEAM]}
        environment = f"/environments/{await made(admin, '/environments', body)}"
        for answer in (await admin.get(environment), await admin.put(environment, body)):
            found = fits(answer, 200, documents.Environment)
            assert [DEFAULT_TEAM] == [team.uuid for team in found.embedded.teams]
        for teams in (
            [DEFAULT_TEAM],
            None,
            [DEFAULT_TEAM],
            [],
        ):  # Go writes null for a list that was never made
            found = fits(
                await admin.put(environment, {**body, "teamUuids": teams}), 200, documents.Environment
            )
            assert (teams or []) == [team.uuid for team in found.embedded.teams]
        empty(await admin.delete(environment))
        tokens = fits(await admin.get("/settings/tokens"), 200, documents.TokenList)
        reading = next(token for token in tokens.embedded.items if token.read_only)
        answer = await admin.post(f"/settings/tokens/{reading.uuid}/regenerate")
        renewed = fits(answer, 201, documents.Token)
        assert (reading.uuid, reading.description) == (renewed.uuid, renewed.description)
        assert reading.value != renewed.value


class TestTheAssistant:
    async def test_users_are_made_invited_given_roles_and_deleted(self, running: Running) -> None:
        """POST /admin/users 201, many invited 200, one role added or removed 204, a GET of the deleted 410."""
        admin = running.admin
        user = await made(admin, "/admin/users", ONE_USER)
        place = f"/admin/users/{user}"
        two = {"users": [{"name": "Bart", "email": "bart@example.org"}, ONE_USER]}
        invited = fits(await admin.post("/admin/users/invite-users", two), 200, documents.UserList)
        assert ["Bart", "Homer"] == [one.name for one in invited.users]
        empty(await admin.put(f"{place}/roles/{CI_CD}", {}))
        empty(await admin.put(f"{place}/roles/{CI_CD}"))
        empty(await admin.delete(f"{place}/roles/{CI_CD}"))
        fits(await admin.put(place, {"name": "Homer J. Simpson"}), 200, documents.User)
        listed = fits(await admin.get("/admin/users?active=true&q=homer&userType=0"), 200, documents.UserList)
        assert [user] == [one.uuid for one in listed.users]
        empty(await admin.delete(place))
        assert 410 == (await admin.get(place)).status

    async def test_predefined_roles_are_reset(self, running: Running) -> None:
        """200 with every role, custom ones included, for an empty object and for no body at all (section 2)."""
        admin = running.admin
        listed = fits(await admin.get("/admin/roles"), 200, documents.RoleList)
        reset = listed.links["pf:reset"].href
        custom = await made(admin, "/admin/roles", SPECIAL)
        bodies: tuple[object, ...] = ({}, None)
        for body in bodies:
            roles = fits(await admin.post(reset, body), 200, documents.RoleList).embedded.roles
            assert custom in [role.uuid for role in roles]

    async def test_what_is_refused(self, running: Running) -> None:
        """The statuses of section 4.2, and a body that says why."""
        admin = running.admin
        assert 201 == (await admin.post("/pacticipants", {"name": "Here already"})).status
        somebody = await made(admin, "/admin/users", ONE_USER)
        me = (await admin.get("/user")).json["uuid"]
        places = {"user": f"/admin/users/{somebody}", "somebody": somebody, "me": f"/admin/users/{me}"}
        default = await admin.delete(f"/admin/teams/{DEFAULT_TEAM}")  # the only one there is
        assert (422, True) == (default.status, bool(default.text))
        places["team"] = f"/admin/teams/{await running.team('Team')}"
        for status, method, path, body in REFUSED:
            answer = await admin.ask(method, path.format(**places), json=body, headers={"Accept": "*/*"})
            assert status == answer.status, f"{method} {path}: {answer.text}"
            assert answer.text
