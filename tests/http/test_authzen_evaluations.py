"""AuthZEN 1.0's evaluations: defaults, the three semantics, single failures, one moment, and the same bytes again."""

import json
from typing import Any

from service.catalogue.compiled import DECISION_CLIENT
from service.http import authzen_batch
from tests.http.test_authzen import EVALUATION, question, seed_002
from tests.service import Answer, Client, Running

EVALUATIONS = "/access/v1/evaluations"
YES, NO = {"decision": True}, {"decision": False}
ROLE = {"type": "role", "id": "Administrator"}
MANAGE = {"name": "role:manage"}
ADMIN = {"type": "user", "id": "admin@example.org"}
NOBODY = {"type": "user", "id": "nobody@example.org"}


async def gateway(running: Running) -> Client:
    """Somebody who may ask and may not know why."""
    return await running.system_account("gateway", roles=[DECISION_CLIENT])


async def asked(client: Client, body: object, **more: Any) -> list[Any]:
    """The answers to several questions; there must be some."""
    answer = await client.post(EVALUATIONS, body, **more)
    assert 200 == answer.status, answer.text
    assert ["evaluations"] == list(answer.json)
    return list(answer.json["evaluations"])


class TestDefaults:
    async def test_what_a_question_leaves_out_is_the_calls(self, running: Running) -> None:
        """Top-level subject, action, resource and context are defaults; answers keep the order asked (evaluations)."""
        client = await gateway(running)
        body = {
            "subject": ADMIN,
            "action": MANAGE,
            "resource": ROLE,
            "evaluations": [{}, {"subject": NOBODY}, {"action": {"name": "role:read"}}, {"subject": None}],
        }

        assert [YES, NO, YES, YES] == await asked(client, body)

    async def test_a_question_overrides_whole_entities(self, running: Running) -> None:
        """No deep merge (evaluations): what an item says of an entity replaces all that the default said."""
        client = await gateway(running)
        team, role = await running.team("A"), await running.role("Rotator", "secret:manage:team")
        robot = await running.system_account("robot", roles=[role], teams=[team])
        resource = {"type": "secret", "id": "not-here", "properties": {"team": team}}
        body = {
            "subject": {"type": "user", "id": robot.id},
            "action": {"name": "secret:read"},
            "resource": resource,
            "evaluations": [
                {},
                {"resource": {"type": "secret", "id": "not-here"}},
                {"resource": {"id": "x"}},
            ],
        }
        answers = await asked(client, body)

        assert [True, False, False] == [one["decision"] for one in answers]
        assert (
            "evaluations.2.resource.type: The field 'type' is missing."
            == answers[2]["context"]["error"]["message"]
        )

    async def test_without_evaluations_it_is_one_question(self, running: Running) -> None:
        """`evaluations` absent or empty: the answer is the single one's, and has no such member (suite)."""
        client = await gateway(running)
        without: list[dict[str, object]] = [{}, {"evaluations": []}, {"evaluations": None}]
        for rest in without:
            body = {"subject": ADMIN, "action": MANAGE, "resource": ROLE, **rest}
            several, one = await client.post(EVALUATIONS, body), await client.post(EVALUATION, body)
            assert (200, b'{"decision":true}') == (several.status, several.octets)
            assert one.octets == several.octets

    async def test_one_question_without_a_subject_is_an_error_and_one_of_several_is_denied(
        self, running: Running
    ) -> None:
        """A batch item with no subject anywhere is 200 and false with the error; alone it is 400 (suite)."""
        client = await gateway(running)
        body = {"action": MANAGE, "evaluations": [{"resource": ROLE}]}
        error = {"status": 400, "message": "evaluations.0.subject: The field 'subject' is missing."}

        assert [{**NO, "context": {"error": error}}] == await asked(client, body)
        assert 400 == (await client.post(EVALUATIONS, {"action": MANAGE, "resource": ROLE})).status

    async def test_one_that_cannot_be_read_fails_alone(self, running: Running) -> None:
        """Per-item failures are 200 with that item denied and told why; the others are decided (evaluations)."""
        client = await gateway(running)
        unreadable: list[object] = [
            17, None, "x", [], {"subject": "x"}, {"subject": {"type": "user", "id": 17}}, {"action": {"name": []}},
            {"resource": {"type": "role"}}, {"resource": {"type": "role", "id": {}}}, {"context": "x"},
            {"subject": {"type": ["user"], "id": "x"}}, {"resource": {**ROLE, "properties": []}},
            {"resource": {**ROLE, "properties": {"team": 1}}}, {"subject": {**ADMIN, "id": "a\tb"}},
            {"action": {"name": "x" * 1_001}},
        ]  # fmt: skip
        shared = {"subject": ADMIN, "action": MANAGE, "resource": ROLE}
        for item in unreadable:
            answers = await asked(client, {**shared, "evaluations": [{}, item, {}]})
            assert [YES, YES] == [answers[0], answers[2]]
            error = answers[1]["context"]["error"]
            assert (False, 400) == (answers[1]["decision"], error["status"])
            assert error["message"].startswith("evaluations.1"), item
        answers = await asked(client, {**shared, "evaluations": unreadable})
        assert [False] * len(unreadable) == [one["decision"] for one in answers]


