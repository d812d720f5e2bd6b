"""The gate for rounds that a person writes: longer training than anything judged must pass it."""

from collections.abc import Mapping

from app.domain.recommendations import Assessment, JudgedVerdict
from app.domain.rounds import Action, Purpose, RoundDefinition
from app.planning.case import open_case
from app.planning.gate import blocking_verdicts
from app.policy.facts import StudyFacts


def findings_against(
    study: StudyFacts, assessments: Mapping[int, Assessment], definition: RoundDefinition
) -> tuple[JudgedVerdict, ...]:
    """Enforced findings that refuse a hand-written round (409); empty: it may open.

    Gated are final rounds, and tune rounds beyond every reviewed or checked horizon (P-31b: new
    ideas enter at an earlier one). What stands is what the last reviewed round says.
    """
    if not is_gated(study, assessments, definition) or not assessments:
        return ()
    return blocking_verdicts(open_case(study, assessments, max(assessments)), Action.PROMOTE)


def is_gated(
    study: StudyFacts, assessments: Mapping[int, Assessment], definition: RoundDefinition
) -> bool:
    """Whether the round has to pass the gate at all."""
    if definition.purpose is Purpose.FINAL:
        return True
    if definition.purpose is not Purpose.TUNE:
        return False
    judged = (r for r in study.rounds if r.number in assessments)
    longest = max((r.definition.max_train_steps for r in judged), default=0)
    return definition.max_train_steps > longest
