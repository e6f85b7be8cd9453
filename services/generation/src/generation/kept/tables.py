"""The table of kept results."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from generation.tables import metadata

_NOW = text("now()")

kept_results = Table(
    "kept_results",
    metadata,
    Column("account_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("used_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("account_id", "digest"),
    CheckConstraint("octet_length(digest) = 32", name="digest_length"),
    Index("ix_kept_results_expires_at", "expires_at"),
    Index("ix_kept_results_used_at", "used_at"),
)
"""`digest` is the SHA-256 of kind, version, picture and options. What was used longest ago goes first."""
