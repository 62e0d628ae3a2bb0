"""AuthZEN 1.0 on the wire: transport, errors, request ids and metadata, as specification and suite have them."""

import re

from service.http import authzen_paths, routes
from service.http.route import Route
from tests.http.test_authzen import question
from tests.service import BASE_URL, Running

CONFIGURATION = "/.well-known/authzen-configuration"
BODY = question("admin@example.org", "role:manage", "role", "Administrator")
SERVED: list[Route] = [route for route in routes.ROUTES if route.path in authzen_paths.PATHS]
PATHS = [route.path for route in SERVED]
ASKED = [authzen_paths.EVALUATION, authzen_paths.EVALUATIONS]


class TestTransport:
    def test_questions_are_posted(self) -> None:
        """HTTPS `POST` (transport); each is a question: no record, and no answer from what is too old."""
        assert {("POST", True, True)} == {(route.method, route.asks, route.bounded) for route in SERVED}
        assert set(ASKED) <= set(PATHS)

    async def test_the_content_type_must_say_json(self, running: Running) -> None:
        """A request MUST carry application/json, a charset is accepted, another type is 400 (transport, suite)."""
        for path in ASKED:
            for type_ in (
                "application/json",
                "application/json; charset=utf-8",
                "Application/JSON;charset=UTF-8",
            ):
                answer = await running.admin.post(path, BODY, headers={"Content-Type": type_})
                assert (200, "application/json") == (answer.status, answer.headers["Content-Type"])
        for path in PATHS:
            for type_ in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
                answer = await running.admin.post(path, BODY, headers={"Content-Type": type_})
                assert 400 == answer.status, type_

    async def test_no_other_method_is_possible(self, running: Running) -> None:
        """GET and PUT are 405, and the answer says what is possible (suite)."""
        for path in PATHS:
            for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
                answer = await running.admin.ask(method, path)
                assert (405, "POST") == (answer.status, answer.headers["Allow"])

    async def test_a_question_that_cannot_be_read_is_400(self, running: Running) -> None:
        """Empty and malformed bodies, an array at the top, wrong types and members that stand twice (suite, I-JSON)."""
        for path in PATHS:
            for body in (
                b"", b" ", b"{", b"[]", b"[{}]", b"null", b"17", b'"subject"', b"\xff", b"{}{}",
                b'{"subject":"alice","action":{"name":"a"},"resource":{"type":"t","id":"i"}}',
                b'{"subject":{"type":"user","id":"x"},"action":{"name":1},"resource":{"type":"t","id":1}}',
                b'{"subject":{"type":"user","id":"x"},"subject":{"type":"user","id":"y"}}',
                b'{"subject":{"type":"user","id":"x","id":"y"},"action":{"name":"a"},"resource":{"type":"t","id":"i"}}',
                b'{"subject":{"type":"user","id":"\\ud800"},"action":{"name":"a"},"resource":{"type":"t","id":"i"}}',
            ):  # fmt: skip
                answer = await running.admin.ask("POST", path, body=body)
                assert 400 == answer.status, (path, body, answer.text)

    async def test_what_is_not_known_is_ignored(self, running: Running) -> None:
        """Unknown fields MUST be ignored, on every level (transport)."""
        body = {**BODY, "x": {"y": [1, 1.5, None]}, "context": {"time": "x", "deep": {"er": 1}}}
        for part in ("subject", "action", "resource"):
            body[part] = {**body[part], "novelty": [], "properties": {"department": "sales"}}
        for path in ASKED:
            answer = await running.admin.post(path, body)
            assert (200, True) == (answer.status, answer.json["decision"])


