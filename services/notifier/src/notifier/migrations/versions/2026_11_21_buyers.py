"""Recipients who are the buyers of an order: their mails lead to the order, for they have no account."""

from alembic import op

revision = "0004_buyers"
down_revision = "0003_closed_feeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE recipients ADD COLUMN buyer boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE recipients DROP COLUMN buyer")
