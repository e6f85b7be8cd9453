"""Since when an account has paid without a gap; every account with a plan is judged anew, and told so."""

from alembic import op

revision = "0010_paid_since"
down_revision = "0009_ledger_audit_rows"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE account_plans ADD COLUMN paid_since timestamptz",
    "UPDATE account_plans SET review_at = now() WHERE plan <> 'free'",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
