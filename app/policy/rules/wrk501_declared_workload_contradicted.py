"""The curves contradict the declared kind of workload.

What it does: reads from the configurations that compete for the best result what limits training.
Training and validation both still falling beyond noise over the last fifth, with a gain that longer
training would continue: likely compute-bound. Training set fitted, or validation flat over the last
30%: not compute-bound. Training falling while validation is flat: bound by regularisation. A last
half that gained over a quarter of the value is the first descent and says nothing yet; under a
decay from the start only the same configurations in a longer round can tell.

Why it matters: a compute-bound workload is trained as long as one can afford (P-1); one that is not
has a number of steps past which more helps little or overfits (P-3). The two are tuned differently.

What to do: nothing changes by itself, the declared kind wins. If the curves are right, declare the
other kind: `compute_bound` needs `production_steps`; `not_compute_bound` gets checked horizons.
"""

from dataclasses import asdict

from app.policy.applicability import cannot_judge_steps
from app.policy.facts import ReviewFacts
from app.policy.regime import EARLY_GAIN, Regime, read_regime, tell_regime
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "If the curves are right, declare workload: {}; the declared kind wins until then."
SHOWN = {
    Regime.COMPUTE_BOUND: "training and validation still fall after {steps} steps",
    Regime.NOT_COMPUTE_BOUND: "validation gained {flat:.1%} over the last 30% of {steps} steps",
    Regime.REGULARIZATION: (
        "training still falls, while validation gained {flat:.1%} over the last 30% of {steps}"
        " steps: regularisation binds, not compute"
    ),
}
WHY = {
    "constant_part": "the rate decays from the start: only a longer round would tell",
    "longer_horizon": "the last half still gained {half:.0%}: too early to tell what will limit it",
    "training_metric": "validation still falls, but no training metric shows whether training does",
    "trend": "validation is neither flat nor clearly falling at the end",
    "trials": "fewer than 5 competitive configurations",
    "evaluations": "under 20 evaluations a trial before the rate decays",
}


def check(facts: ReviewFacts) -> Verdict:
    """Compare what the curves show with what was declared."""
    reading = read_regime(facts)
    early_gain = facts.setting("WRK501.early_gain", EARLY_GAIN)
    told = tell_regime(reading, len(facts.competitive), early_gain)
    evidence = {"declared": facts.workload, "regime": told.regime, **asdict(reading)}
    judged = Judged(evidence, reading.late_gain, n_used=len(facts.competitive))
    refused = cannot_judge_steps(facts)
    if refused is not None:
        return Inconclusive(refused.missing, refused.message, judged)
    if told.regime is None:
        why = WHY[told.missing].format(half=reading.half_gain)
        return Inconclusive((told.missing,), why, judged)
    shown = SHOWN[told.regime].format(steps=reading.end_steps, flat=reading.flat_gain)
    is_bound = told.regime is Regime.COMPUTE_BOUND
    if is_bound == facts.is_compute_bound:
        return Clear(judged, f"{shown}, which fits {facts.workload}")
    other = Regime.COMPUTE_BOUND if is_bound else Regime.NOT_COMPUTE_BOUND
    return Finding(f"{shown}, yet {facts.workload} is declared", ACTION.format(other), judged)


RULE = Rule(
    code="WRK501",
    name="declared-workload-contradicted",
    title="Declared workload kind contradicted by the curves",
    claims=("P-1", "P-3"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={Stage.ROUND_REVIEW: check},
    settings={"WRK501.early_gain": EARLY_GAIN},
)
