"""Results kept by their content."""

from alembic import op

revision = "0005_kept_results"
down_revision = "0004_assets"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE kept_results (
        account_id uuid NOT NULL,
        digest bytea NOT NULL,
        kind text NOT NULL,
        document jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_kept_results PRIMARY KEY (account_id, digest),
        CONSTRAINT ck_kept_results_digest_length CHECK (octet_length(digest) = 32)
    )
    """,
    "CREATE INDEX ix_kept_results_expires_at ON kept_results (expires_at)",
    "CREATE INDEX ix_kept_results_used_at ON kept_results (used_at)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
