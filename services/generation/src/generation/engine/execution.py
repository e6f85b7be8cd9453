"""Carries out one claimed run: the lease kept alive beside the work, every ending written under the token."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from common.db.database import Database, is_transient
from generation.documents.desk import DocumentSettings
from generation.engine.completions import Completions
from generation.engine.context import JobContext
from generation.engine.failures import JobFailed, is_provider_down, verdict
from generation.engine.input_images import InputImages
from generation.engine.stopping import Stopping
from generation.entitlements.claiming import ensure_eligible
from generation.kinds.kind import Kind
from generation.local.pool import LocalPool
from generation.providers.bootstrap import Providers
from generation.providers.errors import AllProvidersFailed
from generation.runs import outcome
from generation.runs.lease import ClaimedRun, LeaseLost, hand_back, renew
from generation.runs.parking import park
from generation.runs.recovery import FAILURES_MAX
from generation.runs.steps import load_steps

log = structlog.get_logger(__name__)

RETRY_PAUSE_SECONDS_MAX = 30.0
WRITE_TRIES_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 5.0
"""What is being bought gets so long to arrive after its owner has cancelled: it is paid for anyway."""
STOP_MOMENT_SECONDS = 0.5
"""What a kind gets to end by itself once nothing is being bought any more."""

Work = asyncio.Task[tuple[dict[str, Any], int]]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a worker has for all its runs."""

    database: Database
    completions: Completions
    providers: Providers
    kinds: Mapping[str, Kind[Any, Any]]
    lease_seconds: float
    provider_seconds_max: float
    pool: LocalPool | None = None
    input_images: InputImages | None = None
    documents: DocumentSettings = field(default_factory=DocumentSettings)


