"""Verification results, what is to be verified, and lists of contracts over HTTP, against the real service."""

import base64
import json
from typing import Any

import pytest

from service.catalogue.compiled import DEFAULT_TEAM
from tests.service import BASE_URL, Answer, Client, Running

FOO_BAR = "/pacts/provider/Bar/consumer/Foo"
RESULT = {
    "success": True,
    "providerApplicationVersion": "5",
    "buildUrl": "https://ci.example.org/7",
    "verifiedBy": {"implementation": "pact-tool", "version": "1.2"},
    "testResults": [{"interactionId": "1", "success": True}],
}


async def published(
    client: Client, consumer: str = "Foo", version: str = "1", *, branch: str = "", says: object = 0
) -> str:
    """The digest of a contract with Bar that was published; what it `says` tells one content from another."""
    document = {"consumer": {"name": consumer}, "provider": {"name": "Bar"}, "interactions": [], "says": says}
    contract = {
        "consumerName": consumer,
        "providerName": "Bar",
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
    }
    body = {"pacticipantName": consumer, "pacticipantVersionNumber": version, "contracts": [contract]}
    answer = await client.post("/contracts/publish", {**body, **({"branch": branch} if branch else {})})
    assert 200 == answer.status, answer.text
    shown = await client.get(f"/pacts/provider/Bar/consumer/{consumer}/version/{version}")
    return str(shown.json["digest"])


async def verified(client: Client, digest: str, consumer: str = "Foo", **more: object) -> Answer:
    place = f"/pacts/provider/Bar/consumer/{consumer}/pact-version/{digest}/verification-results"
    return await client.post(place, {**RESULT, **more})


async def asked(client: Client, *selectors: dict[str, Any], **more: object) -> Any:
    """The pacts that Bar is to verify."""
    answer = await client.post(
        "/pacts/provider/Bar/for-verification", {"consumerVersionSelectors": list(selectors), **more}
    )
    assert 200 == answer.status, answer.text
    return answer.json["_embedded"]["pacts"]


def names(pacts: Any) -> list[str]:
    return [one["_links"]["self"]["name"] for one in pacts]


