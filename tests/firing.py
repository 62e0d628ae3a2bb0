"""Publications and results in few words, in memory, with what webhooks owe for each."""

from collections.abc import Sequence

from projections.applications import Application
from service.commands.applications import EditApplication
from service.commands.branches import PutOnBranch
from service.commands.contracts import PublishContracts
from service.commands.deployments import EndDeployment, RecordDeployment, RecordRelease
from service.commands.labels import AddLabel
from service.commands.results import PublishVerification
from service.commands.versions import TagVersion
from service.events import Event
from service.events.webhooks import WebhooksTriggered
from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, ReleaseId, ResultId, WebhookId
from tests import given
from tests.given import Account

Fired = tuple[str, str | None, tuple[str, ...], tuple[WebhookId, ...]]
"""The event, the version of the provider with why it matters, and which webhooks owe a request for it."""


class World:
    """An account with applications by their names, whose webhooks are facts."""

    def __init__(self, account: Account, *names: str) -> None:
        self.account = account
        for name in names:
            account.application(name)

    def application(self, name: str) -> Application:
        found = self.account.now.application_named(name)
        assert found is not None
        return found

    def id(self, name: str) -> ApplicationId:
        return self.application(name).id

    # -- what fires --------------------------------------------------------------------------------------

    def publish(
        self, content: str, version: str = "1", *, consumer: str = "Foo", provider: str = "Bar"
    ) -> list[Fired]:
        """Publish one contract, as PUT does."""
        return fired(self.account.do(given.publish(self.account.fresh, consumer, provider, version, content)))

    def publish_all(
        self,
        contents: dict[str, str],
        version: str = "1",
        *,
        consumer: str = "Foo",
        tags: Sequence[str] = (),
        branch: str | None = None,
    ) -> list[Fired]:
        """Publish a contract for each provider, as POST /contracts/publish does."""
        return fired(self.account.do(self.publication(contents, version, consumer, tags, branch)))

    def publication(
        self,
        contents: dict[str, str],
        version: str = "1",
        consumer: str = "Foo",
        tags: Sequence[str] = (),
        branch: str | None = None,
    ) -> PublishContracts:
        new = ApplicationId(self.account.fresh.id())
        made = [
            given.publish(self.account.fresh, consumer, provider, version, content)
            for provider, content in contents.items()
        ]
        contracts = tuple(
            type(one)(
                **{
                    **{field: getattr(one, field) for field in one.__struct_fields__},
                    "consumer_id": new,
                    "branch": branch,
                }
            )
            for one in made
        )
        return PublishContracts(contracts=contracts, tags=tuple(tags))

    def verify(
        self,
        content: str,
        version: str,
        *,
        success: bool = True,
        consumer: str = "Foo",
        provider: str = "Bar",
    ) -> list[Fired]:
        """Publish a result of a content."""
        return fired(
            self.account.do(
                self.result(content, version, success=success, consumer=consumer, provider=provider)
            )
        )

    def result(
        self,
        content: str,
        version: str,
        *,
        success: bool = True,
        consumer: str = "Foo",
        provider: str = "Bar",
    ) -> PublishVerification:
        return PublishVerification(
            result=ResultId(self.account.fresh.id()),
            consumer=self.id(consumer),
            provider=self.id(provider),
            digest=given.publish(self.account.fresh, consumer, provider, body=content).digest,
            version=version,
            success=success,
        )

    # -- what is so --------------------------------------------------------------------------------------

    def tag(self, version: str, tag: str, *, application: str = "Foo") -> list[Fired]:
        new = ApplicationId(self.account.fresh.id())
        return fired(
            self.account.do(TagVersion(application=application, application_id=new, version=version, tag=tag))
        )

    def branch(self, version: str, branch: str, *, application: str = "Bar") -> list[Fired]:
        new = ApplicationId(self.account.fresh.id())
        return fired(
            self.account.do(
                PutOnBranch(application=application, application_id=new, version=version, branch=branch)
            )
        )

    def label(self, label: str, *, application: str) -> None:
        new = ApplicationId(self.account.fresh.id())
        self.account.do(AddLabel(application=application, application_id=new, label=label))

    def main(self, branch: str, *, application: str = "Bar") -> None:
        self.account.do(EditApplication(application=self.id(application), main_branch=branch))

    def deploy(
        self,
        version: str,
        environment: EnvironmentId,
        *,
        application: str = "Bar",
        instance: str | None = None,
    ) -> DeploymentId:
        deployment = DeploymentId(self.account.fresh.id())
        self.account.do(
            RecordDeployment(
                deployment=deployment,
                application=self.id(application),
                version=version,
                environment=environment,
                instance=instance,
            )
        )
        return deployment

    def undeploy(self, deployment: DeploymentId) -> None:
        self.account.do(EndDeployment(deployment=deployment))

    def release(self, version: str, environment: EnvironmentId, *, application: str = "Bar") -> ReleaseId:
        release = ReleaseId(self.account.fresh.id())
        self.account.do(
            RecordRelease(
                release=release, application=self.id(application), version=version, environment=environment
            )
        )
        return release


def fired(events: Sequence[Event]) -> list[Fired]:
    """What was triggered by these facts."""
    return [
        (
            one.event,
            one.provider_version,
            one.descriptions,
            tuple(delivery.webhook for delivery in one.deliveries),
        )
        for one in events
        if isinstance(one, WebhooksTriggered)
    ]
