"""Studies: create, read, list and change them."""

from dataclasses import dataclass, fields, replace
from typing import ClassVar

from app.db import studies, trials
from app.db.database import Connection
from app.db.studies import SECONDS_PER_HOUR, Study
from app.domain.errors import InvalidInput
from app.domain.ids import StudyId
from app.domain.recommendations import Cost, JudgedVerdict
from app.domain.rounds import RoundDefinition
from app.domain.space import STRICT_FIELDS
from app.domain.states import StudyState
from app.domain.studies import Autopilot, Binding, Limits, StudyDefinition
from app.planning.rounds import first_round, rounds_cost
from app.policy.engine import admit_round, admit_study
from app.policy.facts import StudyFacts
from app.services import facts, waiting
from app.services.context import Context
from app.services.definition_checks import check_definition
from app.services.opening import open_round
from app.services.refusals import refuse_enforced
from app.services.repeats import earlier_answer, keep_answer
from app.services.request_keys import RequestKey
from app.services.round_plan import RoundPlan, Start, plan_round
from app.services.study_views import StudyView, view_of
from app.services.warnings import warnings_of

UNCHANGED = (
    -1
)  # of a limit in a PATCH: null takes the limit away, so absence needs a value of its own


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a definition would begin with: its first round, what that costs, and what rules say."""

    round: RoundDefinition
    cost: Cost
    trials: int
    verdicts: tuple[JudgedVerdict, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What stands but refuses nothing."""
        return warnings_of(self.verdicts)


