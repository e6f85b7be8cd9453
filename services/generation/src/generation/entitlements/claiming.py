"""Use cases: a job of a kind that is made once a year uses the year, as early as it can be told.

When it is paid for, a job is refused whose year is used already, or whose owner had no paid plan when asking. What the
gateway let through as paid although billing's word has not been heard here is queued; its worker waits a moment for
that word, which is on its way.
"""

import asyncio
from collections.abc import Collection, Sequence
from uuid import UUID

from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsHeld
from generation.engine.failures import JobFailed
from generation.entitlements.rules import NOT_ELIGIBLE, Answer, Verdict
from generation.entitlements.storage import use_year
from generation.runs.lease import ClaimedRun, ensure_held
from generation.runs.outcome import fail_unclaimed

WORD_SECONDS_MAX = 5.0
WORD_PAUSE_SECONDS = 0.25
FREE = "free"


async def refuse_ineligible(
    uow: UnitOfWork, batch: Sequence[Received[CreditsHeld]], yearly_kinds: Collection[str]
) -> set[UUID]:
    """End those of these runs that may not be done; answers which. All were entered in this transaction.

    Accounts are locked in order of their ids, as every batch does.
    """
    refused: set[UUID] = set()
    yearly = [received for received in batch if received.event.job.kind in yearly_kinds]
    for received in sorted(yearly, key=lambda each: each.event.account_id):
        event, job = received.event, received.event.job
        verdict = await use_year(uow, event.account_id, job.kind, job.job_id, now())
        if verdict.answer is Answer.USED or (verdict.answer is Answer.NOT_PAID and job.plan == FREE):
            refused.add(job.job_id)
            trace = received.traceparent
            await fail_unclaimed(
                uow, job.job_id, event.account_id, job.kind, NOT_ELIGIBLE, verdict.detail, traceparent=trace
            )
    return refused


async def ensure_eligible(database: Database, run: ClaimedRun) -> None:
    """Go on only with a run that has its year; one that was interrupted has it already.

    Raises:
        JobFailed: `NOT_ELIGIBLE`.
        LeaseLost: another worker has the run.
    """

    async def use(uow: UnitOfWork) -> Verdict:
        await ensure_held(uow, run, "use_year")
        return await use_year(uow, run.account_id, run.kind, run.job_id, now())

    verdict = await database.transact(use)
    deadline = asyncio.get_running_loop().time() + WORD_SECONDS_MAX
    while verdict.answer is Answer.NOT_PAID and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(WORD_PAUSE_SECONDS)
        verdict = await database.transact(use)
    if verdict.answer is not Answer.GRANTED:
        raise JobFailed(NOT_ELIGIBLE, verdict.detail)
