"""Guest and Organization Administrator have no access to the API, whatever they list (seed 001, section 3.13)."""

from collections import defaultdict

import pytest

from service.commands.order import Caller
from service.commands.organization import ChangeOrganizationAdministrator
from service.http.routes import ROUTES
from service.orders import Order
from service.vocabulary import PrincipalId
from tests import given
from tests.http.test_bad_input import address, require_refusal
from tests.http.test_callers import kinds
from tests.service import Client, Running
from tests.torture import orders


async def organization_administrator(running: Running, name: str, *roles: str) -> Client:
    """Somebody who was made Organization Administrator at the console, with other roles beside it."""
    found = await running.person(name, roles=list(roles))
    command = ChangeOrganizationAdministrator(principal=PrincipalId(found.id), granted=True)
    await running.app.handler.handle(Order(command=command, caller=Caller(console="operator")))
    return found


@pytest.mark.parametrize("role", [given.GUEST, given.ORGANIZATION_ADMINISTRATOR])
async def test_a_role_without_access_to_the_api_opens_no_route(running: Running, role: str) -> None:
    """With either token every route that takes one is 403: reading, asking, and every order of a whole company."""
    if role == given.GUEST:
        somebody = await running.person("Gus", roles=[role])
    else:
        somebody = await organization_administrator(running, "Olga")
    before = running.position
    for client in (somebody, somebody.read_only()):
        for route in ROUTES:
            if route.auth == "none" or route.changes:
                continue
            answer = await client.ask(route.method, address(route), body=b"{}" if route.asks else None)
            require_refusal(answer, 403)
            assert "a role with API access" in answer.text
    known = defaultdict(running.app.fresh.id, s="x")
    for step in (*orders.STORY, *orders.AT_THE_END):
        path = step.path.format_map(known)
        answer = await somebody.ask(step.method, path, json=step.body(known))
        assert 403 == answer.status, (step.method, path, answer.status, answer.text)
    assert {"attempt.denied"} == set((await kinds(running))[before:])


async def test_another_role_opens_the_api_to_what_organization_administrator_gives(running: Running) -> None:
    """Section 1.3 Q8: a user may use the API if one role has access, and then with everything that any role gives."""
    olga = await organization_administrator(running, "Olga", given.VIEWER)
    assert 200 == (await olga.get("/admin/roles")).status
    assert 201 == (await olga.post("/admin/teams", {"name": "Hers"})).status
    require_refusal(await olga.post("/pacticipants", {"name": "Foo"}), 403)


async def test_organization_administrator_is_neither_given_nor_taken_over_http(running: Running) -> None:
    """Section 3.13: every way over HTTP leaves it where it is; naming it in vain is 400, where it is held harmless."""
    role, olga = given.ORGANIZATION_ADMINISTRATOR, await organization_administrator(running, "Olga")
    sally = await running.person("Sally")
    require_refusal(await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [role]}), 400)
    require_refusal(await running.admin.put(f"/admin/users/{sally.id}/roles/{role}"), 400)
    before = running.position
    for answer in (
        await running.admin.put(f"/admin/users/{olga.id}/roles", {"roles": []}),
        await running.admin.put(f"/admin/users/{olga.id}/roles", {"roles": [role]}),
        await running.admin.put(f"/admin/users/{olga.id}/roles/{role}"),
        await running.admin.delete(f"/admin/users/{olga.id}/roles/{role}"),
    ):
        assert 204 == answer.status, answer.text
    assert before == running.position
    shown = (await running.admin.get(f"/admin/users/{olga.id}")).json["_embedded"]["roles"]
    assert [role] == [one["uuid"] for one in shown]
