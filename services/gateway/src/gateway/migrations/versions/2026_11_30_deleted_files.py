"""When the files of a job were deleted, because they were kept long enough."""

from alembic import op

revision = "0014_deleted_files"
down_revision = "0013_kind_prices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE jobs ADD COLUMN files_deleted_at timestamptz")
