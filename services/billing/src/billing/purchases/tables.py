"""The table of purchases: one row from the wish to buy until it is paid, expired or failed."""

from sqlalchemy import (
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

from billing.tables import metadata

purchases = Table(
    "purchases",
    metadata,
    Column("purchase_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("product_id", Text, ForeignKey("products.product_id"), nullable=False),
    Column("credits", Integer, nullable=False),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="created"),
    Column("success_url", Text, nullable=False),
    Column("cancel_url", Text, nullable=False),
    Column("checkout_attempt", Integer, nullable=False, server_default="1"),
    Column("checkout_url", Text),
    Column("checkout_expires_at", DateTime(timezone=True)),
    Column("stripe_session_id", Text),
    Column("stripe_payment_intent_id", Text),
    Column("idempotency_key", Text),
    Column("request_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("paid_at", DateTime(timezone=True)),
    UniqueConstraint("account_id", "idempotency_key"),
    UniqueConstraint("stripe_session_id"),
    UniqueConstraint("stripe_payment_intent_id"),
    CheckConstraint("credits > 0", name="credits_positive"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("status IN ('created', 'open', 'paid', 'expired', 'failed')", name="status"),
    CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid"),
    Index("ix_purchases_account_id_purchase_id", "account_id", "purchase_id"),
)
