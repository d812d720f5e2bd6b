"""The case before the adviser: a reviewed round and the tune round that it speaks for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.domain.recommendations import Assessment, JudgedVerdict
from app.domain.rounds import Purpose
from app.domain.studies import Binding, Workload
from app.policy.engine import as_it_stands, without_promotion
from app.policy.facts import Configuration, ReviewFacts, RoundFacts, StudyFacts
from app.policy.prepare import prepare


@dataclass(frozen=True, slots=True)
class Reviews:
    """Prepared facts by round, each prepared once: a memo of answers that never change."""

    study: StudyFacts
    known: dict[int, ReviewFacts] = field(default_factory=dict)

    def of(self, round_number: int) -> ReviewFacts:
        if round_number not in self.known:
            self.known[round_number] = prepare(self.study, round_number)
        return self.known[round_number]


@dataclass(frozen=True, slots=True)
class Case:
    """`subject` is what the advice is about: the reviewed round, or the one it checks."""

    reviews: Reviews
    reviewed: RoundFacts
    subject: RoundFacts
    assessments: Mapping[int, Assessment]

    @property
    def study(self) -> StudyFacts:
        return self.reviews.study

    @property
    def facts(self) -> ReviewFacts:
        """The subject's."""
        return self.reviews.of(self.subject.number)

    @property
    def horizon_steps(self) -> int:
        return self.subject.definition.max_train_steps

    @property
    def is_tune(self) -> bool:
        return self.subject.definition.purpose is Purpose.TUNE

    @property
    def is_compute_bound(self) -> bool:
        workload = self.subject.definition.workload or self.study.definition.workload
        return workload is Workload.COMPUTE_BOUND

    @property
    def best(self) -> Configuration | None:
        """The best usable configuration; None where nothing completed alive."""
        return self.facts.configurations[0] if self.facts.configurations else None

    @property
    def verdicts(self) -> tuple[JudgedVerdict, ...]:
        """The subject's, then what the reviewed round adds."""
        numbers = dict.fromkeys((self.subject.number, self.reviewed.number))
        return tuple(
            v for n in numbers if n in self.assessments for v in self.assessments[n].verdicts
        )

    def about_subject(self, *codes: str) -> tuple[JudgedVerdict, ...]:
        """The subject's verdicts of these codes."""
        own = self.assessments.get(self.subject.number)
        return tuple(v for v in own.verdicts if v.code in codes) if own else ()

    def findings(self, *codes: str) -> tuple[JudgedVerdict, ...]:
        """The subject's findings of these codes that stand: neither waived nor switched off."""
        return tuple(v for v in self.about_subject(*codes) if is_standing(v))

    def shown(self, value: float) -> str:
        """An objective value in the user's own direction; where all diverged, that word."""
        if not math.isfinite(value):
            return "diverged"
        return f"{self.study.definition.objective.direction.sign * value:.4g}"


def is_standing(verdict: JudgedVerdict) -> bool:
    """A finding that somebody still has to answer."""
    return (
        verdict.verdict == "finding" and not verdict.waived and verdict.binding is not Binding.OFF
    )


def open_case(
    study: StudyFacts,
    assessments: Mapping[int, Assessment],
    round_number: int,
    reviews: Reviews | None = None,
) -> Case:
    """The case of a reviewed round: a check round speaks for the round that it checks.

    `reviews`: what the caller has prepared of this study already. What earlier reviews said of
    their own proposals is left out: it is no news about what ran. Waivers and bindings that are
    younger than a review count from now on.
    """
    reviewed = study.round(round_number)
    checked = reviewed.definition.checks
    subject = reviewed if checked is None else study.round(checked)
    about_rounds = {
        number: without_promotion(as_it_stands(one, study)) for number, one in assessments.items()
    }
    return Case(reviews or Reviews(study), reviewed, subject, about_rounds)


def about(case: Case, subject: RoundFacts) -> Case:
    """The same review, with another round as its subject."""
    return replace(case, subject=subject)