class TestResults:
    async def test_a_result_is_published_shown_and_deleted(self, running: Running) -> None:
        """201 where it is found; what the verifier said of each interaction is taken and not kept."""
        digest = await published(running.admin)
        made = await verified(running.admin, digest)
        place = made.headers["Location"]
        read = await running.admin.get(place)
        assert 201 == made.status
        assert made.json == read.json
        assert place == read.json["_links"]["self"]["href"]
        assert f"{BASE_URL}{FOO_BAR}/pact-version/{digest}" == read.json["_links"]["pb:pact-version"]["href"]
        expected = {key: value for key, value in RESULT.items() if key != "testResults"}
        assert {**expected, "providerName": "Bar"}.items() <= read.json.items()
        assert "testResults" not in read.json
        assert 204 == (await running.admin.delete(place)).status
        assert [404, 404] == [
            (await running.admin.get(place)).status,
            (await running.admin.delete(place)).status,
        ]

    async def test_the_newest_result_of_a_content_is_found_three_ways(self, running: Running) -> None:
        """By the content, by a consumer version's contract, and among all of a consumer version's."""
        digest = await published(running.admin)
        await verified(running.admin, digest)
        newest = await verified(running.admin, digest, success=False)
        by_content = await running.admin.get(f"{FOO_BAR}/pact-version/{digest}/verification-results/latest")
        by_version = await running.admin.get(f"{FOO_BAR}/version/1/verification-results/latest")
        summary = await running.admin.get("/verification-results/consumer/Foo/version/1/latest")
        assert newest.json == by_content.json == by_version.json
        assert [newest.json] == summary.json["_embedded"]["verificationResults"]
        assert {"successful": [], "failed": ["Bar"], "unknown": []} == summary.json["providerSummary"]
        assert summary.json["success"] is False

    async def test_a_content_without_a_result_is_unknown(self, running: Running) -> None:
        """No result is no success: 404 for the newest, and the summary says which provider it waits for."""
        digest = await published(running.admin)
        missing = await running.admin.get(f"{FOO_BAR}/pact-version/{digest}/verification-results/latest")
        summary = await running.admin.get("/verification-results/consumer/Foo/version/1/latest")
        assert 404 == missing.status
        assert (False, ["Bar"]) == (summary.json["success"], summary.json["providerSummary"]["unknown"])
        assert 404 == (await running.admin.get("/verification-results/consumer/Foo/version/2/latest")).status

    async def test_a_result_is_of_a_content_and_every_version_that_has_it(self, running: Running) -> None:
        """A consumer's next version with the same content is verified already."""
        digest = await published(running.admin)
        await verified(running.admin, digest)
        assert digest == await published(running.admin, version="2")
        assert 200 == (await running.admin.get(f"{FOO_BAR}/version/2/verification-results/latest")).status
        shown = await running.admin.get(f"{FOO_BAR}/pact-version/{digest}")
        assert f"{BASE_URL}{FOO_BAR}/version/2" == shown.json["_links"]["self"]["href"]

    async def test_a_brokers_note_in_the_address_is_taken(self, running: Running) -> None:
        """Clients of a Pact Broker follow addresses with …/metadata/…; ours need none, theirs work."""
        digest = await published(running.admin)
        noted = f"{FOO_BAR}/pact-version/{digest}/metadata/c1tdPTE"
        assert 200 == (await running.admin.get(noted)).status
        made = await running.admin.post(f"{noted}/verification-results", RESULT)
        assert 201 == made.status
        number = made.json["number"]
        assert 200 == (await running.admin.get(f"{noted}/verification-results/{number}")).status

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"providerApplicationVersion": "5"}, "#/success"),
            ({"success": "yes", "providerApplicationVersion": "5"}, "#/success"),
            ({"success": True}, "#/providerApplicationVersion"),
            ({"success": True, "providerApplicationVersion": ""}, "#/providerApplicationVersion"),
            ({**RESULT, "buildUrl": "nowhere"}, "#/buildUrl"),
            ({**RESULT, "verifiedBy": "me"}, "#/verifiedBy"),
        ],
    )
    async def test_what_no_result_can_say_is_400(
        self, running: Running, body: dict[str, Any], pointer: str
    ) -> None:
        """The pointer names the field, and nothing is recorded."""
        digest = await published(running.admin)
        before = running.position
        refused = await running.admin.post(
            f"{FOO_BAR}/pact-version/{digest}/verification-results",
            body,
            headers={"Accept": "application/problem+json"},
        )
        assert (400, [pointer]) == (refused.status, [one["pointer"] for one in refused.json["errors"]])
        assert before == running.position

    @pytest.mark.parametrize("digest", ["0" * 64, "A" * 64, "latest", "%7Bx%7D"])
    async def test_a_content_that_nobody_holds_is_404(self, running: Running, digest: str) -> None:
        """Whatever stands where a digest should."""
        await published(running.admin)
        place = f"{FOO_BAR}/pact-version/{digest}"
        assert 404 == (await running.admin.get(place)).status
        assert 404 == (await running.admin.post(f"{place}/verification-results", RESULT)).status

    async def test_a_result_is_repeated_under_its_key_once(self, running: Running) -> None:
        """The same request under the same Idempotency-Key is one result, and answered the same."""
        digest = await published(running.admin)
        place = f"{FOO_BAR}/pact-version/{digest}/verification-results"
        first, second = [
            await running.admin.post(place, RESULT, headers={"Idempotency-Key": "build-7"}) for _ in range(2)
        ]
        assert (201, first.json) == (second.status, second.json)

    async def test_a_result_of_the_past_is_seen_at_its_moment(self, running: Running) -> None:
        """`as_of` answers from before a result was deleted, and from before it was published."""
        digest = await published(running.admin)
        before = running.position
        made = await verified(running.admin, digest)
        await running.admin.delete(made.headers["Location"])
        place = f"{FOO_BAR}/pact-version/{digest}/verification-results/latest"
        then = await running.admin.get(f"{place}?as_of={made.position}")
        assert made.json == then.json
        assert 404 == (await running.admin.get(f"{place}?as_of={before}")).status
        assert 404 == (await running.admin.get(place)).status


