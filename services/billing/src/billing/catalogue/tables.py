"""The tables of what is for sale, changed without a deploy: packs, plans, prices, and what Stripe calls them."""

from sqlalchemy import (
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
    text,
)

from billing.tables import metadata

products = Table(
    "products",
    metadata,
    Column("product_id", Text, primary_key=True),
    Column("credits", Integer, nullable=False),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("position", Integer, nullable=False, server_default="0"),
    CheckConstraint("credits > 0", name="credits_positive"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency"),
)

plans = Table(
    "plans",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("credits_monthly", Integer, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("rank"),
    CheckConstraint("rank >= 0 AND credits_monthly >= 0", name="not_negative"),
)
"""A plan of higher rank is the better one."""

plan_prices = Table(
    "plan_prices",
    metadata,
    Column("plan", Text, ForeignKey("plans.plan"), primary_key=True),
    Column("billing_interval", Text, primary_key=True),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("billing_interval IN ('month', 'year')", name="billing_interval"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency"),
)

stripe_prices = Table(
    "stripe_prices",
    metadata,
    Column("stripe_price_id", Text, primary_key=True),
    Column("lookup_key", Text, nullable=False),
    Column("plan", Text, ForeignKey("plans.plan")),
    Column("billing_interval", Text),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("(plan IS NULL) = (billing_interval IS NULL)", name="of_a_plan"),
    Index("uq_stripe_prices_lookup_key", "lookup_key", unique=True, postgresql_where=text("active")),
)
"""Every price Stripe ever had of ours: a subscription keeps the price it was bought at."""
