"""The whole API on one screen. The order matters only between a fixed path and a pattern that would take it too."""

from typing import Final

from service.http import health
from service.http.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    # -- is it alive -------------------------------------------------------------------------------------
    Route("GET", "/healthz", health.alive, "The process answers", auth="none"),
    Route("GET", "/readyz", health.ready, "The service can answer and record", auth="none"),
    Route("GET", "/diagnostic/status/heartbeat", health.heartbeat, "As a Pact Broker says it", auth="none"),
)
