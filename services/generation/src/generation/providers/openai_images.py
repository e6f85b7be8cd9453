"""Text or picture to image through OpenAI's Images API, or any endpoint that speaks it; the SDK's retries are off.

Not to be imported where no image is made: the SDK takes half a second and some 50 MB.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from openai import AsyncOpenAI
from openai.resources.images import AsyncImagesWithRawResponse

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.cut_outs import CutOuts
from generation.providers.http_client import MEBIBYTE, bounded_client
from generation.providers.imaging import Imaging
from generation.providers.openai_errors import as_provider_errors
from generation.providers.openai_image_answers import ImageAnswers
from generation.providers.picture_ports import CutOutRequest, ImageEditRequest
from generation.providers.ports import ImageRequest, ProviderCall, ProviderImage

ANSWER_BYTES_MAX = 64 * MEBIBYTE

_CUT_OUT_PROMPT = (
    "Remove the background. Keep the main subject exactly as it is: same place, size, pose, colours and texture. "
    "Do not redraw, move, crop, complete or add anything. Everything that is not the subject is fully transparent."
)

_Endpoint = Callable[[AsyncImagesWithRawResponse], Callable[..., Awaitable[Any]]]


class OpenAIImages:
    """An :class:`~generation.providers.ports.ImageMaker`, and of :mod:`~generation.providers.picture_ports` an
    ``ImageEditor`` and ``ImageCutter``, over OpenAI's protocol.

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
        self._native = native
        self._quality = quality
        self._partial_images = partial_images if native else 0
        self._answers = ImageAnswers(provider, imaging, quality=quality, partial_images=self._partial_images)
        self._cut_outs = CutOuts(provider, imaging)
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
        size = card.nearest_size(request.width, request.height)
        parameters = self._parameters(request.full_prompt, size, request.user_reference, card)
        return await self._bought(lambda images: images.generate, parameters, card, key, call)

    async def edit_image(self, request: ImageEditRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageEditor`; likewise one request."""
        card = self._catalogue.card(self._provider, model)
        picture = request.picture
        size = card.nearest_size(request.width, request.height)
        # A tuple, for bare bytes travel as "upload" of type application/octet-stream, which is refused.
        parameters = self._parameters(request.prompt, size, request.user_reference, card) | {
            "image": (picture.file_name, await picture.read(), picture.media_type)
        }
        if request.faithful and card.input_fidelity:
            parameters["input_fidelity"] = "high"
        return await self._bought(lambda images: images.edit, parameters, card, key, call)

    async def cut_out(self, request: CutOutRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageCutter`; an edit with a transparent background.

        The model makes its own sizes and draws anew: the picture is sent on a canvas of such a size, and what comes
        is held against it.
        """
        card = self._catalogue.cut_out_card(self._provider, model)
        content, letterbox = await self._cut_outs.letterboxed(request.picture, card)
        size = f"{letterbox.canvas[0]}x{letterbox.canvas[1]}"
        parameters = self._parameters(_CUT_OUT_PROMPT, size, request.user_reference, card) | {
            "image": ("picture.png", content, "image/png"),
            "background": "transparent",
            "output_format": "png",
        }
        if card.input_fidelity:
            parameters["input_fidelity"] = "high"
        image = await self._bought(lambda images: images.edit, parameters, card, key, call)
        return await self._cut_outs.alpha(request.picture, image, model, letterbox)

    async def _bought(
        self, endpoint: _Endpoint, parameters: Mapping[str, Any], card: ModelCard, key: str, call: ProviderCall
    ) -> ProviderImage:
        """Send the one request and read what comes."""
        send = endpoint(self._client.with_options(api_key=key).images.with_raw_response)
        async with as_provider_errors(provider=self._provider, model=card.model, timeout_seconds=call.timeout_seconds):
            if self._partial_images:
                raw = await send(**parameters, stream=True, partial_images=self._partial_images)
                return await self._answers.streamed(raw.parse(), card, call, raw.http_response)
            raw = await send(**parameters)
            return await self._answers.whole(raw.parse(), card, raw.http_response)

    def _parameters(self, prompt: str, size: str, user_reference: str, card: ModelCard) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "model": card.model,
            "prompt": prompt,
            "n": 1,
            "size": size,
            "extra_headers": {"X-Client-Request-Id": str(uuid.uuid4())},
        }
        if self._native:
            return parameters | {
                "quality": self._quality,
                "output_format": "png",
                "safety_identifier": user_reference,
            }
        return parameters | {"response_format": "b64_json"}
