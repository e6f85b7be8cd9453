"""Ids that were promised while the database was away, and the jobs they turned out to repeat."""

from alembic import op

revision = "0007_degraded"
down_revision = "0006_features"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE held_repeats (
        job_id uuid NOT NULL,
        account_id uuid NOT NULL,
        first_job_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_held_repeats PRIMARY KEY (job_id)
    )
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
