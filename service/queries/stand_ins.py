"""What a webhook that is tried tells of where there is no contract or result yet: as the open-source broker does.

A test must show what a request looks like, also before anything was published.
"""

from typing import Final

_DIGEST: Final = "5d445a4612743728dfd99ccd4210423c052bb9db"
_CONTENT: Final = f"/pacts/provider/placeholder-provider/consumer/placeholder-consumer/pact-version/{_DIGEST}"
_CONTRACT: Final = {
    "consumerName": "placeholder-consumer",
    "consumerVersionNumber": "gggghhhhjjjjkkkkllll66667777888899990000",
    "consumerVersionTags": "dev",
    "consumerVersionBranch": "main",
    "consumerLabels": "placeholder-consumer-label",
    "providerName": "placeholder-provider",
    "providerVersionNumber": "",
    "providerVersionTags": "",
    "providerVersionBranch": "",
    "providerVersionDescriptions": "",
    "providerLabels": "placeholder-provider-label",
    "verificationResultUrl": "",
    "githubVerificationStatus": "pending",
    "bitbucketVerificationStatus": "INPROGRESS",
    "azureDevOpsVerificationStatus": "pending",
    "gitlabVerificationStatus": "pending",
    "eventName": "test",
    "buildUrl": "",
    "currentlyDeployedProviderVersionNumber": "",
}
_RESULT: Final = {
    "providerVersionNumber": "aaaabbbbccccddddeeeeffff1111222233334444",
    "providerVersionTags": "master",
    "githubVerificationStatus": "success",
    "bitbucketVerificationStatus": "SUCCESSFUL",
    "azureDevOpsVerificationStatus": "succeeded",
    "gitlabVerificationStatus": "success",
}


def of_contract(base_url: str) -> dict[str, str]:
    """Every variable, of a contract that is nobody's."""
    return {**_CONTRACT, "pactUrl": f"{base_url}{_CONTENT}"}


def of_result(base_url: str) -> dict[str, str]:
    """What a result that succeeded adds, for webhooks that wait for one."""
    return {**_RESULT, "verificationResultUrl": f"{base_url}{_CONTENT}/verification-results/1"}
