"""Reconciliation runs, automatic top-ups, and what providers cost us."""

from alembic import op

revision = "0006_reconciliation"
down_revision = "0005_subscriptions"
branch_labels = None
depends_on = None

_RECONCILIATION = (
    """
    CREATE TABLE reconciliation_runs (
        run_id uuid NOT NULL,
        trigger text NOT NULL,
        status text NOT NULL DEFAULT 'running',
        window_since timestamptz NOT NULL,
        window_until timestamptz NOT NULL,
        lease_until timestamptz NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        events_listed integer NOT NULL DEFAULT 0,
        events_fed integer NOT NULL DEFAULT 0,
        payments_compared integer NOT NULL DEFAULT 0,
        payments_foreign integer NOT NULL DEFAULT 0,
        payments_repaired integer NOT NULL DEFAULT 0,
        differences integer NOT NULL DEFAULT 0,
        error text,
        CONSTRAINT pk_reconciliation_runs PRIMARY KEY (run_id),
        CONSTRAINT ck_reconciliation_runs_trigger CHECK (trigger IN ('schedule', 'operator')),
        CONSTRAINT ck_reconciliation_runs_status CHECK (status IN ('running', 'clean', 'differs', 'failed')),
        CONSTRAINT ck_reconciliation_runs_finished CHECK ((status = 'running') = (finished_at IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX uq_reconciliation_runs_one ON reconciliation_runs (status) WHERE status = 'running'",
    "CREATE INDEX ix_reconciliation_runs_started_at ON reconciliation_runs (started_at)",
    """
    CREATE TABLE reconciliation_differences (
        run_id uuid NOT NULL,
        payment_id text NOT NULL,
        reason text NOT NULL,
        currency text,
        stripe_paid_minor bigint NOT NULL,
        booked_paid_minor bigint NOT NULL,
        stripe_reversed_minor bigint NOT NULL,
        booked_reversed_minor bigint NOT NULL,
        due_credits bigint,
        booked_credits bigint NOT NULL,
        CONSTRAINT pk_reconciliation_differences PRIMARY KEY (run_id, payment_id),
        CONSTRAINT fk_reconciliation_differences_run_id_reconciliation_runs FOREIGN KEY (run_id)
            REFERENCES reconciliation_runs (run_id) ON DELETE CASCADE
    )
    """,
)

_TOP_UPS = (
    """
    CREATE TABLE auto_top_ups (
        account_id uuid NOT NULL,
        enabled boolean NOT NULL,
        threshold_credits bigint NOT NULL,
        product_id text NOT NULL,
        monthly_ceiling_minor bigint NOT NULL,
        declines integer NOT NULL DEFAULT 0,
        next_try_at timestamptz NOT NULL DEFAULT now(),
        disabled_reason text,
        card_brand text,
        card_last4 text,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_auto_top_ups PRIMARY KEY (account_id),
        CONSTRAINT fk_auto_top_ups_product_id_products FOREIGN KEY (product_id) REFERENCES products (product_id),
        CONSTRAINT ck_auto_top_ups_threshold_positive CHECK (threshold_credits > 0),
        CONSTRAINT ck_auto_top_ups_ceiling_positive CHECK (monthly_ceiling_minor > 0)
    )
    """,
    "CREATE INDEX ix_auto_top_ups_enabled ON auto_top_ups (next_try_at) WHERE enabled",
    """
    CREATE TABLE top_ups (
        purchase_id uuid NOT NULL,
        account_id uuid NOT NULL,
        amount_minor integer NOT NULL,
        currency text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        customer_id text,
        payment_method_id text,
        payment_intent_id text,
        key_number integer NOT NULL DEFAULT 1,
        tries integer NOT NULL DEFAULT 0,
        next_step_at timestamptz NOT NULL DEFAULT now(),
        failure_code text,
        created_at timestamptz NOT NULL DEFAULT now(),
        closed_at timestamptz,
        CONSTRAINT pk_top_ups PRIMARY KEY (purchase_id),
        CONSTRAINT fk_top_ups_purchase_id_purchases FOREIGN KEY (purchase_id) REFERENCES purchases (purchase_id),
        CONSTRAINT ck_top_ups_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_top_ups_status CHECK (status IN ('pending', 'requires_action', 'paid', 'failed')),
        CONSTRAINT ck_top_ups_closed CHECK ((status IN ('pending', 'requires_action')) = (closed_at IS NULL))
    )
    """,
    "CREATE UNIQUE INDEX uq_top_ups_open ON top_ups (account_id) WHERE status IN ('pending', 'requires_action')",
    "CREATE INDEX ix_top_ups_due ON top_ups (next_step_at) WHERE status IN ('pending', 'requires_action')",
    "CREATE INDEX ix_top_ups_account_id_created_at ON top_ups (account_id, created_at)",
)

_COSTS = (
    """
    CREATE TABLE provider_costs (
        job_id uuid NOT NULL,
        account_id uuid NOT NULL,
        kind text NOT NULL,
        outcome text NOT NULL,
        cost_microusd bigint NOT NULL,
        attempts integer NOT NULL,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_provider_costs PRIMARY KEY (job_id),
        CONSTRAINT ck_provider_costs_cost_not_negative CHECK (cost_microusd >= 0),
        CONSTRAINT ck_provider_costs_outcome CHECK (outcome IN ('completed', 'failed', 'cancelled'))
    )
    """,
    "CREATE INDEX ix_provider_costs_occurred_at ON provider_costs (occurred_at)",
    """
    CREATE TRIGGER provider_costs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON provider_costs
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE VIEW job_costs AS
        SELECT cost.job_id, cost.account_id, cost.kind, cost.outcome, cost.occurred_at,
               coalesce(hold.captured_credits, 0) AS charged_credits,
               CASE WHEN hold.captured_credits > 0 THEN cost.cost_microusd ELSE 0 END AS charged_microusd,
               CASE WHEN hold.captured_credits > 0 THEN 0 ELSE cost.cost_microusd END AS uncharged_microusd
        FROM provider_costs cost LEFT JOIN holds hold USING (job_id)
        WHERE hold.state IS DISTINCT FROM 'held'
    """,
    """
    CREATE VIEW goodwill AS
        SELECT job_id, account_id, kind, outcome, occurred_at, uncharged_microusd
        FROM job_costs WHERE uncharged_microusd > 0
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in (*_RECONCILIATION, *_TOP_UPS, *_COSTS):
        op.execute(statement)
