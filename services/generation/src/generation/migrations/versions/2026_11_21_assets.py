"""Pictures that customers bring."""

from alembic import op

revision = "0004_assets"
down_revision = "0003_artefact_deletions"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE asset_allowances (
        plan text NOT NULL,
        assets_per_day integer NOT NULL,
        bytes_max bigint NOT NULL,
        CONSTRAINT pk_asset_allowances PRIMARY KEY (plan),
        CONSTRAINT ck_asset_allowances_not_negative CHECK (assets_per_day >= 0 AND bytes_max >= 0)
    )
    """,
    """
    INSERT INTO asset_allowances (plan, assets_per_day, bytes_max)
    VALUES ('free', 50, 209715200), ('pro', 500, 2147483648), ('enterprise', 5000, 21474836480)
    """,
    """
    CREATE TABLE assets (
        asset_id uuid NOT NULL,
        account_id uuid NOT NULL,
        state text NOT NULL,
        storage_key text NOT NULL,
        version bigint,
        media_type text,
        width integer,
        height integer,
        size_bytes bigint,
        sha256 text,
        received_sha256 text,
        idempotency_key text,
        upload_key text,
        upload_until timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz NOT NULL DEFAULT now(),
        next_try_at timestamptz NOT NULL DEFAULT now(),
        tries integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_assets PRIMARY KEY (asset_id),
        CONSTRAINT ck_assets_state
            CHECK (state IN ('open', 'awaiting', 'ready', 'failed', 'deleting', 'deleted')),
        CONSTRAINT ck_assets_ready_is_known CHECK (state <> 'ready' OR num_nulls(
            version, media_type, width, height, size_bytes, sha256) = 0),
        CONSTRAINT ck_assets_awaiting_lands CHECK (state <> 'awaiting' OR upload_key IS NOT NULL)
    )
    """,
    "CREATE INDEX ix_assets_account ON assets (account_id, asset_id)",
    """
    CREATE UNIQUE INDEX uq_assets_idempotency_key ON assets (account_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL
    """,
    "CREATE INDEX ix_assets_unused ON assets (used_at) WHERE state = 'ready'",
    "CREATE INDEX ix_assets_unfinished ON assets (upload_until) WHERE state IN ('open', 'awaiting')",
    """
    CREATE INDEX ix_assets_to_delete ON assets (next_try_at)
    WHERE state = 'deleting' OR (upload_key IS NOT NULL AND state IN ('ready', 'failed'))
    """,
    "CREATE INDEX ix_assets_gone ON assets (created_at) WHERE state IN ('deleted', 'failed')",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
