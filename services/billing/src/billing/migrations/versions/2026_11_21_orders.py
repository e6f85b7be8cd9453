"""Orders of people without an account."""

from alembic import op

revision = "0007_orders"
down_revision = "0006_reconciliation"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
