"""A kind of work for these tests: says what it was shown."""

from common.events.kinds import PriceRule
from generation.engine.context import JobContext
from generation.engine.image_input import ImageInput
from generation.kinds.kind import Kind, KindResult


class PictureFactsInput(ImageInput):
    """Which picture."""


class PictureFactsResult(KindResult):
    """What it is."""

    media_type: str
    width: int
    height: int
    sha256: str


async def run(request: PictureFactsInput, job: JobContext) -> PictureFactsResult:
    """Look at the file."""
    image = await job.input_image(request)
    return PictureFactsResult(media_type=image.media_type, width=image.width, height=image.height, sha256=image.sha256)


KIND = Kind(
    name="picture-facts",
    title="Facts of a picture",
    summary="Size and type.",
    job_class="local",
    price=PriceRule(base_credits=1),
    input=PictureFactsInput,
    result=PictureFactsResult,
    example={"image_url": "https://studio.example/holiday.jpg"},
    run=run,
    memory_mb=4,
)
