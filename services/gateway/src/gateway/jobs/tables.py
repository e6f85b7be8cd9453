"""The table of jobs: what was accepted, and what has become of it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gateway.tables import metadata

BEST_OF = """result @> '{"best_of": true}'::jsonb"""
"""What belongs to the owner's "best of". A query says it in these very words, or the index is of no use to it."""

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("job_class", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("price_credits", BigInteger, nullable=False),
    Column("input", JSONB, nullable=False),
    Column("idempotency_key", Text),
    Column("request_hash", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("deadline_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("progress", Double, nullable=False, server_default="0"),
    Column("progress_message", Text),
    Column("wait", JSONB),
    Column("result", JSONB),
    Column("error", JSONB),
    Column("attempts", JSONB),
    Column("held_credits", BigInteger),
    Column("charged_credits", BigInteger),
    Column("returned_credits", BigInteger),
    Column("settled_at", DateTime(timezone=True)),
    Column("cancel_requested_at", DateTime(timezone=True)),
    Column("traceparent", Text),
    Column("files_deleted_at", DateTime(timezone=True)),
    CheckConstraint(
        "status IN ('submitted', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'rejected')",
        name="status",
    ),
    Index("ix_jobs_account_id_job_id", "account_id", "job_id"),
    Index(
        "uq_jobs_idempotency_key",
        "account_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("ix_jobs_best_of", "account_id", "job_id", postgresql_where=text(BEST_OF)),
    Index("ix_jobs_in_flight", "account_id", postgresql_where=text("rank < 3")),
)
