"""Runs all rules of a stage and keeps every verdict; a rule that raises is inconclusive."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any  # Any: facts differ by stage; evidence is JSON-ready numbers

from app.domain.recommendations import Assessment, JudgedVerdict
from app.domain.rounds import RoundDefinition
from app.domain.studies import Binding, StudyDefinition
from app.policy.admission import ImportedTrial, admission_of_round, admission_of_study
from app.policy.catalogue import RULES, rules_of
from app.policy.facts import ReviewFacts, StudyFacts, Waiver
from app.policy.plain import plain
from app.policy.plans import PlanFacts
from app.policy.prepare import prepare
from app.policy.promotions import PromotionFacts
from app.policy.rule import Rule, Severity, Stage
from app.policy.schedule_changes import BareSchedule, ScheduleChange
from app.policy.starts import StartFacts
from app.policy.verdicts import Finding, Inconclusive, Judged, Verdict

ABOUT_SCHEDULES = "SCH"
SOFTER = (Binding.ENFORCE, Binding.WARN, Binding.OFF)  # each softer than the one before
NEVER_WAIVED = frozenset(rule.code for rule in RULES if not rule.is_waivable)
WORST_FIRST = ("finding", "clear", "inconclusive")


@dataclass(frozen=True, slots=True)
class Bench:
    """What turns a verdict into a judged one: bindings, waivers and what was looked at."""

    bindings: Mapping[str, Binding]
    waivers: Sequence[Waiver] = ()
    round_number: int | None = None
    rounds_used: tuple[int, ...] = ()
    trace_id: str | None = None


def assess(
    study: StudyFacts,
    round_number: int,
    provisional: bool = False,
    trace_id: str | None = None,
    prepare_round: Callable[[StudyFacts, int], ReviewFacts] | None = None,
) -> Assessment:
    """Review a round: one verdict of every review rule at least, in the catalogue's order.

    `prepare_round`: what prepares the facts, where the caller keeps them.
    `trace_id` names failures of rules in a log; without it one is derived from the failure.
    Raises KeyError if the study has no such round, and nothing else.
    """
    study.round(round_number)
    bench = Bench(study.definition.bindings, study.waivers, round_number, (), trace_id)
    rules = rules_of(Stage.ROUND_REVIEW)
    try:
        facts = (prepare_round or prepare)(study, round_number)
    except Exception as error:  # noqa: BLE001  fail closed: no facts, no approval
        verdicts = tuple(_judged(rule, _failed(rule, error, bench), bench) for rule in rules)
        return Assessment(round_number, provisional, verdicts)
    bench = Bench(
        study.definition.bindings, study.waivers, round_number, facts.rounds_used, trace_id
    )
    return Assessment(round_number, provisional, run(rules, Stage.ROUND_REVIEW, facts, bench))


def admit_study(
    definition: StudyDefinition, predecessor: StudyFacts | None = None
) -> tuple[JudgedVerdict, ...]:
    """The verdicts on a study before it is stored (SA)."""
    facts = admission_of_study(definition, predecessor)
    stage = Stage.STUDY_ADMISSION
    return run(rules_of(stage), stage, facts, Bench(definition.bindings))


def admit_round(
    study: StudyFacts, definition: RoundDefinition, imported: Iterable[ImportedTrial] = ()
) -> tuple[JudgedVerdict, ...]:
    """The verdicts on a round before it opens, or before trials are imported into it (RA)."""
    facts = admission_of_round(study, definition, imported)
    stage = Stage.ROUND_ADMISSION
    bench = Bench(study.definition.bindings, study.waivers)
    return run(rules_of(stage), stage, facts, bench)


def judge_plan(facts: PlanFacts) -> tuple[JudgedVerdict, ...]:
    """The verdicts on a plan and its alternatives (PL)."""
    return run(rules_of(Stage.PLAN), Stage.PLAN, facts, Bench({}))


def assess_promotion(
    study: StudyFacts, round_number: int, facts: PromotionFacts | None
) -> tuple[JudgedVerdict, ...]:
    """The verdicts on a round proposed after the review of `round_number` (P): one of every rule.

    `facts` is None where nothing is promoted: then every rule says so.
    """
    used = facts.review.rounds_used if facts is not None else ()
    bench = Bench(study.definition.bindings, study.waivers, round_number, used)
    rules = rules_of(Stage.PROMOTION)
    if facts is None:
        nothing = Inconclusive(("promotion",), "nothing is promoted, so there is nothing to judge")
        return tuple(_judged(rule, nothing, bench) for rule in rules)
    return run(rules, Stage.PROMOTION, facts, bench)


def judge_schedule(change: ScheduleChange) -> tuple[JudgedVerdict, ...]:
    """The verdicts on a schedule that is extended on its own: what P rules say of schedules."""
    rules = (rule for rule in rules_of(Stage.PROMOTION) if rule.code.startswith(ABOUT_SCHEDULES))
    return run(rules, Stage.PROMOTION, BareSchedule((change,)), Bench({}))


def admit_start(facts: StartFacts) -> tuple[JudgedVerdict, ...]:
    """The verdicts on a run that would go on from another one's checkpoint (AS): SCH703."""
    stage = Stage.ATTEMPT_START
    return run(rules_of(stage), stage, facts, Bench({}))


