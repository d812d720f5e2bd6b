"""Mutants of a claim that names its predecessor: what it spares, what it may not be given, and that
the worker has two unfinished attempts at most."""

from tests.mutants.mutant import CONTRACT, WORKERS, Mutant

SPARED, TURNAROUND = f"{CONTRACT}/test_predecessors.py", f"{WORKERS}/test_turnaround.py"

MUTANTS = (
    Mutant(
        "predecessor: named under any token",
        "app/services/claims.py",
        "if request.after is not None:",
        "if False:",
        (f"{SPARED}::test_the_token_of_another_attempt_names_no_predecessor",),
    ),
    Mutant(
        "predecessor: every unfinished attempt of the slot is spared",
        "app/db/claiming.py",
        'unfinished.where(attempts.c.id != bindparam("after"))',
        "unfinished.where(attempts.c.id.is_(None))",
        (f"{SPARED}::test_any_other_unfinished_attempt_of_the_slot_is_lost",),
    ),
    Mutant(
        "predecessor: taken over by the claim that names it",
        "app/db/turns.py",
        "not_(is_predecessor))",
        "true())",
        (f"{SPARED}::test_a_claim_never_takes_its_predecessor_however_long_that_one_was_silent",),
    ),
    Mutant(
        "predecessor: the place that it will free goes to others",
        "app/services/taking.py",
        "return predecessor is not None and (predecessor.is_counted or door.is_limited)",
        "return predecessor is not None and door.is_limited",
        (f"{SPARED}::test_the_place_that_a_finish_will_free_goes_to_no_lower_priority",),
    ),
    Mutant(
        "predecessor: what it will give back of the total goes to others",
        "app/services/taking.py",
        "return predecessor is not None and (predecessor.is_counted or door.is_limited)",
        "return predecessor is not None and predecessor.is_counted",
        (f"{SPARED}::test_where_all_studies_share_a_limit_the_finish_comes_first",),
    ),
    Mutant(
        "predecessor: its study is served as if it went on",
        "app/db/turns.py",
        "running - predecessors.one_of_study() if is_following else running",
        "running",
        (f"{SPARED}::test_the_order_is_that_after_the_finish",),
    ),
    Mutant(
        "predecessor: a worker leaves ever more attempts unfinished",
        "workers/slot.py",
        "        self._settle()  # one unfinished attempt beside the one that trains, never two\n",
        "",
        (f"{TURNAROUND}::test_a_third_attempt_waits_until_the_first_is_finished",),
    ),
    Mutant(
        "predecessor: the next training does not wait for the end of this one",
        "workers/supervisor.py",
        "ended = self._training.keeper.wait(START_SECONDS)",
        'ended: Ended | None = self._training.keeper.wait(0.0) or Ended(0, "own")',
        (f"{TURNAROUND}::test_trainings_of_a_slot_never_overlap",),
    ),
)
