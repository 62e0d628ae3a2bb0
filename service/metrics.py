"""Every metric there is, by Prometheus' conventions: seconds and plain counts, few labels, each of few values.

What happens often is counted as it happens, by labels that are looked up once; what merely is, is asked of the parts
when somebody scrapes. Nothing here names a person, a token or a thing.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from projections import access
from service import errors, sending
from service.app import App
from service.orders import Outcome, Rehearsal
from service.tls import Certificate
from service.waiting import Answer

_REQUEST_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 15.0)
_COMMIT_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 15.0)
_COMMIT_RECORDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000)
_LAG_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
disable_created_metrics()  # type: ignore[no-untyped-call]  # when each series began doubles them and tells an operator nothing
METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
OUTCOMES: Final = (
    "committed", "unchanged", "tried", "replayed", "denied", "refused", "unavailable", "unknown",
)  # fmt: skip
"""What an order may come to. `refused` holds every answer that names a fault of the order itself."""


class Metrics:
    """One process' metrics. `watch` an application once there is one; `text` is what a scraper gets."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Histogram(
            "muniment_http_request_duration_seconds",
            "Time from a request's head to its answer; its count is the number of requests.",
            ("surface", "method", "status"),
            buckets=_REQUEST_SECONDS,
            registry=self.registry,
        )
        self._limited = Counter(
            "muniment_http_limited", "Requests that were answered with 429.", registry=self.registry
        )
        orders = Counter(
            "muniment_orders", "Orders by what they came to.", ("outcome",), registry=self.registry
        )
        self._orders = {outcome: orders.labels(outcome) for outcome in OUTCOMES}
        attempts = Counter(
            "muniment_webhook_attempts",
            "Requests of webhooks by what came of them.",
            ("outcome",),
            registry=self.registry,
        )
        self._attempts = {problem: attempts.labels(problem or "success") for problem in sending.PROBLEMS}
        self._commit_seconds = Histogram(
            "muniment_commit_duration_seconds",
            "Time from sending an append to Postgres until its reply.",
            buckets=_COMMIT_SECONDS,
            registry=self.registry,
        )
        self._commit_records = Histogram(
            "muniment_commit_records",
            "Records that one append wrote.",
            buckets=_COMMIT_RECORDS,
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "muniment_event_loop_lag_seconds",
            "How much later than asked the event loop woke a sleeper.",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )
        self._by_labels: dict[tuple[str, str, int], Histogram] = {}
        self._parts = _Parts()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(self._parts)

    def watch(self, app: App, certificate: Certificate | None = None, start_seconds: float = 0.0) -> None:
        """Ask this application, which took so long to start, from here on, and be told what its door does."""
        app.handler.answered = self.answered
        app.handler.took = self.took
        app.carrying.attempted = self.attempted
        self._parts.app, self._parts.certificate = app, certificate
        self._parts.start_seconds = start_seconds

    def connected(self, connections: Callable[[], int]) -> None:
        """Ask this how many connections clients have open."""
        self._parts.connections = connections

    async def text(self, accept: str) -> tuple[bytes, str]:
        """(the exposition, its content type): OpenMetrics for who accepts it, else Prometheus' own text.

        The parts are asked here, where they live; the text, which may be long, is made beside the event loop.
        """
        encoder, content_type = choose_encoder(accept)
        self._parts.look()
        return await asyncio.to_thread(encoder, self.registry), content_type

    def requested(self, surface: str, method: str, status: int, seconds: float) -> None:
        """An answer went out. Methods that no route has count as one, since strangers invent them."""
        key = (surface, method, status // 100)
        child = self._by_labels.get(key)
        if child is None:
            known = method if method in METHODS else "other"
            child = self._requests.labels(surface, known, f"{status // 100}xx")
            if known == method:
                self._by_labels[key] = child
        child.observe(seconds)
        if status == 429:
            self._limited.inc()

    def answered(self, answer: Answer) -> None:
        """An order was answered."""
        self._orders[outcome_of(answer)].inc()

    def attempted(self, problem: sending.Problem) -> None:
        """A request of a webhook was sent, or could not be."""
        self._attempts[problem].inc()

    def took(self, records: int, seconds: float) -> None:
        """An append was committed."""
        self._commit_seconds.observe(seconds)
        self._commit_records.observe(records)


def outcome_of(answer: Answer) -> str:
    """The word, among OUTCOMES, for what an order came to."""
    match answer:
        case Outcome(replayed=True):
            return "replayed"
        case Outcome(rehearsal=Rehearsal()):
            return "tried"
        case Outcome(records=()):
            return "unchanged"
        case Outcome():
            return "committed"
        case errors.Forbidden():
            return "denied"
        case errors.OutcomeUnknown():
            return "unknown"
        case errors.Unavailable() | errors.Broken():
            return "unavailable"
        case _:
            return "refused"


class _Parts(Collector):
    """What is asked of the parts at every scrape; nothing before there is an application."""

    def __init__(self) -> None:
        self.app: App | None = None
        self.certificate: Certificate | None = None
        self.start_seconds = 0.0
        self.connections: Callable[[], int] = lambda: 0
        self._found: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        yield from self._found

    def look(self) -> None:
        """Ask everything once."""
        if self.app is not None:
            self._found = list(self._asked(self.app))

    def _asked(self, app: App) -> Iterator[Metric]:
        yield from _identity(app)
        yield from _replica(app)
        yield from _database(app)
        yield _gauge("queue_orders", "Orders that wait for a batch.", app.handler.waiting)
        yield CounterMetricFamily(
            "muniment_denials_coalesced",
            "Denied attempts that were counted as repeats of one recorded already.",
            value=app.drafter.denials.coalesced,
        )
        yield from _webhooks(app)
        yield _gauge("http_connections", "Connections that clients have open.", self.connections())
        yield _gauge(
            "start_seconds", "How long the start took, from Postgres to the first answer.", self.start_seconds
        )
        yield _gauge(
            "start_snapshot_position",
            "The position of the snapshot that the start went on from; 0 where it replayed the whole log.",
            app.resumed_from,
        )
        if self.certificate is not None:
            until = self.certificate.expires_at.timestamp()
            yield _gauge("certificate_expiry_timestamp_seconds", "When the TLS certificate ends.", until)


def _identity(app: App) -> Iterator[Metric]:
    head = app.replica.head
    view = app.replica.now()
    yield InfoMetricFamily(
        "muniment_build",
        "The release, its deciding rule, and the permission catalogue in force.",
        value={
            "version": app.release,
            "rule": str(access.RULE),
            "catalogue": str(view.catalogue.number if view.catalogue else 0),
        },
    )
    if head is not None:
        yield InfoMetricFamily(
            "muniment_log", "Which log is served.", value={"account": head.account, "epoch": head.epoch}
        )


def _replica(app: App) -> Iterator[Metric]:
    vigil = app.vigil
    yield _gauge("ready", "1 where /readyz says yes.", not vigil.why_not())
    yield _gauge(
        "stopped",
        "1 where this replica met what it must not pass, and serves nothing.",
        bool(app.replica.stopped),
    )
    yield _gauge("position", "The position that is committed here.", app.replica.position)
    yield _gauge("lag_seconds", "How long the log has had a record that is not here.", vigil.behind_seconds())


def _webhooks(app: App) -> Iterator[Metric]:
    """What is owed is known where this replica sends, or watches; elsewhere there is nothing to say of it."""
    deliveries = app.deliveries
    yield _gauge("webhook_leader", "1 where this replica is the one that sends webhooks.", deliveries.leads)
    yield _gauge("webhook_held", "1 where webhooks are recorded and not sent.", bool(deliveries.held))
    if deliveries.owing is not None:
        yield _gauge("webhook_owed", "Requests that are still to be sent.", len(deliveries.owing))
        yield _gauge(
            "webhook_oldest_owed_seconds",
            "For how long the oldest of them has been owed; 0 where none is.",
            deliveries.oldest_seconds(),
        )


def _database(app: App) -> Iterator[Metric]:
    last = app.vigil.last
    if last is None:
        return
    position = app.replica.position
    yield _gauge("head_position", "The log's head, as last heard from the database.", last.position)
    yield _gauge("lag_records", "Records of the log that are not here yet.", max(0, last.position - position))
    yield _gauge(
        "database_heard_seconds", "Time since the database was last heard of.", time.monotonic() - last.at
    )
    yield _gauge(
        "clock_skew_seconds", "How far this clock is ahead of the database's.", last.skew.total_seconds()
    )
    yield _gauge(
        "trail_lag_records", "Records that the search tables lack.", max(0, last.position - last.trail)
    )
    yield _gauge("span_lag_records", "Records that the spans lack.", max(0, last.position - last.spans))
    yield _gauge("checkpoint_position", "Up to where a signed checkpoint covers the log.", last.signed)
    yield _gauge(
        "unsigned_records", "Records that no checkpoint covers.", max(0, last.position - last.signed)
    )
    yield _gauge("unsigned_seconds", "How long the log has had such a record.", app.vigil.unsigned_seconds())
    if app.vigil.oldest_transaction_seconds is not None:
        yield _gauge(
            "database_oldest_transaction_seconds",
            "Age of the database's oldest transaction that the serving role may see.",
            app.vigil.oldest_transaction_seconds,
        )


def _gauge(name: str, sentence: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"muniment_{name}", sentence, value=float(value))
