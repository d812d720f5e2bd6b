"""The gate: which enforced findings still block an acceptance or a hand-written round, waivers
taken off."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any  # Any: verdicts as they go over the wire

from app import wire
from app.db import rounds, studies, waivers
from app.db.database import Connection
from app.db.recommendations import Recommendation
from app.domain.errors import BlockedByFindings
from app.domain.ids import StudyId
from app.domain.recommendations import Advice, Assessment, JudgedVerdict
from app.domain.rounds import RoundDefinition
from app.domain.studies import Binding
from app.planning.gate import enforced
from app.planning.hand_written import findings_against, is_gated, judge_by_hand
from app.policy.engine import NEVER_WAIVED, without_promotion
from app.policy.facts import StudyFacts
from app.services import facts


def check_recommendation(connection: Connection, found: Recommendation) -> None:
    """Raises BlockedByFindings with those that stand in the way of accepting."""
    blocking = still_blocking(connection, found)
    if blocking:
        verdicts = enforced(_verdicts(connection, found.study_id, found.advice))
        assessments = rounds.assessments_of_study(connection, found.study_id)
        places = places_of(blocking, assessments, rounds_of(found.advice))
        _refuse(found.study_id, [v for v in verdicts if v.code in blocking], places)


def still_blocking(connection: Connection, found: Recommendation) -> tuple[str, ...]:
    """The codes that block acceptance now: the review's, less what was waived or softened since."""
    if not found.advice.blocked_by:
        return ()
    waived = _waived(connection, found.study_id, rounds_of(found.advice))
    return tuple(code for code in found.advice.blocked_by if code not in waived)


def rounds_of(advice: Advice) -> set[int]:
    """The reviewed round, and the one that the advice speaks for."""
    return {advice.round, advice.subject_round or advice.round}


def places_of(
    codes: Iterable[str], assessments: Mapping[int, Assessment], numbers: Iterable[int]
) -> dict[str, int]:
    """For each code the last of these rounds in whose own review the enforced finding stands (the
    last of all where it is in none): there a waiver counts."""
    judged = {n: {v.code for v in enforced(a.verdicts)} for n, a in assessments.items()}
    known = sorted(numbers)
    return {c: max((n for n in known if c in judged.get(n, ())), default=known[-1]) for c in codes}


def promotion_by_hand(
    connection: Connection, study_id: StudyId, definition: RoundDefinition
) -> tuple[JudgedVerdict, ...]:
    """Stage P on a hand-written round that is gated; curves are read only where it is."""
    assessments = rounds.assessments_of_study(connection, study_id)
    if not is_gated(facts.outline(connection, study_id), assessments, definition):
        return ()
    return judge_by_hand(facts.load(connection, study_id), assessments, definition)


def check_by_hand(
    connection: Connection,
    study: StudyFacts,
    study_id: StudyId,
    definition: RoundDefinition,
    promotion: Sequence[JudgedVerdict] = (),
) -> None:
    """A hand-written tune round beyond all that was reviewed, and every final one, is gated: by
    what stands in the last review, and by what `promotion` says of the round itself."""
    assessments = rounds.assessments_of_study(connection, study_id)
    found = (*findings_against(study, assessments, definition), *enforced(promotion))
    waived = _waived(connection, study_id, {r.number for r in study.rounds}) if found else set()
    standing = [v for i, v in enumerate(found) if v.code not in waived and v not in found[:i]]
    if standing:
        codes = {v.code for v in standing}
        _refuse(study_id, standing, places_of(codes, assessments, assessments))


def as_findings(verdicts: Iterable[JudgedVerdict]) -> list[dict[str, Any]]:
    """Verdicts as problem `findings`."""
    return [wire.to_wire(verdict) for verdict in verdicts]


def way_out(study_id: StudyId, places: Mapping[str, int]) -> str:
    """What a person can do about findings that block in these rounds, in words to copy."""
    found = sorted(places)
    waived = [
        f'paceline waive {study_id} {code} --round {places[code]} --reason "why it may stand"'
        for code in found
        if code not in NEVER_WAIVED
    ]
    never = [code for code in found if code in NEVER_WAIVED]
    verb = "stands" if len(found) == 1 else "stand"
    sentences = [f"{', '.join(found)} {verb} in the way: run the cure that the finding names"]
    if waived:
        sentences.append(f"or waive it and then try again: {'; '.join(waived)}")
    if never:
        sentences.append(f"{', '.join(never)} is never waived")
    return ", ".join(sentences)


def _refuse(study_id: StudyId, standing: list[JudgedVerdict], places: Mapping[str, int]) -> None:
    raise BlockedByFindings(
        f"enforced findings stand: {', '.join(sorted(places))}",
        hint=way_out(study_id, places),
        findings=as_findings(standing),
    )


def _verdicts(
    connection: Connection, study_id: StudyId, advice: Advice
) -> tuple[JudgedVerdict, ...]:
    """Of the reviewed round, and of the one that the advice speaks for but what its own review said
    of another proposal."""
    reviewed = rounds.assessment_of(connection, study_id, advice.round)
    found = reviewed.verdicts if reviewed is not None else ()
    if advice.subject_round in (None, advice.round):
        return found
    subject = rounds.assessment_of(connection, study_id, advice.subject_round)
    return (*found, *(without_promotion(subject).verdicts if subject is not None else ()))


def _waived(connection: Connection, study_id: StudyId, numbers: set[int]) -> set[str]:
    """Codes that block no more: waived, or their binding softened since the review."""
    bindings = studies.get(connection, study_id).definition.bindings
    softened = {code for code, binding in bindings.items() if binding is not Binding.ENFORCE}
    valid = waivers.valid_of_study(connection, study_id)
    waived = {w.code for w in valid if w.round is None or w.round in numbers}
    return (softened | waived) - NEVER_WAIVED
