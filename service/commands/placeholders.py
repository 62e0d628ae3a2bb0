"""Placeholders in a webhook's request: `${user.<name>}` draws on a secret, `${pactbroker.<name>}` on what happened.

They may stand anywhere in the URL, in the values of headers, in the user name and the password, and in the body: in
a text, or in any text within JSON, members' names included (section 3.7 of the vendor's rules). What has another form
is no placeholder and is sent as it stands.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final, NamedTuple

PATTERN: Final = re.compile(r"\$\{(user|pactbroker)\.([^{}]+)\}")
USER: Final = "user"
BROKER: Final = "pactbroker"


class Placeholder(NamedTuple):
    """`space` is `user` (a secret) or `pactbroker` (a variable)."""

    space: str
    name: str

    @property
    def key(self) -> str:
        """`user.Token`, as it stands between the braces."""
        return f"{self.space}.{self.name}"


class Variable(NamedTuple):
    """What a request may draw on of the event that triggered it."""

    name: str
    description: str

    @property
    def text(self) -> str:
        """How it stands in a request."""
        return f"${{{BROKER}.{self.name}}}"


def names(text: str) -> tuple[Placeholder, ...]:
    """The placeholders of one text, each once. Names are NFC, as those of secrets are."""
    if "${" not in text:
        return ()
    return tuple(
        dict.fromkeys(
            Placeholder(one[1], unicodedata.normalize("NFC", one[2])) for one in PATTERN.finditer(text)
        )
    )


def replaced(text: str, put: Callable[[Placeholder], str | None]) -> str:
    """The text with what `put` says in the place of each placeholder; where it says None, that one stays."""
    if "${" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        given = put(Placeholder(found[1], unicodedata.normalize("NFC", found[2])))
        return found[0] if given is None else given

    return PATTERN.sub(value, text)


VARIABLES: Final = (
    Variable("pactUrl", "The address of the pact that was published or verified."),
    Variable("consumerName", "The name of the consumer."),
    Variable("providerName", "The name of the provider."),
    Variable("consumerVersionNumber", "The consumer's version that the pact was published with."),
    Variable("consumerVersionBranch", "The branch of that version."),
    Variable("consumerVersionTags", "The tags of that version, separated by a comma and a space."),
    Variable("consumerLabels", "The labels of the consumer, separated by a comma and a space."),
    Variable(
        "providerVersionNumber", "The provider's version that verified the pact, or has yet to verify it."
    ),
    Variable("providerVersionBranch", "The branch of that version."),
    Variable("providerVersionTags", "The tags of that version, separated by a comma and a space."),
    Variable(
        "providerVersionDescriptions",
        "Why that version has yet to verify the pact; only for contract_requiring_verification_published.",
    ),
    Variable("providerLabels", "The labels of the provider, separated by a comma and a space."),
    Variable("verificationResultUrl", "The address of the verification's result."),
    Variable("githubVerificationStatus", "What the verification came to, in the words of GitHub's API."),
    Variable("gitlabVerificationStatus", "What the verification came to, in the words of GitLab's API."),
    Variable(
        "bitbucketVerificationStatus", "What the verification came to, in the words of Bitbucket's API."
    ),
    Variable("azureDevOpsVerificationStatus", "What the verification came to, in the words of Azure DevOps."),
    Variable("eventName", "The name of the event that triggered the webhook."),
    Variable("buildUrl", "The address of the build that published what triggered the webhook."),
)
"""The variables of the open-source broker, each under its name there."""
