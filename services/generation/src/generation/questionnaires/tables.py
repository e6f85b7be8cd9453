"""The table of questionnaires."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from generation.tables import metadata

_NOW = text("now()")

questionnaires = Table(
    "questionnaires",
    metadata,
    Column("questionnaire_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("form_version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("completed_at", DateTime(timezone=True)),
    CheckConstraint("language IN ('en', 'fr')", name="language"),
    CheckConstraint("revision > 0 AND form_version > 0", name="numbered"),
    CheckConstraint("octet_length(CAST(answers AS text)) <= 65536", name="bounded"),
    Index("ix_questionnaires_account", "account_id", "questionnaire_id"),
)
"""A draft has no `completed_at`; one that has is not changed any more. `revision` grows with every change."""
