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


async def test_an_application_leads_on_to_what_it_has(running: Running) -> None:
    """Section 4.4: every attested link of a pacticipant but the badges, each with its placeholders."""
    await running.admin.post("/pacticipants", {"name": "Foo/Bar"})
    links = (await running.admin.get("/pacticipants/Foo%2FBar")).json["_links"]
    here = f"{BASE_URL}/pacticipants/Foo%2FBar"
    expected = {
        "self": here,
        "pb:versions": f"{here}/versions",
        "pb:branches": f"{here}/branches",
        "pb:version": f"{here}/versions/{{version}}",
        "pb:version-tag": f"{here}/versions/{{version}}/tags/{{tag}}",
        "pb:branch-version": f"{here}/branches/{{branch}}/versions/{{version}}",
        "pb:label": f"{here}/labels/{{label}}",
        "versions": f"{here}/versions",
        "pf:network": f"{BASE_URL}/pacticipant/Foo%2FBar/network",
    }
    (pb,) = (one for one in links.pop("curies") if one["name"] == "pb")
    assert {"name": "pb", "href": f"{BASE_URL}/doc/pb/{{rel}}", "templated": True} == pb
    assert expected == {relation: link["href"] for relation, link in links.items()}
    for relation, link in links.items():
        assert ("{" in link["href"]) == link.get("templated", False), relation


async def test_an_application_shows_its_latest_version_and_its_labels(running: Running) -> None:
    """Section 4.4: `_embedded.latestVersion` is the one that came last, of then with `as_of`; labels are in order."""
    path = "/pacts/provider/Bar/consumer/Foo/version"
    assert 201 == (await running.admin.put(f"{path}/2.0.0", {"interactions": []})).status
    then = running.position
    assert 201 == (await running.admin.put(f"{path}/1.0.0", {"interactions": []})).status
    for label in ("web", "api"):
        assert 201 == (await running.admin.put(f"/pacticipants/Foo/labels/{label}")).status
    shown = (await running.admin.get("/pacticipants/Foo")).json["_embedded"]
    assert ["api", "web"] == [one["name"] for one in shown["labels"]]
    assert "1.0.0" == shown["latestVersion"]["number"]
    linked = (await running.admin.get(shown["latestVersion"]["_links"]["self"]["href"])).json
    assert "1.0.0" == linked["number"]
    before = (await running.admin.get(f"/pacticipants/Foo?as_of={then}")).json["_embedded"]
    assert ([], "2.0.0") == (before["labels"], before["latestVersion"]["number"])
    provider = (await running.admin.get("/pacticipants/Bar")).json["_embedded"]
    assert {"labels": []} == provider


async def test_a_row_of_the_list_leads_to_its_application(running: Running) -> None:
    """With its labels and no other link: thousands of rows would repeat what one step leads to."""
    await running.admin.put("/pacticipants/Foo/labels/web")
    (row,) = (await running.admin.get("/pacticipants")).json["pacticipants"]
    assert {"self": {"href": f"{BASE_URL}/pacticipants/Foo", "title": "Foo"}} == row["_links"]
    assert ["web"] == [one["name"] for one in row["_embedded"]["labels"]]
