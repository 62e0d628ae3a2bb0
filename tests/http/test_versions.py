"""Versions, tags, branches and labels over HTTP: what Pact clients send, and what they read (section 4.7)."""

from typing import Any

from tests.service import BASE_URL, Running

PAIR = "/pacts/provider/Bar/consumer/Foo"
HEADERS = {"Content-Type": "application/merge-patch+json"}


def numbers(document: Any) -> list[str]:
    return [one["number"] for one in document["_embedded"]["versions"]]


def embedded(document: Any, kind: str) -> list[str]:
    return [one["name"] for one in document["_embedded"][kind]]


async def test_a_version_is_made_changed_and_deleted(running: Running) -> None:
    """PUT makes it (201, with Location) and replaces (200), PATCH changes a part, DELETE is 204 and then 404."""
    admin = running.admin
    made = await admin.put("/pacticipants/Foo/versions/1.0", {"buildUrl": "https://ci.example.org/1"})
    place = f"{BASE_URL}/pacticipants/Foo/versions/1.0"
    assert (201, place) == (made.status, made.headers["Location"])
    assert ("1.0", "https://ci.example.org/1") == (made.json["number"], made.json["buildUrl"])
    kept = await admin.ask("PATCH", "/pacticipants/Foo/versions/1.0", body=b"{}", headers=HEADERS)
    assert (200, "https://ci.example.org/1") == (kept.status, kept.json["buildUrl"])
    assert made.position == kept.position
    replaced = await admin.put("/pacticipants/Foo/versions/1.0", {})
    assert 200 == replaced.status
    assert "buildUrl" not in replaced.json
    assert 415 == (await admin.ask("PUT", place, body=b"{}", headers=HEADERS)).status
    assert 204 == (await admin.delete("/pacticipants/Foo/versions/1.0")).status
    for method in ("GET", "DELETE"):
        assert 404 == (await admin.ask(method, "/pacticipants/Foo/versions/1.0")).status


async def test_a_document_shows_all_that_a_version_has(running: Running) -> None:
    """Its tags, its branches and whether it is the latest there, its contracts; each with the way to it."""
    admin = running.admin
    for path in (f"{PAIR}/version/1", f"{PAIR}/version/2"):
        assert 201 == (await admin.put(path, {})).status
    for rest in ("versions/1/tags/prod", "branches/main/versions/1", "branches/main/versions/2"):
        assert 201 == (await admin.put(f"/pacticipants/Foo/{rest}")).status
    one = (await admin.get("/pacticipants/Foo/versions/1")).json
    assert ["prod"] == embedded(one, "tags")
    assert [("main", False)] == [(on["name"], on["latest"]) for on in one["_embedded"]["branchVersions"]]
    two = (await admin.get("/pacticipants/Foo/versions/2")).json
    assert [("main", True)] == [(on["name"], on["latest"]) for on in two["_embedded"]["branches"]]
    [contract] = one["_links"]["pb:pact-versions"]
    assert (f"{BASE_URL}{PAIR}/version/1", "Pact between Foo (1) and Bar") == (
        contract["href"],
        contract["name"],
    )
    assert one["_links"]["pb:tag"]["href"].endswith("/versions/1/tags/{tag}")
    followed = [tag["_links"]["self"]["href"] for tag in one["_embedded"]["tags"]]
    assert [200] == [(await admin.get(href)).status for href in followed]


async def test_tags_in_a_body_replace_those_of_the_version(running: Running) -> None:
    """As texts, as older clients send them, or as a version's own document shows them."""
    admin = running.admin
    made = await admin.put("/pacticipants/Foo/versions/1", {"tags": [{"name": "a"}, {"name": "b"}]})
    assert ["a", "b"] == embedded(made.json, "tags")
    changed = await admin.patch("/pacticipants/Foo/versions/1", {"tags": ["b", "c"]})
    assert ["b", "c"] == embedded(changed.json, "tags")
    assert ["b", "c"] == embedded((await admin.put("/pacticipants/Foo/versions/1", {})).json, "tags")
    wrong: tuple[object, ...] = ("a", [1], [{"name": 1}], [{}])
    for bad in wrong:
        assert 400 == (await admin.patch("/pacticipants/Foo/versions/1", {"tags": bad})).status, bad


