"""The links of the index, and the relations that other documents show: where they lead, and what they need."""

import re
from typing import Final

import msgspec


class Link(msgspec.Struct, frozen=True):
    """A link of the index: its relation, where it leads, what it is, and one of the actions that it needs."""

    relation: str
    path: str
    title: str
    needs: tuple[str, ...] = ()
    changes: bool = False
    """Whether it is for orders, which a read-only token gives in vain."""


_READ: Final = ("contract_data:read",)
OF_PROVIDER: Final = tuple(
    Link(relation, f"/pacts/provider/{{provider}}{rest}", title, _READ)
    for relation, rest, title in (
        ("pb:provider-pacts-for-verification", "/for-verification", "Pacts to be verified by a provider"),
        ("beta:provider-pacts-for-verification", "/for-verification", "The same, under its older name"),
        ("pb:provider-pacts", "", "A provider's pacts"),
        ("pb:provider-pacts-with-tag", "/tag/{tag}", "Those of consumer versions with a tag"),
        ("pb:provider-pacts-with-branch", "/branch/{branch}", "Those of a consumer branch"),
        ("pb:provider-pacts-with-main-branch", "/branch", "Those of the consumers' main branches"),
        ("pb:latest-provider-pacts", "/latest", "A provider's latest pacts"),
        ("pb:latest-provider-pacts-with-tag", "/latest/{tag}", "The latest with a consumer version tag"),
        (
            "pb:latest-provider-pacts-with-branch",
            "/branch/{branch}/latest",
            "The latest of a consumer branch",
        ),
        (
            "pb:latest-provider-pacts-with-main-branch",
            "/branch/latest",
            "The latest of the consumers' main branches",
        ),
    )
)
"""What a provider's verification begins with."""

_PAIR: Final = "/pacts/provider/{provider}/consumer/{consumer}"
OF_PAIR: Final = tuple(
    Link(relation, f"{_PAIR}{rest}", title, _READ)
    for relation, rest, title in (
        ("pb:tagged-pact-versions", "/tag/{tag}", "All versions of a pact with a consumer version tag"),
        ("pb:branch-pact-versions", "/branch/{branch}", "All versions of a pact on a consumer branch"),
        ("pb:latest-branch-pact-versions", "/branch/{branch}/latest/versions", "The newest of them"),
        ("pb:main-branch-pact-versions", "/branch/versions", "All of the consumer's main branch"),
        ("pb:latest-main-branch-pact-versions", "/branch/latest/versions", "The newest of them"),
    )
)
"""An integration's contracts by tag or branch."""
LINKS: Final = (
    Link("self", "/", "Index"),
    Link(
        "pb:publish-contracts",
        "/contracts/publish",
        "Publish contracts",
        ("contract_data:manage",),
        changes=True,
    ),
    Link(
        "pb:publish-pact",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{consumerApplicationVersion}",
        "Publish a pact",
        ("contract_data:manage",),
        changes=True,
    ),
    *OF_PAIR,
    Link("pb:pacticipants", "/pacticipants", "Applications", ("contract_data:read",)),
    Link(
        "pb:pacticipant",
        "/pacticipants/{pacticipant}",
        "Fetch an application by name",
        ("contract_data:read",),
    ),
    Link("pb:labels", "/labels", "Labels of applications", ("contract_data:read",)),
    Link(
        "pb:pacticipants-with-label",
        "/pacticipants/label/{label}",
        "Applications that carry a label",
        ("contract_data:read",),
    ),
    Link(
        "pb:latest-version",
        "/pacticipants/{pacticipant}/latest-version",
        "Latest pacticipant version",
        ("contract_data:read",),
    ),
    Link(
        "pb:latest-tagged-version",
        "/pacticipants/{pacticipant}/latest-version/{tag}",
        "Latest pacticipant version with the specified tag",
        ("contract_data:read",),
    ),
    Link(
        "pb:pacticipant-version",
        "/pacticipants/{pacticipant}/versions/{version}",
        "Get, create or delete a pacticipant version",
        ("contract_data:read",),
    ),
    Link(
        "pb:pacticipant-version-tag",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "Get, create or delete a tag for a pacticipant version",
        ("contract_data:read",),
    ),
    Link(
        "pb:pacticipant-branch",
        "/pacticipants/{pacticipant}/branches/{branch}",
        "Get or delete a pacticipant branch",
        ("contract_data:read",),
    ),
    Link(
        "pb:pacticipant-branch-version",
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        "Get or add/create a pacticipant version for a branch",
        ("contract_data:read",),
    ),
    Link("pb:latest-pact-versions", "/pacts/latest", "Latest pact versions", _READ),
    *OF_PROVIDER,
    Link("pb:integrations", "/integrations", "Integrations", ("contract_data:read",)),
    Link("pb:environments", "/environments", "Environments", ("environment:read",)),
    Link("pb:environment", "/environments/{uuid}", "Environment", ("environment:read",)),
    Link("pf:secrets", "/secrets", "Secrets", ("secret:read",)),
    Link("pb:webhooks", "/webhooks", "Webhooks", ("webhook:manage",)),
    Link("pb:webhook", "/webhooks/{uuid}", "Webhook", ("webhook:manage",)),
    Link("pf:admin-roles", "/admin/roles", "Roles", ("role:read",)),
    Link("pf:admin-permissions", "/admin/permissions", "Permissions", ("role:read",)),
    Link("pf:admin-catalogues", "/admin/catalogues", "Permission catalogues", ("role:read",)),
    Link("pf:admin-resources", "/admin/resources", "Registered things", ("resource:read",)),
    Link("pf:admin-teams", "/admin/teams", "Teams", ("team:read",)),
    Link("pf:admin-users", "/admin/users", "Users", ("user:read", "system_account:read")),
    Link("pf:current-user", "/user", "You"),
    Link("pf:tokens", "/settings/tokens", "Your API tokens", ("token:manage", "read_token:manage")),
    Link("pf:system-preferences", "/preferences/system", "Preferences of the account"),
    Link("pf:current-user-preferences", "/preferences/current-user", "Your preferences"),
    Link(
        "pf:authentication-settings",
        "/admin/tenant/authentication-settings",
        "Who may sign in",
        ("authentication_settings:manage",),
    ),
    Link("pf:audit", "/audit", "The audit trail", ("audit:read",)),
    Link("mun:evaluation", "/access/v1/evaluation", "Ask who may do what", ("access:evaluate",)),
    Link("mun:evaluations", "/access/v1/evaluations", "Ask it many times at once", ("access:evaluate",)),
    Link("mun:why", "/access/v1/why{?subject,action,resource}", "Ask why somebody may", ("access:explain",)),
)

