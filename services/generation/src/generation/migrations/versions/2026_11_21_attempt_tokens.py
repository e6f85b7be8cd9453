"""Tokens of purchases, and the index a provider's spending of the day is added up by."""

from alembic import op

revision = "0006_attempt_tokens"
down_revision = "0005_kept_results"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE attempts ADD COLUMN input_tokens integer, ADD COLUMN output_tokens integer",
    "CREATE INDEX ix_attempts_spent ON attempts (provider, finished_at) WHERE cost_microusd > 0",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
