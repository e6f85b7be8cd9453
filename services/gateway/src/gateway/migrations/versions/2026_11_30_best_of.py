"""The index behind an owner's "best of". Writes of jobs wait while it is built: a second for a million jobs."""

from alembic import op

revision = "0012_best_of"
down_revision = "0011_attempts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        """
        CREATE INDEX ix_jobs_best_of ON jobs (account_id, job_id) WHERE result @> '{"best_of": true}'::jsonb
        """
    )