class TestSemantics:
    async def test_the_reply_ends_with_the_question_that_ends_it(self, running: Running) -> None:
        """execute_all answers all; the other two are truncated after the item that triggered them (evaluations)."""
        client = await gateway(running)
        yes: object = {}
        no, unreadable = {"subject": NOBODY}, {"subject": "unreadable"}
        deny = {"evaluations_semantic": "deny_on_first_deny"}
        permit = {"evaluations_semantic": "permit_on_first_permit"}
        for options, items, expected in (
            ({}, [yes, no, yes, no], [True, False, True, False]),
            (None, [yes, no, yes, no], [True, False, True, False]),
            ({"evaluations_semantic": None}, [yes, no, yes], [True, False, True]),
            ({"evaluations_semantic": "execute_all", "other": 1}, [no, yes, no], [False, True, False]),
            (deny, [yes, no, yes, no], [True, False]),
            (deny, [yes, yes], [True, True]),
            (deny, [yes, unreadable, yes], [True, False]),
            (permit, [no, unreadable, yes, no], [False, False, True]),
            (permit, [no, no], [False, False]),
            (permit, [yes, no, yes], [True]),
        ):
            body = {"subject": ADMIN, "action": MANAGE, "resource": ROLE, "options": options}
            answers = await asked(client, {**body, "evaluations": items})
            assert expected == [one["decision"] for one in answers], (options, items)

    async def test_a_long_call_ends_as_early_as_a_short_one(self, running: Running) -> None:
        """The item that ends it may stand anywhere among thousands."""
        client = await gateway(running)
        items: list[object] = [*[{}] * 1_234, {"subject": NOBODY}, *[{}] * 1_234]
        body = {"subject": ADMIN, "action": MANAGE, "resource": ROLE, "evaluations": items}
        options = {"options": {"evaluations_semantic": "deny_on_first_deny"}}

        assert [YES] * 1_234 + [NO] == await asked(client, {**body, **options})
        assert [YES] * 1_234 + [NO] + [YES] * 1_234 == await asked(client, body)


