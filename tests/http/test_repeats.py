"""A request sent again under its Idempotency-Key is answered as it was, also where what it named was renamed since."""

import base64

from tests.service import Running

PAIR = "/pacts/provider/P/consumer/C"


async def test_what_is_named_is_found_again_after_it_was_renamed_or_deleted(running: Running) -> None:
    """Status, body and place of every repeat are the first answer's."""
    content = base64.b64encode(b'{"a":2}').decode()
    item = {"consumerName": "C", "providerName": "P", "content": content}
    several = {"pacticipantName": "C", "pacticipantVersionNumber": "2", "contracts": [item]}
    requests = [
        ("POST", "/pacticipants", {"name": "I1"}, 201),
        ("PATCH", "/pacticipants/I1", {"name": "I2"}, 200),
        ("PUT", "/pacticipants/I2", {"name": "I3"}, 200),
        ("PATCH", "/pacticipants/I4", {"displayName": "x"}, 201),
        ("DELETE", "/pacticipants/I3", None, 204),
        ("PUT", f"{PAIR}/version/1", {"a": 1}, 201),
        ("PATCH", f"{PAIR}/version/4", {"interactions": [{"description": "a"}]}, 201),
        ("PATCH", f"{PAIR}/version/4", {"interactions": [{"description": "b"}]}, 200),
        ("POST", "/contracts/publish", several, 200),
        ("DELETE", f"{PAIR}/version/2", None, 200),
        ("DELETE", f"{PAIR}/versions", None, 204),
        ("PUT", f"{PAIR}/version/3", {"a": 1}, 201),
        ("DELETE", "/integrations/provider/P/consumer/C", None, 204),
    ]
    for number, (method, path, body, status) in enumerate(requests):
        key = {"Idempotency-Key": str(number)}
        first = await running.admin.ask(method, path, json=body, headers=key)
        position = running.position
        again = await running.admin.ask(method, path, json=body, headers=key)

        assert status == first.status, (method, path, first.text)
        assert (first.status, first.octets) == (again.status, again.octets), (method, path)
        assert first.headers.get("Location") == again.headers.get("Location")
        assert (position, position) == (running.position, again.position)


async def test_a_team_is_made_and_changed_once_though_its_applications_are_gone(running: Running) -> None:
    """The names in the body meant what they meant when it was sent first."""
    await running.admin.post("/pacticipants", {"name": "Gone"})
    key = {"Idempotency-Key": "team"}
    body = {"name": "T", "pacticipantNames": ["Gone"]}
    made = await running.admin.post("/admin/teams", body, headers=key)
    place, other = f"/admin/teams/{made.json['uuid']}", {"Idempotency-Key": "other"}
    changed = await running.admin.put(place, {**body, "name": "U"}, headers=other)
    await running.admin.delete("/pacticipants/Gone")

    again = await running.admin.post("/admin/teams", body, headers=key)
    changed_again = await running.admin.put(place, {**body, "name": "U"}, headers=other)

    assert (201, 200) == (made.status, changed.status)
    assert (201, made.octets) == (again.status, again.octets)
    assert (200, changed.octets) == (changed_again.status, changed_again.octets)


async def test_a_read_only_token_is_given_no_earlier_answer(running: Running) -> None:
    """It is judged like any other request of that token, and refused."""
    sally = await running.person("Sally")
    await running.admin.post("/pacticipants", {"name": "Old"})
    key = {"Idempotency-Key": "k"}
    renamed = await sally.patch("/pacticipants/Old", {"name": "New"}, headers=key)
    again = await sally.read_only().patch("/pacticipants/Old", {"name": "New"}, headers=key)
    deleted = await sally.delete("/pacticipants/New", headers={"Idempotency-Key": "d"})
    deleted_again = await sally.read_only().delete("/pacticipants/New", headers={"Idempotency-Key": "d"})

    assert (200, 204) == (renamed.status, deleted.status)
    assert 403 == again.status
    assert deleted_again.status in (403, 404)


async def test_another_request_under_a_used_key_is_refused(running: Running) -> None:
    """Also where the name that it gives is not found: 422 and not 404."""
    await running.admin.post("/pacticipants", {"name": "Old"})
    key = {"Idempotency-Key": "k"}
    await running.admin.delete("/pacticipants/Old", headers=key)

    assert 422 == (await running.admin.delete("/pacticipants/Other", headers=key)).status
