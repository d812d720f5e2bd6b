"""PRM602: where ranks of earlier rounds do not hold, more points come first (P-23)."""

from app.domain.rounds import Action
from app.domain.studies import Binding
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.history import is_same_problem
from app.planning.horizon import tune_points
from app.planning.widen import again


def recheck_ranks(case: Case) -> Draft | None:
    """More points where PRM602 is broken and blocks, once per horizon; else None."""
    found = [v for v in case.findings("PRM602") if v.binding is Binding.ENFORCE]
    is_broken = any(v.evidence.get("state") == "broken" for v in found)
    if not case.is_tune or not is_broken or _was_asked(case):
        return None
    parameters = case.subject.definition.parameters
    points = tune_points(len(parameters))
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"The ranks of the shorter runs do not hold at {case.horizon_steps} steps: "
        f"{points} new points at this horizon.",
        proposal=again(case, parameters, trials=points),
        acting=("PRM602",),
        would_change_my_mind=("ranks that hold once more points were tried",),
    )


def _was_asked(case: Case) -> bool:
    """Whether new points (not old ones run to their end) were asked for at this horizon."""
    return any(
        r.action is Action.COLLECT_EVIDENCE
        and r.definition.trials is not None
        and r.definition.max_train_steps == case.horizon_steps
        and is_same_problem(r.definition, case.subject.definition)
        for r in case.study.rounds
    )
