"""Runs, their steps and purchases, and the clocks of the fair order."""

from alembic import op

revision = "0002_runs"
down_revision = "0001_kernel"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE runs (
        job_id uuid NOT NULL,
        account_id uuid NOT NULL,
        kind text NOT NULL,
        job_class text NOT NULL,
        input jsonb NOT NULL,
        held_credits bigint NOT NULL,
        plan text NOT NULL,
        weight integer NOT NULL,
        locale text NOT NULL,
        state text NOT NULL,
        virtual_start double precision NOT NULL,
        virtual_finish double precision NOT NULL,
        attempt integer NOT NULL DEFAULT 0,
        failures integer NOT NULL DEFAULT 0,
        lease_owner text,
        lease_until timestamptz,
        not_before timestamptz NOT NULL DEFAULT now(),
        deadline_at timestamptz NOT NULL,
        cancel_requested_at timestamptz,
        queued_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        result jsonb,
        error_code text,
        error_detail text,
        traceparent text,
        CONSTRAINT pk_runs PRIMARY KEY (job_id),
        CONSTRAINT ck_runs_state CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
        CONSTRAINT ck_runs_lease_while_running CHECK ((state = 'running') = (lease_until IS NOT NULL)),
        CONSTRAINT ck_runs_finished CHECK (
            (state IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
        CONSTRAINT ck_runs_weight_positive CHECK (weight > 0)
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_runs_waiting ON runs (job_class, virtual_finish, job_id) WHERE state = 'queued'",
    "CREATE INDEX ix_runs_leases ON runs (lease_until) WHERE state = 'running'",
    "CREATE INDEX ix_runs_finished ON runs (kind, finished_at) WHERE state = 'completed'",
    """
    CREATE TABLE steps (
        job_id uuid NOT NULL,
        name text NOT NULL,
        attempt integer NOT NULL,
        result jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_steps PRIMARY KEY (job_id, name),
        CONSTRAINT fk_steps_job_id_runs FOREIGN KEY (job_id) REFERENCES runs (job_id)
    )
    """,
    """
    CREATE TABLE attempts (
        attempt_id uuid NOT NULL,
        job_id uuid NOT NULL,
        step text NOT NULL,
        capability text NOT NULL,
        provider text NOT NULL,
        model text NOT NULL,
        external_id text,
        request_id text,
        outcome text,
        error_code text,
        cost_microusd bigint,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT pk_attempts PRIMARY KEY (attempt_id),
        CONSTRAINT fk_attempts_job_id_runs FOREIGN KEY (job_id) REFERENCES runs (job_id),
        CONSTRAINT ck_attempts_finished CHECK ((outcome IS NULL) = (finished_at IS NULL)),
        CONSTRAINT ck_attempts_cost_not_negative CHECK (cost_microusd >= 0)
    )
    """,
    "CREATE INDEX ix_attempts_job_id ON attempts (job_id, started_at)",
    """
    CREATE TABLE class_clocks (
        job_class text NOT NULL,
        virtual_time double precision NOT NULL DEFAULT 0,
        CONSTRAINT pk_class_clocks PRIMARY KEY (job_class)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE account_clocks (
        job_class text NOT NULL,
        account_id uuid NOT NULL,
        virtual_finish double precision NOT NULL,
        CONSTRAINT pk_account_clocks PRIMARY KEY (job_class, account_id)
    ) WITH (fillfactor = 70)
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