OF_APPLICATION: Final = (
    Link("pb:versions", "/pacticipants/{pacticipant}/versions", "Its versions", ("contract_data:read",)),
    Link(
        "pb:version",
        "/pacticipants/{pacticipant}/versions/{version}",
        "Get, create or delete a pacticipant version",
        ("contract_data:read",),
    ),
    Link(
        "pb:version-tag",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "Get, create or delete a tag for a version",
        ("contract_data:read",),
    ),
    Link("pb:branches", "/pacticipants/{pacticipant}/branches", "Its branches", ("contract_data:read",)),
    Link(
        "pb:branch-version",
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        "Get or add/create a version for a branch",
        ("contract_data:read",),
    ),
    Link(
        "pb:label",
        "/pacticipants/{pacticipant}/labels/{label}",
        "Get, create or delete a label",
        ("contract_data:read",),
    ),
    Link(
        "pf:network",
        "/pacticipant/{pacticipant}/network",
        "The integrations that it takes part in",
        ("contract_data:read",),
    ),
)
"""Relations that an application's document shows: whoever reads it may follow them."""

IN_DOCUMENTS: Final = (
    *OF_APPLICATION,
    Link(
        "pb:tag",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "Get, create or delete a tag for this version",
        ("contract_data:read",),
    ),
    Link(
        "pb:branch",
        "/pacticipants/{pacticipant}/branches/{branch}",
        "The branch that the version is on",
        ("contract_data:read",),
    ),
    Link(
        "pb:latest-verification-results-where-pacticipant-is-consumer",
        "/verification-results/consumer/{consumer}/version/{version}/latest",
        "What providers made of a version's contracts",
        ("contract_data:read",),
    ),
    Link(
        "pb:pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{version}",
        "The contracts of a version",
        ("contract_data:read",),
    ),
    Link(
        "pb:record-deployment",
        "/pacticipants/{pacticipant}/versions/{version}/deployed-versions/environment/{environment}",
        "GET: the deployments of a version to an environment; POST: record one",
        ("contract_data:read", "environment:read"),
    ),
    Link(
        "pb:record-release",
        "/pacticipants/{pacticipant}/versions/{version}/released-versions/environment/{environment}",
        "GET: the release of a version to an environment; POST: record it",
        ("contract_data:read", "environment:read"),
    ),
    Link(
        "pb:deployed-environments",
        "/deployed-versions/{uuid}",
        "Where a version is deployed, or was",
        ("contract_data:read", "environment:read"),
    ),
    Link(
        "pb:released-environments",
        "/released-versions/{uuid}",
        "Where a version is released, or was",
        ("contract_data:read", "environment:read"),
    ),
    Link(
        "pb:currently-deployed-deployed-versions",
        "/environments/{uuid}/deployed-versions/currently-deployed",
        "What is deployed to an environment",
        ("environment:read",),
    ),
    Link(
        "pb:currently-supported-released-versions",
        "/environments/{uuid}/released-versions/currently-supported",
        "What is released to an environment and supported there",
        ("environment:read",),
    ),
    Link("pf:reset", "/admin/roles/reset", "POST: reset the predefined roles", ("role:manage",)),
    Link("pf:membership", "/teams/{uuid}/users/{user}", "One member of a team", ("team:read",)),
    Link(
        "pf:integrations",
        "/integrations/team/{uuid}",
        "The integrations of a team's applications",
        ("contract_data:read",),
    ),
    Link(
        "pb:pacts",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{version}",
        "Each of the pacts listed",
        _READ,
    ),
    Link("pb:regenerate", "/settings/tokens/{uuid}/regenerate", "POST: another value for a token"),
    Link(
        "pb:delete_integration",
        "/integrations/provider/{provider}/consumer/{consumer}",
        "DELETE: an integration, and what then stands alone",
        ("contract_data:bulk_delete",),
    ),
    Link(
        "pb:latest-pact-version",
        "/pacts/provider/{provider}/consumer/{consumer}/latest",
        "The contract of the newest version",
        ("contract_data:read",),
    ),
    Link(
        "pb:all-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/versions",
        "The contracts of every version",
        ("contract_data:read",),
    ),
    Link(
        "pb:latest-tagged-pact-version",
        "/pacts/provider/{provider}/consumer/{consumer}/latest/{tag}",
        "The contract of the newest version with a tag",
        ("contract_data:read",),
    ),
    Link(
        "pb:pact-version",
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{digest}",
        "A content, whichever versions have it",
        ("contract_data:read",),
    ),
    Link(
        "pb:publish-verification-results",
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{digest}/verification-results",
        "POST: what the provider's verification of a content came to",
        ("contract_data:manage",),
        changes=True,
    ),
    Link(
        "pb:latest-verification-results",
        "/pacts/provider/{provider}/consumer/{consumer}/pact-version/{digest}/verification-results/latest",
        "What a content's latest verification came to, once there is one",
        ("contract_data:read",),
    ),
    Link(
        "pb:consumer-version",
        "/pacticipants/{pacticipant}/versions/{version}",
        "The consumer's version",
        ("contract_data:read",),
    ),
    Link(
        "pb:tag-version",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "PUT: tag the consumer's version",
        ("contract_data:manage",),
        changes=True,
    ),
    Link(
        "pb:tag-prod-version",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "PUT: tag the consumer's version as 'prod'",
        ("contract_data:manage",),
        changes=True,
    ),
    Link(
        "pb:pacticipant-version-tags",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "The tags that were put",
        ("contract_data:read",),
    ),
    Link("pb:create", "/webhooks", "POST: make a webhook", ("webhook:manage",), changes=True),
    Link(
        "pb:pact-webhooks",
        "/webhooks/provider/{provider}/consumer/{consumer}",
        "The webhooks that name both sides of a pact",
        ("webhook:manage",),
    ),
    Link(
        "pb:consumer-webhooks",
        "/webhooks/consumer/{consumer}",
        "The webhooks that name a consumer, for any provider",
        ("webhook:manage",),
    ),
    Link(
        "pb:execute",
        "/webhooks/{uuid}/execute",
        "POST: send a webhook's request once, to try it",
        ("webhook:manage",),
        changes=True,
    ),
    Link(
        "mun:deliveries", "/webhooks/{uuid}/deliveries", "What a webhook sent and owes", ("webhook:manage",)
    ),
    Link(
        "pb:triggered-webhooks",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{version}/triggered-webhooks",
        "What the publication of a contract or a result triggered",
        ("webhook:manage",),
    ),
    Link("pb:logs", "/triggered-webhooks/{uuid}/logs", "What came of one of these", ("webhook:manage",)),
    Link(
        "pb:error-logs",
        "/triggered-webhooks/{uuid}/logs",
        "What came of one of these that failed",
        ("webhook:manage",),
    ),
    Link("pb:consumers", "/pacticipants/label/{label}", "Applications with a label", ("contract_data:read",)),
    Link("pb:providers", "/pacticipants/label/{label}", "Applications with a label", ("contract_data:read",)),
    Link("pb:consumer", "/pacticipants/{pacticipant}", "The consumer", ("contract_data:read",)),
    Link("pb:provider", "/pacticipants/{pacticipant}", "The provider", ("contract_data:read",)),
    Link(
        "pb:contracts",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{version}",
        "The contracts that were published",
        ("contract_data:read",),
    ),
)
"""Relations that other documents show."""


CURIES: Final = tuple(
    dict.fromkeys(link.relation.partition(":")[0] for link in (*LINKS, *IN_DOCUMENTS) if ":" in link.relation)
)
"""The prefixes of all relations."""


def served_paths(paths: list[str]) -> frozenset[str]:
    """The shapes of the paths that the table of routes serves, for comparing with a link's."""
    return frozenset(map(shape, paths))


def shape(path: str) -> str:
    """A path whose placeholders have lost their names, and the query its own: the table may call them differently."""
    return re.sub(r"\{[^}]*\}", "{}", re.sub(r"\{\?[^}]*\}", "", path))
