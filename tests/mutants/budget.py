"""Mutants of the budget: reserved at the claim, settled at the end, held by a CHECK."""

from tests.mutants.mutant import CONTRACT, DOMAIN, Mutant

DOMAIN_BUDGET = f"{DOMAIN}/test_budget.py"
RACES, SPENT = f"{CONTRACT}/test_budget_races.py", f"{CONTRACT}/test_spent_limits.py"
LAST_ROOM = f"{CONTRACT}/test_moments.py::test_two_claims_at_once_never_pass_the_limit"
CHECKED = f"{RACES}::test_the_database_itself_refuses_what_would_pass_a_limit"
SETTLED = f"{CONTRACT}/test_finish.py::test_a_finish_completes_the_trial_and_settles_its_steps"
LOST = (
    f"{RACES}::test_steps_beyond_the_last_checkpoint_of_a_lost_attempt_are_shown_outside_the_limit"
)
ONE_AT_A_TIME = f"{SPENT}::test_gpu_seconds_before_any_speed_is_known_let_one_trial_run_at_a_time"
FIRST_SCHEMA = "migrations/versions/2026_11_25_0000_the_first_schema.py"

MUTANTS = (
    Mutant(
        "budget: steps not checked at the claim",
        "app/db/budget.py",
        "        .where(or_(s.steps_limit.is_(None), all_steps <= s.steps_limit))\n",
        "",
        (LAST_ROOM,),
    ),
    Mutant(
        "budget: GPU-seconds not checked at the claim",
        "app/db/budget.py",
        ".where(has_seconds if wants_seconds else true())",
        ".where(true())",
        (f"{SPENT}::test_gpu_seconds_are_never_promised_beyond_the_limit",),
    ),
    Mutant(
        "budget: steps not reserved",
        "app/db/budget.py",
        'steps_reserved=s.steps_reserved + bindparam("steps"),',
        'steps_reserved=s.steps_reserved + 0 * bindparam("steps"),',
        (SETTLED, LAST_ROOM),
    ),
    Mutant(
        "budget: no CHECK on steps",
        FIRST_SCHEMA,
        '"steps_limit IS NULL OR steps_spent + steps_reserved <= steps_limit",',
        '"steps_limit IS NULL OR steps_spent <= steps_limit",',
        (CHECKED,),
    ),
    Mutant(
        "budget: no CHECK on GPU-seconds",
        FIRST_SCHEMA,
        '"gpu_seconds_spent + gpu_seconds_reserved <= gpu_seconds_limit + 0.001",',
        '"gpu_seconds_spent <= gpu_seconds_limit + 0.001",',
        (CHECKED,),
    ),
    Mutant(
        "budget: an end gives no steps back",
        "app/db/budget.py",
        'steps_reserved=s.steps_reserved - bindparam("given_steps"),',
        'steps_reserved=s.steps_reserved - 0 * bindparam("given_steps"),',
        (SETTLED,),
    ),
    Mutant(
        "budget: an end spends nothing",
        "app/db/budget.py",
        'steps_spent=s.steps_spent + bindparam("spent"),',
        'steps_spent=s.steps_spent + 0 * bindparam("spent"),',
        (SETTLED,),
    ),
    Mutant(
        "budget: an end gives no GPU-seconds back",
        "app/db/budget.py",
        'gpu_seconds_reserved=s.gpu_seconds_reserved - bindparam("given_seconds"),',
        'gpu_seconds_reserved=s.gpu_seconds_reserved - 0 * bindparam("given_seconds"),',
        (ONE_AT_A_TIME,),
    ),
    Mutant(
        "budget: an end spends all that it reserved",
        "app/domain/budget.py",
        "spent_steps=min(useful, attempt.reserved_steps),",
        "spent_steps=attempt.reserved_steps,",
        (DOMAIN_BUDGET,),
    ),
    Mutant(
        "budget: steps lost are spent",
        "app/domain/budget.py",
        "useful = min(done, max(0, kept - attempt.start_step))",
        "useful = done",
        (DOMAIN_BUDGET,),
    ),
    Mutant(
        "budget: steps lost are forgotten",
        "app/domain/budget.py",
        "lost_steps=done - useful,",
        "lost_steps=0,",
        (LOST,),
    ),
    Mutant(
        "budget: use beyond the reservation counts against the limit",
        "app/db/budget.py",
        '"within": min(settled.used_gpu_seconds, settled.reserved_gpu_seconds),',
        '"within": settled.used_gpu_seconds,',
        (f"{SPENT}::test_use_beyond_the_reservation_is_booked_beside_the_limit",),
    ),
    Mutant(
        "budget: a resumed trial reserves all steps again",
        "app/domain/budget.py",
        "steps = horizon_steps - start_step",
        "steps = horizon_steps",
        (DOMAIN_BUDGET,),
    ),
    Mutant(
        "budget: GPU-seconds without grace and lease",
        "app/domain/budget.py",
        "return Reservation(steps, job.gpus * (job.timeout_seconds + slack_seconds))",
        "return Reservation(steps, job.gpus * job.timeout_seconds)",
        (DOMAIN_BUDGET,),
    ),
    Mutant(
        "budget: many run before a speed is known",
        "app/services/taking.py",
        "return left or 0.0",
        "return 0.0",
        (ONE_AT_A_TIME,),
    ),
    Mutant(
        "budget: the limit of all studies is not checked",
        "app/services/taking.py",
        "return not taking.is_limited or total_budget.is_kept(taking.connection)",
        "return True",
        (f"{CONTRACT}/test_total_budget.py",),
    ),
    Mutant(
        "budget: a spent study waits for ever",
        "app/services/spent_limits.py",
        "return [study_id for study_id in suspects if _end(context, study_id)]",
        "return []",
        (f"{SPENT}::test_a_spent_limit_cancels_what_waits_and_pauses_the_study",),
    ),
)
