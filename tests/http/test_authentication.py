"""The settings of signing in over HTTP: sections 3.11, 4.5 and 5.2 of the vendor's rules."""

from tests.http.test_bad_input import require_refusal
from tests.service import Running

PATH = "/admin/tenant/authentication-settings"
CONTENT_TYPE = "application/json;charset=utf-8"


def document(domains: list[str] | None, organizations: list[str] | None) -> dict[str, object]:
    return {
        "authenticationProviders": {
            "Google": {"emailDomains": domains},
            "GitHub": {"githubOrganizations": organizations},
        }
    }


async def test_the_document_is_read_replaced_and_cleared(running: Running) -> None:
    """Section 4.5: the whole document both ways, null clears, and the content type is exactly this one."""
    admin = running.admin
    first = await admin.get(PATH)
    assert (200, document(None, None), CONTENT_TYPE) == (
        first.status,
        first.json,
        first.headers["Content-Type"],
    )
    wanted = document(["Example.org", "example.com"], ["pactflow"])
    changed = await admin.put(PATH, wanted)
    assert (200, wanted, CONTENT_TYPE) == (changed.status, changed.json, changed.headers["Content-Type"])
    assert (wanted, changed.headers["ETag"]) == (
        (read := await admin.get(PATH)).json,
        read.headers["ETag"],
    )
    stale = await admin.ask(
        "PUT", PATH, json=document(None, None), headers={"If-Match": first.headers["ETag"]}
    )
    require_refusal(stale, 412)
    partly = await admin.put(PATH, {"authenticationProviders": {"GitHub": {"githubOrganizations": []}}})
    assert document(None, []) == partly.json
    assert document(None, None) == (await admin.put(PATH, document(None, None))).json
    assert wanted == (await admin.get(f"{PATH}?as_of={changed.position}")).json
    found = await admin.get("/audit?kind=authentication.*&touches=authentication_settings:*")
    assert 3 == len(found.json["events"])


async def test_a_slip_is_told_with_its_place(running: Running) -> None:
    """A pointer into the document; a document without providers is no document."""
    for body, pointer in (
        (document(["example.org", "nodomain"], None), "#/authenticationProviders/Google/emailDomains/1"),
        (document(None, ["a--b"]), "#/authenticationProviders/GitHub/githubOrganizations/0"),
        (
            {"authenticationProviders": {"Google": {"emailDomains": [1]}}},
            "#/authenticationProviders/Google/emailDomains/0",
        ),
        ({"authenticationProviders": {"Google": []}}, "#/authenticationProviders/Google"),
        ({}, "#/authenticationProviders"),
    ):
        refused = await running.admin.ask(
            "PUT", PATH, json=body, headers={"Accept": "application/problem+json"}
        )
        assert (400, pointer) == (refused.status, refused.json["errors"][0]["pointer"])


async def test_the_provider_of_terraform_is_understood(running: Running) -> None:
    """Its releases send EmailDomains and GithubOrganizations, and read the small letters (section 5.2)."""
    body = {
        "authenticationProviders": {
            "Google": {"EmailDomains": ["example.org"]},
            "GitHub": {"GithubOrganizations": ["pactflow"]},
        }
    }
    assert document(["example.org"], ["pactflow"]) == (await running.admin.put(PATH, body)).json
    body["authenticationProviders"]["Google"]["emailDomains"] = ["example.com"]
    require_refusal(await running.admin.put(PATH, body), 400)


async def test_it_takes_the_permission_for_it(running: Running) -> None:
    """Section 3.11: reading them takes authentication_settings:manage too; the index shows the link accordingly."""
    sally = await running.person("Sally")
    require_refusal(await sally.get(PATH), 403)
    require_refusal(await sally.put(PATH, document(None, None)), 403)
    assert "pf:authentication-settings" not in (await sally.get("/")).json["_links"]
    assert "pf:authentication-settings" in (await running.admin.get("/")).json["_links"]
