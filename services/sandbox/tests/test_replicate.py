"""The real Replicate client against the sandbox."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from PIL import Image
from replicate.client import Client
from replicate.exceptions import ReplicateError

from sandbox.client import SandboxClient
from sandbox.drawing.files import software_of
from sandbox.server import SandboxServer

SCHNELL = "black-forest-labs/flux-schnell"
ESRGAN = "nightmareai/real-esrgan"


@pytest_asyncio.fixture
async def client(server: SandboxServer) -> AsyncIterator[Client]:
    made = Client(api_token="r8-test", base_url=f"{server.public_url}/replicate")
    yield made
    await made._async_client.aclose()  # the client itself cannot be closed


async def _ended(client: Client, prediction: Any) -> Any:
    async with asyncio.timeout(10):
        while prediction.status in ("starting", "processing"):
            await asyncio.sleep(0.02)
            prediction = await client.predictions.async_get(prediction.id)
    return prediction


async def test_runs_an_official_model_to_a_list_of_files(
    client: Client, http: httpx2.AsyncClient, control: SandboxClient
) -> None:
    prediction = await client.models.predictions.async_create(SCHNELL, {"prompt": "a hill", "num_outputs": 2})
    assert prediction.status in ("starting", "processing")
    prediction = await _ended(client, prediction)
    assert prediction.status == "succeeded"
    assert prediction.progress is not None
    assert prediction.progress.percentage == 1.0
    assert len(prediction.output) == 2
    answer = await http.get(prediction.output[0])
    assert answer.headers["content-type"] == "image/webp"
    assert software_of(answer.content) == f"sandbox/replicate {SCHNELL}"
    assert (await control.requests("replicate", "files.download"))[0]["authorization"] is None


async def test_records_a_token_leaked_to_a_file(
    client: Client, http: httpx2.AsyncClient, control: SandboxClient
) -> None:
    prediction = await client.models.predictions.async_create(SCHNELL, {"prompt": "x"}, wait=10)
    await http.get((await _ended(client, prediction)).output[0], headers={"Authorization": "Bearer oops"})
    leaked = (await control.requests("replicate", "files.download"))[0]["authorization"]
    assert leaked["scheme"] == "Bearer"


async def test_waits_for_the_end_when_asked_to(client: Client) -> None:
    prediction = await client.models.predictions.async_create(SCHNELL, {"prompt": "a hill"}, wait=10)
    assert prediction.status == "succeeded"


async def test_upscales_an_uploaded_file_to_a_single_url(client: Client, http: httpx2.AsyncClient) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    buffer.seek(0)
    version = (await client.models.async_get(ESRGAN)).latest_version
    assert version is not None
    prediction = await client.predictions.async_create(version=version.id, input={"image": buffer, "scale": 2})
    prediction = await _ended(client, prediction)
    assert prediction.status == "succeeded", prediction.error
    assert isinstance(prediction.output, str)
    made = Image.open(io.BytesIO((await http.get(prediction.output)).content))
    assert made.size == (128, 96)


async def test_fails_when_the_input_is_no_picture(client: Client) -> None:
    prediction = await client.predictions.async_create(
        version=f"{ESRGAN}:{'0' * 64}", input={"image": "data:image/png;base64,AAAA"}
    )
    prediction = await _ended(client, prediction)
    assert prediction.status == "failed"
    assert "cannot identify image" in prediction.error


async def test_a_released_version_has_the_limits_of_its_hardware(client: Client) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (2097, 1000), "teal").save(buffer, "PNG")
    buffer.seek(0)
    version = "f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa"
    prediction = await client.predictions.async_create(version=version, input={"image": buffer, "scale": 2})
    prediction = await _ended(client, prediction)
    assert prediction.status == "failed"
    assert "greater than the max size that fits in GPU memory" in prediction.error


async def test_does_not_fetch_from_elsewhere(client: Client) -> None:
    prediction = await client.predictions.async_create(version=ESRGAN, input={"image": "https://192.0.2.1/a.png"})
    prediction = await _ended(client, prediction)
    assert "loopback" in prediction.error


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_ends_as_scripted(client: Client, control: SandboxClient, status: str) -> None:
    await control.fault("replicate", "predictions.create", {"prediction_status": status})
    prediction = await client.models.predictions.async_create(SCHNELL, {"prompt": "a hill"})
    prediction = await _ended(client, prediction)
    assert prediction.status == status
    assert prediction.output is None


async def test_aborted_has_never_started(http: httpx2.AsyncClient, control: SandboxClient) -> None:
    await control.fault("replicate", "predictions.create", {"prediction_status": "aborted"})
    answer = await http.post(
        f"/replicate/v1/models/{SCHNELL}/predictions",
        json={"input": {"prompt": "a hill"}},
        headers={"Authorization": "Bearer x", "Prefer": "wait=5"},
    )
    assert answer.json()["status"] == "aborted"
    assert answer.json()["started_at"] is None


async def test_stuck_prediction_ends_by_cancel(client: Client, control: SandboxClient) -> None:
    await control.fault("replicate", "predictions.create", {"prediction_status": "stuck"})
    prediction = await client.models.predictions.async_create(SCHNELL, {"prompt": "a hill"})
    await asyncio.sleep(0.2)
    prediction = await client.predictions.async_get(prediction.id)
    assert prediction.status == "processing"
    cancelled = await client.predictions.async_cancel(prediction.id)
    assert cancelled.status == "canceled"


async def test_cancel_after_ends_a_stuck_prediction(http: httpx2.AsyncClient, control: SandboxClient) -> None:
    await control.fault("replicate", "predictions.create", {"prediction_status": "stuck"})
    answer = await http.post(
        "/replicate/v1/predictions",
        json={"version": SCHNELL, "input": {"prompt": "a hill"}},
        headers={"Authorization": "Bearer x", "Prefer": "wait=5", "Cancel-After": "1s"},
    )
    assert answer.json()["status"] == "canceled"


async def test_refuses_unknown_models_and_missing_tokens(client: Client, http: httpx2.AsyncClient) -> None:
    with pytest.raises(ReplicateError) as caught:
        await client.models.async_get("nobody/nothing")
    assert caught.value.status == 404
    answer = await http.post("/replicate/v1/predictions", json={"version": SCHNELL, "input": {"prompt": "x"}})
    assert answer.status_code == 401
