"""What the server-rendered study page shows, read in one transaction."""

from dataclasses import dataclass

from app.db import recommendations, rounds, studies, trials
from app.db.recommendations import Recommendation
from app.db.studies import Study
from app.domain.ids import StudyId
from app.domain.recommendations import Assessment
from app.domain.rounds import Round
from app.domain.trials import Trial
from app.services.context import Context
from app.services.study_views import what_it_waits_for


@dataclass(frozen=True, slots=True)
class StudyPage:
    """`shown`: the round last assessed, else the last one; `trials` are those
    that its review judged: its own and earlier ones of the same setting."""

    study: Study
    rounds: list[Round]
    shown: Round | None
    assessment: Assessment | None
    recommendation: Recommendation | None
    trials: list[Trial]
    waiting_for: str | None = None
    waits_because: str | None = None


def read_study_page(
    context: Context, study_id: StudyId, wanted_round: int | None = None
) -> StudyPage:
    """The page of a study. Raises MissingObject."""
    with context.database.reading() as connection:
        study = studies.get(connection, study_id)
        found = rounds.of_study(connection, study_id)
        judged = rounds.assessments_of_study(connection, study_id)
        advice = recommendations.of_study(connection, study_id)
        waits = what_it_waits_for(connection, study, found)
        shown = _shown(found, judged, wanted_round)
        return StudyPage(
            study=study,
            rounds=found,
            shown=shown,
            assessment=judged.get(shown.number) if shown else None,
            recommendation=advice[-1] if advice else None,
            trials=[
                trial
                for number in _judged_rounds(shown, judged)
                for trial in trials.of_round(connection, study_id, number)
            ],
            waiting_for=waits[0],
            waits_because=waits[1],
        )


def _judged_rounds(shown: Round | None, judged: dict[int, Assessment]) -> list[int]:
    if shown is None:
        return []
    assessment = judged.get(shown.number)
    used = [v.rounds_used for v in assessment.verdicts] if assessment else []
    return sorted({shown.number, *(number for numbers in used for number in numbers)})


def _shown(found: list[Round], judged: dict[int, Assessment], wanted: int | None) -> Round | None:
    number = wanted or max(judged, default=0)
    return next((one for one in found if one.number == number), found[-1] if found else None)
