"""The tables of accounts, of the people who act for them, and of the links mailed to these."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text

from gateway.tables import metadata

_NOW = text("now()")

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("plan", Text, nullable=False, server_default="free"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("deleted_at", DateTime(timezone=True)),
    Index("ix_accounts_deleted_at", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("email", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("verified_at", DateTime(timezone=True)),
    CheckConstraint("locale IN ('en', 'fr')", name="locale"),
    Index("uq_users_email", text("lower(email)"), unique=True),
)

user_links = Table(
    "user_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Column("used_by", Uuid),
    CheckConstraint("purpose IN ('verify', 'reset', 'email')", name="purpose"),
    CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
    CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name="used"),
    Index("ix_user_links_user_id_purpose", "user_id", "purpose"),
)
"""Single-use links in mails: of each token the hash of its seed, and the address it went to."""
