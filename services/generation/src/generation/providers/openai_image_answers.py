"""What OpenAI's Images API answers, whole or as a stream, read and verified; the SDK validates nothing of it."""

import base64
import binascii
from collections.abc import AsyncIterable
from typing import Any

import httpx2
from openai import AsyncStream
from openai.types import (
    ImageEditCompletedEvent,
    ImageEditPartialImageEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
)
from openai.types.images_response import ImagesResponse

from generation.providers.catalogue import ModelCard
from generation.providers.errors import Unavailable
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.openai_errors import request_id_of
from generation.providers.ports import ProviderCall, ProviderImage
from generation.providers.prices import TokenUsage, image_microusd

_Completed = ImageGenCompletedEvent | ImageEditCompletedEvent
_Partial = ImageGenPartialImageEvent | ImageEditPartialImageEvent


class ImageAnswers:
    """Turns answers into images, or into what went wrong."""

    def __init__(self, provider: str, imaging: Imaging, *, quality: str, partial_images: int) -> None:
        self._provider = provider
        self._imaging = imaging
        self._quality = quality
        self._partial_images = partial_images

    async def whole(self, answer: object, card: ModelCard, response: httpx2.Response) -> ProviderImage:
        """The image of an answer that came in one piece.

        Raises:
            Unavailable: it holds none. It was paid for where it counts tokens or holds what is no image; else nobody
                knows.
        """
        if not isinstance(answer, ImagesResponse):
            # The SDK hands an HTML page back as a str although it promises a model.
            raise self._unavailable(
                f"answer is {response.headers.get('content-type')!r}, not an image",
                card,
                code="malformed",
                request_id=request_id_of(response),
            )
        first = answer.data[0] if answer.data else None
        encoded = first.b64_json if first else None
        revised = first.revised_prompt if first else None
        return await self._image(encoded, answer.usage, revised, card, response)

    async def streamed(
        self, stream: AsyncStream[Any], card: ModelCard, call: ProviderCall, response: httpx2.Response
    ) -> ProviderImage:
        """The finished image of a stream, its previews shown meanwhile.

        Raises:
            Unavailable: it ended before; by itself such a stream raises nothing.
        """
        async with stream:
            event = await self._last_event(stream, call)
        if event is None:
            raise self._unavailable(
                "stream ended before the image was complete", card, code="truncated", billable_unknown=True
            )
        return await self._image(event.b64_json, event.usage, None, card, response)

    async def _last_event(self, stream: AsyncIterable[Any], call: ProviderCall) -> _Completed | None:
        async for event in stream:
            if isinstance(event, _Completed):
                return event
            if isinstance(event, _Partial):
                fraction = (event.partial_image_index + 1) / (self._partial_images + 1)
                await call.progress(min(fraction, 0.95), _decoded(event.b64_json))
        return None

    async def _image(
        self, encoded: str | None, usage: object, revised: str | None, card: ModelCard, response: httpx2.Response
    ) -> ProviderImage:
        request_id = request_id_of(response)
        counted = _usage(usage)
        tokens = (
            (counted.text_input + counted.image_input, counted.text_output + counted.image_output)
            if counted
            else (None, None)
        )
        content = _decoded(encoded)
        known = counted is not None or content is not None
        cost = image_microusd(card, quality=self._quality, usage=counted)
        try:
            if content is None:
                raise UnusableImage("the answer holds no image")
            facts = await self._imaging.inspect(content)
        except UnusableImage as error:
            raise Unavailable(
                str(error),
                provider=self._provider,
                model=card.model,
                request_id=request_id,
                code="malformed",
                cost_microusd=cost if known else None,
                billable_unknown=not known,
            ).counting(*tokens) from error
        return ProviderImage(
            content=content,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            cost_microusd=cost,
            revised_prompt=revised,
            request_id=request_id,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
        )

    def _unavailable(
        self, detail: str, card: ModelCard, *, code: str, billable_unknown: bool = False, request_id: str | None = None
    ) -> Unavailable:
        return Unavailable(
            detail,
            provider=self._provider,
            model=card.model,
            code=code,
            billable_unknown=billable_unknown,
            request_id=request_id,
        )


def _decoded(encoded: object) -> bytes | None:
    if not isinstance(encoded, str) or not encoded:
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None


def _usage(usage: object) -> TokenUsage | None:
    """Token counts of an answer; the SDK does not validate, so every field may be missing or odd.

    Where only totals are given, input counts as text and output as image, as it is for text to image.
    """
    total_in, total_out = _count(usage, "input_tokens"), _count(usage, "output_tokens")
    if total_in == 0 and total_out == 0:
        return None
    details_in = getattr(usage, "input_tokens_details", None)
    details_out = getattr(usage, "output_tokens_details", None)
    image_in = min(_count(details_in, "image_tokens"), total_in)
    text_out = min(_count(details_out, "text_tokens"), total_out)
    return TokenUsage(
        text_input=total_in - image_in,
        image_input=image_in,
        text_output=text_out,
        image_output=total_out - text_out,
    )


def _count(holder: object, name: str) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and value > 0 else 0
