"""Section 3.12: nobody is locked out."""

import pytest

from service.catalogue.compiled import ADMINISTRATOR, USER
from tests.service import Running

WAYS = {
    "empty the role": (f"PUT /admin/roles/{ADMINISTRATOR}", {"name": "Administrator", "permissions": []}),
    "take role:manage from the role": (
        f"PUT /admin/roles/{ADMINISTRATOR}",
        {"name": "Administrator", "permissions": [{"scope": "user:manage:*"}]},
    ),
    "take user:manage from the role": (
        f"PUT /admin/roles/{ADMINISTRATOR}",
        {"name": "Administrator", "permissions": [{"scope": "role:manage:*"}]},
    ),
    "disable the last one": ("PUT /admin/users/<kevin>", {"active": False}),
    "delete the last one": ("DELETE /admin/users/<kevin>", None),
    "replace the last one's roles": ("PUT /admin/users/<kevin>/roles", {"roles": [USER]}),
    "take the last one's role": (f"DELETE /admin/users/<kevin>/roles/{ADMINISTRATOR}", None),
    "take it the older way": ("DELETE /admin/users/<kevin>/role/admin", {}),
}


@pytest.mark.parametrize("way", sorted(WAYS))
async def test_the_last_way_back_is_never_taken(running: Running, way: str) -> None:
    """Section 3.12 and seed 000: 422 and nothing recorded while nobody else could undo it; done once somebody could."""
    kevin = (await running.admin.get("/user")).json["uuid"]
    # May manage people and see roles, which is not enough to undo everything, but enough to take it from Kevin.
    deputy = await running.person(
        "Deputy", roles=[await running.role("People", "user:manage:*", "role:read:*")]
    )
    request, body = WAYS[way]
    method, path = request.replace("<kevin>", kevin).split(" ")
    by = running.admin if "/roles/" in path and "/users/" not in path else deputy
    before = (await running.admin.get(f"/admin/users/{kevin}")).json
    refused = await by.ask(method, path, json=body)
    assert 422 == refused.status, refused.text
    assert "break-glass" in refused.text
    assert before == (await running.admin.get(f"/admin/users/{kevin}")).json
    both = await running.role("Both", "role:manage:*", "user:manage:*")
    await running.person("Second", roles=[both])
    assert (await by.ask(method, path, json=body)).status < 300


async def test_a_second_administrator_counts_only_while_active(running: Running) -> None:
    """Section 3.12: somebody who is disabled could undo nothing."""
    kevin = (await running.admin.get("/user")).json["uuid"]
    second = await running.person("Second", roles=[ADMINISTRATOR])
    assert 200 == (await running.admin.put(f"/admin/users/{second.id}", {"active": False})).status
    deputy = await running.person("Deputy", roles=[await running.role("People", "user:manage:*")])
    assert 422 == (await deputy.put(f"/admin/users/{kevin}", {"active": False})).status
    assert 200 == (await running.admin.put(f"/admin/users/{second.id}", {"active": True})).status
    assert 200 == (await deputy.put(f"/admin/users/{kevin}", {"active": False})).status


async def test_an_administrator_cannot_demote_themself(running: Running) -> None:
    """Section 3.12: nobody changes their own roles, so the last one cannot by mistake."""
    kevin = (await running.admin.get("/user")).json["uuid"]
    await running.person("Second", roles=[ADMINISTRATOR])
    assert 403 == (await running.admin.put(f"/admin/users/{kevin}/roles", {"roles": [USER]})).status
