"""A worker's hands: claims runs where a slot is free and has them carried out.

The execution is a task of its own, not arq's: when Redis goes away arq stops its jobs, and work that has been paid
for at a provider must not stop with them.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import structlog
from opentelemetry.trace import Span, use_span
from prometheus_client import Counter, Gauge, Histogram

from common.db.database import Database
from common.ids import to_text
from generation.documents.desk import DocumentSettings
from generation.engine.claims import Claimed, Claims
from generation.engine.completions import Completions
from generation.engine.execution import Execution, Workshop
from generation.engine.input_images import InputImages
from generation.engine.memory import MemoryGate
from generation.kinds.kind import Kind
from generation.local.pool import LocalPool
from generation.providers.bootstrap import Providers
from generation.runs.lease import SUSPECT_LOSSES, ClaimedRun

log = structlog.get_logger(__name__)

_slots = Gauge("worker_slots", "Runs of a class that this worker carries out at once", ["job_class"])
_runs = Counter("runs_total", "Runs by how their execution here ended", ["kind", "ending"])
_seconds = Histogram(
    "run_duration_seconds", "Execution time", ["kind"], buckets=(0.01, 0.05, 0.2, 1, 3, 10, 30, 60, 180, 600)
)

RETRY_PAUSE_SECONDS = 1.0
PROBATION_SECONDS = 10.0
"""How long nothing is begun beside a run that has lost several workers."""


class Executor:
    """A worker's hands: at most `slots[class]` runs of a class at once, and no more than fit into its memory.

    A run that has lost several workers is taken up alone and gets a head start: what kills this process too then
    kills nothing else.
    """

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
        memory_mb: int = 1_000_000,
        pool: LocalPool | None = None,
        input_images: InputImages | None = None,
        documents: DocumentSettings | None = None,
    ) -> None:
        self._claims = Claims(database, owner, lease_seconds)
        self._shop = Workshop(
            database=database,
            completions=Completions(database),
            providers=providers,
            kinds=kinds,
            lease_seconds=lease_seconds,
            provider_seconds_max=provider_seconds_max,
            pool=pool,
            input_images=input_images,
            documents=documents or DocumentSettings(),
        )
        self._free = dict(slots)
        for job_class, count in slots.items():
            _slots.labels(job_class).set(count)
        self._memory = MemoryGate(memory_mb)
        self._memory_mb = {
            name: max((kind.peak_memory_mb for kind in kinds.values() if kind.job_class == name), default=0)
            for name in slots
        }
        """What a class's next run may take: which of its kinds it is of is not known before it is claimed."""
        self._claiming = 0
        self._under_way = 0
        self._alone = False
        """A run that may kill this worker is under way, and nothing else is to be killed with it."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    def answer(self, job_class: str, runs: int = 1) -> None:
        """What a ring for so many runs leads to: slots that are free work through what waits. Returns at once."""
        if self._draining or self._alone:
            return
        for _ in range(min(runs, self._free.get(job_class, 0))):
            self._free[job_class] -= 1
            task = asyncio.create_task(self._work(job_class), name=f"slot-{job_class}")
            self._tasks.add(task)
            task.add_done_callback(self._slot_left)

    async def drain(self, seconds_max: float) -> None:
        """Take nothing new; finish what can be finished in time and hand the rest back."""
        self._draining = True
        self._memory.close()
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
        memory_mb = self._memory_mb.get(job_class, 0)
        try:
            while not self._draining and (reservation := await self._memory.reserve(memory_mb)) is not None:
                try:
                    claimed = await self._claim(job_class)
                    if claimed is None:
                        return
                    kind = self._shop.kinds.get(claimed[0].kind)
                    reservation.shrink(0 if kind is None else kind.peak_memory_mb)
                    await self._execute(*claimed)
                finally:
                    reservation.release()
        finally:
            self._free[job_class] += 1

    async def _claim(self, job_class: str) -> Claimed | None:
        """The next run; where there is none and nothing else is under way, one that may kill its worker."""
        claimed = await self._try_claim(self._claims.next(job_class))
        if claimed is None and not (self._under_way or self._claiming or self._alone):
            claimed = await self._try_claim(self._claims.suspect(job_class))
            self._alone |= claimed is not None and claimed[0].losses >= SUSPECT_LOSSES
        return claimed

    async def _try_claim(self, claiming: Awaitable[Claimed | None]) -> Claimed | None:
        self._claiming += 1
        try:
            claimed = await claiming
        finally:
            self._claiming -= 1
        self._under_way += claimed is not None
        return claimed

    async def _execute(self, run: ClaimedRun, span: Span) -> None:
        structlog.contextvars.bind_contextvars(job_id=to_text("job", run.job_id), attempt=run.token)
        probation = asyncio.get_running_loop().call_later(PROBATION_SECONDS, self._end_probation)
        try:
            with _seconds.labels(run.kind).time(), use_span(span, end_on_exit=True):
                execution = Execution(self._shop, run, retry_pause_seconds=RETRY_PAUSE_SECONDS)
                ending = await execution.carry_through()
            _runs.labels(run.kind, ending).inc()
        finally:
            self._under_way -= 1
            probation.cancel()
            if not self._under_way:
                self._end_probation()
            structlog.contextvars.unbind_contextvars("job_id", "attempt")

    def _end_probation(self) -> None:
        self._alone = False
