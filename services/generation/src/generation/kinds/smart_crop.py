"""The kind `smart-crop`: a picture cropped to a ratio so that what matters stays in it."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from common.events.kinds import PriceRule
from generation.engine.artefact import ImageArtefact, PixelSize
from generation.engine.context import JobContext, Step
from generation.engine.image_input import ImageInput
from generation.engine.input_images import InputImage
from generation.kept.storage import KeptKey
from generation.kinds.kind import Kind, KindResult
from generation.local.pool import LocalTask

VERSION = 1
"""Goes up when the same picture would be cropped otherwise: results kept by former versions are not served then."""
KEEP_FOR = timedelta(days=1)
"""Short, because what is kept points to a stored file."""
TASK = LocalTask("smart-crop", "generation.local.crop_work:crop")


class Ratio(StrEnum):
    """Width to height."""

    SQUARE = "1:1"
    WIDE = "16:9"
    TALL = "9:16"
    CLASSIC = "4:3"


SIZES = {
    Ratio.SQUARE: (1024, 1024),
    Ratio.WIDE: (1920, 1080),
    Ratio.TALL: (1080, 1920),
    Ratio.CLASSIC: (1600, 1200),
}
"""Pixels by ratio."""


class CropFocus(StrEnum):
    """What is to stay in the picture."""

    AUTO = "auto"
    FACE = "face"
    CENTER = "center"
    PRODUCT = "product"


class SmartCropInput(ImageInput):
    """The picture, and how to crop it."""

    target_ratio: Ratio = Field(
        description="1:1 gives 1024x1024, 16:9 1920x1080, 9:16 1080x1920, 4:3 1600x1200 pixels."
    )
    focus: CropFocus = Field(default=CropFocus.AUTO, description="What is to stay in the picture.")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class CropBox(_Facts):
    """A region of the original, in pixels from its upper left corner."""

    left: int
    top: int
    width: int
    height: int


class SmartCropResult(KindResult):
    """The cropped picture and how it was made."""

    image: ImageArtefact
    box: CropBox = Field(description="What was cut out of the original.")
    original_size: PixelSize
    new_size: PixelSize
    focus: CropFocus = Field(description="What decided: `auto` also where no face or no single thing was found.")
    faces: int = Field(description="How many faces were seen, with focus `face`.")
    scale: float = Field(description="Pixels of the result for one of the original.")
    upscaled: bool = Field(description="Whether the region was smaller than the result and had to be enlarged.")
    cached: bool = Field(default=False, description="Whether the same was asked for before and the answer kept.")


async def run(request: SmartCropInput, job: JobContext) -> SmartCropResult:
    """Bring the picture, have it cropped by a child process, store the result."""
    await job.progress(0.05, "Fetching your picture")
    picture = await job.input_image(request)
    key = KeptKey(
        KIND.name, VERSION, picture.sha256, request.model_dump(mode="json", include={"target_ratio", "focus"}), KEEP_FOR
    )

    async def crop(step: Step) -> SmartCropResult:
        await job.progress(0.4, "Looking for what matters")
        return await _cropped(request, picture, step)

    return await job.step("crop", SmartCropResult, crop, kept_as=key)


async def _cropped(request: SmartCropInput, picture: InputImage, step: Step) -> SmartCropResult:
    width, height = SIZES[request.target_ratio]
    target = picture.path.with_name("cropped")
    facts = await step.local(
        TASK,
        {
            "source": str(picture.path),
            "target": str(target),
            "width": width,
            "height": height,
            "focus": request.focus.value,
        },
    )
    return SmartCropResult(
        image=await step.store_webp_file("crop", target),
        box=CropBox.model_validate(facts["box"]),
        original_size=PixelSize(width=facts["original_width"], height=facts["original_height"]),
        new_size=PixelSize(width=width, height=height),
        focus=CropFocus(facts["focus"]),
        faces=facts["faces"],
        scale=facts["scale"],
        upscaled=facts["scale"] > 1,
    )


KIND = Kind(
    name="smart-crop",
    title="Smart crop",
    summary="A picture cropped to a ratio so that what matters stays in it.",
    job_class="local",
    price=PriceRule(base_credits=1),
    input=SmartCropInput,
    result=SmartCropResult,
    example={"image_url": "https://example.com/portrait.jpg", "target_ratio": "1:1", "focus": "face"},
    run=run,
)
