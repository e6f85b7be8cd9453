"""The plans that billing has said."""

from alembic import op

revision = "0008_followed_plans"
down_revision = "0007_degraded"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE followed_plans (
        account_id uuid NOT NULL,
        plan text NOT NULL,
        version bigint NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_followed_plans PRIMARY KEY (account_id)
    )
    """,
    "CREATE INDEX ix_followed_plans_changed_at ON followed_plans (changed_at)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
