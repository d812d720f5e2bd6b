"""The round by which a horizon was last chosen: what came later is compared with it (P-12)."""

from dataclasses import dataclass, replace

from app.domain.rounds import Purpose
from app.domain.states import RoundState
from app.policy.facts import RoundFacts, StudyFacts
from app.policy.verdicts import Inconclusive

NO_BASELINE = Inconclusive(
    ("predecessor",),
    "no reviewed tune round before this one, here or in an earlier study of this name",
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A reviewed tune round of this study, or of its predecessor."""

    round: RoundFacts
    is_predecessor: bool

    @property
    def name(self) -> str:
        """As a sentence says it."""
        whose = " of the previous study of this name" if self.is_predecessor else ""
        return f"round {self.round.number}{whose}"


def baseline_of(study: StudyFacts) -> Baseline | None:
    """The last reviewed tune round of the study, else of its predecessor; None: there is none."""
    for known, is_predecessor in ((study, False), (study.predecessor, True)):
        rounds = reviewed_tune_rounds(known) if known else ()
        if rounds:
            return Baseline(rounds[-1], is_predecessor)
    return None


def reviewed_tune_rounds(study: StudyFacts) -> tuple[RoundFacts, ...]:
    """Oldest first."""
    tunes = (one for one in study.rounds if one.definition.purpose is Purpose.TUNE)
    return tuple(one for one in tunes if one.state is RoundState.CLOSED)


def before_round(study: StudyFacts, number: int) -> StudyFacts:
    """The study as it was when that round opened."""
    return replace(study, rounds=tuple(one for one in study.rounds if one.number < number))
