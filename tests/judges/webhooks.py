"""Webhooks by the clients' hands: made, changed, tried and deleted in Ruby and Rust, fired by what clients publish.

Where they send to is a real receiver. Whoever has no right to a webhook gets none by any client.
"""

import base64
from typing import Final

from tests import receiver
from tests.judges import acts, company, pacts, provider, tools
from tests.judges.acts import ACT, FORBIDDEN, Act
from tests.judges.proofs import Proofs
from tests.judges.tools import Tools

NAME: Final = "webhooks"
SETTINGS: Final = {
    "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "MUNIMENT_WEBHOOK_RETRY_SECONDS": "1,1",
}
_VALUE: Final = "the-value-of-the-secret"
_RUBYS: Final = "9b1f6a50-6d27-4c3a-8a54-0f2f2f7f0a11"
_RUSTS: Final = "9b1f6a50-6d27-4c3a-8a54-0f2f2f7f0a12"
_SENT: Final = (
    """--request POST --header X-Key:${user.Token} --data {"event":"${pactbroker.eventName}"}"""
    " --user robot:${user.Token}"
)
_PAIR: Final = "--consumer Foo --provider Bar"
_ALL: Final = """--consumer-version-selectors {"latest":true}"""
_HOOKS: Final = ("nobodys", "ruby", "rusty")
_BASIC: Final = base64.b64encode(f"robot:{_VALUE}".encode()).decode()
_ARRIVING: Final = ("POST /ruby", "POST /rust")

