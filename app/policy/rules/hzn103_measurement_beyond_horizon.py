"""A measurement beyond the horizon.

What it does: compares the steps of incoming measurements with the trial's `max_train_steps`.

Why it matters: every trial of a round gets the same number of steps (P-8). A trial that quietly
trains on would be compared with trials that stopped in time.

What to do: stop the training loop at `max_train_steps` (`trial.steps(start)` does); to train
longer, open a round with a longer horizon.
"""

from app.domain.curves import steps_beyond
from app.domain.studies import Binding
from app.policy.measurements import MeasurementFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

ACTION = "Stop the training loop at max_train_steps; open a round with a longer horizon instead."


def check(facts: MeasurementFacts) -> Verdict:
    """Judge one batch of measurements."""
    if not facts.steps:
        return Inconclusive(("measurements",), "the batch holds no step")
    first = steps_beyond(facts.steps, facts.max_train_steps)
    evidence = {"max_train_steps": facts.max_train_steps, "first_refused_step": first}
    n = len(facts.steps)
    if first is None:
        return Clear(Judged(evidence, threshold=float(facts.max_train_steps), n_used=n), "in time")
    judged = Judged(evidence, float(first), float(facts.max_train_steps), n_used=n)
    message = f"step {first} lies beyond the horizon of {facts.max_train_steps} steps"
    return Finding(message, ACTION, judged)


RULE = Rule(
    code="HZN103",
    name="measurement-beyond-horizon",
    title="A measurement beyond the horizon",
    claims=("P-8",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.MEASUREMENT: check},
    is_waivable=False,
)
