"""The tables of assets: what each account has brought, and what its plan permits."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from generation.tables import metadata

_NOW = text("now()")

asset_allowances = Table(
    "asset_allowances",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("assets_per_day", Integer, nullable=False),
    Column("bytes_max", BigInteger, nullable=False),
    CheckConstraint("assets_per_day >= 0 AND bytes_max >= 0", name="not_negative"),
)

assets = Table(
    "assets",
    metadata,
    Column("asset_id", Uuid, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("storage_key", Text, nullable=False),
    Column("version", BigInteger),
    Column("media_type", Text),
    Column("width", Integer),
    Column("height", Integer),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("received_sha256", Text),
    Column("idempotency_key", Text),
    Column("upload_key", Text),
    Column("upload_until", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("used_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("tries", Integer, nullable=False, server_default="0"),
    CheckConstraint("state IN ('open', 'awaiting', 'ready', 'failed', 'deleting', 'deleted')", name="state"),
    CheckConstraint(
        "state <> 'ready' OR num_nulls(version, media_type, width, height, size_bytes, sha256) = 0",
        name="ready_is_known",
    ),
    CheckConstraint("state <> 'awaiting' OR upload_key IS NOT NULL", name="awaiting_lands"),
    Index("ix_assets_account", "account_id", "asset_id"),
    Index(
        "uq_assets_idempotency_key",
        "account_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("ix_assets_unused", "used_at", postgresql_where=text("state = 'ready'")),
    Index("ix_assets_unfinished", "upload_until", postgresql_where=text("state IN ('open', 'awaiting')")),
    Index(
        "ix_assets_to_delete",
        "next_try_at",
        postgresql_where=text("state = 'deleting' OR (upload_key IS NOT NULL AND state IN ('ready', 'failed'))"),
    ),
    Index("ix_assets_gone", "created_at", postgresql_where=text("state IN ('deleted', 'failed')")),
)
"""`state`: `open` while the service has the file in hands, `awaiting` while a direct upload may come, `failed` when it
was no picture. What a direct upload brings lands at `upload_key` and stays until nothing more can come there."""