class TestForVerification:
    async def test_the_newest_of_each_consumer_says_why(self, running: Running) -> None:
        """What a verifier follows: the address of the content, and the notices that it prints."""
        await published(running.admin, version="1", says="old")
        digest = await published(running.admin, version="2", says="new")
        [pact] = await asked(running.admin, {"latest": True})
        place = f"{BASE_URL}{FOO_BAR}/pact-version/{digest}"
        assert ("latest", place) == (pact["shortDescription"], pact["_links"]["self"]["href"])
        [notice] = pact["verificationProperties"]["notices"]
        assert "before_verification" == notice["when"]
        assert place in notice["text"]
        assert "(2)" in notice["text"]
        assert "pending" not in pact["verificationProperties"]
        assert digest == (await running.admin.get(place)).json["digest"]

    async def test_branches_select(self, running: Running) -> None:
        """By name, as the consumer's main branch, as the provider's own, and by a fallback."""
        await running.admin.post("/pacticipants", {"name": "Foo", "mainBranch": "main"})
        await published(running.admin, version="1", branch="main", says=1)
        await published(running.admin, version="2", branch="feat", says=2)
        first, second = "Pact between Foo (1) and Bar", "Pact between Foo (2) and Bar"
        assert [first] == names(await asked(running.admin, {"branch": "main"}))
        assert [first] == names(await asked(running.admin, {"mainBranch": True}))
        assert [first] == names(await asked(running.admin))
        assert [first] == names(await asked(running.admin, {"branch": "x", "fallbackBranch": "main"}))
        matching = await asked(running.admin, {"matchingBranch": True}, providerVersionBranch="feat")
        assert [second] == names(matching)
        both = await asked(running.admin, {"branch": "main"}, {"latest": True})
        assert {first, second} == set(names(both))
        assert [] == await asked(running.admin, {"branch": "main", "consumer": "Qux"})

    async def test_a_get_answers_as_a_question_without_selectors(self, running: Running) -> None:
        """Clients look there first, and follow its `self` with their selectors."""
        await published(running.admin)
        answer = await running.admin.get("/pacts/provider/Bar/for-verification")
        assert await asked(running.admin) == answer.json["_embedded"]["pacts"]
        assert f"{BASE_URL}/pacts/provider/Bar/for-verification" == answer.json["_links"]["self"]["href"]

    async def test_a_content_is_pending_until_it_was_passed(self, running: Running) -> None:
        """By any version of the provider where it names no branch and no tag; a failure changes nothing."""
        digest = await published(running.admin)

        async def pending() -> tuple[bool, int]:
            [pact] = await asked(running.admin, {"latest": True}, includePendingStatus=True)
            return pact["verificationProperties"]["pending"], len(pact["verificationProperties"]["notices"])

        assert (True, 6) == await pending()
        await verified(running.admin, digest, success=False)
        assert (True, 6) == await pending()
        await verified(running.admin, digest)
        assert (False, 2) == await pending()

    async def test_a_content_is_pending_for_a_branch(self, running: Running) -> None:
        """A success counts for the branch that the provider's version is on, and for no other."""
        digest = await published(running.admin)
        await running.admin.put("/pacticipants/Bar/branches/main/versions/5", {})
        await verified(running.admin, digest)
        found = {
            branch: (
                await asked(
                    running.admin, {"latest": True}, includePendingStatus=True, providerVersionBranch=branch
                )
            )[0]["verificationProperties"]["pending"]
            for branch in ("main", "feat")
        }
        assert {"main": False, "feat": True} == found

    async def test_tags_select_and_make_pending(self, running: Running) -> None:
        """The latest with a tag or every one, a fallback, and the provider's own tags."""
        digest = await published(running.admin, version="1", says=1)
        await published(running.admin, version="2", says=2)
        await running.admin.put("/pacticipants/Foo/versions/1/tags/prod", {})
        first = ["Pact between Foo (1) and Bar"]
        assert first == names(await asked(running.admin, {"tag": "prod", "latest": True}))
        assert first == names(await asked(running.admin, {"tag": "prod"}))
        fallen = await asked(running.admin, {"tag": "x", "fallbackTag": "prod", "latest": True})
        assert first == names(fallen)
        await verified(running.admin, digest)
        await running.admin.put("/pacticipants/Bar/versions/5/tags/dev", {})
        for tags, expected in ((["dev"], False), (["dev", "prod"], True)):
            [pact] = await asked(
                running.admin, {"tag": "prod"}, includePendingStatus=True, providerVersionTags=tags
            )
            assert expected == pact["verificationProperties"]["pending"]

    async def test_deployed_and_released_versions_are_selected(self, running: Running) -> None:
        """In any environment or in one; what is deployed or supported no longer is not."""
        await published(running.admin)
        made = await running.admin.post("/environments", {"name": "live", "production": True})
        place = f"/pacticipants/Foo/versions/1/deployed-versions/environment/{made.json['uuid']}"
        deployed = await running.admin.post(place, {})
        assert 201 == deployed.status, deployed.text
        for selector in ({"deployed": True}, {"environment": "live"}, {"deployedOrReleased": True}):
            [pact] = await asked(running.admin, selector)
            assert "deployed to live" == pact["shortDescription"]
        assert [] == await asked(running.admin, {"released": True})
        [usual] = await asked(running.admin)
        assert "latest, deployed to live" == usual["shortDescription"]
        unknown = {"consumerVersionSelectors": [{"environment": "nowhere"}]}
        assert 400 == (await running.admin.post("/pacts/provider/Bar/for-verification", unknown)).status
        await published(running.admin, version="2", says="new")
        await running.admin.post(place.replace("versions/1", "versions/2"), {})
        assert ["Pact between Foo (2) and Bar"] == names(await asked(running.admin, {"deployed": True}))

    async def test_an_environment_that_one_may_not_see_is_not_named(self, running: Running) -> None:
        """What is deployed there is verified all the same; nobody learns its name, nor whether it exists."""
        await published(running.admin)
        made = await running.admin.post("/environments", {"name": "secret", "production": True})
        place = f"/pacticipants/Foo/versions/1/deployed-versions/environment/{made.json['uuid']}"
        assert 201 == (await running.admin.post(place, {})).status
        role = await running.role("Reads", "contract_data:read:*")
        rita = await running.person("Rita", roles=[role], teams=[])
        [pact] = await asked(rita, {"deployed": True})
        assert "deployed to an environment" == pact["shortDescription"]
        assert "secret" not in json.dumps(pact)
        for name in ("secret", "an environment"):
            body = {"consumerVersionSelectors": [{"environment": name}]}
            assert 400 == (await rita.post("/pacts/provider/Bar/for-verification", body)).status

    @pytest.mark.parametrize(
        "selector",
        [
            {},
            {"consumer": "Foo"},
            {"fallbackTag": "x"},
            {"latest": False},
            {"tag": "a", "branch": "b"},
            {"mainBranch": True, "tag": "a"},
            {"branch": "a", "latest": False},
            {"deployed": True, "latest": True},
            {"deployed": True, "released": True},
            {"matchingBranch": True},
            {"branch": "a", "fallbackTag": "b", "latest": True},
            {"tag": 7},
            {"latest": "true"},
        ],
    )
    async def test_a_selector_that_cannot_be_meant_is_400(
        self, running: Running, selector: dict[str, Any]
    ) -> None:
        """What selects nothing, or two things at once, is refused instead of guessed."""
        await published(running.admin)
        body = {"consumerVersionSelectors": [selector]}
        assert 400 == (await running.admin.post("/pacts/provider/Bar/for-verification", body)).status

    async def test_selectors_that_are_no_list_are_400(self, running: Running) -> None:
        """Taken for none, they would select what nobody asked for; null is none. The pointer names the selector."""
        await published(running.admin)
        place, accept = "/pacts/provider/Bar/for-verification", {"Accept": "application/problem+json"}
        for selectors in ({}, "", False, 0, {"latest": True}):
            answer = await running.admin.post(place, {"consumerVersionSelectors": selectors})
            assert 400 == answer.status, selectors
        assert 200 == (await running.admin.post(place, {"consumerVersionSelectors": None})).status
        bare = await running.admin.post(place, {"consumerVersionSelectors": [{}]}, headers=accept)
        assert "#/consumerVersionSelectors/0" == bare.json["errors"][0]["pointer"]

    async def test_an_unknown_provider_is_404(self, running: Running) -> None:
        """A verifier says then that there are no pacts for it."""
        assert 404 == (await running.admin.post("/pacts/provider/Bar/for-verification", {})).status


