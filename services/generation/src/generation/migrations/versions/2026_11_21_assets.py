"""Pictures that customers bring."""

from alembic import op

revision = "0004_assets"
down_revision = "0003_artefact_deletions"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
