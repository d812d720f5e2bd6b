"""a round keeps what went wrong in its review, and an imported trial comes once"""

import sqlalchemy as sa
from alembic import op

revision = "0002_failed_reviews_and_imports"
down_revision = "0001_first_schema"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rounds", sa.Column("review_problem", sa.JSON(none_as_null=True)))
    op.add_column("rounds", sa.Column("review_again_at", sa.Double()))
    op.create_index("ix_trials_imported", "trials", ["study_id", "round", "caller_id"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_trials_imported", "trials")
    op.drop_column("rounds", "review_again_at")
    op.drop_column("rounds", "review_problem")
