"""The kind `background-removal`: a picture's main thing with a transparent background."""

import asyncio
import hashlib
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from common.events.kinds import PriceRule
from generation.engine.artefact import ImageArtefact, PixelSize
from generation.engine.context import JobContext, Step
from generation.engine.image_input import ImageInput
from generation.engine.input_images import InputImage
from generation.kept.storage import KeptKey
from generation.kinds.kind import Kind, KindResult
from generation.local.pool import LocalTask
from generation.providers.picture_ports import CutOutRequest, SourcePicture

VERSION = 1
"""Goes up when the same picture would be cut out otherwise: results kept by former versions are not served then."""
KEEP_FOR = timedelta(days=1)
"""Short, because what is kept points to a stored file."""
COPY_TASK = LocalTask("cut-out-copy", "generation.local.cut_out_work:copy")
FINISH_TASK = LocalTask("cut-out-finish", "generation.local.cut_out_work:finish", wall_seconds=60.0, cpu_seconds=45.0)


class OutputFormat(StrEnum):
    """Formats that have transparency."""

    PNG = "png"
    WEBP = "webp"


class BackgroundRemovalInput(ImageInput):
    """The picture, and the format of the result."""

    output_format: OutputFormat = Field(
        default=OutputFormat.WEBP, description="`webp` is a fraction of the size; `png` is read everywhere."
    )


class BackgroundRemovalResult(KindResult):
    """The cut-out: the customer's own pixels with an alpha channel."""

    image: ImageArtefact
    original_size: PixelSize = Field(description="Above 12.6 megapixels the result is smaller than the picture was.")
    subject_share: float = Field(description="The part of the picture that stays, 0 to 1.")
    provider: str
    model: str
    cached: bool = Field(default=False, description="Whether the same was asked for before and the answer kept.")


async def run(request: BackgroundRemovalInput, job: JobContext) -> BackgroundRemovalResult:
    """Bring the picture, have its outline found, cut it out of the original, store the result."""
    await job.progress(0.05, "Fetching your picture")
    picture = await job.input_image(request)
    key = KeptKey(KIND.name, VERSION, picture.sha256, {"output_format": request.output_format.value}, KEEP_FOR)

    async def cut_out(step: Step) -> BackgroundRemovalResult:
        return await _cut_out(request, picture, job, step)

    return await job.step("cut-out", BackgroundRemovalResult, cut_out, kept_as=key)


async def _cut_out(
    request: BackgroundRemovalInput, picture: InputImage, job: JobContext, step: Step
) -> BackgroundRemovalResult:
    copy, alpha, target = (picture.path.with_name(name) for name in ("copy", "alpha", "cut-out"))
    shown = await step.local(COPY_TASK, {"source": str(picture.path), "target": str(copy)})
    wanted = CutOutRequest(
        SourcePicture(copy, "image/jpeg", shown["width"], shown["height"]),
        user_reference=hashlib.sha256(job.account_id.bytes).hexdigest(),
    )
    made = await step.cut_out(wanted, progress=(0.15, 0.75))
    await asyncio.to_thread(alpha.write_bytes, made.content)
    await job.progress(0.8, "Cutting it out")
    facts = await step.local(FINISH_TASK, _finishing(picture.path, alpha, target, request.output_format))
    return BackgroundRemovalResult(
        image=await step.store_image_file("cut-out", target, media_type=f"image/{request.output_format.value}"),
        original_size=PixelSize(width=shown["original_width"], height=shown["original_height"]),
        subject_share=facts["subject_share"],
        provider=made.provider,
        model=made.model,
    )


def _finishing(source: Path, alpha: Path, target: Path, output_format: OutputFormat) -> dict[str, str]:
    return {
        "source": str(source),
        "alpha": str(alpha),
        "target": str(target),
        "file_format": output_format.value,
    }


KIND = Kind(
    name="background-removal",
    title="Background removal",
    summary="The main thing of a picture with a transparent background.",
    job_class="image",
    price=PriceRule(base_credits=2),
    input=BackgroundRemovalInput,
    result=BackgroundRemovalResult,
    example={"image_url": "https://example.com/chair.jpg", "output_format": "png"},
    run=run,
    memory_mb=120,  # of four megapixels, in a child process; the pool bounds what larger ones take
)
