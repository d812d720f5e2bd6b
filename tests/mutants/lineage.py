"""Mutants of lineage, horizon and checkpoints: what of a curve counts, whose weights."""

from tests.mutants.mutant import CONTRACT, DOMAIN, Mutant

PROGRESS, CURVES = f"{CONTRACT}/test_progress.py", f"{DOMAIN}/test_curves.py"
MASKED = f"{PROGRESS}::test_a_resume_masks_what_came_after_its_checkpoint"
ANEW = f"{PROGRESS}::test_a_job_that_is_not_resumable_starts_anew_and_masks_everything"
OFF = f"{CONTRACT}/test_lineage.py::test_a_checkpoint_off_the_lineage_is_never_resumed"
BEFORE = f"{CONTRACT}/test_lineage.py::test_a_step_before_the_resume_never_becomes_the_best"
STORES = "tests/integration/stores"
BEYOND = f"{PROGRESS}::test_a_batch_beyond_the_horizon_is_refused_whole"

MUTANTS = (
    Mutant(
        "lineage: the resuming claim masks nothing",
        "app/domain/curves.py",
        "kept = (replace(s, to_step=_earlier(s.to_step, resume_step)) for s in lineage)",
        "kept = iter(lineage)",
        (CURVES,),
    ),
    Mutant(
        "lineage: the step of the resume counts twice",
        "app/domain/curves.py",
        "Segment(attempt_id, resume_step + 1),",
        "Segment(attempt_id, resume_step),",
        (CURVES,),
    ),
    Mutant(
        "lineage: a start from nothing keeps the old curve",
        "app/domain/curves.py",
        "return (Segment(attempt_id, 0),)",
        "return (*lineage, Segment(attempt_id, 0))",
        (ANEW,),
    ),
    Mutant(
        "lineage: a start from nothing keeps step 0",
        "app/domain/curves.py",
        "return (Segment(attempt_id, 0),)",
        "return (*(replace(s, to_step=0) for s in lineage), Segment(attempt_id, 1))",
        (CURVES,),
    ),
    Mutant(
        "lineage: the best of a masked part stays",
        "app/services/starting.py",
        "masked = replace(trial, lineage=kept)",
        "masked = replace(trial, lineage=kept and trial.lineage)",
        (MASKED,),
    ),
    Mutant(
        "lineage: last and best are not recomputed",
        "app/services/taking.py",
        "        **best_columns(start.best),\n",
        "",
        (MASKED,),
    ),
    Mutant(
        "lineage: the claim leaves the lineage",
        "app/services/taking.py",
        "lineage_column(continue_lineage(trial.lineage, attempt_id, start.at))",
        "lineage_column(trial.lineage or continue_lineage((), attempt_id, start.at))",
        (MASKED,),
    ),
    Mutant(
        "lineage: a job that is not resumable resumes",
        "app/services/starting.py",
        'if isinstance(job, str) or not job["resumable"]:',
        "if isinstance(job, str):",
        (ANEW,),
    ),
    Mutant(
        "lineage: a checkpoint off the lineage is resumed",
        "app/services/starting.py",
        "if lies_on(lineage, one.attempt_id, one.step)), None)",
        "if lineage), None)",
        (OFF,),
    ),
    Mutant(
        "lineage: a step before the resume counts",
        "app/services/progress.py",
        "first = held.trial.lineage[-1].from_step",
        "first = 0",
        (BEFORE,),
    ),
    Mutant(
        "horizon: not checked at ingestion",
        "app/services/progress.py",
        "if first is not None:",
        "if False:",
        (BEYOND,),
    ),
    Mutant(
        "horizon: one step too many",
        "app/domain/curves.py",
        "if step > horizon_steps), None)",
        "if step > horizon_steps + 1), None)",
        (CURVES,),
    ),
    Mutant(
        "horizon: checkpoints beyond it",
        "app/services/progress.py",
        "if not held.attempt.start_step <= report.step <= held.trial.max_train_steps:",
        "if report.step < held.attempt.start_step:",
        (f"{PROGRESS}::test_a_checkpoint_beyond_the_horizon_is_refused",),
    ),
    Mutant(
        "checkpoints: the key forgets its attempt",
        "workers/checkpoints.py",
        "/{claim.attempt_id}/{step}{suffix}",
        "/{step}{suffix}",
        ("tests/unit/workers/test_checkpoint_keys.py",),
    ),
    Mutant(
        "checkpoints: half a checkpoint is fetched",
        "app/stores/contents.py",
        "if wanted.size_bytes in (None, size_bytes):",
        "if True:",
        (f"{STORES}/test_stores.py::test_what_is_not_there_or_of_another_size_is_missing",),
    ),
    Mutant(
        "checkpoints: damage of the same size is fetched",
        "app/stores/contents.py",
        "if wanted.sha256 in (None, sha256):",
        "if True:",
        (f"{STORES}/test_stores.py::test_damage_of_the_same_size_is_missing_and_logged",),
    ),
    Mutant(
        "checkpoints: any key is followed",
        "app/stores/folder.py",
        "path = (self.root / checked_key(key)).resolve()",
        "path = (self.root / key).resolve()",
        (f"{STORES}/test_stores.py::test_a_key_that_may_lead_out_is_followed_nowhere",),
    ),
    Mutant(
        "checkpoints: a link leads out of the store",
        "app/stores/folder.py",
        "if not path.is_relative_to(self.root.resolve()):",
        "if False:",
        (f"{STORES}/test_folder_links.py",),
    ),
)
