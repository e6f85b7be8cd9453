"""Plans, declared kinds, and jobs as the public sees them."""

from alembic import op

revision = "0003_jobs"
down_revision = "0002_identity"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE plans (
        plan text NOT NULL,
        submissions_per_minute integer NOT NULL,
        jobs_per_day integer NOT NULL,
        jobs_in_flight integer NOT NULL,
        weight integer NOT NULL,
        CONSTRAINT pk_plans PRIMARY KEY (plan),
        CONSTRAINT ck_plans_positive CHECK (
            submissions_per_minute > 0 AND jobs_per_day > 0 AND jobs_in_flight > 0 AND weight > 0)
    )
    """,
    """
    INSERT INTO plans (plan, submissions_per_minute, jobs_per_day, jobs_in_flight, weight)
    VALUES ('free', 5, 10, 2, 1), ('pro', 10, 100, 10, 4), ('enterprise', 60, 1000, 50, 16)
    """,
    """
    CREATE TABLE kinds (
        name text NOT NULL,
        digest text NOT NULL,
        declaration jsonb NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        declared_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_kinds PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE jobs (
        job_id uuid NOT NULL,
        account_id uuid NOT NULL,
        kind text NOT NULL,
        job_class text NOT NULL,
        status text NOT NULL,
        rank smallint NOT NULL,
        price_credits bigint NOT NULL,
        input jsonb NOT NULL,
        idempotency_key text,
        request_hash bytea NOT NULL,
        created_at timestamptz NOT NULL,
        deadline_at timestamptz NOT NULL,
        started_at timestamptz,
        finished_at timestamptz,
        attempt integer NOT NULL DEFAULT 0,
        progress double precision NOT NULL DEFAULT 0,
        progress_message text,
        wait jsonb,
        result jsonb,
        error jsonb,
        attempts jsonb,
        held_credits bigint,
        charged_credits bigint,
        returned_credits bigint,
        settled_at timestamptz,
        cancel_requested_at timestamptz,
        traceparent text,
        CONSTRAINT pk_jobs PRIMARY KEY (job_id),
        CONSTRAINT ck_jobs_status CHECK (status IN
            ('submitted', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'rejected'))
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_jobs_account_id_job_id ON jobs (account_id, job_id)",
    """
    CREATE UNIQUE INDEX uq_jobs_idempotency_key ON jobs (account_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL
    """,
    "CREATE INDEX ix_jobs_in_flight ON jobs (account_id) WHERE rank < 3",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
