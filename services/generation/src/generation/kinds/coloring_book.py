"""The kind `coloring-book`: twelve pages to colour, the same twelve coloured, and all of it as one PDF to print.

With `reroll` one page of an earlier book is drawn and coloured anew, for the price of a page; everything else of that
book is taken over as it is (ADR 0013).
"""

from functools import partial
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from common.events.kinds import PriceRule
from common.ids import InvalidId, from_text
from generation.books.pages import Both, Coloured, Drawn, Pages, Wanted
from generation.books.plan import PAGES, AgeBand, Language, Plan, plain_plan, plan_request
from generation.books.printing import PAGE_SIZE, book, dots_per_inch
from generation.documents.typesetting import PDF, typeset
from generation.engine.artefact import FileArtefact, ImageArtefact
from generation.engine.context import JobContext, Step
from generation.engine.failures import JobFailed
from generation.kinds.kind import Kind, KindInput, KindResult
from generation.providers.errors import AllProvidersFailed

PICTURE_CREDITS = 2
"""Of one picture: a page to colour, or a coloured one."""
COVER_CREDITS = 12
"""Of the plan, the cover and the printed book."""
BOOK_CREDITS = 2 * PAGES * PICTURE_CREDITS + COVER_CREDITS
REROLL_CREDITS = 2 * PICTURE_CREDITS
AT_ONCE = 4
"""Pages of a book that are made at the same time."""
_DRAWN, _COLOURED, _PRINTED = 0.45, 0.9, 0.97

Theme = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S")]
Wish = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class Reroll(KindInput):
    """A page of an earlier book of mine that is to be drawn and coloured anew."""

    job_id: str = Field(pattern=r"^job_[0-7][0-9a-hjkmnp-tv-z]{25}$", description="The job that made the book.")
    page: int = Field(ge=1, le=PAGES)
    wish: Wish | SkipJsonSchema[None] = Field(default=None, description="What is to be different.")


def _say_either(schema: JsonDict) -> None:
    """JSON Schema's word for it; members lose their null, which is no value of theirs."""
    schema["oneOf"] = [{"required": ["theme", "title"]}, {"required": ["reroll"]}]
    properties = schema["properties"]
    assert isinstance(properties, dict)  # noqa: S101 - pydantic's schema of a model
    for name in ("theme", "title", "reroll"):
        member = properties[name]
        if isinstance(member, dict):
            member.pop("default", None)


class ColoringBookInput(KindInput):
    """A new book (`theme` and `title`), or a page of one made anew (`reroll`)."""

    model_config = ConfigDict(json_schema_extra=_say_either)

    theme: Theme | SkipJsonSchema[None] = Field(default=None, description="What the book is about.")
    title: Title | SkipJsonSchema[None] = Field(default=None, description="Printed on the cover.")
    dedication: str = Field(default="", max_length=200, description="Printed on the second page.")
    age_band: AgeBand = Field(default=AgeBand.MIDDLE, description="Years of the children it is for.")
    reroll: Reroll | SkipJsonSchema[None] = Field(
        default=None, description="Instead of a new book: one page of an earlier one, for the price of a page."
    )

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.theme is not None and self.title is not None) == (self.reroll is not None):
            raise ValueError("give either theme and title, or reroll")
        return self


class BookPage(BaseModel):
    """A page, to colour and coloured."""

    model_config = ConfigDict(frozen=True)

    number: int
    caption: str
    line_art: ImageArtefact = Field(description="PNG of one bit a pixel.")
    coloured: ImageArtefact
    line_art_sha256: str
    coloured_sha256: str
    lines_kept: float = Field(description="Share of the page's lines that are where they were once it is coloured.")
    variation: int = Field(description="1, and one more each time the page is drawn anew.")


class ColoringBookResult(KindResult):
    """The book."""

    title: str
    pdf: FileArtefact
    pdf_pages: int = Field(description="Cover, a page for its owner, 12 to colour, 12 coloured.")
    pdf_sha256: str
    page_size: str = Field(description="A4: 210 x 297 mm.")
    line_art_dpi: int
    coloured_dpi: int
    pages: list[BookPage]
    theme: str
    dedication: str
    age_band: AgeBand
    language: str
    plan: Plan = Field(description="What is on the pages and how they are drawn: pages that are made anew keep to it.")
    reroll_of: str | None = Field(default=None, description="The job whose book this is but for one page.")


