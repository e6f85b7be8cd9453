"""Results kept by their content."""

from alembic import op

revision = "0005_kept_results"
down_revision = "0004_assets"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
