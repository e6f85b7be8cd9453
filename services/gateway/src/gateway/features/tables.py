"""The tables of switches: how they stand, and every change there ever was."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.tables import metadata

feature_switches = Table(
    "feature_switches",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    Column("public_text", Text),
    Column("until", DateTime(timezone=True)),
    Column("why", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

feature_changes = Table(
    "feature_changes",
    metadata,
    Column("version", BigInteger, Identity(always=True), primary_key=True),
    Column("change_id", Uuid, nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("value", JSONB),
    Column("public_text", Text),
    Column("until", DateTime(timezone=True)),
    Column("why", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
