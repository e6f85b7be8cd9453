"""What of an order's money was refunded, also by hand at Stripe, and what of that its buyer was told."""

from alembic import op

revision = "0012_refunds_by_hand"
down_revision = "0011_period_interval"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE orders
        ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN refunds_failed_minor bigint NOT NULL DEFAULT 0,
        ADD COLUMN refund_told_minor bigint NOT NULL DEFAULT 0
    """,
    "UPDATE orders SET refund_told_minor = price_minor WHERE status IN ('refunded', 'refund_failed')",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