class _Printed(BaseModel):
    pdf: FileArtefact
    pages: int
    sha256: str


class _Facts(BaseModel):
    """What a book says of itself beside its pages."""

    title: str
    theme: str
    dedication: str
    age_band: AgeBand
    language: Language
    plan: Plan
    reroll_of: str | None = None


async def run(request: ColoringBookInput, job: JobContext) -> ColoringBookResult:
    """Make a book, or a page of one."""
    if request.reroll is not None:
        return await _page_anew(request.reroll, job)
    theme, title = (request.theme or "").strip(), (request.title or "").strip()
    await job.progress(0.01, "Thinking of twelve pages")
    language: Language = "fr" if job.locale == "fr" else "en"
    plan = await job.step("plan", Plan, partial(_plan, job, theme, request.age_band, language))
    facts = _Facts(
        title=title, theme=theme, dedication=request.dedication.strip(), age_band=request.age_band, language=language,
        plan=plan,
    )  # fmt: skip
    pages = Pages(job, Wanted(plan, theme, request.age_band))
    numbers = range(1, PAGES + 1)
    drawn = await job.side_by_side(
        [(f"page-{number:02}", Drawn, partial(_draw, job, pages, number)) for number in numbers],
        at_most=AT_ONCE,
        progress=(0.05, _DRAWN),
        part_credits=PICTURE_CREDITS,
    )
    coloured = await job.side_by_side(
        [
            (f"colour-{number:02}", Coloured, partial(_colour, job, pages, number, drawn[number - 1]))
            for number in numbers
        ],
        at_most=AT_ONCE,
        progress=(_DRAWN, _COLOURED),
        part_credits=PICTURE_CREDITS,
    )
    return await _printed(job, pages, facts, drawn, coloured)


async def _plan(job: JobContext, theme: str, age: AgeBand, language: Language, step: Step) -> Plan:
    """Twelve scenes by a model; by our own rule where none can be asked, for drawing is what the book is about."""
    asked = plan_request(theme, age, language, job.account_id)
    try:
        written = await step.write(asked, Plan, message="Thinking of twelve pages", progress=(0.01, 0.05))
    except AllProvidersFailed:
        if not job.may_fall_back:
            raise
        return plain_plan(theme, language)
    return written.answer


async def _draw(job: JobContext, pages: Pages, number: int, step: Step) -> Drawn:
    drawn = await pages.draw(step, number)
    await job.progress(1.0, f"Page {number} of {PAGES} is drawn", drawn.artefact.url)
    return drawn


async def _colour(job: JobContext, pages: Pages, number: int, drawn: Drawn, step: Step) -> Coloured:
    coloured = await pages.colour(step, number, drawn)
    await job.progress(1.0, f"Page {number} of {PAGES} is coloured", coloured.artefact.url)
    return coloured


async def _page_anew(wanted: Reroll, job: JobContext) -> ColoringBookResult:
    """Draw and colour one page of an earlier book; the others are stored again under this job, as they are."""
    await job.progress(0.01, "Opening your book")
    earlier = await _earlier(wanted.job_id, job)
    plan, theme = earlier.plan, earlier.theme
    facts = _Facts.model_validate({**earlier.model_dump(), "reroll_of": wanted.job_id})
    pages = Pages(job, Wanted(plan, theme, earlier.age_band))
    before = {page.number: page for page in earlier.pages}

    async def draw(step: Step) -> Drawn:
        variation = before[wanted.page].variation + 1
        return await pages.draw(step, wanted.page, variation=variation, wish=wanted.wish)

    drawn = await job.step(f"page-{wanted.page:02}", Drawn, draw, part_credits=PICTURE_CREDITS)
    await job.progress(0.3, f"Page {wanted.page} is drawn anew", drawn.artefact.url)
    colour = partial(pages.colour, number=wanted.page, drawn=drawn)
    coloured = await job.step(f"colour-{wanted.page:02}", Coloured, colour, part_credits=PICTURE_CREDITS)
    await job.progress(0.6, f"Page {wanted.page} is coloured", coloured.artefact.url)
    others = [page for page in earlier.pages if page.number != wanted.page]
    taken = await job.side_by_side(
        [(f"taken-{page.number:02}", Both, partial(_take_over, pages, page)) for page in others],
        at_most=AT_ONCE,
        progress=(0.6, _COLOURED),
    )
    all_drawn = {page.number: one.drawn for page, one in zip(others, taken, strict=True)} | {wanted.page: drawn}
    all_coloured = {page.number: one.coloured for page, one in zip(others, taken, strict=True)} | {
        wanted.page: coloured
    }
    numbers = range(1, PAGES + 1)
    return await _printed(job, pages, facts, [all_drawn[n] for n in numbers], [all_coloured[n] for n in numbers])


