"""What a webhook's variables stand for, as of the moment that it fired: on the real service and Postgres."""

import base64
import json
from typing import Any

from projections.deliveries import Delivery
from service.commands import placeholders
from service.events.webhooks import Trigger
from service.queries import template_values
from service.vocabulary import DeliveryId, WebhookId
from tests.service import BASE_URL, Running

EVERY = [
    *(f"pactbroker.{one.name}" for one in placeholders.VARIABLES),
    "pactbroker.currentlyDeployedProviderVersionNumber",
]
PAIR = f"{BASE_URL}/pacts/provider/Bar%2FBaz/consumer/F%C3%B6o"


async def published(running: Running, version: str, says: object, **more: object) -> str:
    """A contract of Föo with Bar/Baz; its digest."""
    document = {"consumer": {"name": "Föo"}, "provider": {"name": "Bar/Baz"}, "says": says}
    contract = {
        "consumerName": "Föo",
        "providerName": "Bar/Baz",
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
    }
    body = {"pacticipantName": "Föo", "pacticipantVersionNumber": version, "contracts": [contract], **more}
    answer = await running.admin.post("/contracts/publish", body)
    assert 200 == answer.status, answer.text
    view = running.app.replica.now()
    consumer, provider = view.application_named("Föo"), view.application_named("Bar/Baz")
    assert consumer is not None, "it was published"
    assert provider is not None, "it was published"
    found = view.contract_of(consumer.id, provider.id, version)
    assert found is not None, "it was published"
    return found.digest


def delivery(running: Running, version: str, event: Trigger = "contract_published", **more: Any) -> Delivery:
    """A delivery that came about now, for a version of Föo."""
    view = running.app.replica.now()
    consumer, provider = view.application_named("Föo"), view.application_named("Bar/Baz")
    assert consumer is not None, "it was published"
    assert provider is not None, "it was published"
    return Delivery(
        id=DeliveryId("5c3e3a1e-0000-4000-8000-000000000001"),
        webhook=WebhookId("5c3e3a1e-0000-4000-8000-000000000002"),
        event=event,
        position=view.position,
        consumer=consumer.id,
        provider=provider.id,
        consumer_version=version,
        created_at=view.instant,
        **more,
    )


async def told(running: Running, about: Delivery, *names: str) -> dict[str, str]:
    """The variables of a delivery in the clear, without what they have in common."""
    app = running.app
    async with app.reader.connection() as connection:
        view = app.replica.view(about.position)
        found = await template_values.variables(connection, view, about, BASE_URL, names or EVERY)
    return {name.removeprefix("pactbroker."): value.text() for name, value in found.items()}


def noted(url: str) -> str:
    """What a pact's address notes behind /metadata/."""
    note = url.rpartition("/metadata/")[2]
    return base64.urlsafe_b64decode(note + "=" * (-len(note) % 4)).decode()


async def test_a_publication_tells_every_variable_of_the_broker(running: Running) -> None:
    """Each name of the open-source broker has its value, an empty one where there is nothing to tell (section 3.7)."""
    build = "https://ci.example.org/7"
    digest = await published(running, "1.0", 1, branch="feat/x", tags=["dev", "test"], buildUrl=build)
    await running.admin.put("/pacticipants/F%C3%B6o/labels/b")
    await running.admin.put("/pacticipants/F%C3%B6o/labels/a")
    found = await told(running, delivery(running, "1.0"))
    url = found.pop("pactUrl")
    assert f"{PAIR}/pact-version/{digest}/metadata/" == url[: url.rindex("/") + 1]
    assert "cvn=1.0&cvt[]=dev&cvt[]=test&w=true" == noted(url)
    assert 200 == (await running.admin.get(url)).status
    assert {
        "consumerName": "Föo",
        "providerName": "Bar/Baz",
        "consumerVersionNumber": "1.0",
        "consumerVersionBranch": "feat/x",
        "consumerVersionTags": "dev, test",
        "consumerLabels": "a, b",
        "providerLabels": "",
        "providerVersionNumber": "",
        "providerVersionBranch": "",
        "providerVersionTags": "",
        "providerVersionDescriptions": "",
        "verificationResultUrl": "",
        "githubVerificationStatus": "pending",
        "gitlabVerificationStatus": "pending",
        "bitbucketVerificationStatus": "INPROGRESS",
        "azureDevOpsVerificationStatus": "pending",
        "eventName": "contract_published",
        "buildUrl": build,
        "currentlyDeployedProviderVersionNumber": "",
    } == found


