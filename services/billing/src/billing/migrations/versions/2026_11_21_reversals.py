"""Reversed payments: the transfer kinds they need, and how much of each payment is taken back."""

from alembic import op

revision = "0004_reversals"
down_revision = "0003_stripe"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE transfers DROP CONSTRAINT ck_transfers_kind",
    """
    ALTER TABLE transfers ADD CONSTRAINT ck_transfers_kind CHECK (
        kind IN ('grant', 'hold', 'capture', 'release', 'expiry', 'clawback', 'repayment')) NOT VALID
    """,
    "ALTER TABLE transfers VALIDATE CONSTRAINT ck_transfers_kind",
    """
    CREATE TABLE payment_reversals (
        lot_reference text NOT NULL,
        account_id uuid NOT NULL,
        granted_credits bigint NOT NULL,
        taken_back_credits bigint NOT NULL DEFAULT 0,
        reversed_minor bigint NOT NULL DEFAULT 0,
        reinstated_minor bigint NOT NULL DEFAULT 0,
        postings integer NOT NULL DEFAULT 0,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_payment_reversals PRIMARY KEY (lot_reference),
        CONSTRAINT ck_payment_reversals_in_range CHECK (taken_back_credits BETWEEN 0 AND granted_credits)
    )
    """,
    "CREATE INDEX ix_lots_expiring ON lots (expires_at) WHERE remaining_credits > 0 AND expires_at IS NOT NULL",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
