"""Questionnaires that customers fill in."""

from alembic import op

revision = "0009_questionnaires"
down_revision = "0008_engine"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE questionnaires (
        questionnaire_id uuid NOT NULL,
        account_id uuid NOT NULL,
        form_version integer NOT NULL,
        language text NOT NULL,
        answers jsonb NOT NULL,
        revision integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        completed_at timestamptz,
        CONSTRAINT pk_questionnaires PRIMARY KEY (questionnaire_id),
        CONSTRAINT ck_questionnaires_language CHECK (language IN ('en', 'fr')),
        CONSTRAINT ck_questionnaires_numbered CHECK (revision > 0 AND form_version > 0),
        CONSTRAINT ck_questionnaires_bounded CHECK (octet_length(CAST(answers AS text)) <= 65536)
    )
    """,
    "CREATE INDEX ix_questionnaires_account ON questionnaires (account_id, questionnaire_id)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
