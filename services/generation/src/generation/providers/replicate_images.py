"""Images from texts, changed pictures, cut-outs and enlarged pictures on Replicate."""

from collections.abc import Mapping

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.cut_outs import CutOuts
from generation.providers.enlargements import Enlargements
from generation.providers.errors import Unavailable
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.picture_ports import (
    CutOutRequest,
    EnlargedFile,
    ImageEditRequest,
    SourcePicture,
    UpscaleRequest,
)
from generation.providers.ports import ImageRequest, ProviderCall, ProviderImage
from generation.providers.prices import image_microusd
from generation.providers.replicate_api import Call, Prediction, ReplicateApi
from generation.providers.replicate_handover import Handover
from generation.providers.replicate_predictions import InputsFn, Predictions, spoiled

SHAPE_OF_PICTURE = "match_input_image"
"""The aspect ratio by which Replicate's editing models keep that of the picture they are given."""


class ReplicateImages:
    """An :class:`~generation.providers.ports.ImageMaker`, and of :mod:`~generation.providers.picture_ports` an
    ``ImageEditor``, ``ImageCutter`` and ``ImageEnlarger``, over Replicate's predictions.
    """

    def __init__(
        self,
        api: ReplicateApi,
        *,
        catalogue: Catalogue,
        imaging: Imaging,
        enlargements: Enlargements | None = None,
        poll_scale: float = 1.0,
    ) -> None:
        self._predictions = Predictions(api, poll_scale=poll_scale)
        self._catalogue = catalogue
        self._imaging = imaging
        self._cut_outs = CutOuts("replicate", imaging)
        self._enlargements = enlargements

    async def aclose(self) -> None:
        """Close the connections."""
        await self._predictions.aclose()

    async def make_image(self, request: ImageRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.ports.ImageMaker`."""
        card = self._catalogue.card("replicate", model)
        wire = Call(model, key)

        async def fetch(prediction: Prediction) -> ProviderImage:
            return await self._fetched(wire, prediction, card)

        return await self._predictions.carry_out(wire, card, _inputs(request, card), call, fetch)

    async def edit_image(self, request: ImageEditRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageEditor`."""
        card = self._catalogue.edit_card("replicate", model)
        wire = Call(model, key)

        async def fetch(prediction: Prediction) -> ProviderImage:
            return await self._fetched(wire, prediction, card)

        inputs = _given(request.picture, card, _edit_inputs(request, card))
        return await self._predictions.carry_out(wire, card, inputs, call, fetch)

    async def cut_out(self, request: CutOutRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageCutter`."""
        card = self._catalogue.cut_out_card("replicate", model)
        wire = Call(model, key)

        async def fetch(prediction: Prediction) -> ProviderImage:
            image = await self._fetched(wire, prediction, card)
            return await self._cut_outs.alpha(request.picture, image, model)

        inputs = _given(request.picture, card, card.inputs)
        return await self._predictions.carry_out(wire, card, inputs, call, fetch)

    async def upscale(self, request: UpscaleRequest, *, model: str, key: str, call: ProviderCall) -> EnlargedFile:
        """See :class:`~generation.providers.picture_ports.ImageEnlarger`."""
        if self._enlargements is None:
            raise RuntimeError("this adapter was put together without a way to finish enlarged pictures")
        enlargements = self._enlargements
        card = self._catalogue.edit_card("replicate", model)
        wire = Call(model, key)

        async def fetch(prediction: Prediction) -> EnlargedFile:
            cost = image_microusd(card, compute_seconds=prediction.compute_seconds)
            raw = enlargements.raw(request)
            try:
                await self._predictions.download(wire, prediction, _address(prediction, card, cost), to=raw)
            except Unavailable as error:
                raise _unless_resumable(error, prediction, card, cost) from error
            return await enlargements.finish(
                request, raw, provider="replicate", model=model, cost_microusd=cost, request_id=prediction.id
            )

        inputs = _given(request.picture, card, {**card.inputs, "scale": request.scale})
        return await self._predictions.carry_out(wire, card, inputs, call, fetch)

    async def _fetched(self, wire: Call, prediction: Prediction, card: ModelCard) -> ProviderImage:
        cost = image_microusd(card, compute_seconds=prediction.compute_seconds)
        try:
            content = await self._predictions.download(wire, prediction, _address(prediction, card, cost))
            facts = await self._imaging.inspect(content)
        except Unavailable as error:
            raise _unless_resumable(error, prediction, card, cost) from error
        except UnusableImage as error:
            raise spoiled(str(error), prediction, card.model, cost, repeatable=False) from error
        return ProviderImage(
            content=content,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            cost_microusd=cost,
            request_id=prediction.id,
        )


def _given(picture: SourcePicture, card: ModelCard, others: Mapping[str, object]) -> InputsFn:
    """The inputs with the picture among them, which is handed over when something is bought and not before."""

    async def inputs(handover: Handover) -> Mapping[str, object]:
        return {**others, str(card.picture_input): await handover.address(picture)}

    return inputs


def _address(prediction: Prediction, card: ModelCard, cost_microusd: int) -> str:
    outputs = prediction.output if isinstance(prediction.output, list) else [prediction.output]
    address = outputs[0] if outputs else None
    if not isinstance(address, str):
        detail = "the prediction succeeded without an output"
        raise spoiled(detail, prediction, card.model, cost_microusd, repeatable=False)
    return address


def _unless_resumable(error: Unavailable, prediction: Prediction, card: ModelCard, cost_microusd: int) -> Unavailable:
    """What was paid for and cannot be fetched a second time either; an error that knows better goes through."""
    if error.resumable_external_id is not None or error.cost_microusd is not None:
        return error
    code = error.code or "malformed"
    return spoiled(error.detail, prediction, card.model, cost_microusd, code=code, repeatable=error.repeatable)


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
