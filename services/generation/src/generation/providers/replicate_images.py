"""Text or picture to image on Replicate."""

from collections.abc import Mapping

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import Unavailable
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.picture_ports import ImageEditRequest
from generation.providers.ports import ImageRequest, ProviderCall, ProviderImage
from generation.providers.prices import image_microusd
from generation.providers.replicate_api import Call, Prediction, ReplicateApi
from generation.providers.replicate_predictions import Predictions, spoiled

SHAPE_OF_PICTURE = "match_input_image"
"""The aspect ratio by which Replicate's editing models keep that of the picture they are given."""


class ReplicateImages:
    """An :class:`~generation.providers.ports.ImageMaker` and
    :class:`~generation.providers.picture_ports.ImageEditor` over Replicate's predictions.
    """

    def __init__(self, api: ReplicateApi, *, catalogue: Catalogue, imaging: Imaging, poll_scale: float = 1.0) -> None:
        self._predictions = Predictions(api, poll_scale=poll_scale)
        self._catalogue = catalogue
        self._imaging = imaging

    async def aclose(self) -> None:
        """Close the connections."""
        await self._predictions.aclose()

    async def make_image(self, request: ImageRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.ports.ImageMaker`."""
        card = self._catalogue.card("replicate", model)
        wire = Call(model, key)

        async def fetch(prediction: Prediction) -> ProviderImage:
            return await self._fetched(wire, prediction, card)

        return await self._predictions.carry_out(wire, _inputs(request, card), call, fetch)

    async def edit_image(self, request: ImageEditRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageEditor`."""
        card = self._catalogue.edit_card("replicate", model)
        wire = Call(model, key)

        async def inputs() -> Mapping[str, object]:
            picture = await self._predictions.hand_over(wire, request.picture)
            return _edit_inputs(request, card) | {str(card.picture_input): picture}

        async def fetch(prediction: Prediction) -> ProviderImage:
            return await self._fetched(wire, prediction, card)

        return await self._predictions.carry_out(wire, inputs, call, fetch)

    async def _fetched(self, wire: Call, prediction: Prediction, card: ModelCard) -> ProviderImage:
        cost = image_microusd(card, compute_seconds=prediction.compute_seconds)
        outputs = prediction.output if isinstance(prediction.output, list) else [prediction.output]
        address = outputs[0] if outputs else None
        if not isinstance(address, str):
            raise spoiled("the prediction succeeded without an output", prediction, card.model, cost)
        try:
            content = await self._predictions.download(wire, prediction, address)
            facts = await self._imaging.inspect(content)
        except Unavailable as error:
            if error.resumable_external_id is not None:
                raise
            raise spoiled(error.detail, prediction, card.model, cost, code=error.code or "malformed") from error
        except UnusableImage as error:
            raise spoiled(str(error), prediction, card.model, cost) from error
        return ProviderImage(
            content=content,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            cost_microusd=cost,
            request_id=prediction.id,
        )


def _inputs(request: ImageRequest, card: ModelCard) -> dict[str, object]:
    return _shaped(request, card, request.aspect_ratio) | {"prompt": request.full_prompt}


def _edit_inputs(request: ImageEditRequest, card: ModelCard) -> dict[str, object]:
    return _shaped(request, card, request.aspect_ratio or SHAPE_OF_PICTURE) | {"prompt": request.prompt}


def _shaped(request: ImageRequest | ImageEditRequest, card: ModelCard, aspect_ratio: str) -> dict[str, object]:
    inputs: dict[str, object] = dict(card.inputs)
    if card.size_as == "aspect_ratio":
        inputs["aspect_ratio"] = aspect_ratio
    else:
        width, _, height = card.nearest_size(request.width, request.height).partition("x")
        inputs |= {"width": int(width), "height": int(height)}
    if request.seed is not None:
        inputs["seed"] = request.seed
    return inputs
