"""Deleting checkpoints that nobody needs any more. The row is forgotten first, the object deleted
after the commit: a crash between leaves an object without a row (an orphan, found later), never a
row that promises what is gone.
"""

from collections import defaultdict
from dataclasses import dataclass

from app.db import checkpoints, recommendations, rounds, service_state, studies, trials
from app.db.database import Connection
from app.domain.errors import WrongState
from app.domain.ids import StudyId, TrialId
from app.domain.pruning import Holding, Pruning, decide
from app.domain.recommendations import Advice
from app.domain.states import RecommendationState, RoundState, StudyState
from app.domain.studies import Direction
from app.domain.trials import Checkpoint
from app.services.context import Context
from app.stores.opening import open_store
from app.stores.store import BadKey, Found, Store

KEEP_BEST = 3
ORPHAN_HOURS = 24.0
SECONDS_AN_HOUR = 3600.0
OVER = frozenset({StudyState.COMPLETED, StudyState.CANCELLED})
STANDING = frozenset({RecommendationState.PROPOSED, RecommendationState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Prospect:
    """What pruning a study means; `elsewhere` lies in workers' own stores, which nobody but they
    can reach, and stays."""

    pruning: Pruning
    elsewhere: tuple[Checkpoint, ...]


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many objects went; `problem`: why the rest did not."""

    count: int
    size_bytes: int
    problem: str | None = None


def preview(context: Context, study_id: StudyId, keep_best: int = KEEP_BEST) -> Prospect:
    """What `prune` would do now. Raises MissingObject."""
    with context.database.reading() as connection:
        return _prospect(context, connection, study_id, keep_best)


def prune(context: Context, study_id: StudyId, keep_best: int = KEEP_BEST) -> Deleted:
    """Forget what is superfluous, then delete it. Raises MissingObject; WrongState where the store
    is not the service's own or is away."""
    store = own_store(context)
    with context.database.writing() as connection:
        studies.lock(connection, study_id)  # no round opens, reopens or is reviewed meanwhile
        gone = _prospect(context, connection, study_id, keep_best).pruning.superfluous
        by_trial: dict[TrialId, list[Checkpoint]] = defaultdict(list)
        for one in gone:
            by_trial[one.trial_id].append(one)
        for mine in by_trial.values():
            checkpoints.forget_many(connection, mine)
    return _delete(store, [(one.key, one.bytes) for one in gone])


def find_orphans(context: Context, older_than_hours: float = ORPHAN_HOURS) -> list[Found]:
    """What lies in the service's store, belongs to an attempt that has ended, is that old and is
    named by no row. Objects of attempts that this service does not know are not touched. Raises
    WrongState, StoreAway."""
    floor = 2 * context.settings.silence_seconds / SECONDS_AN_HOUR
    if older_than_hours < floor:
        raise WrongState(
            f"orphans younger than {floor:g} hours may be checkpoints on their way",
            hint=f"name at least {floor:g} hours (twice the silence limit)",
        )
    found = list(own_store(context).walk())  # before the rows are read: none is missed between
    with context.database.reading() as connection:
        before = service_state.clock(connection) - older_than_hours * SECONDS_AN_HOUR
        old = [one for one in found if one.changed_at < before]
        wanted = checkpoints.wanted_keys(connection)
        ended = checkpoints.ended_attempts(connection, sorted({_attempt_of(one) for one in old}))
    return [one for one in old if one.key not in wanted and _attempt_of(one) in ended]


def delete_orphans(context: Context, older_than_hours: float = ORPHAN_HOURS) -> Deleted:
    """Delete what `find_orphans` finds now."""
    orphans = find_orphans(context, older_than_hours)
    return _delete(own_store(context), [(one.key, one.size_bytes) for one in orphans])


def own_store(context: Context) -> Store:
    """The store that this service has marked. Raises WrongState where it is another's, or away."""
    store = open_store(context.settings.resolved_store)
    with context.database.reading() as connection:
        nonce = service_state.text_of(connection, "store_nonce")
    if nonce is None or store.read_nonce() != nonce:
        raise WrongState(
            f"{store.url} does not bear the mark of this service: it is another's store, or away",
            hint="name the store that `paceline api` has: --store URL, or PACELINE_STORE",
        )
    return store


def _prospect(
    context: Context, connection: Connection, study_id: StudyId, keep_best: int
) -> Prospect:
    study = studies.get(connection, study_id)
    url = context.settings.resolved_store.rstrip("/")
    saved = checkpoints.kept_of_study(connection, study_id)
    here = [one for one, is_shared in saved if is_shared or one.store.rstrip("/") == url]
    standing = [] if study.state in OVER else _standing(connection, study_id)
    holding = Holding(
        trials=trials.of_study(connection, study_id),
        saved=here,
        direction=Direction(study.definition.objective.direction),
        open_rounds=frozenset(
            one.number
            for one in rounds.of_study(connection, study_id)
            if one.state is not RoundState.CLOSED
        ),
        best_trial_id=study.best_trial_id,
        promote=frozenset(TrialId(one.trial_id) for advice in standing for one in advice.promote),
        resumes=frozenset(
            (point.resume.trial_id, point.resume.step)
            for advice in standing
            if advice.proposal
            for point in advice.proposal.points
            if point.resume
        ),
    )
    known = {one.key for one in here}
    elsewhere = tuple(one for one, _ in saved if one.key not in known)
    return Prospect(decide(holding, keep_best), elsewhere)


def _standing(connection: Connection, study_id: StudyId) -> list[Advice]:
    """Advice that can still be acted upon, or is being: what it promotes may be resumed."""
    found = recommendations.of_study(connection, study_id)
    return [one.advice for one in found if one.state in STANDING]


def _delete(store: Store, gone: list[tuple[str, int]]) -> Deleted:
    count = size_bytes = 0
    for key, size in gone:
        try:
            store.drop(key)
        except (OSError, BadKey) as error:
            return Deleted(count, size_bytes, str(error))
        count, size_bytes = count + 1, size_bytes + size
    return Deleted(count, size_bytes)


def _attempt_of(found: Found) -> str:
    return found.key.split("/")[2]
