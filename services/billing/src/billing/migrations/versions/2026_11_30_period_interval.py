"""How long the period under way of a subscription is, where the next renewal is for another interval."""

from alembic import op

revision = "0011_period_interval"
down_revision = "0010_paid_since"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE subscriptions ADD COLUMN period_interval text")
