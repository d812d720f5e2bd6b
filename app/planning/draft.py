"""A draft: one step's answer, before the adviser adds what every recommendation carries."""

from dataclasses import dataclass

from app.domain.recommendations import Reason
from app.domain.rounds import Action, RoundDefinition
from app.planning.case import Case


@dataclass(frozen=True, slots=True)
class Draft:
    """What to do about the case, which may have another subject than was opened."""

    case: Case
    action: Action
    sentence: str
    would_change_my_mind: tuple[str, ...]  # the evidence that is missing: never empty
    proposal: RoundDefinition | None = None
    acting: tuple[str, ...] = ()  # codes of the findings that this answers
    reasons: tuple[Reason, ...] = ()
    recommended_steps: int | None = None  # None: the number of policy 2.1
    known_range: tuple[int, int] | None = None  # of that number; None: what the checks left
    is_decided: bool = True  # False: a person is asked, whatever the autopilot
    is_low_confidence: bool = False
    effect: float | None = None  # how much it matters, in the objective's unit
