"""Lets the ledger's one writing statement refuse itself when what it was computed from has changed."""

from alembic import op

revision = "0008_ledger_conflicts"
down_revision = "0007_orders"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE FUNCTION ledger_expect_written(settled bigint, settled_due bigint, balances bigint, balances_due bigint)
    RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF settled <> settled_due OR balances <> balances_due THEN
            RAISE EXCEPTION 'the ledger wrote % of % settlements and % of % balances',
                settled, settled_due, balances, balances_due USING ERRCODE = 'serialization_failure';
        END IF;
        RETURN true;
    END
    $$
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
