"""Everything that can be tried over HTTP, in a small world: what one scope alone allows is compared with all of it.

Sally belongs to the team Mine, somebody else to Other, and there is no Default team. Each kind of thing is there
three times: `ours` (of Sally's team), `theirs` (of the other team), and `hers` (made by Sally, of no team).
"""

import base64
import hashlib
import json
from collections.abc import Sequence

from service.catalogue.compiled import DEFAULT_TEAM
from tests.http import todos
from tests.service import Answer, Client, Running

_PARTNERS: str = f"/pacts/provider/WHOSE/consumer/Partner/pact-version/{hashlib.sha256(b'{}').hexdigest()}"
"""The content of the contract in which each application is Partner's provider."""


def _publication(consumer: str) -> str:
    """The body of the newer way to publish one contract of the consumer with Partner."""
    contract = {
        "consumerName": consumer,
        "providerName": "Partner",
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(b"{}").decode(),
    }
    return json.dumps({"pacticipantName": consumer, "pacticipantVersionNumber": "3", "contracts": [contract]})


_SENT: str = '"request": {"method": "POST", "url": "https://127.0.0.1:9/build"}, "enabled": false'
"""What every webhook here sends, to where none of them may."""


def _table(number: int) -> str:
    """A route table of one route, as a body."""
    return json.dumps(
        {"name": "proxied", "number": number, "routes": [{"methods": ["GET"], "path": "/", "public": True}]}
    )


def _catalogue(number: int) -> str:
    """A catalogue of one's own with one action, as a body."""
    action = {"name": "gadget:use", "types": ["gadget"], "extents": ["*"]}
    return json.dumps({"number": number, "types": [{"name": "gadget"}], "actions": [action]})


