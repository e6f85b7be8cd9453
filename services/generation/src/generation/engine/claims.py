"""Claims runs for the slots of a worker: those that are free at the same time are filled by one transaction."""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from opentelemetry.trace import Span, SpanKind, use_span

from common.batching import Batcher
from common.db.database import Database, is_transient
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunStarted
from common.ids import to_text
from common.telemetry.tracing import context_from, tracer
from generation.runs.lease import ClaimedRun, claim, hand_back

log = structlog.get_logger(__name__)

BATCH_MAX = 32
SLOTS_WAITING_MAX = 1024

Claimed = tuple[ClaimedRun, Span]


class Claims:
    """The next run of a class, with the span of its execution, for whoever asks."""

    def __init__(self, database: Database, owner: str, lease_seconds: float) -> None:
        self._database = database
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._batchers: dict[str, Batcher[None, Claimed | None]] = {}

    async def next(self, job_class: str) -> Claimed | None:
        """A run that is no suspect, if there is one. Cancelled meanwhile, what was claimed is handed back."""
        asking = asyncio.ensure_future(self._batcher(job_class).submit(None))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            if (claimed := await asking) is not None:
                run, span = claimed
                span.end()
                await hand_back(self._database, run, failures=0, pause_seconds=0)
            raise

    async def suspect(self, job_class: str) -> Claimed | None:
        """Any run: also one that has lost several workers, and may be what killed them."""
        claimed = await self._claim(job_class, most=1, suspects=True)
        return claimed[0] if claimed else None

    def _batcher(self, job_class: str) -> "Batcher[None, Claimed | None]":
        if job_class not in self._batchers:
            self._batchers[job_class] = Batcher(
                partial(self._for_slots, job_class), batch_max=BATCH_MAX, waiting_max=SLOTS_WAITING_MAX
            )
        return self._batchers[job_class]

    async def _for_slots(self, job_class: str, slots: Sequence[None]) -> Sequence[Claimed | None]:
        claimed = await self._claim(job_class, most=len(slots), suspects=False)
        return [*claimed, *[None] * (len(slots) - len(claimed))]

    async def _claim(self, job_class: str, *, most: int, suspects: bool) -> list[Claimed]:
        try:
            return await self._database.transact(self._start, job_class, most=most, suspects=suspects)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("claim_skipped", job_class=job_class, error=repr(error)[:200])
            return []

    async def _start(self, uow: UnitOfWork, job_class: str, *, most: int, suspects: bool) -> list[Claimed]:
        """Claim runs, and say of each under the span of its execution that it has started."""
        runs = await claim(uow, job_class, self._owner, self._lease_seconds, most=most, suspects=suspects)
        return [(run, _told(uow, run)) for run in runs]


def _told(uow: UnitOfWork, run: ClaimedRun) -> Span:
    span = tracer().start_span(
        f"run {run.kind}",
        context=context_from(run.traceparent),
        kind=SpanKind.CONSUMER,
        attributes={
            "atelier.kind": run.kind,
            "atelier.job_id": to_text("job", run.job_id),
            "atelier.attempt": run.token,
        },
    )
    with use_span(span, end_on_exit=False):
        uow.emit(RunStarted(account_id=run.account_id, job_id=run.job_id, kind=run.kind, attempt=run.token))
    return span
