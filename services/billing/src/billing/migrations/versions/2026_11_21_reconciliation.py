"""Reconciliation runs and automatic top-ups."""

from alembic import op

revision = "0006_reconciliation"
down_revision = "0005_subscriptions"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
