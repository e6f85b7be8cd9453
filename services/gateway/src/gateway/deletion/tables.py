"""The tables of deletions: what was asked for, and what everybody who keeps something has answered."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gateway.tables import metadata

deletion_requests = Table(
    "deletion_requests",
    metadata,
    Column("deletion_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False),
    Column("receipt_hash", LargeBinary, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("completed_at", DateTime(timezone=True)),
    UniqueConstraint("account_id"),
    CheckConstraint("octet_length(receipt_hash) = 32", name="receipt_hash"),
)

deletion_answers = Table(
    "deletion_answers",
    metadata,
    Column("deletion_id", Uuid, ForeignKey("deletion_requests.deletion_id"), nullable=False),
    Column("processor", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", JSONB),
    Column("answered_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("deletion_id", "processor"),
    CheckConstraint("status IN ('pending', 'done', 'kept')", name="status"),
    CheckConstraint("(status = 'pending') = (answered_at IS NULL)", name="answered"),
    Index("ix_deletion_answers_pending", "processor", postgresql_where=text("status = 'pending'")),
)
"""One row for each keeper from the first moment: who has not answered is seen."""
