"""Prometheus metrics: what this process did, and how the fleet stands at the moment of a scrape."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from app.services.context import Context
from app.services.fleet import Fleet, look_at_fleet

CLAIM_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Of one application: its own registry, so that several in a process stay apart."""

    def __init__(self, context: Context) -> None:
        self._registry = CollectorRegistry()
        self.claim_seconds = Histogram(
            "paceline_claim_seconds",
            "How long a claim took, the waiting for work left out.",
            ("outcome",),
            buckets=CLAIM_SECONDS,
            registry=self._registry,
        )
        self.fenced_writes = Counter(
            "paceline_fenced_writes",
            "Writes of attempts that no longer hold their trial, refused.",
            registry=self._registry,
        )
        self._registry.register(_FleetCollector(context))

    def text(self) -> bytes:
        """All of them, and those of the process itself, in Prometheus's format."""
        return generate_latest(REGISTRY) + generate_latest(self._registry)


class _FleetCollector:
    """Asked at each scrape; the same from every process."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def describe(self) -> Iterator[Metric]:
        return iter(())  # else registering would ask the database

    def collect(self) -> Iterator[Metric]:
        fleet = look_at_fleet(self._context)
        yield _by("paceline_queue_depth", "Trials that wait, by GPUs.", "gpus", fleet.waiting)
        yield _by("paceline_slots", "Slots of live workers, by state.", "state", fleet.slots)
        yield _idle_share(fleet)
        yield CounterMetricFamily(
            "paceline_lease_expiries",
            "Leases that ran out before their attempt was heard again.",
            value=fleet.lease_expiries,
        )


def _by(name: str, about: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _idle_share(fleet: Fleet) -> Metric:
    name = "paceline_slot_idle_share"
    about = "Idle slots over all slots of live workers; absent without any."
    family = GaugeMetricFamily(name, about, labels=[])
    if fleet.idle_share is not None:
        family.add_metric([], fleet.idle_share)
    return family
