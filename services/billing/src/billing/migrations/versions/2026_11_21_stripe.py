"""Products, purchases, and Stripe's events."""

from alembic import op

revision = "0003_stripe"
down_revision = "0002_ledger"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE products (
        product_id text NOT NULL,
        credits integer NOT NULL,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        active boolean NOT NULL DEFAULT true,
        position integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_products PRIMARY KEY (product_id),
        CONSTRAINT ck_products_credits_positive CHECK (credits > 0),
        CONSTRAINT ck_products_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_products_currency CHECK (currency ~ '^[a-z]{3}$')
    )
    """,
    """
    INSERT INTO products (product_id, credits, amount_minor, currency, position) VALUES
        ('pack-50', 50, 499, 'eur', 1),
        ('pack-200', 200, 1799, 'eur', 2),
        ('pack-1000', 1000, 7999, 'eur', 3)
    """,
    """
    CREATE TABLE purchases (
        purchase_id uuid NOT NULL,
        account_id uuid NOT NULL,
        product_id text NOT NULL,
        credits integer NOT NULL,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        status text NOT NULL DEFAULT 'created',
        success_url text NOT NULL,
        cancel_url text NOT NULL,
        checkout_attempt integer NOT NULL DEFAULT 1,
        checkout_url text,
        checkout_expires_at timestamptz,
        stripe_session_id text,
        stripe_payment_intent_id text,
        idempotency_key text,
        request_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        paid_at timestamptz,
        CONSTRAINT pk_purchases PRIMARY KEY (purchase_id),
        CONSTRAINT fk_purchases_product_id_products FOREIGN KEY (product_id) REFERENCES products (product_id),
        CONSTRAINT uq_purchases_account_id_idempotency_key UNIQUE (account_id, idempotency_key),
        CONSTRAINT uq_purchases_stripe_session_id UNIQUE (stripe_session_id),
        CONSTRAINT uq_purchases_stripe_payment_intent_id UNIQUE (stripe_payment_intent_id),
        CONSTRAINT ck_purchases_credits_positive CHECK (credits > 0),
        CONSTRAINT ck_purchases_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_purchases_status CHECK (status IN ('created', 'open', 'paid', 'expired', 'failed')),
        CONSTRAINT ck_purchases_paid CHECK ((status = 'paid') = (paid_at IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_purchases_account_id_purchase_id ON purchases (account_id, purchase_id)",
    """
    CREATE TABLE stripe_events (
        event_id text NOT NULL,
        type text NOT NULL,
        object_id text,
        api_version text,
        livemode boolean NOT NULL,
        created timestamptz NOT NULL,
        raw bytea NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        handled_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        next_try_at timestamptz,
        error text,
        traceparent text,
        CONSTRAINT pk_stripe_events PRIMARY KEY (event_id)
    )
    """,
    "CREATE INDEX ix_stripe_events_due ON stripe_events (next_try_at) WHERE handled_at IS NULL",
    "CREATE INDEX ix_stripe_events_received_at ON stripe_events (received_at)",
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
