"""An audit: judge rounds that ran elsewhere and advise on the last; stateless, nothing is saved."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # Any: parsed JSON, checked by audit_curves

from app.domain.audits import AuditRequest, AuditRound
from app.domain.errors import InvalidInput
from app.domain.points import near_hint
from app.domain.recommendations import Advice, Assessment
from app.domain.space import check_space
from app.domain.studies import MAX_STEPS
from app.planning.audits import consult_audit
from app.planning.case import Reviews
from app.policy.audits import assess_audit, with_promotion
from app.policy.catalogue import known_settings
from app.services.audit_curves import Columns, read_columns
from app.services.audit_facts import build_facts

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
MAX_ID = 512
RawCurves = Sequence[Sequence[Mapping[str, Any]]]  # a round's, then a trial's


@dataclass(frozen=True, slots=True)
class Audited:
    """One assessment a round, and the advice about the last."""

    assessments: tuple[Assessment, ...]
    advice: Advice


def audit(request: AuditRequest, raw_curves: RawCurves) -> Audited:
    """Judge every round. Raises InvalidInput for an audit that contradicts itself; findings are
    answers."""
    check_request(request)
    curves = [
        [_columns(trial.id, raw) for trial, raw in zip(one.trials, own, strict=True)]
        for one, own in zip(request.rounds, raw_curves, strict=True)
    ]
    facts = build_facts(request, curves)
    reviews = Reviews(facts)
    assessments: dict[int, Assessment] = {}
    for one in facts.rounds:
        assessments[one.number] = assess_audit(
            facts, one.number, lambda _, number: reviews.of(number), assessments
        )
    last = len(facts.rounds)
    consulted = consult_audit(reviews, assessments, last)
    judged = (
        with_promotion(facts, one, consulted.promotion if number == last else ())
        for number, one in assessments.items()
    )
    return Audited(tuple(judged), consulted.advice)


def _columns(trial_id: str, raw: Mapping[str, Any]) -> Columns:
    return read_columns(f"trial {trial_id[:80]}", raw)


def check_request(request: AuditRequest) -> None:
    """What must hold before any rule is asked. Raises InvalidInput."""
    if not request.rounds:
        raise InvalidInput("`rounds` is empty", hint="send at least one round with its trials")
    for name in (*request.parameters, *request.fixed, *_metrics(request)):
        if not NAME.fullmatch(name):
            raise InvalidInput(
                f"{name[:80]!r} is no name",
                hint="a name begins with a letter or _ and goes on with letters, digits, _ . -",
            )
    known = known_settings()
    for name in request.settings:
        if name not in known:
            raise InvalidInput(
                f"settings names {name}, which is no threshold", hint=near_hint(name, known)
            )
    for tolerance in (request.objective.tolerance, _training_tolerance(request)):
        if tolerance < 0:
            raise InvalidInput(f"a tolerance must be at least 0; it is {tolerance}")
    _check_steps("production_steps", request.production_steps)
    _check_rounds(request)


def _metrics(request: AuditRequest) -> list[str]:
    training = [request.training_metric.metric] if request.training_metric else []
    loss = [request.loss_metric] if request.loss_metric is not None else []
    return [request.objective.metric, *training, *loss]


def _training_tolerance(request: AuditRequest) -> float:
    return request.training_metric.tolerance if request.training_metric else 0.0


def _check_rounds(request: AuditRequest) -> None:
    seen: set[str] = set()
    for number, one in enumerate(request.rounds, start=1):
        check_space(request.parameters, {**request.fixed, **one.fixed})
        _check_steps(f"round {number}: max_train_steps", one.max_train_steps)
        _check_steps(f"round {number}: evaluate_every_steps", one.evaluate_every_steps)
        _check_trials(one, seen)


def _check_trials(one: AuditRound, seen: set[str]) -> None:
    for trial in one.trials:
        if not 1 <= len(trial.id) <= MAX_ID:
            raise InvalidInput(f"a trial's id is 1 to {MAX_ID} characters; it has {len(trial.id)}")
        if trial.id in seen:
            raise InvalidInput(f"two trials have the id {trial.id[:80]}; give each its own")
        if trial.seed is not None and abs(trial.seed) > MAX_STEPS:
            raise InvalidInput(f"trial {trial.id[:80]}: a seed lies within -2^53 ... 2^53")
        _check_steps(f"trial {trial.id[:80]}: max_train_steps", trial.max_train_steps)
        seen.add(trial.id)


def _check_steps(name: str, steps: int | None) -> None:
    if steps is not None and not 1 <= steps <= MAX_STEPS:
        raise InvalidInput(f"{name} lies between 1 and 2^53; it is {steps}")
