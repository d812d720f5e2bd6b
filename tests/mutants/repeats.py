"""Mutants of what may be said twice: claims, measurements, ends, acceptances; and of final ends."""

from tests.mutants.mutant import CONTRACT, DOMAIN, Mutant

CLAIMS, FINISH = f"{CONTRACT}/test_claims.py", f"{CONTRACT}/test_finish.py"
SAME_REQUEST = f"{CLAIMS}::test_the_same_request_answers_the_same_bytes"
AT_ONCE = f"{CONTRACT}/test_moments.py::test_a_request_that_comes_twice_at_once_takes_one_trial"
AGAIN = f"{CONTRACT}/test_progress.py::test_a_batch_sent_again_is_counted_and_stored_once"
OTHER_VALUE = (
    f"{CONTRACT}/test_progress.py"
    "::test_another_value_for_a_known_step_is_refused_and_the_first_is_kept"
)
ACCEPT_TWICE = f"{CONTRACT}/test_rounds.py::test_accepting_twice_opens_one_round"
ACCEPT_AT_ONCE = (
    f"{CONTRACT}/test_moments.py::test_a_recommendation_accepted_at_once_opens_one_round"
)
STATES = f"{DOMAIN}/test_states.py"
SAME_POINT = f"{CONTRACT}/test_lineage.py::test_points_said_twice_are_one_trial"
UNIQUE = f"{CONTRACT}/test_lineage.py::test_the_database_itself_refuses_a_trial_or_attempt_twice"
FIRST_SCHEMA = "migrations/versions/2026_11_25_0000_the_first_schema.py"

MUTANTS = (
    Mutant(
        "idempotency: a claim's request is not looked up",
        "app/db/claiming.py",
        "repeated=row.repeated,",
        "repeated=None,",
        (SAME_REQUEST,),
    ),
    Mutant(
        "idempotency: a request twice at once takes twice",
        "app/services/taking.py",
        "    if not attempts.insert_one(connection, new):\n        raise RequestRepeated\n",
        "    attempts.insert_one(connection, new)\n",
        (AT_ONCE,),
    ),
    Mutant(
        "idempotency: a request twice at once fails",
        "app/db/attempts.py",
        'once = new.on_conflict_do_nothing(index_elements=["worker", "request_id"])',
        "once = new",
        (AT_ONCE,),
    ),
    Mutant(
        "idempotency: a slot keeps its older attempt",
        "app/services/claims.py",
        "release_lost(context, door.unfinished)",
        "pass",
        (f"{CLAIMS}::test_a_new_request_from_a_slot_releases_its_older_attempt_as_lost",),
    ),
    Mutant(
        "idempotency: repeated measurements are stored again",
        "app/db/merging.py",
        "        known |= here\n",
        "",
        (AGAIN,),
    ),
    Mutant(
        "idempotency: a conflicting measurement is accepted",
        "app/db/merging.py",
        "if differs.any():",
        "if False:",
        (OTHER_VALUE,),
    ),
    Mutant(
        "idempotency: a second finish ends again",
        "app/services/ending.py",
        "if held.attempt.state in LIVE_ATTEMPTS:",
        "if held.attempt.state is not AttemptState.LOST:",
        (f"{FINISH}::test_a_finish_said_again_answers_the_same",),
    ),
    Mutant(
        "promotion: accepted twice opens twice",
        "app/services/acceptance.py",
        "if found.state is RecommendationState.ACCEPTED:",
        "if False:",
        (ACCEPT_TWICE,),
    ),
    Mutant(
        "promotion: acceptance is not remembered",
        "app/services/acceptance.py",
        "recommendations.decide(connection, found, RecommendationState.ACCEPTED, number)",
        "pass",
        (ACCEPT_TWICE,),
    ),
    Mutant(
        "promotion: accepted at once without a lock",
        "app/services/rounds.py",
        "study = studies.lock(connection, study_id)\n"
        "        found = recommendations.get(connection, body.accept)",
        "study = studies.get(connection, study_id)\n"
        "        found = recommendations.get(connection, body.accept)",
        (ACCEPT_AT_ONCE,),
    ),
    Mutant(
        "states: a completed trial runs again",
        "app/domain/states.py",
        "_TRIAL.COMPLETED: frozenset(),",
        "_TRIAL.COMPLETED: frozenset({_TRIAL.WAITING}),",
        (STATES,),
    ),
    Mutant(
        "states: a diverged trial runs again",
        "app/domain/states.py",
        "_TRIAL.DIVERGED: frozenset(),",
        "_TRIAL.DIVERGED: frozenset({_TRIAL.RUNNING}),",
        (STATES,),
    ),
    Mutant(
        "states: an ended attempt comes back",
        "app/domain/states.py",
        "**{end: frozenset() for end in _ENDS},",
        "**{end: frozenset({_ATTEMPT.RUNNING}) for end in _ENDS},",
        (STATES,),
    ),
    Mutant(
        "states: every move is allowed",
        "app/domain/states.py",
        "if not can_move(old, new):",
        "if False:",
        (STATES,),
    ),
    Mutant(
        "uniqueness: a point said twice is two trials",
        "app/db/trials.py",
        "fresh = [t for k, t in reversed(unseen.items()) if k not in known]",
        "fresh = list(new)",
        (SAME_POINT,),
    ),
    Mutant(
        "uniqueness: the database allows a trial twice",
        FIRST_SCHEMA,
        '        sa.UniqueConstraint(\n            "study_id",\n            "round",\n'
        '            "point_key",\n            "seed",\n'
        '            name=op.f("uq_trials_study_id_round_point_key_seed"),\n        ),\n',
        "",
        (UNIQUE,),
    ),
    Mutant(
        "uniqueness: the database allows an attempt's number twice",
        FIRST_SCHEMA,
        'sa.UniqueConstraint("trial_id", "number", name=op.f("uq_attempts_trial_id_number")),',
        "",
        (UNIQUE,),
    ),
)
