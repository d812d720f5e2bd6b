"""Prometheus metrics: what this process did, and how the fleet stands at the moment of a scrape."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest

from app.api.fleet_metrics import FleetCollector
from app.services.context import Context

CLAIM_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Of one application: its own registry, so that several in a process stay apart."""

    def __init__(self, context: Context) -> None:
        self._registry = CollectorRegistry()
        self.claim_seconds = Histogram(
            "paceline_claim_seconds",
            "How long a claim took, the waiting for work left out. Of this process: add them up."
            " High: the database is slow or its connections are all in use.",
            ("outcome",),
            buckets=CLAIM_SECONDS,
            registry=self._registry,
        )
        self.fenced_writes = Counter(
            "paceline_fenced_writes",
            "Writes of attempts that no longer hold their trial, refused. Of this process: add them"
            " up. Harmless one by one; many: nodes lose touch for longer than a lease.",
            registry=self._registry,
        )
        self._registry.register(FleetCollector(context))

    def text(self) -> bytes:
        """All of them, and those of the process itself, in Prometheus's format."""
        return generate_latest(REGISTRY) + generate_latest(self._registry)
