"""Parts that are delivered on the way, what to do when providers are down, and costs that are known late."""

from alembic import op

revision = "0008_engine"
down_revision = "0007_entitlements"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE steps ADD COLUMN part_credits bigint",
    """
    ALTER TABLE runs ADD COLUMN on_provider_down text NOT NULL DEFAULT 'fallback',
                     ADD COLUMN provider_wait_seconds integer NOT NULL DEFAULT 0,
                     ADD COLUMN provider_wait_until timestamptz
    """,
    """
    ALTER TABLE attempts ADD COLUMN branch text NOT NULL DEFAULT 'first',
                         ADD COLUMN late_checks smallint NOT NULL DEFAULT 0
    """,
    """
    CREATE INDEX ix_attempts_cost_unknown ON attempts (started_at)
    WHERE external_id IS NOT NULL AND cost_microusd IS NULL
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
