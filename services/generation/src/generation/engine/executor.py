"""Carries out claimed runs: the lease kept alive beside the work, every ending written under the token.

The execution is a task of its own, not arq's: when Redis goes away arq stops its jobs, and work that has been paid
for at a provider must not stop with them.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import structlog
from opentelemetry.trace import Span, SpanKind, use_span
from prometheus_client import Counter, Histogram
from pydantic import ValidationError

from common.db.database import Database, is_transient
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunStarted
from common.ids import to_text
from common.telemetry.tracing import context_from, tracer
from generation.engine.context import JobContext
from generation.engine.failures import JobFailed, verdict
from generation.engine.input_images import InputImages
from generation.entitlements.claiming import ensure_eligible
from generation.kinds.kind import Kind
from generation.local.pool import LocalPool
from generation.providers.bootstrap import Providers
from generation.runs import outcome
from generation.runs.lease import ClaimedRun, LeaseLost, claim, hand_back, renew
from generation.runs.recovery import FAILURES_MAX
from generation.runs.steps import load_steps

log = structlog.get_logger(__name__)

_runs = Counter("runs_total", "Runs by how their execution here ended", ["kind", "ending"])
_seconds = Histogram(
    "run_duration_seconds", "Execution time", ["kind"], buckets=(0.01, 0.05, 0.2, 1, 3, 10, 30, 60, 180, 600)
)

RETRY_PAUSE_SECONDS = 1.0
RETRY_PAUSE_SECONDS_MAX = 30.0
WRITE_TRIES_SECONDS_MAX = 60.0


class Executor:
    """A worker's hands: at most `slots[class]` runs of a class at once."""

    def __init__(
        self,
        *,
        owner: str,
        database: Database,
        providers: Providers,
        kinds: Mapping[str, Kind[Any, Any]],
        slots: Mapping[str, int],
        lease_seconds: float,
        provider_seconds_max: float,
        pool: LocalPool | None = None,
        input_images: InputImages | None = None,
    ) -> None:
        self._owner = owner
        self._input_images = input_images
        self._pool = pool
        self._database = database
        self._providers = providers
        self._kinds = kinds
        self._free = dict(slots)
        self._lease_seconds = lease_seconds
        self._provider_seconds_max = provider_seconds_max
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    def answer(self, job_class: str) -> None:
        """What a ring of a class leads to: where a slot is free, work through what waits. Returns at once."""
        if self._draining or self._free.get(job_class, 0) <= 0:
            return
        self._free[job_class] -= 1
        task = asyncio.create_task(self._work(job_class), name=f"slot-{job_class}")
        self._tasks.add(task)
        task.add_done_callback(self._slot_left)

    async def drain(self, seconds_max: float) -> None:
        """Take nothing new; finish what can be finished in time and hand the rest back."""
        self._draining = True
        if not self._tasks:
            return
        _, unfinished = await asyncio.wait(self._tasks, timeout=seconds_max)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    def _slot_left(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("slot_failed", slot=task.get_name(), exc_info=error)

    async def _work(self, job_class: str) -> None:
        try:
            while not self._draining:
                claimed = await self._claim(job_class)
                if claimed is None:
                    return
                await self._execute(*claimed)
        finally:
            self._free[job_class] += 1

    async def _claim(self, job_class: str) -> tuple[ClaimedRun, Span] | None:
        try:
            return await self._database.transact(self._start, job_class)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("claim_skipped", job_class=job_class, error=repr(error)[:200])
            return None

    async def _start(self, uow: UnitOfWork, job_class: str) -> tuple[ClaimedRun, Span] | None:
        """Claim a run, and say under the span of its execution that it has started."""
        run = await claim(uow, job_class, self._owner, self._lease_seconds)
        if run is None:
            return None
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
        return run, span

    async def _execute(self, run: ClaimedRun, span: Span) -> None:
        structlog.contextvars.bind_contextvars(job_id=to_text("job", run.job_id), attempt=run.token)
        try:
            with _seconds.labels(run.kind).time(), use_span(span, end_on_exit=True):
                ending = await self._attempt(run)
            _runs.labels(run.kind, ending).inc()
        finally:
            structlog.contextvars.unbind_contextvars("job_id", "attempt")

    async def _attempt(self, run: ClaimedRun) -> str:
        """Work with the lease kept alive; answers how it ended."""
        work = asyncio.create_task(self._carry_out(run), name=f"run-{run.job_id}")
        keeper = asyncio.create_task(self._keep_lease(run), name=f"lease-{run.job_id}")
        try:
            await asyncio.wait({work, keeper}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return await self._conclude(run, work)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            cancelled = not keeper.cancelled() and keeper.exception() is None
            return await self._conclude_cancelled(run) if cancelled else "lease_lost"
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await hand_back(self._database, run, failures=0, pause_seconds=0)
            log.info("run_handed_back")
            raise
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _carry_out(self, run: ClaimedRun) -> tuple[dict[str, Any], int]:
        kind = self._kinds.get(run.kind)
        if kind is None:
            raise JobFailed("KIND_UNKNOWN", f"There is no kind of work named {run.kind}.")
        try:
            job_input = kind.input.model_validate(run.input)
        except ValidationError as error:
            raise JobFailed(
                "VALIDATION_FAILED", f"The input does not fit the kind: {error.error_count()} errors."
            ) from error
        if kind.once_a_paid_year:
            await ensure_eligible(self._database, run)
        context = JobContext(
            run,
            database=self._database,
            providers=self._providers,
            remembered={} if run.token == 1 else await load_steps(self._database, run.job_id),
            provider_seconds_max=self._provider_seconds_max,
            pool=self._pool,
            input_images=self._input_images,
        )
        try:
            result = await kind.run(job_input, context)
        finally:
            await context.aclose()
        charge_credits = result.charge_credits(run.held_credits)
        if not 0 <= charge_credits <= run.held_credits:
            raise ValueError(f"kind {run.kind} charges {charge_credits} of {run.held_credits} credits held")
        return result.model_dump(mode="json"), charge_credits

    async def _keep_lease(self, run: ClaimedRun) -> None:
        """Renew every third of the lease. Returns when the owner wants the run stopped, raises when it is lost."""
        deadline = asyncio.get_running_loop().time() + self._lease_seconds
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            try:
                if await renew(self._database, run, self._lease_seconds):
                    return
            except LeaseLost:
                log.warning("lease_lost")
                raise
            except Exception as error:
                if not is_transient(error) or asyncio.get_running_loop().time() > deadline + self._lease_seconds:
                    raise
                log.warning("lease_not_renewed", error=repr(error)[:200])
            else:
                deadline = asyncio.get_running_loop().time() + self._lease_seconds

    async def _conclude(self, run: ClaimedRun, work: "asyncio.Task[tuple[dict[str, Any], int]]") -> str:
        try:
            result, charge_credits = work.result()
        except LeaseLost:
            log.warning("stale_write_refused")
            return "lease_lost"
        except Exception as error:  # noqa: BLE001 - whatever a kind raises becomes an outcome or a bounded retry
            return await self._conclude_failed(run, error)
        return await self._write(run, "completed", outcome.complete, run, result, charge_credits)

    async def _conclude_failed(self, run: ClaimedRun, error: Exception) -> str:
        failed = verdict(error)
        if failed is None and run.failures + 1 < FAILURES_MAX:
            log.error("run_will_be_tried_again", failures=run.failures + 1, exc_info=error)
            pause = min(RETRY_PAUSE_SECONDS * 2**run.failures, RETRY_PAUSE_SECONDS_MAX)
            pause *= random.uniform(0.5, 1)  # noqa: S311 - jitter
            await hand_back(self._database, run, failures=1, pause_seconds=pause)
            return "retried"
        if failed is None:
            log.error("run_failed_unexpectedly", exc_info=error)
            failed = JobFailed("INTERNAL_ERROR", "Something went wrong on our side.")
        return await self._write(run, "failed", outcome.fail, run, failed.code, failed.detail)

    async def _conclude_cancelled(self, run: ClaimedRun) -> str:
        return await self._write(run, "cancelled", outcome.cancel, run)

    async def _write(self, run: ClaimedRun, ending: str, use_case: Any, *arguments: Any) -> str:
        """Write an ending, patiently: the work is done, and a database that restarts must not undo it."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + WRITE_TRIES_SECONDS_MAX
        while True:
            try:
                await self._database.transact(use_case, *arguments)
            except LeaseLost:
                log.warning("stale_outcome_refused", ending=ending)
                return "lease_lost"
            except Exception as error:
                if not is_transient(error) or loop.time() > give_up_at:
                    raise
                await asyncio.sleep(RETRY_PAUSE_SECONDS)
            else:
                return ending
