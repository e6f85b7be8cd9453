"""Prices of work that operators have set instead of those that kinds declare."""

from alembic import op

revision = "0013_kind_prices"
down_revision = "0012_best_of"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE kind_prices (
        change bigint GENERATED ALWAYS AS IDENTITY,
        kind text NOT NULL,
        price jsonb,
        why text NOT NULL,
        changed_by text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_kind_prices PRIMARY KEY (change),
        CONSTRAINT ck_kind_prices_answered_for CHECK (length(why) > 0 AND length(changed_by) > 0)
    )
    """,
    "CREATE INDEX ix_kind_prices_kind ON kind_prices (kind, change)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
