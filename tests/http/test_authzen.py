"""AuthZEN 1.0 over HTTP: decisions, errors, moments, and explanations for those who may have them."""

from typing import Any

import pytest

from service.catalogue.compiled import DECISION_CLIENT, DEFAULT_TEAM
from tests.service import Answer, Client, Running

EVALUATION = "/access/v1/evaluation"
TEST_MAINTAINER = "Test Maintainer"


def question(subject: str, action: str, type_: str, id_: str, /, **properties: object) -> dict[str, Any]:
    """The body of one evaluation."""
    resource: dict[str, Any] = {"type": type_, "id": id_}
    if properties:
        resource["properties"] = properties
    return {"subject": {"type": "user", "id": subject}, "action": {"name": action}, "resource": resource}


async def decided(client: Client, *asked: str, **properties: object) -> bool:
    """One decision; the answer must be one."""
    answer = await client.post(EVALUATION, question(*asked, **properties))
    assert 200 == answer.status, answer.text
    return bool(answer.json["decision"])


async def seed_002(running: Running, *, keep_default_team: bool = False) -> dict[str, Client]:
    """Team A owns Foo and Bar and has Sally, team B owns Bar and Baz and has Billy, Kevin administers."""
    for name in ("Foo", "Bar", "Baz"):
        await running.admin.post("/pacticipants", {"name": name})
    team_a = await running.team("A", pacticipantNames=["Foo", "Bar"])
    team_b = await running.team("B", pacticipantNames=["Bar", "Baz"])
    roles = (await running.admin.get("/admin/roles")).json["_embedded"]["roles"]
    maintainer = next(role["uuid"] for role in roles if role["name"] == TEST_MAINTAINER)
    default = [DEFAULT_TEAM] if keep_default_team else []
    people = {
        "sally": await running.person("Sally", roles=[maintainer], teams=[team_a, *default]),
        "billy": await running.person("Billy", roles=[maintainer], teams=[team_b, *default]),
    }
    if not keep_default_team:
        assert 204 == (await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    return people


async def manages(running: Running, subject: str) -> set[str]:
    """Which of the three applications somebody may manage."""
    return {
        name
        for name in ("Foo", "Bar", "Baz")
        if await decided(running.admin, subject, "contract_data:manage", "application", name)
    }


class TestDecisions:
    async def test_the_story_of_seed_002(self, running: Running) -> None:
        """Sally: Foo and Bar. Billy: Bar and Baz. The administrator: all three."""
        people = await seed_002(running)

        assert {"Foo", "Bar"} == await manages(running, "sally@example.org")
        assert {"Bar", "Baz"} == await manages(running, people["billy"].id)
        assert {"Foo", "Bar", "Baz"} == await manages(running, "admin@example.org")

    async def test_with_the_default_team_everybody_manages_everything(self, running: Running) -> None:
        """Whoever keeps the Default team shares every application through it, and `why` names it (seed 002)."""
        await seed_002(running, keep_default_team=True)
        answer = await running.admin.get(
            "/access/v1/why?subject=user:Sally&action=contract_data:manage&resource=application:Baz"
        )

        assert answer.json["decision"]
        assert "Default" == answer.json["grants"][0]["team"]["name"]
        assert "Default" in answer.json["sentences"][0]

    async def test_an_integration_and_a_contract_are_decided_by_their_consumer(
        self, running: Running
    ) -> None:
        """Whose contract it is decides; the provider's teams do not matter (section 3.4)."""
        await seed_002(running)
        await running.admin.put("/pacts/provider/Baz/consumer/Foo/version/1", {})

        assert await decided(
            running.admin, "sally@example.org", "contract_data:manage", "integration", "Foo/Baz"
        )
        assert await decided(
            running.admin, "sally@example.org", "contract_data:manage", "contract", "Foo/Baz/1"
        )
        assert not await decided(
            running.admin, "billy@example.org", "contract_data:manage", "integration", "Foo/Baz"
        )

    @pytest.mark.parametrize(
        "asked",
        [
            ("nobody@example.org", "contract_data:manage", "application", "Foo"),
            ("admin@example.org", "contract_data:manage", "application", "Nope"),
            ("admin@example.org", "contract_data:devour", "application", "Foo"),
            ("admin@example.org", "contract_data:manage", "sandwich", "Foo"),
            ("00000000-0000-4000-8000-000000000000", "contract_data:manage", "application", "Foo"),
            ("", "contract_data:manage", "application", ""),
        ],
    )
    async def test_what_is_unknown_is_denied(self, running: Running, asked: tuple[str, ...]) -> None:
        """An unknown subject, action or thing is a no, never an error: a typo must not open a door."""
        await running.admin.post("/pacticipants", {"name": "Foo"})

        assert not await decided(running.admin, *asked)

    async def test_an_unknown_type_of_subject_is_nobody(self, running: Running) -> None:
        """A `robot` with an administrator's id is no administrator."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        body["subject"]["type"] = "robot"

        assert {"decision": False} == {
            "decision": (await running.admin.post(EVALUATION, body)).json["decision"]
        }

    async def test_what_is_not_there_yet_is_decided_by_the_questions_properties(
        self, running: Running
    ) -> None:
        """Seed 000: secret:manage:team on an account in one team gives just that, for that one team."""
        role = await running.role("Rotator", "secret:manage:team")
        team, other = await running.team("A"), await running.team("B")
        account = await running.system_account("rotator", roles=[role], teams=[team])

        assert await decided(running.admin, account.id, "secret:manage", "secret", "s1", team=team)
        assert await decided(running.admin, account.id, "secret:read", "secret", "s1", team="A")
        assert not await decided(running.admin, account.id, "secret:manage", "secret", "s1", team=other)
        assert not await decided(running.admin, account.id, "secret:manage", "secret", "s1")

    async def test_a_secret_that_is_held_here_is_decided_by_whose_it_is(self, running: Running) -> None:
        """Seed 003: a team's secret is its team's, whatever the question says; one of no team is no team's."""
        role = await running.role("Rotator", "secret:manage:team")
        team, other = await running.team("A"), await running.team("B")
        account = await running.system_account("rotator", roles=[role], teams=[team])
        held = {}
        for name, owner in (("ours", team), ("theirs", other), ("nobodys", None)):
            body = {"name": name, "value": "x", "teamUuid": owner}
            made = await running.admin.post("/secrets", body)
            held[name] = made.json["uuid"]

        for name, may in (("ours", True), ("theirs", False), ("nobodys", False)):
            for asked in (name, held[name]):
                question_of = (account.id, "secret:manage", "secret", asked)
                assert may is await decided(running.admin, *question_of)
                assert may is await decided(running.admin, *question_of, team="A")
                assert may is await decided(running.admin, *question_of, team="B")
        who = await running.admin.get("/access/v1/who?action=secret:manage&resource=secret:A/ours")
        assert {account.id} < {one["id"] for one in who.json["principals"]}
        moved = await running.admin.put(f"/secrets/{held['theirs']}", {"teamUuid": team})
        assert 200 == moved.status, moved.text
        assert await decided(running.admin, account.id, "secret:manage", "secret", "theirs")
        then = question(account.id, "secret:manage", "secret", held["theirs"])
        before = {**then, "context": {"as_of": moved.position - 1}}
        assert not (await running.admin.post(EVALUATION, before)).json["decision"]
        assert not await decided(running.admin, account.id, "webhook:manage", "webhook", "w1", team=team)

    async def test_what_is_held_here_wins_over_the_question_and_the_conflict_is_told(
        self, running: Running
    ) -> None:
        """A caller cannot put Baz under Sally's team by saying so; it is told that it is not so."""
        await seed_002(running)
        body = question("sally@example.org", "contract_data:manage", "application", "Baz", team="A")
        answer = await running.admin.post(EVALUATION, body)

        assert not answer.json["decision"]
        assert 1 == len(answer.json["context"]["conflicts"])
        assert "Baz" in answer.json["context"]["conflicts"][0]

    async def test_a_disabled_principal_may_nothing(self, running: Running) -> None:
        """Disabling ends every permission at once, and no grant of it is left to see."""
        people = await seed_002(running)
        await running.admin.put(f"/admin/users/{people['sally'].id}", {"active": False})

        assert set() == await manages(running, people["sally"].id)


class TestMoments:
    async def test_the_past_is_asked_by_position_time_or_event(self, running: Running) -> None:
        """Each way of naming a moment gives the answer of that moment, by names as they were."""
        people = await seed_002(running)
        before = (await running.admin.get("/audit?sort=-timestamp&pageSize=1")).json["events"][0]
        await running.admin.delete("/pacticipants/Foo")
        body = question(people["sally"].id, "contract_data:manage", "application", "Foo")
        answers = [
            await running.admin.post(f"{EVALUATION}?as_of={before['position']}", body),
            await running.admin.post(EVALUATION, {**body, "context": {"as_of": before["position"]}}),
            await running.admin.post(EVALUATION, {**body, "context": {"as_of": before["timestamp"]}}),
            await running.admin.post(EVALUATION, {**body, "context": {"as_of": before["uuid"]}}),
        ]

        assert [True] * 4 == [one.json["decision"] for one in answers]
        assert [before["position"]] * 4 == [one.position for one in answers]
        assert not (await running.admin.post(EVALUATION, body)).json["decision"]

    @pytest.mark.parametrize(
        ("as_of", "status"), [("2999-01-01T00:00:00Z", 400), ("999999", 400), ("yesterday", 400)]
    )
    async def test_the_future_and_no_moment_at_all_are_errors(
        self, running: Running, as_of: str, status: int
    ) -> None:
        """What has not happened cannot be answered."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        answer = await running.admin.post(EVALUATION, {**body, "context": {"as_of": as_of}})

        assert status == answer.status

    async def test_two_different_moments_are_an_error(self, running: Running) -> None:
        """A question is about one moment; which of two was meant is not guessed."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        answer = await running.admin.post(f"{EVALUATION}?as_of=3", {**body, "context": {"as_of": 4}})

        assert 400 == answer.status

    async def test_at_least_waits_for_what_was_written(self, running: Running) -> None:
        """A position that is reached is answered at once, at that position or later."""
        await running.team("A")
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        answer = await running.admin.post(f"{EVALUATION}?at_least={running.position}", body)

        assert (200, True) == (answer.status, answer.position >= running.position)


class TestTheWire:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"[]", b"null", b"[1]",
            b'{"subject":"x","action":{"name":"a"},"resource":{"type":"t","id":"i"}}',
            b'{"subject":{"type":"user","id":"x"},"action":{"name":1},"resource":{"type":"t","id":"i"}}',
            b'{"action":{"name":"a"},"resource":{"type":"t","id":"i"}}',
            b'{"subject":{"type":"user","id":"x"},"action":{"name":"a"},"resource":{"type":"t"}}',
            b'{"subject":{"type":"user","id":"x"},"action":{"name":"a"},"resource":{"type":"t","id":"i"},"context":[]}',
            b'{"subject":{"type":"user","id":"x\\u0000"},"action":{"name":"a"},"resource":{"type":"t","id":"i"}}',
        ],
    )  # fmt: skip
    async def test_a_question_that_cannot_be_read_is_400(self, running: Running, body: bytes) -> None:
        """Malformed, missing and wrongly typed parts are errors of the asker, never a decision."""
        assert 400 == (await running.admin.ask("POST", EVALUATION, body=body)).status

    @pytest.mark.parametrize(
        ("type_", "status"), [("text/plain", 400), ("application/json; charset=utf-8", 200)]
    )
    async def test_the_content_type_must_say_json(self, running: Running, type_: str, status: int) -> None:
        """The certification's scenario: another type is 400, a charset is no fault."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        answer = await running.admin.post(EVALUATION, body, headers={"Content-Type": type_})

        assert status == answer.status

    async def test_unknown_members_are_ignored(self, running: Running) -> None:
        """Whatever else a caller sends changes nothing (AuthZEN 1.0)."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        body["subject"]["properties"] = {"department": "sales"}
        answer = await running.admin.post(EVALUATION, {**body, "novelty": 1})

        assert answer.json["decision"]

    async def test_the_request_id_comes_back(self, running: Running) -> None:
        """A PEP finds its own X-Request-ID in the answer."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        answer = await running.admin.post(EVALUATION, body, headers={"X-Request-ID": "bfe9eb29-ab87-4ca3"})

        assert ("bfe9eb29-ab87-4ca3", "application/json") == (
            answer.headers["X-Request-ID"],
            answer.headers["Content-Type"],
        )

    async def test_asking_takes_the_permission_and_nothing_is_recorded(self, running: Running) -> None:
        """access:evaluate, with a read-only token too; without it 403, without a token 401."""
        client = await running.system_account("gateway", roles=[DECISION_CLIENT])
        sally = await running.person("Sally")
        position = running.position
        body = question("admin@example.org", "role:manage", "role", "Administrator")

        assert 200 == (await client.read_only().post(EVALUATION, body)).status
        assert 403 == (await sally.post(EVALUATION, body)).status
        assert 401 == (await running.nobody.post(EVALUATION, body)).status
        assert position == running.position

    @pytest.mark.parametrize("path", [EVALUATION, "/access/v1/explanation"])
    async def test_a_parameter_that_is_not_known_is_refused(self, running: Running, path: str) -> None:
        """A moment that was misspelt must not be answered with now's decision."""
        body = question("admin@example.org", "role:manage", "role", "Administrator")
        answer = await running.admin.post(f"{path}?asof=3", body)

        assert 400 == answer.status
        assert "There is no parameter `asof` here; did you mean `as_of`?" in answer.text

    async def test_a_member_that_stands_twice_is_refused(self, running: Running) -> None:
        """The gateway and this service could each read another subject (I-JSON, RFC 7493)."""
        body = b'{"subject":{"type":"user","id":"x","id":"y"},"action":{"name":"a"},"resource":{"type":"t","id":"i"}}'
        answer = await running.admin.ask("POST", EVALUATION, body=body)

        assert 400 == answer.status
        assert "subject.id: The body holds an object in which 'id' stands twice." == answer.text


