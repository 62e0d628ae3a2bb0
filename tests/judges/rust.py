"""The client that is written in Rust: the same day of the company, which it words in its own way."""

from typing import Final

from tests.judges import acts, company, pacts, tools
from tests.judges.acts import FORBIDDEN, READ_ONLY, Act
from tests.judges.proofs import Proofs
from tests.judges.tools import Tools

NAME: Final = "rust"
_403: Final = "failed: 403 Forbidden"
"""All that this client tells of a denied command; our sentence goes to its log."""
_PIPELINE: Final = "system account Pipeline recorded"
_ON_BAZ: Final = "contract_data:manage on Baz"

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
        says=(f"'/environments' {_403}",),
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
        claim="Sally publishes Foo/Bar with branch, tag and build URL, and reads our notices",
        who="sally",
        run="publish foo-bar.json -a 1.0.0 --branch main --tag dev --build-url http://127.0.0.1/builds/1",
        says=("Pact successfully published for Foo version 1.0.0 and provider Bar.",),
        silent_about=("Warning",),
        leaves=(
            "Sally created version 1.0.0 of the application Foo.",
            "Sally published the contract Foo/Bar for version 1.0.0.",
            "Sally tagged version 1.0.0 of the application Foo as dev.",
        ),
    ),
    Act(
        claim="Sally may not publish for Baz",
        who="sally",
        run="publish baz-bar.json -a 1.0.0 --branch main",
        ends=1,
        says=(f"'/contracts/publish' {_403}",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="its log has our sentence",
        who="sally",
        run="publish baz-bar.json -a 1.0.0 --log-level error",
        ends=1,
        says=(f"{FORBIDDEN} Missing: {_ON_BAZ}.",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="with her read-only token Sally may not tag",
        who="sally, reading",
        run="create-version-tag -a Foo -e 1.0.0 -t mine",
        says=("Failed", _403),
        denied=READ_ONLY,
    ),
    Act(
        claim="Billy publishes Bar/Baz",
        who="billy",
        run="publish bar-baz.json -a 1.0.0 --tag dev",
        says=("Pact successfully published for Bar version 1.0.0 and provider Baz.",),
        leaves=(
            "Billy published the contract Bar/Baz for version 1.0.0.",
            "Billy tagged version 1.0.0 of the application Bar as dev.",
        ),
    ),
)
NAMING: Final = (
    Act(
        claim="Sally tags a version",
        who="sally",
        run="create-version-tag -a Foo -e 1.0.0 -t prod",
        says=("with tag 'prod' - Success",),
        leaves=("Sally tagged version 1.0.0 of the application Foo as prod.",),
    ),
    Act(
        claim="Billy makes a version of Baz on a branch",
        who="billy",
        run="create-or-update-version -a Baz -e 1.1.0 --branch main",
        says=("Branch 'main' created for version '1.1.0'",),
        leaves=("Billy put version 1.1.0 of the application Baz on the branch main.",),
    ),
    Act(
        claim="Sally may not tag it",
        who="sally",
        run="create-version-tag -a Baz -e 1.1.0 -t prod",
        says=("Failed", f"'/pacticipants/Baz/versions/1.1.0/tags/prod' {_403}"),
        denied=_ON_BAZ,
    ),
    Act(
        claim="nor move it to a branch",
        who="sally",
        run="create-or-update-version -a Baz -e 1.1.0 --branch feat",
        ends=1,
        says=(f"'/pacticipants/Baz/branches/feat/versions/1.1.0' {_403}",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="Sally makes a version with branch and tag",
        who="sally",
        run="create-or-update-version -a Foo -e 1.1.0 --branch feat -t next",
        says=("Branch 'feat' created for version '1.1.0'", "Tag 'next' created for version '1.1.0'"),
        leaves=(
            "Sally put version 1.1.0 of the application Foo on the branch feat.",
            "Sally tagged version 1.1.0 of the application Foo as next.",
        ),
    ),
    Act(
        claim="Sally takes a tag away",
        who="sally",
        run="delete-version-tag -a Foo -e 1.0.0 -t prod",
        mark="tag",
        says=("Successfully deleted tag 'prod'",),
        leaves=("Sally took the tag prod from version 1.0.0 of the application Foo.",),
    ),
    Act(
        claim="that tag is gone",
        who="watcher",
        ask="GET /pacticipants/Foo/versions/1.0.0/tags/prod",
        ends=404,
    ),
    Act(
        claim="and is shown as of before",
        who="watcher",
        ask="GET /pacticipants/Foo/versions/1.0.0/tags/prod?as_of={tag}",
        ends=200,
        says=('"prod"',),
    ),
    Act(
        claim="Sally may not take one away from Baz",
        who="sally",
        run="delete-version-tag -a Baz -e 1.1.0 -t prod",
        ends=1,
        says=(f"'/pacticipants/Baz/versions/1.1.0/tags/prod' {_403}",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="Sally registers an application of her own",
        who="sally",
        run="create-or-update-pacticipant --name Shop --repository-url http://127.0.0.1/shop",
        says=("Shop", "created"),
        leaves=("Sally created the application Shop.",),
    ),
    Act(
        claim="Sally changes Foo",
        who="sally",
        run="create-or-update-pacticipant --name Foo --repository-url http://127.0.0.1/foo",
        says=("Pacticipant 'Foo' updated successfully",),
        leaves=(
            "Sally changed the repository url from nothing to http://127.0.0.1/foo of the application Foo.",
        ),
    ),
    Act(
        claim="Sally may not change Baz",
        who="sally",
        run="create-or-update-pacticipant --name Baz --repository-url http://127.0.0.1/baz",
        ends=1,
        says=(f"'/pacticipants/Baz' {_403}",),
        denied=_ON_BAZ,
    ),
)
READING: Final = (
    Act(
        claim="a version is described",
        who="watcher",
        run="describe-version -a Foo -e 1.0.0",
        says=("1.0.0", "dev"),
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
        says=("Name: Foo", "http://127.0.0.1/foo"),
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
        says=('"Foo"', '"Baz"', "1.0.0"),
    ),
)
READING_MORE: Final = (
    Act(
        claim="a provider's contracts on a branch are found",
        who="watcher",
        run="get-pacts --provider Bar --branch main",
        says=("/pacts/provider/Bar/consumer/Foo/",),
    ),
    Act(
        claim="and fetched",
        who="watcher",
        run="get-pacts --provider Bar --branch main --latest --download --download-dir fetched",
        says=("Foo-Bar-",),
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
        claim="and another to an instance",
        who="pipeline",
        run="record-deployment -a Foo -e 1.1.0 --environment prod --application-instance blue",
        says=("(application instance blue)",),
        leaves=(
            f"{_PIPELINE} the deployment of version 1.1.0 of the application Foo to prod (instance blue).",
        ),
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
        says=(_403,),
        denied="deployment_and_release:record on Foo",
    ),
    Act(
        claim="Sally, whose role sees no environment, is shown no way to record there",
        who="sally",
        run="record-release -a Foo -e 1.0.0 --environment prod",
        ends=1,
        says=("Environment prod does not exist",),
    ),
    Act(
        claim="Watcher reads what is deployed",
        who="watcher",
        run="describe-version -a Foo --environment prod --deployed",
        says=("1.0.0", "Deployed", "1.1.0", "blue"),
    ),
    Act(
        claim="and what is released",
        who="watcher",
        run="describe-version -a Foo --environment prod --released",
        says=("1.0.0",),
    ),
    Act(
        claim="Pipeline records that it is deployed no more",
        who="pipeline",
        run="record-undeployment -a Foo --environment prod",
        mark="undeployment",
        says=("Undeployed Foo from prod environment",),
        leaves=(f"{_PIPELINE} that version 1.0.0 of the application Foo is no longer deployed to prod.",),
    ),
    Act(
        claim="what was deployed is shown as of before",
        who="watcher",
        ask="GET /environments/{prod}/deployed-versions/currently-deployed?as_of={undeployment}",
        ends=200,
        says=('"1.0.0"', '"1.1.0"'),
    ),
    Act(
        claim="Pipeline records that it is supported no more",
        who="pipeline",
        run="record-support-ended -a Foo -e 1.0.0 --environment prod",
        says=("Recorded support ended for application Foo, version 1.0.0 from prod environment",),
        leaves=(f"{_PIPELINE} that version 1.0.0 of the application Foo is no longer supported in prod.",),
    ),
)
DELETING: Final = (
    Act(
        claim="Sally may not delete a branch of Baz",
        who="sally",
        run="delete-branch -a Baz --branch main",
        ends=1,
        says=(f"'/pacticipants/Baz/branches/main' {_403}",),
        denied=_ON_BAZ,
    ),
    Act(
        claim="Sally deletes a branch of Foo",
        who="sally",
        run="delete-branch -a Foo --branch feat",
        mark="branch",
        says=("Successfully deleted branch 'feat' of pacticipant 'Foo'",),
        leaves=(
            "Sally deleted the branch feat of the application Foo, which held 1 version.",
            "Sally thereby took from its branch Foo/feat/1.1.0.",
        ),
    ),
    Act(
        claim="that branch is shown as of before",
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
        says=(_403,),
        denied="environment:manage on {test}",
    ),
    Act(
        claim="Kevin deletes it",
        who="kevin",
        run="delete-environment --uuid {test}",
        mark="environment",
        says=("Environment test with UUID {test} deleted",),
        leaves=("Kevin deleted the environment test.",),
    ),
    Act(
        claim="that environment is shown as of before",
        who="watcher",
        ask="GET /environments/{test}?as_of={environment}",
        ends=200,
        says=("Testing",),
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
    """Prove every act, then that the record holds them and nothing else."""
    client = tools.pact_cli(found.rust, "pact-broker")
    async with company.opened(NAME) as ours:
        pacts.written(ours.directory)
        stage = acts.Stage(ours, (*client, *acts.BROKER))
        await stage.judged(
            proofs,
            *ENVIRONMENTS,
            *PUBLISHING,
            *NAMING,
            *READING,
            *READING_MORE,
            *DEPLOYING,
            *DELETING,
            *acts.DELETING,
            *BROKERING,
        )
