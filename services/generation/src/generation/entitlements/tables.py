"""The tables of entitlements: since when accounts pay, as billing says, and which job has used which year."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Table, Text, UniqueConstraint, Uuid, text

from generation.tables import metadata

_NOW = text("now()")

subscribers = Table(
    "subscribers",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("paid_since", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)
"""`paid_since` is null while no plan is paid for. The row is the lock under which years are used."""

yearly_uses = Table(
    "yearly_uses",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("year_starts_at", DateTime(timezone=True), nullable=False),
    Column("year_ends_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("account_id", "kind", "year_starts_at"),
    CheckConstraint("year_ends_at > year_starts_at", name="lasts"),
)
"""Jobs that are under way or done; a failed or cancelled one has left."""
