"""Predictions on Replicate: buy, remember the id, wait; what an earlier run bought is adopted.

Whatever a model makes, this is how it is bought; what becomes of the output is the adapter's.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import httpx2
import structlog

from generation.providers.catalogue import ModelCard
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
from generation.providers.ports import ProviderCall
from generation.providers.prices import lost_time_microusd
from generation.providers.replicate_api import Call, Prediction, ReplicateApi
from generation.providers.replicate_handover import Handover

RUNNING_STATUSES = frozenset({"starting", "processing", "queued"})
_POLL_FIRST_SECONDS = 0.5
_POLL_MAX_SECONDS = 3.0
_POLL_GROWTH = 1.4
_POLL_TOLD_MAX_SECONDS = 20.0
"""Longer than this nobody is obeyed who answers a question: the work is paid for and goes on meanwhile."""
_POLL_FAILURES_MAX = 5
_CANCEL_SECONDS = 5.0
_PERCENT = re.compile(r"\b(\d{1,3})%\|")
_SENSITIVE = re.compile(r"\(E005\)|NSFW content detected|flagged as sensitive", re.IGNORECASE)
"""Replicate reports a blocked result as a failed prediction with a sentence; there is no field for it."""

_CHANCE = random.SystemRandom()
T = TypeVar("T")

_log = structlog.get_logger(__name__)

InputsFn = Callable[[Handover], Awaitable[Mapping[str, object]]]
"""Makes the inputs of a prediction, where pictures have to be handed over for it; not called when none is bought."""
UseFn = Callable[[Prediction], Awaitable[T]]
"""Turns a prediction that has succeeded into what was wanted of it."""


class Predictions:
    """Carries predictions out over Replicate's API."""

    def __init__(self, api: ReplicateApi, *, poll_scale: float = 1.0) -> None:
        self._api = api
        self._poll_scale = poll_scale

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def carry_out(
        self, wire: Call, card: ModelCard, inputs: Mapping[str, object] | InputsFn, call: ProviderCall, use: UseFn[T]
    ) -> T:
        """Buy a prediction, or adopt the one ``call`` names, wait for its success and ``use`` it.

        When the deadline passes or the task is cancelled the prediction is cancelled too, as well as that can
        be done in five seconds; it would be paid for without anybody waiting for it.

        Raises:
            ProviderError: it was not bought, did not succeed, or is of no use.
        """
        handover = Handover(self._api, wire)
        deadline = asyncio.timeout(call.timeout_seconds)
        bought: list[str] = [call.adopted_external_id] if call.adopted_external_id else []
        try:
            async with deadline:
                if not bought:
                    given = inputs if isinstance(inputs, Mapping) else await inputs(handover)
                    await self._buy(wire, given, call, bought)
                prediction = await self._settled(wire, bought[0], call)
                if prediction.status != "succeeded":
                    raise _failed(prediction, card)
                return await use(prediction)
        except asyncio.CancelledError:
            await self._cancel(wire, bought)
            raise
        except TimeoutError as error:
            if not deadline.expired():
                raise
            await self._cancel(wire, bought)
            raise Unavailable(
                f"no result within {call.timeout_seconds:.1f} s",
                provider="replicate",
                model=wire.model,
                request_id=bought[0] if bought else None,
                code="timeout",
                billable_unknown=True,
                repeatable=bool(bought),
            ) from error
        finally:
            await handover.forget()

    async def download(self, wire: Call, prediction: Prediction, address: str, *, to: Path | None = None) -> bytes:
        """An output of ``prediction``; see :meth:`ReplicateApi.download`.

        Raises:
            Unavailable: resumable where asking again may help.
        """
        try:
            return await self._api.download(wire, address, to=to)
        except Unavailable as error:
            if error.code != "download":
                raise
            raise resumable(error, prediction.id) from error

    async def _buy(self, wire: Call, inputs: Mapping[str, object], call: ProviderCall, bought: list[str]) -> None:
        """Create the prediction and persist its id; a cancellation meanwhile still learns it, to cancel."""
        creating = asyncio.ensure_future(self._api.create(wire, inputs, cancel_after_seconds=call.timeout_seconds))
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
                if prediction.status not in RUNNING_STATUSES:
                    return prediction
                fraction = _fraction(prediction.logs)
                if fraction > shown:
                    shown = fraction
                    await call.progress(fraction, None)
            await asyncio.sleep(pause_seconds * _CHANCE.uniform(1.0, 1.3) * self._poll_scale)
            pause_seconds = min(pause_seconds * _POLL_GROWTH, _POLL_MAX_SECONDS)

    def _pause_after(self, error: ProviderError, failures: int, pause_seconds: float, prediction_id: str) -> float:
        """Asking again is free, so a few failed polls are lived through; the purchase stays resumable."""
        if error.code == EXTERNAL_NOT_FOUND or isinstance(error, Broken):
            raise error
        if failures < _POLL_FAILURES_MAX and isinstance(error, Throttled | Unavailable):
            told = error.retry_after_seconds if isinstance(error, Throttled) else None
            return pause_seconds if told is None else min(told, _POLL_TOLD_MAX_SECONDS)
        raise resumable(error, prediction_id) from error

    async def _cancel(self, wire: Call, bought: list[str]) -> None:
        for prediction_id in bought:
            try:
                async with asyncio.timeout(_CANCEL_SECONDS):
                    await self._api.cancel(wire, prediction_id)
            except (httpx2.HTTPError, TimeoutError) as error:
                _log.warning("prediction_not_cancelled", prediction_id=prediction_id, error=repr(error))


def _failed(prediction: Prediction, card: ModelCard) -> ProviderError:
    cost = lost_time_microusd(card, prediction.compute_seconds) or None
    said = prediction.error if isinstance(prediction.error, str) else ""
    if _SENSITIVE.search(said):
        return Refused(
            MODERATION_BLOCKED,
            MODERATION_DETAIL,
            provider="replicate",
            model=card.model,
            request_id=prediction.id,
            cost_microusd=cost,
        )
    return Unavailable(
        f"prediction {prediction.status}: {said}"[:500],
        provider="replicate",
        model=card.model,
        request_id=prediction.id,
        code=prediction.status[:40],
        cost_microusd=cost,
    )


def spoiled(
    detail: str,
    prediction: Prediction,
    model: str,
    cost_microusd: int,
    *,
    code: str = "malformed",
    repeatable: bool = True,
) -> Unavailable:
    """The error of a prediction that was paid for and is of no use.

    With ``repeatable`` False it is not bought again there, for the next one would be the same.
    """
    return Unavailable(
        detail,
        provider="replicate",
        model=model,
        request_id=prediction.id,
        code=code,
        cost_microusd=cost_microusd,
        repeatable=repeatable,
    )


def resumable(error: ProviderError, prediction_id: str) -> ProviderError:
    """The error of a purchase that is still there to be fetched."""
    return Unavailable(
        error.detail,
        provider=error.provider,
        model=error.model,
        request_id=prediction_id,
        code=error.code,
        resumable_external_id=prediction_id,
    )


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
