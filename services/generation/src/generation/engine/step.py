"""A step under way: what a kind buys from providers, has computed and stores, told as it goes."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from common.db.database import Database
from common.telemetry.tracing import span
from generation.engine.artefact import FileArtefact, ImageArtefact
from generation.engine.pictures import ensure_taken, no_subject
from generation.engine.showing import shown
from generation.engine.stopping import Purchases
from generation.engine.telling import Telling
from generation.local.pool import LocalPool, LocalTask
from generation.providers.bootstrap import Providers
from generation.providers.chain import Q, R
from generation.providers.errors import AllProvidersFailed
from generation.providers.links import sign
from generation.providers.picture_ports import SUFFIXES, CutOutRequest, EnlargedFile, ImageEditRequest, UpscaleRequest
from generation.providers.ports import ImageRequest, ProgressFn, ProviderText, StoredArtefact, TextRequest
from generation.providers.router import Router
from generation.runs.attempts import StepAttempts
from generation.runs.lease import ClaimedRun

APPROACH_PAUSE_SECONDS = 0.75
TYPICAL_SECONDS = 6.0

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker has for the steps of all its runs."""

    database: Database
    providers: Providers
    provider_seconds_max: float
    pool: LocalPool | None = None


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


class Step:
    """A step under way: here things are bought and stored."""

    def __init__(self, run: ClaimedRun, bench: Bench, telling: Telling, purchases: Purchases, name: str) -> None:
        self._run = run
        self._bench = bench
        self._telling = telling
        self._purchases = purchases
        self._name = name
        self._used: set[str] = set()

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
            self._bench.providers.images, request, "Drawing", (progress_from, progress_to)
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
            self._bench.providers.edits, request, "Painting", (progress_from, progress_to)
        )
        return MadeImage(image.content, image.media_type, image.revised_prompt, provider, model)

    async def cut_out(self, request: CutOutRequest, *, progress: tuple[float, float] = (0.0, 1.0)) -> MadeImage:
        """Have a picture's main thing told from its background; the image is the alpha channel, a grey PNG.

        Raises:
            JobFailed: `NO_SUBJECT`, whoever was asked saw nothing that stands out; `IMAGE_TOO_LARGE`, none takes it.
            Refused, AllProvidersFailed, LeaseLost: as for `make_image`.
        """
        router = self._bench.providers.cut_outs
        ensure_taken(router, request)
        try:
            image, provider, model = await self._bought(router, request, "Cutting out", progress)
        except AllProvidersFailed as error:
            raise no_subject(error) or error from error
        return MadeImage(image.content, image.media_type, None, provider, model)

    async def upscale(
        self, request: UpscaleRequest, *, progress: tuple[float, float] = (0.0, 1.0)
    ) -> tuple[EnlargedFile, str, str]:
        """Have a picture enlarged into the file `request.target`; also the provider and model it is of.

        Raises:
            JobFailed: `IMAGE_TOO_LARGE`, no provider of the chain takes so large a picture.
            Refused, AllProvidersFailed, LeaseLost: as for `make_image`.
        """
        router = self._bench.providers.upscales
        ensure_taken(router, request)
        return await self._bought(router, request, "Enlarging", progress)

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
        return await self._written(self._bench.providers.texts, request, answer_type, message, progress)

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
        if self._bench.pool is None:
            raise RuntimeError("this worker has no pool to make copies of pictures in")
        copies = [await shown(self._bench.pool, path) for path in pictures]
        request = replace(request, parts=(*request.parts, *copies))
        return await self._written(self._bench.providers.looks, request, answer_type, message, progress)

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
        self._purchases.begin()
        attempts = StepAttempts(
            self._bench.database,
            self._run,
            self._name,
            first=(router.chain[0].provider, router.chain[0].model),
            used=self._used,
        )
        start, end = progress

        async def tell(fraction: float, preview: bytes | None) -> None:
            await self._telling.tell(start + fraction * (end - start), message)

        async with _meanwhile(tell):
            result = await router.run(
                request,
                attempts=attempts,
                timeout_seconds=self._bench.provider_seconds_max,
                progress=tell,
                first_only=self._run.on_provider_down != "fallback",
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
            encoded = await self._bench.providers.imaging.to_webp(content, size)
        return await self._store(name, encoded.content)

    async def store_webp_file(self, name: str, path: Path) -> ImageArtefact:
        """`store_image_file` for WebP."""
        return await self.store_image_file(name, path, media_type="image/webp")

    async def store_image_file(self, name: str, path: Path, *, media_type: str) -> ImageArtefact:
        """Store an image file as it is, for what our own child processes have made; again is the same artefact.

        Raises:
            ProviderError: storage did not take it.
        """
        return await self._store(name, await asyncio.to_thread(path.read_bytes), media_type)

    async def store_file(
        self, name: str, path: Path, *, media_type: str, link_lasts: timedelta | None = None
    ) -> FileArtefact:
        """Store a file that is no picture, as it is, under the job; `name` has a suffix. Again is the same artefact.

        `link_lasts`: how long its address works, where it is given to people who cannot have it signed again.

        Raises:
            ProviderError: storage did not take it.
            ValueError: it is larger than storage takes.
        """
        store = self._bench.providers.artefacts
        stored = await store.put_file(path, key=f"{self._run.job_id.hex}/{name}", media_type=media_type)
        return FileArtefact(
            id=stored.public_id,
            version=stored.version,
            **self._link(stored, name.rpartition(".")[2], link_lasts),
            media_type=stored.media_type,
            size_bytes=stored.bytes,
        )

    async def fetch(self, artefact: ImageArtefact, to: Path) -> None:
        """Bring what was stored back into a file, byte by byte.

        Raises:
            NothingStored: it is not there any more.
            ProviderError: storage does not answer.
        """
        downloads = self._bench.providers.downloads
        await downloads.fetch(artefact.id, artefact.version, to=to, bytes_max=artefact.size_bytes)

    async def local(self, task: LocalTask, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have work of the processor done by a child process; pictures are given as paths.

        Raises:
            LocalWorkFailed: see its reason.
            RuntimeError: this worker was put together without a pool.
        """
        if self._bench.pool is None:
            raise RuntimeError("this worker has no pool of child processes")
        return await self._bench.pool.run(task, arguments)

    async def _store(self, name: str, content: bytes, media_type: str = "image/webp") -> ImageArtefact:
        store = self._bench.providers.artefacts
        stored = await store.put(content, key=f"{self._run.job_id.hex}/{name}", media_type=media_type)
        return ImageArtefact(
            id=stored.public_id,
            version=stored.version,
            **self._link(stored, SUFFIXES[media_type]),
            media_type=stored.media_type,
            width=stored.width,
            height=stored.height,
            size_bytes=stored.bytes,
        )

    def _link(self, stored: StoredArtefact, suffix: str, lasts: timedelta | None = None) -> dict[str, Any]:
        providers = self._bench.providers
        link = sign(providers.artefacts, stored, suffix, lasts or providers.link_lasts)
        return {"url": link.url, "url_expires_at": link.expires_at}


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
