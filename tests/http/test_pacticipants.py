"""Applications under the name that a Pact Broker gives them: what its clients read of their documents (section 4.4)."""

from tests.service import BASE_URL, Running


async def test_the_list_is_where_either_command_line_reads_it(running: Running) -> None:
    """The older one reads what is embedded, the newer one the top; both a name for display of every row, be it null."""
    for body in ({"name": "Foo"}, {"name": "Bar", "displayName": "The bar"}):
        assert 201 == (await running.admin.post("/pacticipants", body)).status
    listed = (await running.admin.get("/pacticipants")).json
    assert listed["_embedded"]["pacticipants"] == listed["pacticipants"]
    names = [(one["name"], one["displayName"]) for one in listed["pacticipants"]]
    assert [("Bar", "The bar"), ("Foo", None)] == names


async def test_one_application_shows_only_what_was_set(running: Running) -> None:
    """Terraform's provider compares it with what it sent: no name for display is invented, nor a null shown."""
    made = await running.admin.post("/pacticipants", {"name": "Foo"})
    assert made.json == (await running.admin.get("/pacticipants/Foo")).json
    assert {"uuid", "name", "createdAt", "_embedded", "_links"} == set(made.json)
    assert f"{BASE_URL}/pacticipants/Foo" == made.json["_links"]["self"]["href"]
