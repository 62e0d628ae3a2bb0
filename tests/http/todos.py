"""What tests over HTTP are given of things of one's own types: a catalogue of to-dos, and to-dos."""

from typing import Any

import msgspec

from tests import own
from tests.service import Client, Running


async def adopted(running: Running) -> Running:
    """The service, with the catalogue in force."""
    answer = await running.admin.put("/admin/catalogues/todo", msgspec.to_builtins(own.TODO))
    assert 201 == answer.status, answer.text
    return running


async def todo(client: Client, name: str, **fields: Any) -> str:
    """The id of a to-do that was registered just now."""
    made = await client.post("/admin/resources", {"type": "todo", "name": name, **fields})
    assert 201 == made.status, made.text
    return str(made.json["uuid"])


async def decided(
    client: Client, subject: str, action: str, name: str, **properties: Any
) -> tuple[bool, list[str]]:
    """The decision on a to-do as AuthZEN gives it, and where the question contradicts what is held."""
    resource = {"type": "todo", "id": name, "properties": properties}
    body = {"subject": {"type": "user", "id": subject}, "action": {"name": action}, "resource": resource}
    answer = await client.post("/access/v1/evaluation", body)
    assert 200 == answer.status, answer.text
    return bool(answer.json["decision"]), answer.json.get("context", {}).get("conflicts", [])
