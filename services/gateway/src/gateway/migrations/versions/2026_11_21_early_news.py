"""News of jobs that are not known yet: of orders, whose payment is told on another stream than their runs."""

from alembic import op

revision = "0009_early_news"
down_revision = "0008_followed_plans"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE early_news (
        news_id bigint GENERATED ALWAYS AS IDENTITY,
        job_id uuid NOT NULL,
        news jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_early_news PRIMARY KEY (news_id)
    )
    """,
    "CREATE INDEX ix_early_news_job_id ON early_news (job_id)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
