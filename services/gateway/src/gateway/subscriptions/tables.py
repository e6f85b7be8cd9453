"""The table of the plans that billing has said: the version of the news each account's plan is from."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Table, Text, Uuid, text

from gateway.tables import metadata

followed_plans = Table(
    "followed_plans",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("ix_followed_plans_changed_at", "changed_at"),
)
