"""Verified addresses, single-use links in mails, replaced API keys."""

from alembic import op

revision = "0004_identity_two"
down_revision = "0003_jobs"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE users ADD COLUMN verified_at timestamptz",
    """
    CREATE TABLE user_links (
        token_hash bytea NOT NULL,
        user_id uuid NOT NULL,
        purpose text NOT NULL,
        email text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        used_by uuid,
        CONSTRAINT pk_user_links PRIMARY KEY (token_hash),
        CONSTRAINT fk_user_links_user_id_users FOREIGN KEY (user_id) REFERENCES users (user_id),
        CONSTRAINT ck_user_links_purpose CHECK (purpose IN ('verify', 'reset', 'email')),
        CONSTRAINT ck_user_links_token_hash CHECK (octet_length(token_hash) = 32),
        CONSTRAINT ck_user_links_used CHECK ((used_at IS NULL) = (used_by IS NULL))
    )
    """,
    "CREATE INDEX ix_user_links_user_id_purpose ON user_links (user_id, purpose)",
    "ALTER TABLE api_keys ADD COLUMN replaced_by uuid",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
