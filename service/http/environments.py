"""/environments: where applications are deployed to, and which teams see them (section 4.6)."""

from aiohttp import web

from projections import things
from projections.environments import Environment
from projections.view import View
from service.commands.environments import CreateEnvironment, DeleteEnvironment, EditEnvironment
from service.events.environments import EnvironmentCreated
from service.http import edge, pagination, requests, responses
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.vocabulary import EnvironmentId


async def listed(call: Call) -> web.Response:
    """GET /environments?name=: those that the caller may see."""
    view = (await call.moment()).view
    wanted = call.asked("name")
    rows = [
        one
        for one in view.environments()
        if wanted in (None, one.name) and call.may("environment:read", things.of_environment(_now(call, one)))
    ]
    rows.sort(key=lambda one: one.name.casefold())
    rows_of_page, counted, links = pagination.cut(call, rows)
    embedded = {"environments": [_document(call, view, one) for one in rows_of_page]}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /environments/{uuid}: one environment; as it was, with `as_of`."""
    view = (await call.moment()).view
    environment = view.environment(call.path_id())
    call.require("environment:read", things.of_environment(_now(call, environment)))
    return _answer(call, view, environment)


async def create(call: Call) -> web.Response:
    """POST /environments: 201 with the environment."""
    body = await requests.body(call)
    command = CreateEnvironment(
        environment=EnvironmentId(call.edge.fresh.id()),
        name=body.text("name"),
        display_name=body.optional_text("displayName"),
        production=_production(body),
        teams=body.optional_ids("teamUuids") or (),
    )
    outcome = await requests.handle(call, command, body)
    made = next(one.data for one in outcome.records if isinstance(one.data, EnvironmentCreated))
    view = call.edge.replica.view(outcome.position)
    environment = view.environment(made.environment)
    version = view.version("environment", environment.id)
    document = _document(call, view, environment)
    return responses.created(call, document, _address(call, environment), version)


async def replace(call: Call) -> web.Response:
    """PUT /environments/{uuid}: replaces it; without a display name it is shown by its name, without teams they stay."""
    body = await requests.body(call)
    command = EditEnvironment(
        environment=EnvironmentId(call.path_id()),
        name=body.text("name"),
        display_name=body.optional_text("displayName") or body.text("name"),
        production=_production(body),
        teams=body.optional_ids("teamUuids"),
    )
    outcome = await requests.handle(call, command, body, ("environment", command.environment))
    view = call.edge.replica.view(outcome.position)
    return _answer(call, view, view.environment(command.environment))


async def delete(call: Call) -> web.Response:
    """DELETE /environments/{uuid}."""
    environment = EnvironmentId(call.path_id())
    body = await requests.body(call)
    await requests.handle(
        call, DeleteEnvironment(environment=environment), body, ("environment", environment)
    )
    return responses.nothing()


def _now(call: Call, environment: Environment) -> Environment:
    """The environment of today where it still lives: the right to read the past is judged now."""
    return call.view.environment_or_none(environment.id) or environment


def _production(body: Body) -> bool:
    body.required("production")
    return body.flag("production") is True


def _answer(call: Call, view: View, environment: Environment) -> web.Response:
    version = view.version("environment", environment.id)
    return responses.hal(call, _document(call, view, environment), version=version)


def _document(call: Call, view: View, environment: Environment) -> Document:
    teams = view.live_teams(environment.teams)
    changed = environment.updated_at != environment.created_at
    return {
        "uuid": environment.id,
        "name": environment.name,
        "displayName": environment.display_name,
        "production": environment.production,
        "createdAt": edge.iso(environment.created_at),
        **({"updatedAt": edge.iso(environment.updated_at)} if changed else {}),
        "teamUuids": [team.id for team in teams],
        "_embedded": {
            "teams": [
                {
                    "uuid": team.id,
                    "name": team.name,
                    "_links": {
                        "self": responses.link(responses.href(call.edge, "admin", "teams", team.id), "Team")
                    },
                }
                for team in teams
            ]
        },
        "_links": {
            "self": responses.link(_address(call, environment), environment.name),
            "pb:environments": responses.link(responses.href(call.edge, "environments"), "Environments"),
        },
    }


def _address(call: Call, environment: Environment) -> str:
    return responses.href(call.edge, "environments", environment.id)
