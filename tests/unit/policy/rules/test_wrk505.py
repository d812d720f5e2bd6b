"""WRK505: configurations that tie with the best differ in speed."""

from dataclasses import replace
from typing import Any  # Any: a builder forwards whatever a test wants to set

from app.domain.studies import Workload
from tests.unit.policy import builders as b


def judged(
    speeds: list[float | None],
    ends: list[float] | None = None,
    workload: Workload = Workload.COMPUTE_BOUND,
    **changes: Any,
) -> b.JudgedVerdict:
    """One trial a speed; without `ends` all come to the same value at the end."""
    study = b.definition(workload=workload, objective=b.Objective("val_error", tolerance=0.01))
    study = replace(study, **changes)
    values = ends or [0.1] * len(speeds)
    made = []
    for rate, speed, end in zip(b.rates(), speeds, values, strict=False):
        one = b.rate_trial(study, rate, b.falling(end, speed=3.0))
        made.append(replace(one, seconds_per_step=speed))
    return b.verdict_of(b.study_facts(study, b.round_facts(study, made)), "WRK505")


def test_clear_when_equal_results_cost_the_same() -> None:
    assert judged([1.0, 1.05, 1.0]).verdict == "clear"


def test_clear_when_compute_does_not_bind() -> None:
    assert judged([1.0, 2.0], workload=Workload.NOT_COMPUTE_BOUND).verdict == "clear"


def test_finding_ranks_at_equal_time_beside_equal_steps() -> None:
    verdict = judged([2.0, 1.0, 1.0], [0.1, 0.105, 0.3])
    assert verdict.verdict == "finding"
    first, second = verdict.evidence["ranks"]
    assert (first["rank_at_equal_steps"], first["rank_at_equal_time"]) == (1, 2)
    assert (second["rank_at_equal_steps"], second["rank_at_equal_time"]) == (2, 1)
    assert "100% apart" in verdict.message


def test_inconclusive_when_runs_were_too_short_to_measure() -> None:
    assert judged([None, None]).missing == ("seconds",)
    assert judged([1.0, None]).missing == ("seconds",)


def test_inconclusive_when_nothing_ties() -> None:
    verdict = judged([1.0, 2.0], [0.1, 0.5])
    assert verdict.missing == ("trials",)
    assert len(verdict.evidence["ranks"]) == 1


def test_threshold_is_ten_percent_and_may_be_set() -> None:
    assert judged([1.0, 1.1]).verdict == "clear"
    assert judged([1.0, 1.11]).verdict == "finding"
    assert judged([1.0, 1.11], settings={"WRK505.difference": 0.2}).verdict == "clear"


def test_finding_takes_the_median_over_replicates() -> None:
    study = b.definition(workload=Workload.COMPUTE_BOUND, objective=b.Objective("val_error"))
    made = [
        replace(b.rate_trial(study, rate, b.falling(0.1), seed=seed), seconds_per_step=speed)
        for rate, speeds in ((0.01, (1.0, 1.0, 9.0)), (0.1, (2.0, 2.0, 0.1)))
        for seed, speed in enumerate(speeds)
    ]
    verdict = b.verdict_of(b.study_facts(study, b.round_facts(study, made)), "WRK505")
    assert verdict.statistic == 1.0
