"""The kind `text-to-design`: one image from a text."""

import hashlib
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from common.events.kinds import PriceRule
from generation.engine.artefact import ImageArtefact
from generation.engine.context import JobContext, Step
from generation.kinds.kind import Kind, KindInput, KindResult
from generation.providers.ports import ImageRequest


class Style(StrEnum):
    """The look that is asked for."""

    MODERN = "modern"
    VINTAGE = "vintage"
    MINIMAL = "minimal"
    BOLD = "bold"
    PLAYFUL = "playful"


class AspectRatio(StrEnum):
    """Width to height."""

    SQUARE = "1:1"
    WIDE = "16:9"
    TALL = "9:16"
    CLASSIC = "4:3"


SIZES = {
    AspectRatio.SQUARE: (1024, 1024),
    AspectRatio.WIDE: (1536, 864),
    AspectRatio.TALL: (864, 1536),
    AspectRatio.CLASSIC: (1280, 960),
}
"""Pixels by aspect ratio; both sides are multiples of 16, as image models want them."""

STYLE_WORDS = {
    Style.MODERN: "modern, clean composition, balanced light",
    Style.VINTAGE: "vintage, faded inks, paper grain",
    Style.MINIMAL: "minimal, few shapes, generous empty space",
    Style.BOLD: "bold, saturated colours, strong contrast",
    Style.PLAYFUL: "playful, rounded shapes, cheerful colours",
}

Colour = Annotated[str, StringConstraints(pattern=r"^(#[0-9a-fA-F]{6}|[a-zA-Z][a-zA-Z ]{1,28}[a-zA-Z])$")]


class TextToDesignInput(KindInput):
    """What to draw, and how."""

    prompt: str = Field(min_length=1, max_length=1000, pattern=r"\S", description="What the image shows.")
    style: Style = Style.MODERN
    aspect_ratio: AspectRatio = AspectRatio.SQUARE
    colors: list[Colour] = Field(default_factory=list, max_length=8, description="Names or #rrggbb.")
    negative_prompt: str | None = Field(default=None, min_length=1, max_length=500, description="What to leave out.")


class TextToDesignResult(KindResult):
    """The image, and what the provider made of the prompt."""

    image: ImageArtefact
    revised_prompt: str | None
    provider: str
    model: str


async def run(request: TextToDesignInput, job: JobContext) -> TextToDesignResult:
    """Have the image made, bring it to WebP, store it."""
    await job.progress(0.05, "Sending your idea to the studio")

    async def make(step: Step) -> TextToDesignResult:
        image = await step.make_image(_image_request(request, job), progress_from=0.1, progress_to=0.85)
        await job.progress(0.9, "Storing the picture")
        artefact = await step.store_image("design", image.content, size=SIZES[request.aspect_ratio])
        return TextToDesignResult(
            image=artefact, revised_prompt=image.revised_prompt, provider=image.provider, model=image.model
        )

    return await job.step("image", TextToDesignResult, make)


def _image_request(request: TextToDesignInput, job: JobContext) -> ImageRequest:
    width, height = SIZES[request.aspect_ratio]
    colours = f" Palette: {', '.join(request.colors)}." if request.colors else ""
    return ImageRequest(
        prompt=f"{request.prompt}\n\nStyle: {STYLE_WORDS[request.style]}.{colours}",
        width=width,
        height=height,
        aspect_ratio=request.aspect_ratio.value,
        user_reference=hashlib.sha256(job.account_id.bytes).hexdigest(),
        negative_prompt=request.negative_prompt,
    )


KIND = Kind(
    name="text-to-design",
    title="Design from text",
    summary="One image, WebP, from a description.",
    job_class="image",
    price=PriceRule(base_credits=5),
    input=TextToDesignInput,
    result=TextToDesignResult,
    example={"prompt": "A lighthouse at dusk, seen from the sea", "style": "vintage", "aspect_ratio": "4:3"},
    run=run,
)
