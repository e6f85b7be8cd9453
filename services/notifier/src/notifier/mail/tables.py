"""The tables of e-mail: who receives it, and each mail's way to the mail server."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from notifier.tables import metadata

_NOW = text("now()")

recipients = Table(
    "recipients",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default="-infinity"),
    Column("buyer", Boolean, nullable=False, server_default=text("false")),
)
"""`changed_at` is when the address was changed at its source; an older change that arrives later is passed over.
`buyer`: the account is that of an order, whose id it bears."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("job_id", Uuid),
    Column("template", Text, nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("recipient", Text),
    Column("locale", Text),
    Column("addressee", Text),
    Column("addressee_locale", Text),
    Column("context", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("message_id", Text),
    Column("error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("sent_at", DateTime(timezone=True)),
    UniqueConstraint("dedup_key"),
    CheckConstraint("status IN ('pending', 'sending', 'sent', 'failed')", name="status"),
    CheckConstraint("(addressee IS NULL) = (addressee_locale IS NULL)", name="addressee"),
    CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
    Index(
        "ix_deliveries_due",
        "next_try_at",
        postgresql_where=text("status IN ('pending', 'sending')"),
    ),
    Index("ix_deliveries_account_id_created_at", "account_id", "created_at"),
    Index("ix_deliveries_created_at", "created_at"),
)
"""`next_try_at` of a row that is `sending` is its lease's end; `attempts` is the lease's fencing token.
`addressee` is set where a mail goes to another address than the account's at the time it is sent."""
