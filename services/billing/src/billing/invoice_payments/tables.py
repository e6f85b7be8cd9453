"""The tables of invoices' money: one row for an invoice, and one for each payment that was one too many."""

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
    UniqueConstraint,
    Uuid,
    text,
)

from billing.tables import metadata

_NOW = text("now()")

invoice_payments = Table(
    "invoice_payments",
    metadata,
    Column("invoice_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="link_due"),
    Column("stripe_link_id", Text),
    Column("payment_url", Text),
    Column("link_attempt", Integer, nullable=False, server_default="1"),
    Column("link_closed_at", DateTime(timezone=True)),
    Column("stripe_payment_intent_id", Text),
    Column("reversed_minor", BigInteger, nullable=False, server_default="0"),
    Column("paid_at", DateTime(timezone=True)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_step_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("stripe_payment_intent_id"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("status IN ('link_due', 'open', 'paid', 'void', 'refused')", name="status"),
    CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
    CheckConstraint("(paid_at IS NULL) = (stripe_payment_intent_id IS NULL)", name="paid_by"),
    CheckConstraint("status <> 'open' OR stripe_link_id IS NOT NULL", name="open_link"),
    Index(
        "ix_invoice_payments_due",
        "next_step_at",
        postgresql_where=text(
            "status = 'link_due'"
            " OR (status IN ('paid', 'void') AND stripe_link_id IS NOT NULL AND link_closed_at IS NULL)"
        ),
    ),
    Index("ix_invoice_payments_account_id", "account_id"),
)
"""`title` is what the payment page calls it. `reversed_minor` is what was refunded or disputed of the payment."""

surplus_payments = Table(
    "surplus_payments",
    metadata,
    Column("payment_intent_id", Text, primary_key=True),
    Column("invoice_id", Uuid, ForeignKey("invoice_payments.invoice_id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", Text, nullable=False, server_default="refund_due"),
    Column("refund_id", Text),
    Column("refund_attempt", Integer, nullable=False, server_default="1"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_step_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("status IN ('refund_due', 'refunded', 'refund_failed')", name="status"),
    Index("ix_surplus_payments_due", "next_step_at", postgresql_where=text("status = 'refund_due'")),
)
