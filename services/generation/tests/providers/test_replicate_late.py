"""Asking Replicate afterwards what a prediction has cost, by its final state."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from generation.providers.catalogue import load_catalogue
from generation.providers.errors import ProviderError, Unavailable
from generation.providers.keys import ApiKey
from generation.providers.picture_ports import IMAGE_UPSCALE
from generation.providers.ports import IMAGE_MAKE, TEXT_WRITE
from generation.providers.replicate_api import Call, Prediction, ReplicateApi
from generation.providers.replicate_late import LateReplicate
from generation.providers.replicate_predictions import Predictions

from .doubles import Around
from .scripted import ScriptedVendor, answer
from .test_upscales import ESRGAN

FLUX, CLAUDE = "black-forest-labs/flux-schnell", "anthropic/claude-4.5-sonnet"
GET, CANCEL = "GET /v1/predictions/p1", "POST /v1/predictions/p1/cancel"


@pytest_asyncio.fixture
async def late(vendor: ScriptedVendor) -> AsyncIterator[LateReplicate]:
    api = ReplicateApi(vendor.url, connections_max=2, provider="replicate")
    yield LateReplicate(api, load_catalogue(), [ApiKey("r8_1"), ApiKey("r8_2")])
    await api.aclose()


def prediction(status: str, **more: Any) -> Any:
    return answer({"id": "p1", "status": status, **more})


async def test_what_succeeded_after_all_costs_what_it_costs(vendor: ScriptedVendor, late: LateReplicate) -> None:
    vendor.on(GET, prediction("succeeded", output=[], metrics={"predict_time": 1.0}))
    assert (await late.cost_microusd(IMAGE_MAKE, FLUX, "p1") or 0) > 0

    vendor.on(GET, prediction("succeeded", metrics={"input_token_count": 1000, "output_token_count": 100}))
    assert (await late.cost_microusd(TEXT_WRITE, CLAUDE, "p1") or 0) > 0


@pytest.mark.parametrize("status", ["canceled", "aborted", "failed"])
async def test_what_came_to_nothing_at_a_fixed_price_costs_nothing(
    vendor: ScriptedVendor, late: LateReplicate, status: str
) -> None:
    vendor.on(GET, prediction(status))
    assert await late.cost_microusd(IMAGE_MAKE, FLUX, "p1") == 0
    assert await late.cost_microusd(IMAGE_MAKE, "gone/from-the-catalogue", "p1") == 0


@pytest.mark.parametrize("status", ["canceled", "failed"])
async def test_what_came_to_nothing_by_the_second_costs_its_time_asked_late_or_waited_for(
    vendor: ScriptedVendor, late: LateReplicate, status: str
) -> None:
    vendor.on(GET, prediction(status, metrics={"predict_time": 2.0}))
    assert await late.cost_microusd(IMAGE_UPSCALE, ESRGAN, "p1") == 450

    api = ReplicateApi(vendor.url, connections_max=2, provider="replicate")
    card = load_catalogue().edit_card("replicate", ESRGAN)
    with pytest.raises(Unavailable) as caught:
        await Predictions(api).carry_out(Call(ESRGAN, "r8_1"), card, {}, Around().call(adopted="p1"), _never)
    await api.aclose()
    assert caught.value.cost_microusd == 450


async def _never(prediction: Prediction) -> None:
    raise AssertionError("of no use")


async def test_what_still_runs_is_cancelled_and_its_cost_not_known_yet(
    vendor: ScriptedVendor, late: LateReplicate
) -> None:
    vendor.on(GET, prediction("processing"))
    vendor.on(CANCEL, prediction("canceled"))
    assert await late.cost_microusd(IMAGE_MAKE, FLUX, "p1") is None
    assert vendor.count(CANCEL) == 1


async def test_every_account_is_asked_and_one_that_knows_answers(vendor: ScriptedVendor, late: LateReplicate) -> None:
    vendor.on(GET, answer({"detail": "no"}, 404), prediction("canceled"))
    assert await late.cost_microusd(IMAGE_MAKE, FLUX, "p1") == 0
    vendor.on(GET, answer({"detail": "no"}, 404))
    with pytest.raises(ProviderError):
        await late.cost_microusd(IMAGE_MAKE, FLUX, "p1")
