"""The kind `upscale`: a picture at two or four times its width and height."""

from datetime import timedelta
from enum import IntEnum

from pydantic import Field

from common.events.kinds import PriceRule
from generation.assets.rules import IMAGE_TOO_LARGE
from generation.engine.artefact import ImageArtefact, PixelSize
from generation.engine.context import JobContext, Step
from generation.engine.failures import JobFailed
from generation.engine.image_input import ImageInput
from generation.engine.input_images import InputImage
from generation.kept.storage import KeptKey
from generation.kinds.kind import Kind, KindResult
from generation.providers.picture_ports import SourcePicture, UpscaleRequest

VERSION = 1
"""Goes up when the same picture would be enlarged otherwise: results kept by former versions are not served then."""
KEEP_FOR = timedelta(days=1)
"""Short, because what is kept points to a stored file."""
RESULT_PIXELS_MAX = 25_000_000
"""What storage takes of a picture on Cloudinary's usual plans."""
SIDE_MAX = 16_383
"""Pixels; WebP's limit."""


class Scale(IntEnum):
    """How many times as wide and as high."""

    TWO = 2
    FOUR = 4


class UpscaleInput(ImageInput):
    """The picture, and how much larger it is to become."""

    scale: Scale = Field(
        description="Pixels of the result for one of the picture, each way. The result has at most 25 megapixels."
    )


class UpscaleResult(KindResult):
    """The enlarged picture."""

    image: ImageArtefact
    original_size: PixelSize
    new_size: PixelSize
    scale: Scale
    provider: str = Field(description="`local` with the model `lanczos` is interpolation, by no model.")
    model: str
    cached: bool = Field(default=False, description="Whether the same was asked for before and the answer kept.")


async def run(request: UpscaleInput, job: JobContext) -> UpscaleResult:
    """Bring the picture, have it enlarged, store the result."""
    await job.progress(0.05, "Fetching your picture")
    picture = await job.input_image(request)
    ensure_result_fits(picture.width, picture.height, request.scale)
    key = KeptKey(KIND.name, VERSION, picture.sha256, {"scale": int(request.scale)}, KEEP_FOR)

    async def enlarge(step: Step) -> UpscaleResult:
        return await _enlarged(request.scale, picture, job, step)

    return await job.step("enlarge", UpscaleResult, enlarge, kept_as=key)


def ensure_result_fits(width: int, height: int, scale: int) -> None:
    """Turn down what would become too large, before anything is bought.

    Raises:
        JobFailed: `IMAGE_TOO_LARGE`; it says how large a picture may be.
    """
    if width * height * scale**2 > RESULT_PIXELS_MAX or max(width, height) * scale > SIDE_MAX:
        megapixels = RESULT_PIXELS_MAX / scale**2 / 1_000_000
        raise JobFailed(
            IMAGE_TOO_LARGE,
            f"{width}x{height} pixels at {scale} times are too many: a picture may have {megapixels:.1f} megapixels "
            f"and sides of {SIDE_MAX // scale}.",
        )


async def _enlarged(scale: Scale, picture: InputImage, job: JobContext, step: Step) -> UpscaleResult:
    source = SourcePicture(picture.path, picture.media_type, picture.width, picture.height)
    request = UpscaleRequest(source, int(scale), picture.path.with_name("enlarged"))
    made, provider, model = await step.upscale(request, progress=(0.1, 0.85))
    await job.progress(0.9, "Storing the picture")
    return UpscaleResult(
        image=await step.store_image_file("enlarged", made.path, media_type=made.media_type),
        original_size=PixelSize(width=picture.width, height=picture.height),
        new_size=PixelSize(width=made.width, height=made.height),
        scale=scale,
        provider=provider,
        model=model,
    )


KIND = Kind(
    name="upscale",
    title="Upscale",
    summary="A picture at two or four times its size.",
    job_class="image",
    # JSON knows no whole numbers: a scale may come as 2.0, and what is not in the table costs the most.
    price=PriceRule(base_credits=4, by_field="scale", credits_by_value={"2": 2, "2.0": 2, "4": 4, "4.0": 4}),
    input=UpscaleInput,
    result=UpscaleResult,
    example={"image_url": "https://example.com/label.png", "scale": 4},
    run=run,
    memory_mb=120,  # of four megapixels, in a child process; the pool bounds what larger ones take
)
