"""Books what purchases cost whose results nobody waited for: cancelled, timed out, or left by a worker that died.

Vendors that know a purchase by an id are asked until it has its final state; a run that has told its outcome already
says the difference in an event of its own.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import text

from common.db.database import Database
from common.db.recurring import repeat
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunCostSettled
from generation.providers.errors import ProviderError
from generation.providers.ports import LateCosts

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 10.0
CHECKS_MAX = 8
BATCH_MAX = 10
ASK_SECONDS_MAX = 15.0
FIRST_CHECK_SECONDS = 5.0
"""After the purchase began; each further check waits twice as long."""

_CLAIM = text(
    """
    UPDATE attempts SET late_checks = late_checks + 1
    WHERE attempt_id IN (
        SELECT attempt_id FROM attempts JOIN runs USING (job_id)
        WHERE external_id IS NOT NULL AND cost_microusd IS NULL AND provider = ANY(CAST(:providers AS text[]))
          AND (outcome IN ('cancelled', 'timeout')
               OR outcome IS NULL AND runs.state IN ('completed', 'failed', 'cancelled'))
          AND late_checks < :checks_max
          AND attempts.started_at < now() - make_interval(secs => :first_seconds * 2 ^ late_checks)
        ORDER BY attempts.started_at LIMIT :limit FOR UPDATE OF attempts SKIP LOCKED
    )
    RETURNING attempt_id, job_id, capability, provider, model, external_id
    """
)
_LOCK_RUN = text("SELECT state, account_id, kind, traceparent FROM runs WHERE job_id = :job_id FOR UPDATE")
_BOOK = text(
    """
    UPDATE attempts SET cost_microusd = :cost, outcome = coalesce(outcome, 'abandoned'),
                        finished_at = coalesce(finished_at, now())
    WHERE attempt_id = :attempt_id AND cost_microusd IS NULL RETURNING attempt_id
    """
)


class LateCostBooking:
    """Asks in turns; several workers may."""

    def __init__(self, database: Database, vendors: Mapping[str, LateCosts]) -> None:
        self._database = database
        self._vendors = dict(vendors)

    async def run(self) -> None:
        """Ask for ever."""
        await repeat(self.turn, PAUSE_SECONDS, skipped="late_costs_skipped")

    async def turn(self) -> None:
        """One look at what is due."""
        parameters = {
            "providers": list(self._vendors),
            "checks_max": CHECKS_MAX,
            "first_seconds": FIRST_CHECK_SECONDS,
            "limit": BATCH_MAX,
        }
        async with self._database.autocommit() as connection:
            due = (await connection.execute(_CLAIM, parameters)).all()
        await asyncio.gather(*(self._settle(purchase) for purchase in due))

    async def _settle(self, purchase: Any) -> None:
        vendor = self._vendors[purchase.provider]
        try:
            async with asyncio.timeout(ASK_SECONDS_MAX):
                cost = await vendor.cost_microusd(purchase.capability, purchase.model, purchase.external_id)
        except (ProviderError, TimeoutError) as error:
            log.warning("late_cost_not_found", external_id=purchase.external_id, error=repr(error)[:200])
            return
        if cost is not None:
            await self._database.transact(_book, purchase, cost)
            log.info("late_cost_booked", external_id=purchase.external_id, cost_microusd=cost)


async def _book(uow: UnitOfWork, purchase: Any, cost_microusd: int) -> None:
    """Write the cost; where the run's outcome has been told without it, tell it too."""
    run = await uow.first(_LOCK_RUN, {"job_id": purchase.job_id})
    if await uow.first(_BOOK, {"attempt_id": purchase.attempt_id, "cost": cost_microusd}) is None or run is None:
        return
    if run.state in {"completed", "failed", "cancelled"} and cost_microusd:
        uow.emit(
            RunCostSettled(
                account_id=run.account_id,
                job_id=purchase.job_id,
                kind=run.kind,
                attempt_id=purchase.attempt_id,
                provider=purchase.provider,
                model=purchase.model,
                cost_microusd=cost_microusd,
            ),
            run.traceparent,
        )
