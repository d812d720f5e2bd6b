"""Reports doubled, cut, overlapping, out of order, over several connections at once, and some after
the end: the curve is exactly the first values, whatever came how often and when."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from httpx2 import Response

from tests.chaos import figures
from tests.chaos.amount import amount
from tests.chaos.report_storm import METRICS, Kind, Report, Storm, waves, whole_curve
from tests.contract.lab import Lab
from tests.contract.slot import Attempt, Slot, lapse

HORIZON = 2500  # more than two chunks of a stored curve
CONNECTIONS = 4
WAVE = 16  # reports that are under way together
ATTEMPTS = 4
EXPECTED = {
    Kind.RIGHT: (200, None),
    Kind.CONFLICTING: (409, "conflicting-measurement"),
    Kind.BEYOND: (422, "horizon-exceeded"),
}


def send(attempt: Attempt, report: Report) -> Response:
    return attempt.measure(report.steps, list(report.values), report.metric)


def said(answer: Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("type")


def ride_out(attempt: Attempt, storm: Storm, reports: Iterable[Report]) -> int:
    """Send them in waves, each over all connections at once; how many arrived."""
    arrived = 0
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for wave in waves(reports, WAVE):
            mixed = storm.chance.sample(wave, len(wave))
            answers = list(pool.map(lambda report: send(attempt, report), mixed))
            for report, answer in zip(mixed, answers, strict=True):
                assert said(answer) == EXPECTED[report.kind], (report, answer.text)
                if report.kind is Kind.RIGHT:
                    storm.acknowledged[report.metric].update(report.steps)
            arrived += len(wave)
    return arrived


def curve_of(lab: Lab, trial_id: str, metric: str) -> tuple[list[int], list[float]]:
    curve = lab.get(f"/v1/trials/{trial_id}/curve?metric={metric}&points={HORIZON + 100}")
    assert curve["points_total"] == len(curve["steps"])
    return curve["steps"], curve["last"]


def check_curves(lab: Lab, trial_id: str) -> None:
    for metric in METRICS:
        assert curve_of(lab, trial_id, metric) == whole_curve(HORIZON, metric)
    trial = lab.get(f"/v1/trials/{trial_id}")
    assert (trial["best_step"], trial["best_value"]) == (HORIZON, 1.0 / HORIZON)
    assert trial["last_step"] == HORIZON


def test_whatever_order_reports_come_in_the_first_values_are_the_curve(lab: Lab, seed: int) -> None:
    chance = random.Random(seed)
    lab.create(trials=ATTEMPTS, max_train_steps=HORIZON, evaluate_every_steps=1)
    reports = amount(full=10_000, part=320) // ATTEMPTS
    arrived, late = 0, 0
    for _ in range(ATTEMPTS):
        attempt = Slot(lab).claim()
        storm = Storm(chance, HORIZON)
        arrived += ride_out(attempt, storm, storm.reports(reports))
        for metric in METRICS:
            known = storm.acknowledged[metric]
            assert curve_of(lab, attempt.trial_id, metric)[0] == sorted(known)
        ride_out(attempt, storm, storm.rest())
        assert attempt.finish(last_step=HORIZON).json()["state"] == "completed"
        check_curves(lab, attempt.trial_id)
        for report in storm.reports(reports // 10):
            assert said(send(attempt, report)) == (409, "stale-attempt")
            late += 1
        check_curves(lab, attempt.trial_id)
    figures.record(
        "reports doubled, cut, out of order, late",
        faults=arrived + late,
        trials=ATTEMPTS,
        attempts=ATTEMPTS,
        late=late,
    )


def test_reports_of_an_attempt_that_was_given_up_touch_nothing_of_its_successor(
    lab: Lab, seed: int
) -> None:
    chance = random.Random(seed)
    lab.create(trials=1, max_train_steps=HORIZON, evaluate_every_steps=1)
    old = Slot(lab).claim()
    before = Storm(chance, HORIZON)
    ride_out(old, before, before.reports(WAVE))
    lapse(lab, old)
    new = Slot(lab, worker="w2").claim()
    after = Storm(chance, HORIZON)
    faults = amount(full=1_000, part=64)
    for wave in waves(after.reports(faults), WAVE):
        for report in wave:
            assert said(send(old, report)) == (409, "stale-attempt")
        ride_out(new, after, wave)
    ride_out(new, after, after.rest())
    assert new.finish(last_step=HORIZON).json()["state"] == "completed"
    check_curves(lab, new.trial_id)
    figures.record("reports of a given-up attempt", faults=faults, trials=1, attempts=2)
