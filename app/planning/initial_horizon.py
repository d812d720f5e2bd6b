"""From probe and constant-rate sweep to the first horizon (P-14 to P-16, policy 2.4)."""

from dataclasses import replace

from app.domain.recommendations import Reason
from app.domain.rounds import Action, Point, Purpose, RoundDefinition
from app.domain.schedules import ScheduleDefinition
from app.domain.space import Fixed, FixedValue, Role, Value
from app.domain.studies import AutoHorizon, Workload
from app.planning.case import Case
from app.planning.draft import Draft
from app.planning.moves import Candidate, moved_round, points_of
from app.planning.rates import rate_name, rounded
from app.planning.rounds import tune_round
from app.policy.hits import find_hits

SWEEP_RATES = 7  # P-16: at least seven, over at least three decades
SWEEP_DECADES = 3.0
SLOWING_ROLES = (
    Role.AUGMENTATION,
    Role.REGULARIZATION,
)  # P-5: they raise the steps that are needed
MULTIPLIERS = (1.0, 1.5, 2.0)  # none, one, several of them: planned, not measured (policy 2.7)
FIRST_FRACTION = 10  # T1 is a tenth of the production length (P-21)
OFF_WORD = "none"
SWEEP_RULES = ("INI401", "INI402", "INI405")


def find_initial_horizon(case: Case) -> Draft | None:
    """What a probe or sweep leads to; None for other rounds, or where no fit can be told."""
    purpose = case.subject.definition.purpose
    if purpose not in (Purpose.PROBE, Purpose.LR_SWEEP) or case.best is None:
        return None
    hits = find_hits(case.facts).steps
    if case.findings("INI403"):
        return _double(case)
    if not hits:
        return None
    if purpose is Purpose.PROBE or case.findings(*SWEEP_RULES):
        return _sweep(case, min(hits, key=lambda t: (hits[t], t)))
    return _set(case, hits)


def _double(case: Case) -> Draft:
    """Nobody fits: twice as long, resumed; at the cap the workload is treated as compute-bound."""
    steps = 2 * case.horizon_steps
    typed = case.study.definition.max_train_steps
    if isinstance(typed, AutoHorizon) and steps > typed.auto.cap_steps:
        return _compute_bound(case)
    new = moved_round(case, steps, Purpose.PROBE)
    again = [Candidate(c, dict(c.params)) for c in case.facts.configurations]
    return Draft(
        case,
        Action.DOUBLE_PROBE,
        f"Nothing fits the training set within {case.horizon_steps} steps: probe {steps}.",
        proposal=replace(new, points=points_of(case, new, again)),
        acting=("INI403",),
        recommended_steps=steps,
    )


def _compute_bound(case: Case) -> Draft:
    production = case.study.definition.production_steps
    first = max(1, production // FIRST_FRACTION) if production else None
    proposal = None
    if first is not None:
        tune = tune_round(case.study.definition, first)
        proposal = replace(tune, workload=Workload.COMPUTE_BOUND)
    return Draft(
        case,
        Action.TREAT_AS_COMPUTE_BOUND,
        f"Nothing fits the training set within {case.horizon_steps} steps: treat the workload as "
        "compute-bound (it wants production_steps), or remove what keeps it from being fitted.",
        proposal=proposal,
        acting=("INI403",),
        recommended_steps=first,
        is_decided=proposal is not None,
    )


def _sweep(case: Case, fastest_id: str) -> Draft | None:
    """The sweep done properly: a constant rate, seven of them, nothing that slows training down."""
    trial = next(t for t in case.facts.trials if t.trial_id == fastest_id)
    name = rate_name(case.subject.definition, trial.params)
    if name is None:
        return None
    proposal = replace(
        moved_round(case, case.horizon_steps, Purpose.LR_SWEEP),
        schedule=ScheduleDefinition(kind="constant", peak=case.subject.definition.schedule.peak),
        fixed=switched_off(case.subject.definition.fixed),
        points=sweep_points(trial.params, name),
    )
    return Draft(
        case,
        Action.COLLECT_EVIDENCE,
        f"The training set is fitted within {case.horizon_steps} steps: sweep {SWEEP_RATES} "
        "constant rates to find how few are enough.",
        proposal=proposal,
        acting=SWEEP_RULES,
    )


def sweep_points(params: dict[str, Value], name: str) -> tuple[Point, ...]:
    """Seven rates over three decades, the given one in the middle."""
    center, gaps = float(params[name]), SWEEP_RATES - 1
    exponents = (SWEEP_DECADES * (i / gaps - 0.5) for i in range(SWEEP_RATES))
    return tuple(Point({**params, name: rounded(center * 10**x)}) for x in exponents)


def switched_off(fixed: Fixed) -> Fixed:
    """Augmentation and regularisation at `off` (P-16)."""
    return {
        name: replace(value, value=off_value(value)) if value.role in SLOWING_ROLES else value
        for name, value in fixed.items()
    }


def off_value(fixed: FixedValue) -> Value:
    if fixed.off is not None:
        return fixed.off
    return OFF_WORD if isinstance(fixed.value, str) else 0.0


def _set(case: Case, hits: dict[str, int]) -> Draft:
    """The fastest fit is the first horizon; what slows training multiplies the proposal."""
    ordered = sorted(hits.values())
    fastest = ordered[0]
    multiplier = MULTIPLIERS[min(len(slowing_names(case)), len(MULTIPLIERS) - 1)]
    proposal: RoundDefinition = tune_round(case.study.definition, round(fastest * multiplier))
    reasons = [Reason("INI403", f"{len(ordered)} trials fit, by steps {ordered[:3]}.")]
    if multiplier > 1:
        names = ", ".join(slowing_names(case))
        reasons.append(Reason("WRK502", f"x{multiplier:g}: {names} raise the steps needed."))
    return Draft(
        case,
        Action.SET_INITIAL_HORIZON,
        f"The fastest constant rate fits the training set after {fastest} steps: "
        f"tune at {proposal.max_train_steps}.",
        proposal=proposal,
        reasons=tuple(reasons),
        would_change_my_mind=("a rate beyond the sweep that fits faster",),
        recommended_steps=fastest,
    )


def slowing_names(case: Case) -> list[str]:
    """Augmentation and regularisation that the tune rounds switch on."""
    study = case.study.definition
    searched = [n for n, p in study.parameters.items() if p.role in SLOWING_ROLES]
    fixed = [
        n for n, v in study.fixed.items() if v.role in SLOWING_ROLES and v.value != off_value(v)
    ]
    return [*searched, *fixed]