async def test_versions_are_listed_the_newest_first_in_pages(running: Running) -> None:
    """Section 4.1: `page` and `size`, with the next and the previous page; without them everything."""
    admin = running.admin
    for number in range(5):
        await admin.put(f"/pacticipants/Foo/versions/{number}")
    every = await admin.get("/pacticipants/Foo/versions")
    assert ["4", "3", "2", "1", "0"] == numbers(every.json)
    assert "page" not in every.json
    page = (await admin.get("/pacticipants/Foo/versions?page=2&size=2")).json
    assert (["2", "1"], 5, 3) == (
        numbers(page),
        page["page"]["totalElements"],
        page["page"]["totalPages"],
    )
    following = (await admin.get(page["_links"]["next"]["href"])).json
    assert ["0"] == numbers(following)
    assert ["2", "1"] == numbers((await admin.get(following["_links"]["previous"]["href"])).json)
    assert 400 == (await admin.get("/pacticipants/Foo/versions?page=0")).status
    assert 404 == (await admin.get("/pacticipants/Nobody/versions")).status


async def test_the_latest_version_is_the_one_that_came_last(running: Running) -> None:
    """Of all, with a tag, on a branch: by when the version, or its place on the branch, came to be."""
    admin = running.admin
    for number in ("1", "2", "3"):
        await admin.put(f"/pacticipants/Foo/versions/{number}")
    for rest in ("versions/2/tags/prod", "versions/1/tags/prod"):
        await admin.put(f"/pacticipants/Foo/{rest}")
    for number in ("3", "1"):
        await admin.put(f"/pacticipants/Foo/branches/main/versions/{number}")

    async def latest(path: str) -> tuple[int, str]:
        answer = await admin.get(f"/pacticipants/Foo/{path}")
        return answer.status, answer.json.get("number", "") if answer.status == 200 else ""

    assert (200, "3") == await latest("latest-version")
    assert (200, "2") == await latest("latest-version/prod")
    assert (200, "1") == await latest("branches/main/latest-version")
    assert (404, "") == await latest("latest-version/none")
    assert (404, "") == await latest("branches/none/latest-version")
    assert ["1", "2"] == numbers((await admin.get("/pacticipants/Foo/tags/prod/versions")).json)
    assert ["1", "3"] == numbers((await admin.get("/pacticipants/Foo/branches/main/versions")).json)


async def test_a_tag_is_put_once_and_asked_for(running: Running) -> None:
    """201 and then 200, with a way to its version and its application; a name may hold a slash."""
    admin = running.admin
    path = "/pacticipants/Foo/versions/1/tags/feat%2Fx"
    made, again = await admin.put(path, {"name": "feat/x"}), await admin.put(path)
    assert (201, 200) == (made.status, again.status)
    assert (made.position, made.json) == (again.position, again.json)
    assert f"{BASE_URL}{path}" == made.headers["Location"]
    shown = (await admin.get(path)).json
    assert ("feat/x", "1", "Foo") == (
        shown["name"],
        shown["_links"]["version"]["name"],
        shown["_links"]["pacticipant"]["name"],
    )
    assert (204, 404, 404) == (
        (await admin.delete(path)).status,
        (await admin.delete(path)).status,
        (await admin.get(path)).status,
    )
    assert 200 == (await admin.get("/pacticipants/Foo/versions/1")).status


