"""The pages of one book as they are made: bought, made black and white or fitted, stored, and at hand as files."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from generation.books.page_work import NOT_LINE_ART
from generation.books.plan import AgeBand, Plan, colour_prompt, firmer, page_prompt, user_reference
from generation.engine.artefact import ImageArtefact
from generation.engine.context import JobContext, MadeImage, Step
from generation.engine.failures import JobFailed
from generation.local.failures import LocalWorkFailed
from generation.local.pool import LocalTask
from generation.providers.picture_ports import ImageEditRequest, SourcePicture
from generation.providers.ports import ImageRequest
from generation.providers.transfers import NothingStored

WIDTH, HEIGHT, ASPECT_RATIO = 1024, 1536, "2:3"
"""As providers draw a page, in pixels."""
LINE_TASK = LocalTask("book-line-page", "generation.books.page_work:line_page")
SHEET_TASK = LocalTask("book-sheet", "generation.books.page_work:sheet")
COLOUR_TASK = LocalTask("book-coloured-page", "generation.books.page_work:coloured_page")
_BOUGHT, _STORED = 0.7, 1.0


class Drawn(BaseModel):
    """A page to colour, as it is remembered."""

    model_config = ConfigDict(frozen=True)

    artefact: ImageArtefact
    sha256: str
    variation: int = Field(ge=1)


class Coloured(BaseModel):
    """The same page coloured; `lines_kept` is the share of its lines that are where they were."""

    model_config = ConfigDict(frozen=True)

    artefact: ImageArtefact
    sha256: str
    lines_kept: float


class Both(BaseModel):
    """A page to colour and coloured."""

    model_config = ConfigDict(frozen=True)

    drawn: Drawn
    coloured: Coloured


class _Kept(Protocol):
    @property
    def artefact(self) -> ImageArtefact: ...

    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What pages are to be like."""

    plan: Plan
    theme: str
    age: AgeBand


class Pages:
    """Makes pages of a book in steps of its job; numbers run from 1."""

    def __init__(self, job: JobContext, wanted: Wanted) -> None:
        self._job = job
        self._wanted = wanted

    async def draw(self, step: Step, number: int, *, variation: int = 1, wish: str | None = None) -> Drawn:
        """Have a page drawn. One that is no line art is asked for once more.

        Raises:
            JobFailed: `NOT_LINE_ART`, twice.
            Refused, AllProvidersFailed, LeaseLost: as for `Step.make_image`.
        """
        prompt = page_prompt(self._wanted.plan, self._wanted.theme, self._wanted.age, number, variation, wish)
        page = await self._file(f"page-{number:02}.png")
        for wording in (prompt, firmer(prompt)):
            image = await step.make_image(self._drawing(wording, number, variation), progress_to=_BOUGHT)
            source = await self._saved(image, page.with_suffix(".drawn"))
            del image  # several are under way, and each is some megabytes
            size = {"width": WIDTH, "height": HEIGHT}
            try:
                facts = await step.local(LINE_TASK, {"source": str(source), "target": str(page), **size})
            except LocalWorkFailed as error:
                if error.code != NOT_LINE_ART:
                    raise
                continue
            finally:
                await asyncio.to_thread(source.unlink)
            artefact = await step.store_image_file(page.stem, page, media_type="image/png")
            return Drawn(artefact=artefact, sha256=facts["sha256"], variation=variation)
        raise JobFailed(NOT_LINE_ART, f"Page {number} could not be drawn in lines that can be coloured.")

    async def colour(self, step: Step, number: int, drawn: Drawn) -> Coloured:
        """Have a drawn page coloured.

        Raises:
            Refused, AllProvidersFailed, LeaseLost: as for `Step.edit_image`.
        """
        page, target = await self.line_file(step, number, drawn), await self._file(f"colour-{number:02}.webp")
        sheet, size = page.with_suffix(".sheet"), {"width": WIDTH, "height": HEIGHT}
        await step.local(SHEET_TASK, {"source": str(page), "target": str(sheet), **size})
        request = ImageEditRequest(
            prompt=colour_prompt(self._wanted.plan, self._wanted.theme, number),
            picture=SourcePicture(sheet, "image/png", WIDTH, HEIGHT),
            width=WIDTH,
            height=HEIGHT,
            user_reference=user_reference(self._job.account_id),
        )
        source = await self._saved(await step.edit_image(request, progress_to=_BOUGHT), target.with_suffix(".edited"))
        facts = await step.local(COLOUR_TASK, {"source": str(source), "target": str(target), "page": str(page), **size})
        for done in (sheet, source):
            await asyncio.to_thread(done.unlink)
        artefact = await step.store_webp_file(target.stem, target)
        return Coloured(artefact=artefact, sha256=facts["sha256"], lines_kept=facts["lines_kept"])

    async def take_over(self, step: Step, number: int, drawn: Drawn, coloured: Coloured) -> Both:
        """Store a page of another job under this one too, as it is: each book lives and ends by itself."""
        line_file = await self.line_file(step, number, drawn)
        coloured_file = await self.coloured_file(step, number, coloured)
        stored = await step.store_image_file(line_file.stem, line_file, media_type="image/png")
        return Both(
            drawn=drawn.model_copy(update={"artefact": stored}),
            coloured=coloured.model_copy(
                update={"artefact": await step.store_webp_file(coloured_file.stem, coloured_file)}
            ),
        )

    async def line_file(self, step: Step, number: int, drawn: Drawn) -> Path:
        """A page to colour as a file of the run, fetched if an earlier attempt or job has made it."""
        return await self._at_hand(step, f"page-{number:02}.png", drawn)

    async def coloured_file(self, step: Step, number: int, coloured: Coloured) -> Path:
        """Likewise the coloured one."""
        return await self._at_hand(step, f"colour-{number:02}.webp", coloured)

    async def _at_hand(self, step: Step, name: str, kept: _Kept) -> Path:
        file = await self._file(name)
        if not await asyncio.to_thread(file.exists):
            coming = file.with_suffix(".coming")
            try:
                await step.fetch(kept.artefact, coming)
            except NothingStored as error:
                raise JobFailed("BOOK_NOT_FOUND", "A page of the book is not in storage any more.") from error
            await asyncio.to_thread(coming.rename, file)
        return file

    async def _file(self, name: str) -> Path:
        return await self._job.folder() / name

    async def _saved(self, image: MadeImage, to: Path) -> Path:
        await asyncio.to_thread(to.write_bytes, image.content)
        return to

    def _drawing(self, prompt: str, number: int, variation: int) -> ImageRequest:
        return ImageRequest(
            prompt=prompt,
            width=WIDTH,
            height=HEIGHT,
            aspect_ratio=ASPECT_RATIO,
            user_reference=user_reference(self._job.account_id),
            seed=self._job.job_id.int % 1_000_000 * 100 + number + variation,
        )
