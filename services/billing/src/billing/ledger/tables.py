"""The ledger's tables: an append-only journal, the balances it adds up to, lots, and holds."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from billing.tables import metadata

_NOW = text("now()")

transfers = Table(
    "transfers",
    metadata,
    Column("transfer_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("job_id", Uuid),
    Column("memo", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("kind", "reference"),
    CheckConstraint("kind IN ('grant', 'hold', 'capture', 'release', 'expiry', 'clawback', 'repayment')", name="kind"),
    Index("ix_transfers_account_id_transfer_id", "account_id", "transfer_id"),
    Index(
        "uq_transfers_settlement",
        "job_id",
        unique=True,
        postgresql_where=text("kind IN ('capture', 'release')"),
    ),
)

entries = Table(
    "entries",
    metadata,
    Column("transfer_id", Uuid, ForeignKey("transfers.transfer_id"), nullable=False),
    Column("line", SmallInteger, nullable=False),
    Column("book", Text, nullable=False),
    Column("account_id", Uuid),
    Column("amount_credits", BigInteger, nullable=False),
    Column("balance_after_credits", BigInteger),
    PrimaryKeyConstraint("transfer_id", "line"),
    CheckConstraint("amount_credits <> 0", name="amount_not_zero"),
    CheckConstraint("(book IN ('available', 'held', 'debt')) = (account_id IS NOT NULL)", name="customer_books"),
    CheckConstraint(
        "book IN ('available', 'held', 'debt', 'purchases', 'promotions', 'subscriptions', 'adjustments',"
        " 'revenue', 'expired', 'refunds', 'goodwill')",
        name="book",
    ),
    Index("ix_entries_account_id_book", "account_id", "book", postgresql_where=text("account_id IS NOT NULL")),
)

balances = Table(
    "balances",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("available_credits", BigInteger, nullable=False, server_default="0"),
    Column("held_credits", BigInteger, nullable=False, server_default="0"),
    Column("debt_credits", BigInteger, nullable=False, server_default="0"),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("available_credits >= 0", name="available_not_negative"),
    CheckConstraint("held_credits >= 0", name="held_not_negative"),
    CheckConstraint("debt_credits >= 0", name="debt_not_negative"),
)

lots = Table(
    "lots",
    metadata,
    Column("lot_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("balances.account_id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("granted_credits", BigInteger, nullable=False),
    Column("remaining_credits", BigInteger, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("source", "reference"),
    CheckConstraint("granted_credits > 0", name="granted_positive"),
    CheckConstraint("remaining_credits BETWEEN 0 AND granted_credits", name="remaining_in_range"),
    CheckConstraint("source IN ('purchase', 'promotion', 'subscription', 'adjustment')", name="source"),
    Index("ix_lots_open", "account_id", postgresql_where=text("remaining_credits > 0")),
    Index(
        "ix_lots_expiring",
        "expires_at",
        postgresql_where=text("remaining_credits > 0 AND expires_at IS NOT NULL"),
    ),
)

holds = Table(
    "holds",
    metadata,
    Column("hold_id", Uuid, primary_key=True),
    Column("job_id", Uuid, nullable=False),
    Column("account_id", Uuid, ForeignKey("balances.account_id"), nullable=False),
    Column("amount_credits", BigInteger, nullable=False),
    Column("captured_credits", BigInteger, nullable=False, server_default="0"),
    Column("state", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("settled_at", DateTime(timezone=True)),
    UniqueConstraint("job_id"),
    CheckConstraint("amount_credits >= 0", name="amount_not_negative"),
    CheckConstraint("captured_credits BETWEEN 0 AND amount_credits", name="captured_in_range"),
    CheckConstraint("state IN ('held', 'captured', 'released')", name="state"),
    CheckConstraint("(state = 'held') = (settled_at IS NULL)", name="settled"),
    Index("ix_holds_open", "account_id", postgresql_where=text("state = 'held'")),
)

hold_lots = Table(
    "hold_lots",
    metadata,
    Column("hold_id", Uuid, ForeignKey("holds.hold_id"), nullable=False),
    Column("lot_id", Uuid, ForeignKey("lots.lot_id"), nullable=False),
    Column("amount_credits", BigInteger, nullable=False),
    PrimaryKeyConstraint("hold_id", "lot_id"),
    CheckConstraint("amount_credits > 0", name="amount_positive"),
)

payment_reversals = Table(
    "payment_reversals",
    metadata,
    Column("lot_reference", Text, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("granted_credits", BigInteger, nullable=False),
    Column("taken_back_credits", BigInteger, nullable=False, server_default="0"),
    Column("reversed_minor", BigInteger, nullable=False, server_default="0"),
    Column("reinstated_minor", BigInteger, nullable=False, server_default="0"),
    Column("postings", Integer, nullable=False, server_default="0"),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    CheckConstraint("taken_back_credits BETWEEN 0 AND granted_credits", name="in_range"),
)
