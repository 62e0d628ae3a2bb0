"""Section 3.11: the settings of signing in."""

from tests.service import Running

PATH = "/admin/tenant/authentication-settings"


def _document(domains: list[str] | None, organizations: list[str] | None) -> dict[str, object]:
    return {
        "authenticationProviders": {
            "Google": {"emailDomains": domains},
            "GitHub": {"githubOrganizations": organizations},
        }
    }


async def test_the_whole_document_is_read_and_replaced(running: Running) -> None:
    """Section 3.11: Google's domains and GitHub's organisations, always both at once; null clears a list."""
    both, one = _document(["example.org"], ["pactflow"]), _document(None, ["pactflow"])
    for document in (both, one, _document(None, None)):
        changed = await running.admin.put(PATH, document)
        assert (200, document) == (changed.status, changed.json)
        assert document == (await running.admin.get(PATH)).json


async def test_reading_and_changing_take_the_one_scope(running: Running) -> None:
    """Section 3.11: authentication_settings:manage:* for either; a User has neither."""
    role = await running.role("Signs in", "authentication_settings:manage:*")
    max_, sally = await running.person("Max", roles=[role], teams=[]), await running.person("Sally")
    body = _document(["example.org"], None)
    assert [200, 200] == [(await max_.put(PATH, body)).status, (await max_.get(PATH)).status]
    assert [403, 403] == [(await sally.put(PATH, body)).status, (await sally.get(PATH)).status]
    assert [403, 200] == [
        (await max_.read_only().put(PATH, body)).status,
        (await max_.read_only().get(PATH)).status,
    ]