class TestErrors:
    async def test_what_all_of_them_share_must_be_readable(self, running: Running) -> None:
        """An unknown semantic and wrong types of what concerns the whole call are 400, with the place (suite)."""
        client = await gateway(running)
        changes: list[tuple[dict[str, object], str]] = [
            ({"options": {"evaluations_semantic": "first_come"}}, "options.evaluations_semantic"),
            ({"options": {"evaluations_semantic": 1}}, "options.evaluations_semantic"),
            ({"options": {"evaluations_semantic": ["execute_all"]}}, "options.evaluations_semantic"),
            ({"options": "execute_all"}, "options"),
            ({"evaluations": {}}, "evaluations"),
            ({"evaluations": "x"}, "evaluations"),
            ({"subject": "alice"}, "subject"),
            ({"subject": {"type": "user"}}, "subject.id"),
            ({"subject": {"type": 1, "id": "x"}}, "subject.type"),
            ({"action": {"name": 1}}, "action.name"),
            ({"action": []}, "action"),
            ({"resource": {"type": "role", "id": None}}, "resource.id"),
            ({"resource": {**ROLE, "properties": 1}}, "resource.properties"),
            ({"context": []}, "context"),
            ({"context": {"as_of": 1.5}}, "context.as_of"),
        ]
        for change, place in changes:
            body = {"subject": ADMIN, "action": MANAGE, "resource": ROLE, "evaluations": [{}], **change}
            answer = await client.post(EVALUATIONS, body)
            assert 400 == answer.status, answer.text
            assert "text/plain;charset=utf-8" == answer.headers["Content-Type"]
            assert answer.text.startswith(f"{place}: "), answer.text

    async def test_beyond_the_bound_all_are_refused(self, running: Running) -> None:
        """10,000 evaluations a call are answered, and one more is 400 with a sentence that says what to do."""
        client = await gateway(running)
        body = {"subject": ADMIN, "action": MANAGE, "resource": ROLE}
        most = await asked(client, {**body, "evaluations": [{}] * authzen_batch.EVALUATIONS_MAX})
        answer = await client.post(EVALUATIONS, {**body, "evaluations": [{}] * 10_001})

        assert [YES] * 10_000 == most
        said = (
            "evaluations: A call takes up to 10,000 evaluations, and these are 10,001: ask in several calls."
        )
        assert (400, said) == (answer.status, answer.text)

    async def test_the_right_to_ask_is_needed(self, running: Running) -> None:
        """access:evaluate, with a read-only token too; without it 403, without a token 401. Nothing is recorded."""
        client, sally = await gateway(running), await running.person("Sally")
        position = running.position
        body = {"subject": ADMIN, "action": MANAGE, "resource": ROLE, "evaluations": [{}]}

        assert 200 == (await client.read_only().post(EVALUATIONS, body)).status
        assert 403 == (await sally.post(EVALUATIONS, body)).status
        assert 401 == (await running.nobody.post(EVALUATIONS, body)).status
        assert position == running.position


class TestMoments:
    async def test_all_are_about_one_moment(self, running: Running) -> None:
        """`as_of` in the query or in the outer context holds for the whole batch, and the answer names the position."""
        client = await gateway(running)
        people = await seed_002(running)
        before = running.position
        await running.admin.delete("/pacticipants/Foo")
        sally = question(people["sally"].id, "contract_data:manage", "application", "Foo")
        items = [{}, {"resource": {"type": "application", "id": "Bar"}}, {"context": {"shoe_size": 43}}]
        body = {**sally, "evaluations": items}
        then = [YES, YES, YES]

        assert [NO, YES, NO] == await asked(client, body)
        assert then == await asked(client, {**body, "context": {"as_of": before}})
        answer = await client.post(f"{EVALUATIONS}?as_of={before}", body)
        assert (then, before) == (answer.json["evaluations"], answer.position)
        fresh = await client.post(f"{EVALUATIONS}?at_least={running.position}", body)
        assert (200, running.position) == (fresh.status, fresh.position)
        assert 400 == (await client.post(f"{EVALUATIONS}?as_of=999999", body)).status

    async def test_no_question_of_several_has_a_moment_of_its_own(self, running: Running) -> None:
        """An item that names another moment is denied and told so: it must not get this moment's decision."""
        client = await gateway(running)
        now = running.position
        items: list[object] = [
            {"context": {"as_of": now}},
            {"context": {"as_of": now - 1}},
            {"context": {"at_least": 1}},
            {"context": {}},
        ]
        body = {
            "subject": ADMIN,
            "action": MANAGE,
            "resource": ROLE,
            "context": {"as_of": now},
            "evaluations": items,
        }
        answers = await asked(client, body)

        assert [True, False, False, True] == [one["decision"] for one in answers]
        assert "one moment" in answers[1]["context"]["error"]["message"]


