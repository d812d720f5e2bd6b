"""Mutants of what people ask: pause, cancel, drain, cordon, concurrency; and of failures."""

from tests.mutants.mutant import CONTRACT, DOMAIN, Mutant

LEASES, CLAIMS = f"{CONTRACT}/test_leases.py", f"{CONTRACT}/test_claims.py"
PAUSED = f"{LEASES}::test_a_paused_study_tells_its_workers_to_stop"
DRAINED = f"{LEASES}::test_a_drained_worker_is_told_to_stop"
CORDONED = f"{CLAIMS}::test_a_cordoned_worker_gets_nothing_until_it_is_let_back"
CANCELLED = (
    f"{CONTRACT}/test_fencing.py::test_a_cancelled_trial_tells_its_worker_so_and_takes_nothing_more"
)
CANCELLING = (
    f"{CONTRACT}/test_cancelling.py"
    "::test_a_cancelled_attempt_books_what_it_did_and_gives_the_rest_back"
)
REGISTERED_AGAIN = (
    f"{CONTRACT}/test_workers.py::test_saying_it_again_takes_back_neither_a_drain_nor_a_cordon"
)
PAUSED_GIVES = f"{CLAIMS}::test_a_paused_study_gives_nothing"
PAUSE_ASKS = (
    f"{CONTRACT}/test_studies.py::test_pause_asks_running_attempts_to_stop_and_resume_goes_on"
)
RETRIES = f"{DOMAIN}/test_retries.py"
FULL = f"{CONTRACT}/test_moments.py::test_two_claims_at_once_never_pass_the_concurrency"

MUTANTS = (
    Mutant(
        "pause: no stop is told",
        "app/domain/leases.py",
        "if is_stopped or study is StudyState.PAUSED or worker is WorkerState.DRAINING:",
        "if worker is WorkerState.DRAINING:",
        (PAUSED,),
    ),
    Mutant(
        "pause: an attempt resumed at once trains on unasked",
        "app/domain/leases.py",
        "if is_stopped or study",
        "if study",
        (f"{DOMAIN}/test_leases.py",),
    ),
    Mutant(
        "drain: no stop is told",
        "app/domain/leases.py",
        " or worker is WorkerState.DRAINING:",
        ":",
        (DRAINED,),
    ),
    Mutant(
        "cancel: the worker is not told",
        "app/services/heartbeats.py",
        "if attempt.state is AttemptState.CANCELLED:",
        "if False:",
        (CANCELLED,),
    ),
    Mutant(
        "cancel: the attempt goes on",
        "app/services/losing.py",
        "    attempts.end(connection, held.attempt, AttemptState.CANCELLED, EndReason.CANCELLED)\n",
        "",
        (CANCELLING,),
    ),
    Mutant(
        "cancel: nothing is settled",
        "app/services/losing.py",
        "    budget.book(connection, held.trial.study_id, settled)\n",
        "",
        (CANCELLING,),
    ),
    Mutant(
        "pause: the study stays active",
        "app/services/study_states.py",
        "        studies.change_state(connection, study, StudyState.PAUSED)\n",
        "",
        (PAUSE_ASKS,),
    ),
    Mutant(
        "cordon: the worker claims",
        "app/services/taking.py",
        "if door.worker_state not in (None, WorkerState.ACTIVE):",
        "if False:",
        (CORDONED,),
    ),
    Mutant(
        "drain: registering again takes it back",
        "app/db/workers.py",
        'connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed))',
        'connection.execute(new.on_conflict_do_update(index_elements=["id"],'
        ' set_=changed | {"state": WorkerState.ACTIVE}))',
        (REGISTERED_AGAIN,),
    ),
    Mutant(
        "concurrency: counted before the study is held",
        "app/services/taking.py",
        "is_free = _has_slot_free(taking.connection, candidate)\n",
        "is_free = True\n",
        (FULL,),
    ),
    Mutant(
        "concurrency: not counted",
        "app/services/taking.py",
        "return budget.running_trials(connection, candidate.trial.study_id) < ",
        "return bool(connection) or 0 < ",
        (FULL,),
    ),
    Mutant(
        "failures: one try more than max_attempts",
        "app/domain/retries.py",
        "if trial.failures + 1 >= max_attempts:",
        "if trial.failures + 1 > max_attempts:",
        (RETRIES,),
    ),
    Mutant(
        "failures: a pre-emption ends the trial",
        "app/domain/retries.py",
        "return End(AttemptState.PREEMPTED, TrialState.WAITING, reason, delay_seconds=delay)",
        "return End(AttemptState.PREEMPTED, TrialState.FAILED, reason, is_failure=True)",
        (RETRIES,),
    ),
    Mutant(
        "failures: an interrupted trial never waits",
        "app/domain/retries.py",
        "return back_off_seconds(beyond - 1) if beyond > 0 else 0.0",
        "return 0.0",
        (RETRIES,),
    ),
    Mutant(
        "failures: a non-finite value completes",
        "app/domain/retries.py",
        "if trial.best.first_nonfinite_step is not None or finish.outcome is Outcome.DIVERGED:",
        "if finish.outcome is Outcome.DIVERGED:",
        (RETRIES,),
    ),
)
