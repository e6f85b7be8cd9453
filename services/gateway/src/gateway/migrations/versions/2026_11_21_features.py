"""Feature switches and their audit."""

from alembic import op

revision = "0006_features"
down_revision = "0005_deletions"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE feature_switches (
        key text NOT NULL,
        value jsonb NOT NULL,
        public_text text,
        until timestamptz,
        why text NOT NULL,
        changed_by text NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_feature_switches PRIMARY KEY (key)
    )
    """,
    """
    CREATE TABLE feature_changes (
        version bigint GENERATED ALWAYS AS IDENTITY,
        change_id uuid NOT NULL,
        key text NOT NULL,
        value jsonb,
        public_text text,
        until timestamptz,
        why text NOT NULL,
        changed_by text NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_feature_changes PRIMARY KEY (version),
        CONSTRAINT uq_feature_changes_change_id UNIQUE (change_id)
    )
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