async def test_the_same_call_has_the_same_body(running: Running) -> None:
    """No ids, positions or times in bodies: three times the same bytes, for whoever may know why too (idempotency)."""
    people, client = await seed_002(running), await gateway(running)
    sally, baz = {"type": "user", "id": people["sally"].id}, {"type": "application", "id": "Baz"}
    of_a = {**baz, "properties": {"team": "A", "owner": "billy@example.org"}}
    shared = {"subject": sally, "action": {"name": "contract_data:manage"}, "resource": baz}
    items = [{}, {"resource": of_a}, {"subject": 1}, {"subject": NOBODY}, {"action": {"name": "?"}}]
    for who in (client, running.admin):
        for body in ({**shared, "evaluations": items}, {**shared, "resource": of_a}):
            for path in (EVALUATIONS, EVALUATION):
                answers = [await who.post(path, body) for _ in range(3)]
                assert 1 == len({one.octets for one in answers}), path
                assert 3 == len({one.headers["X-Request-ID"] for one in answers})


async def test_several_and_one_by_one_agree(running: Running) -> None:
    """Every combination of some subjects, actions and things has in a batch the very answer that it has alone."""
    people, client = await seed_002(running), await gateway(running)
    role = await running.role("Rotator", "secret:manage:team", "contract_data:manage:own", "ai:*")
    team = await running.team("C")
    robot = await running.system_account("rotator", roles=[role], teams=[team])
    await running.admin.post("/secrets", {"name": "key", "value": "x", "teamUuid": team})
    await running.admin.put("/pacts/provider/Baz/consumer/Foo/version/1", {})
    subjects = [
        {"type": "user", "id": people["sally"].id.upper()},
        {"type": "user", "id": "Billy@Example.org"},
        {"type": "system_account", "id": robot.id},
        {"type": "system_account", "id": people["sally"].id},
        {"type": "user", "id": f"system_account:{robot.id}"},
        {"type": "robot", "id": robot.id},
        {"type": "user", "id": ""},
        NOBODY,
        ADMIN,
    ]
    things = [
        {"type": "application", "id": "Foo"},
        {"type": "application", "id": " Foo "},
        {"type": "application", "id": "Baz", "properties": {"team": "A"}},
        {"type": "application", "id": "Nope"},
        {"type": "application", "id": "*"},
        {"type": "application", "id": ".."},
        {"type": "integration", "id": "Foo/Baz"},
        {"type": "integration", "id": "Foo"},
        {"type": "contract", "id": "Foo/Baz/1"},
        {"type": "secret", "id": "key"},
        {"type": "secret", "id": "later"},
        {"type": "secret", "id": "later", "properties": {"team": "C", "owner": "nobody"}},
        {"type": "team", "id": team},
        {"type": "ai", "id": "*"},
        {"type": "sandwich", "id": "Foo"},
    ]
    actions = [
        "contract_data:manage",
        "contract_data:read",
        "secret:manage",
        "team:manage",
        "ai:generation:code",
        "?",
    ]
    every = [
        {"subject": subject, "action": {"name": action}, "resource": thing}
        for subject in subjects
        for action in actions
        for thing in things
    ]
    answers = await asked(client, {"evaluations": every})
    alone = [(await client.post(EVALUATION, one)).json for one in every]

    assert {True, False} == {one["decision"] for one in answers}
    assert alone == answers
    assert [one["decision"] for one in answers] == [
        one["decision"] for one in await asked(running.admin, {"evaluations": every})
    ]


async def test_a_long_call_does_not_hold_up_others(running: Running) -> None:
    """A call of 10,000 different things is answered in full, in order, with what others ask in between."""
    client = await gateway(running)
    things = [{"type": "application", "id": f"Application {number}"} for number in range(10_000)]
    await running.admin.post("/pacticipants", {"name": "Application 9999"})
    body = {
        "subject": ADMIN,
        "action": {"name": "contract_data:manage"},
        "evaluations": [{"resource": thing, "note": "x" * 200} for thing in things],
    }
    answer: Answer = await client.ask("POST", EVALUATIONS, body=json.dumps(body).encode())

    assert 200 == answer.status, answer.text
    assert [NO] * 9_999 + [YES] == answer.json["evaluations"]
