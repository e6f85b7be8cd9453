"""Text to image through OpenAI's Images API, or any endpoint that speaks it; the SDK's own retries are off.

Not to be imported where no image is made: the SDK takes half a second and some 50 MB.
"""

import base64
import binascii
import uuid
from typing import Any

import httpx2
from openai import AsyncOpenAI, AsyncStream
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent, ImageGenStreamEvent
from openai.types.images_response import ImagesResponse

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import Unavailable
from generation.providers.http_client import MEBIBYTE, bounded_client
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.openai_errors import as_provider_errors, request_id_of
from generation.providers.ports import ImageRequest, ProviderCall, ProviderImage
from generation.providers.prices import TokenUsage, image_microusd, tokens_microusd

ANSWER_BYTES_MAX = 64 * MEBIBYTE


class OpenAIImages:
    """An :class:`~generation.providers.ports.ImageMaker` over OpenAI's protocol.

    ``native`` is False for compatible endpoints, which are sent only what the protocol's older half knows: no
    quality, no safety identifier, and an explicit wish for base64.
    """

    def __init__(
        self,
        *,
        base_url: str,
        catalogue: Catalogue,
        imaging: Imaging,
        provider: str = "openai",
        native: bool = True,
        quality: str = "medium",
        partial_images: int = 0,
        read_timeout_seconds: float = 120.0,
        connections_max: int = 16,
    ) -> None:
        self._provider = provider
        self._catalogue = catalogue
        self._imaging = imaging
        self._native = native
        self._quality = quality
        self._partial_images = partial_images if native else 0
        self._http = bounded_client(
            read_timeout_seconds=read_timeout_seconds,
            bytes_max=ANSWER_BYTES_MAX,
            connections_max=connections_max,
        )
        # The key is a placeholder: every call brings its own.
        self._client = AsyncOpenAI(
            api_key="unset",
            base_url=base_url,
            max_retries=0,
            timeout=self._http.timeout,
            http_client=self._http,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def make_image(self, request: ImageRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.ports.ImageMaker`; one request on the wire, never more.

        The API has no way to fetch an earlier result, so ``adopted_external_id`` cannot occur.
        """
        card = self._catalogue.card(self._provider, model)
        parameters = self._parameters(request, card)
        images = self._client.with_options(api_key=key).images.with_raw_response
        async with as_provider_errors(provider=self._provider, model=model, timeout_seconds=call.timeout_seconds):
            if self._partial_images:
                raw = await images.generate(**parameters, stream=True, partial_images=self._partial_images)
                event = await self._last_event(raw.parse(), model, call)
                return await self._image(event.b64_json, event.usage, None, card, raw.http_response)
            raw = await images.generate(**parameters)
            answer = self._answer(raw.parse(), model, raw.http_response)
            first = answer.data[0] if answer.data else None
            encoded = first.b64_json if first else None
            revised = first.revised_prompt if first else None
            return await self._image(encoded, answer.usage, revised, card, raw.http_response)

    def _parameters(self, request: ImageRequest, card: ModelCard) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "model": card.model,
            "prompt": request.full_prompt,
            "n": 1,
            "size": card.nearest_size(request.width, request.height),
            "extra_headers": {"X-Client-Request-Id": str(uuid.uuid4())},
        }
        if self._native:
            return parameters | {
                "quality": self._quality,
                "output_format": "png",
                "safety_identifier": request.user_reference,
            }
        return parameters | {"response_format": "b64_json"}

    def _answer(self, answer: object, model: str, response: httpx2.Response) -> ImagesResponse:
        if isinstance(answer, ImagesResponse):
            return answer
        # The SDK hands an HTML page back as a str although it promises a model.
        raise self._unavailable(
            f"answer is {response.headers.get('content-type')!r}, not an image",
            model,
            code="malformed",
            request_id=request_id_of(response),
        )

    async def _last_event(
        self, stream: AsyncStream[ImageGenStreamEvent], model: str, call: ProviderCall
    ) -> ImageGenCompletedEvent:
        """Show the previews, return the finished image; a stream that just ends raises nothing by itself."""
        async with stream:
            async for event in stream:
                if isinstance(event, ImageGenCompletedEvent):
                    return event
                if isinstance(event, ImageGenPartialImageEvent):
                    fraction = (event.partial_image_index + 1) / (self._partial_images + 1)
                    await call.progress(min(fraction, 0.95), _decoded(event.b64_json))
        raise self._unavailable(
            "stream ended before the image was complete", model, code="truncated", billable_unknown=True
        )

    async def _image(
        self,
        encoded: str | None,
        usage: object,
        revised: str | None,
        card: ModelCard,
        response: httpx2.Response,
    ) -> ProviderImage:
        request_id = request_id_of(response)
        counted = _usage(usage)
        content = _decoded(encoded)
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
                cost_microusd=tokens_microusd(card, counted) if counted else None,
            ) from error
        return ProviderImage(
            content=content,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            cost_microusd=image_microusd(card, quality=self._quality, usage=counted),
            revised_prompt=revised,
            request_id=request_id,
            input_tokens=counted.text_input + counted.image_input if counted else None,
            output_tokens=counted.text_output + counted.image_output if counted else None,
        )

    def _unavailable(
        self,
        detail: str,
        model: str,
        *,
        code: str,
        billable_unknown: bool = False,
        request_id: str | None = None,
    ) -> Unavailable:
        return Unavailable(
            detail,
            provider=self._provider,
            model=model,
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
