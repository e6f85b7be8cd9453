"""The logs of deleted accounts: closed for good."""

from alembic import op

revision = "0003_closed_feeds"
down_revision = "0002_addressees"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE feeds ADD COLUMN closed_at timestamptz")


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE feeds DROP COLUMN closed_at")
