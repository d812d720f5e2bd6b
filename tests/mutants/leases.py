"""Mutants of leases: expiry, revival, the grace after an outage, the sweep's predicate."""

from tests.mutants.mutant import CONTRACT, DOMAIN, Mutant

LEASES, CLOCK = f"{CONTRACT}/test_leases.py", f"{CONTRACT}/test_lease_clock.py"
UNEXPIRED = f"{LEASES}::test_a_lease_that_has_not_expired_is_left_alone"
HEARD_MEANWHILE = f"{CLOCK}::test_an_attempt_that_was_heard_since_the_sweep_looked_is_not_marked"
JUMP = f"{CLOCK}::test_a_jump_of_the_service_s_own_clock_moves_no_lease"
EXTENDED = f"{CLOCK}::test_a_heartbeat_and_a_report_last_for_another_lease"
ENDED = f"{CLOCK}::test_an_attempt_that_has_ended_is_never_marked"
REVIVED = f"{LEASES}::test_an_accepted_write_takes_an_expired_attempt_back"
DOMAIN_LEASES = f"{DOMAIN}/test_leases.py"
SUCCESSOR = f"{LEASES}::test_the_attempt_is_lost_when_a_successor_claims_it"
HEARD_FIRST = f"{LEASES}::test_a_marked_attempt_is_not_claimed_while_the_nodes_are_heard"
RETURN = f"{CONTRACT}/test_returning_workers.py"

PAUSES = (
    f"{CONTRACT}/test_finish.py"
    "::test_a_failure_is_tried_again_after_a_pause_until_the_attempts_are_used_up"
)
FORGOTTEN = (
    f"{CONTRACT}/test_finish.py"
    "::test_a_retry_does_not_make_interruptions_of_the_failures_that_it_forgets"
)

