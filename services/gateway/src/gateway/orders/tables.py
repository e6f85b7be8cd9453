"""The table of early news: what was said of jobs before the jobs themselves were known."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.tables import metadata

early_news = Table(
    "early_news",
    metadata,
    Column("news_id", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", Uuid, nullable=False),
    Column("news", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Index("ix_early_news_job_id", "job_id"),
)