class TestLists:
    async def test_a_providers_contracts_are_listed(self, running: Running) -> None:
        """All, the newest of each consumer, and those on a branch; each with the consumer's name."""
        await running.admin.post("/pacticipants", {"name": "Foo", "mainBranch": "main"})
        for consumer, version, branch in (("Foo", "1", "main"), ("Foo", "2", "feat"), ("Qux", "1", "main")):
            await published(running.admin, consumer, version, branch=branch, says=version)
        for path, expected in {
            "": ["Foo (2)", "Foo (1)", "Qux (1)"],
            "/latest": ["Foo (2)", "Qux (1)"],
            "/branch/main": ["Foo (1)", "Qux (1)"],
            "/branch/main/latest": ["Foo (1)", "Qux (1)"],
            "/branch/feat/latest": ["Foo (2)"],
            "/branch": ["Foo (1)"],
            "/branch/latest": ["Foo (1)"],
        }.items():
            listed = await running.admin.get(f"/pacts/provider/Bar{path}")
            assert [f"Pact between {one} and Bar" for one in expected] == [
                one["title"] for one in listed.json["_links"]["pb:pacts"]
            ], path
            assert listed.json["_links"]["pb:pacts"] == listed.json["_links"]["pacts"]
            for link in listed.json["_links"]["pacts"]:
                shown = await running.admin.get(link["href"])
                assert link["name"] == shown.json["consumer"]["name"]

    async def test_the_newest_contract_of_every_integration_is_listed(self, running: Running) -> None:
        """What `list-latest-pact-versions` prints: the consumer with its version, the provider, and when."""
        for consumer, version in (("Foo", "1"), ("Foo", "2"), ("Qux", "1")):
            await published(running.admin, consumer, version, says=version)
        listed = await running.admin.get("/pacts/latest")
        assert [("Foo", "2", "Bar"), ("Qux", "1", "Bar")] == [
            (
                one["_embedded"]["consumer"]["name"],
                one["_embedded"]["consumer"]["_embedded"]["version"]["number"],
                one["_embedded"]["provider"]["name"],
            )
            for one in listed.json["pacts"]
        ]
        assert 2 == len(listed.json["_links"]["pb:pacts"])

    async def test_lists_leave_out_what_one_may_not_read(self, running: Running) -> None:
        """Section 3.4: an integration is read from either side; who reads no contract data gets 403."""
        await published(running.admin, "Foo")
        await published(running.admin, "Qux")
        team = await running.team("A", pacticipantNames=["Foo"])
        await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
        manages = await running.role("Manages its own", "contract_data:manage:team")
        conny = await running.person("Conny", roles=[manages], teams=[team])
        nobody = await running.person("Nobody", roles=[], teams=[])
        listed = await conny.get("/pacts/provider/Bar/latest")
        assert ["Foo"] == [one["name"] for one in listed.json["_links"]["pb:pacts"]]
        assert 1 == len((await conny.get("/pacts/latest")).json["pacts"])
        assert ["Pact between Foo (1) and Bar"] == names(await asked(conny, {"latest": True}))
        bars = await running.team("B", pacticipantNames=["Bar"])
        provider = await running.person("Provider", roles=[manages], teams=[bars])
        of_both = await provider.get("/pacts/provider/Bar/latest")
        assert ["Foo", "Qux"] == [one["name"] for one in of_both.json["_links"]["pb:pacts"]]
        assert 2 == len((await provider.get("/pacts/latest")).json["pacts"])
        assert 2 == len(await asked(provider, {"latest": True}))
        for path in ("/pacts/latest", "/pacts/provider/Bar", "/pacts/provider/Bar/for-verification"):
            assert 403 == (await nobody.get(path)).status
