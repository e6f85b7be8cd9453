"""The table of held submissions that turned out to repeat an earlier one."""

from sqlalchemy import Column, DateTime, Table, Uuid, text

from gateway.tables import metadata

held_repeats = Table(
    "held_repeats",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("first_job_id", Uuid, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
