"""The SQL of provider costs."""

from collections.abc import Sequence

from sqlalchemy import text

from billing.costs.rules import ProviderCost
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunCostSettled

_BOOK = text(
    """
    INSERT INTO provider_costs (job_id, account_id, kind, outcome, cost_microusd, attempts, occurred_at)
    SELECT * FROM unnest(
        CAST(:job_ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:outcomes AS text[]),
        CAST(:costs AS bigint[]), CAST(:attempts AS integer[]), CAST(:moments AS timestamptz[])
    ) ON CONFLICT DO NOTHING
    """
)
_BOOK_LATE = text(
    """
    INSERT INTO late_costs (attempt_id, job_id, account_id, kind, cost_microusd, occurred_at)
    SELECT * FROM unnest(
        CAST(:attempt_ids AS uuid[]), CAST(:job_ids AS uuid[]), CAST(:account_ids AS uuid[]), CAST(:kinds AS text[]),
        CAST(:costs AS bigint[]), CAST(:moments AS timestamptz[])
    ) ON CONFLICT DO NOTHING
    """
)


async def book_costs(uow: UnitOfWork, costs: Sequence[ProviderCost]) -> None:
    """Write what jobs cost; a job whose cost is written is passed over."""
    await uow.execute(
        _BOOK,
        {
            "job_ids": [cost.job_id for cost in costs],
            "account_ids": [cost.account_id for cost in costs],
            "kinds": [cost.kind for cost in costs],
            "outcomes": [cost.outcome for cost in costs],
            "costs": [cost.cost_microusd for cost in costs],
            "attempts": [cost.attempts for cost in costs],
            "moments": [cost.occurred_at for cost in costs],
        },
    )


async def book_late_costs(uow: UnitOfWork, found: Sequence[RunCostSettled]) -> None:
    """Write what purchases cost; one that is written is passed over."""
    await uow.execute(
        _BOOK_LATE,
        {
            "attempt_ids": [event.attempt_id for event in found],
            "job_ids": [event.job_id for event in found],
            "account_ids": [event.account_id for event in found],
            "kinds": [event.kind for event in found],
            "costs": [event.cost_microusd for event in found],
            "moments": [event.occurred_at for event in found],
        },
    )
