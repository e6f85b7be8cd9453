"""The tables of reconciliation: its runs, of which one at most is under way, and what they found."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from billing.tables import metadata

reconciliation_runs = Table(
    "reconciliation_runs",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("trigger", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="running"),
    Column("window_since", DateTime(timezone=True), nullable=False),
    Column("window_until", DateTime(timezone=True), nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("finished_at", DateTime(timezone=True)),
    Column("events_listed", Integer, nullable=False, server_default="0"),
    Column("events_fed", Integer, nullable=False, server_default="0"),
    Column("payments_compared", Integer, nullable=False, server_default="0"),
    Column("payments_foreign", Integer, nullable=False, server_default="0"),
    Column("payments_repaired", Integer, nullable=False, server_default="0"),
    Column("differences", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    CheckConstraint("trigger IN ('schedule', 'operator')", name="trigger"),
    CheckConstraint("status IN ('running', 'clean', 'differs', 'failed')", name="status"),
    CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="finished"),
    Index("uq_reconciliation_runs_one", "status", unique=True, postgresql_where=text("status = 'running'")),
    Index("ix_reconciliation_runs_started_at", "started_at"),
)
"""A run whose lease is over has died; the next one marks it as failed."""

reconciliation_differences = Table(
    "reconciliation_differences",
    metadata,
    Column(
        "run_id", Uuid, ForeignKey("reconciliation_runs.run_id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("payment_id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("currency", Text),
    Column("stripe_paid_minor", BigInteger, nullable=False),
    Column("booked_paid_minor", BigInteger, nullable=False),
    Column("stripe_reversed_minor", BigInteger, nullable=False),
    Column("booked_reversed_minor", BigInteger, nullable=False),
    Column("due_credits", BigInteger),
    Column("booked_credits", BigInteger, nullable=False),
)
