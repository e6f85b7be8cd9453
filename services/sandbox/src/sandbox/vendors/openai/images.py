"""Makes the pictures of an image request and the JSON or the event stream that carries them."""

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from sandbox.drawing.brief import Brief
from sandbox.drawing.studio import Studio
from sandbox.pace import Pace
from sandbox.vendors.openai.parameters import ImageRequest

_SECONDS_PER_IMAGE = 1.2
_SECONDS_PER_PARTIAL = 0.4
_TOKENS_PER_MEGAPIXEL = {"low": 260, "medium": 1_010, "high": 3_970, "xhigh": 6_000, "max": 9_000}
_IMAGE_INPUT_TOKENS = 323


class ImageMaker:
    """Answers generations and edits; `sources` are the pictures an edit was given."""

    def __init__(self, studio: Studio, pace: Pace, *, revised_prompt: bool) -> None:
        self._studio = studio
        self._pace = pace
        self._revised_prompt = revised_prompt

    async def check(self, sources: list[bytes]) -> None:
        """Reads the pictures of an edit before anything is answered.

        Raises:
            UnreadableImageError: one of them is none.
        """
        await self._studio.run(_read_all, sources)

    async def answer(self, request: ImageRequest, sources: list[bytes]) -> dict[str, Any]:
        """The `ImagesResponse` object."""
        data = []
        for number in range(request.count):
            await self._pace.work(_SECONDS_PER_IMAGE)
            item = {"b64_json": await self._picture(request, sources, number)}
            if self._revised_prompt:
                item["revised_prompt"] = f"{request.prompt.strip().rstrip('.')}, composed with care."
            data.append(item)
        return {"created": int(time.time()), "data": data, **self._facts(request, sources)}

    async def stream(self, request: ImageRequest, sources: list[bytes]) -> AsyncIterator[bytes]:
        """The server-sent events: the partial pictures, coarse first, then the completed one."""
        prefix = "image_edit" if sources else "image_generation"
        facts = self._facts(request, sources)
        usage = facts.pop("usage")
        for number in range(request.partial_images):
            await self._pace.work(_SECONDS_PER_PARTIAL)
            partial = await self._picture(request, sources, 0, blur=2.0 ** (6 - number))
            event = {"b64_json": partial, "partial_image_index": number, "created_at": int(time.time())}
            yield _event(f"{prefix}.partial_image", {**event, **facts})
        await self._pace.work(_SECONDS_PER_PARTIAL)
        final = {"b64_json": await self._picture(request, sources, 0), "created_at": int(time.time())}
        yield _event(f"{prefix}.completed", {**final, **facts, "usage": usage})

    async def _picture(self, request: ImageRequest, sources: list[bytes], number: int, blur: float = 0.0) -> str:
        brief = Brief(request.prompt, request.width, request.height, number, "openai", request.model)
        transparent = request.background == "transparent"
        content = await self._studio.run(_make, brief, request, sources, transparent, blur)
        return base64.b64encode(content).decode("ascii")

    def _facts(self, request: ImageRequest, sources: list[bytes]) -> dict[str, Any]:
        quality = "medium" if request.quality == "auto" else request.quality
        facts: dict[str, Any] = {
            "background": "transparent" if request.background == "transparent" else "opaque",
            "output_format": request.encoding.format.value,
            "quality": quality,
            "size": request.size,
            "usage": _usage(request, quality, len(sources)),
        }
        if request.safety_identifier:
            facts["safety_identifier"] = request.safety_identifier
        return facts


def _read_all(sources: list[bytes]) -> None:
    from sandbox.drawing.files import decode

    for source in sources:
        decode(source)


def _make(brief: Brief, request: ImageRequest, sources: list[bytes], transparent: bool, blur: float) -> bytes:
    from sandbox.drawing.edits import cut_out, edit, soften
    from sandbox.drawing.files import decode, encode, label
    from sandbox.drawing.picture import compose

    image = edit(decode(sources[0]), brief) if sources else compose(brief)
    if transparent:
        image = cut_out(image)
    if blur:
        image = soften(image, blur)
    return encode(image, request.encoding, label(brief))


def _usage(request: ImageRequest, quality: str, source_count: int) -> dict[str, Any]:
    text = max(1, len(request.prompt) // 4)
    images = _IMAGE_INPUT_TOKENS * source_count
    megapixels = request.width * request.height / 1_048_576
    output = round(_TOKENS_PER_MEGAPIXEL[quality] * megapixels) * request.count
    output += 100 * request.partial_images if request.stream else 0
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": output,
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
        "total_tokens": text + images + output,
    }


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
