"""Credits given or taken by hand, with who did it and why."""

from alembic import op

revision = "0013_adjustments"
down_revision = "0012_refunds_by_hand"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE adjustments (
        adjustment_id uuid NOT NULL,
        account_id uuid NOT NULL,
        credits bigint NOT NULL,
        reason text NOT NULL,
        made_by text NOT NULL,
        expires_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_adjustments PRIMARY KEY (adjustment_id),
        CONSTRAINT ck_adjustments_credits_not_zero CHECK (credits <> 0),
        CONSTRAINT ck_adjustments_reason_given CHECK (length(reason) BETWEEN 3 AND 200),
        CONSTRAINT ck_adjustments_made_by_given CHECK (length(made_by) BETWEEN 1 AND 100)
    )
    """,
    "CREATE INDEX ix_adjustments_account_id ON adjustments (account_id)",
    """
    CREATE TRIGGER adjustments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON adjustments
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
