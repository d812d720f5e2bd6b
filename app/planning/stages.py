"""Stages of a climb: what ran at the next horizon already, so that a new idea meets it there.

New ideas enter at an early horizon and climb (P-31b). What ran before at a later one stands there,
in the same setting, and is not run again.
"""

from app.domain.recommendations import Reason
from app.domain.rounds import Point, Purpose, RoundDefinition
from app.domain.space import point_key
from app.domain.states import UNFINISHED_TRIALS
from app.planning.case import Case
from app.planning.history import is_same_problem
from app.planning.moves import best_trial, resolved_for
from app.policy.divergence import has_nonfinite, is_complete
from app.policy.facts import RoundFacts, TrialFacts
from app.policy.setting import are_same_schedules

STAGES = (Purpose.TUNE, Purpose.FINAL)


def rounds_at(case: Case, steps: int) -> list[RoundFacts]:
    """Tune and final rounds of that horizon, oldest first."""
    found = (r for r in case.study.rounds if r.definition.purpose in STAGES)
    return [r for r in found if r.definition.max_train_steps == steps]


def is_known(case: Case, new: RoundDefinition, point: Point) -> bool:
    """Whether the point ran, or is running, in the new round's setting under its seed."""
    schedule, key = resolved_for(new, point), point_key(point.params)
    seeds = new.seeds if point.seeds is None else point.seeds
    known = [
        t
        for r in rounds_at(case, new.max_train_steps)
        if is_same_problem(r.definition, new)
        for t in r.trials
        if t.point_key == key and t.seed in seeds and _is_answer(t)
    ]
    return any(
        t.schedule is not None and are_same_schedules(t.schedule, schedule, new.max_train_steps)
        for t in known
    )


def _is_answer(trial: TrialFacts) -> bool:
    """It says something, or will."""
    return trial.state in UNFINISHED_TRIALS or is_complete(trial) or has_nonfinite(trial)


def reviewed_stage(case: Case, steps: int) -> RoundFacts | None:
    """The last reviewed round of this problem at that horizon; None: there is none."""
    own = case.subject.definition
    reviewed = [r for r in rounds_at(case, steps) if r.number in case.assessments]
    alike = [r for r in reviewed if is_same_problem(r.definition, own)]
    return alike[-1] if alike else None


def standing_reasons(case: Case, steps: int) -> tuple[Reason, ...]:
    """What the new points will meet at the next horizon; empty where nothing ran there."""
    alike = reviewed_stage(case, steps)
    others = [r for r in rounds_at(case, steps) if r.number in case.assessments]
    stage = alike or (others[-1] if others else None)
    if stage is None:
        return ()
    found = case.reviews.of(stage.number).configurations
    if not found:
        return ()
    best = f"{case.shown(found[0].best_value)} (trial {best_trial(found[0]).trial_id})"
    how = (
        "in the same setting, so it is compared without running again"
        if alike
        else "under other fixed values or tags: compare the values, not the ranks"
    )
    text = f"At {steps} steps round {stage.number} reached {best}: it stands there {how}."
    return (Reason("standing-winner", text),)
