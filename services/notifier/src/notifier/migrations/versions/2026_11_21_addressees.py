"""Mails to other addresses than the account's, and when an account's address was last changed."""

from alembic import op

revision = "0002_addressees"
down_revision = "0001_log_and_mail"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE deliveries ADD COLUMN addressee text",
    "ALTER TABLE deliveries ADD COLUMN addressee_locale text",
    """
    ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_addressee
    CHECK ((addressee IS NULL) = (addressee_locale IS NULL)) NOT VALID
    """,
    "ALTER TABLE deliveries VALIDATE CONSTRAINT ck_deliveries_addressee",
    "ALTER TABLE recipients ADD COLUMN changed_at timestamptz NOT NULL DEFAULT '-infinity'",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE recipients DROP COLUMN changed_at")
    op.execute("ALTER TABLE deliveries DROP COLUMN addressee_locale, DROP COLUMN addressee")
