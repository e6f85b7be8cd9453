"""The kernel's tables: outbox, inbox, dead letters, topic state."""

from alembic import op

from common.db.migrate import create_kernel_tables

revision = "0001_kernel"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    create_kernel_tables(op)
