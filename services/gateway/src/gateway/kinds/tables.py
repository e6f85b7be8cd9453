"""The tables of declared kinds, and of the prices that operators have set instead of declared ones."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Identity, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.tables import metadata

kinds = Table(
    "kinds",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("declaration", JSONB, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("declared_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

kind_prices = Table(
    "kind_prices",
    metadata,
    Column("change", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("price", JSONB(none_as_null=True)),
    Column("why", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("length(why) > 0 AND length(changed_by) > 0", name="answered_for"),
    Index("ix_kind_prices_kind", "kind", "change"),
)
"""Every price that was ever set; the last one of a kind is in force, and none (null) is the declared one."""
