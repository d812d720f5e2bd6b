"""Winners that tie go by speed where compute binds (P-2)."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.studies import Objective, Workload
from app.planning.winners import pick_winners
from tests.unit.planning.cases import case_of, study_of
from tests.unit.policy.builders import definition, falling, rate_trial, rates, round_facts


def winners(speeds: Sequence[float | None], workload: Workload) -> list[tuple[float, str]]:
    """(rate, reason) of the winners: ever worse by .001 from rate to rate, the last by far."""
    study = definition(workload=workload, objective=Objective("val_error", tolerance=0.01))
    ends = [0.1 + 0.001 * i for i in range(len(speeds) - 1)] + [0.5]
    made = [
        replace(rate_trial(study, rate, falling(end)), seconds_per_step=speed)
        for rate, end, speed in zip(rates(), ends, speeds, strict=False)
    ]
    picked = pick_winners(case_of(study_of(study, round_facts(study, made))), 4000)
    return [(float(w.configuration.params["learning_rate"]), w.reason) for w in picked]


def test_the_faster_of_what_ties_goes_first_and_the_reason_says_so() -> None:
    first, second = winners([2.0, 1.0, 2.0, 0.1], Workload.COMPUTE_BOUND)
    assert first[0] == rates()[1]
    assert "1 seconds a step: of what ties, the faster goes first" in first[1]
    assert second[0] == rates()[0], "a fast one that does not tie never overtakes"


def test_speed_decides_nothing_where_compute_does_not_bind_or_speeds_are_alike_or_unknown() -> None:
    for speeds, workload in (
        ([2.0, 1.0, 2.0, 0.1], Workload.NOT_COMPUTE_BOUND),
        ([1.05, 1.0, 1.05, 0.1], Workload.COMPUTE_BOUND),
        ([2.0, None, 2.0, 0.1], Workload.COMPUTE_BOUND),
    ):
        first, *_ = winners(speeds, workload)
        assert first[0] == rates()[0]
        assert "seconds" not in first[1]
