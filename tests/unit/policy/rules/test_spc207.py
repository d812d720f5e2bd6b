"""SPC207: an adaptive sampler picks the points of the first tune round."""

from app.domain.rounds import Purpose
from app.domain.studies import SamplerDefinition, SamplerKind
from app.policy.engine import admit_round
from tests.unit.policy import builders as b


def admitted(study: b.StudyFacts, kind: SamplerKind, **changes: object) -> b.JudgedVerdict:
    sampler = SamplerDefinition(kind)
    later = b.round_definition(study.definition, sampler=sampler, **changes)
    return next(v for v in admit_round(study, later) if v.code == "SPC207")


EMPTY = b.study_facts(b.definition())


def test_clear_for_quasi_random_points() -> None:
    assert admitted(EMPTY, SamplerKind.QUASI_RANDOM).verdict == "clear"


def test_finding_for_every_adaptive_sampler() -> None:
    kinds = (SamplerKind.TPE, SamplerKind.CMA_ES, SamplerKind.GP)
    assert {admitted(EMPTY, kind).verdict for kind in kinds} == {"finding"}


def test_inconclusive_for_other_purposes() -> None:
    verdict = admitted(EMPTY, SamplerKind.TPE, purpose=Purpose.LR_SWEEP)
    assert verdict.missing == ("purpose",)


def test_threshold_is_one_earlier_tune_round() -> None:
    later = b.tune_study(b.valley(0.01))
    assert admitted(later, SamplerKind.TPE).verdict == "clear"
    assert admitted(EMPTY, SamplerKind.TPE).verdict == "finding"
