"""`finish`: the last word after a reviewed final round."""

from app.domain.rounds import Action, Purpose
from app.planning.case import Case
from app.planning.draft import Draft


def finish(case: Case) -> Draft | None:
    """A final round ran: the study can end; what it names is the best mean over all seeds."""
    if case.subject.definition.purpose is not Purpose.FINAL or case.best is None:
        return None
    own = {t.point_key for t in case.subject.trials}
    best = next((c for c in case.facts.configurations if c.point_key in own), case.best)
    metric = case.study.definition.objective.metric
    return Draft(
        case,
        Action.FINISH,
        f"Done: {metric} {case.shown(best.best_value)} after {case.horizon_steps} steps, "
        f"the mean over {len(best.trials)} runs of the best configuration.",
        recommended_steps=case.horizon_steps,
        would_change_my_mind=("a new idea: post it as a tune round at an earlier horizon",),
    )
