"""What submissions taken while the database was away need."""

from alembic import op

revision = "0007_degraded"
down_revision = "0006_features"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
