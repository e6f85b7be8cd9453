"""The tables of refresh tokens (single use, by hash, in families that are revoked together) and of attempts."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Integer, LargeBinary, Table, Text, Uuid, text

from gateway.tables import metadata

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("family_id", Uuid, nullable=False, index=True),
    Column("user_id", Uuid, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("issued_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("minute_count", Integer, nullable=False),
    Column("minute_ends_at", DateTime(timezone=True), nullable=False),
    Column("hour_count", Integer, nullable=False),
    Column("hour_ends_at", DateTime(timezone=True), nullable=False),
    Column("blocked_until", DateTime(timezone=True)),
    Column("forgotten_at", DateTime(timezone=True), nullable=False, index=True),
)