async def test_branches_are_listed_shown_and_deleted(running: Running) -> None:
    """The newest first; a branch without versions points to no latest one; deleting many keeps the main branch."""
    admin = running.admin
    assert 201 == (await admin.post("/pacticipants", {"name": "Foo", "mainBranch": "main"})).status
    for branch in ("main", "feat%2Fx", "feat%2Fy", "old"):
        assert 201 == (await admin.put(f"/pacticipants/Foo/branches/{branch}/versions/1")).status
    assert 200 == (await admin.put("/pacticipants/Foo/branches/main/versions/1")).status
    listed = await admin.get("/pacticipants/Foo/branches")
    assert ["old", "feat/y", "feat/x", "main"] == embedded(listed.json, "branches")
    assert ["feat/y", "feat/x"] == embedded(
        (await admin.get("/pacticipants/Foo/branches?q=FEAT")).json, "branches"
    )
    assert 204 == (await admin.delete("/pacticipants/Foo/branches/old/versions/1")).status
    old = (await admin.get("/pacticipants/Foo/branches/old")).json
    assert "pb:latest-version" not in old["_links"]
    main = (await admin.get("/pacticipants/Foo/branches/main")).json
    assert "1" == (await admin.get(main["_links"]["pb:latest-version"]["href"])).json["number"]
    assert 204 == (await admin.delete("/pacticipants/Foo/branches/old")).status
    assert 404 == (await admin.delete("/pacticipants/Foo/branches/old")).status
    gone = await admin.delete("/pacticipants/Foo/branches?exclude[]=feat%2Fx")
    assert 202 == gone.status
    assert [
        {
            "type": "success",
            "text": "Deleted 1 branch of pacticipant Foo. Remaining branches: feat/x, main",
        }
    ] == gone.json["notices"]
    assert ["feat/x", "main"] == embedded((await admin.get("/pacticipants/Foo/branches")).json, "branches")
    assert 200 == (await admin.get("/pacticipants/Foo/versions/1")).status


async def test_labels_stand_in_the_applications_documents(running: Running) -> None:
    """A label is put, listed with all others, found by, and shown with every application that carries it."""
    admin = running.admin
    for name, label in (("Foo", "web"), ("Foo", "api"), ("Bar", "web")):
        assert 201 == (await admin.put(f"/pacticipants/{name}/labels/{label}", {})).status
    assert 200 == (await admin.put("/pacticipants/Foo/labels/web", {})).status
    assert 201 == (await admin.post("/pacticipants", {"name": "Baz"})).status
    assert ["api", "web"] == embedded((await admin.get("/labels")).json, "labels")
    page = (await admin.get("/labels?size=1&page=2")).json
    assert (["web"], 2) == (embedded(page, "labels"), page["page"]["totalElements"])
    carrying = (await admin.get("/pacticipants/label/web")).json
    assert ["Bar", "Foo"] == embedded(carrying, "pacticipants")
    assert [] == embedded((await admin.get("/pacticipants/label/none")).json, "pacticipants")
    foo = (await admin.get("/pacticipants/Foo")).json
    assert ["api", "web"] == embedded(foo, "labels")
    assert 200 == (await admin.get(foo["_embedded"]["labels"][0]["_links"]["self"]["href"])).status
    every = (await admin.get("/pacticipants")).json["_embedded"]["pacticipants"]
    assert {"Bar": ["web"], "Baz": [], "Foo": ["api", "web"]} == {
        one["name"]: embedded(one, "labels") for one in every
    }
    changed = await admin.patch("/pacticipants/Foo", {"displayName": "The Foo"})
    assert ["api", "web"] == embedded(changed.json, "labels")
    assert 204 == (await admin.delete("/pacticipants/Foo/labels/web")).status
    assert 404 == (await admin.get("/pacticipants/Foo/labels/web")).status


async def test_nobody_learns_labels_of_applications_that_they_may_not_read(running: Running) -> None:
    """Section 3.4: with the own scope alone those applications; the list of labels shows no other's."""
    admin = running.admin
    sally = await running.person(
        "Sally", roles=[await running.role("own", "contract_data:manage:own")], teams=[]
    )
    assert 201 == (await sally.put("/pacticipants/Hers/labels/seen")).status
    assert 201 == (await admin.put("/pacticipants/Other/labels/hidden")).status
    assert ["seen"] == embedded((await sally.get("/labels")).json, "labels")
    assert [] == embedded((await sally.get("/pacticipants/label/hidden")).json, "pacticipants")
    assert 403 == (await sally.get("/pacticipants/Other/labels/hidden")).status