@dataclass(frozen=True, slots=True)
class Created:
    """A study that was stored, and what rules say of it that refuses nothing."""

    study_id: StudyId
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LimitsPatch:
    """Limits to change; null takes one away."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    rounds: int | None = UNCHANGED
    total_steps: int | None = UNCHANGED
    gpu_hours: float | None = UNCHANGED
    patience_hours: float | None = UNCHANGED


@dataclass(frozen=True, slots=True)
class StudyPatch:
    """What may change while a study runs."""

    __pydantic_config__: ClassVar = STRICT_FIELDS
    priority: int | None = None
    concurrency: int | None = UNCHANGED
    limits: LimitsPatch | None = None
    autopilot: Autopilot | None = None
    bindings: dict[str, Binding] | None = None
    settings: dict[str, float] | None = None


def rehearse_study(context: Context, definition: StudyDefinition) -> DryRun:
    """`dry_run`: everything that creation checks, nothing stored."""
    round_one, plan, verdicts = _prepare(context, definition)
    cost = rounds_cost(round_one, None, definition.gpus)
    planned = len(plan.trials) + plan.points_to_draw * len(round_one.seeds)
    exact = replace(cost, steps=planned * round_one.max_train_steps)
    return DryRun(round_one, exact, planned, verdicts)


def create_study(
    context: Context, definition: StudyDefinition, key: RequestKey | None = None
) -> Created:
    """Store a study; unless `start` is false, open its first round.

    Raises InvalidDefinition, or RefusedByRules with the findings.
    """
    round_one, plan, verdicts = _prepare(context, definition)
    warnings = warnings_of(verdicts)
    with context.database.writing() as connection:
        earlier = earlier_answer(connection, key)
        if earlier is not None:
            return Created(StudyId(str(earlier["study_id"])), warnings)
        state = StudyState.ACTIVE if definition.start else StudyState.DRAFT
        study_id = studies.insert_one(connection, definition, state)
        if definition.start:
            open_round(connection, studies.get(connection, study_id), round_one, plan=plan)
            waiting.refresh(connection, study_id)
        keep_answer(connection, key, {"study_id": study_id})
    context.bell.ring()
    return Created(study_id, warnings)


def read_study(context: Context, study_id: StudyId) -> StudyView:
    """The study. Raises MissingObject."""
    with context.database.reading() as connection:
        return view_of(connection, studies.get(connection, study_id))


def list_studies(
    context: Context, after: tuple[float, str] | None, limit: int
) -> tuple[list[StudyView], tuple[float, str] | None]:
    """A page of studies, newest first, and the position of the next."""
    with context.database.reading() as connection:
        found, position = studies.page(connection, after, limit)
        return [view_of(connection, study) for study in found], position


def change_study(context: Context, study_id: StudyId, patch: StudyPatch) -> StudyView:
    """PATCH: a raised limit lets a study go on that was paused for it."""
    with context.database.writing() as connection:
        study = studies.lock(connection, study_id)
        definition = patched(study.definition, patch)
        check_definition(definition)
        _check_limits(study, definition.limits)
        studies.write_definition(connection, study_id, definition)
        if patch.limits is not None:
            _go_on(connection, studies.get(connection, study_id))
        waiting.refresh(connection, study_id)
        view = view_of(connection, studies.get(connection, study_id))
    context.bell.ring()
    return view


def patched(definition: StudyDefinition, patch: StudyPatch) -> StudyDefinition:
    """The definition with what the patch names; bindings and settings are merged by key."""
    limits = _given(definition.limits, patch.limits) if patch.limits else definition.limits
    return replace(
        definition,
        priority=definition.priority if patch.priority is None else patch.priority,
        concurrency=definition.concurrency if patch.concurrency == UNCHANGED else patch.concurrency,
        limits=limits,
        autopilot=patch.autopilot or definition.autopilot,
        bindings={**definition.bindings, **(patch.bindings or {})},
        settings={**definition.settings, **(patch.settings or {})},
    )


def _given(limits: Limits, patch: LimitsPatch) -> Limits:
    values = {f.name: getattr(patch, f.name) for f in fields(patch)}
    return replace(limits, **{name: v for name, v in values.items() if v != UNCHANGED})


def _prepare(
    context: Context, definition: StudyDefinition
) -> tuple[RoundDefinition, RoundPlan, tuple[JudgedVerdict, ...]]:
    check_definition(definition)
    round_one = first_round(definition)
    with context.database.reading() as connection:
        before = facts.predecessor(connection, definition)
    verdicts = _admitted(definition, round_one, before)
    refuse_enforced(verdicts)
    return round_one, plan_round(round_one, Start()), verdicts


def _admitted(
    definition: StudyDefinition, round_one: RoundDefinition, before: StudyFacts | None
) -> tuple[JudgedVerdict, ...]:
    """What rules say of a study and its first round; a rule of both stages is asked once, of the
    round, which says more."""
    of_round = admit_round(StudyFacts(definition, (), predecessor=before), round_one)
    codes = {verdict.code for verdict in of_round}
    of_study = (v for v in admit_study(definition, before) if v.code not in codes)
    return (*of_study, *of_round)


def _check_limits(study: Study, limits: Limits) -> None:
    used_steps = study.steps.spent + study.steps.reserved
    if limits.total_steps is not None and limits.total_steps < used_steps:
        raise InvalidInput(
            f"limits.total_steps ({limits.total_steps}) lies below what is spent and reserved"
            f" ({int(used_steps)})",
            hint="raise it, or pause the study first so that reservations are given back",
        )
    used_hours = (study.gpu_seconds.spent + study.gpu_seconds.reserved) / SECONDS_PER_HOUR
    if limits.gpu_hours is not None and limits.gpu_hours < used_hours:
        raise InvalidInput(
            f"limits.gpu_hours ({limits.gpu_hours}) lies below what is spent and reserved"
            f" ({used_hours:.3f})",
            hint="raise it, or pause the study first so that reservations are given back",
        )


def _go_on(connection: Connection, study: Study) -> None:
    """A study paused for a limit is active again once a limit leaves room."""
    if study.waiting_for != waiting.LIMIT:
        return
    studies.write(connection, study.id, waiting_for=None)
    if study.state is StudyState.PAUSED:
        studies.change_state(connection, study, StudyState.ACTIVE)
        trials.set_open(connection, study.id, is_open=True)
