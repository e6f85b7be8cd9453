"""Deleted accounts, and what everybody who kept something of them has answered."""

from alembic import op

revision = "0005_deletions"
down_revision = "0004_identity_two"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE accounts ADD COLUMN deleted_at timestamptz",
    "CREATE INDEX ix_accounts_deleted_at ON accounts (deleted_at) WHERE deleted_at IS NOT NULL",
    """
    CREATE TABLE deletion_requests (
        deletion_id uuid NOT NULL,
        account_id uuid NOT NULL,
        receipt_hash bytea NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        completed_at timestamptz,
        CONSTRAINT pk_deletion_requests PRIMARY KEY (deletion_id),
        CONSTRAINT fk_deletion_requests_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (account_id),
        CONSTRAINT uq_deletion_requests_account_id UNIQUE (account_id),
        CONSTRAINT ck_deletion_requests_receipt_hash CHECK (octet_length(receipt_hash) = 32)
    )
    """,
    """
    CREATE TABLE deletion_answers (
        deletion_id uuid NOT NULL,
        processor text NOT NULL,
        status text NOT NULL,
        detail jsonb,
        answered_at timestamptz,
        CONSTRAINT pk_deletion_answers PRIMARY KEY (deletion_id, processor),
        CONSTRAINT fk_deletion_answers_deletion_id_deletion_requests
            FOREIGN KEY (deletion_id) REFERENCES deletion_requests (deletion_id),
        CONSTRAINT ck_deletion_answers_status CHECK (status IN ('pending', 'done', 'kept')),
        CONSTRAINT ck_deletion_answers_answered CHECK ((status = 'pending') = (answered_at IS NULL))
    )
    """,
    "CREATE INDEX ix_deletion_answers_pending ON deletion_answers (processor) WHERE status = 'pending'",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
