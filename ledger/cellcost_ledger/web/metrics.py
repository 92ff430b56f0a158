"""What Prometheus asks: counters of this process, no tenant, team or key in them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from cellcost_ledger.book.database import Database
from cellcost_ledger.wire import Reply

__all__ = ["Metrics"]


class Metrics:
    """The counters of one server."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, database: Database) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cellcost_ledger_requests",
            "Requests answered.",
            ["route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "cellcost_ledger_request_seconds",
            "How long answers took.",
            ["route"],
            registry=self._registry,
        )
        self._events = Counter(
            "cellcost_ledger_events",
            "Events received, by what became of them.",
            ["status"],
            registry=self._registry,
        )
        self.waiting = Gauge(
            "cellcost_ledger_waiting",
            "Requests that wait for the database or use it.",
            registry=self._registry,
        )
        retries = Gauge(
            "cellcost_ledger_transaction_retries",
            "Transactions tried again: busy, deadlocked, disconnected.",
            registry=self._registry,
        )
        retries.set_function(lambda: database.retries)
        self._alarms = Counter(
            "cellcost_ledger_alarms",
            "Alarms that fired, and messages that arrived or were given up.",
            ["state"],
            registry=self._registry,
        )
        for state in ("fired", "sent", "failed"):
            self._alarms.labels(state)
        for status in ("stored", "duplicate", "conflict", "rejected"):
            self._events.labels(status)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def ingested(self, reply: Reply) -> None:
        """Count what became of a batch."""
        for result in reply.results:
            self._events.labels(result.status).inc()

    def alarmed(self, state: str) -> None:
        """Count an alarm that fired, was sent or failed."""
        self._alarms.labels(state).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
