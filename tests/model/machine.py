"""The machine: deeds drawn by hypothesis, done to the service and to the model, then compared."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.conductor.sweep import sweep_leases
from app.domain.errors import (
    BlockedByFindings,
    ConflictingMeasurement,
    HorizonExceeded,
    InvalidInput,
    StaleAttempt,
    WrongState,
)
from app.domain.ids import RecommendationId, StudyId, TrialId
from app.services import studies, study_states
from app.services.context import Context
from app.services.leases import note_api_seen
from app.services.reviews import review_round
from app.services.rounds import AcceptRequest, accept_recommendation
from app.services.studies import LimitsPatch, StudyPatch
from app.services.trials import cancel_trial, retry_trial
from tests.model.compare import compare
from tests.model.fleet import Fleet, Refused, Stale
from tests.model.nouns import HORIZON, JUMPS, WORKERS, Attempt, Study, Trial
from tests.model.service import Service

BACK_OFF = 100.0  # longer than a run, shorter than any jump of time
PLACES = st.sampled_from([(worker, slot) for worker in WORKERS for slot in "01"])
PICKS = st.integers(0, 50)  # of a list, from its end: the newest first
STEPS = st.integers(1, HORIZON)
VALUES = st.sampled_from([0.5, 0.25, 0.75, 0.1, float("nan"), float("inf")])
PEOPLE = (
    "pause",
    "resume",
    "resume",
    "cancel",
    "retry trial",
    "retry trial",
    "cancel trial",
    "limit",
    "turn",
    "worker",
)
OUTCOMES = ("completed", "diverged", "failed", "preempted", "cancelled", "checkpoint_missing")
FORGERIES = st.integers(0, 9).map(lambda one: one == 9)
STUDIES = st.builds(
    Study,
    id=st.just(""),
    priority=st.integers(0, 1),
    concurrency=st.sampled_from([None, None, 1, 2]),
    gpus=st.sampled_from([0, 0, 1]),
    is_resumable=st.booleans(),
    max_attempts=st.integers(1, 2),
    steps_limit=st.sampled_from([None, None, 8, 12, 20, 40]),
    seconds_limit=st.sampled_from([None, 23_125.0]),  # two reservations of 11,000, and a bit
    trials=st.just([]),
    state=st.just("active"),
)

T = TypeVar("T")
Answer = tuple[str, object]


def outcome_of(deed: Callable[[], object]) -> Answer:
    """What a deed answers, or how it is refused, in words that both sides share."""
    try:
        return "done", deed()
    except (Stale, StaleAttempt):
        return "stale", None
    except (Refused, HorizonExceeded, ConflictingMeasurement, InvalidInput, WrongState):
        return "refused", None
    except BlockedByFindings:
        return "refused", None


class Machine(RuleBasedStateMachine):
    """One run: a few studies, three workers, whatever may happen to them."""

    context: Context  # a subclass says on which database

    def __init__(self) -> None:
        super().__init__()
        self.service, self.fleet, self.requests = Service(self.context), Fleet(), 0

    def pick(self, items: list[T], pick: int) -> T:
        return items[-1 - pick % len(items)]

    def some_attempt(self, pick: int, *, is_live: bool = True) -> Attempt:
        """A live one if there is and it is asked for, else any."""
        live = [one for one in self.fleet.attempts if one.is_live]
        return self.pick(live if is_live and live else self.fleet.attempts, pick)

    def both(self, model: Callable[[], object], service: Callable[[], object]) -> Answer:
        told, answered = outcome_of(model), outcome_of(service)
        assert told == answered, f"the model says {told}, the service {answered}"
        return answered

    @initialize(model=STUDIES, count=st.integers(1, 3))
    def begin(self, model: Study, count: int) -> None:
        self.service.begin()
        self.create_study(model=model, count=count)

    @precondition(lambda self: len(self.fleet.studies) < 3)
    @rule(model=STUDIES, count=st.integers(1, 3))
    def create_study(self, model: Study, count: int) -> None:
        model = replace(model, trials=[])
        ids = self.service.create(model, count)
        model.trials += [Trial(one, model, number) for number, one in enumerate(ids, 1)]
        self.fleet.studies[model.id] = model

    # --- workers ---------------------------------------------------------------------------------

    @rule(place=PLACES, gpus=st.integers(0, 1))
    def claim(self, place: tuple[str, str], gpus: int) -> None:
        self.requests += 1
        self.fleet.release_older(place)
        able = {trial.id: trial for trial in self.fleet.candidates(place[0], gpus)}
        claimed = self.service.claim(place, f"request-{self.requests}", gpus)
        if claimed is None:
            assert not able, f"nothing was claimed, although {sorted(able)} could be"
            return
        assert claimed.trial.id in able, f"{claimed.trial.id} claimed, not one of {sorted(able)}"
        trial = able[claimed.trial.id]
        attempt = Attempt(claimed.attempt_id, trial, place, claimed.token)
        self.fleet.take(trial, attempt)
        self.fleet.requests[(place[0], f"request-{self.requests}")] = attempt
        resumed = claimed.resume.step if claimed.resume else None
        assert resumed == (attempt.resumed.step if attempt.resumed else None)
        assert claimed.number == attempt.number

    @precondition(lambda self: self.fleet.requests)
    @rule(pick=PICKS, gpus=st.integers(0, 1))
    def claim_again(self, pick: int, gpus: int) -> None:
        """The same request answers the same attempt, whatever became of it."""
        worker, request = self.pick(list(self.fleet.requests), pick)
        attempt = self.fleet.requests[(worker, request)]
        claimed = self.service.claim(attempt.place, request, gpus)
        assert claimed is not None
        told = (claimed.attempt_id, claimed.token, claimed.number)
        assert told == (attempt.id, attempt.token, attempt.number)

    @precondition(lambda self: self.fleet.attempts)
    @rule(pick=PICKS, is_live=st.booleans(), is_forged=FORGERIES, step=STEPS)
    def heartbeat(self, pick: int, is_live: bool, is_forged: bool, step: int) -> None:
        one = self.some_attempt(pick, is_live=is_live)
        token = "forged" if is_forged else one.token
        self.both(
            lambda: self.fleet.heartbeat(one, token, step),
            lambda: self.service.heartbeat(one.id, token, step),
        )

    @precondition(lambda self: self.fleet.attempts)
    @rule(
        pick=PICKS,
        is_live=st.booleans() | st.just(True),
        is_forged=FORGERIES,
        points=st.dictionaries(st.integers(0, HORIZON + 1), VALUES, min_size=1, max_size=3),
    )
    def measure(self, pick: int, is_live: bool, is_forged: bool, points: dict[int, float]) -> None:
        one = self.some_attempt(pick, is_live=is_live)
        token, points = "forged" if is_forged else one.token, dict(sorted(points.items()))
        self.both(
            lambda: self.fleet.measure(one, token, points),
            lambda: self.service.measure(one.id, token, points),
        )

    @precondition(lambda self: any(one.curve for one in self.fleet.attempts))
    @rule(pick=PICKS)
    def measure_again(self, pick: int) -> None:
        """All that an attempt has reported, sent once more."""
        one = self.pick([one for one in self.fleet.attempts if one.curve], pick)
        points = dict(sorted(one.curve.items()))
        self.both(
            lambda: self.fleet.measure(one, one.token, points),
            lambda: self.service.measure(one.id, one.token, points),
        )

    @precondition(lambda self: self.fleet.attempts)
    @rule(pick=PICKS, is_live=st.booleans() | st.just(True), step=st.integers(0, HORIZON + 1))
    def save(self, pick: int, is_live: bool, step: int) -> None:
        """Of what may be deleted, nothing is the last or the best that counts."""
        one = self.some_attempt(pick, is_live=is_live)
        kind, _ = outcome_of(lambda: self.fleet.save(one, one.token, step))
        answered, dropped = outcome_of(lambda: self.service.save(one.id, one.token, step))
        assert kind == answered, f"the model says {kind}, the service {answered}"
        if kind == "done":
            self.fleet.drop(one.trial, set(dropped))  # type: ignore[call-overload]  # keys, where it is done

    @precondition(lambda self: self.fleet.attempts)
    @rule(
        pick=PICKS,
        is_live=st.booleans() | st.just(True),
        outcome=st.sampled_from(OUTCOMES),
        step=STEPS,
    )
    def finish(self, pick: int, is_live: bool, outcome: str, step: int) -> None:
        one = self.some_attempt(pick, is_live=is_live)
        was_live = one.is_live
        self.both(
            lambda: self.fleet.finish(one, one.token, outcome, step),
            lambda: self.service.finish(one.id, one.token, outcome, step),
        )
        if was_live and one.trial.state == "waiting" and one.trial.must_wait(one.state):
            self.service.delay(one.trial.id, BACK_OFF)
            one.trial.not_before = self.fleet.now + BACK_OFF

    # --- people ----------------------------------------------------------------------------------

    def steer(self, pick: int, deed: str) -> None:
        study = self.pick(list(self.fleet.studies.values()), pick)
        deeds = {
            "pause": (self.fleet.pause, study_states.pause_study),
            "resume": (self.fleet.resume, study_states.resume_study),
            "cancel": (self.fleet.cancel_study, study_states.cancel_study),
        }
        model, service = deeds[deed]
        self.both(lambda: model(study), lambda: done(service(self.context, StudyId(study.id))))

    def cancel_or_retry(self, pick: int, is_retry: bool) -> None:
        trial = self.pick(self.fleet.trials, pick)
        model = self.fleet.retry if is_retry else self.fleet.cancel_trial
        service = retry_trial if is_retry else cancel_trial
        self.both(lambda: model(trial), lambda: done(service(self.context, TrialId(trial.id))))

    def change_limit(self, pick: int, limit: int | None) -> None:
        study = self.pick(list(self.fleet.studies.values()), pick)
        patch = StudyPatch(limits=LimitsPatch(total_steps=limit))
        self.both(
            lambda: self.fleet.change_limit(study, limit),
            lambda: done(studies.change_study(self.context, StudyId(study.id), patch)),
        )

    def change_turn(self, pick: int, priority: int, concurrency: int | None) -> None:
        study = self.pick(list(self.fleet.studies.values()), pick)
        patch = StudyPatch(priority=priority, concurrency=concurrency)
        studies.change_study(self.context, StudyId(study.id), patch)
        study.priority, study.concurrency = priority, concurrency
        study.most_running = study.running

    def set_worker(self, name: str, becomes: str) -> None:
        self.service.set_worker(name, becomes)
        self.fleet.workers[name] = becomes

    @precondition(lambda self: self.fleet.trials)
    @rule(deed=st.sampled_from(PEOPLE), pick=PICKS, number=st.integers(0, 4))
    def somebody_asks(self, deed: str, pick: int, number: int) -> None:
        """What people may do, in one rule: workers and time have most of the turns."""
        if deed in ("pause", "resume", "cancel"):
            self.steer(pick, deed)
        elif deed in ("retry trial", "cancel trial"):
            self.cancel_or_retry(pick, deed == "retry trial")
        elif deed == "limit":
            self.change_limit(pick, (None, 8, 16, 30, 60)[number])
        elif deed == "turn":
            self.change_turn(pick, pick % 3, (None, None, None, 1, 2)[number])
        else:
            state = ("active", "active", "active", "cordoned", "draining")[number]
            self.set_worker(WORKERS[pick % len(WORKERS)], state)

    # --- time and the conductor ------------------------------------------------------------------

    @rule(place=PLACES, pick=PICKS, saved=st.sampled_from([None, 2, 4]))
    def train_a_while(self, place: tuple[str, str], pick: int, saved: int | None) -> None:
        """What mostly happens: a claim, some reports, perhaps a checkpoint."""
        self.claim(place=place, gpus=1)
        if any(one.is_live for one in self.fleet.attempts):
            points = {2: 0.75, 4: 0.5, 6: 0.25 * (pick % 4 + 1)}
            self.measure(pick=0, is_live=True, is_forged=False, points=points)
            if saved is not None:
                self.save(pick=0, is_live=True, step=saved)

    @rule()
    def leases_lapse(self) -> None:
        """Whoever is silent may be taken over."""
        self.pass_time(seconds=JUMPS[-1], is_attended=True)
        self.sweep()

    @rule(seconds=st.sampled_from(JUMPS), is_attended=st.booleans())
    def pass_time(self, seconds: float, is_attended: bool) -> None:
        """`is_attended`: the API was there all the while, and swept."""
        self.service.pass_time(seconds)
        self.fleet.now += seconds
        if is_attended:
            self.service.attend()
            self.fleet.api_seen_at = self.fleet.last_sweep_at = self.fleet.now

    @rule()
    def api_is_seen(self) -> None:
        note_api_seen(self.context)
        self.fleet.api_is_seen()

    @rule()
    def sweep(self) -> None:
        sweep_leases(self.context)
        self.fleet.sweep()

    @precondition(lambda self: self.fleet.in_review)
    @rule(pick=PICKS)
    def review_and_accept(self, pick: int) -> None:
        """A round is reviewed once; what it recommends is accepted once, however often one asks."""
        study = self.pick(self.fleet.in_review, pick)
        study_id = StudyId(study.id)
        assert review_round(self.context, study_id, 1)
        assert not review_round(self.context, study_id, 1)
        study.round_state = "closed"
        if study.state != "active":
            return
        before = self.service.rounds_of(study.id)
        body = AcceptRequest(RecommendationId(self.service.advice_of(study.id)))
        first, again = (
            outcome_of(lambda: accept_recommendation(self.context, study_id, body).round)
            for _ in range(2)
        )
        assert first == again
        opened = 1 if first[0] == "done" and first[1] is not None else 0
        assert self.service.rounds_of(study.id) == before + opened
        if opened:  # the model knows first rounds alone
            study_states.cancel_study(self.context, study_id)
            study.state = "cancelled"

    @invariant()
    def service_and_model_agree(self) -> None:
        compare(self.context, self.fleet)


def done(_: object) -> None:
    """Both sides did it; what the service shows is compared afterwards."""
