"""How long files are kept, by plan, and what has become of those of each run.

A run's files are looked at an hour after it was entered, and whenever that look says. Deletions of artefacts are not
only of accounts any more, so their reference to one goes.
"""

from alembic import op

revision = "0012_retention"
down_revision = "0011_documents"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE artefact_retentions (
        plan text NOT NULL,
        keep_days integer NOT NULL,
        CONSTRAINT pk_artefact_retentions PRIMARY KEY (plan),
        CONSTRAINT ck_artefact_retentions_longer_than_warned CHECK (keep_days BETWEEN 8 AND 36500)
    )
    """,
    """
    INSERT INTO artefact_retentions (plan, keep_days)
    VALUES ('free', 30), ('pro', 365), ('enterprise', 1095), ('order', 80)
    """,
    """
    ALTER TABLE runs ADD COLUMN files_state text NOT NULL DEFAULT 'kept',
                     ADD COLUMN files_due_at timestamptz DEFAULT now() + interval '1 hour',
                     ADD COLUMN files_expire_on date,
                     ADD COLUMN files_kept_until date
    """,
    """
    ALTER TABLE runs ADD CONSTRAINT ck_runs_files_state
        CHECK (files_state IN ('kept', 'warned', 'leaving', 'gone', 'none')) NOT VALID
    """,
    "ALTER TABLE runs VALIDATE CONSTRAINT ck_runs_files_state",
    "CREATE INDEX ix_runs_files_due ON runs (files_due_at) WHERE files_due_at IS NOT NULL",
    "ALTER TABLE artefact_deletions DROP CONSTRAINT fk_artefact_deletions_deletion_id_account_deletions",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
