"""What a prediction has cost that nobody waited for any more: asked of Replicate afterwards, by its id."""

from collections.abc import Sequence

import httpx2

from generation.providers.catalogue import Catalogue, ModelCard
from generation.providers.errors import EXTERNAL_NOT_FOUND, ConfigurationError, Unavailable
from generation.providers.keys import ApiKey
from generation.providers.ports import IMAGE_LOOK, TEXT_WRITE
from generation.providers.prices import image_microusd, lost_time_microusd, text_microusd
from generation.providers.replicate_api import Call, Prediction, ReplicateApi
from generation.providers.replicate_predictions import RUNNING_STATUSES
from generation.providers.replicate_text import usage_of


class LateReplicate:
    """Implements `LateCosts` for Replicate. Which of several accounts paid is not recorded: each key is tried."""

    def __init__(self, api: ReplicateApi, catalogue: Catalogue, keys: Sequence[ApiKey]) -> None:
        self._api = api
        self._catalogue = catalogue
        self._keys = tuple(keys)

    async def cost_microusd(self, capability: str, model: str, external_id: str) -> int | None:
        """What it has cost, once it is over; what still runs is cancelled, for nobody waits for it.

        Raises:
            ProviderError: Replicate does not answer, or knows of no such prediction.
        """
        for key in self._keys:
            call = Call(model, key.secret)
            try:
                prediction = await self._api.get(call, external_id)
            except Unavailable as error:
                if error.code == EXTERNAL_NOT_FOUND and key is not self._keys[-1]:
                    continue
                raise
            if prediction.status not in RUNNING_STATUSES:
                return self._cost(capability, model, prediction)
            try:
                await self._api.cancel(call, external_id)
            except httpx2.HTTPError as error:
                raise Unavailable(f"cancel: {error!r}", provider="replicate", model=model) from error
            return None
        return None

    def _cost(self, capability: str, model: str, prediction: Prediction) -> int:
        try:
            card = self._catalogue.card("replicate", model)
        except ConfigurationError:  # the model has gone from the catalogue since
            return 0
        if prediction.status == "succeeded":
            return _whole(capability, card, prediction)
        return lost_time_microusd(card, prediction.compute_seconds)


def _whole(capability: str, card: ModelCard, prediction: Prediction) -> int:
    """As for a result that was waited for."""
    if capability in {TEXT_WRITE, IMAGE_LOOK}:
        return text_microusd(card, usage=usage_of(prediction), compute_seconds=prediction.compute_seconds)
    return image_microusd(card, compute_seconds=prediction.compute_seconds)
