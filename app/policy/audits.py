"""The judge over rounds that ran elsewhere: what admission would have said, then the review."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from app.domain.recommendations import Assessment, JudgedVerdict
from app.policy.admission import admission_of_round
from app.policy.catalogue import RULES, rules_of
from app.policy.engine import Bench, assess, run
from app.policy.facts import ReviewFacts, RoundFacts, StudyFacts
from app.policy.measurements import MeasurementFacts
from app.policy.rule import Stage


def assess_audit(
    study: StudyFacts,
    round_number: int,
    prepare_round: Callable[[StudyFacts, int], ReviewFacts] | None = None,
) -> Assessment:
    """Every admission, measurement and review rule about one round, in the catalogue's order.

    A rule of two stages is asked at its review, which sees more. Findings never refuse anything.
    Raises KeyError if the study has no such round.
    """
    judged = study.round(round_number)
    reviewed = assess(study, round_number, prepare_round=prepare_round)
    codes = {verdict.code for verdict in reviewed.verdicts}
    others = (v for v in _admission(study, judged) if v.code not in codes)
    order = {rule.code: place for place, rule in enumerate(RULES)}
    verdicts = (*reviewed.verdicts, *others)
    return replace(reviewed, verdicts=tuple(sorted(verdicts, key=lambda v: order[v.code])))


def _admission(study: StudyFacts, judged: RoundFacts) -> Iterator[JudgedVerdict]:
    earlier = tuple(other for other in study.rounds if other.number < judged.number)
    facts = admission_of_round(replace(study, rounds=earlier), judged.definition)
    bench = Bench(study.definition.bindings, (), judged.number, (judged.number,))
    yield from run(rules_of(Stage.ROUND_ADMISSION), Stage.ROUND_ADMISSION, facts, bench)
    horizon = judged.definition.max_train_steps
    ends = {t.trial_id: t.last_step for t in judged.trials if t.max_train_steps == horizon}
    late = tuple(trial_id for trial_id, last in ends.items() if last > horizon)
    measured = MeasurementFacts(sorted(ends.values()), horizon)
    for verdict in run(rules_of(Stage.MEASUREMENT), Stage.MEASUREMENT, measured, bench):
        yield replace(verdict, trial_ids=late)
