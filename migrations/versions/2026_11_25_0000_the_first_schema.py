"""the first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001_first_schema"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("route", sa.String(length=255), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", "route", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_table(
        "service_state",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_state")),
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("waiting_for", sa.String(length=16), nullable=True),
        sa.Column("definition", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("workload", sa.String(length=24), nullable=False),
        sa.Column("autopilot", sa.String(length=8), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=True),
        sa.Column("steps_limit", sa.BigInteger(), nullable=True),
        sa.Column("steps_spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("steps_reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("steps_lost", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gpu_seconds_limit", sa.Double(), nullable=True),
        sa.Column("gpu_seconds_spent", sa.Double(), server_default="0", nullable=False),
        sa.Column("gpu_seconds_reserved", sa.Double(), server_default="0", nullable=False),
        sa.Column("gpu_seconds_overrun", sa.Double(), server_default="0", nullable=False),
        sa.Column("seconds_per_step", sa.Double(), nullable=True),
        sa.Column("best_trial_id", sa.String(length=40), nullable=True),
        sa.Column("best_value", sa.Double(), nullable=True),
        sa.Column("recommendation_id", sa.String(length=40), nullable=True),
        sa.Column("next_index", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "gpu_seconds_limit IS NULL OR "
            "gpu_seconds_spent + gpu_seconds_reserved <= gpu_seconds_limit + 0.001",
            name=op.f("ck_studies_gpu_seconds_within_limit"),
        ),
        sa.CheckConstraint(
            "steps_limit IS NULL OR steps_spent + steps_reserved <= steps_limit",
            name=op.f("ck_studies_steps_within_limit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
    )
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_studies_created_at_id"), ["created_at", "id"], unique=False
        )

    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("project", sa.String(length=128), server_default="default", nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("last_used_at", sa.Double(), nullable=True),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("boot_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("store", sa.Text(), nullable=True),
        sa.Column("shares_store", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("slots", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("entrypoints", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("commands", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("registered_at", sa.Double(), nullable=False),
        sa.Column("last_seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "recommendations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("study_id", sa.String(length=40), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("advice", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("opened_round", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("decided_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["studies.id"],
            name=op.f("fk_recommendations_study_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recommendations")),
    )
    with op.batch_alter_table("recommendations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recommendations_study_id_created_at"),
            ["study_id", "created_at"],
            unique=False,
        )

    op.create_table(
        "rounds",
        sa.Column("study_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("max_train_steps", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=True),
        sa.Column("recommendation_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("first_index", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("points_to_draw", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("running", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("diverged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("assessment", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_rounds_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_rounds")),
    )
    with op.batch_alter_table("rounds", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rounds_unreviewed",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )

    op.create_table(
        "waivers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("study_id", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Double(), nullable=True),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_waivers_study_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waivers")),
    )
    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waivers_study_id"), ["study_id"], unique=False)

    op.create_table(
        "trials",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("study_id", sa.String(length=40), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("point_index", sa.BigInteger(), nullable=False),
        sa.Column("point_key", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("schedule", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("max_train_steps", sa.BigInteger(), nullable=False),
        sa.Column("interval_steps", sa.BigInteger(), nullable=False),
        sa.Column("checkpoint_steps", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("origin", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("resume", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("censored", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("not_before", sa.Double(), server_default="0", nullable=False),
        sa.Column("claimable_at", sa.Double(), nullable=True),
        sa.Column("lineage", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("best_step", sa.BigInteger(), nullable=True),
        sa.Column("best_value", sa.Double(), nullable=True),
        sa.Column("first_nonfinite_step", sa.BigInteger(), nullable=True),
        sa.Column("caller_id", sa.String(length=128), nullable=True),
        sa.Column("queue_rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("gpus", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["rounds.study_id", "rounds.number"],
            name=op.f("fk_trials_study_id_round"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_trials_study_id_number")),
        sa.UniqueConstraint(
            "study_id",
            "round",
            "point_key",
            "seed",
            name=op.f("uq_trials_study_id_round_point_key_seed"),
        ),
    )
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.create_index("ix_trials_by_round", ["study_id", "round", "number"], unique=False)
        batch_op.create_index(
            "ix_trials_claimable",
            ["queue_rank", "number"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting' OR claimable_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'waiting' OR claimable_at IS NOT NULL"),
        )

    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("trial_id", sa.String(length=40), nullable=False),
        sa.Column("study_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("boot_id", sa.String(length=128), nullable=False),
        sa.Column("slot", sa.String(length=128), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("start_step", sa.BigInteger(), nullable=False),
        sa.Column("resume", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reported", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("lease_expires_at", sa.Double(), nullable=False),
        sa.Column("claimable_at", sa.Double(), nullable=True),
        sa.Column(
            "stop_requested", sa.Boolean(), server_default=sa.text("(false)"), nullable=False
        ),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("reserved_steps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved_gpu_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("code", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("gpu", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("stdout_tail", sa.Text(), nullable=True),
        sa.Column("stderr_tail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.id"], name=op.f("fk_attempts_trial_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("trial_id", "number", name=op.f("uq_attempts_trial_id_number")),
        sa.UniqueConstraint("worker", "request_id", name=op.f("uq_attempts_worker_request_id")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_by_study", ["study_id", "ended_at"], unique=False)
        batch_op.create_index(
            "ix_attempts_live",
            ["lease_expires_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('leased', 'running')"),
            postgresql_where=sa.text("state IN ('leased', 'running')"),
        )
        batch_op.create_index(
            "ix_attempts_of_slot",
            ["worker", "slot"],
            unique=False,
            sqlite_where=sa.text("state IN ('leased', 'running')"),
            postgresql_where=sa.text("state IN ('leased', 'running')"),
        )

    op.create_table(
        "checkpoints",
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("trial_id", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("is_forgotten", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempts.id"],
            name=op.f("fk_checkpoints_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attempt_id", "step", name=op.f("pk_checkpoints")),
    )
    with op.batch_alter_table("checkpoints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_checkpoints_trial_id"), ["trial_id"], unique=False)

    op.create_table(
        "measurement_chunks",
        sa.Column("attempt_id", sa.String(length=40), nullable=False),
        sa.Column("metric", sa.String(length=128), nullable=False),
        sa.Column("first_step", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("steps", sa.LargeBinary(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["attempts.id"],
            name=op.f("fk_measurement_chunks_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "attempt_id", "metric", "first_step", name=op.f("pk_measurement_chunks")
        ),
    )


def downgrade() -> None:

    op.drop_table("measurement_chunks")
    with op.batch_alter_table("checkpoints", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_checkpoints_trial_id"))

    op.drop_table("checkpoints")
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_attempts_of_slot",
            sqlite_where=sa.text("state IN ('leased', 'running')"),
            postgresql_where=sa.text("state IN ('leased', 'running')"),
        )
        batch_op.drop_index(
            "ix_attempts_live",
            sqlite_where=sa.text("state IN ('leased', 'running')"),
            postgresql_where=sa.text("state IN ('leased', 'running')"),
        )
        batch_op.drop_index("ix_attempts_by_study")

    op.drop_table("attempts")
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_trials_claimable",
            sqlite_where=sa.text("state = 'waiting' OR claimable_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'waiting' OR claimable_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_trials_by_round")

    op.drop_table("trials")
    with op.batch_alter_table("waivers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_waivers_study_id"))

    op.drop_table("waivers")
    with op.batch_alter_table("rounds", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_rounds_unreviewed",
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )

    op.drop_table("rounds")
    with op.batch_alter_table("recommendations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recommendations_study_id_created_at"))

    op.drop_table("recommendations")
    op.drop_table("workers")
    op.drop_table("tokens")
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_studies_created_at_id"))

    op.drop_table("studies")
    op.drop_table("service_state")
    op.drop_table("outbox")
    op.drop_table("idempotency_keys")