def merge(assessment: Assessment, others: Iterable[JudgedVerdict]) -> Assessment:
    """The assessment with verdicts of other stages, in the catalogue's order.

    Of a rule that answers at several stages the worst answer counts: a finding before all else, and
    what could not be judged last.
    """
    found = list(assessment.verdicts)
    for other in others:
        rivals = [v for v in found if v.code == other.code]
        if all(WORST_FIRST.index(other.verdict) < WORST_FIRST.index(v.verdict) for v in rivals):
            found = [*(v for v in found if v.code != other.code), other]
    order = {rule.code: place for place, rule in enumerate(RULES)}
    return replace(
        assessment, verdicts=tuple(sorted(found, key=lambda v: order.get(v.code, len(order))))
    )


def without_promotion(assessment: Assessment) -> Assessment:
    """The assessment without what it says of a proposal (P)."""
    promoting = (r for r in rules_of(Stage.PROMOTION) if Stage.ROUND_REVIEW not in r.checks)
    codes = {rule.code for rule in promoting}
    kept = tuple(v for v in assessment.verdicts if v.code not in codes)
    return replace(assessment, verdicts=kept)


def is_enforced_finding(verdict: JudgedVerdict) -> bool:
    """Whether the verdict blocks: a finding whose binding is enforce, without a waiver."""
    is_enforced = verdict.binding is Binding.ENFORCE and not verdict.waived
    return verdict.verdict == "finding" and is_enforced


def run(rules: Iterable[Rule], stage: Stage, facts: Any, bench: Bench) -> tuple[JudgedVerdict, ...]:
    """Ask every rule of a stage about the facts."""
    judged: list[JudgedVerdict] = []
    for rule in rules:
        answers = _ask(rule, stage, facts, bench)
        judged += [_judged(rule, answer, bench) for answer in answers]
    return tuple(judged)


def _ask(rule: Rule, stage: Stage, facts: Any, bench: Bench) -> tuple[Verdict, ...]:
    try:
        answer = rule.checks[stage](facts)
    except Exception as error:  # noqa: BLE001  fail closed: a broken rule must not read as approval
        return (_failed(rule, error, bench),)
    return answer if isinstance(answer, tuple) else (answer,)


def _failed(rule: Rule, error: Exception, bench: Bench) -> Inconclusive:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
    where = "/".join(where.split("/")[-2:])
    seed = f"{rule.code} {bench.round_number} {type(error).__name__} {error} {where}"
    trace_id = bench.trace_id or hashlib.sha256(seed.encode()).hexdigest()[:16]
    message = f"rule failed (trace {trace_id}): report it with this id; nothing was judged"
    evidence = {"trace_id": trace_id, "error": type(error).__name__, "where": where}
    return Inconclusive(("rule",), message, Judged(evidence))


def _judged(rule: Rule, answer: Verdict, bench: Bench) -> JudgedVerdict:
    binding = bench.bindings.get(rule.code, rule.default_binding)
    severity = rule.severity
    if isinstance(answer, Finding):
        binding, severity = _weigh(answer, binding, severity, rule.code in bench.bindings)
    judged = answer.judged
    return JudgedVerdict(
        code=rule.code,
        title=rule.title,
        verdict=type(answer).__name__.lower(),
        severity=severity.value,
        binding=binding,
        message=answer.message,
        action=answer.action if isinstance(answer, Finding) else "",
        claims=rule.claims,
        n_used=judged.n_used,
        rounds_used=bench.rounds_used,
        statistic=plain(judged.statistic),
        threshold=plain(judged.threshold),
        interval=judged.interval,
        evidence=plain(dict(judged.evidence)),
        missing=answer.missing if isinstance(answer, Inconclusive) else (),
        trial_ids=judged.trial_ids,
        rule_version=rule.version,
        waived=isinstance(answer, Finding) and _is_waived(rule.code, bench),
    )


def _weigh(
    finding: Finding, binding: Binding, severity: Severity, is_chosen: bool
) -> tuple[Binding, Severity]:
    """A suspect never blocks; what is hopeless blocks unless the study itself chose a binding."""
    if finding.is_advice_only and binding is Binding.ENFORCE:
        return Binding.WARN, Severity.WARN
    if finding.is_always_enforced and not is_chosen:
        return Binding.ENFORCE, Severity.ERROR
    return binding, severity


def as_it_stands(assessment: Assessment, study: StudyFacts) -> Assessment:
    """The assessment under the waivers and bindings of now: both may be younger than its review.

    A binding is only softened this way; what becomes enforced is so from the next review on.
    """
    bench = Bench(study.definition.bindings, study.waivers, assessment.round)
    verdicts = tuple(_as_it_stands(verdict, bench) for verdict in assessment.verdicts)
    return replace(assessment, verdicts=verdicts)


def _as_it_stands(verdict: JudgedVerdict, bench: Bench) -> JudgedVerdict:
    chosen = bench.bindings.get(verdict.code, verdict.binding)
    binding = max(verdict.binding, chosen, key=SOFTER.index)
    is_waived = verdict.verdict == "finding" and _is_waived(verdict.code, bench)
    return replace(verdict, binding=binding, waived=is_waived)


def _is_waived(code: str, bench: Bench) -> bool:
    return code not in NEVER_WAIVED and any(
        waiver.code == code and waiver.round in (None, bench.round_number)
        for waiver in bench.waivers
    )
