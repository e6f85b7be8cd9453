"""The tables of runs: the run with its lease, its steps, its purchases, and the clocks of the fair order."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from generation.tables import metadata

_NOW = text("now()")

runs = Table(
    "runs",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("job_class", Text, nullable=False),
    Column("input", JSONB, nullable=False),
    Column("held_credits", BigInteger, nullable=False),
    Column("plan", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("locale", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("virtual_start", Double, nullable=False),
    Column("virtual_finish", Double, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("lease_owner", Text),
    Column("lease_until", DateTime(timezone=True)),
    Column("not_before", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("deadline_at", DateTime(timezone=True), nullable=False),
    Column("cancel_requested_at", DateTime(timezone=True)),
    Column("queued_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("result", JSONB),
    Column("error_code", Text),
    Column("error_detail", Text),
    Column("traceparent", Text),
    Column("on_provider_down", Text, nullable=False, server_default="fallback"),
    Column("provider_wait_seconds", Integer, nullable=False, server_default="0"),
    Column("provider_wait_until", DateTime(timezone=True)),
    Column("losses", SmallInteger, nullable=False, server_default="0"),
    CheckConstraint("state IN ('queued', 'running', 'completed', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease_while_running"),
    CheckConstraint("(state IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)", name="finished"),
    CheckConstraint("weight > 0", name="weight_positive"),
    Index("ix_runs_waiting", "job_class", "virtual_finish", "job_id", postgresql_where=text("state = 'queued'")),
    Index("ix_runs_leases", "lease_until", postgresql_where=text("state = 'running'")),
    Index("ix_runs_finished", "kind", "finished_at", postgresql_where=text("state = 'completed'")),
)

steps = Table(
    "steps",
    metadata,
    Column("job_id", Uuid, ForeignKey("runs.job_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("result", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("part_credits", BigInteger),
    PrimaryKeyConstraint("job_id", "name"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Uuid, primary_key=True),
    Column("job_id", Uuid, ForeignKey("runs.job_id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("capability", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("external_id", Text),
    Column("request_id", Text),
    Column("outcome", Text),
    Column("error_code", Text),
    Column("cost_microusd", BigInteger),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("finished_at", DateTime(timezone=True)),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("branch", Text, nullable=False, server_default="first"),
    Column("late_checks", SmallInteger, nullable=False, server_default="0"),
    CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished"),
    CheckConstraint("cost_microusd >= 0", name="cost_not_negative"),
    Index("ix_attempts_job_id", "job_id", "started_at"),
    Index("ix_attempts_spent", "provider", "finished_at", postgresql_where=text("cost_microusd > 0")),
    Index(
        "ix_attempts_cost_unknown",
        "started_at",
        postgresql_where=text("external_id IS NOT NULL AND cost_microusd IS NULL"),
    ),
)

class_clocks = Table(
    "class_clocks",
    metadata,
    Column("job_class", Text, primary_key=True),
    Column("virtual_time", Double, nullable=False, server_default="0"),
)

account_clocks = Table(
    "account_clocks",
    metadata,
    Column("job_class", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("virtual_finish", Double, nullable=False),
    PrimaryKeyConstraint("job_class", "account_id"),
)
