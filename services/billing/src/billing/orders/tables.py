"""The tables of orders: what can be ordered, and one row from the wish to buy until it is delivered or paid back."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from billing.tables import metadata

_NOW = text("now()")

order_products = Table(
    "order_products",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("price_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("price_minor > 0", name="price_positive"),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("job_id", Uuid, nullable=False),
    Column("kind", Text, ForeignKey("order_products.kind"), nullable=False),
    Column("title", Text, nullable=False),
    Column("price_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="open"),
    Column("email", Text),
    Column("locale", Text, nullable=False),
    Column("input", JSONB),
    Column("job_class", Text, nullable=False),
    Column("price_credits", BigInteger, nullable=False),
    Column("deadline_seconds", Integer, nullable=False),
    Column("idempotency_hash", Text),
    Column("request_hash", Text, nullable=False),
    Column("checkout_attempt", Integer, nullable=False, server_default="1"),
    Column("checkout_url", Text),
    Column("checkout_expires_at", DateTime(timezone=True)),
    Column("stripe_session_id", Text),
    Column("stripe_payment_intent_id", Text),
    Column("refund_attempt", Integer, nullable=False, server_default="1"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_step_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("stripe_refund_id", Text),
    Column("refund_error", Text),
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    Column("refunds_failed_minor", BigInteger, nullable=False, server_default="0"),
    Column("refund_told_minor", BigInteger, nullable=False, server_default="0"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("paid_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("forgotten_at", DateTime(timezone=True)),
    UniqueConstraint("job_id"),
    UniqueConstraint("idempotency_hash"),
    UniqueConstraint("stripe_session_id"),
    UniqueConstraint("stripe_payment_intent_id"),
    CheckConstraint("price_minor > 0", name="price_positive"),
    CheckConstraint("price_credits > 0", name="price_credits_positive"),
    CheckConstraint("deadline_seconds > 0", name="deadline_positive"),
    CheckConstraint(
        "status IN ('open', 'expired', 'paid', 'delivered', 'refund_due', 'refunded', 'refund_failed')", name="status"
    ),
    CheckConstraint("(status IN ('open', 'expired')) = (paid_at IS NULL)", name="paid"),
    CheckConstraint("(status IN ('expired', 'delivered', 'refunded')) = (ended_at IS NOT NULL)", name="ended"),
    CheckConstraint("(email IS NULL) = (forgotten_at IS NOT NULL)", name="forgotten"),
    CheckConstraint("(input IS NULL) = (forgotten_at IS NOT NULL)", name="forgotten_input"),
    Index("ix_orders_open", "created_at", postgresql_where=text("status = 'open'")),
    Index("ix_orders_under_way", "job_id", postgresql_where=text("status = 'paid'")),
    Index("ix_orders_refund_due", "next_step_at", postgresql_where=text("status = 'refund_due'")),
    Index(
        "ix_orders_remembered",
        "ended_at",
        postgresql_where=text("forgotten_at IS NULL AND ended_at IS NOT NULL"),
    ),
    Index("ix_orders_paid_at", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
)
"""`next_step_at` of a row that is `refund_due` is also its lease's end; `tries` is the lease's fencing token.
`refunded_minor` and `refunds_failed_minor` are the most that Stripe ever showed; both only grow there.

What tax law asks for is never erased: what was sold, at what price, by which payment, and when.
"""