DEEDS: dict[str, str] = {
    "list roles": "GET /admin/roles",
    "list permissions": "GET /admin/permissions",
    "see a role": "GET /admin/roles/<role>",
    "make a role": 'POST /admin/roles {"name": "Made", "permissions": []}',
    "change a role": 'PUT /admin/roles/<role> {"name": "Changed", "permissions": []}',
    "delete a role": "DELETE /admin/roles/<role>",
    "reset the roles": "POST /admin/roles/reset",
    "list catalogues": "GET /admin/catalogues",
    "see a catalogue": "GET /admin/catalogues/own",
    "adopt a catalogue": f"PUT /admin/catalogues/own {_catalogue(2)}",
    "withdraw a catalogue": "DELETE /admin/catalogues/own",
    "list route tables": "GET /admin/route-tables",
    "see a route table": "GET /admin/route-tables/proxied",
    "adopt a route table": f"PUT /admin/route-tables/proxied {_table(2)}",
    "withdraw a route table": "DELETE /admin/route-tables/proxied",
    "see who holds a role": "GET /admin/roles/<auditor>/users",
    "list teams": "GET /admin/teams",
    "see a team": "GET /admin/teams/<other>",
    "see its members": "GET /admin/teams/<other>/users",
    "see a team at its other address": "GET /teams/<other>",
    "see a member": "GET /admin/teams/<spare>/users/<member>",
    "see a member at the other address": "GET /teams/<spare>/users/<member>",
    "make a team": 'POST /admin/teams {"name": "Made"}',
    "change a team": 'PUT /admin/teams/<spare> {"name": "Changed"}',
    "add a member": 'POST /admin/teams/<spare>/users {"users": ["<billy>"]}',
    "replace the members": 'PUT /admin/teams/<spare>/users {"users": ["<billy>", "<member>"]}',
    "patch the members": (
        'PATCH /admin/teams/<spare>/users [{"op": "add", "path": "/users", "value": {"uuid": "<leaver>"}}]'
    ),
    "remove some members": 'DELETE /admin/teams/<spare>/users {"users": ["<leaver>"]}',
    "remove a member": "DELETE /admin/teams/<spare>/users/<member>",
    "delete a team": "DELETE /admin/teams/<spare>",
    "list principals": "GET /admin/users",
    "see a person": "GET /admin/users/<billy>",
    "change a person": 'PUT /admin/users/<billy> {"name": "William"}',
    "see a person's aliases": "GET /admin/users/<billy>/aliases",
    "name a person otherwise": 'PUT /admin/users/<billy>/aliases {"aliases": ["william"]}',
    "see a person's role": "GET /admin/users/<billy>/roles/<auditor>",
    "give a person a role": "PUT /admin/users/<billy>/roles/<role>",
    "take a person's role": "DELETE /admin/users/<billy>/roles/<role>",
    "replace a person's roles": 'PUT /admin/users/<billy>/roles {"roles": ["<auditor>"]}',
    "give the older administrator's role": "PUT /admin/users/<billy>/role/admin",
    "take the older administrator's role": "DELETE /admin/users/<billy>/role/admin",
    "delete a person": "DELETE /admin/users/<leaver>",
    "invite a person": 'POST /admin/users/invite-user {"name": "Ann", "email": "ann@example.org"}',
    "invite people": 'POST /admin/users/invite-users {"users": [{"name": "Eve", "email": "eve@example.org"}]}',
    "make a person": 'POST /admin/users {"name": "Bob", "email": "bob@example.org"}',
    "see our account": "GET /admin/system-accounts/<ours account>",
    "see their account": "GET /admin/system-accounts/<theirs account>",
    "change our account": 'PUT /admin/users/<ours account> {"name": "changed"}',
    "change their account": 'PUT /admin/users/<theirs account> {"name": "changed"}',
    "see the aliases of our account": "GET /admin/system-accounts/<ours account>/aliases",
    "see the aliases of their account": "GET /admin/system-accounts/<theirs account>/aliases",
    "name our account otherwise": 'PUT /admin/system-accounts/<ours account>/aliases {"aliases": ["o"]}',
    "name their account otherwise": 'PUT /admin/system-accounts/<theirs account>/aliases {"aliases": ["t"]}',
    "list the tokens of our account": "GET /admin/system-accounts/<ours account>/tokens",
    "list the tokens of their account": "GET /admin/system-accounts/<theirs account>/tokens",
    "renew the token of their account": "POST /settings/tokens/<theirs token>/regenerate",
    "renew the token of our account": "POST /settings/tokens/<ours token>/regenerate",
    "give our account a role": "PUT /admin/users/<ours account>/roles/<auditor>",
    "give their account a role": "PUT /admin/users/<theirs account>/roles/<auditor>",
    "delete our account": "DELETE /admin/users/<ours leaver>",
    "delete their account": "DELETE /admin/users/<theirs leaver>",
    "make an account for our team": 'POST /admin/system-accounts {"name": "new", "teamUuid": "<mine>"}',
    "make an account for their team": 'POST /admin/system-accounts {"name": "new", "teamUuid": "<other>"}',
    "make an account for no team": 'POST /admin/system-accounts {"name": "new"}',
    "change a preference": 'PUT /preferences/system/staticBanner {"value": "Hello"}',
    "change preferences": 'PUT /preferences/system {"preferences": [{"name": "staticBanner", "value": "Hi"}]}',
    "see who may sign in": "GET /admin/tenant/authentication-settings",
    "change who may sign in": 'PUT /admin/tenant/authentication-settings {"authenticationProviders": {}}',
    "list preferences": "GET /preferences/system",
    "list the own preferences": "GET /preferences/current-user",
    "change an own preference": 'PUT /preferences/current-user/tokenExpiryAlert {"value": false}',
    "see a preference": "GET /preferences/system/aiEnabled",
    "see an own preference": "GET /preferences/current-user/tokenExpiryAlert",
    "change own preferences": (
        'PUT /preferences/current-user {"preferences": [{"name": "tokenExpiryAlert", "value": true}]}'
    ),
    "see oneself": "GET /user",
    "see the index": "GET /",
    "list environments": "GET /environments",
    "see our environment": "GET /environments/<ours environment>",
    "see their environment": "GET /environments/<theirs environment>",
    "make an environment": 'POST /environments {"name": "made", "production": false, "teamUuids": ["<other>"]}',
    "change our environment": 'PUT /environments/<ours environment> {"name": "ours", "production": true}',
    **{
        f"{deed} of {whose} environment": request.replace("WHOSE", whose)
        for whose in ("ours", "theirs")
        for deed, request in {
            "list the current deployments": (
                "GET /environments/<WHOSE environment>/deployed-versions/currently-deployed"
            ),
            "list the deployments": "GET /environments/<WHOSE environment>/deployed-versions",
            "list the supported releases": (
                "GET /environments/<WHOSE environment>/released-versions/currently-supported"
            ),
            "list the releases": "GET /environments/<WHOSE environment>/released-versions",
        }.items()
    },
    "record a deployment": (
        "POST /pacticipants/ours/versions/1/deployed-versions/environment/<ours environment> {}"
    ),
    "see a version's deployments": (
        "GET /pacticipants/ours/versions/1/deployed-versions/environment/<ours environment>"
    ),
    "see a deployment": "GET /deployed-versions/<deployment>",
    "end a deployment": 'PATCH /deployed-versions/<deployment> {"currentlyDeployed": false}',
    "record a release": (
        "POST /pacticipants/ours/versions/1/released-versions/environment/<ours environment> {}"
    ),
    "see a version's releases": (
        "GET /pacticipants/ours/versions/1/released-versions/environment/<ours environment>"
    ),
    "see a release": "GET /released-versions/<release>",
    "end a release's support": 'PATCH /released-versions/<release> {"currentlySupported": false}',
    "delete our environment": "DELETE /environments/<ours environment>",
    "list registered things": "GET /admin/resources",
    "see a registered thing": "GET /admin/resources/<thing>",
    "register a thing": 'POST /admin/resources {"type": "todo", "name": "2"}',
    "register things": 'POST /admin/resources/import {"resources": [{"type": "todo", "name": "3"}]}',
    "replace a registered thing": 'PUT /admin/resources/<thing> {"properties": {"rank": 1}}',
    "change a registered thing": 'PATCH /admin/resources/<thing> {"properties": {"rank": 2}}',
    "remove a registered thing": "DELETE /admin/resources/<thing>",
    "list secrets": "GET /secrets",
    "make a secret of our team": 'POST /secrets {"name": "made", "value": "x", "teamUuid": "<mine>"}',
    "make a secret of their team": 'POST /secrets {"name": "made", "value": "x", "teamUuid": "<other>"}',
    "make a secret of no team": 'POST /secrets {"name": "made", "value": "x"}',
    **{
        f"{deed} {whose} secret": request.replace("WHOSE", whose)
        for whose in ("ours", "theirs", "nobodys")
        for deed, request in {
            "see": "GET /secrets/<WHOSE secret>",
            "describe": 'PUT /secrets/<WHOSE secret> {"description": "described"}',
            "rotate": 'PUT /secrets/<WHOSE secret> {"value": "another"}',
            "move": 'PUT /secrets/<WHOSE secret> {"teamUuid": "<spare>"}',
            "take from every team": 'PUT /secrets/<WHOSE secret> {"teamUuid": null}',
            "move into our team": 'PUT /secrets/<WHOSE secret> {"teamUuid": "<mine>"}',
            "delete": "DELETE /secrets/<WHOSE secret>",
        }.items()
    },
    "list webhooks": "GET /webhooks",
    "see what webhooks of our team may draw on": "GET /webhooks/template-variables?teamUuid=<mine>",
    "see what webhooks of their team may draw on": "GET /webhooks/template-variables?teamUuid=<other>",
    "see what webhooks of no team may draw on": "GET /webhooks/template-variables",
    **{
        f"{deed} of {whose}": request.replace("SENT", f"{_SENT}{team}")
        for whose, team in {
            "our team": ', "teamUuid": "<mine>"',
            "their team": ', "teamUuid": "<other>"',
            "no team": "",
        }.items()
        for deed, request in {
            "make a webhook": "POST /webhooks {SENT}",
            "try a webhook": "POST /webhooks/execute {SENT}",
            "make a webhook for an integration": "POST /webhooks/provider/Partner/consumer/ours {SENT}",
            "make a webhook for a pact": "POST /pacts/provider/Partner/consumer/ours/webhooks {SENT}",
            "make a webhook for a provider": "POST /webhooks/provider/Partner {SENT}",
            "make a webhook for a consumer": "POST /webhooks/consumer/ours {SENT}",
        }.items()
    },
    "list the webhooks of an integration": "GET /webhooks/provider/Partner/consumer/ours",
    "list the webhooks of a pact": "GET /pacts/provider/Partner/consumer/ours/webhooks",
    "list the webhooks of a provider": "GET /webhooks/provider/Partner",
    "list the webhooks of a consumer": "GET /webhooks/consumer/ours",
    **{
        f"{deed} {whose} webhook": request.replace("WHOSE", whose).replace("SENT", _SENT)
        for whose in ("ours", "theirs", "nobodys")
        for deed, request in {
            "see": "GET /webhooks/<WHOSE webhook>",
            "describe": 'PUT /webhooks/<WHOSE webhook> {"description": "described", SENT}',
            "move": 'PUT /webhooks/<WHOSE webhook> {"teamUuid": "<spare>", SENT}',
            "take from every team": 'PUT /webhooks/<WHOSE webhook> {"teamUuid": null, SENT}',
            "move into our team": 'PUT /webhooks/<WHOSE webhook> {"teamUuid": "<mine>", SENT}',
            "try": "POST /webhooks/<WHOSE webhook>/execute",
            "see what was sent for": "GET /webhooks/<WHOSE webhook>/deliveries",
            "read the log of": "GET /triggered-webhooks/<WHOSE delivery>/logs",
            "delete": "DELETE /webhooks/<WHOSE webhook>",
        }.items()
    },
    "list applications": "GET /pacticipants",
    "list labels": "GET /labels",
    "list applications with a label": "GET /pacticipants/label/seen",
    "list integrations": "GET /integrations",
    "list our team's integrations": "GET /integrations/team/<mine>",
    "list the newest contracts": "GET /pacts/latest",
    "see what is usually verified": "GET /pacts/provider/Partner/for-verification",
    "ask what is to be verified": "POST /pacts/provider/Partner/for-verification {}",
    **{
        f"list a provider's contracts{path}": f"GET /pacts/provider/Partner{path}"
        for path in (
            *("", "/latest", "/latest/prod", "/tag/prod", "/branch", "/branch/main"),
            *("/branch/latest", "/branch/main/latest"),
        )
    },
    "make an application": 'POST /pacticipants {"name": "Made"}',
    **{
        f"{deed} of {whose}": request.replace("WHOSE", whose)
        for whose in ("ours", "theirs", "hers")
        for deed, request in {
            "see the application": "GET /pacticipants/WHOSE",
            "see the network": "GET /pacticipant/WHOSE/network",
            "see the contract": "GET /pacts/provider/Partner/consumer/WHOSE/version/1",
            "see the newest contract": "GET /pacts/provider/Partner/consumer/WHOSE/latest",
            "see its tagged contracts": "GET /pacts/provider/Partner/consumer/WHOSE/tag/seen",
            "see its contracts on a branch": "GET /pacts/provider/Partner/consumer/WHOSE/branch/seen",
            "see the newest of a branch": "GET /pacts/provider/Partner/consumer/WHOSE/branch/seen/latest",
            "list the newest of a branch": (
                "GET /pacts/provider/Partner/consumer/WHOSE/branch/seen/latest/versions"
            ),
            "see its contracts on the main branch": "GET /pacts/provider/Partner/consumer/WHOSE/branch/versions",
            "list the newest of the main branch": (
                "GET /pacts/provider/Partner/consumer/WHOSE/branch/latest/versions"
            ),
            "replace the application": 'PUT /pacticipants/WHOSE {"displayName": "Replaced"}',
            "change the application": 'PATCH /pacticipants/WHOSE {"displayName": "Changed"}',
            "see a deletion": "GET /history/<WHOSE deletion>",
            "restore what was deleted": "POST /history/<WHOSE deletion>/restore",
            "delete the unused application": "DELETE /pacticipants/WHOSE-unused",
            "see its versions": "GET /pacticipants/WHOSE/versions",
            "see a version": "GET /pacticipants/WHOSE/versions/1",
            "see its newest version": "GET /pacticipants/WHOSE/latest-version",
            "see its branches": "GET /pacticipants/WHOSE/branches",
            "describe a version": 'PUT /pacticipants/WHOSE/versions/5 {"buildUrl": "https://ci.example.org/5"}',
            "change a version": 'PATCH /pacticipants/WHOSE/versions/5 {"buildUrl": null}',
            "tag a version": "PUT /pacticipants/WHOSE/versions/5/tags/prod",
            "see a tag": "GET /pacticipants/WHOSE/versions/1/tags/seen",
            "see versions with a tag": "GET /pacticipants/WHOSE/tags/seen/versions",
            "see the newest version with a tag": "GET /pacticipants/WHOSE/latest-version/seen",
            "untag a version": "DELETE /pacticipants/WHOSE/versions/1/tags/gone",
            "put a version on a branch": "PUT /pacticipants/WHOSE/branches/main/versions/5",
            "see a branch": "GET /pacticipants/WHOSE/branches/seen",
            "see the newest version on a branch": "GET /pacticipants/WHOSE/branches/seen/latest-version",
            "see versions on a branch": "GET /pacticipants/WHOSE/branches/seen/versions",
            "see a version on a branch": "GET /pacticipants/WHOSE/branches/seen/versions/1",
            "take a version off a branch": "DELETE /pacticipants/WHOSE/branches/left/versions/1",
            "delete a branch": "DELETE /pacticipants/WHOSE/branches/gone",
            "label it": "PUT /pacticipants/WHOSE/labels/web",
            "see a label": "GET /pacticipants/WHOSE/labels/seen",
            "take a label": "DELETE /pacticipants/WHOSE/labels/gone",
            "delete a version": "DELETE /pacticipants/WHOSE/versions/gone",
            "delete most branches": "DELETE /pacticipants/WHOSE/branches?exclude[]=main",
            "publish a contract": "PUT /pacts/provider/Partner/consumer/WHOSE/version/2 {}",
            "see the newest tagged contract": "GET /pacts/provider/Partner/consumer/WHOSE/latest/seen",
            "see every version's contract": "GET /pacts/provider/Partner/consumer/WHOSE/versions",
            "merge a contract": "PATCH /pacts/provider/Partner/consumer/WHOSE/version/5 {}",
            "publish the newer way": f"POST /contracts/publish {_publication('WHOSE')}",
            "see the content": f"GET {_PARTNERS}",
            "see the content with a note": f"GET {_PARTNERS}/metadata/note",
            "see a result": f"GET {_PARTNERS}/verification-results/<WHOSE result>",
            "see what a result set off": (
                f"GET {_PARTNERS}/verification-results/<WHOSE result>/triggered-webhooks"
            ),
            "see what the contract set off": (
                "GET /pacts/provider/Partner/consumer/WHOSE/version/1/triggered-webhooks"
            ),
            "see what is sent for the two": "GET /pacts/provider/Partner/consumer/WHOSE/webhooks/status",
            "see a result with a note": f"GET {_PARTNERS}/metadata/note/verification-results/<WHOSE result>",
            "see the newest result": f"GET {_PARTNERS}/verification-results/latest",
            "see the newest result of a version": (
                "GET /pacts/provider/WHOSE/consumer/Partner/version/1/verification-results/latest"
            ),
            "see the results of a version": "GET /verification-results/consumer/WHOSE/version/1/latest",
            "publish a result": (
                f'POST {_PARTNERS}/verification-results {{"success": true, "providerApplicationVersion": "1"}}'
            ),
            "publish a result with a note": (
                f"POST {_PARTNERS}/metadata/note/verification-results"
                ' {"success": true, "providerApplicationVersion": "1"}'
            ),
            "delete a result": f"DELETE {_PARTNERS}/verification-results/<WHOSE result>",
            "delete one contract": "DELETE /pacts/provider/Partner/consumer/WHOSE/version/1",
            "bulk delete the contracts": "DELETE /pacts/provider/Partner/consumer/WHOSE/versions",
            "bulk delete what has a tag": "DELETE /pacts/provider/Friend/consumer/WHOSE/tag/prod",
            "bulk delete what is of a branch": "DELETE /pacts/provider/Friend/consumer/WHOSE/branch/main",
            "delete the integration": "DELETE /integrations/provider/Friend/consumer/WHOSE",
        }.items()
    },
    "delete every integration": "DELETE /integrations",
    "read the trail": "GET /audit",
    "ask who may do what": (
        'POST /access/v1/evaluation {"subject": {"type": "user", "id": "<billy>"},'
        ' "action": {"name": "role:read"}, "resource": {"type": "role", "id": "<role>"}}'
    ),
    "ask many questions": (
        'POST /access/v1/evaluations {"subject": {"type": "user", "id": "<billy>"},'
        ' "action": {"name": "role:read"}, "evaluations": [{"resource": {"type": "role", "id": "<role>"}}]}'
    ),
    "search who may": (
        'POST /access/v1/search/subject {"subject": {"type": "user"},'
        ' "action": {"name": "role:read"}, "resource": {"type": "role", "id": "<role>"}}'
    ),
    "search on what": (
        'POST /access/v1/search/resource {"subject": {"type": "user", "id": "<billy>"},'
        ' "action": {"name": "role:read"}, "resource": {"type": "role"}}'
    ),
    "search what may be done": (
        'POST /access/v1/search/action {"subject": {"type": "user", "id": "<billy>"},'
        ' "resource": {"type": "role", "id": "<role>"}}'
    ),
    "ask for an explanation": (
        'POST /access/v1/explanation {"subject": {"type": "user", "id": "<billy>"},'
        ' "action": {"name": "role:read"}, "resource": {"type": "role", "id": "<role>"}}'
    ),
    "ask why": "GET /access/v1/why?subject=user:<billy>&action=role:read&resource=role:<role>",
    "read a record": "GET /audit/<event>",
    "see another's effect": "GET /effects/<event>",
    "see what is held": "GET /diagnostic/status/digest",
    "report what came of a change": 'POST /authz/v1/forward/reports {"change": ""}',
    "ask who may": "GET /access/v1/who?action=role:read&resource=role:*",
    "list the own tokens": "GET /settings/tokens",
    "see the own read-only token": "GET /settings/tokens/<own read-only>",
    "see the own read/write token": "GET /settings/tokens/<own read/write>",
    "renew the own read-only token": "POST /settings/tokens/<own read-only>/regenerate",
    "renew the own read/write token": "POST /settings/tokens/<own read/write>/regenerate",
}
"""In an order in which each can be done after those before it; the last one makes Sally's token useless."""

