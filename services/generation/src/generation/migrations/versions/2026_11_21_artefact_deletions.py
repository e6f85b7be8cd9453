"""Deletions of accounts' artefacts."""

from alembic import op

revision = "0003_artefact_deletions"
down_revision = "0002_runs"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE account_deletions (
        deletion_id uuid NOT NULL,
        account_id uuid NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        completed_at timestamptz,
        CONSTRAINT pk_account_deletions PRIMARY KEY (deletion_id)
    )
    """,
    "CREATE INDEX ix_account_deletions_open ON account_deletions (requested_at) WHERE completed_at IS NULL",
    """
    CREATE TABLE artefact_deletions (
        deletion_id uuid NOT NULL,
        artefact_id text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        tries integer NOT NULL DEFAULT 0,
        next_try_at timestamptz NOT NULL DEFAULT now(),
        error text,
        answered_at timestamptz,
        CONSTRAINT pk_artefact_deletions PRIMARY KEY (deletion_id, artefact_id),
        CONSTRAINT fk_artefact_deletions_deletion_id_account_deletions
            FOREIGN KEY (deletion_id) REFERENCES account_deletions (deletion_id),
        CONSTRAINT ck_artefact_deletions_status CHECK (status IN ('pending', 'deleted', 'missing', 'refused')),
        CONSTRAINT ck_artefact_deletions_answered CHECK ((status = 'pending') = (answered_at IS NULL))
    )
    """,
    "CREATE INDEX ix_artefact_deletions_due ON artefact_deletions (next_try_at) WHERE status = 'pending'",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
