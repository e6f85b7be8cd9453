"""The tables of subscriptions: orders, what Stripe says of them, what was paid and granted, the plan that follows."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from billing.tables import metadata

_NOW = text("now()")

subscription_reads = Sequence("subscription_reads", metadata=metadata)
"""Numbers every look at a subscription at Stripe, drawn before the look: an older look never overwrites a later one."""

stripe_customers = Table(
    "stripe_customers",
    metadata,
    Column("stripe_customer_id", Text, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Index("ix_stripe_customers_account_id", "account_id"),
    Index("uq_stripe_customers_account_id", "account_id", unique=True, postgresql_where=text("active")),
)

subscription_orders = Table(
    "subscription_orders",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("plan", Text, ForeignKey("plans.plan"), nullable=False),
    Column("billing_interval", Text, nullable=False),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="created"),
    Column("success_url", Text, nullable=False),
    Column("cancel_url", Text, nullable=False),
    Column("stripe_customer_id", Text),
    Column("stripe_price_id", Text),
    Column("checkout_attempt", Integer, nullable=False, server_default="1"),
    Column("checkout_url", Text),
    Column("checkout_expires_at", DateTime(timezone=True)),
    Column("stripe_session_id", Text),
    Column("idempotency_key", Text),
    Column("request_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("account_id", "idempotency_key"),
    UniqueConstraint("stripe_session_id"),
    CheckConstraint("status IN ('created', 'open', 'completed', 'expired')", name="status"),
    Index("ix_subscription_orders_open", "account_id", postgresql_where=text("status IN ('created', 'open')")),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscription_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False, index=True),
    Column("stripe_subscription_id", Text, nullable=False),
    Column("stripe_customer_id", Text, nullable=False),
    Column("stripe_item_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("plan", Text, ForeignKey("plans.plan"), nullable=False),
    Column("billing_interval", Text, nullable=False),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("period_starts_at", DateTime(timezone=True), nullable=False),
    Column("period_ends_at", DateTime(timezone=True), nullable=False),
    Column("cancel_at", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("period_interval", Text),
    Column("read_number", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("stripe_subscription_id"),
)
"""A subscription as Stripe showed it last. `plan` and `billing_interval` are what the next renewal is for; what counts
now is what was paid. `period_interval` is that of the period under way; null where it is the same."""

subscription_invoices = Table(
    "subscription_invoices",
    metadata,
    Column("stripe_invoice_id", Text, primary_key=True),
    Column("subscription_id", Uuid, ForeignKey("subscriptions.subscription_id"), nullable=False, index=True),
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("paid", Boolean, nullable=False, server_default=text("false")),
    Column("reversed_minor", BigInteger, nullable=False, server_default="0"),
    Column("reinstated_minor", BigInteger, nullable=False, server_default="0"),
    Column("failure_told_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

paid_periods = Table(
    "paid_periods",
    metadata,
    Column("stripe_invoice_id", Text, ForeignKey("subscription_invoices.stripe_invoice_id"), primary_key=True),
    Column("starts_at", DateTime(timezone=True), primary_key=True),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("plan", Text, ForeignKey("plans.plan"), nullable=False),
    Column("credits_first", Integer, nullable=False),
    Column("credits_monthly", Integer, nullable=False),
    Column("months_granted", Integer, nullable=False, server_default="0"),
    Column("next_grant_at", DateTime(timezone=True)),
    CheckConstraint("ends_at > starts_at", name="lasts"),
    CheckConstraint("credits_first >= 0 AND credits_monthly >= 0 AND months_granted >= 0", name="not_negative"),
    Index("ix_paid_periods_due", "next_grant_at", postgresql_where=text("next_grant_at IS NOT NULL")),
)
"""What an invoice has paid for. `next_grant_at` is null when every month of it was granted."""

subscription_grants = Table(
    "subscription_grants",
    metadata,
    Column("lot_reference", Text, primary_key=True),
    Column(
        "stripe_invoice_id",
        Text,
        ForeignKey("subscription_invoices.stripe_invoice_id"),
        nullable=False,
        index=True,
    ),
    Column("month_starts_at", DateTime(timezone=True), nullable=False),
    Column("granted_credits", Integer, nullable=False),
    Column("taken_back_credits", Integer, nullable=False, server_default="0"),
    Column("postings", Integer, nullable=False, server_default="0"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("taken_back_credits BETWEEN 0 AND granted_credits", name="in_range"),
)
"""One month's credits each, and how many of them went back with reversed money."""

account_plans = Table(
    "account_plans",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("plan", Text, ForeignKey("plans.plan"), nullable=False, server_default="free"),
    Column("subscription_id", Uuid, ForeignKey("subscriptions.subscription_id")),
    Column("status", Text),
    Column("billing_interval", Text),
    Column("period_ends_at", DateTime(timezone=True)),
    Column("next_plan", Text),
    Column("next_interval", Text),
    Column("grace_ends_at", DateTime(timezone=True)),
    Column("paid_since", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("review_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Index("ix_account_plans_closed_at", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    Index("ix_account_plans_review_at", "review_at", postgresql_where=text("review_at IS NOT NULL")),
)
"""The plan that counts for an account. Its row is the lock under which subscriptions of the account are followed."""

plan_changes = Table(
    "plan_changes",
    metadata,
    Column("change_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("subscription_id", Uuid, ForeignKey("subscriptions.subscription_id"), nullable=False),
    Column("plan", Text, nullable=False),
    Column("billing_interval", Text, nullable=False),
    Column("stripe_price_id", Text, nullable=False),
    Column("takes_effect", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("idempotency_key", Text),
    Column("request_hash", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("account_id", "idempotency_key"),
    CheckConstraint("takes_effect IN ('now', 'period_end')", name="takes_effect"),
    CheckConstraint("status IN ('pending', 'done', 'declined')", name="status"),
)
"""Each wish to change a plan; its id is Stripe's idempotency key, so that a declined card can be tried again."""