async def _take_over(pages: Pages, page: BookPage, step: Step) -> Both:
    drawn = Drawn(artefact=page.line_art, sha256=page.line_art_sha256, variation=page.variation)
    coloured = Coloured(artefact=page.coloured, sha256=page.coloured_sha256, lines_kept=page.lines_kept)
    return await pages.take_over(step, page.number, drawn, coloured)


async def _earlier(job_id: str, job: JobContext) -> ColoringBookResult:
    """The book a page of which is wanted anew.

    Raises:
        JobFailed: `BOOK_NOT_FOUND`: there is no such finished book of this account.
    """
    missing = JobFailed("BOOK_NOT_FOUND", "You have no finished colouring book of that job.")
    try:
        result = await job.earlier_result(from_text("job", job_id))
        if result is None:
            raise missing
        return ColoringBookResult.model_validate(result)
    except (InvalidId, ValidationError) as error:
        raise missing from error


async def _printed(
    job: JobContext, pages: Pages, facts: _Facts, drawn: list[Drawn], coloured: list[Coloured]
) -> ColoringBookResult:
    async def print_book(step: Step) -> _Printed:
        await job.progress(_COLOURED, "Printing the book")
        numbers = range(1, PAGES + 1)
        document = book(
            facts.title, facts.theme, facts.dedication, facts.language,
            lines=[await pages.line_file(step, number, drawn[number - 1]) for number in numbers],
            coloured=[await pages.coloured_file(step, number, coloured[number - 1]) for number in numbers],
        )  # fmt: skip
        made = await typeset(step, document, await job.folder() / "book.pdf")
        await job.progress(_PRINTED, "Storing the book")
        pdf = await step.store_file("book.pdf", made.path, media_type=PDF)
        return _Printed(pdf=pdf.model_copy(update={"mailed": True}), pages=made.pages, sha256=made.sha256)

    printed = await job.step("pdf", _Printed, print_book)
    return ColoringBookResult(
        **facts.model_dump(exclude={"plan"}),
        plan=facts.plan,
        pdf=printed.pdf,
        pdf_pages=printed.pages,
        pdf_sha256=printed.sha256,
        page_size=PAGE_SIZE,
        line_art_dpi=dots_per_inch(drawn[0].artefact.width),
        coloured_dpi=dots_per_inch(coloured[0].artefact.width),
        pages=[
            BookPage(
                number=number,
                caption=facts.plan.scenes[number - 1].caption,
                line_art=one.artefact,
                coloured=other.artefact,
                line_art_sha256=one.sha256,
                coloured_sha256=other.sha256,
                lines_kept=other.lines_kept,
                variation=one.variation,
            )
            for number, (one, other) in enumerate(zip(drawn, coloured, strict=True), start=1)
        ],
    )


KIND = Kind(
    name="coloring-book",
    title="Colouring book",
    summary="Twelve pages to colour, the same twelve coloured, and a PDF to print with a cover.",
    job_class="document",
    price=PriceRule(base_credits=BOOK_CREDITS, credits_with_member={"reroll": REROLL_CREDITS}),
    input=ColoringBookInput,
    result=ColoringBookResult,
    example={
        "theme": "Animals of the forest and their castle",
        "title": "Mila's forest",
        "dedication": "For Mila, who colours the sky green.",
        "age_band": "6-8",
    },
    run=run,
    memory_mb=110,  # four pictures on their way, and a child that makes a page of them or prints
)
