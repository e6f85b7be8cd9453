"""The tables of provider costs: one row a job, and one for each purchase whose cost came to light later; never changed.

Whether a job was charged is the ledger's to say, so it is not written here: the view `job_costs` puts each cost beside
what was captured for its job, and `goodwill` shows the costs of settled jobs for which nothing was.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from billing.tables import metadata

provider_costs = Table(
    "provider_costs",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("cost_microusd >= 0", name="cost_not_negative"),
    CheckConstraint("outcome IN ('completed', 'failed', 'cancelled')", name="outcome"),
    Index("ix_provider_costs_occurred_at", "occurred_at"),
)

late_costs = Table(
    "late_costs",
    metadata,
    Column("attempt_id", Uuid, primary_key=True),
    Column("job_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("cost_microusd >= 0", name="cost_not_negative"),
    Index("ix_late_costs_job_id", "job_id"),
)
