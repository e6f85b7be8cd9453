"""Plans, subscriptions, and Stripe's catalogue."""

from alembic import op

revision = "0005_subscriptions"
down_revision = "0004_reversals"
branch_labels = None
depends_on = None

_PLANS = (
    """
    CREATE TABLE plans (
        plan text NOT NULL,
        rank integer NOT NULL,
        credits_monthly integer NOT NULL,
        active boolean NOT NULL DEFAULT true,
        CONSTRAINT pk_plans PRIMARY KEY (plan),
        CONSTRAINT uq_plans_rank UNIQUE (rank),
        CONSTRAINT ck_plans_not_negative CHECK (rank >= 0 AND credits_monthly >= 0)
    )
    """,
    "INSERT INTO plans (plan, rank, credits_monthly) VALUES ('free', 0, 0), ('pro', 1, 300), ('enterprise', 2, 5000)",
    """
    CREATE TABLE plan_prices (
        plan text NOT NULL,
        billing_interval text NOT NULL,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        active boolean NOT NULL DEFAULT true,
        CONSTRAINT pk_plan_prices PRIMARY KEY (plan, billing_interval),
        CONSTRAINT fk_plan_prices_plan_plans FOREIGN KEY (plan) REFERENCES plans (plan),
        CONSTRAINT ck_plan_prices_billing_interval CHECK (billing_interval IN ('month', 'year')),
        CONSTRAINT ck_plan_prices_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_plan_prices_currency CHECK (currency ~ '^[a-z]{3}$')
    )
    """,
    """
    INSERT INTO plan_prices (plan, billing_interval, amount_minor, currency) VALUES
        ('pro', 'month', 1900, 'eur'), ('pro', 'year', 19000, 'eur'),
        ('enterprise', 'month', 24900, 'eur'), ('enterprise', 'year', 249000, 'eur')
    """,
    """
    CREATE TABLE stripe_prices (
        stripe_price_id text NOT NULL,
        lookup_key text NOT NULL,
        plan text,
        billing_interval text,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_stripe_prices PRIMARY KEY (stripe_price_id),
        CONSTRAINT fk_stripe_prices_plan_plans FOREIGN KEY (plan) REFERENCES plans (plan),
        CONSTRAINT ck_stripe_prices_of_a_plan CHECK ((plan IS NULL) = (billing_interval IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX uq_stripe_prices_lookup_key ON stripe_prices (lookup_key) WHERE active",
    """
    CREATE TABLE stripe_customers (
        stripe_customer_id text NOT NULL,
        account_id uuid NOT NULL,
        active boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_stripe_customers PRIMARY KEY (stripe_customer_id)
    )
    """,
    "CREATE INDEX ix_stripe_customers_account_id ON stripe_customers (account_id)",
    "CREATE UNIQUE INDEX uq_stripe_customers_account_id ON stripe_customers (account_id) WHERE active",
)
_ORDERS = (
    """
    CREATE TABLE subscription_orders (
        order_id uuid NOT NULL,
        account_id uuid NOT NULL,
        plan text NOT NULL,
        billing_interval text NOT NULL,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        status text NOT NULL DEFAULT 'created',
        success_url text NOT NULL,
        cancel_url text NOT NULL,
        stripe_customer_id text,
        stripe_price_id text,
        checkout_attempt integer NOT NULL DEFAULT 1,
        checkout_url text,
        checkout_expires_at timestamptz,
        stripe_session_id text,
        idempotency_key text,
        request_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_subscription_orders PRIMARY KEY (order_id),
        CONSTRAINT fk_subscription_orders_plan_plans FOREIGN KEY (plan) REFERENCES plans (plan),
        CONSTRAINT uq_subscription_orders_account_id_idempotency_key UNIQUE (account_id, idempotency_key),
        CONSTRAINT uq_subscription_orders_stripe_session_id UNIQUE (stripe_session_id),
        CONSTRAINT ck_subscription_orders_status CHECK (status IN ('created', 'open', 'completed', 'expired'))
    )
    """,
    "CREATE INDEX ix_subscription_orders_open ON subscription_orders (account_id) WHERE status IN ('created', 'open')",
)
_SUBSCRIPTIONS = (
    "CREATE SEQUENCE subscription_reads",
    """
    CREATE TABLE subscriptions (
        subscription_id uuid NOT NULL,
        account_id uuid NOT NULL,
        stripe_subscription_id text NOT NULL,
        stripe_customer_id text NOT NULL,
        stripe_item_id text NOT NULL,
        status text NOT NULL,
        plan text NOT NULL,
        billing_interval text NOT NULL,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        period_starts_at timestamptz NOT NULL,
        period_ends_at timestamptz NOT NULL,
        cancel_at timestamptz,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        read_number bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_subscriptions PRIMARY KEY (subscription_id),
        CONSTRAINT fk_subscriptions_plan_plans FOREIGN KEY (plan) REFERENCES plans (plan),
        CONSTRAINT uq_subscriptions_stripe_subscription_id UNIQUE (stripe_subscription_id)
    )
    """,
    "CREATE INDEX ix_subscriptions_account_id ON subscriptions (account_id)",
    """
    CREATE TABLE subscription_invoices (
        stripe_invoice_id text NOT NULL,
        subscription_id uuid NOT NULL,
        total_minor bigint NOT NULL,
        currency text NOT NULL,
        paid boolean NOT NULL DEFAULT false,
        reversed_minor bigint NOT NULL DEFAULT 0,
        reinstated_minor bigint NOT NULL DEFAULT 0,
        failure_told_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_subscription_invoices PRIMARY KEY (stripe_invoice_id),
        CONSTRAINT fk_subscription_invoices_subscription_id_subscriptions
            FOREIGN KEY (subscription_id) REFERENCES subscriptions (subscription_id)
    )
    """,
    "CREATE INDEX ix_subscription_invoices_subscription_id ON subscription_invoices (subscription_id)",
    """
    CREATE TABLE paid_periods (
        stripe_invoice_id text NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        plan text NOT NULL,
        credits_first integer NOT NULL,
        credits_monthly integer NOT NULL,
        months_granted integer NOT NULL DEFAULT 0,
        next_grant_at timestamptz,
        CONSTRAINT pk_paid_periods PRIMARY KEY (stripe_invoice_id, starts_at),
        CONSTRAINT fk_paid_periods_stripe_invoice_id_subscription_invoices
            FOREIGN KEY (stripe_invoice_id) REFERENCES subscription_invoices (stripe_invoice_id),
        CONSTRAINT fk_paid_periods_plan_plans FOREIGN KEY (plan) REFERENCES plans (plan),
        CONSTRAINT ck_paid_periods_lasts CHECK (ends_at > starts_at),
        CONSTRAINT ck_paid_periods_not_negative CHECK (
            credits_first >= 0 AND credits_monthly >= 0 AND months_granted >= 0)
    )
    """,
    "CREATE INDEX ix_paid_periods_due ON paid_periods (next_grant_at) WHERE next_grant_at IS NOT NULL",
    """
    CREATE TABLE subscription_grants (
        lot_reference text NOT NULL,
        stripe_invoice_id text NOT NULL,
        month_starts_at timestamptz NOT NULL,
        granted_credits integer NOT NULL,
        taken_back_credits integer NOT NULL DEFAULT 0,
        postings integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_subscription_grants PRIMARY KEY (lot_reference),
        CONSTRAINT fk_subscription_grants_stripe_invoice_id_subscription_invoices
            FOREIGN KEY (stripe_invoice_id) REFERENCES subscription_invoices (stripe_invoice_id),
        CONSTRAINT ck_subscription_grants_in_range CHECK (taken_back_credits BETWEEN 0 AND granted_credits)
    )
    """,
    "CREATE INDEX ix_subscription_grants_stripe_invoice_id ON subscription_grants (stripe_invoice_id)",
    """
    CREATE TABLE account_plans (
        account_id uuid NOT NULL,
        plan text NOT NULL DEFAULT 'free',
        subscription_id uuid,
        status text,
        billing_interval text,
        period_ends_at timestamptz,
        next_plan text,
        next_interval text,
        grace_ends_at timestamptz,
        version bigint NOT NULL DEFAULT 0,
        review_at timestamptz,
        closed_at timestamptz,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_account_plans PRIMARY KEY (account_id),
        CONSTRAINT fk_account_plans_plan_plans FOREIGN KEY (plan) REFERENCES plans (plan),
        CONSTRAINT fk_account_plans_subscription_id_subscriptions
            FOREIGN KEY (subscription_id) REFERENCES subscriptions (subscription_id)
    )
    """,
    "CREATE INDEX ix_account_plans_closed_at ON account_plans (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX ix_account_plans_review_at ON account_plans (review_at) WHERE review_at IS NOT NULL",
    """
    CREATE TABLE plan_changes (
        change_id uuid NOT NULL,
        account_id uuid NOT NULL,
        subscription_id uuid NOT NULL,
        plan text NOT NULL,
        billing_interval text NOT NULL,
        stripe_price_id text NOT NULL,
        takes_effect text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        idempotency_key text,
        request_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_plan_changes PRIMARY KEY (change_id),
        CONSTRAINT fk_plan_changes_subscription_id_subscriptions
            FOREIGN KEY (subscription_id) REFERENCES subscriptions (subscription_id),
        CONSTRAINT uq_plan_changes_account_id_idempotency_key UNIQUE (account_id, idempotency_key),
        CONSTRAINT ck_plan_changes_takes_effect CHECK (takes_effect IN ('now', 'period_end')),
        CONSTRAINT ck_plan_changes_status CHECK (status IN ('pending', 'done', 'declined'))
    )
    """,
)
_STATEMENTS = (*_PLANS, *_ORDERS, *_SUBSCRIPTIONS)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
