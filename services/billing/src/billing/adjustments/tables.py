"""The table of adjustments: what was given or taken by hand, by whom and why. Append-only, as the ledger is."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text

from billing.tables import metadata

adjustments = Table(
    "adjustments",
    metadata,
    Column("adjustment_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("credits <> 0", name="credits_not_zero"),
    CheckConstraint("length(reason) BETWEEN 3 AND 200", name="reason_given"),
    CheckConstraint("length(made_by) BETWEEN 1 AND 100", name="made_by_given"),
    Index("ix_adjustments_account_id", "account_id"),
)
