"""Mutants of what a node does about its own faults: it pauses and says why, asks disks in threads
of their own, and leaves running trainings and their folders alone."""

from tests.mutants.mutant import WORKERS, Mutant

FAULTS, FOLDERS = f"{WORKERS}/test_node_faults.py", f"{WORKERS}/test_folder_parts.py"
AWAY = f"{FAULTS}::test_a_job_folder_that_is_not_there_is_the_nodes_fault_and_each_pause_is_longer"
UNWRITABLE = f"{FAULTS}::test_a_slot_whose_trial_folders_cannot_be_written_claims_no_second_attempt"
HANGS = f"{FAULTS}::test_a_store_whose_disk_hangs_stops_neither_heartbeats_nor_ends_nor_claims"
BESIDE = f"{FAULTS}::test_trouble_beside_a_training_leaves_neither_threads_nor_weights"

MUTANTS = (
    Mutant(
        "fault: a slot that gave an attempt back claims at once",
        "workers/slot.py",
        "self._quarantine.pause(fault)",
        "pass",
        (UNWRITABLE,),
    ),
    Mutant(
        "fault: a pause is no longer than the one before",
        "workers/quarantine.py",
        "min(2 * self.pause_seconds, MOST_PAUSE_SECONDS)",
        "min(self.pause_seconds, MOST_PAUSE_SECONDS)",
        (AWAY,),
    ),
    Mutant(
        "fault: a training that starts leaves the long pauses",
        "workers/slot.py",
        "self._quarantine.forget()",
        "pass",
        (f"{FAULTS}::test_a_training_that_starts_ends_the_long_pauses",),
    ),
    Mutant(
        "fault: nothing is written before the next claim",
        "workers/quarantine.py",
        "return why_not_writable(trials_of(self._bench.options.state_dir)) if self._fault",
        "return None if self._fault",
        (UNWRITABLE,),
    ),
    Mutant(
        "fault: a folder that is away counts against the trial",
        "workers/command.py",
        "class DirectoryAway(OSError):",
        "class DirectoryAway(CannotRun):",
        (AWAY,),
    ),
    Mutant(
        "fault: a slot without a keeper claims",
        "workers/slot.py",
        "if not self._quarantine.is_over() or not self._has_keeper():",
        "if not self._quarantine.is_over():",
        (f"{FAULTS}::test_a_slot_that_can_start_no_keeper_claims_nothing_and_says_why",),
    ),
    Mutant(
        "fault: a disk that hangs is waited for",
        "workers/room.py",
        "lambda: self._answered >= mine, ANSWER_SECONDS",
        "lambda: self._answered >= mine",
        (HANGS,),
    ),
    Mutant(
        "fault: a disk that hangs is waited for at each look",
        "workers/room.py",
        "            if not self._hangs:\n",
        "            if True:\n",
        (f"{FAULTS}::test_a_disk_that_hangs_is_waited_for_once",),
    ),
    Mutant(
        "fault: a spare keeper that cannot start ends the training",
        "workers/slot.py",
        "except OSError as error:  # the training that runs does not need it",
        "except ZeroDivisionError as error:",
        (f"{FAULTS}::test_a_spare_keeper_that_cannot_start_costs_no_training",),
    ),
    Mutant(
        "fault: what reads an attempt's reports goes on for ever",
        "workers/attempt.py",
        "        reporter.abandon()\n",
        "",
        (BESIDE,),
    ),
    Mutant(
        "fault: weights of an attempt that was given back stay",
        "workers/attempt.py",
        "    tidy(folder_of(bench.options.state_dir, claim))\n",
        "",
        (BESIDE,),
    ),
    Mutant(
        "keeper: a closed one is told something",
        "workers/launch.py",
        "with contextlib.suppress(BrokenPipeError, ValueError):",
        "with contextlib.suppress(BrokenPipeError):",
        (f"{WORKERS}/test_keeper.py::test_a_keeper_that_was_closed_is_told_nothing_more",),
    ),
    Mutant(
        "folders: one whose training moved its checkpoints has ended",
        "workers/folder.py",
        '[mark.parent for mark in folder.path.parent.glob(f"*/{folder.mark_of_end.name}")]',
        '[p for p in folder.path.parent.iterdir() if not (p / "checkpoints").exists()]',
        (f"{FOLDERS}::test_the_oldest_ended_folders_go_and_none_whose_training_runs",),
    ),
    Mutant(
        "folders: what a killed worker left is known by its checkpoints",
        "workers/folder.py",
        "if not folder.mark_of_end.exists():",
        "if folder.checkpoints.exists():",
        (
            f"{FOLDERS}::test_what_a_killed_worker_left_is_ended_also_where_its_checkpoints_were_moved",
        ),
    ),
)
