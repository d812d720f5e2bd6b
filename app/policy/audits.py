"""The judge over rounds that ran elsewhere: what admission would have said, then the review, then
the promotion by which a round came about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from app.domain.recommendations import Assessment, JudgedVerdict
from app.policy.admission import admission_of_round
from app.policy.catalogue import rules_of
from app.policy.engine import Bench, assess, assess_promotion, merge, run
from app.policy.facts import ReviewFacts, RoundFacts, StudyFacts
from app.policy.measurements import MeasurementFacts
from app.policy.prepare import prepare
from app.policy.promotions import passed_recheck, past_promotion, promotion_of
from app.policy.rule import Stage


def assess_audit(
    study: StudyFacts,
    round_number: int,
    prepare_round: Callable[[StudyFacts, int], ReviewFacts] = prepare,
    earlier: Mapping[int, Assessment] | None = None,
) -> Assessment:
    """Every admission, measurement and review rule about one round, in the catalogue's order.

    A rule of two stages is asked at its review, which sees more. A round of promoted trials is also
    judged as the promotion that it was; `earlier` says how the rounds before it were judged.
    Findings never refuse anything. Raises KeyError if the study has no such round.
    """
    judged = study.round(round_number)
    reviewed = assess(study, round_number, prepare_round=prepare_round)
    codes = {verdict.code for verdict in reviewed.verdicts}
    others = (v for v in _admission(study, judged) if v.code not in codes)
    admitted = merge(reviewed, others)
    past = past_promotion(study, round_number)
    if past is None:
        return admitted
    source, proposal = past
    passed = partial(passed_recheck, earlier or {})
    facts = promotion_of(prepare_round(study, source), proposal, passed)
    return merge(admitted, assess_promotion(study, round_number, facts))


def with_promotion(
    study: StudyFacts, assessment: Assessment, promotion: Sequence[JudgedVerdict]
) -> Assessment:
    """The assessment with what the rules say of the promotion that is advised after it (none: they
    say so); a round that came about by one keeps the verdicts on that."""
    if past_promotion(study, assessment.round) is not None:
        return assessment
    return merge(assessment, promotion or assess_promotion(study, assessment.round, None))


def _admission(study: StudyFacts, judged: RoundFacts) -> Iterator[JudgedVerdict]:
    earlier = tuple(other for other in study.rounds if other.number < judged.number)
    planned = admission_of_round(replace(study, rounds=earlier), judged.definition)
    facts = replace(planned, has_run=True)
    bench = Bench(study.definition.bindings, (), judged.number, (judged.number,))
    yield from run(rules_of(Stage.ROUND_ADMISSION), Stage.ROUND_ADMISSION, facts, bench)
    horizon = judged.definition.max_train_steps
    own = [trial for trial in judged.trials if trial.max_train_steps == horizon]
    late = tuple(trial.trial_id for trial in own if trial.first_refused_step is not None)
    told = sorted(trial.first_refused_step or trial.last_step for trial in own)
    measured = MeasurementFacts(told, horizon)
    for verdict in run(rules_of(Stage.MEASUREMENT), Stage.MEASUREMENT, measured, bench):
        yield replace(verdict, trial_ids=late)
