"""The provider's side: the verifier written in Rust fetches contracts, asks a provider, and publishes results."""

from typing import Final

from tests.judges import acts, company, provider, tools
from tests.judges.acts import ACT, FORBIDDEN, READ_ONLY, Act
from tests.judges.proofs import Proofs
from tests.judges.tools import Tools

NAME: Final = "verifier"
ON_BAZ: Final = "contract_data:manage on Baz"
_BAR_BAZ: Final = "/pacts/provider/Baz/consumer/Bar"
CONTRACT: Final = {
    "consumer": {"name": "Bar"},
    "provider": {"name": "Baz"},
    "interactions": [
        {
            "description": "a request for one thing",
            "request": {"method": "GET", "path": "/one-thing"},
            "response": {"status": 200},
        }
    ],
    "metadata": {"pactSpecification": {"version": "2.0.0"}},
}
PUBLISHED: Final = Act(
    claim="Billy publishes Bar/Baz",
    who="billy",
    ask=f"PUT {_BAR_BAZ}/version/1.0.0",
    sends=CONTRACT,
    ends=201,
    keep={"digest": "/pact-version/([0-9a-f]+)"},
    leaves=("Billy published the contract Bar/Baz for version 1.0.0.",),
)
_ALL: Final = """--consumer-version-selectors {"latest":true}"""
ACTS: Final = (
    PUBLISHED,
    Act(
        claim="Watcher, who may read, verifies and publishes nothing",
        who="watcher",
        run=f"{{good}} --provider-version 3.0.0 --provider-branch main {_ALL}",
        says=("a request for one thing", "has status code 200 (OK)"),
    ),
    Act(
        claim="the same without a word on which contracts: the newest",
        who="watcher",
        run="{good} --provider-version 3.0.0",
        says=("a request for one thing", "has status code 200 (OK)"),
    ),
    Act(
        claim="Billy, of the provider's team, verifies and publishes with branch and tags",
        who="billy",
        run=f"{{good}} --publish --provider-version 3.0.0 --provider-branch main --provider-tags dev,prod {_ALL}",
        says=("has status code 200 (OK)",),
        silent_about=("ERROR",),
        leaves=(
            "Billy put version 3.0.0 of the application Baz on the branch main.",
            "Billy tagged version 3.0.0 of the application Baz as dev.",
            "Billy tagged version 3.0.0 of the application Baz as prod.",
            "Billy published that version 3.0.0 of Baz passed the verification of Bar/Baz.",
        ),
    ),
    Act(
        claim="Sally, of the consumer's team alone, verifies and may not publish it",
        who="sally",
        run=f"{{good}} --publish --provider-version 3.0.1 --provider-branch main {_ALL}",
        says=("has status code 200 (OK)", "Failed to push branch main for provider version 3.0.1"),
        denied=ON_BAZ,
    ),
    Act(
        claim="with her read-only token Sally fetches what is to be verified, and is shown no way to publish",
        who="sally, reading",
        run=f"{{good}} --publish --provider-version 3.0.1 {_ALL}",
        says=("has status code 200 (OK)", "no 'pb:publish-verification-results' link"),
    ),
    Act(
        claim="nor may she by the address",
        who="sally, reading",
        ask=f"POST {_BAR_BAZ}/pact-version/{{digest}}/verification-results",
        sends={"success": True, "providerApplicationVersion": "3.0.1"},
        ends=403,
        says=(FORBIDDEN,),
        denied=READ_ONLY,
    ),
    Act(
        claim="what a provider breaks is published as a failure",
        who="billy",
        run=f"{{bad}} --publish --provider-version 3.0.2 --provider-branch main {_ALL}",
        ends=1,
        says=("expected 200 but was 500",),
        leaves=(
            "Billy put version 3.0.2 of the application Baz on the branch main.",
            "Billy published that version 3.0.2 of Baz failed the verification of Bar/Baz.",
        ),
    ),
    Act(
        claim="which is then the contract's newest result",
        who="watcher",
        ask=f"GET {_BAR_BAZ}/version/1.0.0/verification-results/latest",
        ends=200,
        says=('"success":false', '"3.0.2"'),
        keep={"number": '/verification-results/([0-9]+)"'},
    ),
    Act(
        claim="Sally may not delete it",
        who="sally",
        ask=f"DELETE {_BAR_BAZ}/pact-version/{{digest}}/verification-results/{{number}}",
        ends=403,
        says=(FORBIDDEN, f"Missing: {ON_BAZ}."),
        denied=ON_BAZ,
    ),
    Act(
        claim="Billy deletes it",
        who="billy",
        ask=f"DELETE {_BAR_BAZ}/pact-version/{{digest}}/verification-results/{{number}}",
        mark="before",
        ends=204,
        leaves=("Billy deleted the verification result {number} of Bar/Baz, by version 3.0.2.",),
    ),
    Act(
        claim="that result is gone",
        who="watcher",
        ask=f"GET {_BAR_BAZ}/pact-version/{{digest}}/verification-results/{{number}}",
        ends=404,
    ),
    Act(
        claim="and is shown as of before",
        who="watcher",
        ask=f"GET {_BAR_BAZ}/pact-version/{{digest}}/verification-results/{{number}}?as_of={{before}}",
        ends=200,
        says=('"success":false', '"3.0.2"'),
    ),
)


async def judge(proofs: Proofs, found: Tools) -> None:
    """Prove every act, then that the record holds them and nothing else."""
    client = tools.pact_cli(found.rust, "pact-verifier")
    where = (
        "--broker-url",
        "{url}",
        "--token",
        "{token}",
        "--provider-name",
        "Baz",
        "--hostname",
        "127.0.0.1",
    )
    async with company.opened(NAME) as ours, provider.serving(200) as good, provider.serving(500) as bad:
        stage = acts.Stage(
            ours, (*client, *where, "--no-colour", "--port", ACT), good=str(good), bad=str(bad)
        )
        await stage.judged(proofs, *ACTS)
