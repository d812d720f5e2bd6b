"""The gate for rounds that a person writes: longer training than anything judged must pass it."""

from collections.abc import Mapping

from app.domain.recommendations import Assessment, JudgedVerdict
from app.domain.rounds import Action, Purpose, RoundDefinition
from app.planning.case import open_case
from app.planning.gate import blocking_verdicts
from app.planning.promotion_verdicts import judge_promotion
from app.policy.facts import StudyFacts
from app.policy.setting import is_same_setting


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


def judge_by_hand(
    study: StudyFacts, assessments: Mapping[int, Assessment], definition: RoundDefinition
) -> tuple[JudgedVerdict, ...]:
    """What the judge says of a gated hand-written round as a promotion (P), and what stands against
    the round that it promotes; empty for any other.

    `study` holds its trials. The round is a promotion of the reviewed tune round that its points
    come from, or of a later one in the same setting; where they come from none, of the last one.
    """
    source = _source(study, assessments, definition)
    if source is None or not is_gated(study, assessments, definition):
        return ()
    case = open_case(study, assessments, source)
    return (*blocking_verdicts(case, Action.PROMOTE), *judge_promotion(case, definition))


def _source(
    study: StudyFacts, assessments: Mapping[int, Assessment], definition: RoundDefinition
) -> int | None:
    tunes = [r for r in study.rounds if r.number in assessments]
    tunes = [r for r in tunes if r.definition.purpose is Purpose.TUNE]
    named = {point.origin.trial_id for point in definition.points if point.origin}
    origins = [r for r in tunes if any(t.trial_id in named for t in r.trials)]
    if origins:
        tunes = [r for r in tunes if is_same_setting(r, origins[-1])]
    return max((r.number for r in tunes), default=None)


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
