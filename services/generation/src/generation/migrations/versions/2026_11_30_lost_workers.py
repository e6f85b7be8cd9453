"""How many workers a run has lost, apart from what else it has failed by."""

from alembic import op

revision = "0010_lost_workers"
down_revision = "0009_questionnaires"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ("ALTER TABLE runs ADD COLUMN losses smallint NOT NULL DEFAULT 0",)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
