"""Opening rounds: the one place where a round and its trials are stored; callers hold the study's
row."""

from dataclasses import dataclass

from app.db import outbox, rounds, studies, trials
from app.db.database import Connection
from app.db.rounds import NewRound
from app.db.studies import Study
from app.db.trials import Place
from app.domain.ids import StudyId
from app.domain.rounds import Action, Round, RoundDefinition
from app.domain.states import RoundState, StudyState, TrialState
from app.planning.old_boxes import boxes_to_skip
from app.services import facts, resumes
from app.services.round_plan import RoundPlan, Start, plan_round


@dataclass(frozen=True, slots=True)
class Proposer:
    """Which recommendation proposed a round; nothing for a hand-written one."""

    action: Action | None = None
    recommendation_id: str | None = None


BY_HAND = Proposer()


def open_round(
    connection: Connection,
    study: Study,
    definition: RoundDefinition,
    proposer: Proposer = BY_HAND,
    plan: RoundPlan | None = None,
) -> int:
    """Store the next round of a locked study with its trials; its number."""
    outline = facts.outline(connection, study.id)
    number = len(outline.rounds) + 1
    start = Start(study.next_index, boxes_to_skip(outline, definition))
    planned = plan or plan_round(definition, start)
    if proposer is BY_HAND:
        resumes.refuse_impossible(connection, study, definition, planned.trials)
    rounds.insert_one(
        connection,
        study.id,
        NewRound(
            number,
            definition,
            study.next_index,
            planned.points_to_draw,
            proposer.action,
            proposer.recommendation_id,
        ),
    )
    store_trials(connection, study, rounds.get(connection, study.id, number), planned)
    return number


def store_trials(
    connection: Connection, study: Study, found: Round, planned: RoundPlan
) -> list[str]:
    """Add planned trials to a round, move the study's sequence on, and wake workers."""
    studies.write(connection, study.id, next_index=planned.next_index)
    horizon = found.definition.max_train_steps
    new = resumes.checked(connection, study, horizon, planned.trials)
    ids = trials.insert_many(connection, place_of(study, found), new)
    outbox.add_wake_up(connection, study.definition.gpus)
    return [str(trial_id) for trial_id in ids]


def place_of(study: Study, found: Round) -> Place:
    """Where a round's new trials go."""
    return Place(
        study_id=study.id,
        round=found.number,
        max_train_steps=found.definition.max_train_steps,
        interval_steps=found.definition.interval_steps,
        checkpoint_steps=found.definition.checkpoint_steps,
        gpus=study.definition.gpus,
        is_open=study.state is StudyState.ACTIVE,
    )


def enter_review_if_over(connection: Connection, study_id: StudyId, number: int) -> bool:
    """Whether an open round has nothing left to run, so that it is in review from now on."""
    now = rounds.lock(connection, study_id, number)
    left = now.counts[TrialState.WAITING] + now.counts[TrialState.RUNNING] + now.points_to_draw
    if now.state is not RoundState.OPEN or left:
        return False
    rounds.change_state(connection, now, RoundState.IN_REVIEW)
    return True