MUTANTS = (
    Mutant(
        "lease: every live attempt has expired",
        "app/db/lapsed.py",
        "attempts.c.lease_expires_at < now_seconds()",
        "attempts.c.lease_expires_at > 0",
        (UNEXPIRED,),
        times=2,
    ),
    Mutant(
        "lease: marked although heard meanwhile",
        "app/db/lapsed.py",
        "            attempts.c.lease_expires_at < now_seconds(),\n        )\n        .values",
        "        )\n        .values",
        (HEARD_MEANWHILE,),
    ),
    Mutant(
        "lease: expires by the service's clock",
        "app/db/lapsed.py",
        "attempts.c.lease_expires_at < now_seconds()",
        'attempts.c.lease_expires_at < __import__("time").time()',
        (JUMP,),
        times=2,
    ),
    Mutant(
        "lease: extended by the service's clock",
        "app/db/attempts.py",
        "connection.execute(_EXTEND, known | columns)",
        'connection.execute(_UPDATE, {"wanted": attempt.id, "lease_expires_at":'
        ' __import__("time").time() + lease_seconds} | columns)',
        (JUMP,),
    ),
    Mutant(
        "lease: not extended by a heartbeat",
        "app/services/heartbeats.py",
        "attempts.hear(connection, held, lease_seconds, **columns)",
        "attempts.hear(connection, held, **columns)",
        (EXTENDED,),
    ),
    Mutant(
        "revival: the attempt's mark stays",
        "app/db/attempts.py",
        "if attempt.claimable_at is not None:",
        "if False:",
        (REVIVED,),
    ),
    Mutant(
        "revival: the trial's mark stays",
        "app/db/attempts.py",
        "if trial.claimable_at is not None:",
        "if False:",
        (REVIVED,),
    ),
    Mutant(
        "outage: marked while no API was seen",
        "app/domain/leases.py",
        "return now < watch.quiet_until or _is_api_away(watch, now, timing)",
        "return now < watch.quiet_until",
        (DOMAIN_LEASES,),
    ),
    Mutant(
        "outage: nodes that come back are not heard first",
        "app/domain/leases.py",
        "return now < watch.quiet_until or _is_api_away(watch, now, timing)",
        "return _is_api_away(watch, now, timing)",
        (f"{LEASES}::test_nothing_is_marked_for_a_lease_after_an_api_came_back",),
    ),
    Mutant(
        "outage: an API that comes back gives no grace",
        "app/domain/leases.py",
        "    if _is_api_away(watch, now, timing):\n        return max",
        "    if False:\n        return max",
        (DOMAIN_LEASES,),
    ),
    Mutant(
        "outage: a gap of the sweep gives no grace",
        "app/domain/leases.py",
        "if last is None or now - last > timing.lease_seconds:",
        "if False:",
        (DOMAIN_LEASES,),
    ),
    Mutant(
        "outage: the conductor's first sweep gives no grace",
        "app/domain/leases.py",
        "if last is None or now - last > timing.lease_seconds:",
        "if last is not None and now - last > timing.lease_seconds:",
        (DOMAIN_LEASES,),
    ),
    Mutant(
        "outage: the sweep marks all the same",
        "app/services/leases.py",
        "if is_quiet(replace(watch, quiet_until=quiet_until), now, _timing(context)):",
        "if False:",
        (f"{LEASES}::test_nothing_is_marked_while_no_api_was_seen",),
    ),
    Mutant(
        "outage: a claim takes marked attempts all the same",
        "app/services/taking.py",
        "takes_marked = not is_quiet(door.watch, door.now, timing)",
        "takes_marked = bool(timing)",
        (HEARD_FIRST,),
    ),
    Mutant(
        "return: nobody is heard first",
        "app/db/claiming.py",
        "unheard=row.unheard,",
        "unheard=None,",
        (
            f"{RETURN}::test_a_returning_worker_is_given_what_waits_and_finishes_what_it_trained",
            f"{RETURN}::test_nobody_else_takes_over_what_a_returning_worker_will_tell",
        ),
    ),
    Mutant(
        "return: a silent attempt is heard first for ever",
        "app/db/lapsed.py",
        ".scalar_subquery() <= a.claimable_at",
        ".scalar_subquery().is_not(None)",
        (f"{RETURN}::test_an_attempt_that_says_nothing_although_its_worker_is_back_is_taken_over",),
    ),
    Mutant(
        "return: a machine that was restarted is heard first",
        "app/db/lapsed.py",
        '(a.worker == bindparam("worker")) & (a.boot_id == bindparam("boot"))',
        '(a.worker == bindparam("worker")) & (bindparam("boot") != "")',
        (f"{RETURN}::test_after_a_restart_of_the_machine_there_is_nothing_to_hear",),
    ),
    Mutant(
        "return: a spent study ends those that are heard first",
        "app/services/spent_limits.py",
        "return claimable_at is not None and claimable_at <= held.now",
        "return claimable_at is not None",
        (f"{RETURN}::test_a_spent_study_ends_once_its_lapsed_attempts_were_heard",),
    ),
    Mutant(
        "sweep: marks what has ended",
        "app/db/lapsed.py",
        "attempts.c.state.in_(LIVE_ATTEMPTS),",
        "attempts.c.state.is_not(None),",
        (ENDED,),
        times=2,
    ),
    Mutant(
        "sweep: marks another attempt's trial",
        "app/db/lapsed.py",
        "holds = (trials.c.id == row.trial_id) & (trials.c.attempt_id == attempt_id)",
        "holds = trials.c.id == attempt_id",
        (SUCCESSOR,),
    ),
    Mutant(
        "sweep: a running trial counts as marked",
        "app/db/turns.py",
        "and_(IS_RUNNING, trials.c.claimable_at <= now_seconds(), not_(is_predecessor))",
        "and_(IS_RUNNING, not_(is_predecessor))",
        (REVIVED,),
    ),
    Mutant(
        "sweep: marked trials are never claimed",
        "app/db/claiming.py",
        "is_claimable = or_(waits, is_left()) if takes_marked else waits",
        "is_claimable = waits",
        (SUCCESSOR,),
    ),
    Mutant(
        "retry: failures that it forgets become interruptions",
        "app/domain/retries.py",
        "interrupted_delay_seconds(interrupted_before + 1)",
        "interrupted_delay_seconds(trial.attempt_count - trial.failures)",
        (FORGOTTEN,),
    ),
    Mutant(
        "retry: no pause before the next try",
        "app/db/turns.py",
        "return and_(IS_WAITING, trials.c.not_before <= now_seconds())",
        "return and_(IS_WAITING)",
        (PAUSES,),
    ),
)
