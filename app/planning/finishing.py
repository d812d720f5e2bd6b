"""`finish`: the last word after a reviewed final round."""

from app.domain.rounds import Action, Purpose
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.study_best import best_of_finals, own_best
from app.policy.facts import Configuration


def finish(case: Case) -> Draft | None:
    """A final round ran: the study can end; what it names is the best mean over all seeds."""
    if case.subject.definition.purpose is not Purpose.FINAL or case.best is None:
        return None
    own = own_best(case.facts, case.subject) or case.best
    return Draft(
        case,
        Action.FINISH,
        _sentence(case, own, best_of_finals(case.study, case.reviews.of) or own),
        recommended_steps=case.horizon_steps,
        would_change_my_mind=("a new idea: post it as a tune round at an earlier horizon",),
    )


def _sentence(case: Case, own: Configuration, best: Configuration) -> str:
    metric, value = case.study.definition.objective.metric, case.shown(own.best_value)
    if best.best_value < own.best_value:
        return (
            f"Done: the new points reached {metric} {value} after {case.horizon_steps} steps; "
            f"{case.shown(best.best_value)} of an earlier final round stays the best."
        )
    how = f"the mean over {len(own.trials)} runs" if len(own.trials) > 1 else "in one run"
    return (
        f"Done: {metric} {value} after {case.horizon_steps} steps, {how} of the best configuration."
    )
