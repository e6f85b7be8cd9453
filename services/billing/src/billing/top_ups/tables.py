"""The tables of automatic top-ups: each account's rule, and every attempt, of which one at most is open."""

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
    Uuid,
    text,
)

from billing.tables import metadata

_NOW = text("now()")
_OPEN = text("status IN ('pending', 'requires_action')")

auto_top_ups = Table(
    "auto_top_ups",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("threshold_credits", BigInteger, nullable=False),
    Column("product_id", Text, ForeignKey("products.product_id"), nullable=False),
    Column("monthly_ceiling_minor", BigInteger, nullable=False),
    Column("declines", Integer, nullable=False, server_default="0"),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("disabled_reason", Text),
    Column("card_brand", Text),
    Column("card_last4", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("threshold_credits > 0", name="threshold_positive"),
    CheckConstraint("monthly_ceiling_minor > 0", name="ceiling_positive"),
    Index("ix_auto_top_ups_enabled", "next_try_at", postgresql_where=text("enabled")),
)
"""`declines` in a row; after the last of them `enabled` is false and `disabled_reason` says why."""

top_ups = Table(
    "top_ups",
    metadata,
    Column("purchase_id", Uuid, ForeignKey("purchases.purchase_id"), primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("customer_id", Text),
    Column("payment_method_id", Text),
    Column("payment_intent_id", Text),
    Column("key_number", Integer, nullable=False, server_default="1"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_step_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("failure_code", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("closed_at", DateTime(timezone=True)),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("status IN ('pending', 'requires_action', 'paid', 'failed')", name="status"),
    CheckConstraint("(status IN ('pending', 'requires_action')) = (closed_at IS NULL)", name="closed"),
    Index("uq_top_ups_open", "account_id", unique=True, postgresql_where=_OPEN),
    Index("ix_top_ups_due", "next_step_at", postgresql_where=_OPEN),
    Index("ix_top_ups_account_id_created_at", "account_id", "created_at"),
)
"""An attempt is a purchase that is paid without its buyer: what was bought is in the row of `purchases`. What the
vendor is asked for stands here before it is asked, so that a repetition under the same key is the same request."""
