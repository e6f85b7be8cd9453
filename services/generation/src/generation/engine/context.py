"""What a kind's code is given: remembered steps, progress, providers, storage. Nothing else of the system."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel, ValidationError

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunProgressed
from common.telemetry.tracing import span
from generation.engine.artefact import ImageArtefact
from generation.engine.input_images import InputImage, InputImages, NamesImage
from generation.engine.showing import shown
from generation.kept.storage import KeptKey, find, keep
from generation.local.pool import LocalPool, LocalTask
from generation.providers.bootstrap import Providers
from generation.providers.chain import Q, R
from generation.providers.picture_ports import ImageEditRequest
from generation.providers.ports import ImageRequest, ProgressFn, ProviderText, TextRequest
from generation.providers.router import Router
from generation.runs.attempts import StepAttempts
from generation.runs.lease import ClaimedRun, ensure_held
from generation.runs.steps import save_step

log = structlog.get_logger(__name__)

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


@dataclass(frozen=True, slots=True)
class WrittenText(Generic[T]):
    """What a provider wrote, in the shape that was asked for, and whose it is."""

    answer: T
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
        pool: LocalPool | None = None,
        input_images: InputImages | None = None,
    ) -> None:
        self._run = run
        self._images = None if input_images is None else input_images.for_run(run.account_id)
        self._pool = pool
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

    async def step(
        self,
        name: str,
        result_type: type[T],
        work: "Callable[[Step], Awaitable[T]]",
        *,
        kept_as: KeptKey | None = None,
    ) -> T:
        """Do a part of the work once and remember its result; after a crash it is read back, not done again.

        With `kept_as` the result is also kept for the account's later jobs: one of them that asks for the same gets
        it with its member `cached` set to true, and the work is not done.

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
            kept = None if kept_as is None else await self._kept(kept_as, result_type)
            result = kept or await work(Step(self, name))
            document = result.model_dump(mode="json")
            await self._database.transact(self._remember, name, document, None if kept else kept_as)
        self._remembered[name] = document
        return result

    async def input_image(self, request: NamesImage) -> InputImage:
        """The picture that an `ImageInput` names, as a private file that is removed when the run ends.

        Not remembered: after a crash it is fetched again.

        Raises:
            JobFailed: `ASSET_NOT_FOUND`, `IMAGE_UNREACHABLE`, `IMAGE_TOO_LARGE` or `UNSUPPORTED_IMAGE`.
            ProviderError: storage does not answer.
            RuntimeError: this worker was put together without a way to bring pictures.
        """
        if self._images is None:
            raise RuntimeError("this worker has no way to bring pictures")
        return await self._images.bring(request)

    async def aclose(self) -> None:
        """Remove what the run has left on disk."""
        if self._images is not None:
            await self._images.aclose()

    async def _kept(self, key: KeptKey, result_type: type[T]) -> T | None:
        document = await find(self._database, self.account_id, key)
        if document is None:
            return None
        try:
            return result_type.model_validate({**document, "cached": True})
        except ValidationError:  # kept by other code under the same version: made again
            log.warning("kept_result_unreadable", kind=key.kind, version=key.version)
            return None

    async def _remember(self, uow: UnitOfWork, name: str, document: dict[str, Any], kept_as: KeptKey | None) -> None:
        """One transaction, so that a job that is taken up again does not find its own result and call it a repeat."""
        await save_step(uow, self._run, name, document)
        if kept_as is not None:
            await keep(uow, self.account_id, kept_as, document)

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
        image, provider, model = await self._bought(
            self._job._providers.images, request, "Drawing", (progress_from, progress_to)
        )
        return MadeImage(image.content, image.media_type, image.revised_prompt, provider, model)

    async def edit_image(
        self, request: ImageEditRequest, *, progress_from: float = 0.0, progress_to: float = 1.0
    ) -> MadeImage:
        """Have a picture changed by the first provider of the chain that delivers.

        Raises:
            Refused, AllProvidersFailed, LeaseLost: as for `make_image`.
        """
        image, provider, model = await self._bought(
            self._job._providers.edits, request, "Painting", (progress_from, progress_to)
        )
        return MadeImage(image.content, image.media_type, image.revised_prompt, provider, model)

    async def write(
        self,
        request: TextRequest,
        answer_type: type[T],
        *,
        message: str = "Writing",
        progress: tuple[float, float] = (0.0, 1.0),
    ) -> WrittenText[T]:
        """Have a text written in the shape of `answer_type`, by the first provider of the chain that can.

        An answer of another shape is said back to its model once; then the next provider is asked. What comes back is
        data: whatever a user's words made the model say, it says it within that shape.

        Raises:
            Refused: a provider turned the input down.
            AllProvidersFailed: none delivered.
            LeaseLost: another worker has the run.
        """
        return await self._written(self._job._providers.texts, request, answer_type, message, progress)

    async def look(
        self,
        request: TextRequest,
        answer_type: type[T],
        *,
        pictures: Sequence[Path],
        message: str = "Looking",
        progress: tuple[float, float] = (0.0, 1.0),
    ) -> WrittenText[T]:
        """As `write`, by models that see, about the picture files of the run; small copies of them are sent.

        Raises:
            JobFailed: a picture cannot be opened.
            Refused, AllProvidersFailed, LeaseLost: as for `write`.
        """
        if self._job._pool is None:
            raise RuntimeError("this worker has no pool to make copies of pictures in")
        copies = [await shown(self._job._pool, path) for path in pictures]
        request = replace(request, parts=(*request.parts, *copies))
        return await self._written(self._job._providers.looks, request, answer_type, message, progress)

    async def _written(
        self,
        router: Router[TextRequest, ProviderText],
        request: TextRequest,
        answer_type: type[T],
        message: str,
        progress: tuple[float, float],
    ) -> WrittenText[T]:
        request = replace(request, answer_type=answer_type)
        text, provider, model = await self._bought(router, request, message, progress)
        if not isinstance(text.parsed, answer_type):
            raise AssertionError(f"{provider}/{model} delivered no {answer_type.__name__}")  # noqa: TRY004 - ours
        return WrittenText(text.parsed, provider, model)

    async def _bought(
        self, router: Router[Q, R], request: Q, message: str, progress: tuple[float, float]
    ) -> tuple[R, str, str]:
        """What the router's chain delivers, with the provider and model it came from, told as it is made."""
        job = self._job
        attempts = StepAttempts(job._database, job._run, self._name)
        start, end = progress

        async def tell(fraction: float, preview: bytes | None) -> None:
            await job.progress(start + fraction * (end - start), message)

        async with _meanwhile(tell):
            result = await router.run(
                request, attempts=attempts, timeout_seconds=job._provider_seconds_max, progress=tell
            )
        if attempts.delivered is None:
            raise AssertionError("the result was delivered by no recorded purchase")
        return result, *attempts.delivered

    async def store_image(self, name: str, content: bytes, *, size: tuple[int, int] | None = None) -> ImageArtefact:
        """Bring an image to WebP without metadata and store it under the job; again is the same artefact.

        Where `size` (width and height in pixels) is given, the image is fitted to it: providers do not all make the
        exact size that was asked for, and the customer's does not depend on who answered.

        Raises:
            ProviderError: storage did not take it.
        """
        with span("encode webp"):
            encoded = await self._job._providers.imaging.to_webp(content, size)
        return await self._store(name, encoded.content)

    async def store_webp_file(self, name: str, path: Path) -> ImageArtefact:
        """Store a WebP file as it is, for what our own child processes have made; again is the same artefact.

        Raises:
            ProviderError: storage did not take it.
        """
        return await self._store(name, await asyncio.to_thread(path.read_bytes))

    async def local(self, task: LocalTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have work of the processor done by a child process; pictures are given as paths.

        Raises:
            LocalWorkFailed: see its reason.
            RuntimeError: this worker was put together without a pool.
        """
        if self._job._pool is None:
            raise RuntimeError("this worker has no pool of child processes")
        return await self._job._pool.run(task, arguments)

    async def _store(self, name: str, content: bytes) -> ImageArtefact:
        job = self._job
        store = job._providers.artefacts
        stored = await store.put(content, key=f"{job.job_id.hex}/{name}", media_type="image/webp")
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
