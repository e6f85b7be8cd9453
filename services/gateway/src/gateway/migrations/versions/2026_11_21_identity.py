"""Identity: accounts, users, refresh tokens, API keys."""

from alembic import op

revision = "0002_identity"
down_revision = "0001_kernel"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE accounts (
        account_id uuid NOT NULL,
        plan text NOT NULL DEFAULT 'free',
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_accounts PRIMARY KEY (account_id)
    )
    """,
    """
    CREATE TABLE users (
        user_id uuid NOT NULL,
        account_id uuid NOT NULL,
        email text NOT NULL,
        password_hash text NOT NULL,
        locale text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_users PRIMARY KEY (user_id),
        CONSTRAINT fk_users_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (account_id),
        CONSTRAINT ck_users_locale CHECK (locale IN ('en', 'fr'))
    )
    """,
    "CREATE UNIQUE INDEX uq_users_email ON users (lower(email))",
    "CREATE INDEX ix_users_account_id ON users (account_id)",
    """
    CREATE TABLE refresh_tokens (
        token_hash bytea NOT NULL,
        family_id uuid NOT NULL,
        user_id uuid NOT NULL,
        issued_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT pk_refresh_tokens PRIMARY KEY (token_hash),
        CONSTRAINT fk_refresh_tokens_user_id_users FOREIGN KEY (user_id) REFERENCES users (user_id),
        CONSTRAINT ck_refresh_tokens_token_hash CHECK (octet_length(token_hash) = 32)
    )
    """,
    "CREATE INDEX ix_refresh_tokens_family_id ON refresh_tokens (family_id)",
    "CREATE INDEX ix_refresh_tokens_user_id ON refresh_tokens (user_id)",
    "CREATE INDEX ix_refresh_tokens_expires_at ON refresh_tokens (expires_at)",
    """
    CREATE TABLE api_keys (
        key_id uuid NOT NULL,
        account_id uuid NOT NULL,
        user_id uuid NOT NULL,
        name text NOT NULL,
        secret_hash bytea NOT NULL,
        hint text NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        expires_at timestamptz,
        revoked_at timestamptz,
        CONSTRAINT pk_api_keys PRIMARY KEY (key_id),
        CONSTRAINT fk_api_keys_account_id_accounts FOREIGN KEY (account_id) REFERENCES accounts (account_id),
        CONSTRAINT fk_api_keys_user_id_users FOREIGN KEY (user_id) REFERENCES users (user_id),
        CONSTRAINT uq_api_keys_secret_hash UNIQUE (secret_hash),
        CONSTRAINT ck_api_keys_secret_hash CHECK (octet_length(secret_hash) = 32)
    )
    """,
    "CREATE INDEX ix_api_keys_account_id ON api_keys (account_id)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
