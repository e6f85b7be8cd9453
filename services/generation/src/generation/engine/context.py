"""What a kind's code is given: remembered steps, progress, pictures, answers. Nothing else of the system."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel, ValidationError

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.runs import RunProgressed
from common.telemetry.tracing import span
from generation.documents.desk import DocumentDesk, DocumentSettings
from generation.engine.input_images import InputImage, InputImages, NamesImage
from generation.engine.run_folder import RunFolder
from generation.engine.side_by_side import side_by_side
from generation.engine.step import Bench, MadeImage, Step, WrittenText
from generation.engine.stopping import Stopping
from generation.engine.telling import Stretch, Telling
from generation.kept.storage import KeptKey, find, keep
from generation.local.pool import LocalPool
from generation.providers.bootstrap import Providers
from generation.questionnaires.reading import Filled, read_completed
from generation.runs.lease import ClaimedRun
from generation.runs.results import finished_result
from generation.runs.steps import save_step

__all__ = ["JobContext", "MadeImage", "Step", "WrittenText"]

log = structlog.get_logger(__name__)

STEPS_MAX = 200
SIDE_BY_SIDE_MAX = 8
_DOCUMENTS = DocumentSettings()

T = TypeVar("T", bound=BaseModel)
StepWork = Callable[[Step], Awaitable[T]]


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
        stopping: Stopping | None = None,
        documents: DocumentSettings = _DOCUMENTS,
    ) -> None:
        self._run = run
        self.documents = DocumentDesk(database, run, documents)
        """Quotes and invoices of the account."""
        self._stopping = stopping or Stopping()
        self._images = None if input_images is None else input_images.for_run(run.account_id)
        self._folder = RunFolder()
        self._database = database
        self._bench = Bench(database, providers, provider_seconds_max, pool)
        self._remembered = remembered
        self._begun = set(remembered)
        self._writing = asyncio.Lock()
        """A run writes one thing at a time, however many of its steps go side by side: one connection, no crowd."""
        self._telling = Telling(database, run, self._writing)

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

    @property
    def may_fall_back(self) -> bool:
        """Whether its owner lets something else stand in where the provider of choice is down."""
        return self._run.on_provider_down == "fallback"

    async def step(
        self,
        name: str,
        result_type: type[T],
        work: StepWork[T],
        *,
        kept_as: KeptKey | None = None,
        part_credits: int | None = None,
    ) -> T:
        """Do a part of the work once and remember its result; after a crash it is read back, not done again.

        With `kept_as` the result is also kept for the account's later jobs: one of them that asks for the same gets
        it with its member `cached` set to true, and the work is not done.

        With `part_credits` the step delivers a part of the work that is worth so much by itself: should the job be
        cancelled later, its owner keeps the part, sees its result, and pays its price. A job that fails costs nothing.

        Raises:
            CancelledError: the owner wants the run stopped.
            LeaseLost: another worker has the run.
            ValueError: the job has more than `STEPS_MAX` steps.
        """
        if name in self._remembered:
            return result_type.model_validate(self._remembered[name])
        self._begun.add(name)
        if len(self._begun) > STEPS_MAX:
            raise ValueError(f"a job has at most {STEPS_MAX} steps")
        self._telling.enter(name)
        with self._stopping.step() as purchases, span(f"step {name}", attributes={"atelier.step": name}):
            kept = None if kept_as is None else await self._kept(kept_as, result_type)
            result = kept or await work(Step(self._run, self._bench, self._telling, purchases, name))
            document = result.model_dump(mode="json")
            async with self._writing:
                await self._database.transact(self._remember, name, document, None if kept else kept_as, part_credits)
        self._remembered[name] = document
        return result

    async def side_by_side(
        self,
        steps: Sequence[tuple[str, type[T], StepWork[T]]],
        *,
        at_most: int = 4,
        progress: tuple[float, float] = (0.0, 1.0),
        part_credits: int | None = None,
    ) -> list[T]:
        """Do several steps at the same time, `at_most` at once; answers their results in the order given.

        Each is remembered by itself as soon as it is done, also when another fails: then no other is begun, those
        under way get a minute to end, and the first error is raised. What a step tells of its progress (0–1) is its
        own; the job's is their mean, brought between the two fractions of `progress`. `part_credits` is of each, as
        for `step`.

        Raises:
            CancelledError: the owner wants the run stopped.
            LeaseLost: another worker has the run.
            ValueError: two steps of one name, or more than `SIDE_BY_SIDE_MAX` at once.
        """
        names = [name for name, _, _ in steps]
        if len(set(names)) != len(names) or at_most > SIDE_BY_SIDE_MAX:
            raise ValueError(f"steps side by side need names of their own, and there are at most {SIDE_BY_SIDE_MAX}")
        stretch = Stretch(*progress, {name: float(name in self._remembered) for name in names})

        async def do(name: str, result_type: type[T], work: StepWork[T]) -> T:
            with self._telling.beside(name, stretch):
                result = await self.step(name, result_type, work, part_credits=part_credits)
            stretch.reached(name, 1.0)
            return result

        return await side_by_side([partial(do, *step) for step in steps], at_most=at_most)

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

    async def earlier_result(self, job_id: UUID) -> dict[str, Any] | None:
        """The result of a completed job of the same owner and kind, if there is such a job."""
        return await finished_result(self._database, self.account_id, self._run.kind, job_id)

    async def questionnaire(self, questionnaire_id: str) -> Filled:
        """The owner's questionnaire, completed. Not remembered: it does not change, and may be deleted meanwhile.

        Raises:
            JobFailed: `QUESTIONNAIRE_NOT_FOUND` or `QUESTIONNAIRE_NOT_COMPLETED`.
        """
        return await read_completed(self._database, self.account_id, questionnaire_id)

    async def progress(self, fraction: float, message: str, preview_url: str | None = None) -> None:
        """Tell how far the work is (0–1, never backwards). Told at most five times a second, with a preview always.

        Within a step that goes side by side with others, `fraction` is of that step.

        Raises:
            LeaseLost: another worker has the run.
        """
        await self._telling.tell(fraction, message, preview_url)

    async def folder(self) -> Path:
        """A private folder for files on the way; it is removed when the run ends, and is empty after a crash."""
        return await self._folder.path()

    def word(self, step: str, message: str) -> RunProgressed:
        """A report of the engine's own, to be told with what it is about."""
        return self._telling.word(step, message)

    async def aclose(self) -> None:
        """Remove what the run has left on disk."""
        await self._folder.aclose()
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

    async def _remember(
        self,
        uow: UnitOfWork,
        name: str,
        document: dict[str, Any],
        kept_as: KeptKey | None,
        part_credits: int | None,
    ) -> None:
        """One transaction, so that a job that is taken up again does not find its own result and call it a repeat."""
        await save_step(uow, self._run, name, document, part_credits=part_credits)
        if kept_as is not None:
            await keep(uow, self.account_id, kept_as, document)