class Execution:
    """One run in the hands of this worker, from its claim to whatever ends it here."""

    def __init__(self, shop: Workshop, run: ClaimedRun, *, retry_pause_seconds: float) -> None:
        self._shop = shop
        self._run = run
        self._retry_pause_seconds = retry_pause_seconds
        self._stopping = Stopping()
        self._context: JobContext | None = None
        if run.cancel_requested:
            self._stopping.wanted.set()

    async def carry_through(self) -> str:
        """Work with the lease kept alive; answers how it ended."""
        work = asyncio.create_task(self._carry_out(), name=f"run-{self._run.job_id}")
        keeper = asyncio.create_task(self._keep_lease(), name=f"lease-{self._run.job_id}")
        stop_wanted = asyncio.create_task(self._stopping.wanted.wait())
        try:
            await asyncio.wait({work, keeper, stop_wanted}, return_when=asyncio.FIRST_COMPLETED)
            if stop_wanted.done() and not work.done():
                await self._let_end(work, keeper)
            if work.done():
                return await self._conclude(work)
            await _stop(work)
            return "lease_lost" if keeper.done() else await self._conclude(work)
        except asyncio.CancelledError:
            await _stop(work)
            await hand_back(self._shop.database, self._run, failures=0, pause_seconds=0)
            log.info("run_handed_back")
            raise
        finally:
            await _stop(keeper, stop_wanted)

    async def _carry_out(self) -> tuple[dict[str, Any], int]:
        run, shop = self._run, self._shop
        kind = shop.kinds.get(run.kind)
        if kind is None:
            raise JobFailed("KIND_UNKNOWN", f"There is no kind of work named {run.kind}.")
        try:
            job_input = kind.input.model_validate(run.input)
        except ValidationError as error:
            raise JobFailed(
                "VALIDATION_FAILED", f"The input does not fit the kind: {error.error_count()} errors."
            ) from error
        if kind.once_a_paid_year:
            await ensure_eligible(shop.database, run)
        self._context = JobContext(
            run,
            database=shop.database,
            providers=shop.providers,
            remembered={} if run.token == 1 else await load_steps(shop.database, run.job_id),
            provider_seconds_max=shop.provider_seconds_max,
            pool=shop.pool,
            input_images=shop.input_images,
            stopping=self._stopping,
            documents=shop.documents,
        )
        try:
            result = await kind.run(job_input, self._context)
        finally:
            await self._context.aclose()
        charge_credits = result.charge_credits(run.held_credits)
        if not 0 <= charge_credits <= run.held_credits:
            raise ValueError(f"kind {run.kind} charges {charge_credits} of {run.held_credits} credits held")
        return result.model_dump(mode="json"), charge_credits

    async def _keep_lease(self) -> None:
        """Renew every third of the lease, and see whether the owner wants the run stopped; raises when it is lost."""
        loop, lease_seconds = asyncio.get_running_loop(), self._shop.lease_seconds
        deadline = loop.time() + lease_seconds
        while True:
            await asyncio.sleep(lease_seconds / 3)
            try:
                if await renew(self._shop.database, self._run, lease_seconds):
                    self._stopping.wanted.set()
            except LeaseLost:
                log.warning("lease_lost")
                raise
            except Exception as error:
                if not is_transient(error) or loop.time() > deadline + lease_seconds:
                    raise
                log.warning("lease_not_renewed", error=repr(error)[:200])
            else:
                deadline = loop.time() + lease_seconds

    async def _let_end(self, work: Work, keeper: "asyncio.Task[None]") -> None:
        """Let arrive what is being bought: what has become of it, the provider says, and not the click."""
        settled = asyncio.create_task(self._stopping.settled())
        had_purchases = bool(self._stopping.worth_waiting)
        ends = {work, keeper}
        await asyncio.wait({settled, *ends}, timeout=STOP_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
        if had_purchases and settled.done():
            await asyncio.wait(ends, timeout=STOP_MOMENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        await _stop(settled)

    async def _conclude(self, work: Work) -> str:
        error = asyncio.CancelledError() if work.cancelled() else work.exception()
        if isinstance(error, LeaseLost):
            log.warning("stale_write_refused")
            return "lease_lost"
        shop, run = self._shop, self._run
        if error is None:
            result, charge_credits = work.result()
            return await self._write("completed", lambda: shop.completions.write(run, result, charge_credits))
        if self._stopping.wanted.is_set():
            return await self._write("cancelled", lambda: shop.database.transact(outcome.cancel, run))
        return await self._conclude_failed(error)

    async def _conclude_failed(self, error: BaseException) -> str:
        run = self._run
        if is_provider_down(error) and run.on_provider_down == "wait" and await self._park(error):
            return "parked"
        failed = verdict(error, run.on_provider_down)
        if failed is None and run.failures + 1 < FAILURES_MAX:
            log.error("run_will_be_tried_again", failures=run.failures + 1, exc_info=error)
            pause = min(self._retry_pause_seconds * 2**run.failures, RETRY_PAUSE_SECONDS_MAX)
            pause *= random.uniform(0.5, 1)  # noqa: S311 - jitter
            await hand_back(self._shop.database, run, failures=1, pause_seconds=pause)
            return "retried"
        if failed is None:
            log.error("run_failed_unexpectedly", exc_info=error)
            failed = JobFailed("INTERNAL_ERROR", "Something went wrong on our side.")
        ended = failed
        return await self._write(
            "failed", lambda: self._shop.database.transact(outcome.fail, run, ended.code, ended.detail)
        )

    async def _park(self, error: AllProvidersFailed) -> bool:
        """Let the run wait until its provider is back, where its owner's time for that is not over."""
        if self._context is None:
            return False
        word = self._context.word("waiting", "Our provider is down; this waits until it is back.")
        try:
            parked = await self._shop.database.transact(park, self._run, word, error.retry_after_seconds)
        except LeaseLost:  # also where an earlier try had committed unseen: nothing more is to be written
            return True
        log.info("run_parked" if parked else "run_waited_in_vain")
        return parked

    async def _write(self, ending: str, write: Callable[[], Awaitable[None]]) -> str:
        """Write an ending, patiently: the work is done, and a database that restarts must not undo it."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + WRITE_TRIES_SECONDS_MAX
        while True:
            try:
                await write()
            except LeaseLost:
                log.warning("stale_outcome_refused", ending=ending)
                return "lease_lost"
            except Exception as error:
                if not is_transient(error) or loop.time() > give_up_at:
                    raise
                await asyncio.sleep(self._retry_pause_seconds)
            else:
                return ending


async def _stop(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