class TestExplanations:
    async def test_why_is_for_those_who_may_know(self, running: Running) -> None:
        """A decision client learns the decision; who holds access:explain learns the reason."""
        people = await seed_002(running)
        client = await running.system_account("gateway", roles=[DECISION_CLIENT])
        body = question(people["sally"].id, "contract_data:manage", "application", "Baz")
        plain, full = await client.post(EVALUATION, body), await running.admin.post(EVALUATION, body)

        assert {"decision": False} == plain.json
        assert "Sally may not" in full.json["context"]["reason_admin"]["en"]
        assert 403 == (await client.post("/access/v1/explanation", body)).status

    async def test_a_denial_names_what_was_near(self, running: Running) -> None:
        """The near misses say which grants there are, and why they do not reach."""
        people = await seed_002(running)
        body = question(people["sally"].id, "contract_data:manage", "application", "Baz")
        answer = await running.admin.post("/access/v1/explanation", body)

        assert ("contract_data:manage on Baz", []) == (answer.json["missing"], answer.json["grants"])
        assert {
            ("Test Maintainer", "contract_data:manage:team"),
            ("Test Maintainer", "contract_data:manage:own"),
        } == {(one["role"]["name"], one["scope"]) for one in answer.json["nearMisses"]}

    async def test_who_could_have_is_a_question_about_the_past(self, running: Running) -> None:
        """After the permission left the role, the moment before still names everybody who could."""
        role = await running.role("Cleaner", "contract_data:bulk_delete:*")
        await running.person("Matt", roles=[role])
        await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
        before = running.position
        await running.admin.put(f"/admin/roles/{role}", {"name": "Cleaner", "permissions": []})
        query = "/access/v1/who?action=contract_data:bulk_delete&resource=integration:Foo/Bar"

        def named(answer: Answer) -> set[str]:
            return {one["name"] for one in answer.json["principals"]}

        assert {"Administrator", "Matt"} == named(await running.admin.get(f"{query}&as_of={before}"))
        assert {"Administrator"} == named(await running.admin.get(query))


