"""One way from an error to an answer, for every error that there is."""

import socket

import aiohttp
import msgspec
import pytest
from aiohttp import web

from service import errors
from service.catalogue import request_paths
from service.http import authzen_paths, wire
from service.http.edge import Call
from service.http.problems import FORBIDDEN
from service.http.route import Route
from tests import service
from tests.service import BASE_URL, Answer, Running

SECRET = "a value that must not leave"
RAISED: dict[str, tuple[Exception, int, object]] = {
    "invalid": (errors.Invalid("Wrong."), 400, {"errors": ["Wrong."]}),
    "invalid-field": (errors.Invalid("Wrong.", "/a/0"), 400, {"errors": {"a.0": ["Wrong."]}}),
    "invalid-parameter": (errors.Invalid("Wrong.", "page"), 400, {"errors": {"page": ["Wrong."]}}),
    "ambiguous": (errors.Ambiguous("Two.", ("user:a", "user:b")), 400, {"errors": ["Two. user:a, user:b"]}),
    "unauthenticated": (errors.Unauthenticated("Who?"), 401, {"errors": ["Who?"]}),
    "forbidden": (
        errors.Forbidden("No.", "role:manage on X"),
        403,
        f"{FORBIDDEN} Missing: role:manage on X.",
    ),
    "not-found": (errors.NotFound("None."), 404, {"error": "None."}),
    "gone": (errors.NotFound("Gone.", gone=True), 404, {"error": "Gone."}),
    "destroyed": (errors.Destroyed("Forgotten."), 410, {"error": "Forgotten."}),
    "taken": (errors.Refused("name_taken", "Taken.", "/name"), 409, {"errors": {"name": ["Taken."]}}),
    "refused": (errors.Refused("would_lock_out", "Refused."), 422, {"errors": ["Refused."]}),
    "stale": (
        errors.Stale(decided_on=3, current=7),
        412,
        {"errors": ["It was changed since: you decided on version 3, it is at version 7."]},
    ),
    "throttled": (errors.Throttled("Slowly.", 7), 429, {"errors": ["Slowly."]}),
    "unavailable": (errors.Unavailable("Later."), 503, "Later."),
    "out-of-reach": (  # where the database is and as whom it is asked stays in the house
        errors.OutOfReach("Postgres refuses the connection: no role muniment_service at 10.0.0.7:5432."),
        503,
        "The database is away; nothing was done.",
    ),
    "unknown": (errors.OutcomeUnknown("Perhaps."), 503, "Perhaps."),
    "too-late": (errors.TooLate("Not yet."), 504, "Not yet."),
    "broken": (errors.Broken("Forked."), 503, "Forked."),
    "unreadable": (
        request_paths.Unreadable("It could be read otherwise."),
        400,
        {"errors": {"path": ["It could be read otherwise."]}},
    ),
    "defect": (
        ZeroDivisionError(SECRET),
        500,
        "The service met a defect. It was logged under the reference.",
    ),
}


def route(name: str, error: Exception) -> Route:
    """A route that answers with the error."""

    async def surface(_: Call) -> web.StreamResponse:
        raise error

    return Route("GET", f"/{name}", surface, name, auth="none", gone=name == "gone-user")


TABLE = (
    *(route(name, error) for name, (error, _, _) in RAISED.items()),
    route("gone-user", errors.NotFound("Gone.", gone=True)),
)


async def answers(
    running: Running, accept: str, *names: str, table: tuple[Route, ...] = TABLE
) -> dict[str, Answer]:
    """What a service that has those routes alone answers on each."""
    runner = wire.runner(service.edge_of(running.app), table)
    await runner.setup()
    try:
        await web.SockSite(runner, socket.create_server(("127.0.0.1", 0))).start()
        host, port = runner.addresses[0]
        found = {}
        async with aiohttp.ClientSession() as session:
            for name in names:
                async with session.get(
                    f"http://{host}:{port}/{name}", headers={"Accept": accept}
                ) as response:
                    octets = await response.read()
                    found[name] = Answer(status=response.status, headers=response.headers, octets=octets)
        return found
    finally:
        await runner.cleanup()


