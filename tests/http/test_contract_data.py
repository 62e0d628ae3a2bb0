"""Applications, contracts, integrations and environments over HTTP, against the real service."""

import asyncio
import base64
import json
from typing import Any

import pytest

from service.catalogue.compiled import USER
from tests.service import Answer, Client, Running

PACT = {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": []}
FOO_BAR = "/pacts/provider/Bar/consumer/Foo"


def content(document: object) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


def publication(consumer: str, version: str, *providers: str) -> dict[str, Any]:
    """The body of POST /contracts/publish."""
    contracts = [
        {
            "consumerName": consumer,
            "providerName": provider,
            "specification": "pact",
            "contentType": "application/json",
            "content": content({"consumer": {"name": consumer}, "provider": {"name": provider}}),
        }
        for provider in providers
    ]
    return {"pacticipantName": consumer, "pacticipantVersionNumber": version, "contracts": contracts}


def names(answer: Answer, kind: str = "pacticipants") -> list[str]:
    return [one["name"] for one in answer.json["_embedded"][kind]]


async def published(client: Client, version: str = "1", **more: object) -> Answer:
    return await client.put(f"{FOO_BAR}/version/{version}", {**PACT, **more})


class TestApplications:
    async def test_an_application_comes_back_exactly_as_it_was_sent(self, running: Running) -> None:
        """Terraform compares what it sent with what it reads: nothing is invented, nothing is lost."""
        sent = {"name": "terraform-client", "repositoryUrl": "https://example.org/x", "mainBranch": "main"}
        made = await running.admin.post("/pacticipants", sent)
        read = await running.admin.get("/pacticipants/terraform-client")

        assert 201 == made.status
        assert "https://contracts.example.org/pacticipants/terraform-client" == made.headers["Location"]
        assert sent.items() <= read.json.items()
        assert "displayName" not in read.json

    @pytest.mark.parametrize("name", ["{x}", "}", "a/b", "a%2Fb", "a b+c?d#e", "\\", "[a]:@"])
    async def test_whatever_it_is_called_it_is_found_where_it_says(self, running: Running, name: str) -> None:
        """An application whose name is hard to escape is read and deleted at its own address, as any other is."""
        made = await running.admin.post("/pacticipants", {"name": name})
        assert 201 == made.status, made.text
        place = made.headers["Location"].removeprefix("https://contracts.example.org")
        assert name == (await running.admin.get(place)).json["name"]
        assert 204 == (await running.admin.delete(place)).status

    async def test_a_patch_keeps_what_it_does_not_name_and_takes_away_what_is_null(
        self, running: Running
    ) -> None:
        """PATCH is a merge; only an explicit null clears (open point 5)."""
        await running.admin.post(
            "/pacticipants", {"name": "Foo", "displayName": "Foo!", "mainBranch": "main"}
        )
        patched = await running.admin.patch("/pacticipants/Foo", {"displayName": None})

        assert 200 == patched.status
        assert "displayName" not in patched.json
        assert "main" == patched.json["mainBranch"]

    async def test_a_put_replaces_and_never_makes(self, running: Running) -> None:
        """PUT is the whole application; for one that is missing it is 404, for a part of one 415."""
        await running.admin.post("/pacticipants", {"name": "Foo", "mainBranch": "main"})
        part = {"Content-Type": "application/merge-patch+json"}

        replaced = await running.admin.put("/pacticipants/Foo", {"displayName": "Shown"})
        missing = await running.admin.put("/pacticipants/Qux", {"displayName": "Shown"})
        merged = await running.admin.put("/pacticipants/Foo", {"displayName": "x"}, headers=part)

        assert (200, "Shown") == (replaced.status, replaced.json["displayName"])
        assert "mainBranch" not in replaced.json
        assert (404, {"error": "No pacticipant with name 'Qux' found"}) == (missing.status, missing.json)
        assert 415 == merged.status

    async def test_a_patch_to_a_missing_application_makes_it(self, running: Running) -> None:
        """Clients register an application by patching it: 201."""
        made = await running.admin.patch("/pacticipants/Foo", {"mainBranch": "main"})

        assert (201, "Foo") == (made.status, made.json["name"])

    async def test_a_name_that_was_escaped_twice_is_found(self, running: Running) -> None:
        """Terraform's provider escapes path segments twice (section 5.1); an exact name still comes first."""
        await running.admin.post("/pacticipants", {"name": "foo bar"})
        before = await running.admin.get("/pacticipants/foo%2520bar")
        await running.admin.post("/pacticipants", {"name": "foo%20bar"})
        after = await running.admin.get("/pacticipants/foo%2520bar")

        assert "foo bar" == before.json["name"]
        assert "foo%20bar" == after.json["name"]

    async def test_a_name_that_needs_no_escaping_is_never_decoded_twice(self, running: Running) -> None:
        """A write to `%41`, which is not here, is no write to `A`; what must be escaped is found decoded."""
        for made in ("A", "a/b ü"):
            await running.admin.post("/pacticipants", {"name": made})
        odd = [
            await running.admin.delete(f"/pacticipants/{one}") for one in ("%2541", "a%2Fb%2520%25C3%25BC")
        ]
        patched = await running.admin.patch("/pacticipants/%2541", {"mainBranch": "x"})
        deleted = await running.admin.delete("/pacticipants/a%252Fb%2520%25C3%25BC")

        assert [404, 404] == [one.status for one in odd]
        assert (201, "%41") == (patched.status, patched.json["name"])
        assert 200 == (await running.admin.get("/pacticipants/A")).status
        assert 204 == deleted.status

    async def test_patches_at_once_make_an_application_once_and_change_it(self, running: Running) -> None:
        """Whoever is not the first to make it changes it; nobody hears that the name is taken."""
        answers = await asyncio.gather(
            *(running.admin.patch("/pacticipants/Foo", {"mainBranch": str(one)}) for one in range(16))
        )

        assert [200] * 15 + [201] == sorted(one.status for one in answers)

    async def test_a_name_is_taken_once(self, running: Running) -> None:
        """Two applications cannot have one name: 409, and nothing is recorded."""
        await running.admin.post("/pacticipants", {"name": "Foo"})
        before = running.position
        again = await running.admin.post("/pacticipants", {"name": "Foo"})

        assert 409 == again.status
        assert before == running.position

    async def test_a_list_is_cut_into_pages(self, running: Running) -> None:
        """`page` and `size` cut the list by name, and the counts are those of the whole."""
        for name in ("Foo", "Bar", "baz"):
            await running.admin.post("/pacticipants", {"name": name})
        answer = await running.admin.get("/pacticipants?page=2&size=2")

        assert ["Foo"] == names(answer)
        assert {"number": 2, "size": 2, "totalElements": 3, "totalPages": 2} == answer.json["page"]

    async def test_an_application_is_shown_as_it_was(self, running: Running) -> None:
        """`as_of` shows any moment of an application, also of one that was renamed and deleted since."""
        made = await running.admin.post("/pacticipants", {"name": "Foo", "mainBranch": "main"})
        await running.admin.patch("/pacticipants/Foo", {"mainBranch": "trunk"})
        deleted = await running.admin.delete("/pacticipants/Foo")
        then = await running.admin.get(f"/pacticipants/Foo?as_of={made.position}")
        now = await running.admin.get("/pacticipants/Foo")

        assert 204 == deleted.status
        assert (200, "main") == (then.status, then.json["mainBranch"])
        assert str(made.position) == then.headers["Muniment-Position"]
        assert 404 == now.status

    async def test_a_list_holds_what_the_caller_may_read(self, running: Running) -> None:
        """With `own` alone somebody sees the applications they made, and is refused the others."""
        role = await running.role("Owner", "contract_data:manage:own")
        sally = await running.person("Sally", roles=[role], teams=[])
        await running.admin.post("/pacticipants", {"name": "Foo"})
        await sally.post("/pacticipants", {"name": "Mine"})

        assert ["Mine"] == names(await sally.get("/pacticipants"))
        assert 403 == (await sally.get("/pacticipants/Foo")).status

    async def test_a_write_on_an_old_version_is_refused(self, running: Running) -> None:
        """If-Match names the version that was seen; 412 where somebody else was faster."""
        await running.admin.post("/pacticipants", {"name": "Foo"})
        seen = (await running.admin.get("/pacticipants/Foo")).headers["ETag"]
        first = await running.admin.patch(
            "/pacticipants/Foo", {"mainBranch": "a"}, headers={"If-Match": seen}
        )
        second = await running.admin.patch(
            "/pacticipants/Foo", {"mainBranch": "b"}, headers={"If-Match": seen}
        )

        assert (200, 412) == (first.status, second.status)


class TestContracts:
    async def test_a_contract_is_returned_as_it_was_published(self, running: Running) -> None:
        """The body goes through the vault and comes back; both applications were made for it."""
        made = await published(running.admin, interactions=[{"description": "Prüfung"}])
        again = await published(running.admin, interactions=[{"description": "Prüfung"}])
        read = await running.admin.get(f"{FOO_BAR}/version/1")

        assert (201, 200) == (made.status, again.status)
        assert made.position == again.position
        assert [{"description": "Prüfung"}] == read.json["interactions"]
        assert f"https://contracts.example.org{FOO_BAR}/version/1" == read.json["_links"]["self"]["href"]
        assert ["Bar", "Foo"] == names(await running.admin.get("/pacticipants"))

    async def test_the_latest_contract_is_of_the_newest_version(self, running: Running) -> None:
        """Newest is the version that was published last for the first time, as a Pact Broker orders versions."""
        await published(running.admin, "1")
        await published(running.admin, "2")
        again = await running.admin.patch(
            f"{FOO_BAR}/version/1", {"interactions": [{"description": "again"}]}
        )
        assert 200 == again.status
        latest = await running.admin.get(f"{FOO_BAR}/latest")

        assert latest.json["_links"]["self"]["href"].endswith("/version/2")

    @pytest.mark.parametrize("body", [b"", b"null", b'{"a":1e999}', b"[]", b'"pact"'])
    async def test_what_could_not_be_shown_again_is_not_published(
        self, running: Running, body: bytes
    ) -> None:
        """A contract is a JSON object with numbers that fit; anything else is 400, and nothing is recorded."""
        position = running.position
        one = await running.admin.ask(
            "PUT", f"{FOO_BAR}/version/1", body=body, headers={"Content-Type": "application/json"}
        )
        several = publication("Foo", "1", "Bar", "Baz")
        several["contracts"][1]["content"] = base64.b64encode(body).decode()
        both = await running.admin.post("/contracts/publish", several)

        assert (400, 400) == (one.status, both.status), (one.text, both.text)
        assert position == running.position

    async def test_a_contract_that_names_another_pair_is_refused(self, running: Running) -> None:
        """The names in the contract and those in the path are the same, or nothing is recorded."""
        before = running.position
        answer = await published(running.admin, consumer={"name": "Other"})

        assert (400, before) == (answer.status, running.position)
        assert ["consumer.name"] == list(answer.json["errors"])

    async def test_one_deletion_takes_one_contract(self, running: Running) -> None:
        """A single deletion is 200, needs no bulk permission, and leaves the other versions."""
        role = await running.role("Manager", "contract_data:manage:*")
        sally = await running.person("Sally", roles=[role], teams=[])
        await published(running.admin, "1")
        await published(running.admin, "2")
        deleted = await sally.delete(f"{FOO_BAR}/version/2")

        assert 200 == deleted.status
        assert 404 == (await sally.get(f"{FOO_BAR}/version/2")).status
        assert (await sally.get(f"{FOO_BAR}/latest")).json["_links"]["self"]["href"].endswith("/version/1")

    async def test_one_idempotency_key_covers_all_contracts_of_a_request(self, running: Running) -> None:
        """The key is the request's: repeating it repeats nothing, and each contract was published once."""
        body = publication("Foo", "1", "Bar", "Baz")
        key = {"Idempotency-Key": "build-1"}
        first = await running.admin.post("/contracts/publish", body, headers=key)
        position = running.position
        second = await running.admin.post("/contracts/publish", body, headers=key)

        assert (first.json["notices"], position) == (second.json["notices"], running.position)
        assert 2 == len((await running.admin.get("/integrations")).json["_embedded"]["integrations"])

    async def test_a_fault_anywhere_in_the_request_records_nothing(self, running: Running) -> None:
        """The whole request is read first: one content that is no JSON stops all of it, and says which."""
        body = publication("Foo", "1", "Bar", "Baz")
        body["contracts"][1]["content"] = base64.b64encode(b"{").decode()
        before = running.position
        answer = await running.admin.post("/contracts/publish", body)

        assert (400, before) == (answer.status, running.position)
        assert ["contracts.1.content"] == list(answer.json["errors"])

    async def test_a_denial_of_one_contract_publishes_none(self, running: Running) -> None:
        """Every permission is looked at first; the one attempt that was denied is recorded, and nothing else."""
        role = await running.role("Team's", "contract_data:manage:team")
        await running.admin.post("/pacticipants", {"name": "Foo"})
        await running.admin.post("/pacticipants", {"name": "Bar"})
        team = await running.team("A", pacticipantNames=["Foo"])
        sally = await running.person("Sally", roles=[role], teams=[team])
        position = running.position
        denied = await sally.post("/contracts/publish", publication("Foo", "1", "Bar", "New"))
        contracts = await running.admin.get(f"{FOO_BAR}/version/1")
        permitted = await sally.post("/contracts/publish", publication("Foo", "1", "Bar"))

        assert (403, 404, 200) == (denied.status, contracts.status, permitted.status)
        assert denied.text.endswith("Missing: contract_data:manage on New.")
        assert position + 2 == permitted.position  # the attempt, and the one contract

    @pytest.mark.parametrize(
        "change",
        [
            {"contracts": []},
            {"pacticipantVersionNumber": "x" * 300},
            {"branch": "x" * 300},
            {
                "contracts": [
                    *publication("Foo", "1", "Bar")["contracts"],
                    *publication("Foo", "1", "")["contracts"],
                ]
            },
        ],
    )
    async def test_a_request_that_makes_no_sense_publishes_none(
        self, running: Running, change: dict[str, object]
    ) -> None:
        """No contracts at all, a bad version, branch or name: 400, and nothing is recorded."""
        position = running.position
        answer = await running.admin.post("/contracts/publish", {**publication("Foo", "1", "Bar"), **change})

        assert (400, position) == (answer.status, running.position)

    async def test_what_is_missing_is_said_and_the_attempt_is_recorded(self, running: Running) -> None:
        """Sally publishes for Baz, which is not hers: the sentence of seed 002, and a denied attempt (seed 002)."""
        team = await running.team("A")
        sally = await running.person("Sally", roles=[USER], teams=[team])
        await running.admin.post("/pacticipants", {"name": "Baz"})
        await running.admin.delete("/admin/teams/4ac05ed8-9e3b-4159-96c0-ad19e3b93658")
        refused = await sally.put("/pacts/provider/Qux/consumer/Baz/version/1", {})
        event = (await running.admin.get("/audit?outcome=denied")).json["events"][-1]

        assert 403 == refused.status
        assert refused.text.endswith("required permissions. Missing: contract_data:manage on Baz.")
        assert ("attempt.denied", "Sally", "contract_data:manage on Baz") == (
            event["kind"],
            event["userName"],
            event["missing"],
        )
        assert (
            "Sally tried to publish a contract and was refused: contract_data:manage on Baz was missing."
            == event["sentence"]
        )


class TestIntegrations:
    async def test_an_integration_ends_with_its_contracts_and_what_stood_alone(
        self, running: Running
    ) -> None:
        """The contracts go, the applications that nothing else refers to go, and the others stay (section 3.6)."""
        await running.admin.post("/contracts/publish", publication("Foo", "1", "Bar"))
        await running.admin.post("/contracts/publish", publication("Baz", "1", "Bar"))
        deleted = await running.admin.delete("/integrations/provider/Bar/consumer/Foo")

        assert 204 == deleted.status
        assert ["Bar", "Baz"] == names(await running.admin.get("/pacticipants"))
        assert 404 == (await running.admin.get(f"{FOO_BAR}/version/1")).status

    async def test_deleting_the_contracts_leaves_the_applications(self, running: Running) -> None:
        """DELETE …/versions takes every contract of the pair and nothing else."""
        await published(running.admin, "1")
        await published(running.admin, "2")
        deleted = await running.admin.delete(f"{FOO_BAR}/versions")

        assert 204 == deleted.status
        assert [] == (await running.admin.get("/integrations")).json["_embedded"]["integrations"]
        assert ["Bar", "Foo"] == names(await running.admin.get("/pacticipants"))

    async def test_only_who_may_delete_finds_the_way_to(self, running: Running) -> None:
        """Links depend on permissions: a missing one means «not permitted», and the deletion is refused."""
        reader = await running.person(
            "Reader", roles=[await running.role("R", "contract_data:read:*")], teams=[]
        )
        await published(running.admin)
        mine = (await running.admin.get("/integrations")).json["_embedded"]["integrations"][0]
        theirs = (await reader.get("/integrations")).json["_embedded"]["integrations"][0]
        refused = await reader.delete("/integrations/provider/Bar/consumer/Foo")

        assert "pb:delete_integration" in mine["_links"]
        assert "pb:delete_integration" not in theirs["_links"]
        assert 403 == refused.status
        assert "Missing: contract_data:bulk_delete on Foo/Bar." in refused.text

    async def test_a_team_has_the_integrations_of_its_applications(self, running: Running) -> None:
        """On either side: a team sees what depends on it and what it depends on."""
        await running.admin.post("/contracts/publish", publication("Foo", "1", "Bar"))
        await running.admin.post("/contracts/publish", publication("Qux", "1", "Baz"))
        team = await running.team("A", pacticipantNames=["Bar"])
        answer = await running.admin.get(f"/integrations/team/{team}")

        assert [("Foo", "Bar")] == [
            (one["consumer"]["name"], one["provider"]["name"])
            for one in answer.json["_embedded"]["integrations"]
        ]

    async def test_the_widest_deletion_leaves_no_integration(self, running: Running) -> None:
        """DELETE /integrations removes all there is, and the past still shows them."""
        await running.admin.post("/contracts/publish", publication("Foo", "1", "Bar", "Baz"))
        before = running.position
        deleted = await running.admin.delete("/integrations")
        now = (await running.admin.get("/integrations")).json["_embedded"]["integrations"]
        then = (await running.admin.get(f"/integrations?as_of={before}")).json["_embedded"]["integrations"]

        assert (204, 0, 2) == (deleted.status, len(now), len(then))


class TestEnvironments:
    async def test_an_environment_is_made_changed_shown_and_deleted(self, running: Running) -> None:
        """The whole life of an environment, as Terraform's provider leads it."""
        team = await running.team("Simpsons")
        body = {"name": "prod", "production": True, "teamUuids": [team]}
        made = await running.admin.post("/environments", body)
        place = made.headers["Location"]
        changed = await running.admin.put(
            place, {**body, "name": "live", "displayName": "Live", "teamUuids": []}
        )
        then = await running.admin.get(f"{place}?as_of={made.position}")
        deleted = await running.admin.delete(place)

        assert (201, "prod", "prod", [team]) == (
            made.status,
            made.json["name"],
            made.json["displayName"],
            [one["uuid"] for one in made.json["_embedded"]["teams"]],
        )
        assert ("live", "Live", []) == (
            changed.json["name"],
            changed.json["displayName"],
            changed.json["teamUuids"],
        )
        assert ("prod", [team]) == (then.json["name"], then.json["teamUuids"])
        assert (204, 404) == (deleted.status, (await running.admin.get(place)).status)

    async def test_a_member_sees_the_environments_of_the_team(self, running: Running) -> None:
        """`environment:read:team` reaches what is attached to one's teams, and the list holds just that."""
        team = await running.team("A")
        sally = await running.person("Sally", roles=[USER], teams=[team])
        await running.admin.post("/environments", {"name": "test", "production": False, "teamUuids": [team]})
        other = await running.admin.post("/environments", {"name": "prod", "production": True})

        assert ["test"] == names(await sally.get("/environments"), "environments")
        assert 403 == (await sally.get(other.headers["Location"])).status

    async def test_contacts_are_kept_until_they_are_taken_away(self, running: Running) -> None:
        """Section 4.4: as clients of a broker send them; who changes an environment without naming any keeps them."""
        ann = {"name": "Ann", "details": {"emailAddress": "ann@example.org"}}
        body = {"name": "test", "production": False}
        made = await running.admin.post("/environments", {**body, "contacts": [ann]})
        place = made.headers["Location"]
        kept = await running.admin.put(place, {**body, "name": "live"})
        taken = await running.admin.put(place, {**body, "contacts": []})
        then = await running.admin.get(f"{place}?as_of={made.position}")
        told = await running.admin.get("/audit?kind=environment.contacts_changed")

        assert [[ann]] * 3 == [one.json["contacts"] for one in (made, kept, then)]
        assert "contacts" not in taken.json
        assert [("contacts", [ann], None)] == [
            (one["field"], one["before"], one.get("after")) for one in told.json["events"][-1]["changes"]
        ]
        async with running.app.reader.connection() as connection:
            assert not await connection.fetchval("select count(*) from log where entry like '%ann@example%'")

    async def test_the_list_links_to_each_by_name(self, running: Running) -> None:
        """Clients of a broker look an environment up among the links `pb:environments`."""
        made = await running.admin.post("/environments", {"name": "test", "production": False})
        listed = await running.admin.get("/environments")
        assert [("test", made.headers["Location"])] == [
            (one["name"], one["href"]) for one in listed.json["_links"]["pb:environments"]
        ]

    async def test_an_administrator_sees_the_environments_of_the_team(self, running: Running) -> None:
        """Administering a team shows its environments without a scope for them, and no others."""
        sally = await running.person(
            "Sally", roles=[await running.role("None", "token:manage:own")], teams=[]
        )
        before = await sally.get("/environments")
        body = {"name": "theirs", "production": False}
        theirs = (await running.admin.post("/environments", body)).json["uuid"]
        other = (await running.admin.post("/environments", {**body, "name": "other"})).json["uuid"]
        await running.team("A", administratorUuids=[sally.id], environmentUuids=[theirs])
        listed = await sally.get("/environments")

        assert (403, 200) == (before.status, listed.status)
        assert [theirs] == [one["uuid"] for one in listed.json["_embedded"]["environments"]]
        assert 200 == (await sally.get(f"/environments/{theirs}")).status
        assert 403 == (await sally.get(f"/environments/{other}")).status

    async def test_a_missing_or_bad_field_is_named(self, running: Running) -> None:
        """400 points at the field, and nothing is recorded."""
        before = running.position
        missing = await running.admin.post("/environments", {"name": "prod"})
        spaced = await running.admin.post("/environments", {"name": "my prod", "production": True})

        assert (["production"], ["name"]) == (list(missing.json["errors"]), list(spaced.json["errors"]))
        assert (400, 400, before) == (missing.status, spaced.status, running.position)
