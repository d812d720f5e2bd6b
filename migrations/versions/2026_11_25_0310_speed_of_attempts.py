"""an attempt keeps when its first and its last measurements came"""

import sqlalchemy as sa
from alembic import op

revision = "0004_speed_of_attempts"
down_revision = "0003_fleet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("pace", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("attempts", "pace")
