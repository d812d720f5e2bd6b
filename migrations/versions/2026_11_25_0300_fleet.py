"""a worker's labels; claims go from study to study"""

import sqlalchemy as sa
from alembic import op

revision = "0003_fleet"
down_revision = "0002_failed_reviews_and_imports"
branch_labels = None
depends_on = None

IS_CLAIMABLE = sa.text("state = 'waiting' OR claimable_at IS NOT NULL")
HAS_ENDED = sa.text("ended_at IS NOT NULL")
IS_ACTIVE = sa.text("state = 'active'")


def upgrade() -> None:
    op.add_column("workers", sa.Column("labels", sa.JSON(none_as_null=True)))
    op.add_column(
        "studies", sa.Column("served_at", sa.Double(), server_default="0", nullable=False)
    )
    op.create_index(
        "ix_studies_active",
        "studies",
        ["id"],
        sqlite_where=IS_ACTIVE,
        postgresql_where=IS_ACTIVE,
    )
    op.create_index(
        "ix_attempts_ended_of_slot",
        "attempts",
        ["worker", "slot", "started_at"],
        sqlite_where=HAS_ENDED,
        postgresql_where=HAS_ENDED,
    )
    _claim_by(["study_id", "state", "gpus", "number"])


def downgrade() -> None:
    _claim_by(["queue_rank", "number"])
    op.drop_index("ix_attempts_ended_of_slot", "attempts")
    op.drop_index("ix_studies_active", "studies")
    op.drop_column("studies", "served_at")
    op.drop_column("workers", "labels")


def _claim_by(columns: list[str]) -> None:
    op.drop_index("ix_trials_claimable", "trials")
    op.create_index(
        "ix_trials_claimable",
        "trials",
        columns,
        sqlite_where=IS_CLAIMABLE,
        postgresql_where=IS_CLAIMABLE,
    )
