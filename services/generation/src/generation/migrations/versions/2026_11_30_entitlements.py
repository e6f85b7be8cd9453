"""Since when accounts pay, and the jobs that are made once in each year of it."""

from alembic import op

revision = "0007_entitlements"
down_revision = "0006_attempt_tokens"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE subscribers (
        account_id uuid NOT NULL,
        plan text NOT NULL,
        paid_since timestamptz,
        version bigint NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_subscribers PRIMARY KEY (account_id)
    )
    """,
    """
    CREATE TABLE yearly_uses (
        job_id uuid NOT NULL,
        account_id uuid NOT NULL,
        kind text NOT NULL,
        year_starts_at timestamptz NOT NULL,
        year_ends_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_yearly_uses PRIMARY KEY (job_id),
        CONSTRAINT uq_yearly_uses_account_id_kind_year_starts_at UNIQUE (account_id, kind, year_starts_at),
        CONSTRAINT ck_yearly_uses_lasts CHECK (year_ends_at > year_starts_at)
    )
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
