"""The architecture, the data, the pipeline or the code changed since the horizon was chosen.

What it does: compares a round with the last reviewed tune round before it (of a new study: of the
newest earlier study of the same name): architectures that could not run before, other tags (data,
pipeline, ...), another version of the code that attempts recorded. At the review it also asks
whether the trials that are judged together ran one version of the code.

Why it matters: the ideal number of steps can change when the architecture or the data changes
(P-12), and an improved training may need fewer (P-13): the horizon may also shrink. Trials of
different code cannot be compared.

What to do: have the horizon checked anew before it is trusted; repeat trials that ran other code.
"""

from collections import Counter

from app.policy.admission import RoundAdmission
from app.policy.baseline import NO_BASELINE, Baseline, baseline_of, before_round
from app.policy.conditions import (
    Change,
    Conditions,
    architecture_changes,
    conditions_of,
    tag_changes,
)
from app.policy.facts import ReviewFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Judged, Verdict

ACTION = "Have the horizon checked anew: it may need more steps, or fewer."
REPEAT = "Run the trials of other versions again, so that all that is compared ran one code."


def check(facts: RoundAdmission) -> Verdict:
    """Judge a round before it opens; its own code is not known yet."""
    baseline = baseline_of(facts.study)
    if baseline is None:
        return NO_BASELINE
    codes = facts.earlier[-1].codes if facts.earlier else ()
    return _judge(baseline, Conditions(facts.parameters, facts.fixed, facts.tags), codes)


def check_review(facts: ReviewFacts) -> Verdict:
    """Judge a reviewed round: the code of all trials in its setting, then everything else."""
    ran = Counter(sorted(trial.code for trial in facts.trials if trial.code))
    versions = tuple(ran)
    if len(versions) > 1:
        usual = ran.most_common(1)[0][0]  # of equally common ones the first by name
        ids = tuple(trial.trial_id for trial in facts.trials if trial.code not in (None, usual))
        evidence, n = {"codes": versions}, len(facts.trials)
        judged = Judged(evidence, float(len(versions)), 1.0, n_used=n, trial_ids=ids)
        told = f"{len(versions)} versions of the code, {ran[usual]} of {n} the same"
        message = f"trials that are judged together ran {told}"
        return Finding(message, REPEAT, judged)
    baseline = baseline_of(before_round(facts.study, facts.round.number))
    if baseline is None:
        return NO_BASELINE
    return _judge(baseline, conditions_of(facts.round.definition), versions)


def _judge(baseline: Baseline, now: Conditions, codes: tuple[str, ...]) -> Verdict:
    before = conditions_of(baseline.round.definition)
    code = _code_change(baseline.round.codes, codes)
    changed = (*architecture_changes(before, now), *tag_changes(before, now), *code)
    evidence = {"since": baseline.name, "changed": [one.evidence for one in changed]}
    judged = Judged(evidence, float(len(changed)), 0.0)
    if not changed:
        return Clear(judged, f"nothing that matters to the horizon changed since {baseline.name}")
    told = ", ".join(one.told for one in changed)
    chosen = baseline.round.definition.max_train_steps
    return Finding(f"{told} since {baseline.name} chose {chosen} steps", ACTION, judged)


def _code_change(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Change, ...]:
    """Another version of the code, where both are known."""
    is_known = bool(before and after)
    is_new = is_known and not set(after) <= set(before)
    return (Change("code", _short(before), _short(after)),) if is_new else ()


def _short(codes: tuple[str, ...]) -> str:
    """Enough of commits and digests to recognise them by."""
    return ", ".join(" ".join(word[:12] for word in code.split()) for code in codes)


RULE = Rule(
    code="WRK503",
    name="training-changed-since-horizon",
    title="Architecture, data, pipeline or code changed since the horizon was chosen",
    claims=("P-12", "P-13"),
    severity=Severity.WARN,
    explanation=__doc__,
    checks={
        Stage.STUDY_ADMISSION: check,
        Stage.ROUND_ADMISSION: check,
        Stage.ROUND_REVIEW: check_review,
    },
)
