"""A kind of work for these tests: several steps, each of which buys a picture, delivers it, and takes a while."""

import asyncio
import hashlib

from pydantic import Field

from common.events.kinds import PriceRule
from generation.engine.artefact import ImageArtefact
from generation.engine.context import JobContext, Step
from generation.kinds.kind import Kind, KindInput, KindResult
from generation.providers.ports import ImageRequest


class RehearsalInput(KindInput):
    """How much there is to do."""

    title: str = Field(min_length=1, max_length=200)
    steps: int = Field(default=1, ge=0, le=10)
    pause_seconds: float = Field(default=0.0, ge=0, le=60)


class RehearsalResult(KindResult):
    """What was made."""

    pictures: list[ImageArtefact]


async def run(request: RehearsalInput, job: JobContext) -> RehearsalResult:
    """Buy and store one picture a step."""
    pictures = []
    for number in range(request.steps):

        async def make(step: Step, number: int = number) -> ImageArtefact:
            image = await step.make_image(
                ImageRequest(
                    prompt=f"{request.title}, picture {number}",
                    width=256,
                    height=256,
                    aspect_ratio="1:1",
                    user_reference=hashlib.sha256(job.account_id.bytes).hexdigest(),
                )
            )
            return await step.store_image(f"picture-{number}", image.content)

        await job.progress((number + 0.1) / max(request.steps, 1), f"picture {number + 1} of {request.steps}")
        pictures.append(await job.step(f"picture-{number}", ImageArtefact, make, part_credits=2))
        await asyncio.sleep(request.pause_seconds)
    if not request.steps:
        await asyncio.sleep(request.pause_seconds)
    return RehearsalResult(pictures=pictures)


KIND = Kind(
    name="rehearsal",
    title="Rehearsal",
    summary="Some pictures, one after the other.",
    job_class="local",
    price=PriceRule(base_credits=6),
    input=RehearsalInput,
    result=RehearsalResult,
    example={"title": "A dry run", "steps": 2},
    run=run,
    memory_mb=1,
)
