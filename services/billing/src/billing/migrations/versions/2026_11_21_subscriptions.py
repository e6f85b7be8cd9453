"""Plans, subscriptions, and Stripe's catalogue."""

from alembic import op

revision = "0005_subscriptions"
down_revision = "0004_reversals"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
