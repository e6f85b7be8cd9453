"""The kind `extract-colors`: a picture's palette, what each colour is for, and which go together legibly."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from common.events.kinds import PriceRule
from generation.engine.context import JobContext, Step
from generation.engine.image_input import ImageInput
from generation.kept.storage import KeptKey
from generation.kinds.kind import Kind, KindResult
from generation.local.pool import LocalTask

VERSION = 1
"""Goes up when the same picture would give another palette: results kept by former versions are not served then."""
KEEP_FOR = timedelta(days=30)
TASK = LocalTask("extract-colors", "generation.local.palette_work:palette")


class ColorRole(StrEnum):
    """What a colour is in its picture."""

    BACKGROUND = "background"
    DOMINANT = "dominant"
    ACCENT = "accent"
    TEXT = "text"
    SECONDARY = "secondary"
    DETAIL = "detail"


class ExtractColorsInput(ImageInput):
    """The picture, and how many colours are wanted."""

    colors: int = Field(default=6, ge=3, le=12, description="At most this many; fewer where a picture has fewer.")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class PaletteColor(_Facts):
    """A colour of the palette."""

    hex: str
    share: float = Field(description="What it covers of all that is visible, 0 to 1; shares sum to 1.")
    name: str = Field(description="The nearest common name, in your language.")
    role: ColorRole = Field(
        description="background: most of the rim; dominant: the largest of the rest; accent: the most vivid; text: "
        "legible on the background; secondary: from a tenth of the picture on; detail: less."
    )


class ContrastPair(_Facts):
    """Two colours of the palette that contrast enough for something, by WCAG 2.2."""

    first: str
    second: str
    ratio: float = Field(description="1 to 21.")
    aa: bool = Field(description="Enough for text (4.5).")
    aa_large: bool = Field(description="Enough for large text and controls (3).")
    aaa: bool = Field(description="Enough for text at level AAA (7).")
    aaa_large: bool = Field(description="Enough for large text at level AAA (4.5).")


class ExtractColorsResult(KindResult):
    """The palette, largest share first, and its legible pairs, best first."""

    palette: list[PaletteColor]
    contrast_pairs: list[ContrastPair]
    cached: bool = Field(description="Whether the same was asked for before and the answer kept: it costs nothing.")

    def charge_credits(self, held_credits: int) -> int:
        """A repeat is free."""
        return 0 if self.cached else held_credits


class _NamedColor(_Facts):
    hex: str
    share: float
    role: ColorRole
    name_en: str
    name_fr: str


class _Found(_Facts):
    """What is remembered and kept: both names, for the language is not part of what was asked for."""

    colors: list[_NamedColor]
    contrast_pairs: list[ContrastPair]
    cached: bool = False


async def run(request: ExtractColorsInput, job: JobContext) -> ExtractColorsResult:
    """Bring the picture and have its colours found by a child process."""
    await job.progress(0.05, "Fetching your picture")
    picture = await job.input_image(request)
    key = KeptKey(KIND.name, VERSION, picture.sha256, {"colors": request.colors}, KEEP_FOR)

    async def extract(step: Step) -> _Found:
        await job.progress(0.4, "Finding its colours")
        return _Found.model_validate(await step.local(TASK, {"source": str(picture.path), "count": request.colors}))

    found = await job.step("palette", _Found, extract, kept_as=key)
    palette = [
        PaletteColor(
            hex=color.hex,
            share=color.share,
            role=color.role,
            name=color.name_fr if job.locale == "fr" else color.name_en,
        )
        for color in found.colors
    ]
    return ExtractColorsResult(palette=palette, contrast_pairs=found.contrast_pairs, cached=found.cached)


KIND = Kind(
    name="extract-colors",
    title="Colours of a picture",
    summary="Palette, shares, names, roles and contrasts. A repeat is free.",
    job_class="local",
    price=PriceRule(base_credits=1),
    input=ExtractColorsInput,
    result=ExtractColorsResult,
    example={"image_url": "https://example.com/poster.png", "colors": 6},
    run=run,
)
