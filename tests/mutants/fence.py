"""Mutants of the fence: token, state and lock before every write of a worker."""

from tests.mutants.mutant import CONTRACT, Mutant

FENCING, BUSY = f"{CONTRACT}/test_fencing.py", f"{CONTRACT}/test_moments.py"
FORGED = f"{FENCING}::test_the_token_of_another_attempt_is_refused"
LATE = f"{FENCING}::test_a_write_after_a_successor_claimed_is_refused_and_changes_nothing"
CANCELLED = f"{FENCING}::test_a_cancelled_trial_tells_its_worker_so_and_takes_nothing_more"
MIDWAY = f"{BUSY}::test_a_write_on_its_way_keeps_the_successor_out"
HELD_TRIAL = f"{BUSY}::test_a_claim_passes_a_trial_that_another_claim_holds"
HELD_ATTEMPT = f"{BUSY}::test_a_claim_waits_for_no_writer"

MUTANTS = (
    Mutant(
        "fence: token not checked",
        "app/services/fence.py",
        "if not is_token_of(key, attempt_id, token):",
        "if False:",
        (FORGED,),
    ),
    Mutant(
        "fence: any token will do",
        "app/domain/fencing.py",
        'return hmac.compare_digest(expected, presented.encode("utf-8", "replace"))',
        "return bool(expected and presented)",
        (FORGED,),
    ),
    Mutant(
        "fence: one token for all attempts",
        "app/domain/fencing.py",
        "hmac.new(server_key, attempt_id.encode(), hashlib.sha256)",
        'hmac.new(server_key, b"attempt", hashlib.sha256)',
        (FORGED,),
    ),
    Mutant(
        "fence: state not checked",
        "app/services/fence.py",
        "if attempt.state not in LIVE_ATTEMPTS:",
        "if False:",
        (LATE,),
    ),
    Mutant(
        "fence: only lost attempts are refused",
        "app/services/fence.py",
        "if attempt.state not in LIVE_ATTEMPTS:",
        'if attempt.state == "lost":',
        (CANCELLED,),
    ),
    Mutant(
        "fence: none before measurements",
        "app/services/progress.py",
        "held = hold_current(connection, key, attempt_id, token)\n        _refuse_beyond",
        "held = attempts.hold(connection, attempt_id)\n        _refuse_beyond",
        (LATE,),
    ),
    Mutant(
        "fence: none before checkpoints",
        "app/services/progress.py",
        "held = hold_current(connection, key, attempt_id, token)\n        if not held",
        "held = attempts.hold(connection, attempt_id)\n        if not held",
        (LATE,),
    ),
    Mutant(
        "fence: state not checked at heartbeats",
        "app/services/heartbeats.py",
        "        refuse_unless_live(attempt)\n",
        "",
        (LATE,),
    ),
    Mutant(
        "fence: state not checked at the finish",
        "app/services/ending.py",
        "            refuse_unless_live(held.attempt)\n",
        "            trial = held.trial\n",
        (LATE,),
    ),
    Mutant(
        "fence: no row lock",
        "app/db/attempts.py",
        "_HOLD = _TOGETHER.with_for_update(of=[attempts, trials], key_share=True)",
        "_HOLD = _TOGETHER",
        (MIDWAY,),
    ),
    Mutant(
        "claim: waits for a locked trial",
        "app/db/claiming.py",
        ".with_for_update(of=trials, skip_locked=True, key_share=True)",
        ".with_for_update(of=trials, key_share=True)",
        (HELD_TRIAL,),
    ),
    Mutant(
        "claim: takes a locked trial",
        "app/db/claiming.py",
        "        .with_for_update(of=trials, skip_locked=True, key_share=True)\n",
        "",
        (HELD_TRIAL,),
    ),
    Mutant(
        "claim: waits for a writer's attempt",
        "app/db/attempts.py",
        "locking = query.with_for_update(skip_locked=True, key_share=True)",
        "locking = query.with_for_update(key_share=True)",
        (HELD_ATTEMPT,),
    ),
    Mutant(
        "claim: takes a writer's attempt",
        "app/db/attempts.py",
        "locking = query.with_for_update(skip_locked=True, key_share=True)",
        "locking = query",
        (HELD_ATTEMPT,),
    ),
)
