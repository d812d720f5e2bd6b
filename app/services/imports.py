"""Import: finished trials of somebody else's runner join a round, once each, and cost no budget."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app import wire
from app.db import imports, rounds, studies, trials
from app.db.database import Connection
from app.db.imports import Imported
from app.db.merging import columns_of, merge
from app.db.studies import Study
from app.domain.audits import AuditTrial
from app.domain.curves import steps_beyond
from app.domain.errors import HorizonExceeded, InvalidInput
from app.domain.ids import StudyId, TrialId
from app.domain.imports import ImportRequest, ending
from app.domain.points import check_point
from app.domain.reports import Measurements, check_words
from app.domain.rounds import Origin, Point, Relation, Round
from app.domain.space import point_key
from app.domain.states import RoundState
from app.domain.trials import Trial
from app.policy.admission import ImportedTrial
from app.policy.engine import admit_round
from app.services import facts, waiting
from app.services.context import Context
from app.services.opening import enter_review_if_over, place_of
from app.services.refusals import refuse_enforced
from app.services.repeats import earlier_answer, keep_answer
from app.services.request_keys import RequestKey
from app.services.round_plan import explicit_trials
from app.services.rounds import woken

Told = list[dict[str, str]]  # id and caller_id of each, in the order in which they were sent


def import_trials(
    context: Context, study_id: StudyId, body: ImportRequest, key: RequestKey | None = None
) -> Told:
    """Store them; a caller's id that the round has already answers the trial that it became.

    Raises RefusedByRules (HZN101) for another horizon, and InvalidInput for what cannot be stored.
    """
    with context.database.writing() as connection:
        earlier = earlier_answer(connection, key)
        if earlier is not None:
            return wire.from_wire(Told, earlier["trials"])
        study = woken(connection, studies.lock(connection, study_id))
        found = rounds.lock(connection, study_id, body.round)
        _refuse_other_horizons(connection, study, found, body.trials)
        told = _store(connection, study, found, body.trials)
        enter_review_if_over(connection, study_id, found.number)
        waiting.refresh(connection, study_id)
        keep_answer(connection, key, {"trials": told})
    context.bell.ring()
    return told


def _refuse_other_horizons(
    connection: Connection, study: Study, found: Round, told: Sequence[AuditTrial]
) -> None:
    horizon = found.definition.max_train_steps
    meant = [ImportedTrial(one.id, one.max_train_steps or horizon) for one in told]
    verdicts = admit_round(facts.outline(connection, study.id), found.definition, meant)
    refuse_enforced(tuple(v for v in verdicts if v.code == "HZN101"))


def _store(connection: Connection, study: Study, found: Round, told: Sequence[AuditTrial]) -> Told:
    own = trials.of_study(connection, study.id)
    here = [trial for trial in own if trial.round == found.number]
    known = {trial.caller_id: trial.id for trial in here if trial.caller_id}
    space = found.definition.parameters
    new = [
        replace(one, params=check_point(one.params, space, is_boxed=False))
        for one in told
        if one.id not in known
    ]
    _check_ids([one.id for one in new])
    if new and found.state is RoundState.CLOSED:
        rounds.change_state(connection, found, RoundState.OPEN)
    made = _made(study, found, new, own)
    ids = imports.store(connection, place_of(study, found), made)
    known.update(zip([one.id for one in new], ids, strict=True))
    return [{"id": known[one.id], "caller_id": one.id} for one in told]


def _check_ids(ids: Sequence[str]) -> None:
    for caller_id in ids:
        check_words(id=caller_id)
    twice = sorted({caller_id for caller_id in ids if ids.count(caller_id) > 1})
    if twice:
        raise InvalidInput(
            f"trial {twice[0]} comes twice in this body", hint="give each trial an id of its own"
        )


def _made(
    study: Study, found: Round, new: Sequence[AuditTrial], own: Sequence[Trial]
) -> list[Imported]:
    """The trials as they will be stored; without a seed, the smallest that the point has free."""
    here = [trial for trial in own if trial.round == found.number]
    taken = {(trial.point_key, trial.seed) for trial in here}
    taken |= {(point_key(one.params), one.seed) for one in new if one.seed is not None}
    first = max((trial.point_index for trial in here), default=-1) + 1
    stored = {(trial.point_key, trial.seed): trial.id for trial in here}
    origins = {name: trial for trial in own for name in (trial.id, trial.caller_id) if name}
    made = []
    for index, one in enumerate(new):
        key = point_key(one.params)
        seed = one.seed if one.seed is not None else _free_seed(taken, key)
        taken.add((key, seed))
        if (key, seed) in stored:
            raise InvalidInput(
                f"trial {one.id}: its point has run under seed {seed} already"
                f" ({stored[key, seed]})",
                hint="give the repetition a seed of its own, or leave `seed` out",
            )
        stored[key, seed] = TrialId(one.id)
        point = Point(one.params, origin=_origin(one, origins), seeds=(seed,))
        made.append(_imported(study, found, one, (point, first + index)))
    return made


def _free_seed(taken: set[tuple[str, int]], key: str) -> int:
    return next(seed for seed in range(len(taken) + 1) if (key, seed) not in taken)


def _origin(one: AuditTrial, known: Mapping[str, Trial]) -> Origin | None:
    if one.promoted_from is None:
        return None
    if one.promoted_from not in known:
        raise InvalidInput(
            f"trial {one.id}: promoted_from names {one.promoted_from}, which this study has not",
            hint="import the earlier round first, or leave `promoted_from` out",
        )
    source = known[one.promoted_from]
    is_same = source.point_key == point_key(one.params)
    return Origin(source.id, Relation.SAME if is_same else Relation.VARIANT)


def _imported(study: Study, found: Round, one: AuditTrial, placed: tuple[Point, int]) -> Imported:
    point, index = placed
    definition = found.definition
    batch = Measurements(one.curve.steps, one.curve.metrics).batch()
    beyond = steps_beyond(batch.steps, definition.max_train_steps)
    if beyond is not None:
        raise HorizonExceeded(
            f"trial {one.id}: step {beyond} lies beyond max_train_steps ="
            f" {definition.max_train_steps} of round {found.number}",
            first_refused_step=beyond,
            hint="import it into a round of its own horizon",
        )
    objective = study.definition.objective
    grid = (definition.interval_steps, definition.max_train_steps)
    ended = ending(one.outcome, batch, grid, (objective.metric, objective.direction))
    (trial,) = explicit_trials(definition, [point], index)
    return Imported(one.id, trial, ended, tuple(merge(columns_of(batch), []).write))
