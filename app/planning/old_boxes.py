"""What a wider round need not sample again: the boxes that its setting has searched before."""

from app.domain.rounds import Purpose, RoundDefinition
from app.domain.space import Parameters
from app.planning.rounds import sampled_points
from app.policy.facts import StudyFacts
from app.policy.setting import setting_of


def boxes_to_skip(study: StudyFacts, definition: RoundDefinition) -> tuple[Parameters, ...]:
    """The boxes of earlier sampled tune rounds in the new round's setting, but its own box.

    More points in the same box (collect_evidence) skip nothing.
    """
    return tuple(
        r.definition.parameters
        for r in study.rounds
        if r.definition.purpose is Purpose.TUNE
        and sampled_points(r.definition)
        and r.definition.schedule == definition.schedule
        and setting_of(r.definition) == setting_of(definition)
        and r.definition.parameters != definition.parameters
    )
