"""Deployed and released versions: which version of an application is in which environment (sections 3.5 and 4.6)."""

from collections.abc import Iterable

from aiohttp import web

from projections import deployments, spans
from projections.applications import Application
from projections.deployments import Deployment, Release
from projections.environments import Environment
from projections.spans import keyed
from projections.versions import Version
from projections.view import View
from service import errors
from service.commands.deployments import EndDeployment, EndSupport, RecordDeployment, RecordRelease
from service.events.deployments import DeploymentRecorded, ReleaseRecorded
from service.http import (
    applications,
    breathing,
    deployed,
    environments,
    pagination,
    repeats,
    requests,
    responses,
    rights,
)
from service.http.deployed import Held
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.vocabulary import DeploymentId, EnvironmentId, ReleaseId, name

# -- one version in one environment ----------------------------------------------------------------------


async def deployment_recorded(call: Call) -> web.Response:
    """POST …/versions/{version}/deployed-versions/environment/{environment}: 201, of what was there already too."""
    body = await requests.body(call)
    instance = _instance(body.optional_text("applicationInstance") or body.optional_text("target"))
    outcome = await repeats.answered(call)
    if outcome is None:
        command = RecordDeployment(
            deployment=DeploymentId(call.edge.fresh.id()),
            application=applications.named(call.view, call.path("name")).id,
            version=call.path("version"),
            environment=EnvironmentId(call.path_id("environment")),
            instance=instance,
        )
        outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    made = next((one.data for one in outcome.records if isinstance(one.data, DeploymentRecorded)), None)
    if made is not None:
        shelf = await call.spans(view, spans.by_key(Deployment, made.deployment))
        return _created(call, view, shelf.get(Deployment, made.deployment))
    application, place = applications.named(view, call.path("name")), call.path_id("environment")
    shelf = await call.spans(view, spans.at_place(Deployment, place, application.id))
    held = shelf.at_place(Deployment, place, application.id)
    return _created(call, view, next((one for one in held if one.instance == instance), None))


async def deployments_of_version(call: Call) -> web.Response:
    """GET …/deployed-versions/environment/{environment}: every deployment of the version there, the newest first."""
    view, application, environment, number = await _addressed(call)
    shelf = await call.spans(view, spans.of_version(Deployment, application.id, number))
    held = _in(environment, shelf.of_version(Deployment, application.id, number))
    title = f"Deployed versions for {application.name} version {number} in {environment.display_name}"
    return await _listed(call, view, held, "deployedVersions", title)


async def release_recorded(call: Call) -> web.Response:
    """POST …/versions/{version}/released-versions/environment/{environment}: 201, or 200 if it was released before."""
    body = await requests.body(call)
    outcome = await repeats.answered(call)
    if outcome is None:
        command = RecordRelease(
            release=ReleaseId(call.edge.fresh.id()),
            application=applications.named(call.view, call.path("name")).id,
            version=call.path("version"),
            environment=EnvironmentId(call.path_id("environment")),
        )
        outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    made = next((one.data for one in outcome.records if isinstance(one.data, ReleaseRecorded)), None)
    if made is not None:
        shelf = await call.spans(view, spans.by_key(Release, made.release))
        answer = _created(call, view, shelf.get(Release, made.release))
    else:
        application, number = applications.named(view, call.path("name")), _number(call)
        shelf = await call.spans(view, spans.of_version(Release, application.id, number))
        environment = view.environment(call.path_id("environment"))
        held = _in(environment, shelf.of_version(Release, application.id, number))
        answer = _created(call, view, next(iter(held), None))
    if made is None or made.support_ended_at_before is not None:
        answer.set_status(200)
    return answer


async def releases_of_version(call: Call) -> web.Response:
    """GET …/released-versions/environment/{environment}: the release of the version there, if there is one."""
    view, application, environment, number = await _addressed(call)
    shelf = await call.spans(view, spans.of_version(Release, application.id, number))
    held = _in(environment, shelf.of_version(Release, application.id, number))
    title = f"Released versions for {application.name} version {number} in {environment.display_name}"
    return await _listed(call, view, held, "releasedVersions", title)


# -- one deployment or release ---------------------------------------------------------------------------


async def deployment_shown(call: Call) -> web.Response:
    """GET /deployed-versions/{uuid}: one deployment, current or ended; as it was, with `as_of`."""
    return await _shown(call, Deployment)


async def deployment_changed(call: Call) -> web.Response:
    """PATCH /deployed-versions/{uuid} `{"currentlyDeployed": false}`: it is deployed no longer."""
    body = await requests.body(call)
    _require_end(body, "currentlyDeployed", "Record a new deployment instead.")
    command = EndDeployment(deployment=DeploymentId(call.path_id()))
    return await _ended(call, Deployment, command.deployment, await requests.handle(call, command, body))


async def release_shown(call: Call) -> web.Response:
    """GET /released-versions/{uuid}: one release, supported or not; as it was, with `as_of`."""
    return await _shown(call, Release)


async def release_changed(call: Call) -> web.Response:
    """PATCH /released-versions/{uuid} `{"currentlySupported": false}`: it is supported no longer."""
    body = await requests.body(call)
    _require_end(body, "currentlySupported", "Record the release again instead.")
    command = EndSupport(release=ReleaseId(call.path_id()))
    return await _ended(call, Release, command.release, await requests.handle(call, command, body))


# -- an environment's ------------------------------------------------------------------------------------


