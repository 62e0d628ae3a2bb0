"""What stands at `/`: a page for people, links for programs, and none that leads nowhere."""

import re

from service.http import index, routes
from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Running

ATTESTED = {
    "self": "/",
    "pb:publish-pact": "/pacts/provider/{provider}/consumer/{consumer}/version/{consumerApplicationVersion}",
    "pb:publish-contracts": "/contracts/publish",
    "pb:latest-pact-versions": "/pacts/latest",
    "pb:tagged-pact-versions": "/pacts/provider/{provider}/consumer/{consumer}/tag/{tag}",
    "pb:branch-pact-versions": "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}",
    "pb:latest-branch-pact-versions": (
        "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}/latest/versions"
    ),
    "pb:main-branch-pact-versions": "/pacts/provider/{provider}/consumer/{consumer}/branch/versions",
    "pb:latest-main-branch-pact-versions": (
        "/pacts/provider/{provider}/consumer/{consumer}/branch/latest/versions"
    ),
    "pb:provider-pacts-with-main-branch": "/pacts/provider/{provider}/branch",
    "pb:provider-pacts-with-branch": "/pacts/provider/{provider}/branch/{branch}",
    "pb:latest-provider-pacts-with-main-branch": "/pacts/provider/{provider}/branch/latest",
    "pb:latest-provider-pacts-with-branch": "/pacts/provider/{provider}/branch/{branch}/latest",
    "pb:pacticipants": "/pacticipants",
    "pb:pacticipant": "/pacticipants/{pacticipant}",
    "pb:latest-provider-pacts": "/pacts/provider/{provider}/latest",
    "pb:latest-provider-pacts-with-tag": "/pacts/provider/{provider}/latest/{tag}",
    "pb:provider-pacts-with-tag": "/pacts/provider/{provider}/tag/{tag}",
    "pb:provider-pacts": "/pacts/provider/{provider}",
    "pb:latest-version": "/pacticipants/{pacticipant}/latest-version",
    "pb:latest-tagged-version": "/pacticipants/{pacticipant}/latest-version/{tag}",
    "pb:webhooks": "/webhooks",
    "pb:webhook": "/webhooks/{uuid}",
    "pb:integrations": "/integrations",
    "pb:pacticipant-version-tag": "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
    "pb:pacticipant-branch": "/pacticipants/{pacticipant}/branches/{branch}",
    "pb:pacticipant-branch-version": "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
    "pb:pacticipant-version": "/pacticipants/{pacticipant}/versions/{version}",
    "pb:metrics": "/metrics",
    "pb:can-i-deploy-pacticipant-version-to-tag": (
        "/can-i-deploy?pacticipant={pacticipant}&version={version}&to={tag}"
    ),
    "pb:can-i-deploy-pacticipant-version-to-environment": (
        "/can-i-deploy?pacticipant={pacticipant}&version={version}&environment={environment}"
    ),
    "pb:provider-pacts-for-verification": "/pacts/provider/{provider}/for-verification",
    "beta:provider-pacts-for-verification": "/pacts/provider/{provider}/for-verification",
    "pb:environments": "/environments",
    "pb:environment": "/environments/{uuid}",
    "pf:admin-roles": "/admin/roles",
    "pf:publish-provider-contract": "/provider-contracts/provider/{provider}/publish",
}
"""Every relation that the index of a Pact Broker or of PactFlow is known to have, with its path (section 4.3)."""
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_a_browser_gets_a_page_with_three_steps(running: Running) -> None:
    """Without a token: it says what to do first, and holds nothing secret."""
    page = await running.nobody.get("/", headers=BROWSER)
    assert (200, "text/html;charset=utf-8") == (page.status, page.headers["Content-Type"])
    assert 3 == page.text.count("<h2>")
    assert BASE_URL in page.text
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_a_program_gets_the_links_that_it_may_follow(running: Running) -> None:
    """Every link of the index answers its bearer, and clients find the word that they look for in a header's name."""
    answer = await running.admin.get("/")
    assert 200 == answer.status
    assert any("pactflow" in name.lower() for name in answer.headers)
    links = answer.json["_links"]
    curies = links.pop("curies")
    assert {"pb", "beta", "pf", "mun"} == {curie["name"] for curie in curies}
    for relation, link in links.items():
        assert link["href"].startswith(BASE_URL)
        prefix, _, name = relation.partition(":")
        if name:
            assert 200 == (await running.nobody.get(f"/doc/{prefix}/{name}")).status


async def test_an_attested_link_is_shown_where_its_path_is_served(running: Running) -> None:
    """Section 4.3: under the name and in the form that clients look for; what stays with the broker is no link."""
    served = index.served_paths([route.path for route in routes.ROUTES])
    links = (await running.admin.get("/")).json["_links"]
    expected = {name: path for name, path in ATTESTED.items() if index.shape(path) in served}
    shown = {
        name: (link["href"].removeprefix(BASE_URL), link.get("templated", False))
        for name, link in links.items()
        if name in ATTESTED
    }
    assert {name: (path, "{" in path) for name, path in expected.items()} == shown


async def test_links_that_one_may_not_follow_are_left_out(running: Running) -> None:
    """Clients take a missing link for «not permitted»."""
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    links = (await nina.get("/")).json["_links"]
    everybodys = {"pf:current-user", "pf:system-preferences", "pf:current-user-preferences"}
    assert {"self", *everybodys, "curies"} == set(links)
    reader = await running.person("Rita", roles=[await running.role("Reads", "team:read:*")], teams=[])
    assert "pf:admin-teams" in (await reader.get("/")).json["_links"]


async def test_a_program_without_a_token_gets_no_index(running: Running) -> None:
    """401 tells it what to send."""
    require_refusal(await running.nobody.get("/"), 401)
    require_refusal(await running.client("mun_unknown").get("/"), 401)


def test_every_link_of_the_index_is_served() -> None:
    """A link without a route would never be shown; it is a slip, found here."""
    served = index.served_paths([route.path for route in routes.ROUTES])
    paths = [
        re.sub(r"\{[^}]*\}", "{}", link.path.partition("{?")[0])
        for link in (*index.LINKS, *index.IN_DOCUMENTS)
    ]
    assert [] == [path for path in paths if path not in served]
