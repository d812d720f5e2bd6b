"""Properties: verdicts depend on neither trial order, unit nor direction, nor on doubled seeds."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.studies import Direction
from app.policy.engine import assess
from tests.unit.policy import builders as b

curves = st.lists(
    st.tuples(st.floats(0.05, 0.9), st.floats(0.5, 30), st.integers(0, 6), st.booleans()),
    min_size=0,
    max_size=12,
)
Curves = list[tuple[float, float, int, bool]]
quick = settings(max_examples=40, deadline=None)
UNITLESS = {"g75", "share", "best_step_fractions", "fastest_good_step", "side", "strength"}


def made(drawn: Curves) -> b.StudyFacts:
    """Curves with a fixed, coarse noise; a few of them dead."""
    study = b.definition()
    over = b.rates(count=max(2, len(drawn)))
    trials = []
    for rate, (best, speed, seed, is_dead) in zip(over, drawn, strict=False):
        noise = np.random.default_rng(seed).integers(-8, 9, 50) / 1024
        values = np.round(np.array(b.falling(best, speed=speed)) * 1024) / 1024 + noise
        dead = is_dead and seed == 0
        trials.append(b.exploded(study, rate) if dead else b.rate_trial(study, rate, [*values]))
    return b.study_facts(study, b.round_facts(study, trials))


def answers(study: b.StudyFacts) -> list[tuple[object, ...]]:
    return [
        (v.code, v.verdict, v.missing, {k: v.evidence[k] for k in UNITLESS & set(v.evidence)})
        for v in assess(study, 1).verdicts
    ]


def mapped(study: b.StudyFacts, change: object) -> b.StudyFacts:
    trials = tuple(change(t) for t in study.rounds[0].trials)  # type: ignore[operator]  # a function of a trial
    return replace(study, rounds=(replace(study.rounds[0], trials=trials),))


@quick
@given(curves, st.randoms(use_true_random=False))
def test_order_of_trials_does_not_matter(drawn: Curves, random: object) -> None:
    study = made(drawn)
    shuffled = list(study.rounds[0].trials)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random
    other = replace(study, rounds=(replace(study.rounds[0], trials=tuple(shuffled)),))
    assert answers(other) == answers(study)


@quick
@given(curves, st.sampled_from([2.0**-8, 2.0**5, 2.0**12]))
def test_unit_of_the_metric_does_not_matter(drawn: Curves, unit: float) -> None:
    """A loss, so that no share of mistakes is read into its size."""
    study = made(drawn)
    loss = replace(study.definition, objective=b.Objective("val_loss"))
    study = replace(study, definition=loss)
    other = mapped(study, lambda t: replace(t, objective=t.objective * unit))
    assert answers(other) == answers(study)


@quick
@given(curves)
def test_direction_of_the_metric_does_not_matter(drawn: Curves) -> None:
    """Facts are direction-normalised: the same curves maximised in a unit without a perfect 1."""
    study = mapped(made(drawn), lambda t: replace(t, objective=t.objective * 1024))
    definition = replace(study.definition, objective=b.Objective("score", Direction.MAXIMIZE))
    assert answers(replace(study, definition=definition)) == answers(study)


@quick
@given(curves)
def test_same_seed_run_twice_changes_nothing(drawn: Curves) -> None:
    study = made(drawn)
    trials = study.rounds[0].trials
    again = tuple(replace(t, trial_id=f"{t.trial_id}-again") for t in trials)
    doubled = replace(study, rounds=(replace(study.rounds[0], trials=(*trials, *again)),))
    assert answers(doubled) == answers(study)


@quick
@given(curves, st.sampled_from([1e-3, 1e3]))
def test_unit_of_the_rate_does_not_matter(drawn: Curves, unit: float) -> None:
    study = made(drawn)
    other = b.definition(parameters={"learning_rate": b.rate_parameter(1e-4 * unit, unit)})
    trials = [
        b.rate_trial(other, float(t.params["learning_rate"]) * unit, [*t.objective])
        if not t.has_nonfinite
        else b.exploded(other, float(t.params["learning_rate"]) * unit)
        for t in study.rounds[0].trials
    ]
    assert answers(b.study_facts(other, b.round_facts(other, trials))) == answers(study)


@quick
@given(curves, st.sampled_from([-4.0, 0.5, 16.0]))
def test_a_shift_of_the_metric_moves_no_edge(drawn: Curves, shift: float) -> None:
    """What is relative to the size of the best value (the horizon's number) may move; edges, ties
    and best steps may not."""

    def unmoved(study: b.StudyFacts) -> list[tuple[object, ...]]:
        codes = ("SPC2", "CKP302", "CKP304", "CKP307")
        told = [v for v in assess(study, 1).verdicts if v.code.startswith(codes)]
        keys = UNITLESS - {"g75"}
        return [
            (v.code, v.verdict, {k: v.evidence[k] for k in keys & set(v.evidence)}) for v in told
        ]

    study = made(drawn)
    assert unmoved(mapped(study, lambda t: replace(t, objective=t.objective + shift))) == (
        unmoved(study)
    )
