"""The kernel's tables, the event log of each account, and e-mail."""

from alembic import op

from common.db.migrate import create_kernel_tables

revision = "0001_log_and_mail"
down_revision = None
branch_labels = None
depends_on = None

_FEEDS = """
CREATE TABLE feeds (
    account_id uuid NOT NULL,
    last_sequence bigint NOT NULL DEFAULT 0,
    balance_version bigint NOT NULL DEFAULT -1,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_feeds PRIMARY KEY (account_id),
    CONSTRAINT ck_feeds_last_sequence CHECK (last_sequence >= 0)
) WITH (fillfactor = 70)
"""
_ACCOUNT_EVENTS = """
CREATE TABLE account_events (
    account_id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    job_id uuid,
    final boolean NOT NULL DEFAULT false,
    body text NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_account_events PRIMARY KEY (account_id, sequence),
    CONSTRAINT uq_account_events_event_id UNIQUE (event_id),
    CONSTRAINT ck_account_events_sequence CHECK (sequence > 0)
)
"""
_ACCOUNT_EVENTS_BY_JOB = """
CREATE INDEX ix_account_events_account_id_job_id_sequence
ON account_events (account_id, job_id, sequence) WHERE job_id IS NOT NULL
"""
_ACCOUNT_EVENTS_BY_TIME = "CREATE INDEX ix_account_events_created_at ON account_events (created_at)"
_JOB_STATES = """
CREATE TABLE job_states (
    job_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text,
    held_credits bigint,
    attempt integer NOT NULL DEFAULT 0,
    progress_sequence bigint NOT NULL DEFAULT -1,
    outcome text,
    settlement text,
    captured_credits bigint NOT NULL DEFAULT 0,
    released_credits bigint NOT NULL DEFAULT 0,
    closed_sequence bigint,
    reason text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_job_states PRIMARY KEY (job_id),
    CONSTRAINT ck_job_states_outcome CHECK (outcome IN ('succeeded', 'failed', 'cancelled', 'rejected')),
    CONSTRAINT ck_job_states_settlement CHECK (settlement IN ('captured', 'released'))
) WITH (fillfactor = 70)
"""
_JOB_STATES_BY_TIME = "CREATE INDEX ix_job_states_updated_at ON job_states (updated_at)"
_RECIPIENTS = """
CREATE TABLE recipients (
    account_id uuid NOT NULL,
    email text NOT NULL,
    locale text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_recipients PRIMARY KEY (account_id)
)
"""
_DELIVERIES = """
CREATE TABLE deliveries (
    delivery_id uuid NOT NULL,
    account_id uuid NOT NULL,
    job_id uuid,
    template text NOT NULL,
    dedup_key text NOT NULL,
    recipient text,
    locale text,
    context jsonb NOT NULL,
    traceparent text,
    status text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    message_id text,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    CONSTRAINT pk_deliveries PRIMARY KEY (delivery_id),
    CONSTRAINT uq_deliveries_dedup_key UNIQUE (dedup_key),
    CONSTRAINT ck_deliveries_status CHECK (status IN ('pending', 'sending', 'sent', 'failed')),
    CONSTRAINT ck_deliveries_sent_at CHECK ((status = 'sent') = (sent_at IS NOT NULL))
)
"""
_DELIVERIES_DUE = """
CREATE INDEX ix_deliveries_due ON deliveries (next_try_at) WHERE status IN ('pending', 'sending')
"""
_DELIVERIES_BY_ACCOUNT = """
CREATE INDEX ix_deliveries_account_id_created_at ON deliveries (account_id, created_at)
"""
_DELIVERIES_BY_TIME = "CREATE INDEX ix_deliveries_created_at ON deliveries (created_at)"


def upgrade() -> None:
    """Apply."""
    create_kernel_tables(op)
    for statement in (
        _FEEDS,
        _ACCOUNT_EVENTS,
        _ACCOUNT_EVENTS_BY_JOB,
        _ACCOUNT_EVENTS_BY_TIME,
        _JOB_STATES,
        _JOB_STATES_BY_TIME,
        _RECIPIENTS,
        _DELIVERIES,
        _DELIVERIES_DUE,
        _DELIVERIES_BY_ACCOUNT,
        _DELIVERIES_BY_TIME,
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for table in (
        "deliveries",
        "recipients",
        "job_states",
        "account_events",
        "feeds",
        "bus_topics",
        "dead_letters",
        "inbox",
        "outbox",
    ):
        op.execute(f"DROP TABLE {table}")
