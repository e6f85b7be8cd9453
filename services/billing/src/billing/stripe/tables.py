"""The table of Stripe's events: the record of what was said, and the queue of what is to be done."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, LargeBinary, Table, Text, text

from billing.tables import metadata

stripe_events = Table(
    "stripe_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("object_id", Text),
    Column("api_version", Text),
    Column("livemode", Boolean, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("handled_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", DateTime(timezone=True)),
    Column("error", Text),
    Column("traceparent", Text),
    Index("ix_stripe_events_due", "next_try_at", postgresql_where=text("handled_at IS NULL")),
    Index("ix_stripe_events_received_at", "received_at"),
)
"""Waiting: `handled_at` null, `next_try_at` set. Given up, for the operator: both null, `error` says why."""
