"""Views of a study's rounds: how a setting was reached, which round a descent came from."""

from app.domain.rounds import Action, Purpose, RoundDefinition
from app.planning.case import Case
from app.policy.facts import RoundFacts, StudyFacts


def tune_rounds_of_setting(case: Case) -> tuple[RoundFacts, ...]:
    """The tune rounds in the subject's setting, itself among them, oldest first."""
    numbers = sorted({*case.facts.rounds_used, case.subject.number})
    rounds = (case.study.round(number) for number in numbers)
    return tuple(r for r in rounds if r.definition.purpose is Purpose.TUNE)


def arrival(case: Case) -> Action | None:
    """The action that led to this setting; widening and more points stay in it."""
    rounds = tune_rounds_of_setting(case)
    return rounds[0].action if rounds else case.subject.action


def longer_round(case: Case) -> RoundFacts | None:
    """The tune round whose descent led here; None if none did."""
    first = tune_rounds_of_setting(case)[0]
    if arrival(case) is not Action.REDUCE_HORIZON:
        return None
    checks = [r for r in check_rounds(case.study) if r.number < first.number]
    return case.study.round(checks[-1].definition.checks or 0) if checks else None


def check_rounds(study: StudyFacts) -> tuple[RoundFacts, ...]:
    """Check rounds that say what they check, oldest first."""
    found = (r for r in study.rounds if r.definition.purpose is Purpose.CHECK)
    return tuple(r for r in found if r.definition.checks is not None)


def is_same_problem(one: RoundDefinition, other: RoundDefinition) -> bool:
    """Whether what was learned about horizons in one round holds in the other (P-12)."""
    return one.fixed == other.fixed and one.tags == other.tags


def horizons_used(study: StudyFacts) -> set[int]:
    """The distinct horizons of tune and final rounds: what `limits.rounds` counts."""
    counted = (Purpose.TUNE, Purpose.FINAL)
    return {r.definition.max_train_steps for r in study.rounds if r.definition.purpose in counted}