async def test_the_past_is_asked_about_by_the_same_addresses(running: Running) -> None:
    """`as_of` answers what was true then, of facts that live in Postgres as of all others."""
    admin = running.admin
    before = (await admin.put("/pacticipants/Foo/versions/1", {"buildUrl": "https://ci/1"})).position
    tagged = (await admin.put("/pacticipants/Foo/versions/1/tags/prod")).position
    for rest in ("branches/main/versions/2", "labels/web"):
        await admin.put(f"/pacticipants/Foo/{rest}")
    await admin.delete("/pacticipants/Foo/versions/1")
    was = (await admin.get(f"/pacticipants/Foo/versions/1?as_of={tagged}")).json
    assert ("https://ci/1", ["prod"]) == (was["buildUrl"], embedded(was, "tags"))
    assert 404 == (await admin.get(f"/pacticipants/Foo/versions/1/tags/prod?as_of={before}")).status
    assert ["1"] == numbers((await admin.get(f"/pacticipants/Foo/versions?as_of={before}")).json)
    assert ["2"] == numbers((await admin.get("/pacticipants/Foo/versions")).json)
    assert [] == embedded((await admin.get(f"/labels?as_of={before}")).json, "labels")
    assert [] == embedded((await admin.get(f"/pacticipants/Foo?as_of={before}")).json, "labels")
    assert [] == embedded((await admin.get(f"/pacticipants/Foo/branches?as_of={before}")).json, "branches")


async def test_a_repeated_request_is_answered_again_and_done_once(running: Running) -> None:
    """Under an Idempotency-Key: a deletion that was done is answered as done, whatever came after."""
    admin = running.admin
    for method, rest, status in (
        ("PUT", "versions/1/tags/prod", 201),
        ("PUT", "branches/main/versions/1", 201),
        ("PUT", "labels/web", 201),
        ("DELETE", "labels/web", 204),
        ("DELETE", "versions/1/tags/prod", 204),
        ("DELETE", "branches/main/versions/1", 204),
        ("DELETE", "branches/main", 204),
        ("DELETE", "versions/1", 204),
    ):
        headers = {"Idempotency-Key": f"{method} {rest}".replace(" ", "-")}
        first = await admin.ask(method, f"/pacticipants/Foo/{rest}", headers=headers)
        again = await admin.ask(method, f"/pacticipants/Foo/{rest}", headers=headers)
        assert (status, status) == (first.status, again.status), rest
        assert (first.position, first.octets) == (again.position, again.octets), rest


async def test_the_trail_says_what_was_done_in_words(running: Running) -> None:
    """A reader of the trail sees who tagged, labelled and deleted what, and what vanished with it."""
    admin = running.admin
    await admin.put(f"{PAIR}/version/1", {})
    for rest in ("versions/1/tags/prod", "branches/main/versions/1", "labels/web"):
        await admin.put(f"/pacticipants/Foo/{rest}")
    await admin.delete("/pacticipants/Foo/versions/1", headers={"Muniment-Reason": "Published by mistake"})
    foo = (await admin.get("/pacticipants/Foo")).json["uuid"]
    events = (await admin.get(f"/audit?touches=application:{foo}&sort=-timestamp")).json["events"]
    told = [one["sentence"].partition(" ")[2] for one in events[:7]]
    assert {
        "thereby took from its branch Foo/main/1.",
        "thereby removed the tag Foo/1/prod.",
        "thereby removed the contract Foo/Bar/1.",
        "deleted version 1 of the application Foo with 1 contract.",
        "labelled the application Foo as web.",
        "put version 1 of the application Foo on the branch main.",
        "tagged version 1 of the application Foo as prod.",
    } == set(told)