ANYBODY = (
    "list preferences",
    "see a preference",
    "list the own preferences",
    "see an own preference",
    "change an own preference",
    "change own preferences",
    "see oneself",
    "see the index",
)
"""What everybody may who has access to the API."""
OURS = (
    "read the trail",
    "read a record",
    "see what is held",
    "see another's effect",
    "ask who may do what",
    "ask many questions",
    "search who may",
    "search on what",
    "search what may be done",
    "ask for an explanation",
    "ask why",
    "ask who may",
    "report what came of a change",
    *(deed for deed in DEEDS if "thing" in deed),
)
"""What none of the vendor's scopes gives, but those that are ours."""


class World:
    """The world of one test: Sally, and the ids that the deeds name in angle brackets."""

    def __init__(self, sally: Client, ids: dict[str, str]) -> None:
        self.sally = sally
        self.ids = ids

    async def tries(self, deed: str) -> Answer:
        """What Sally is told when she tries."""
        return await self.does(self.sally, DEEDS[deed])

    async def does(self, client: Client, request: str, query: str = "") -> Answer:
        """One request, its ids filled in; with a query that its path does not have yet."""
        for name, value in self.ids.items():
            request = request.replace(f"<{name}>", value)
        method, path, *body = request.split(" ", 2)
        return await client.ask(method, path + query, json=json.loads(body[0]) if body else None)

    async def outcomes(self, allowed: Sequence[str]) -> tuple[set[str], set[str]]:
        """(deeds done, deeds denied), tried so that what is denied is tried on a world that is still whole."""
        denied = {deed for deed in DEEDS if deed not in allowed and (await self.tries(deed)).status == 403}
        done = {deed for deed in DEEDS if deed in allowed and (await self.tries(deed)).status < 300}
        return done, denied