async def test_a_verification_tells_its_result_and_its_version(running: Running) -> None:
    """Number, branch and tags of the provider's version, the result's address, and each status in its own words."""
    digest = await published(running, "1", 1)
    path = f"{PAIR}/pact-version/{digest}/verification-results"
    sent = {"success": True, "providerApplicationVersion": "6"}
    await running.admin.post(path, sent)
    sent = {"success": False, "providerApplicationVersion": "7", "buildUrl": "https://b/7"}
    result = await running.admin.post(path, sent)
    assert 201 == result.status, result.text
    await running.admin.put("/pacticipants/Bar%2FBaz/versions/7/tags/prod")
    await running.admin.put("/pacticipants/Bar%2FBaz/branches/main/versions/7")
    event: Trigger = "provider_verification_failed"
    about = delivery(running, "1", event, result=result.json["uuid"], provider_version="7")
    found = await told(running, about)
    assert {
        "providerVersionNumber": "7",
        "providerVersionBranch": "main",
        "providerVersionTags": "prod",
        "verificationResultUrl": f"{path}/{result.json['number']}",
        "githubVerificationStatus": "failure",
        "gitlabVerificationStatus": "failed",
        "bitbucketVerificationStatus": "FAILED",
        "azureDevOpsVerificationStatus": "failed",
        "eventName": event,
        "buildUrl": "https://b/7",
    }.items() <= found.items()
    assert 200 == (await running.admin.get(found["verificationResultUrl"])).status


async def test_variables_are_those_of_the_moment_that_fired(running: Running) -> None:
    """However late it is sent: what was tagged, verified, labelled or deleted since plays no part in it."""
    await published(running, "1", 1, tags=["dev"])
    about = delivery(
        running, "1", provider_version="3", descriptions=("deployed in test", "released in prod")
    )
    before = await told(running, about)
    digest = await published(running, "2", 1)
    await running.admin.put("/pacticipants/F%C3%B6o/versions/1/tags/late")
    await running.admin.put("/pacticipants/F%C3%B6o/labels/late")
    await running.admin.post(
        f"{PAIR}/pact-version/{digest}/verification-results",
        {"success": True, "providerApplicationVersion": "9"},
    )
    await running.admin.patch("/pacticipants/F%C3%B6o", {"name": "Föo", "mainBranch": "late"})
    await running.admin.delete(f"{PAIR}/version/1")
    assert before == await told(running, about)
    assert ("3", "deployed in test, released in prod", "pending") == (
        before["providerVersionNumber"],
        before["providerVersionDescriptions"],
        before["githubVerificationStatus"],
    )


async def test_what_is_deployed_is_told_where_somebody_asks(running: Running) -> None:
    """Every version of the provider that is deployed anywhere, each once, by the names of the environments."""
    await published(running, "1", 1)
    for name, version in (("test", "5"), ("prod", "4"), ("stage", "5")):
        made = await running.admin.post("/environments", {"name": name, "production": False})
        where = f"/pacticipants/Bar%2FBaz/versions/{version}"
        await running.admin.put(where, {})
        deployed = await running.admin.post(f"{where}/deployed-versions/environment/{made.json['uuid']}", {})
        assert 201 == deployed.status, deployed.text
    name = "pactbroker.currentlyDeployedProviderVersionNumber"
    found = await told(running, delivery(running, "1"), name, "user.Token", "pactbroker.unknown")
    assert {"currentlyDeployedProviderVersionNumber": "4, 5"} == found


async def test_a_branch_is_the_main_one_where_the_version_is_on_it(running: Running) -> None:
    """Else the one that the contract was published with, else the one that it was put on last."""
    await published(running, "1", 1)
    for branch in ("main", "other", "third"):
        await running.admin.put(f"/pacticipants/F%C3%B6o/branches/{branch}/versions/1")
    name = "pactbroker.consumerVersionBranch"
    assert {"consumerVersionBranch": "third"} == await told(running, delivery(running, "1"), name)
    await running.admin.patch("/pacticipants/F%C3%B6o", {"name": "Föo", "mainBranch": "main"})
    assert {"consumerVersionBranch": "main"} == await told(running, delivery(running, "1"), name)
