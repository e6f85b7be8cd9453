"""What of a job's result goes along with the mail about it."""

from alembic import op

revision = "0005_mailed_files"
down_revision = "0004_buyers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE job_states ADD COLUMN file jsonb")


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE job_states DROP COLUMN file")
