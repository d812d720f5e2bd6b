"""Mutants of the node: the keeper's pipe, deadline and family; quarantine; stale attempts."""

from tests.mutants.mutant import WORKERS, Mutant

KEEPER, SAFETY = f"{WORKERS}/test_keeper.py", f"{WORKERS}/test_safety.py"
LATE = f"{KEEPER}::test_deadline_that_nobody_renews_ends_the_training"
FROZEN = f"{SAFETY}::test_frozen_supervisor_loses_its_training_at_the_deadline"
TOLD_TO_GO = f"{SAFETY}::test_term_makes_the_worker_release_its_attempt_as_preempted_and_exit_zero"

MUTANTS = (
    Mutant(
        "keeper: a closed pipe ends nothing",
        "workers/keeper.py",
        '    if orders.closed:\n        return "closed"\n',
        "",
        (f"{SAFETY}::test_kill_of_the_supervisor_takes_the_training_with_it",),
    ),
    Mutant(
        "keeper: no deadline",
        "workers/keeper.py",
        'return "deadline" if now >= orders.valid_until else None',
        "return None",
        (LATE,),
    ),
    Mutant(
        "keeper: the first deadline is not read",
        "workers/keeper.py",
        '    orders.valid_until = spec["valid_until"]\n',
        "",
        (LATE,),
    ),
    Mutant(
        "keeper: a renewed deadline is not heard",
        "workers/keeper.py",
        "self.valid_until = float(number)",
        "pass",
        (f"{KEEPER}::test_renewed_deadline_lets_the_training_live",),
    ),
    Mutant(
        "keeper: a deadline later than it may be",
        "workers/supervisor.py",
        "self._training.keeper.renew(boot_seconds() + self._claim.timing.keeper_seconds)",
        "self._training.keeper.renew(boot_seconds() + 1000 * self._claim.timing.keeper_seconds)",
        (FROZEN,),
    ),
    Mutant(
        "keeper: only the leader is signalled",
        "workers/keeper.py",
        "os.killpg(self.leader.pid, number)",
        "os.kill(self.leader.pid, number)",
        (f"{KEEPER}::test_the_whole_group_is_asked_to_end",),
    ),
    Mutant(
        "keeper: no KILL after the grace",
        "workers/keeper.py",
        "if now >= kill_at:",
        "if False:",
        (f"{KEEPER}::test_training_that_ignores_term_is_killed_with_its_child_after_the_grace",),
    ),
    Mutant(
        "keeper: orphans are not adopted",
        "workers/keeper.py",
        "    adopt_orphans()\n    orders",
        "    orders",
        (f"{KEEPER}::test_child_that_left_the_group_dies_with_the_training",),
    ),
    Mutant(
        "keeper: a killed keeper leaves its training",
        "workers/launch.py",
        "self._ended = self._orphaned()",
        'self._ended = Ended(None, "keeper_lost")',
        (f"{KEEPER}::test_killed_keeper_takes_its_training_along_by_the_supervisor",),
    ),
    Mutant(
        "pre-emption: the training is not asked to checkpoint",
        "workers/demands.py",
        "if demand in (Demand.STOP, Demand.SHUTDOWN):",
        "if demand is Demand.STOP:",
        (TOLD_TO_GO,),
    ),
    Mutant(
        "pre-emption: counts as a failure",
        "workers/outcome.py",
        "MOVES_ON = frozenset({Demand.STOP, Demand.SHUTDOWN})",
        "MOVES_ON = frozenset({Demand.STOP})",
        (TOLD_TO_GO,),
    ),
    Mutant(
        "worker: a stale attempt trains on",
        "workers/supervisor.py",
        "        except StaleAttempt:\n            self._ask(Demand.DROP)",
        "        except StaleAttempt:\n            pass",
        (f"{SAFETY}::test_stale_attempt_is_killed_at_once_and_says_nothing_more",),
    ),
    Mutant(
        "worker: silence has no end",
        "workers/supervisor.py",
        "if now - self._answered_at >= self._claim.timing.silence_seconds:",
        "if False:",
        (f"{SAFETY}::test_silence_beyond_the_limit_asks_the_training_to_checkpoint_and_end",),
    ),
    Mutant(
        "worker: a slot is free while its training lives",
        "workers/launch.py",
        "pass_fds=tuple(locks),",
        "pass_fds=tuple(locks)[:0],",
        (f"{SAFETY}::test_slot_of_a_killed_worker_stays_locked_until_its_training_has_ended",),
    ),
    Mutant(
        "quarantine: a slot whose GPU is in use claims",
        "workers/slot.py",
        "if not self._quarantine.is_over() or not self._has_keeper():",
        "if not self._has_keeper():",
        (
            f"{WORKERS}/test_gpu_slots.py::test_a_slot_whose_gpu_is_in_use_claims_nothing_until_it_is_free",
        ),
    ),
    Mutant(
        "quarantine: a GPU that does not answer is free",
        "workers/gpu_watch.py",
        'return f"GPU {device.id} does not answer"',
        "continue",
        ("tests/unit/workers/test_gpus.py::test_a_gpu_that_does_not_answer_is_not_free",),
    ),
    Mutant(
        "quarantine: memory in use is free",
        "workers/gpu_watch.py",
        "if device.memory_bytes and used > free_fraction * device.memory_bytes:",
        "if False:",
        ("tests/unit/workers/test_gpus.py::test_a_gpu_is_free_up_to_a_tenth_of_its_memory",),
    ),
    Mutant(
        "logs: the beginning is cut by copying and truncating",
        "workers/logs.py",
        "why = punch(file.fileno(), os.fstat(file.fileno()).st_size - KEPT_BYTES)",
        'why = "never"',
        (
            "tests/integration/workers/test_folder_parts.py::test_long_output_is_cut_while_its_training_prints_and_no_line_is_lost",
        ),
    ),
    Mutant(
        "silence: a training ends long before the limit when the service is away",
        "workers/supervisor.py",
        "if now - self._answered_at >= self._claim.timing.silence_seconds:",
        "if now - self._answered_at >= 2.0:",
        (
            "tests/chaos/test_api_faults.py::test_apis_killed_and_restarted_under_load_lose_nothing_and_stop_no_training",
        ),
    ),
    Mutant(
        "silence: a balancer's page ends the training",
        "workers/api.py",
        "if problem.is_foreign and problem.status != TOO_LARGE:",
        "if False:",
        (f"{WORKERS}/test_foreign_answers.py::test_a_page_of_a_balancer_is_an_outage[405]",),
    ),
    Mutant(
        "reports: whatever nobody had thought of comes again for ever",
        "workers/ending.py",
        "if seen.demand is not Demand.CANCEL and fault:",
        "if False:",
        (
            f"{WORKERS}/test_foreign_answers.py::test_reports_that_cannot_be_delivered_count_as_a_failure_and_say_why",
        ),
    ),
)
