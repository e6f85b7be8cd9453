"""The money for invoices that accounts issue: where each can be paid, and payments that were one too many."""

from alembic import op

revision = "0015_invoice_payments"
down_revision = "0014_late_costs"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE invoice_payments (
        invoice_id uuid NOT NULL,
        account_id uuid NOT NULL,
        number text NOT NULL,
        title text NOT NULL,
        amount_minor bigint NOT NULL,
        currency text NOT NULL,
        language text NOT NULL,
        status text NOT NULL DEFAULT 'link_due',
        stripe_link_id text,
        payment_url text,
        link_attempt integer NOT NULL DEFAULT 1,
        link_closed_at timestamptz,
        stripe_payment_intent_id text,
        reversed_minor bigint NOT NULL DEFAULT 0,
        paid_at timestamptz,
        tries integer NOT NULL DEFAULT 0,
        next_step_at timestamptz NOT NULL DEFAULT now(),
        error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_invoice_payments PRIMARY KEY (invoice_id),
        CONSTRAINT uq_invoice_payments_stripe_payment_intent_id UNIQUE (stripe_payment_intent_id),
        CONSTRAINT ck_invoice_payments_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_invoice_payments_status CHECK (status IN ('link_due', 'open', 'paid', 'void', 'refused')),
        CONSTRAINT ck_invoice_payments_paid_at CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
        CONSTRAINT ck_invoice_payments_paid_by CHECK ((paid_at IS NULL) = (stripe_payment_intent_id IS NULL)),
        CONSTRAINT ck_invoice_payments_open_link CHECK (status <> 'open' OR stripe_link_id IS NOT NULL)
    )
    """,
    """
    CREATE INDEX ix_invoice_payments_due ON invoice_payments (next_step_at)
    WHERE status = 'link_due' OR (status IN ('paid', 'void') AND stripe_link_id IS NOT NULL AND link_closed_at IS NULL)
    """,
    "CREATE INDEX ix_invoice_payments_account_id ON invoice_payments (account_id)",
    """
    CREATE TABLE surplus_payments (
        payment_intent_id text NOT NULL,
        invoice_id uuid NOT NULL,
        amount_minor bigint NOT NULL,
        status text NOT NULL DEFAULT 'refund_due',
        refund_id text,
        refund_attempt integer NOT NULL DEFAULT 1,
        tries integer NOT NULL DEFAULT 0,
        next_step_at timestamptz NOT NULL DEFAULT now(),
        error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_surplus_payments PRIMARY KEY (payment_intent_id),
        CONSTRAINT fk_surplus_payments_invoice_id_invoice_payments
            FOREIGN KEY (invoice_id) REFERENCES invoice_payments (invoice_id),
        CONSTRAINT ck_surplus_payments_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_surplus_payments_status CHECK (status IN ('refund_due', 'refunded', 'refund_failed'))
    )
    """,
    "CREATE INDEX ix_surplus_payments_due ON surplus_payments (next_step_at) WHERE status = 'refund_due'",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
