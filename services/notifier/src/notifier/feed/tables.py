"""The tables of the event log: each account's counters, the events told, and what is known of each job."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from notifier.tables import metadata

_NOW = text("now()")

feeds = Table(
    "feeds",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("last_sequence", BigInteger, nullable=False, server_default="0"),
    Column("balance_version", BigInteger, nullable=False, server_default="-1"),
    Column("closed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("last_sequence >= 0", name="last_sequence"),
)
"""One row an account: locking it orders everything that is told to the account."""

account_events = Table(
    "account_events",
    metadata,
    Column("account_id", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("job_id", Uuid),
    Column("final", Boolean, nullable=False, server_default=text("false")),
    Column("body", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("account_id", "sequence"),
    UniqueConstraint("event_id"),
    CheckConstraint("sequence > 0", name="sequence"),
    Index(
        "ix_account_events_account_id_job_id_sequence",
        "account_id",
        "job_id",
        "sequence",
        postgresql_where=text("job_id IS NOT NULL"),
    ),
    Index("ix_account_events_created_at", "created_at"),
)
"""What was told. `body` is the text that every reader gets, byte for byte."""

job_states = Table(
    "job_states",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("kind", Text),
    Column("held_credits", BigInteger),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("progress_sequence", BigInteger, nullable=False, server_default="-1"),
    Column("outcome", Text),
    Column("settlement", Text),
    Column("captured_credits", BigInteger, nullable=False, server_default="0"),
    Column("released_credits", BigInteger, nullable=False, server_default="0"),
    Column("closed_sequence", BigInteger),
    Column("reason", Text),
    Column("file", JSONB),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("outcome IN ('succeeded', 'failed', 'cancelled', 'rejected')", name="outcome"),
    CheckConstraint("settlement IN ('captured', 'released')", name="settlement"),
    Index("ix_job_states_updated_at", "updated_at"),
)
"""How far each job has been told; guarded by the lock on its account's feed."""
