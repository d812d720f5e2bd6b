"""PRM602: ranks do not hold between rounds."""

import numpy as np
import pytest

from app.domain.rounds import Purpose
from app.domain.space import FixedValue, Role
from app.policy.engine import is_enforced_finding
from app.policy.rank_pairs import RankPairs, gamma, top_rank_correlation
from tests.unit.policy import builders as b


def rerun(short: list[float], long: list[float], **changes: object) -> b.JudgedVerdict:
    """The same rates at 1,000 and at 4,000 steps, with these best values; inf is diverged."""
    study = b.definition(objective=b.Objective("val_error", tolerance=0.01))
    over = b.rates(count=max(2, len(short)))

    def trials(values: list[float], horizon: int) -> list[b.TrialFacts]:
        return [
            b.rate_trial(
                study, rate, [1.0, v if np.isfinite(v) else np.nan], max_train_steps=horizon
            )
            for rate, v in zip(over, values, strict=False)
        ]

    second = {"max_train_steps": 4000, **changes}
    rounds = (
        b.round_facts(study, trials(short, 1000)),
        b.round_facts(study, trials(long, 4000), 2, **second),
    )
    return b.verdict_of(b.study_facts(study, *rounds), "PRM602", 2)


WEAK_ORDER = (1, 2, 5, 7, 6, 4, 3)
RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def test_clear_when_ranks_hold() -> None:
    verdict = rerun(RISING, RISING)
    assert verdict.verdict == "clear"
    assert verdict.evidence["state"] == "holds"
    assert verdict.evidence["top_rank_correlation"] == pytest.approx(1.0)
    assert verdict.evidence["pairs"] == 6


def test_finding_blocks_when_the_old_winner_loses_clearly() -> None:
    verdict = rerun(RISING, RISING[::-1])
    assert verdict.evidence["state"] == "broken"
    assert is_enforced_finding(verdict)


def test_finding_on_a_final_round_does_not_block() -> None:
    verdict = rerun(RISING, RISING[::-1], purpose=Purpose.FINAL)
    assert verdict.evidence["state"] == "broken"
    assert not is_enforced_finding(verdict)


@pytest.mark.parametrize(("fresh", "blocks"), [(0, True), (7, True), (8, False)])
def test_threshold_of_fresh_points_at_the_longer_horizon_ends_the_block(
    fresh: int, blocks: bool
) -> None:
    study = b.definition(objective=b.Objective("val_error", tolerance=0.01))
    over = b.rates(count=6 + fresh)
    ends = [*RISING[::-1], *[0.7] * fresh]
    short = [b.rate_trial(study, r, [1.0, v]) for r, v in zip(over, RISING, strict=False)]
    long = [
        b.rate_trial(study, r, [1.0, v], max_train_steps=4000)
        for r, v in zip(over, ends, strict=True)
    ]
    rounds = (b.round_facts(study, short), b.round_facts(study, long, 2, max_train_steps=4000))
    assert is_enforced_finding(b.verdict_of(b.study_facts(study, *rounds), "PRM602", 2)) is blocks


def test_finding_does_not_block_when_the_old_winner_is_still_among_the_best() -> None:
    verdict = rerun(RISING, [0.100, 0.6, 0.5, 0.4, 0.3, 0.0901])
    assert verdict.evidence["state"] == "broken"
    assert verdict.verdict == "finding"
    assert not is_enforced_finding(verdict)


def test_finding_of_few_pairs_never_blocks() -> None:
    verdict = rerun([0.1, 0.2], [0.4, 0.2])
    assert (verdict.verdict, verdict.evidence["state"]) == ("finding", "broken")
    assert not is_enforced_finding(verdict)


def test_clear_of_few_pairs_when_the_old_winner_ties() -> None:
    assert rerun([0.1, 0.2], [0.205, 0.2]).evidence["state"] == "holds"


def test_finding_when_the_old_winner_diverges() -> None:
    assert is_enforced_finding(rerun(RISING, [np.inf, 0.6, 0.5, 0.4, 0.3, 0.2]))


def test_inconclusive_without_pairs() -> None:
    verdict = b.verdict_of(b.tune_study(b.valley(0.01)), "PRM602")
    assert verdict.missing == ("pairs",)
    assert verdict.evidence == {"state": None, "top_rank_correlation": None, "pairs": 0}


def test_inconclusive_on_check_rounds() -> None:
    assert rerun(RISING, RISING, purpose=Purpose.CHECK, checks=1).missing == ("purpose",)


def test_inconclusive_when_everything_ties() -> None:
    assert rerun([0.1] * 6, [0.1] * 6).missing == ("signal",)


def test_threshold_is_six_pairs() -> None:
    assert rerun(RISING[:5], RISING[:5]).evidence["top_rank_correlation"] is None
    assert rerun(RISING, RISING).evidence["top_rank_correlation"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("order", "correlation", "state"),
    [
        ((6, 1, 2, 3, 4, 5), 5 / 15, "holds"),
        ((6, 2, 1, 3, 4, 5), 3 / 15, "broken"),
        (WEAK_ORDER, 5 / 21, "weak"),
    ],
)
def test_threshold_of_the_correlation(
    order: tuple[int, ...], correlation: float, state: str
) -> None:
    verdict = rerun([i / 10 for i in range(1, len(order) + 1)], [i / 10 for i in order])
    assert verdict.evidence["top_rank_correlation"] == pytest.approx(correlation)
    assert verdict.evidence["state"] == state


def test_gamma_counts_pairs_and_skips_ties() -> None:
    x = np.array([1.0, 2.0, 3.0, 3.0])
    assert gamma(x, np.array([1.0, 3.0, 2.0, 2.0])) == pytest.approx((3 - 2) / 5)
    assert gamma(x, np.ones(4)) is None


def test_top_set_is_widened_over_ties_until_it_has_four_values() -> None:
    """Five exact ties fill the best fifth and would leave no order to compare."""
    short = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.4])
    long = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.3, 0.2])
    pairs = RankPairs(1000, short, long, ())
    assert top_rank_correlation(pairs) == pytest.approx((15 - 3) / 18)


def test_inconclusive_when_a_fixed_value_changed_with_the_horizon() -> None:
    smaller = {"batch_size": FixedValue(8, role=Role.BATCH_SIZE)}
    verdict = rerun(RISING, RISING[::-1], fixed=smaller)
    assert verdict.verdict == "inconclusive"
    assert verdict.missing == ("pairs",)
