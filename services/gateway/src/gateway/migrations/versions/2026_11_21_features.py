"""Feature switches, and quotes."""

from alembic import op

revision = "0006_features"
down_revision = "0005_deletions"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
