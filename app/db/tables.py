"""Every table. One study owns rounds, a round owns trials, a trial owns attempts, an attempt owns
its measurements.

States, purposes and reasons are stored as their wire words. Counters of a round and the budget of
a study are kept
in the transaction that changes them, so that a status poll costs the same for ten trials and ten
thousand.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.db.types import Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

studies = Table(
    "studies",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("waiting_for", String(16)),
    Column("definition", Json, nullable=False),  # as posted, with PATCHed fields applied
    Column("workload", String(24), nullable=False),
    Column("autopilot", String(8), nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("concurrency", Integer),
    Column("steps_limit", BigInteger),
    Column("steps_spent", BigInteger, nullable=False, server_default="0"),
    Column("steps_reserved", BigInteger, nullable=False, server_default="0"),
    Column("steps_lost", BigInteger, nullable=False, server_default="0"),
    Column("gpu_seconds_limit", Double),
    Column("gpu_seconds_spent", Double, nullable=False, server_default="0"),
    Column("gpu_seconds_reserved", Double, nullable=False, server_default="0"),
    Column("gpu_seconds_overrun", Double, nullable=False, server_default="0"),
    Column("seconds_per_step", Double),  # median over ended attempts
    Column("best_trial_id", String(40)),
    Column("best_value", Double),  # of that trial; NULL while only diverged ones ended
    Column("recommendation_id", String(40)),
    Column(
        "next_index", BigInteger, nullable=False, server_default="0"
    ),  # of the quasi-random sequence
    Column("next_number", Integer, nullable=False, server_default="1"),  # of its trials
    Column("served_at", Double, nullable=False, server_default="0"),  # by the last claim
    Column(
        "version", Integer, nullable=False, server_default="1"
    ),  # ETag; grows with every visible change
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    CheckConstraint(
        "steps_limit IS NULL OR steps_spent + steps_reserved <= steps_limit",
        name="steps_within_limit",
    ),
    CheckConstraint(
        "gpu_seconds_limit IS NULL"
        " OR gpu_seconds_spent + gpu_seconds_reserved <= gpu_seconds_limit + 0.001",
        name="gpu_seconds_within_limit",
    ),
    Index(None, "created_at", "id"),
    Index(
        "ix_studies_active",
        "id",
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
)

rounds = Table(
    "rounds",
    metadata,
    Column("study_id", String(40), ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("definition", Json, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("max_train_steps", BigInteger, nullable=False),
    Column("action", String(32)),
    Column("recommendation_id", String(40)),
    Column("state", String(16), nullable=False),
    Column("first_index", BigInteger, nullable=False, server_default="0"),
    Column(
        "points_to_draw", Integer, nullable=False, server_default="0"
    ),  # an adaptive sampler's, still owed
    Column("waiting", Integer, nullable=False, server_default="0"),
    Column("running", Integer, nullable=False, server_default="0"),
    Column("completed", Integer, nullable=False, server_default="0"),
    Column("diverged", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("cancelled", Integer, nullable=False, server_default="0"),
    Column("assessment", Json),  # of the last review
    Column("review_problem", Json),  # why its review failed: {text, trace_id, tries}
    Column("review_again_at", Double),  # no review earlier
    Column("opened_at", Double, nullable=False),
    Column("closed_at", Double),
    Index(
        "ix_rounds_unreviewed",
        "state",
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
)

_claimable = text("state = 'waiting' OR claimable_at IS NOT NULL")

trials = Table(
    "trials",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("study_id", String(40), nullable=False),
    Column("round", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("point_index", BigInteger, nullable=False),
    Column("point_key", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("params", Json, nullable=False),
    Column("schedule", Json, nullable=False),  # resolved: numbers only
    Column("max_train_steps", BigInteger, nullable=False),
    Column("interval_steps", BigInteger, nullable=False),
    Column("checkpoint_steps", Json, nullable=False),
    Column("origin", Json),
    Column("resume", Json),
    Column("state", String(16), nullable=False),
    Column("censored", Boolean, nullable=False, server_default=text("false")),
    Column("reason", Text),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),  # how many were made
    Column("attempt_id", String(40)),  # holds, or last held, the trial
    Column("not_before", Double, nullable=False, server_default="0"),  # back-off of a retry
    Column("claimable_at", Double),  # the holder's lease lapsed then; a claim may take over
    Column("lineage", Json, nullable=False),
    Column("last_step", BigInteger, nullable=False, server_default="0"),
    Column("best_step", BigInteger),
    Column("best_value", Double),
    Column("first_nonfinite_step", BigInteger),
    Column("caller_id", String(128)),  # of an import
    Column("queue_rank", Integer, nullable=False, server_default="0"),  # unused; to be dropped
    Column("gpus", Integer, nullable=False, server_default="0"),
    Column(
        "is_open", Boolean, nullable=False, server_default=text("true")
    ),  # study active, so it may be claimed
    Column("updated_at", Double, nullable=False),
    ForeignKeyConstraint(
        ["study_id", "round"], ["rounds.study_id", "rounds.number"], ondelete="CASCADE"
    ),
    UniqueConstraint("study_id", "round", "point_key", "seed"),
    UniqueConstraint("study_id", "number"),
    Index(
        "ix_trials_claimable",
        "study_id",
        "state",
        "gpus",
        "number",
        sqlite_where=_claimable,
        postgresql_where=_claimable,
    ),
    Index("ix_trials_by_round", "study_id", "round", "number"),
    Index("ix_trials_imported", "study_id", "round", "caller_id", unique=True),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("trial_id", String(40), ForeignKey("trials.id", ondelete="CASCADE"), nullable=False),
    Column("study_id", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("worker", String(128), nullable=False),
    Column("boot_id", String(128), nullable=False),
    Column("slot", String(128), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("start_step", BigInteger, nullable=False),
    Column("resume", Json),  # {"step", "checkpoint": {store, key, bytes}} as answered
    Column("last_step", BigInteger, nullable=False, server_default="0"),
    Column("reported", Json, nullable=False),  # metric -> last step stored
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("lease_expires_at", Double, nullable=False),
    Column("claimable_at", Double),
    Column("stop_requested", Boolean, nullable=False, server_default=text("false")),
    Column("reason", String(32)),
    Column("exit_code", Integer),
    Column("reserved_steps", BigInteger, nullable=False, server_default="0"),
    Column("reserved_gpu_seconds", Double, nullable=False, server_default="0"),
    Column("code", Json),  # what ran: {"commit", "digest"}
    Column("pace", Json),  # first and last report: [from step, from, to step, to]
    Column("gpu", Json),
    Column("stdout_tail", Text),
    Column("stderr_tail", Text),
    UniqueConstraint("trial_id", "number"),
    UniqueConstraint("worker", "request_id"),
    Index("ix_attempts_by_study", "study_id", "ended_at"),
    Index(
        "ix_attempts_live",
        "lease_expires_at",
        sqlite_where=text("state IN ('leased', 'running')"),
        postgresql_where=text("state IN ('leased', 'running')"),
    ),
    Index(  # not of live ones: looking for those must never read a slot's whole history
        "ix_attempts_ended_of_slot",
        "worker",
        "slot",
        "started_at",
        sqlite_where=text("ended_at IS NOT NULL"),
        postgresql_where=text("ended_at IS NOT NULL"),
    ),
    Index(
        "ix_attempts_of_slot",
        "worker",
        "slot",
        sqlite_where=text("state IN ('leased', 'running')"),
        postgresql_where=text("state IN ('leased', 'running')"),
    ),
)

measurement_chunks = Table(
    "measurement_chunks",
    metadata,
    Column(
        "attempt_id", String(40), ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("metric", String(128), primary_key=True),
    Column("first_step", BigInteger, primary_key=True),
    Column("last_step", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("steps", LargeBinary, nullable=False),  # int64, little-endian, ascending
    Column(
        "values", LargeBinary, nullable=False
    ),  # float64, little-endian; NaN and infinities as they are
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column(
        "attempt_id", String(40), ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("step", BigInteger, primary_key=True),
    Column("trial_id", String(40), nullable=False, index=True),
    Column("value", Double),
    Column("store", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64)),
    Column("is_forgotten", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Double, nullable=False),
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("study_id", String(40), ForeignKey("studies.id", ondelete="CASCADE"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("action", String(32), nullable=False),
    Column("advice", Json, nullable=False),
    Column("opened_round", Integer),
    Column("created_at", Double, nullable=False),
    Column("decided_at", Double),
    Index(None, "study_id", "created_at"),
)

waivers = Table(
    "waivers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column(
        "study_id",
        String(40),
        ForeignKey("studies.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("code", String(16), nullable=False),
    Column("round", Integer),
    Column("reason", Text, nullable=False),
    Column("until", Double),
    Column("by", String(128), nullable=False),
    Column("at", Double, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("boot_id", String(128), nullable=False),
    Column("name", String(128), nullable=False),
    Column("version", String(64), nullable=False),
    Column("store", Text),
    Column("shares_store", Boolean, nullable=False, server_default=text("false")),
    Column("slots", Json, nullable=False),
    Column("entrypoints", Json, nullable=False),
    Column("commands", Boolean, nullable=False),
    Column("labels", Json),  # NULL: it did not say
    Column("state", String(16), nullable=False),  # active | draining | cordoned
    Column("registered_at", Double, nullable=False),
    Column("last_seen_at", Double, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(128), nullable=False),
    Column(
        "digest", String(64), nullable=False, unique=True
    ),  # SHA-256; the token itself is never stored
    Column("scopes", Json, nullable=False),
    Column("project", String(128), nullable=False, server_default="default"),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("last_used_at", Double),
    Column("revoked_at", Double),
)

outbox = Table(
    "outbox",
    metadata,
    Column(
        "id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    ),
    Column("kind", String(32), nullable=False),  # wake
    Column("queue", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("route", String(255), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", Double, nullable=False),
)

service_state = Table(
    "service_state",
    metadata,
    Column(
        "name", String(64), primary_key=True
    ),  # secret_key, last_sweep_at, api_seen_at, api_back_at, store_nonce
    Column("text", Text),
    Column("number", Double),
)
