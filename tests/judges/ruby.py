"""The client that runs on Ruby, whose output seed 002 quotes: a whole day of the company, allowed and denied."""

from typing import Final

from tests.judges import acts, company, pacts, tools
from tests.judges.acts import FORBIDDEN, READ_ONLY, Act
from tests.judges.proofs import Proofs
from tests.judges.tools import Tools

NAME: Final = "ruby"
_FAILED: Final = "Error making request to"
_PIPELINE: Final = "system account Pipeline recorded"
_ON_BAZ: Final = "contract_data:manage on Baz"
_OLD_WAY: Final = {"PACT_BROKER_FEATURES": "publish_pacts_using_old_api"}
"""How the client is told to publish as it did when the article of seed 002 was written: tags first, each by itself."""

ENVIRONMENTS: Final = (
    Act(
        claim="Kevin makes the environment test",
        who="kevin",
        run="create-environment --name test --display-name Test",
        says=("Created test environment",),
        keep={"test": "UUID ([0-9a-f-]{36})"},
        leaves=("Kevin created the environment test.",),
    ),
    Act(
        claim="Kevin makes the environment prod",
        who="kevin",
        run="create-environment --name prod --display-name Production --production",
        says=("Created prod environment",),
        keep={"prod": "UUID ([0-9a-f-]{36})"},
        leaves=("Kevin created the environment prod.",),
    ),
    Act(
        claim="Watcher, who sees environments, may make none",
        who="watcher",
        run="create-environment --name mine",
        ends=1,
        says=(_FAILED, f"status=403 {FORBIDDEN}", "Missing: environment:manage"),
        denied="environment:manage",
    ),
    Act(
        claim="Kevin changes an environment",
        who="kevin",
        run="update-environment --uuid {test} --name test --display-name Testing",
        says=("Updated test environment",),
        leaves=("Kevin changed the display name from Test to Testing of the environment test.",),
    ),
    Act(
        claim="Pipeline reads one",
        who="pipeline",
        run="describe-environment --uuid {test}",
        says=("Name: test", "Display Name: Testing", "Production: false"),
    ),
    Act(
        claim="Pipeline sees both",
        who="pipeline",
        run="list-environments",
        says=("{test}", "{prod}", "Production"),
    ),
)
PUBLISHING: Final = (
    Act(
        claim="Sally publishes Foo/Bar with branch, tag and build URL",
        who="sally",
        run="publish foo-bar.json -a 1.0.0 --branch main --tag dev --build-url http://127.0.0.1/builds/1",
        says=("Pact successfully published for Foo version 1.0.0 and provider Bar.",),
        leaves=(
            "Sally created version 1.0.0 of the application Foo.",
            "Sally published the contract Foo/Bar for version 1.0.0.",
            "Sally tagged version 1.0.0 of the application Foo as dev.",
        ),
    ),
    Act(
        claim="Sally may not publish for Baz, and reads seed 002's sentence",
        who="sally",
        run="publish baz-bar.json -a 1.0.0 --branch main",
        ends=1,
        says=(FORBIDDEN, f"Missing: {_ON_BAZ}."),
        denied=_ON_BAZ,
    ),
    Act(
        claim="the older way, too, with all that seed 002 shows printed",
        who="sally",
        run="publish baz-bar.json -a 1.0.0 --tag dev",
        environ=_OLD_WAY,
        ends=1,
        says=(
            "due to error: PactBroker::Client::Error - Authorization failed (insufficient permissions): "
            + FORBIDDEN,
            "One or more pacts failed to be published",
        ),
        denied=_ON_BAZ,
    ),
    Act(
        claim="with her read-only token Sally may not publish for Foo either",
        who="sally, reading",
        run="publish foo-bar.json -a 1.0.1",
        ends=1,
        says=(f"Authorization failed (insufficient permissions): {FORBIDDEN}",),
        denied=READ_ONLY,
    ),
    Act(
        claim="Billy publishes Bar/Baz the older way, tag first",
        who="billy",
        run="publish bar-baz.json -a 1.0.0 --tag dev",
        environ=_OLD_WAY,
        says=("Tagged version 1.0.0 of Bar", "{url}/pacts/provider/Baz/consumer/Bar/"),
        leaves=(
            "Billy tagged version 1.0.0 of the application Bar as dev.",
            "Billy published the contract Bar/Baz for version 1.0.0.",
        ),
    ),
    Act(
        claim="publishing the very same again changes nothing",
        who="sally",
        run="publish foo-bar.json -a 1.0.0 --branch main --tag dev",
    ),
    Act(
        claim="publishing another content under the same version is refused, and says why",
        who="sally",
        run="publish foo-bar-more.json -a 1.0.0 --branch main",
        ends=1,
    ),
    Act(
        claim="merging it in is what Sally may",
        who="sally",
        run="publish foo-bar-more.json -a 1.0.0 --branch main --merge",
        leaves=("Sally published the contract Foo/Bar again, with other content, for version 1.0.0.",),
    ),
)
NAMING: Final = (
    Act(
        claim="Sally tags a version",
        who="sally",
        run="create-version-tag -a Foo -e 1.0.0 -t prod",
        says=("Tagging Foo version 1.0.0 as prod",),
        leaves=("Sally tagged version 1.0.0 of the application Foo as prod.",),
    ),
    Act(
        claim="Sally may not tag Baz, and reads seed 002's sentence",
        who="sally",
        run="create-version-tag -a Baz -e 1.0.0 -t prod --auto-create-version",
        ends=1,
        says=(f"Authorization failed (insufficient permissions): {FORBIDDEN}",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="Sally makes a version with branch and tag",
        who="sally",
        run="create-or-update-version -a Foo -e 1.1.0 --branch feat -t next",
        says=("Created/updated pacticipant version 1.1.0 with branch feat and tag(s) next",),
        leaves=(
            "Sally put version 1.1.0 of the application Foo on the branch feat.",
            "Sally tagged version 1.1.0 of the application Foo as next.",
        ),
    ),
    Act(
        claim="Sally may not make a version of Baz",
        who="sally",
        run="create-or-update-version -a Baz -e 1.1.0 --branch feat",
        ends=1,
        says=(f"status=403 {FORBIDDEN}",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="Billy makes a version of Baz on a branch",
        who="billy",
        run="create-or-update-version -a Baz -e 1.1.0 --branch main",
        says=("Created/updated pacticipant version 1.1.0",),
        leaves=("Billy put version 1.1.0 of the application Baz on the branch main.",),
    ),
    Act(
        claim="Sally registers an application of her own",
        who="sally",
        run="create-or-update-pacticipant --name Shop --repository-url http://127.0.0.1/shop",
        says=('Pacticipant "Shop" created',),
        leaves=("Sally created the application Shop.",),
    ),
    Act(
        claim="Sally changes Foo",
        who="sally",
        run="create-or-update-pacticipant --name Foo --repository-url http://127.0.0.1/foo",
        says=('Pacticipant "Foo" updated',),
        leaves=(
            "Sally changed the repository url from nothing to http://127.0.0.1/foo of the application Foo.",
        ),
    ),
    Act(
        claim="Sally may not change Baz",
        who="sally",
        run="create-or-update-pacticipant --name Baz --repository-url http://127.0.0.1/baz",
        ends=1,
        says=(f"status=403 {FORBIDDEN}",),
        denied=_ON_BAZ,
    ),
)
READING: Final = (
    Act(
        claim="a version is described",
        who="watcher",
        run="describe-version -a Foo -e 1.0.0",
        says=("1.0.0  | dev prod",),
    ),
    Act(
        claim="the latest version with a tag is described",
        who="watcher",
        run="describe-version -a Foo --latest next",
        says=("1.1.0",),
    ),
    Act(
        claim="an application is described",
        who="watcher",
        run="describe-pacticipant --name Foo",
        says=("Name: Foo",),
    ),
    Act(
        claim="applications are listed",
        who="watcher",
        run="list-pacticipants",
        says=("Foo", "Bar", "Baz", "Shop"),
    ),
    Act(
        claim="the latest contracts are listed",
        who="watcher",
        run="list-latest-pact-versions",
        says=("Foo", "Baz", "1.0.0"),
    ),
)
DEPLOYING: Final = (
    Act(
        claim="Pipeline records a deployment",
        who="pipeline",
        run="record-deployment -a Foo -e 1.0.0 --environment prod",
        says=("Recorded deployment of Foo version 1.0.0 to prod environment",),
        leaves=(f"{_PIPELINE} the deployment of version 1.0.0 of the application Foo to prod.",),
    ),
    Act(
        claim="Pipeline records a release",
        who="pipeline",
        run="record-release -a Foo -e 1.0.0 --environment prod",
        says=("Recorded release of Foo version 1.0.0 to prod environment",),
        leaves=(f"{_PIPELINE} the release of version 1.0.0 of the application Foo to prod.",),
    ),
    Act(
        claim="Watcher, who sees the environment, may not record there",
        who="watcher",
        run="record-deployment -a Foo -e 1.0.0 --environment prod",
        ends=1,
        says=(f"status=403 {FORBIDDEN} Missing: deployment_and_release:record on Foo.",),
        denied="deployment_and_release:record on Foo",
    ),
    Act(
        claim="Sally, whose role sees no environment, is shown no way to record there",
        who="sally",
        run="record-release -a Foo -e 1.0.0 --environment prod",
        ends=1,
        says=("permission to read environments",),
    ),
    Act(
        claim="Pipeline records that it is deployed no more",
        who="pipeline",
        run="record-undeployment -a Foo --environment prod",
        says=("Recorded undeployment of Foo version 1.0.0 from prod environment",),
        leaves=(f"{_PIPELINE} that version 1.0.0 of the application Foo is no longer deployed to prod.",),
    ),
    Act(
        claim="Pipeline records that it is supported no more",
        who="pipeline",
        run="record-support-ended -a Foo -e 1.0.0 --environment prod",
        says=("Recorded support ended for Foo version 1.0.0 in prod environment",),
        leaves=(f"{_PIPELINE} that version 1.0.0 of the application Foo is no longer supported in prod.",),
    ),
)
DELETING: Final = (
    Act(
        claim="Sally may not delete a branch of Baz",
        who="sally",
        run="delete-branch -a Baz --branch main",
        ends=1,
        says=(FORBIDDEN,),
        denied=_ON_BAZ,
    ),
    Act(
        claim="Sally deletes a branch of Foo",
        who="sally",
        run="delete-branch -a Foo --branch feat",
        mark="branch",
        says=("Successfully deleted branch feat of pacticipant Foo",),
        leaves=(
            "Sally deleted the branch feat of the application Foo, which held 1 version.",
            "Sally thereby took from its branch Foo/feat/1.1.0.",
        ),
    ),
    Act(claim="that branch is gone", who="watcher", ask="GET /pacticipants/Foo/branches/feat", ends=404),
    Act(
        claim="and is shown as of before",
        who="watcher",
        ask="GET /pacticipants/Foo/branches/feat?as_of={branch}",
        ends=200,
        says=('"feat"',),
    ),
    Act(
        claim="Watcher may not delete an environment",
        who="watcher",
        run="delete-environment --uuid {test}",
        ends=1,
        says=(f"status=403 {FORBIDDEN}",),
        denied="environment:manage on {test}",
    ),
    Act(
        claim="Kevin deletes it",
        who="kevin",
        run="delete-environment --uuid {test}",
        mark="environment",
        says=("Deleted environment test",),
        leaves=("Kevin deleted the environment test.",),
    ),
    Act(
        claim="that environment is shown as of before",
        who="watcher",
        ask="GET /environments/{test}?as_of={environment}",
        ends=200,
        says=("Test",),
    ),
)
BROKERING: Final = (
    Act(
        claim="whether something can be deployed is politely left to the broker",
        who="pipeline",
        run="can-i-deploy -a Foo -e 1.0.0 --to-environment prod",
        ends=1,
        says=("Muniment is no contract broker",),
    ),
)


async def judge(proofs: Proofs, found: Tools) -> None:
    """Prove every act, then that the record holds them and nothing else, then that this judge can say no."""
    client = tools.pact_cli(found.ruby, "pact-broker")
    async with company.opened(NAME) as ours:
        pacts.written(ours.directory)
        stage = acts.Stage(ours, (*client, *acts.BROKER))
        await stage.judged(
            proofs,
            *ENVIRONMENTS,
            *PUBLISHING,
            *NAMING,
            *READING,
            *DEPLOYING,
            *DELETING,
            *acts.DELETING,
            *BROKERING,
        )