async def world(running: Running, *scopes: str) -> World:
    """A world in which Sally holds one custom role of just these scopes."""
    admin = running.admin
    ids = {
        "mine": await running.team("Mine"),
        "other": await running.team("Other"),
        "spare": await running.team("Spare"),
        "role": await running.role("Spare"),
        "auditor": await running.role("Nothing"),
    }
    assert 204 == (await admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    sally = await running.person(
        "Sally",
        roles=[await running.role("Makes applications", "contract_data:manage:own")],
        teams=[ids["mine"]],
    )
    for name, teams in (("billy", ["other"]), ("leaver", []), ("member", ["spare"])):
        placed = [ids[team] for team in teams]
        ids[name] = (await running.person(name, roles=[ids["auditor"]], teams=placed)).id
    made = await admin.get("/audit?kind=team.created&pageSize=1")
    ids["event"] = made.json["events"][0]["uuid"]
    for whose, team, maker in (("ours", "mine", admin), ("theirs", "other", admin), ("hers", "", sally)):
        for name in (whose, f"{whose}-unused"):
            assert 201 == (await maker.post("/pacticipants", {"name": name})).status
        if team:
            await _team_things(running, whose, ids, team)
    await _secret(admin, "nobodys", ids)
    await _webhook(admin, "nobodys", ids)
    for partner in ("Partner", "Friend"):
        for whose in ("ours", "theirs", "hers"):
            published = await admin.put(f"/pacts/provider/{partner}/consumer/{whose}/version/1", {})
            assert 201 == published.status, published.text
    await _furnish(admin)
    own = await admin.ask("PUT", "/admin/catalogues/own", body=_catalogue(1).encode())
    assert 201 == own.status, own.text
    adopted = await admin.ask("PUT", "/admin/route-tables/proxied", body=_table(1).encode())
    assert 200 == adopted.status, adopted.text
    for whose in ("ours", "theirs", "hers"):
        place = f"/pacts/provider/Partner/consumer/{whose}/version/0"
        assert 201 == (await admin.put(place, {"deleted": "by mistake"})).status
        ids[f"{whose} deletion"] = str((await admin.delete(place)).position)
        await _verified(running, whose, ids)
    place = f"/pacticipants/ours/versions/1/{{}}-versions/environment/{ids['ours environment']}"
    for noun, name in (("deployed", "deployment"), ("released", "release")):
        ids[name] = (await admin.post(place.format(noun), {})).json["uuid"]
    await todos.adopted(running)
    ids["thing"] = await todos.todo(admin, "1", teamUuids=[ids["mine"]], owner=sally.id)
    await _own_tokens(sally, ids, running)
    given = await admin.put(
        f"/admin/users/{sally.id}/roles", {"roles": [await running.role("Under test", *scopes)]}
    )
    assert 204 == given.status, given.text
    return World(sally, ids)


async def _team_things(running: Running, whose: str, ids: dict[str, str], team: str) -> None:
    """The team's applications, environment and system accounts, all made by the administrator."""
    made = await running.admin.post(
        "/environments", {"name": whose, "production": False, "teamUuids": [ids[team]]}
    )
    ids[f"{whose} environment"] = made.json["uuid"]
    await _secret(running.admin, whose, ids, teamUuid=ids[team])
    await _webhook(running.admin, whose, ids, f', "teamUuid": "{ids[team]}"')
    kept = await running.admin.put(
        f"/admin/teams/{ids[team]}",
        {"name": team.title(), "pacticipantNames": [whose, f"{whose}-unused"]},
    )
    assert 200 == kept.status, kept.text
    for name in ("account", "leaver"):
        account = await running.system_account(f"{whose} {name}", roles=[], teams=[ids[team]])
        ids[f"{whose} {name}"] = account.id
        if name == "account":
            ids[f"{whose} token"] = await _read_only_token(running, account.id)


async def _secret(admin: Client, whose: str, ids: dict[str, str], **more: str) -> None:
    made = await admin.post("/secrets", {"name": whose, "value": "planted", **more})
    assert 201 == made.status, made.text
    ids[f"{whose} secret"] = made.json["uuid"]


async def _webhook(admin: Client, whose: str, ids: dict[str, str], more: str = "") -> None:
    made = await admin.post("/webhooks", json.loads(f"{{{_SENT}{more}}}"))
    assert 201 == made.status, made.text
    ids[f"{whose} webhook"] = made.json["uuid"]
    tried = await admin.post(f"/webhooks/{made.json['uuid']}/execute")
    ids[f"{whose} delivery"] = tried.json["_links"]["pb:logs"]["href"].split("/")[-2]


async def _furnish(admin: Client) -> None:
    """Tags, branches, labels and a version of each application: some to be seen, some to be deleted."""
    for whose in ("ours", "theirs", "hers"):
        for rest in (
            *("versions/1/tags/seen", "versions/1/tags/gone", "branches/seen/versions/1", "labels/seen"),
            *("branches/gone/versions/1", "branches/left/versions/1", "labels/gone", "versions/gone"),
        ):
            made = await admin.put(f"/pacticipants/{whose}/{rest}", {})
            assert 201 == made.status, made.text


async def _verified(running: Running, whose: str, ids: dict[str, str]) -> None:
    """A contract in which the application is Partner's provider, with a result of verifying it."""
    path = f"/pacts/provider/{whose}/consumer/Partner/version/1"
    assert 201 == (await running.admin.put(path, {})).status
    result = {"success": True, "providerApplicationVersion": "1"}
    place = f"{_PARTNERS.replace('WHOSE', whose)}/verification-results"
    made = await running.admin.post(place, result)
    assert 201 == made.status, made.text
    ids[f"{whose} result"] = str(made.json["number"])


async def _read_only_token(running: Running, account: str) -> str:
    tokens = await running.admin.get(f"/admin/system-accounts/{account}/tokens")
    return str(tokens.json["_embedded"]["items"][0]["uuid"])


async def _own_tokens(sally: Client, ids: dict[str, str], running: Running) -> None:
    """Sally's token ids, seen while she has the right to see them."""
    role = await running.role("Sees tokens", "token:manage:own")
    await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [role]})
    for token in (await sally.get("/settings/tokens")).json["_embedded"]["items"]:
        ids["own read-only" if token["readOnly"] else "own read/write"] = token["uuid"]
