"""Which facts make and stop runs, and have their input forgotten."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from common.bus.handlers import Handlers, Received
from common.clock import now
from common.db.unit_of_work import UnitOfWork
from common.events.credits import CreditsHeld
from common.events.jobs import JobCancelRequested
from common.events.orders import OrderBuyerForgotten
from common.events.runs import RunCancelled, RunQueued
from generation.doorbell import Doorbell
from generation.entitlements.claiming import refuse_ineligible
from generation.runs.forgetting import forget_input
from generation.runs.positions import positions
from generation.runs.queue import enqueue_runs
from generation.runs.recovery import request_cancel, take_early_cancels
from generation.runs.waits import Figures


def register(
    handlers: Handlers, doorbell: Doorbell, figures: Callable[[], Figures], yearly_kinds: Collection[str] = ()
) -> None:
    """Subscribe: a paid job becomes a run, is told its place, and the doorbell rings.

    Of `yearly_kinds` one is made in a year of a subscription; others end at once.
    """

    async def queue_paid_jobs(batch: Sequence[Received[CreditsHeld]], uow: UnitOfWork) -> None:
        entered = await enqueue_runs(uow, batch)
        refused = await refuse_ineligible(uow, [item.received for item in entered], yearly_kinds)
        queued = [item for item in entered if item.received.event.job.job_id not in refused]
        places = await positions(uow, [item.received.event.job.job_id for item in queued])
        for item in queued:
            event, job = item.received.event, item.received.event.job
            uow.emit(
                RunQueued(
                    account_id=event.account_id,
                    job_id=job.job_id,
                    kind=job.kind,
                    wait=figures().wait(job.kind, job.job_class, places.get(job.job_id, 0)),
                ),
                item.received.traceparent,
            )
        await say_cancelled_early(batch, len(entered), uow)
        rings = Counter(item.received.event.job.job_class for item in queued)
        for job_class, count in rings.items():
            uow.after_commit(lambda job_class=job_class, count=count: doorbell.ring(job_class, count))  # type: ignore[misc]

    async def say_cancelled_early(batch: Sequence[Received[CreditsHeld]], entered: int, uow: UnitOfWork) -> None:
        if entered == len(batch):
            return
        early = await take_early_cancels(uow, [received.event for received in batch])
        for received in batch:
            event, job_id = received.event, received.event.job.job_id
            if job_id in early:
                early.discard(job_id)
                cancelled = RunCancelled(
                    account_id=event.account_id, job_id=job_id, kind=event.job.kind, finished_at=now()
                )
                uow.emit(cancelled, received.traceparent)

    async def cancel(event: JobCancelRequested, uow: UnitOfWork) -> None:
        await request_cancel(uow, event.account_id, event.job_id)

    handlers.on_batch(CreditsHeld, queue_paid_jobs)
    handlers.on(JobCancelRequested, cancel)
    handlers.on(OrderBuyerForgotten, forget_input)
