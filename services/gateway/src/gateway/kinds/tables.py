"""The table of declared kinds."""

from sqlalchemy import Boolean, Column, DateTime, Table, Text, text
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