class TestErrors:
    async def test_an_error_is_a_message(self, running: Running) -> None:
        """The body of 400, 401 and 403 is "an error message string", in one line (error responses)."""
        sally = await running.person("Sally")
        for path in PATHS:
            answers = [
                await running.admin.post(path, {}),
                await running.nobody.post(path, BODY),
                await sally.post(path, BODY),
                await running.admin.ask("GET", path),
            ]
            assert [400, 401, 403, 405] == [one.status for one in answers]
            for one in answers:
                assert "text/plain;charset=utf-8" == one.headers["Content-Type"]
                assert re.fullmatch(r"[^\n]+\.", one.text), one.text

    async def test_who_accepts_a_problem_document_gets_one(self, running: Running) -> None:
        """RFC 9457 for programs that ask for it, as everywhere here."""
        headers = {"Accept": "application/problem+json"}
        answer = await running.admin.post(authzen_paths.EVALUATION, {}, headers=headers)

        assert (400, "#/subject") == (answer.status, answer.json["errors"][0]["pointer"])

    async def test_nobody_is_told_how_to_say_who_asks(self, running: Running) -> None:
        """Missing and bad credentials are 401 with WWW-Authenticate (error responses, suite)."""
        for path in PATHS:
            for header in ("", "Bearer nonsense", "Basic YWRtaW46YWRtaW4=", "nonsense"):
                answer = await running.nobody.post(path, BODY, headers={"Authorization": header})
                assert 401 == answer.status
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    async def test_a_denial_is_no_error(self, running: Running) -> None:
        """A policy's no is 200 and false, whatever is unknown about it: never a 4xx (evaluation)."""
        robot = await running.system_account("robot")
        for path in ASKED:
            for changed in (
                {"subject": {"type": "user", "id": "nobody@example.org"}},
                {"subject": {"type": "sandwich", "id": "x"}},
                {"action": {"name": "devour"}},
                {"resource": {"type": "role", "id": "Nope"}},
                {"resource": {"type": "sandwich", "id": "x"}},
                {"subject": {"type": "system_account", "id": robot.id}},
            ):
                answer = await running.admin.post(path, {**BODY, **changed})
                assert (200, False) == (answer.status, answer.json["decision"]), changed


class TestRequestIds:
    async def test_the_answer_carries_the_very_same(self, running: Running) -> None:
        """If the PEP sends X-Request-ID, the answer MUST carry the identical value, an error's too (request ids)."""
        for sent in ("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "{a} b; c", "x" * 300, "é"):
            headers = {"X-Request-ID": sent}
            answers = [await running.nobody.get(CONFIGURATION, headers=headers)]
            for path in PATHS:
                answers += [
                    await running.admin.post(path, BODY, headers=headers),
                    await running.admin.post(path, {}, headers=headers),
                    await running.nobody.post(path, BODY, headers=headers),
                    await running.admin.ask("PUT", path, headers=headers),
                ]
            assert {sent} == {one.headers["X-Request-ID"] for one in answers}

    async def test_without_one_the_answer_still_comes(self, running: Running) -> None:
        """An absent X-Request-ID must not fail; the answer then carries one of ours (request ids)."""
        answer = await running.admin.post(authzen_paths.EVALUATION, BODY)

        assert (200, 36) == (answer.status, len(answer.headers["X-Request-ID"]))


class TestMetadata:
    async def test_every_endpoint_that_is_served_is_listed_and_no_other(self, running: Running) -> None:
        """The table of routes says what is listed, under BASE_URL, and nothing is listed without a value (metadata)."""
        answer = await running.nobody.get(CONFIGURATION)
        expected = {
            name: f"{BASE_URL}{path}" for name, path in authzen_paths.ENDPOINTS.items() if path in PATHS
        }

        assert (200, "application/json") == (answer.status, answer.headers["Content-Type"])
        assert {"policy_decision_point": BASE_URL, **expected} == answer.json
        assert "policy_decision_point" == next(iter(answer.json))
        for address in expected.values():
            assert 400 == (await running.admin.post(address, {})).status

    async def test_whoever_asks_cannot_change_it(self, running: Running) -> None:
        """It comes from the configuration and never from a Host header or what a proxy says (metadata)."""
        headers = {
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "host=evil.example",
        }
        plain, poisoned = (
            await running.nobody.get(CONFIGURATION),
            await running.nobody.get(CONFIGURATION, headers=headers),
        )

        assert plain.octets == poisoned.octets

    async def test_it_may_be_cached(self, running: Running) -> None:
        """HTTP caching headers are advised: five minutes, and an ETag for whoever asks again (metadata)."""
        answer = await running.nobody.get(CONFIGURATION)
        again = await running.nobody.get(
            CONFIGURATION, headers={"If-None-Match": answer.headers["ETag"], "X-Request-ID": "again"}
        )

        assert "public, max-age=300" == answer.headers["Cache-Control"]
        assert (304, b"", "again") == (again.status, again.octets, again.headers["X-Request-ID"])

    async def test_answers_are_not_cached(self, running: Running) -> None:
        """A decision is of its moment: no cache keeps it, nor an error."""
        for body in (BODY, {}):
            answer = await running.admin.post(authzen_paths.EVALUATION, body)
            assert "no-store" == answer.headers["Cache-Control"]
