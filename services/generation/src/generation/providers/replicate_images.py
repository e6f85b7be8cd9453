"""Text to image on Replicate: buy, remember the id, wait, fetch; what an earlier run bought is adopted."""

import asyncio
import random
import re
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import httpx2
import structlog

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import (
    EXTERNAL_NOT_FOUND,
    MODERATION_BLOCKED,
    MODERATION_DETAIL,
    Broken,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.ports import ImageRequest, ProviderCall, ProviderImage
from generation.providers.prices import image_microusd
from generation.providers.replicate_api import Call, Prediction, ReplicateApi

_RUNNING = frozenset({"starting", "processing", "queued"})
_POLL_FIRST_SECONDS = 0.5
_POLL_MAX_SECONDS = 3.0
_POLL_GROWTH = 1.4
_POLL_FAILURES_MAX = 5
_CANCEL_SECONDS = 5.0
_PERCENT = re.compile(r"\b(\d{1,3})%\|")
_SENSITIVE = re.compile(r"\(E005\)|NSFW content detected|flagged as sensitive", re.IGNORECASE)
"""Replicate reports a blocked result as a failed prediction with a sentence; there is no field for it."""

_CHANCE = random.SystemRandom()
T = TypeVar("T")

_log = structlog.get_logger(__name__)


class ReplicateImages:
    """An :class:`~generation.providers.ports.ImageMaker` over Replicate's predictions."""

    def __init__(self, api: ReplicateApi, *, catalogue: Catalogue, imaging: Imaging, poll_scale: float = 1.0) -> None:
        self._api = api
        self._catalogue = catalogue
        self._imaging = imaging
        self._poll_scale = poll_scale

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def make_image(self, request: ImageRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.ports.ImageMaker`.

        When the deadline passes or the task is cancelled the prediction is cancelled too, as well as that can
        be done in five seconds; it would be paid for without anybody waiting for it.
        """
        card = self._catalogue.card("replicate", model)
        wire = Call(model, key)
        deadline = asyncio.timeout(call.timeout_seconds)
        bought: list[str] = [call.adopted_external_id] if call.adopted_external_id else []
        try:
            async with deadline:
                if not bought:
                    await self._buy(request, card, wire, call, bought)
                prediction = await self._settled(wire, bought[0], call)
                return await self._fetched(wire, prediction, card)
        except asyncio.CancelledError:
            await self._cancel(wire, bought)
            raise
        except TimeoutError as error:
            if not deadline.expired():
                raise
            await self._cancel(wire, bought)
            raise Unavailable(
                f"no image within {call.timeout_seconds:.1f} s",
                provider="replicate",
                model=model,
                request_id=bought[0] if bought else None,
                code="timeout",
                billable_unknown=True,
                repeatable=bool(bought),
            ) from error

    async def _buy(
        self, request: ImageRequest, card: ModelCard, wire: Call, call: ProviderCall, bought: list[str]
    ) -> None:
        """Create the prediction and persist its id; a cancellation meanwhile still learns it, to cancel."""
        creating = asyncio.ensure_future(
            self._api.create(wire, _inputs(request, card), cancel_after_seconds=call.timeout_seconds)
        )
        try:
            prediction = await asyncio.shield(creating)
        except asyncio.CancelledError:
            late = await _within(_CANCEL_SECONDS, creating)
            bought += [late.id] if late is not None else []
            raise
        bought.append(prediction.id)
        await call.remember(prediction.id)

    async def _settled(self, wire: Call, prediction_id: str, call: ProviderCall) -> Prediction:
        """Poll until the prediction is in a final state; every state that is not known to run is final."""
        pause_seconds = _POLL_FIRST_SECONDS
        failures = 0
        shown = 0.0
        while True:
            try:
                prediction = await self._api.get(wire, prediction_id)
                failures = 0
            except ProviderError as error:
                failures += 1
                pause_seconds = self._pause_after(error, failures, pause_seconds, prediction_id)
            else:
                if prediction.status not in _RUNNING:
                    return prediction
                fraction = _fraction(prediction.logs)
                if fraction > shown:
                    shown = fraction
                    await call.progress(fraction, None)
            await asyncio.sleep(pause_seconds * _CHANCE.uniform(0.8, 1.2) * self._poll_scale)
            pause_seconds = min(pause_seconds * _POLL_GROWTH, _POLL_MAX_SECONDS)

    def _pause_after(self, error: ProviderError, failures: int, pause_seconds: float, prediction_id: str) -> float:
        """Asking again is free, so a few failed polls are lived through; the purchase stays resumable."""
        if error.code == EXTERNAL_NOT_FOUND or isinstance(error, Broken):
            raise error
        if failures < _POLL_FAILURES_MAX and isinstance(error, Throttled | Unavailable):
            told = error.retry_after_seconds if isinstance(error, Throttled) else None
            return told if told is not None else pause_seconds
        raise _resumable(error, prediction_id) from error

    async def _fetched(self, wire: Call, prediction: Prediction, card: ModelCard) -> ProviderImage:
        cost = image_microusd(card, compute_seconds=prediction.compute_seconds)
        if prediction.status != "succeeded":
            raise self._failed(prediction, card)
        outputs = prediction.output if isinstance(prediction.output, list) else [prediction.output]
        address = outputs[0] if outputs else None
        if not isinstance(address, str):
            raise self._spoiled("the prediction succeeded without an output", prediction, card, cost)
        try:
            content = await self._api.download(wire, address)
        except Unavailable as error:
            if error.code != "download":
                raise self._spoiled(error.detail, prediction, card, cost, code=error.code) from error
            raise _resumable(error, prediction.id) from error
        try:
            facts = await self._imaging.inspect(content)
        except UnusableImage as error:
            raise self._spoiled(str(error), prediction, card, cost) from error
        return ProviderImage(
            content=content,
            media_type=facts.media_type,
            width=facts.width,
            height=facts.height,
            cost_microusd=cost,
            request_id=prediction.id,
        )

    def _failed(self, prediction: Prediction, card: ModelCard) -> ProviderError:
        said = prediction.error if isinstance(prediction.error, str) else ""
        if _SENSITIVE.search(said):
            return Refused(
                MODERATION_BLOCKED,
                MODERATION_DETAIL,
                provider="replicate",
                model=card.model,
                request_id=prediction.id,
            )
        return Unavailable(
            f"prediction {prediction.status}: {said}"[:500],
            provider="replicate",
            model=card.model,
            request_id=prediction.id,
            code=prediction.status[:40],
        )

    def _spoiled(
        self,
        detail: str,
        prediction: Prediction,
        card: ModelCard,
        cost_microusd: int,
        *,
        code: str | None = None,
    ) -> Unavailable:
        """Paid for and of no use."""
        return Unavailable(
            detail,
            provider="replicate",
            model=card.model,
            request_id=prediction.id,
            code=code or "malformed",
            cost_microusd=cost_microusd,
        )

    async def _cancel(self, wire: Call, bought: list[str]) -> None:
        for prediction_id in bought:
            try:
                async with asyncio.timeout(_CANCEL_SECONDS):
                    await self._api.cancel(wire, prediction_id)
            except (httpx2.HTTPError, TimeoutError) as error:
                _log.warning("prediction_not_cancelled", prediction_id=prediction_id, error=repr(error))


def _resumable(error: ProviderError, prediction_id: str) -> ProviderError:
    return Unavailable(
        error.detail,
        provider=error.provider,
        model=error.model,
        request_id=prediction_id,
        code=error.code,
        resumable_external_id=prediction_id,
    )


def _inputs(request: ImageRequest, card: ModelCard) -> Mapping[str, object]:
    inputs: dict[str, object] = {"prompt": request.full_prompt, **card.inputs}
    if card.size_as == "aspect_ratio":
        inputs["aspect_ratio"] = request.aspect_ratio
    else:
        width, _, height = card.nearest_size(request.width, request.height).partition("x")
        inputs |= {"width": int(width), "height": int(height)}
    if request.seed is not None:
        inputs["seed"] = request.seed
    return inputs


def _fraction(logs: str | None) -> float:
    """Progress from the last tqdm line of a model's log (``" 45%|####"``); 0 where there is none."""
    seen = _PERCENT.findall((logs or "")[-4000:])
    return min(int(seen[-1]), 100) / 100 if seen else 0.0


async def _within(seconds: float, work: Awaitable[T]) -> T | None:
    """The result if it comes in time; None when it is late or fails: nobody is left to tell."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except (ProviderError, TimeoutError):
        return None
