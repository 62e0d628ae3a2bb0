"""The whole API on one screen. The order matters only between a fixed path and a pattern that would take it too."""

from typing import Final

from service.http import audit, authzen, health
from service.http.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    # -- is it alive -------------------------------------------------------------------------------------
    Route("GET", "/healthz", health.alive, "The process answers", auth="none"),
    Route("GET", "/readyz", health.ready, "The service can answer and record", auth="none"),
    Route("GET", "/diagnostic/status/heartbeat", health.heartbeat, "As a Pact Broker says it", auth="none"),
    # -- who may do what: AuthZEN 1.0, and why ----------------------------------------------------------
    Route("GET", "/.well-known/authzen-configuration", authzen.configuration, "What a PEP must know", auth="none"),
    Route("POST", authzen.EVALUATION, authzen.evaluation, "May this subject do that?"),
    Route("POST", authzen.EXPLANATION, authzen.explanation, "The same question, with why"),
    Route("GET", "/access/v1/why", authzen.why, "Why somebody may or may not, by names"),
    Route("GET", "/access/v1/who", authzen.who, "Who may"),
    # -- what happened ------------------------------------------------------------------------------------
    Route("GET", "/audit", audit.events, "The trail"),
    Route("GET", "/audit/{uuid}", audit.event, "One record of it, as it is stored"),
)