async def currently_deployed(call: Call) -> web.Response:
    """GET /environments/{uuid}/deployed-versions/currently-deployed?pacticipant=&applicationInstance="""
    view, environment = await _environment(call)
    shelf = await call.spans(view, spans.at_place(Deployment, deployments.place(environment.id)))
    held = shelf.at_place(Deployment, deployments.place(environment.id))
    title = f"Currently deployed versions for {environment.display_name}"
    return await _listed(call, view, _of_instance(call, _wanted(call, view, held)), "deployedVersions", title)


async def ever_deployed(call: Call) -> web.Response:
    """GET /environments/{uuid}/deployed-versions: those that ended as well."""
    view, environment = await _environment(call)
    shelf = await call.spans(view, spans.under(Deployment, environment.id))
    held = shelf.under(Deployment, environment.id)
    title = f"Deployed versions for {environment.display_name}"
    return await _listed(call, view, _of_instance(call, _wanted(call, view, held)), "deployedVersions", title)


async def currently_supported(call: Call) -> web.Response:
    """GET /environments/{uuid}/released-versions/currently-supported?pacticipant=&version="""
    view, environment = await _environment(call)
    shelf = await call.spans(view, spans.at_place(Release, deployments.place(environment.id)))
    held = shelf.at_place(Release, deployments.place(environment.id))
    title = f"Currently supported versions in {environment.display_name}"
    return await _listed(call, view, _wanted(call, view, held), "releasedVersions", title)


async def ever_released(call: Call) -> web.Response:
    """GET /environments/{uuid}/released-versions: those that are supported no longer as well."""
    view, environment = await _environment(call)
    shelf = await call.spans(view, spans.under(Release, environment.id))
    held = shelf.under(Release, environment.id)
    title = f"Released versions for {environment.display_name}"
    return await _listed(call, view, _wanted(call, view, held), "releasedVersions", title)


# -- what they share ---------------------------------------------------------------------------------------


async def _addressed(call: Call) -> tuple[View, Application, Environment, str]:
    """What a path names, each of which must be there and readable. Raises NotFound, Forbidden."""
    view, environment = await _environment(call, "environment")
    application = applications.named(view, call.path("name"))
    applications.require_readable(call, application)
    number = _number(call)
    key = keyed(application.id, number)
    if (await call.spans(view, spans.by_key(Version, key))).get(Version, key) is None:
        raise errors.NotFound(f"{application.name!r} has no version {number!r}.")
    return view, application, environment, number


async def _environment(call: Call, part: str = "uuid") -> tuple[View, Environment]:
    view = (await call.moment()).view
    environment = view.environment(call.path_id(part))
    environments.require_readable(call, environment)
    return view, environment


def _number(call: Call) -> str:
    return name(call.path("version"), "version", "version")


def _instance(text: str | None) -> str | None:
    """The instance's name; an empty one is none at all."""
    return name(text, "/applicationInstance", "name of an application instance") if text else None


def _in(environment: Environment, held: Iterable[Held]) -> list[Held]:
    return [one for one in held if one.environment == environment.id]


def _wanted(call: Call, view: View, held: Iterable[Held]) -> list[Held]:
    """Those of the application and of the version that the query asks for."""
    pacticipant, version = call.asked("pacticipant"), call.asked("version")
    application = None if pacticipant is None else view.application_named(name(pacticipant, "pacticipant"))
    if pacticipant is not None and application is None:
        return []
    return [
        one
        for one in held
        if (application is None or one.application == application.id) and version in (None, one.version)
    ]


def _of_instance(call: Call, held: list[Deployment]) -> list[Deployment]:
    """Those of the instance that the query asks for; an empty name asks for those of none."""
    asked = call.asked("applicationInstance")
    instance = call.asked("target") if asked is None else asked
    return held if instance is None else [one for one in held if one.instance == (instance or None)]


def _created(call: Call, view: View, held: Deployment | Release | None) -> web.Response:
    assert held is not None, "it was recorded, or was there before"
    return responses.created(
        call, deployed.document(call, view, held, whole=True), deployed.address(call, held)
    )


async def _shown(call: Call, fact: type[Held]) -> web.Response:
    view, key = (await call.moment()).view, call.path_id()
    held = (await call.spans(view, spans.by_key(fact, key))).get(fact, key)
    if held is None:
        raise errors.NotFound(f"There is no {fact.noun} {key}.")
    environments.require_readable(call, view.environment(held.environment))
    applications.require_readable(call, view.application(held.application))
    return responses.hal(call, deployed.document(call, view, held, whole=True))


async def _ended(call: Call, fact: type[Held], key: str, outcome: Outcome) -> web.Response:
    view = call.edge.replica.view(outcome.position)
    held = (await call.spans(view, spans.by_key(fact, key))).get(fact, key)
    assert held is not None, "what ended is kept"
    return responses.hal(call, deployed.document(call, view, held, whole=True))


def _require_end(body: Body, field: str, instead: str) -> None:
    """Raise Invalid unless the body says false: there is no way back, and nothing else to change."""
    current = body.flag(field)
    if current is None:
        raise errors.Invalid(f"The field {field!r} is missing; it can be set to false.", body.pointer(field))
    if current:
        raise errors.Refused(
            "ended_for_good", f"{field} cannot be set to true. {instead}", body.pointer(field)
        )


async def _listed(call: Call, view: View, held: Iterable[Held], embedded: str, title: str) -> web.Response:
    """Those whose application the caller may read, the newest first."""
    reads = rights.Right(call, applications.READ)
    readable = await breathing.kept(deployed.newest_first(held), lambda one: reads.on(one.application))
    rows, counted, links = pagination.cut(call, readable)
    links["self"]["title"] = title
    drawn = await breathing.drawn(rows, lambda one: deployed.document(call, view, one))
    document: Document = {"_embedded": {embedded: drawn}, **counted, "_links": links}
    return responses.hal(call, document)