async def test_who_may_not_know_why_gets_the_same_decision(running: Running) -> None:
    """The short way to a decision and the long one with its reasons never differ."""
    evaluates = await running.role("Evaluates", "access:evaluate:*")
    pep = await running.system_account("Gateway", roles=[evaluates], teams=[])
    team = await running.team("Ones")
    sally = await running.person("Sally", teams=[team])
    await sally.post("/pacticipants", {"name": "Foo"})
    for subject in ("admin@example.org", sally.id, "nobody"):
        for action in ("contract_data:manage", "contract_data:read", "team:manage", "no:such"):
            for thing in ("Foo", "None"):
                question = {
                    "subject": {"type": "user", "id": subject},
                    "action": {"name": action},
                    "resource": {"type": "application", "id": thing, "properties": {"team": team}},
                }
                short = await pep.post("/access/v1/evaluation", question)
                long = await running.admin.post("/access/v1/evaluation", question)
                assert short.json["decision"] == long.json["decision"], question
                assert "reason_admin" not in short.json.get("context", {})
                assert short.json.get("context", {}).get("conflicts") == long.json["context"].get("conflicts")


async def test_why_no_ai_feature_is_allowed_is_told(running: Running) -> None:
    """Section 1.2, rule 7: a missing AI permission by name; with AI off none is missing, the preference says no."""
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    sally = await running.person("Sally")
    body = {"action": {"name": "ai:generation:code"}, "resource": {"type": "ai", "id": "*"}}

    async def explained(subject: str) -> Any:
        asked = {**body, "subject": {"type": "user", "id": subject}}
        return (await running.admin.post("/access/v1/explanation", asked)).json

    assert ["ai:generation:code"] == (await explained(nina.id))["missing_permissions"]
    allowed = await explained(sally.id)
    assert (True, False) == (allowed["decision"], "missing_permissions" in allowed)
    off = await running.admin.put("/preferences/system/aiEnabled", {"value": False})
    assert 200 == off.status
    refused = await explained(sally.id)
    assert (False, []) == (refused["decision"], refused["missing_permissions"])
    assert "aiEnabled" in refused["reason"]
    assert any("ai:*" in sentence for sentence in refused["sentences"])
    then = await running.admin.post(
        f"/access/v1/evaluation?as_of={off.position - 1}",
        {**body, "subject": {"type": "user", "id": sally.id}},
    )
    assert then.json["decision"] is True
