"""What a kind's code is given: remembered steps, progress, providers, storage. Nothing else of the system."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunProgressed
from common.telemetry.tracing import span
from generation.engine.artefact import ImageArtefact
from generation.providers.bootstrap import Providers
from generation.providers.ports import ImageRequest, ProgressFn
from generation.runs.attempts import StepAttempts
from generation.runs.lease import ClaimedRun, ensure_held
from generation.runs.steps import save_step

PROGRESS_PAUSE_SECONDS = 0.2
APPROACH_PAUSE_SECONDS = 0.75
TYPICAL_SECONDS = 6.0
STEPS_MAX = 200

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class MadeImage:
    """An image fresh from a provider, and whose it is."""

    content: bytes
    media_type: str
    revised_prompt: str | None
    provider: str
    model: str


class JobContext:
    """One run as its kind sees it."""

    def __init__(
        self,
        run: ClaimedRun,
        *,
        database: Database,
        providers: Providers,
        remembered: dict[str, Any],
        provider_seconds_max: float,
    ) -> None:
        self._run = run
        self._database = database
        self._providers = providers
        self._remembered = remembered
        self._provider_seconds_max = provider_seconds_max
        self._sequence = 0
        self._progress = 0.0
        self._step = "start"
        self._told_at = 0.0

    @property
    def job_id(self) -> UUID:
        """The job this run is of."""
        return self._run.job_id

    @property
    def account_id(self) -> UUID:
        """Whose job it is."""
        return self._run.account_id

    @property
    def locale(self) -> str:
        """The language its owner reads: `en` or `fr`."""
        return self._run.locale

    async def step(self, name: str, result_type: type[T], work: "Callable[[Step], Awaitable[T]]") -> T:
        """Do a part of the work once and remember its result; after a crash it is read back, not done again.

        Raises:
            LeaseLost: another worker has the run.
            ValueError: the job has more than `STEPS_MAX` steps.
        """
        if name in self._remembered:
            return result_type.model_validate(self._remembered[name])
        if len(self._remembered) >= STEPS_MAX:
            raise ValueError(f"a job has at most {STEPS_MAX} steps")
        self._step = name
        with span(f"step {name}", attributes={"atelier.step": name}):
            result = await work(Step(self, name))
            document = result.model_dump(mode="json")
            await self._database.transact(save_step, self._run, name, document)
        self._remembered[name] = document
        return result

    async def progress(self, fraction: float, message: str, preview_url: str | None = None) -> None:
        """Tell how far the work is (0–1, never backwards). Told at most five times a second."""
        fraction = min(max(fraction, self._progress), 1.0)
        moment = time.monotonic()
        if moment - self._told_at < PROGRESS_PAUSE_SECONDS:
            return
        self._told_at = moment
        self._progress = fraction
        self._sequence += 1
        await self._database.transact(self._tell, self._sequence, fraction, message, preview_url)

    async def _tell(
        self, uow: UnitOfWork, sequence: int, fraction: float, message: str, preview_url: str | None
    ) -> None:
        """Say it, as a new event each time: should a commit have succeeded unseen, the sequence tells the repeat."""
        await ensure_held(uow, self._run, "progress")
        uow.emit(
            RunProgressed(
                account_id=self._run.account_id,
                job_id=self._run.job_id,
                kind=self._run.kind,
                attempt=self._run.token,
                sequence=sequence,
                progress=round(fraction, 4),
                step=self._step,
                message=message,
                preview_url=preview_url,
            )
        )


class Step:
    """A step under way: here things are bought and stored."""

    def __init__(self, job: JobContext, name: str) -> None:
        self._job = job
        self._name = name

    async def make_image(
        self, request: ImageRequest, *, progress_from: float = 0.0, progress_to: float = 1.0
    ) -> MadeImage:
        """Buy an image from the first provider of the chain that delivers.

        Raises:
            Refused: a provider turned the input down.
            AllProvidersFailed: none delivered.
            LeaseLost: another worker has the run.
        """
        job = self._job
        attempts = StepAttempts(job._database, job._run, self._name)

        async def tell(fraction: float, preview: bytes | None) -> None:
            await job.progress(progress_from + fraction * (progress_to - progress_from), "Drawing")

        async with _meanwhile(tell):
            image = await job._providers.images.run(
                request,
                attempts=attempts,
                timeout_seconds=job._provider_seconds_max,
                progress=tell,
            )
        if attempts.delivered is None:
            raise AssertionError("an image was delivered by no recorded purchase")
        provider, model = attempts.delivered
        return MadeImage(image.content, image.media_type, image.revised_prompt, provider, model)

    async def store_image(self, name: str, content: bytes, *, size: tuple[int, int] | None = None) -> ImageArtefact:
        """Bring an image to WebP without metadata and store it under the job; again is the same artefact.

        Where `size` (width and height in pixels) is given, the image is fitted to it: providers do not all make the
        exact size that was asked for, and the customer's does not depend on who answered.

        Raises:
            ProviderError: storage did not take it.
        """
        job = self._job
        with span("encode webp"):
            encoded = await job._providers.imaging.to_webp(content, size)
        store = job._providers.artefacts
        stored = await store.put(encoded.content, key=f"{job.job_id.hex}/{name}", media_type="image/webp")
        return ImageArtefact(
            id=stored.public_id,
            version=stored.version,
            url=store.signed_url(stored, expires_in=None, format="webp"),
            media_type=stored.media_type,
            width=stored.width,
            height=stored.height,
            size_bytes=stored.bytes,
        )


@asynccontextmanager
async def _meanwhile(tell: ProgressFn) -> AsyncIterator[None]:
    """Tell that a purchase goes on while its provider says nothing: ever closer to done, never there."""

    async def approach() -> None:
        started = time.monotonic()
        while True:
            await asyncio.sleep(APPROACH_PAUSE_SECONDS)
            await tell(1 - math.exp(-(time.monotonic() - started) / TYPICAL_SECONDS), None)

    task = asyncio.create_task(approach(), name="approach")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
