"""Steps that work on a given picture, from ring to ending over the sandbox."""

import io

from PIL import Image, ImageChops, ImageDraw

from common.db.database import Database
from generation.engine.context import JobContext, Step
from generation.providers.bootstrap import Providers
from generation.providers.picture_ports import ImageEditRequest, SourcePicture
from sandbox.client import SandboxClient

from ..stage import Answer, Text, enqueue_one, executor_of, kind_of, rows, until_state


def line_page() -> bytes:
    """A page to colour: a frame, a circle and a line, black on white."""
    page = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((40, 40, 470, 470), outline="black", width=6)
    draw.ellipse((150, 150, 360, 360), outline="black", width=6)
    draw.line((40, 420, 470, 420), fill="black", width=6)
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


async def test_a_page_is_coloured_within_its_lines_by_whoever_delivers(
    database: Database, providers: Providers, sandbox: SandboxClient
) -> None:
    made: dict[str, bytes] = {}

    async def play(request: Text, job: JobContext) -> Answer:
        async def colour(step: Step) -> Answer:
            picture = SourcePicture(line_page(), "image/png", 512, 512)
            image = await step.edit_image(ImageEditRequest("colour it gaily", picture, 512, 512, "u-1"))
            made[image.provider] = image.content
            return Answer(value=image.provider)

        return await job.step("colour", Answer, colour)

    for provider in ("openai", "replicate"):
        if provider == "replicate":
            await sandbox.fault("openai", "images.edit", {"status": 401})
        job_id = await enqueue_one(database)
        executor = executor_of(database, providers, kind_of(play))
        executor.answer("image")
        row = await until_state(database, job_id, "completed", "failed")
        await executor.drain(1)
        assert row.state == "completed"
        page = Image.open(io.BytesIO(made[provider])).convert("RGB").resize((512, 512))
        lines = Image.open(io.BytesIO(line_page())).convert("L").point(lambda value: 255 if value < 40 else 0)
        dark = Image.composite(page.convert("L"), Image.new("L", page.size), lines)
        assert ImageChops.multiply(dark, lines).getextrema()[1] < 110, f"{provider} painted over lines"
        assert page.convert("HSV").getchannel("S").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) > 15
    spent = await rows(
        database, "SELECT capability, provider, outcome, cost_microusd FROM attempts ORDER BY started_at"
    )
    assert [(row.capability, row.provider, row.outcome) for row in spent] == [
        ("image.edit", "openai", "ok"),
        ("image.edit", "openai", "broken"),
        ("image.edit", "replicate", "ok"),
    ]
    assert spent[0].cost_microusd > 0
    assert spent[2].cost_microusd == 40_000