def every_error() -> set[type[errors.MunimentError]]:
    """The closed set of errors."""
    found: set[type[errors.MunimentError]] = set()
    waiting = [errors.MunimentError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            found.add(kind)
            waiting.append(kind)
    return found


def test_every_error_has_an_answer() -> None:
    """A new error that nobody translates would be taken for a defect; it is named here."""
    assert set() == every_error() - {type(error) for error, _, _ in RAISED.values()}


async def test_each_error_has_its_status_and_its_older_shape(running: Running) -> None:
    """What clients of a Pact Broker read; a server's failure has a message and a reference."""
    found = await answers(running, "application/hal+json", *RAISED)
    for name, (_, status, expected) in RAISED.items():
        answer = found[name]
        assert status == answer.status, name
        assert SECRET not in answer.text
        if status == 403:
            assert expected == answer.text
        elif status >= 500:
            reference = answer.headers["X-Request-ID"]
            assert {"error": {"message": expected, "reference": reference}} == answer.json
        else:
            assert expected == answer.json
    assert "1" == found["unavailable"].headers["Retry-After"]
    assert "7" == found["throttled"].headers["Retry-After"]


async def test_each_error_is_a_sentence_on_the_paths_of_authzen(running: Running) -> None:
    """AuthZEN 1.0: the body of an error is "an error message string", with where it is or a reference."""
    for name, (error, status, expected) in RAISED.items():
        asked = msgspec.structs.replace(route(name, error), path=authzen_paths.EVALUATION)
        answer = (await answers(running, "*/*", authzen_paths.EVALUATION[1:], table=(asked,)))[
            authzen_paths.EVALUATION[1:]
        ]
        assert (status, "text/plain;charset=utf-8") == (answer.status, answer.headers["Content-Type"]), name
        assert SECRET not in answer.text
        if status >= 500:
            assert f"{expected} Reference: {answer.headers['X-Request-ID']}." == answer.text
        elif status == 403:
            assert expected == answer.text
        else:
            assert str(error.args[0]).split(" ")[0] in answer.text
            assert "\n" not in answer.text


async def test_each_error_is_a_problem_document_for_who_accepts_one(running: Running) -> None:
    """RFC 9457, with the same status and sentence."""
    found = await answers(running, "application/problem+json", *RAISED)
    for name, (_, status, _) in RAISED.items():
        answer = found[name]
        assert (status, status) == (answer.status, answer.json["status"]), name
        assert "application/problem+json;charset=utf-8" == answer.headers["Content-Type"]
        assert SECRET not in answer.text
        assert {"title", "type", "status", "detail", "instance"} <= set(answer.json)
        meaning = await running.nobody.get(answer.json["type"])
        assert (200, "text/plain;charset=utf-8") == (meaning.status, meaning.headers["Content-Type"]), name
        assert meaning.text.startswith(f"{answer.json['title']}. ")
    places = {
        name: found[name].json.get("errors") for name in ("invalid", "invalid-field", "invalid-parameter")
    }
    assert {
        "invalid": None,
        "invalid-field": [{"detail": "Wrong.", "pointer": "#/a/0"}],
        "invalid-parameter": [{"detail": "Wrong.", "parameter": "page"}],
    } == places
    assert f"{BASE_URL}/doc/problems/validation-error" == found["invalid-field"].json["type"]
    assert "Validation errors" == found["invalid-field"].json["title"]


async def test_every_status_of_the_wire_has_a_type_that_leads_somewhere(running: Running) -> None:
    """What no surface answers: unknown paths and methods, types and sizes (section 4.2)."""
    admin, accept = running.admin, {"Accept": "application/problem+json"}
    place = "/admin/roles"
    for answer, status in (
        (await admin.get("/nothing", headers=accept), 404),
        (await admin.ask("PATCH", place, headers=accept), 405),
        (await admin.ask("POST", place, body=b"{", headers=accept), 400),
        (await admin.ask("POST", place, body=b"x", headers={**accept, "Content-Type": "text/plain"}), 415),
        (
            await admin.ask("POST", place, body=b" " * 3_000_000, headers={**accept, "Connection": "close"}),
            413,
        ),
    ):
        assert (status, status) == (answer.status, answer.json["status"])
        assert "application/problem+json;charset=utf-8" == answer.headers["Content-Type"]
        assert 200 == (await running.nobody.get(answer.json["type"])).status
    assert 404 == (await running.nobody.get("/doc/problems/nothing")).status


@pytest.mark.parametrize(
    ("quality", "wanted"), [("", True), (";q=0.1", True), (";q=0", False), (";q=0.000", False)]
)
async def test_a_problem_document_is_for_who_wants_one(running: Running, quality: str, wanted: bool) -> None:
    """A type with quality 0 is one that is not wanted (RFC 9110, section 12.4.2)."""
    headers = {"Accept": f"application/hal+json, application/problem+json{quality}"}
    answer = await running.admin.get("/nothing", headers=headers)
    assert wanted == answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_deleted_user_is_gone(running: Running) -> None:
    """Only routes that say so answer 410; a deleted role is 404."""
    found = await answers(running, "*/*", "gone", "gone-user")
    assert [404, 410] == [answer.status for answer in found.values()]


async def test_a_defect_is_logged_without_what_the_code_held(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trace is text: no renderer of local variables shows a token or a key."""
    await answers(running, "*/*", "defect")
    logged = capsys.readouterr().out
    assert "ZeroDivisionError" in logged
    assert service.ADMIN_TOKEN not in logged
    assert service.KEY not in logged
