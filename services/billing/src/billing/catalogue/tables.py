"""The table of products: packs of credits and their prices, changed without a deploy."""

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, Table, Text, text

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
