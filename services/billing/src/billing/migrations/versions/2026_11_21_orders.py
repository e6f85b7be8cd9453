"""Orders of people without an account."""

from alembic import op

revision = "0007_orders"
down_revision = "0006_reconciliation"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE order_products (
        kind text NOT NULL,
        title text NOT NULL,
        price_minor integer NOT NULL,
        currency text NOT NULL,
        active boolean NOT NULL DEFAULT true,
        CONSTRAINT pk_order_products PRIMARY KEY (kind),
        CONSTRAINT ck_order_products_price_positive CHECK (price_minor > 0)
    )
    """,
    """
    INSERT INTO order_products (kind, title, price_minor, currency)
    VALUES ('coloring-book', 'Coloring book', 999, 'eur')
    """,
    """
    CREATE TABLE orders (
        order_id uuid NOT NULL,
        job_id uuid NOT NULL,
        kind text NOT NULL,
        title text NOT NULL,
        price_minor integer NOT NULL,
        currency text NOT NULL,
        status text NOT NULL DEFAULT 'open',
        email text,
        locale text NOT NULL,
        input jsonb,
        job_class text NOT NULL,
        price_credits bigint NOT NULL,
        deadline_seconds integer NOT NULL,
        idempotency_hash text,
        request_hash text NOT NULL,
        checkout_attempt integer NOT NULL DEFAULT 1,
        checkout_url text,
        checkout_expires_at timestamptz,
        stripe_session_id text,
        stripe_payment_intent_id text,
        refund_attempt integer NOT NULL DEFAULT 1,
        tries integer NOT NULL DEFAULT 0,
        next_step_at timestamptz NOT NULL DEFAULT now(),
        stripe_refund_id text,
        refund_error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        paid_at timestamptz,
        ended_at timestamptz,
        forgotten_at timestamptz,
        CONSTRAINT pk_orders PRIMARY KEY (order_id),
        CONSTRAINT fk_orders_kind_order_products FOREIGN KEY (kind) REFERENCES order_products (kind),
        CONSTRAINT uq_orders_job_id UNIQUE (job_id),
        CONSTRAINT uq_orders_idempotency_hash UNIQUE (idempotency_hash),
        CONSTRAINT uq_orders_stripe_session_id UNIQUE (stripe_session_id),
        CONSTRAINT uq_orders_stripe_payment_intent_id UNIQUE (stripe_payment_intent_id),
        CONSTRAINT ck_orders_price_positive CHECK (price_minor > 0),
        CONSTRAINT ck_orders_price_credits_positive CHECK (price_credits > 0),
        CONSTRAINT ck_orders_deadline_positive CHECK (deadline_seconds > 0),
        CONSTRAINT ck_orders_status CHECK (status IN (
            'open', 'expired', 'paid', 'delivered', 'refund_due', 'refunded', 'refund_failed')),
        CONSTRAINT ck_orders_paid CHECK ((status IN ('open', 'expired')) = (paid_at IS NULL)),
        CONSTRAINT ck_orders_ended CHECK (
            (status IN ('expired', 'delivered', 'refunded')) = (ended_at IS NOT NULL)),
        CONSTRAINT ck_orders_forgotten CHECK ((email IS NULL) = (forgotten_at IS NOT NULL)),
        CONSTRAINT ck_orders_forgotten_input CHECK ((input IS NULL) = (forgotten_at IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_orders_open ON orders (created_at) WHERE status = 'open'",
    "CREATE INDEX ix_orders_under_way ON orders (job_id) WHERE status = 'paid'",
    "CREATE INDEX ix_orders_refund_due ON orders (next_step_at) WHERE status = 'refund_due'",
    "CREATE INDEX ix_orders_remembered ON orders (ended_at) WHERE forgotten_at IS NULL AND ended_at IS NOT NULL",
    "CREATE INDEX ix_orders_paid_at ON orders (paid_at) WHERE paid_at IS NOT NULL",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
