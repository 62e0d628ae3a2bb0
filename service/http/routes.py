"""The whole API on one screen. The order matters only between a fixed path and a pattern that would take it too."""

from typing import Final

from service.http import (
    applications,
    audit,
    authentication,
    authzen,
    contracts,
    effects,
    environments,
    health,
    integrations,
    invitations,
    matrix,
    members,
    preferences,
    publications,
    roles,
    served,
    start,
    system_accounts,
    teams,
    tokens,
    users,
)
from service.http.route import Route

_PAIR: Final = "/pacts/provider/{provider}/consumer/{consumer}"

ROUTES: Final[tuple[Route, ...]] = (
    # -- is it alive -------------------------------------------------------------------------------------
    Route("GET", "/healthz", health.alive, "The process answers", auth="none", while_stopped=True),
    Route(
        "GET",
        "/readyz",
        health.ready,
        "The service can answer and record",
        auth="none",
        while_stopped=True,
    ),
    Route(
        "GET",
        "/diagnostic/status/heartbeat",
        health.heartbeat,
        "As a Pact Broker says it",
        auth="none",
        while_stopped=True,
    ),
    Route("GET", served.PATH, served.digested, "What this replica holds, as digests"),
    # -- where to begin ----------------------------------------------------------------------------------
    Route(
        "GET",
        "/",
        start.shown,
        "Start page for a browser, HAL index for a program",
        auth="optional",
        while_stopped=True,
    ),
    Route("GET", "/doc/problems/{name}", start.problem, "What a type of problem means", auth="none"),
    Route("GET", "/doc/{curie}/{rel}", start.relation, "What a link's relation means", auth="none"),
    # -- roles and permissions ---------------------------------------------------------------------------
    Route("GET", "/admin/permissions", roles.permissions, "What a role may hold"),
    Route("GET", "/admin/roles", roles.listed, "Every role"),
    Route("POST", "/admin/roles", roles.created, "Make a custom role", rehearses=True),
    Route(
        "POST",
        "/admin/roles/reset",
        roles.reset,
        "Give the predefined roles back what the catalogue says",
        rehearses=True,
    ),
    Route("GET", "/admin/roles/{uuid}", roles.shown, "One role"),
    Route("PUT", "/admin/roles/{uuid}", roles.edited, "Change a role", rehearses=True),
    Route("DELETE", "/admin/roles/{uuid}", roles.deleted, "Delete a custom role", rehearses=True),
    Route("GET", "/admin/roles/{uuid}/users", roles.users, "Who holds a role"),
    # -- teams and their members -------------------------------------------------------------------------
    Route("GET", "/admin/teams", teams.listed, "The teams one may read"),
    Route("POST", "/admin/teams", teams.created, "Make a team", rehearses=True),
    Route("GET", "/admin/teams/{uuid}", teams.shown, "One team"),
    Route("GET", "/teams/{uuid}", teams.shown, "One team, under the address that users' documents have"),
    Route("PUT", "/admin/teams/{uuid}", teams.edited, "Change a team", rehearses=True),
    Route("DELETE", "/admin/teams/{uuid}", teams.deleted, "Delete a team", rehearses=True),
    Route("GET", "/admin/teams/{uuid}/users", members.listed, "A team's members"),
    Route("PUT", "/admin/teams/{uuid}/users", members.replaced, "Replace them", rehearses=True),
    Route("POST", "/admin/teams/{uuid}/users", members.added, "Add some", rehearses=True),
    Route(
        "PATCH",
        "/admin/teams/{uuid}/users",
        members.patched,
        "Add and remove some (JSON Patch)",
        rehearses=True,
    ),
    Route("DELETE", "/admin/teams/{uuid}/users", members.removed, "Remove those in the body", rehearses=True),
    Route("GET", "/admin/teams/{uuid}/users/{user}", members.shown, "One member"),
    Route("GET", "/teams/{uuid}/users/{user}", members.shown, "One member, under the older address"),
    Route("DELETE", "/admin/teams/{uuid}/users/{user}", members.one_removed, "Remove one", rehearses=True),
    # -- users -------------------------------------------------------------------------------------------
    Route("GET", "/admin/users", users.listed, "The users and system accounts one may read"),
    Route("POST", "/admin/users", users.created, "Make a user", rehearses=True),
    Route("POST", "/admin/users/invite-user", users.invited, "Invite somebody", rehearses=True),
    Route("POST", "/admin/users/invite-users", invitations.many, "Invite several", rehearses=True),
    Route("GET", "/admin/users/{uuid}", users.shown, "One user", gone=True),
    Route("PUT", "/admin/users/{uuid}", users.edited, "Change a user", rehearses=True),
    Route("DELETE", "/admin/users/{uuid}", users.deleted, "Delete a user", rehearses=True),
    Route("PUT", "/admin/users/{uuid}/roles", users.roles_replaced, "Replace a user's roles", rehearses=True),
    Route("GET", "/admin/users/{uuid}/roles/{role}", users.role_shown, "One role as a user holds it"),
    Route("PUT", "/admin/users/{uuid}/roles/{role}", users.role_added, "Give one role", rehearses=True),
    Route("DELETE", "/admin/users/{uuid}/roles/{role}", users.role_removed, "Take one role", rehearses=True),
    Route(
        "PUT",
        "/admin/users/{uuid}/role/admin",
        users.administrator_added,
        "The older way to Administrator",
        rehearses=True,
    ),
    Route(
        "DELETE", "/admin/users/{uuid}/role/admin", users.administrator_removed, "And back", rehearses=True
    ),
    Route("GET", "/user", users.myself, "Oneself"),
    # -- system accounts, tokens and invitations ---------------------------------------------------------
    Route("POST", "/admin/system-accounts", system_accounts.created, "Make a system account", rehearses=True),
    Route("GET", "/admin/system-accounts/{uuid}", system_accounts.shown, "One system account", gone=True),
    Route("GET", "/admin/system-accounts/{uuid}/tokens", system_accounts.tokens_listed, "Its tokens"),
    Route("GET", "/settings/tokens", tokens.listed, "One's own tokens"),
    Route("GET", "/settings/tokens/{uuid}", tokens.shown, "One of them"),
    Route("POST", "/settings/tokens/{uuid}/regenerate", tokens.regenerated, "Another value for a token"),
    Route("POST", "/invitations/redeem", tokens.redeemed, "Turn a one-time code into tokens", auth="none"),
    # -- preferences and settings ------------------------------------------------------------------------
    Route("GET", "/preferences/system", preferences.system_listed, "The account's preferences"),
    Route("PUT", "/preferences/system", preferences.system_several, "Change several"),
    Route("GET", "/preferences/system/{name}", preferences.system_shown, "One of them"),
    Route("PUT", "/preferences/system/{name}", preferences.system_changed, "Change one"),
    Route("GET", "/preferences/current-user", preferences.own_listed, "One's own preferences"),
    Route("PUT", "/preferences/current-user", preferences.own_several, "Change several"),
    Route("GET", "/preferences/current-user/{name}", preferences.own_shown, "One of them"),
    Route("PUT", "/preferences/current-user/{name}", preferences.own_changed, "Change one"),
    Route("GET", "/admin/tenant/authentication-settings", authentication.shown, "Who may sign in"),
    Route("PUT", "/admin/tenant/authentication-settings", authentication.replaced, "Replace that"),
    # -- applications ------------------------------------------------------------------------------------
    Route("GET", "/pacticipants", applications.listed, "The applications one may read"),
    Route("POST", "/pacticipants", applications.created, "Register an application"),
    Route("GET", "/pacticipants/{name}", applications.shown, "One application"),
    Route("PUT", "/pacticipants/{name}", applications.replaced, "Replace what is known of it"),
    Route("PATCH", "/pacticipants/{name}", applications.patched, "Change a part, or register it"),
    Route("DELETE", "/pacticipants/{name}", applications.deleted, "Delete it with its contracts"),
    Route(
        "GET", "/pacticipant/{name}/network", integrations.network, "The integrations that it takes part in"
    ),
    # -- contracts and integrations ----------------------------------------------------------------------
    Route(
        "POST",
        "/contracts/publish",
        publications.published,
        "Publish the contracts of a version",
        body_bytes_max=contracts.BODY_BYTES_MAX,
    ),
    Route(
        "PUT",
        f"{_PAIR}/version/{{version}}",
        contracts.published,
        "Publish one contract",
        body_bytes_max=contracts.BODY_BYTES_MAX,
    ),
    Route(
        "PATCH",
        f"{_PAIR}/version/{{version}}",
        contracts.merged,
        "Add to a contract, or publish it",
        body_bytes_max=contracts.BODY_BYTES_MAX,
    ),
    Route("GET", f"{_PAIR}/version/{{version}}", contracts.shown, "One contract"),
    Route("DELETE", f"{_PAIR}/version/{{version}}", contracts.deleted, "Delete one contract"),
    Route("GET", f"{_PAIR}/latest", contracts.latest, "The contract of the newest version"),
    Route("GET", f"{_PAIR}/versions", contracts.versions, "The contracts of every version"),
    Route("DELETE", f"{_PAIR}/versions", contracts.all_deleted, "Delete an integration's contracts"),
    Route("GET", "/integrations", integrations.listed, "The integrations one may read"),
    Route("GET", "/integrations/team/{uuid}", integrations.of_team, "Those of one team's applications"),
    Route("DELETE", "/integrations", integrations.all_deleted, "Delete every integration"),
    Route(
        "DELETE",
        "/integrations/provider/{provider}/consumer/{consumer}",
        integrations.deleted,
        "Delete an integration, and what then stands alone",
    ),
    # -- environments ------------------------------------------------------------------------------------
    Route("GET", "/environments", environments.listed, "The environments one may see"),
    Route("POST", "/environments", environments.created, "Make an environment", rehearses=True),
    Route("GET", "/environments/{uuid}", environments.shown, "One environment"),
    Route("PUT", "/environments/{uuid}", environments.replaced, "Change an environment", rehearses=True),
    Route("DELETE", "/environments/{uuid}", environments.deleted, "Delete an environment", rehearses=True),
    # -- what only a contract broker can answer ------------------------------------------------------------
    Route("GET", "/matrix", matrix.asked, "Whether contracts agree, which Muniment does not compare"),
    Route("GET", "/can-i-deploy", matrix.asked, "The same"),
    # -- who may do what: AuthZEN 1.0, and why ----------------------------------------------------------
    Route(
        "GET",
        "/.well-known/authzen-configuration",
        authzen.configuration,
        "What a PEP must know",
        auth="none",
    ),
    Route(
        "POST", authzen.EVALUATION, authzen.evaluation, "May this subject do that?", asks=True, bounded=True
    ),
    Route(
        "POST",
        authzen.EXPLANATION,
        authzen.explanation,
        "The same question, with why",
        asks=True,
        bounded=True,
    ),
    Route("GET", "/access/v1/why", authzen.why, "Why somebody may or may not, by names", bounded=True),
    Route("GET", "/access/v1/who", authzen.who, "Who may", bounded=True),
    # -- what a change did to who may do what -----------------------------------------------------------
    Route("GET", "/effects/{event}", effects.shown, "Who gained and lost what by an order"),
    # -- what happened ------------------------------------------------------------------------------------
    Route("GET", "/audit", audit.events, "The trail"),
    Route("GET", "/audit/{uuid}", audit.event, "One record of it, as it is stored"),
)
