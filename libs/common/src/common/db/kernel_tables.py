"""The tables that every service's database has for the bus: outbox, inbox, dead letters and topic state."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def service_metadata() -> MetaData:
    """A fresh `MetaData` with the naming convention and the kernel's tables, for a service to add its own to."""
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    _outbox(metadata)
    _inbox(metadata)
    _dead_letters(metadata)
    _bus_topics(metadata)
    return metadata


def _timestamp(name: str, *, nullable: bool = False, default: bool = False) -> Column[object]:
    server_default = text("now()") if default else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=server_default)


def _outbox(metadata: MetaData) -> Table:
    return Table(
        "outbox",
        metadata,
        Column("event_id", Uuid, primary_key=True),
        Column("sequence", BigInteger, Identity(always=True), nullable=False),
        Column("topic", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("traceparent", Text),
        _timestamp("created_at", default=True),
        _timestamp("published_at", nullable=True),
        Column("epoch", Text),
        Column("entry_ms", BigInteger),
        Column("entry_seq", BigInteger),
        Index("ix_outbox_unpublished", "sequence", postgresql_where=text("published_at IS NULL")),
        Index("ix_outbox_created_at", "created_at"),
    )


def _inbox(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("event_id", Uuid, primary_key=True),
        _timestamp("received_at", default=True),
        Index("ix_inbox_received_at", "received_at"),
    )


def _dead_letters(metadata: MetaData) -> Table:
    return Table(
        "dead_letters",
        metadata,
        Column("dead_letter_id", Uuid, primary_key=True),
        Column("topic", Text, nullable=False),
        Column("entry_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("traceparent", Text),
        Column("error", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        _timestamp("created_at", default=True),
        _timestamp("replayed_at", nullable=True),
        Index("uq_dead_letters_topic_entry", "topic", "entry_id", unique=True),
    )


def _bus_topics(metadata: MetaData) -> Table:
    return Table(
        "bus_topics",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("epoch", Text, nullable=False),
        Column("server_run_id", Text, nullable=False, server_default=""),
        Column("acked_ms", BigInteger, nullable=False, server_default="0"),
        Column("acked_seq", BigInteger, nullable=False, server_default="0"),
        _timestamp("changed_at", default=True),
    )
