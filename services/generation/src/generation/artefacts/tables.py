"""The tables of how long artefacts are kept, which ones are to go, and what the vendor answered for each."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from generation.tables import metadata

_NOW = text("now()")

account_deletions = Table(
    "account_deletions",
    metadata,
    Column("deletion_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("completed_at", DateTime(timezone=True)),
    Index("ix_account_deletions_open", "requested_at", postgresql_where=text("completed_at IS NULL")),
)

artefact_deletions = Table(
    "artefact_deletions",
    metadata,
    Column("deletion_id", Uuid, nullable=False),
    Column("artefact_id", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("error", Text),
    Column("answered_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("deletion_id", "artefact_id"),
    CheckConstraint("status IN ('pending', 'deleted', 'missing', 'refused')", name="status"),
    CheckConstraint("(status = 'pending') = (answered_at IS NULL)", name="answered"),
    Index("ix_artefact_deletions_due", "next_try_at", postgresql_where=text("status = 'pending'")),
)
"""`deletion_id` is that of an account's deletion, or the job whose files have been kept long enough.

`next_try_at` of a pending row is also the end of the lease of whoever asks the vendor just now."""

artefact_retentions = Table(
    "artefact_retentions",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("keep_days", Integer, nullable=False),
    CheckConstraint("keep_days BETWEEN 8 AND 36500", name="longer_than_warned"),
)
"""The plan `order` is that of buyers without an account."""
