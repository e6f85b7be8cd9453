"""Attempts that are counted against guessing and fraud, where no emptied Redis forgets them."""

from alembic import op

revision = "0011_attempts"
down_revision = "0010_request_limits"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE attempts (
        subject text NOT NULL,
        minute_count integer NOT NULL,
        minute_ends_at timestamptz NOT NULL,
        hour_count integer NOT NULL,
        hour_ends_at timestamptz NOT NULL,
        blocked_until timestamptz,
        forgotten_at timestamptz NOT NULL,
        CONSTRAINT pk_attempts PRIMARY KEY (subject)
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_attempts_forgotten_at ON attempts (forgotten_at)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
