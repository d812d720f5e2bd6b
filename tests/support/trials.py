"""A stored trial for tests that ask what becomes of one; change it with `dataclasses.replace`."""

from app.domain.ids import StudyId, TrialId
from app.domain.states import TrialState
from app.domain.trials import Trial
from paceline.schedules import Schedule

RUNNING = Trial(
    id=TrialId("t"),
    study_id=StudyId("s"),
    round=1,
    number=1,
    point_index=0,
    point_key="{}",
    params={},
    seed=0,
    max_train_steps=100,
    interval_steps=10,
    checkpoint_steps=(),
    schedule=Schedule("constant", 0.1),
    state=TrialState.RUNNING,
)
