"""Request limits as data, and how many accounts' worth of submissions one network may make."""

from alembic import op

revision = "0010_request_limits"
down_revision = "0009_early_news"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE request_limits (
        policy text NOT NULL,
        per_account integer,
        per_user integer,
        per_key integer,
        per_network integer,
        CONSTRAINT pk_request_limits PRIMARY KEY (policy),
        CONSTRAINT ck_request_limits_positive CHECK (least(per_account, per_user, per_key, per_network) > 0)
    )
    """,
    """
    INSERT INTO request_limits (policy, per_account, per_user, per_key, per_network)
    VALUES ('dashboards', 30, 30, 30, 600),
           ('reads', 3000, 3000, 1500, 12000),
           ('changes', 240, 240, 120, 1200),
           ('estimates', 30, 30, 30, 600),
           ('exports', 2, NULL, NULL, NULL),
           ('purchases', 6, NULL, NULL, 60),
           ('orders', NULL, NULL, NULL, 6),
           ('anonymous', NULL, NULL, NULL, 120)
    """,
    """
    ALTER TABLE plans
        ADD COLUMN submissions_per_user integer,
        ADD COLUMN submissions_per_key integer,
        ADD COLUMN accounts_per_network integer,
        ADD CONSTRAINT ck_plans_shares CHECK (
            least(submissions_per_user, submissions_per_key, accounts_per_network) > 0)
    """,
    "UPDATE plans SET accounts_per_network = 100",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
