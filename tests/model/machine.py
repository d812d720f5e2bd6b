"""The machine: deeds drawn by hypothesis, done to the service and to the model, then compared."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.conductor.sweep import sweep_leases
from app.domain.ids import RecommendationId, StudyId, TrialId
from app.services import studies, study_states
from app.services.claims import Claimed
from app.services.context import Context
from app.services.leases import note_api_seen
from app.services.reviews import review_round
from app.services.rounds import AcceptRequest, accept_recommendation
from app.services.studies import LimitsPatch, StudyPatch
from app.services.trials import cancel_trial, retry_trial
from tests.model.answers import Answer, done, outcome_of
from tests.model.compare import compare
from tests.model.draws import (
    COUNTS,
    FORGERIES,
    LIVES,
    OUTCOMES,
    PEOPLE,
    PICKS,
    PLACES,
    STEPS,
    STUDIES,
    VALUES,
    Life,
)
from tests.model.fleet import Fleet
from tests.model.nouns import HORIZON, JUMPS, WORKERS, Attempt, Study, Trial
from tests.model.service import Service
from tests.model.turns import candidates

BACK_OFF = 100.0  # longer than a run, shorter than any jump of time
MOST_OPEN, MOST_STUDIES = 2, 6

T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """One run: a few studies, three workers, whatever may happen to them."""

    context: Context  # a subclass says on which database
    met: ClassVar[Counter[str]]  # over all runs, how often what happened: the subclass's, too

    def __init__(self) -> None:
        super().__init__()
        self.service, self.fleet, self.requests = Service(self.context), Fleet(), 0

    def teardown(self) -> None:
        self.met.update(self.fleet.met)

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

    @initialize(model=STUDIES, count=COUNTS, lives=st.lists(LIVES, min_size=5, max_size=8))
    def begin(self, model: Study, count: int, lives: list[Life]) -> None:
        """Every run begins with some; hypothesis leaves whole rules out of a run."""
        self.service.begin()
        self.create_study(model=model, count=count)
        for life in lives:
            self.live(life=life)
            self.service_and_model_agree()

    @precondition(lambda self: self.has_room_for_a_study)
    @rule(model=STUDIES, count=COUNTS)
    def create_study(self, model: Study, count: int) -> None:
        model = replace(model, trials=[])
        ids = self.service.create(model, count)
        model.trials += [Trial(one, model, number) for number, one in enumerate(ids, 1)]
        self.fleet.studies[model.id] = model

    @property
    def has_room_for_a_study(self) -> bool:
        studies = list(self.fleet.studies.values())
        going_on = sum(one.state == "active" and one.round_state == "open" for one in studies)
        return going_on < MOST_OPEN and len(studies) < MOST_STUDIES

    # --- workers ---------------------------------------------------------------------------------

    @rule(place=PLACES, gpus=st.integers(0, 1))
    def claim(self, place: tuple[str, str], gpus: int) -> None:
        self.claimed_at(place, gpus)

    def claimed_at(
        self, place: tuple[str, str], gpus: int, after: Attempt | None = None
    ) -> Attempt | None:
        self.requests += 1
        request = f"request-{self.requests}"
        self.fleet.release_older(place, after)
        self.fleet.hear_first(place[0])
        able, is_none_right = candidates(self.fleet, place, gpus, after)
        named = (after.id, after.token) if after else None
        claimed = self.service.claim(place, request, gpus, named)
        if claimed is None:
            ids = sorted(trial.id for trial in able)
            assert is_none_right, f"nothing was claimed, although {ids} could be"
            waits = after and after.is_live and after.trial.study.is_counted
            self.fleet.met["waited for its predecessor"] += bool(waits)
            return None
        attempt = self.taken(claimed, able, place)
        self.fleet.requests[(place[0], request)] = attempt
        self.fleet.met["claimed beside its predecessor"] += bool(after and after.is_live)
        return attempt

    def taken(self, claimed: Claimed, able: list[Trial], place: tuple[str, str]) -> Attempt:
        found = {trial.id: trial for trial in able}
        assert claimed.trial.id in found, f"{claimed.trial.id} claimed, not one of {sorted(found)}"
        trial = found[claimed.trial.id]
        attempt = Attempt(claimed.attempt_id, trial, place, claimed.token)
        self.fleet.take(trial, attempt)
        resumed = claimed.resume.step if claimed.resume else None
        assert resumed == (attempt.resumed.step if attempt.resumed else None)
        assert claimed.number == attempt.number
        return attempt

    @precondition(lambda self: self.fleet.attempts)
    @rule(pick=PICKS, is_live=st.booleans() | st.just(True), place=st.none() | PLACES)
    def claim_after(self, pick: int, is_live: bool, place: tuple[str, str] | None) -> None:
        """While that one's end is still to be told; another slot's is no predecessor."""
        one = self.some_attempt(pick, is_live=is_live)
        self.claimed_at(place or one.place, 1, one)

    @precondition(lambda self: self.fleet.attempts)
    @rule(pick=PICKS)
    def claim_after_a_forged_one(self, pick: int) -> None:
        one = self.some_attempt(pick)
        answer, _ = outcome_of(
            lambda: self.service.claim(one.place, "forged", 1, (one.id, "forged"))
        )
        assert answer == "stale"

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
        self.report(one, "forged" if is_forged else one.token, dict(sorted(points.items())))

    def report(self, one: Attempt, token: str, points: dict[int, float]) -> None:
        self.both(
            lambda: self.fleet.measure(one, token, points),
            lambda: self.service.measure(one.id, token, points),
        )

    @precondition(lambda self: any(one.curve for one in self.fleet.attempts))
    @rule(pick=PICKS, is_true=st.booleans())
    def measure_again(self, pick: int, is_true: bool) -> None:
        """All that an attempt has reported, sent once more, perhaps with another last value."""
        one = self.pick([one for one in self.fleet.attempts if one.curve], pick)
        points = dict(sorted(one.curve.items()))
        self.report(one, one.token, points if is_true else points | {max(points): 7.0})

    @precondition(lambda self: self.fleet.attempts)
    @rule(pick=PICKS, is_live=st.booleans() | st.just(True), step=st.integers(0, HORIZON + 1))
    def save(self, pick: int, is_live: bool, step: int) -> None:
        self.keep(self.some_attempt(pick, is_live=is_live), step)

    def keep(self, one: Attempt, step: int) -> None:
        """Of what may be deleted, nothing is the last or the best that counts."""
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
        self.end(self.some_attempt(pick, is_live=is_live), outcome, step)

    def end(self, one: Attempt, outcome: str, step: int) -> None:
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
        self.ask_trial(self.pick(self.fleet.trials, pick), is_retry=is_retry)

    def ask_trial(self, trial: Trial, *, is_retry: bool) -> None:
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

    @rule(place=PLACES, saved=st.sampled_from([None, 2, 4]), best=VALUES)
    def train_a_while(self, place: tuple[str, str], saved: int | None, best: float) -> None:
        """What mostly happens: a claim, some reports, perhaps a checkpoint."""
        self.trained_at(place, [saved] if saved else [], {2: 0.75, 4: 0.5, 6: best})

    def trained_at(
        self, place: tuple[str, str], saved: list[int], points: dict[int, float]
    ) -> Attempt | None:
        one = self.claimed_at(place, gpus=1)
        if one is not None:
            self.report(one, one.token, points)
            for step in saved:
                self.keep(one, max(step, one.start_step))
        return one

    @rule(life=LIVES)
    def live(self, life: Life) -> None:
        """A whole one, if there is work."""
        one = self.trained_at(life.place, [2, life.saved], life.points)
        if one is None:
            return
        self.report(one, one.token, {HORIZON + 1: 0.5})
        if life.is_followed:
            self.claimed_at(one.place, 1, one)
        if life.fate in OUTCOMES:
            self.end(one, life.fate, step=6)
            self.pass_time(seconds=JUMPS[0], is_attended=True)  # longer than a back-off
            self.sweep()
        else:
            self.interrupt(one, life.fate)
        if not life.is_found and (after := self.claimed_at(life.successor, gpus=1)):
            self.end(after, "checkpoint_missing", step=after.start_step)
            self.pass_time(seconds=JUMPS[0], is_attended=True)
        if life.fate != "revived":
            self.succeed(life)
        self.report(one, one.token, {HORIZON: 0.5})  # late, but where it was revived

    def succeed(self, life: Life) -> None:
        """A slot of the same worker has to wait until the lapsed one had its time to report."""
        saved, points = [life.saved + 2], {6: 0.25, 8: 0.1}
        if self.trained_at(life.successor, saved, points) is None and life.fate == "lapsed":
            self.leases_lapse()
            self.trained_at(life.successor, saved, points)

    def interrupt(self, one: Attempt, fate: str) -> None:
        """What the attempt's own worker is the last to hear of."""
        if fate == "released":
            self.claimed_at(one.place, gpus=1)
        elif fate == "cancelled by a person":
            self.ask_trial(one.trial, is_retry=False)
        else:
            self.leases_lapse()

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
