"""Metrics read from the database at each scrape: every API process tells the same, so take one of
them and never the sum."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from app.db.outbox import queue_of
from app.services.context import Context
from app.services.fleet import Fleet, look_at_fleet
from app.services.vitals import Vitals, count_connections, take_vitals

SAME = " Read from the database, the same from every API process: take the max, never the sum."
Samples = Iterable[tuple[Sequence[str], float]]


class FleetCollector:
    """Asked at each scrape."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def describe(self) -> Iterator[Metric]:
        return iter(())  # else registering would ask the database

    def collect(self) -> Iterator[Metric]:
        yield from _of_fleet(look_at_fleet(self._context))
        vitals = take_vitals(self._context)
        yield from _of_service(vitals)
        yield from _of_gpus(vitals)
        yield _connections(self._context)
        yield _connections_limit(self._context)


def _of_fleet(fleet: Fleet) -> Iterator[Metric]:
    depth = [((gpus, queue_of(int(gpus))), float(n)) for gpus, n in fleet.waiting.items()]
    yield _gauge(
        "paceline_queue_depth",
        "Trials that wait, by the GPUs that they ask for and the queue of their wake-ups. High"
        " while slots are idle: no slot fits (paceline worker ls), or a limit is spent.",
        ("gpus", "queue"),
        depth,
    )
    yield _gauge(
        "paceline_slots",
        "Slots of live workers, by state. quarantined: a GPU is in use by somebody else"
        " (paceline worker ls names it); out_of_service: cordoned or drained.",
        ("state",),
        [((state,), float(n)) for state, n in fleet.slots.items()],
    )
    share = fleet.idle_share
    yield _gauge(
        "paceline_slot_idle_share",
        "Idle slots over all slots of live workers; absent without any. High while trials wait:"
        " compare paceline_queue_depth, and look at a worker's log.",
        (),
        [] if share is None else [((), share)],
    )
    yield _counter(
        "paceline_lease_expiries",
        "Leases that ran out before their attempt was heard again. Growing: nodes die, or the"
        " network between them and the API fails for longer than a lease.",
        (),
        [((), fleet.lease_expiries)],
    )


def _of_service(vitals: Vitals) -> Iterator[Metric]:
    age = vitals.sweep_age_seconds
    yield _gauge(
        "paceline_sweep_age_seconds",
        "Since the conductor's last sweep; absent before the first. High: no conductor runs, or"
        " none reaches the database; dead nodes' trials wait and no round is reviewed.",
        (),
        [] if age is None else [((), age)],
    )
    yield _gauge(
        "paceline_conductor_leaders",
        "Conductors that lead: 1. 0: start one (paceline conductor); none is at work.",
        (),
        [((), float(vitals.leaders))],
    )
    yield _gauge(
        "paceline_outbox_age_seconds",
        "How long the oldest wake-up waits to be sent. High: Redis does not answer the conductor;"
        " workers still look by themselves, only later.",
        (),
        [((), vitals.outbox_age_seconds)],
    )
    yield _counter(
        "paceline_attempts_ended",
        "Attempts that ended, by state and reason. failed growing: paceline trial logs TRIAL;"
        " lost growing: nodes die; preempted growing: somebody pauses, drains or restarts nodes.",
        ("state", "reason"),
        [(labels, float(n)) for labels, n in vitals.ended.items()],
    )


def _of_gpus(vitals: Vitals) -> Iterator[Metric]:
    known = [((one.worker, one.slot, gpu.id), gpu) for one in vitals.gpus for gpu in one.gpus]
    busy = [(at, gpu.mean_utilisation) for at, gpu in known if gpu.mean_utilisation is not None]
    yield _gauge(
        "paceline_slot_gpu_utilisation_ratio",
        "Mean utilisation (0 to 1) of each GPU over the attempt that runs on it. Low: training"
        " waits for its data, or is too small for the GPU.",
        ("worker", "slot", "gpu"),
        busy,
    )
    peaks = [(at, gpu.peak_memory_bytes) for at, gpu in known if gpu.peak_memory_bytes is not None]
    yield _gauge(
        "paceline_slot_gpu_memory_peak_bytes",
        "Most memory in use on each GPU during the attempt that runs on it. Near the total: the"
        " next larger configuration ends out of memory.",
        ("worker", "slot", "gpu"),
        peaks,
    )
    yield _gauge(
        "paceline_slot_gpu_memory_total_bytes",
        "Memory of each GPU on which an attempt runs; what the peak is compared with.",
        ("worker", "slot", "gpu"),
        [(at, gpu.memory_bytes) for at, gpu in known if gpu.memory_bytes is not None],
    )


def _connections(context: Context) -> Metric:
    found = count_connections(context)
    about = (
        "Connections of this process to the database. in_use near the limit: claims queue up; run"
        " another API process, or look for slow statements."
    )
    family = GaugeMetricFamily("paceline_database_connections", about, labels=["state"])
    family.add_metric(["in_use"], found.in_use)
    family.add_metric(["idle"], found.idle)
    return family


def _connections_limit(context: Context) -> Metric:
    about = "Connections that this process may open at most; PostgreSQL must allow the sum of all."
    limit = count_connections(context).limit
    return GaugeMetricFamily("paceline_database_connections_limit", about, value=limit)


def _gauge(name: str, about: str, labels: Sequence[str], samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(name, about + SAME, labels=labels), samples)


def _counter(name: str, about: str, labels: Sequence[str], samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(name, about + SAME, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    for values, number in samples:
        family.add_metric(list(values), number)
    return family
