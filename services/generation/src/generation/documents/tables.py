"""The tables of numbered documents: counters, quotes, invoices, and how many mails to clients a day has seen."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from generation.tables import metadata

_NOW = text("now()")

document_counters = Table(
    "document_counters",
    metadata,
    Column("account_id", Uuid, nullable=False),
    Column("series", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("last", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("account_id", "series", "year"),
    CheckConstraint("series IN ('quote', 'invoice')", name="series"),
    CheckConstraint("last >= 0", name="last"),
)
"""`last` is the last number given; its row is the lock under which the next one is."""

quotes = Table(
    "quotes",
    metadata,
    Column("quote_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("content", JSONB),
    Column("pdf", JSONB),
    Column("mailed_to", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("accepted_at", DateTime(timezone=True)),
    UniqueConstraint("account_id", "year", "sequence"),
    CheckConstraint("sequence > 0", name="sequence"),
)
"""A quote bears the id of the job that made it, so a job makes one however often it is taken up again.
`content` and `pdf` are null once the account is deleted; that the number was given stays."""

invoices = Table(
    "invoices",
    metadata,
    Column("invoice_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("quote_id", Uuid, ForeignKey("quotes.quote_id"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("content", JSONB),
    Column("pdf", JSONB),
    Column("mailed_to", Text),
    Column("payable", Boolean, nullable=False),
    Column("pay_token", Text, nullable=False),
    Column("payment_url", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("paid_at", DateTime(timezone=True)),
    UniqueConstraint("quote_id"),
    UniqueConstraint("pay_token"),
    UniqueConstraint("account_id", "year", "sequence"),
    CheckConstraint("sequence > 0", name="sequence"),
    CheckConstraint("gross_minor >= 0", name="gross_minor"),
)
"""One for a quote. `pay_token` is part of the address of its page for whoever pays, `payment_url` where that leads."""

client_mails = Table(
    "client_mails",
    metadata,
    Column("account_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    Column("sent", Integer, nullable=False),
    PrimaryKeyConstraint("account_id", "day"),
)
"""How many mails an account has had sent to clients on a day (UTC)."""