SECRETS: Final = (
    Act(
        claim="over plain HTTP: Builder makes a secret of its team",
        who="builder",
        ask="POST /secrets",
        sends={"name": "Token", "description": "", "value": _VALUE, "teamUuid": "{A}"},
        ends=201,
        silent_about=(_VALUE,),
        leaves=("system account Builder created the secret Token of the team A.",),
    ),
)
RUBY: Final = (
    Act(
        claim="Ruby: Kevin makes a webhook of no team for Foo and Bar",
        who="kevin",
        run="create-webhook {there}/no-team --request POST --description nobodys --contract-published "
        + _PAIR,
        says=('Webhook "nobodys" created',),
        leaves=("Kevin created the webhook nobodys: POST {there}.",),
    ),
    Act(
        claim="Ruby: Builder, who may make its team's, is told that a team is missing",
        who="builder",
        run="create-webhook {there}/none --request POST --contract-published " + _PAIR,
        ends=1,
        says=("status=400", "teamUuid"),
    ),
    Act(
        claim="Ruby: Builder makes one of its team under an id of its own",
        who="builder",
        run=f"create-or-update-webhook {{there}}/ruby --uuid {_RUBYS} --team-uuid {{A}} --description ruby "
        f"--contract-content-changed {_SENT} {_PAIR}",
        says=('Webhook "ruby" created',),
        silent_about=(_VALUE,),
        leaves=("system account Builder created the webhook ruby of the team A: POST {there}.",),
    ),
    Act(
        claim="Ruby: the very same again changes nothing",
        who="builder",
        run=f"create-or-update-webhook {{there}}/ruby --uuid {_RUBYS} --team-uuid {{A}} --description ruby "
        f"--contract-content-changed {_SENT} {_PAIR}",
        says=('Webhook "ruby" updated',),
    ),
    Act(
        claim="Ruby: Builder makes none of another team's",
        who="builder",
        run="create-or-update-webhook {there}/b --uuid 9b1f6a50-6d27-4c3a-8a54-0f2f2f7f0a13 --team-uuid {B} "
        f"--description b --request POST --contract-content-changed {_PAIR}",
        ends=1,
        says=(f"status=403 body={FORBIDDEN}",),
        denied="webhook:manage",
    ),
    Act(
        claim="Ruby: Watcher, who may manage none, is shown no way to one",
        who="watcher",
        run=f"create-or-update-webhook {{there}}/mine --uuid {_RUBYS} --description mine --request POST "
        f"--contract-content-changed {_PAIR}",
        ends=1,
        says=("does not support creating webhooks with a specified UUID",),
    ),
    Act(
        claim="Ruby: for a pair, where the client asks nobody for the way, Watcher reads seed 002's sentence",
        who="watcher",
        run="create-webhook {there}/mine --request POST --contract-published " + _PAIR,
        ends=1,
        says=(f"status=403 body={FORBIDDEN}",),
        denied="webhook:manage",
    ),
    Act(
        claim="nor may Watcher look at it by its address",
        who="watcher",
        ask=f"GET /webhooks/{_RUBYS}",
        ends=403,
        says=(FORBIDDEN,),
        silent_about=("robot",),
    ),
    Act(
        claim="Ruby: Builder tries it, and the value arrives where it must and is not told",
        who="builder",
        run=f"test-webhook --uuid {_RUBYS}",
        says=("200",),
        silent_about=(_VALUE,),
        arrives=(f"'X-Key': '{_VALUE}', 'Authorization': 'Basic {_BASIC}'",),
        leaves=(
            "system account Builder had the webhook ruby execute once as a test: POST {there}.",
            "The service executed the webhook ruby (attempt 1, status 200).",
        ),
    ),
)
RUST: Final = (
    Act(
        claim="Rust: Builder makes one of its team under an id of its own",
        who="builder",
        client="rust",
        run=f"create-or-update-webhook {{there}}/rust --uuid {_RUSTS} --team-uuid {{A}} --description rust "
        f"--contract-content-changed {_SENT} {_PAIR}",
        says=('"rust"',),
        silent_about=(_VALUE,),
        leaves=("system account Builder created the webhook rust of the team A: POST {there}.",),
    ),
    Act(
        claim="Rust: and changes it",
        who="builder",
        client="rust",
        run=f"create-or-update-webhook {{there}}/rust --uuid {_RUSTS} --team-uuid {{A}} --description rusty "
        f"--contract-content-changed {_SENT} {_PAIR}",
        says=('"rusty"',),
        leaves=("system account Builder changed description of the webhook rusty.",),
    ),
    Act(
        claim="Rust: Watcher may not",
        who="watcher",
        client="rust",
        run="create-webhook {there}/mine --request POST --description mine --contract-published " + _PAIR,
        ends=1,
        says=("403 Forbidden",),
        denied="webhook:manage",
    ),
    Act(
        claim="Rust: Builder tries it",
        who="builder",
        client="rust",
        run=f"test-webhook --uuid {_RUSTS}",
        says=('"success":true',),
        silent_about=(_VALUE,),
        arrives=(f"'X-Key': '{_VALUE}', 'Authorization': 'Basic {_BASIC}'",),
        leaves=(
            "system account Builder had the webhook rusty execute once as a test: POST {there}.",
            "The service executed the webhook rusty (attempt 1, status 200).",
        ),
    ),
)
FIRED: Final = (
    Act(
        claim="a webhook for Bar's results, over plain HTTP: Kevin",
        who="kevin",
        ask="POST /webhooks",
        sends={
            "description": "results",
            "events": [{"name": "provider_verification_failed"}, {"name": "provider_verification_succeeded"}],
            "provider": {"name": "Bar"},
            "request": {"method": "POST", "url": "{there}/results", "body": "${pactbroker.eventName}"},
        },
        ends=201,
        leaves=("Kevin created the webhook results: POST {there}.",),
    ),
    Act(
        claim="Ruby: what Sally publishes fires all three, each with what is its own",
        who="sally",
        run="publish foo-bar.json -a 1.0.0",
        says=("Pact successfully published for Foo version 1.0.0 and provider Bar.",),
        arrives=("POST /no-team", *_ARRIVING),
        leaves=(
            "Sally published the contract Foo/Bar for version 1.0.0.",
            "Sally thereby triggered the webhooks ruby and rusty by contract_content_changed of Foo/Bar.",
            "Sally thereby triggered the webhook nobodys by contract_published of Foo/Bar.",
            *(f"The service executed the webhook {one} (attempt 1, status 200)." for one in _HOOKS),
        ),
    ),
    Act(
        claim="Ruby: what she may not publish fires nothing",
        who="sally",
        run="publish baz-bar.json -a 1.0.0",
        ends=1,
        says=(FORBIDDEN,),
        denied="contract_data:manage on Baz",
    ),
    Act(
        claim="Ruby: the same content for another version fires only who waits for publications",
        who="sally",
        run="publish foo-bar.json -a 1.0.1",
        says=("Pact successfully published for Foo version 1.0.1 and provider Bar.",),
        arrives=("POST /no-team",),
        leaves=(
            "Sally published the contract Foo/Bar for version 1.0.1.",
            "Sally thereby triggered the webhook nobodys by contract_published of Foo/Bar.",
            "The service executed the webhook nobodys (attempt 1, status 200).",
        ),
    ),
    Act(
        claim="Rust: another content fires all three again, and the client is told",
        who="sally",
        client="rust",
        run="publish foo-bar-more.json -a 1.0.2",
        says=("Pact successfully published for Foo version 1.0.2 and provider Bar.",),
        arrives=("POST /no-team", *_ARRIVING),
        leaves=(
            "Sally published the contract Foo/Bar for version 1.0.2.",
            "Sally thereby triggered the webhooks ruby and rusty by contract_content_changed of Foo/Bar.",
            "Sally thereby triggered the webhook nobodys by contract_published of Foo/Bar.",
            *(f"The service executed the webhook {one} (attempt 1, status 200)." for one in _HOOKS),
        ),
    ),
    Act(
        claim="the verifier: a success that Billy publishes fires",
        who="billy",
        client="verifier",
        run=f"{{good}} --publish --provider-version 3.0.0 {_ALL}",
        says=("has status code 200 (OK)",),
        arrives=("provider_verification_succeeded",),
        leaves=(
            "Billy published that version 3.0.0 of Bar passed the verification of Foo/Bar.",
            "Billy thereby triggered the webhook results by provider_verification_succeeded of Foo/Bar.",
            "The service executed the webhook results (attempt 1, status 200).",
        ),
    ),
    Act(
        claim="the verifier: so does a failure",
        who="billy",
        client="verifier",
        run=f"{{bad}} --publish --provider-version 3.0.1 {_ALL}",
        ends=1,
        says=("expected 200 but was 500",),
        arrives=("provider_verification_failed",),
        leaves=(
            "Billy published that version 3.0.1 of Bar failed the verification of Foo/Bar.",
            "Billy thereby triggered the webhook results by provider_verification_failed of Foo/Bar.",
            "The service executed the webhook results (attempt 1, status 200).",
        ),
    ),
)
DELETING: Final = (
    Act(
        claim="Rust: Watcher, who is shown no way to it, deletes nothing, and is told that there is none",
        who="watcher",
        client="rust",
        run=f"delete-webhook --uuid {_RUSTS}",
        says=("was not found",),
    ),
    Act(
        claim="Watcher may not delete it by its address either",
        who="watcher",
        ask=f"DELETE /webhooks/{_RUSTS}",
        ends=403,
        says=(FORBIDDEN,),
        denied=f"webhook:manage on {_RUSTS}",
    ),
    Act(
        claim="Rust: Builder deletes it",
        who="builder",
        client="rust",
        run=f"delete-webhook --uuid {_RUSTS}",
        mark="deleted",
        says=("successfully deleted",),
        leaves=("system account Builder deleted the webhook rusty of the team A.",),
    ),
    Act(
        claim="Rust: it is gone, which the client takes for done",
        who="builder",
        client="rust",
        run=f"delete-webhook --uuid {_RUSTS}",
        says=("was not found",),
    ),
    Act(
        claim="to Kevin that webhook is shown as of before, without its request's body",
        who="kevin",
        ask=f"GET /webhooks/{_RUSTS}?as_of={{deleted}}",
        ends=200,
        says=("rusty", "{there}"),
        silent_about=("eventName",),
    ),
)


async def judge(proofs: Proofs, found: Tools) -> None:
    """Prove every act, then that the record holds them and nothing else."""
    ruby, rust = (tools.pact_cli(one, "pact-broker") for one in (found.ruby, found.rust))
    verifier = (
        *tools.pact_cli(found.rust, "pact-verifier"),
        *("--broker-url", "{url}", "--token", "{token}", "--provider-name", "Bar"),
        *("--hostname", "127.0.0.1", "--no-colour", "--port", ACT),
    )
    others = {"rust": (*rust, *acts.BROKER), "verifier": verifier}
    async with (
        receiver.listening() as there,
        company.opened(NAME, **SETTINGS) as ours,
        provider.serving(200) as good,
        provider.serving(500) as bad,
    ):
        pacts.written(ours.directory)
        names = {"there": there.url("").rstrip("/"), "good": str(good), "bad": str(bad)}
        stage = acts.Stage(ours, (*ruby, *acts.BROKER), others, there, **names)
        await stage.judged(proofs, *SECRETS, *RUBY, *RUST, *FIRED, *DELETING)
