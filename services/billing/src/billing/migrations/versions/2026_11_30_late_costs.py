"""Costs of providers that are known only after their job has told its outcome."""

from alembic import op

revision = "0014_late_costs"
down_revision = "0013_adjustments"
branch_labels = None
depends_on = None

_STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE late_costs (
        attempt_id uuid NOT NULL,
        job_id uuid NOT NULL,
        account_id uuid NOT NULL,
        kind text NOT NULL,
        cost_microusd bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_late_costs PRIMARY KEY (attempt_id),
        CONSTRAINT ck_late_costs_cost_not_negative CHECK (cost_microusd >= 0)
    )
    """,
    "CREATE INDEX ix_late_costs_job_id ON late_costs (job_id)",
    """
    CREATE TRIGGER late_costs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON late_costs
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE OR REPLACE VIEW job_costs AS
        SELECT cost.job_id, cost.account_id, cost.kind, cost.outcome, cost.occurred_at,
               coalesce(hold.captured_credits, 0) AS charged_credits,
               CASE WHEN hold.captured_credits > 0 THEN cost.cost_microusd + late.cost_microusd ELSE 0 END
                   AS charged_microusd,
               CASE WHEN hold.captured_credits > 0 THEN 0 ELSE cost.cost_microusd + late.cost_microusd END
                   AS uncharged_microusd
        FROM provider_costs cost LEFT JOIN holds hold USING (job_id)
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(late_costs.cost_microusd), 0)::bigint AS cost_microusd
            FROM late_costs WHERE late_costs.job_id = cost.job_id
        ) AS late
        WHERE hold.state IS DISTINCT FROM 'held'
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
